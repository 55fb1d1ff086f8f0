"""A run of the benchmark, made small: every figure is there, and made as its name says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.speed_table import markdown
from hexviz.bench import memory, speed, subjects
from hexviz.bench.document import bench_speed
from hexviz.bench.regressions import regressions, speed_figures
from hexviz.bench.stopwatch import Took, clocked, spread_of_times
from hexviz.bench.subjects import FLAVOURS, SAMPLES, SIZES, wanted
from hexviz.bench.synthetic import synthetic
from hexviz.cli.print_bench import print_speed
from hexviz.errors import ExportError, ReadError
from hexviz.exporters.interface import Exported
from hexviz.tagging.tag import load
from hexviz.view.performance.runs import read_run

SPAN = {"median", "min", "max"}


@pytest.fixture(scope="module")
def measured(
    exported: Callable[..., Exported], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """One export, one file and one flavour of synthetic graphs, each in three runs."""
    path = tmp_path_factory.mktemp("bench") / "net.onnx"
    path.write_bytes(synthetic(40, "names"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subjects, "FLAVOURS", FLAVOURS[:1])
        patch.setattr(subjects, "export_model", lambda *_, name, **__: exported(name))
        return bench_speed(["custom-auxiliary", str(path)], sizes=[50, 100, 200], repeats=3)


def test_a_model_has_all_its_figures(measured: dict[str, Any]) -> None:
    assert [one["kind"] for one in measured["models"]] == ["export", "file", *["synthetic"] * 3]
    for one in measured["models"]:
        own = {"read", "graph context", "inheritance", "provenance"}
        drawn = {"index", "layout", "serialise", "audit"}
        assert {"parse protobuf", "open", "tagging", "open tagged", "repeat", "save"} < set(
            one["stages"]
        )
        assert own | drawn < set(one["stages"])
        assert set(one["parsing"]) == SPAN | {"cpu"}
        assert all(set(told) == SPAN | {"cpu"} for told in one["stages"].values())
        assert set(one["ratios"]) == {
            "tagging/parsing",
            "opening tagged/parsing",
            "index/parsing",
            "audit/parsing",
            "save/parsing",
            "repeat/first",
            "repeat, unpacked/first",
        }
        assert all(set(told) == SPAN for told in one["ratios"].values())
        assert one["memory"]["parsed_bytes_per_op"] > 100
        assert one["memory"]["kept_bytes_per_op"] > 100
        assert one["ops"] > one["auxiliary"] > 0
        assert one["quality"]["coverage"] == 1
    assert measured["models"][2]["depth"] == 6


def test_an_export_has_the_earlier_rule_beside_it(measured: dict[str, Any]) -> None:
    export, *others = measured["models"]
    assert {"build model", "export"} < set(export["stages"])
    assert export["quality"]["exact"] > export["earlier"]["exact"] > 0
    assert export["quality"]["on_branch"] > export["earlier"]["on_branch"] > 0
    assert set(export["earlier"]["seconds"]) == SPAN | {"cpu"}
    assert all(one["earlier"] is None and one["quality"]["exact"] is None for one in others)
    (architecture,) = measured["architectures"]
    assert architecture["blanked"]["exact"] == export["quality"]["exact"]


def test_growth_is_fitted_over_the_synthetic_sizes(measured: dict[str, Any]) -> None:
    (flavour,) = measured["growth"]
    assert flavour == "metadata"
    assert set(measured["growth"][flavour]) == {"tagging", "open tagged", "parsing"}
    sizes = [one["ops"] for one in measured["models"][2:]]
    for told in measured["growth"][flavour].values():
        assert told["sizes"] == sizes
        assert told["low"] <= told["exponent"] <= told["high"]
    assert set(measured["memory_growth"][flavour]) == {"parsed", "kept"}


def test_the_page_reads_the_document(measured: dict[str, Any]) -> None:
    run = read_run(json.dumps(measured).encode())
    assert [one.name for one in run.subjects] == [one["name"] for one in measured["models"]]
    assert [one.figure for one in run.time_fits] == ["tagging", "open tagged", "parsing"]
    assert [one.figure for one in run.memory_fits] == ["parsed", "kept"]
    assert {one.flavour for one in (*run.time_fits, *run.memory_fits)} == {"metadata"}


def test_a_run_is_not_worse_than_itself_but_than_one_that_was_faster(
    measured: dict[str, Any],
) -> None:
    assert regressions(speed_figures(measured), speed_figures(measured)) == []
    faster = json.loads(json.dumps(measured))
    for one in faster["models"]:
        one["ratios"]["repeat/first"] = dict.fromkeys(SPAN, 1e-9)
        one["stages"]["open"] = dict.fromkeys(SPAN, 1e-9)
    lines = regressions(speed_figures(measured), speed_figures(faster))
    told = [line for line in lines if "repeat/first" in line or "seconds of open " in line]
    assert len(told) == 2 * len(measured["models"])


def test_people_see_every_model_and_what_grows(
    measured: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    print_speed({**measured, "failed": [{"model": "m", "exporter": "dynamo", "error": "No."}]})
    told = capsys.readouterr()
    for words in ("ratios", "medians in milliseconds", "exports", "memory", "growth", "earlier"):
        assert words in told.out
    assert told.err == "Not measured: m, dynamo: No.\n"


def test_a_page_has_the_machine_and_every_model(measured: dict[str, Any]) -> None:
    told = markdown(measured)
    assert told.startswith(f"hexviz {measured['version']} on {measured['machine']['processor']}")
    for one in measured["models"]:
        assert told.count(f"| {one['name']} | ") == (3 if one["kind"] == "export" else 2)
    for table in told.split("\n\n")[1:]:
        assert len({line.count(" | ") for line in table.splitlines()}) == 1
    assert "| metadata | " in told


def test_ratios_are_of_one_run_and_not_of_medians() -> None:
    runs = [
        {"repeat": Took(mine, 0), "open": Took(first, 0)}
        for mine, first in ((1.0, 2.0), (4.0, 4.0), (2.0, 8.0))
    ]
    assert [speed.ratio(run, "repeat/first") for run in runs] == [0.5, 1.0, 0.25]


def test_a_clock_tells_processor_time_beside_the_wall() -> None:
    result, took = clocked(lambda: sum(range(10_000)))
    assert result == 49_995_000
    assert took.seconds > 0
    told = spread_of_times([Took(3.0, 1.0), Took(1.0, 0.5), Took(2.0, 0.7)])
    assert told == {"median": 2.0, "min": 1.0, "max": 3.0, "cpu": 0.7}


def test_without_sources_the_samples_and_all_sizes_are_measured() -> None:
    names = [one.name for one in wanted(SAMPLES, SIZES)]
    assert names[:4] == ["custom-auxiliary", "bert-tiny", "resnet-50", "gpt2"]
    assert len(names) == len(set(names)) == 4 + len(SIZES) * len(FLAVOURS)


def test_what_is_named_twice_is_measured_once() -> None:
    assert len(list(wanted(["gpt2", "gpt2"], [50, 50]))) == 1 + len(FLAVOURS)


def test_an_export_that_fails_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> Exported:
        raise ExportError("It cannot.")

    monkeypatch.setattr(subjects, "export_model", fails)
    document = bench_speed(["residual-cnn"], repeats=1)
    assert document["models"] == []
    assert document["failed"] == [
        {"model": "residual-cnn", "exporter": "dynamo", "error": "It cannot."}
    ]


def test_a_file_that_onnx_ir_cannot_parse_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fails(_: object) -> None:
        raise ValueError("a map")

    monkeypatch.setattr(speed.ir, "from_proto", fails)
    path = tmp_path / "net.onnx"
    path.write_bytes(synthetic(10, "names"))
    with pytest.raises(ReadError, match=r"onnx-ir cannot parse .*net\.onnx .*leave that file out"):
        bench_speed([str(path)], repeats=1)


def test_what_a_graph_keeps_is_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(synthetic(40, "names"))
    plain = memory.measure_memory(path.read_bytes(), path, 51, peak=lambda _: None)
    assert plain["peak_mb"] is None
    kept: list[object] = []

    def hoarding(path: Path) -> object:
        graph = load(path)
        kept.append(bytes(51 * 10_000))
        return graph

    monkeypatch.setattr(memory, "load", hoarding)
    more = memory.measure_memory(path.read_bytes(), path, 51, peak=lambda _: None)
    assert 9_000 < more["kept_bytes_per_op"] - plain["kept_bytes_per_op"] < 11_000
