"""Matching keeps its floors on models never tuned on; one that looks at types alone is caught."""

import json
from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from statistics import mean

import onnx
import pytest

from benchmarks import matching
from benchmarks.matching import Answering, by_matching, by_run, by_transfer
from benchmarks.matching_cases import Case, cases
from benchmarks.matching_exporters import pairs
from benchmarks.matching_run import bench_matching
from benchmarks.matching_speed import SHAPES, speed_record
from benchmarks.matching_tools import MATCHING_TOOLS
from benchmarks.numeric_truth import NumericTruth
from benchmarks.rewriters import Rewriter
from benchmarks.tables import print_matching
from hexviz.matching.equal_values import run_before
from hexviz.matching.matching import Match, Matching
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from tests.build import parse, scoped, tagged
from tests.exports import export_once

MODELS = ("distilbert", "u-net")
TOOLS = ("ORT all", "onnxslim", "dynamic quantisation", "float16")


def match_by_type(before: TaggedGraph, after: TaggedGraph) -> Matching:
    """The n-th op of a type is the n-th of that type."""
    left: dict[str, list[int]] = defaultdict(list)
    for at in reversed(range(len(before.ops))):
        left[before.ops[at].op_type].append(at)
    found = {
        at: Match((left[op.op_type].pop(),), "renamed", 0.5)
        for at, op in enumerate(after.ops)
        if left[op.op_type]
    }
    return Matching(found, len(before.ops), len(after.ops))


by_type = partial(by_matching, matcher=match_by_type)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    work = tmp_path_factory.mktemp("matching")
    tools = {tool: MATCHING_TOOLS[tool] for tool in TOOLS}
    return list(cases(MODELS, ("dynamo", "torchscript"), work, tools=tools))


def figures(files: list[Case], form: str, answering: Answering) -> Mapping[str, float]:
    records = [matching.measure(case, form, answering) for case in files]
    assert [one["error"] for one in records if "error" in one] == []
    return {
        figure: mean(one[figure] for one in records) for figure in ("exact", "on_branch", "lies")
    } | {"worst": min(one["exact"] for one in records)}


@pytest.mark.parametrize("answering", [by_matching, by_transfer])
@pytest.mark.parametrize(
    ("form", "exact", "on_branch"),
    [
        ("as written", 0.99, 0.997),
        ("nameless", 0.98, 0.99),
    ],
)
def test_ops_of_rewritten_files_are_what_they_were(
    files: list[Case], form: str, exact: float, on_branch: float, answering: Answering
) -> None:
    found = figures(files, form, answering)
    assert found["exact"] >= exact, found
    assert found["on_branch"] >= on_branch, found
    assert found["worst"] >= 0.95, found
    assert found["lies"] <= 0.002, found


def test_a_matcher_that_looks_at_types_alone_is_caught(files: list[Case]) -> None:
    found = figures(files, "nameless", by_type)
    assert found["exact"] < 0.9
    assert found["worst"] < 0.5


def test_numbers_as_witness_are_no_worse(files: list[Case]) -> None:
    some = [case for case in files if case.model == "distilbert" and case.tool == "ORT all"]
    found = figures(some, "nameless", by_run)
    assert found["exact"] >= figures(some, "nameless", by_transfer)["exact"]


BEFORE = """g (float[4, 8] x) => (float[4, 8] y) {
    a = Tanh (x)
    b = Exp (a)
    y = Neg (b)
}"""
SCOPES = {"a": "enc", "b": "enc.act", "y": "dec"}


def case_of(after: str, folder: Path, truth: NumericTruth | None) -> Case:
    tagged(scoped(parse(BEFORE), SCOPES)).save(folder / "before.onnx")
    onnx.save(parse(after), folder / "some-tool.onnx")
    return Case("model", "dynamo", "some tool", folder, truth, None if truth else "It broke.")


def test_what_is_counted(tmp_path: Path) -> None:
    truth = NumericTruth({0: "enc", 1: "enc.act"}, {2: "dec"}, {"trivial": 4})

    def answering(_: TaggedGraph, __: TaggedGraph) -> Mapping[int, matching.Answer]:
        return {0: ("enc.act", "same", 0.9), 1: ("dec", "value", 0.95)}

    record = matching.measure(case_of(BEFORE, tmp_path, truth), "nameless", answering)
    assert (record["ops"], record["exact"], record["on_branch"]) == (2, 0.0, 0.5)
    assert record["all"] == {"ops": 3, "exact": 0.0, "on_branch": 0.3333}
    assert (record["matched"], record["lies"]) == (0.6667, 0.3333)
    assert record["left_out"] == {"trivial": 4}
    assert [(one["at"], one["got"], one["apart"]) for one in record["wrong"]] == [
        (0, "enc.act", False),
        (1, "dec", True),
        (2, None, False),
    ]
    (row,) = matching.summarize([{**record, "reported": False}])
    assert (row["files"], row["ops"], row["worst"]) == (1, 2, "model 0.000")


def test_a_tool_that_fails_is_part_of_the_result(tmp_path: Path) -> None:
    record = matching.measure(case_of(BEFORE, tmp_path, None), "as written")
    assert record["error"] == "It broke."
    assert matching.summarize([{**record, "reported": False}]) == []


def test_files_and_truths_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only matching is done again; what failed is kept as well."""
    calls = []

    def fails(_: onnx.ModelProto) -> onnx.ModelProto:
        calls.append("asked")
        raise ValueError("No such luck.")

    tools: dict[str, Rewriter] = {"identity": lambda proto: proto, "broken": fails}
    twice = [
        list(cases(["residual-cnn"], ["torchscript"], tmp_path, tools=tools)) for _ in range(2)
    ]
    assert twice[0] == twice[1]
    assert calls == ["asked"]
    (fine, broken) = twice[0]
    assert broken.error == "ValueError: No such luck."
    assert fine.truth is not None
    assert set(fine.truth.strict.values()) <= {one.fqn for one in fine.before.modules}


def test_two_exports_are_compared_by_what_each_exporter_recorded() -> None:
    before = tagged(scoped(parse(BEFORE), SCOPES))
    after = tagged(scoped(parse(BEFORE), {**SCOPES, "y": "enc"}))
    record = pairs(before, after, match_by_type)
    assert (record["ops"], record["paired"], record["same_module"]) == (3, 1.0, 0.6667)
    assert [one["op"] for one in record["wrong"]] == ["y"]


@pytest.mark.parametrize("shape", list(SHAPES))
def test_matching_grows_with_the_graph_and_no_faster(shape: str) -> None:
    small, large = (speed_record(SHAPES[shape](size)) for size in (800, 3_200))
    assert large["seconds"] < 12 * small["seconds"]  # four times as much, on a busy machine
    assert large["bytes_per_op"] <= 2_000
    assert large["exact"] == 1.0


@pytest.fixture(scope="module")
def export() -> onnx.ModelProto:
    return export_once("distilbert", "dynamo", optimize=True).proto


@pytest.mark.parametrize("tool", [name for name in MATCHING_TOOLS if name not in TOOLS])
def test_every_tool_makes_a_model_that_runs(tool: str, export: onnx.ModelProto) -> None:
    content = export.SerializeToString(deterministic=True)
    after = MATCHING_TOOLS[tool](export)
    assert export.SerializeToString(deterministic=True) == content
    graph = tag(from_proto(after, name=tool))
    run_before(graph, runs=1)


def test_a_run_is_plain_data_and_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: onnx.ModelProto) -> onnx.ModelProto:
        raise ValueError("No such luck.")

    tools = {"ORT basic": MATCHING_TOOLS["ORT basic"], "broken": broken}
    told: list[str] = []
    document = bench_matching(
        ["residual-cnn"],
        work=tmp_path,
        tools=tools,
        report=lambda what, _: told.append(what),
    )
    assert json.loads(json.dumps(document)) == document
    assert told == [
        *(
            f"residual-cnn, {exporter}, {tool}"
            for exporter in ("dynamo", "torchscript")
            for tool in tools
        ),
        "done",
    ]
    assert {row["form"] for row in document["summary"]} == {"as written", "nameless"}
    assert [row["paired"] for row in document["pair_summary"]] == [1.0, 1.0]
    print_matching(document)
    shown = capsys.readouterr()
    assert "dynamo, nameless, models tuned on" in shown.out
    assert "Not measured: residual-cnn, dynamo, broken, as written: ValueError" in shown.err
