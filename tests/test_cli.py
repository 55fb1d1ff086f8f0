"""The command as a person runs it: real files, exit codes, one line on stderr.

In a fresh process, except where that would only import again what is imported already.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import onnx
import pytest
import typer.main

from hexviz.cli import main
from hexviz.cli.command import app
from hexviz.exporters.export_times import kept_measured
from hexviz.model.reader import digest
from hexviz.model.writer import without_tags
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped
from tests.model.test_reader import external

Done = subprocess.CompletedProcess[str]


def hexviz(*arguments: object, cwd: Path | None = None) -> Done:
    return subprocess.run(
        [sys.executable, "-m", "hexviz", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


def fails(done: Done, *parts: str) -> None:
    """The run ended with exit code 2, nothing on stdout, and one clear line."""
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("hexviz: ")
    for part in parts:
        assert part in lines[0]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """The command in this process, with all that is written to its streams."""

    def hexviz(*arguments: object) -> Done:
        monkeypatch.setattr("sys.argv", ["hexviz", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        return subprocess.CompletedProcess(
            arguments, int(left.value.code or 0), *capfd.readouterr()
        )

    return hexviz


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    path.write_bytes(scoped(parse(NET), SCOPES).SerializeToString())
    return path


def test_analyze_json_is_one_document_with_the_contracts_keys(net: Path) -> None:
    done = hexviz("analyze", net, "--ops", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert set(document) == {
        "model", "ops", "tagged", "coverage", "origins", "rules", "auxiliary", "modules",
        "stages", "stage_details",
        "weights_left_out", "tags_lost", "peak_memory_mb", "nodes",
    }  # fmt: skip
    assert (document["ops"], document["tagged"], document["coverage"]) == (8, 8, 1.0)
    assert document["origins"] == {"declared": 8}
    assert document["auxiliary"] == {
        "ops": 3, "declared": 3, "transferred": 0, "inherited": 0, "recovered": 0, "fallback": 0,
        "context_inherited": 3,
    }  # fmt: skip
    assert set(document["modules"][0]) == {
        "module", "tag", "class_name", "ops", "same_as", "copies",
    }  # fmt: skip
    shape = document["nodes"][1]
    assert set(shape) == {
        "index", "body", "id", "name", "op_type", "module", "tag", "origin", "rule",
        "kind", "confidence", "evidence", "shared_by", "auxiliary", "call", "context",
    }  # fmt: skip
    assert shape["context"]["module"] == "enc.att"
    assert shape["context"]["evidence"] == ["r", "m"]
    assert document["nodes"][0]["context"] is None


def test_analyze_tells_each_stage_and_memory_only_if_asked(
    here: Callable[..., Done], net: Path
) -> None:
    plain = json.loads(here("analyze", net, "--json").stdout)
    details = plain["stage_details"]
    assert all(
        set(one)
        == {
            "stage", "start", "seconds", "cpu_seconds", "depth", "blocks",
            "peak_memory_mb", "kept_memory_mb",
        }
        for one in details
    )  # fmt: skip
    assert [one["stage"] for one in details if one["depth"] == 0] == list(plain["stages"])
    assert next(iter(plain["stages"])) == "read"
    assert {one["peak_memory_mb"] for one in details} == {None}
    measured = json.loads(here("analyze", net, "--json", "--memory").stdout)["stage_details"]
    assert [one["stage"] for one in measured] == [one["stage"] for one in details]
    assert all(one["peak_memory_mb"] >= one["kept_memory_mb"] for one in measured)
    assert any(one["peak_memory_mb"] > 0 for one in measured)


def test_analyze_for_people(here: Callable[..., Done], net: Path) -> None:
    done = here("analyze", net)
    assert done.returncode == 0
    assert "stages     read 0." in done.stdout
    assert "peak" not in done.stdout
    assert "s (peak 0." in here("analyze", net, "--memory").stdout
    assert "100.0% of ops have a module" in done.stdout
    assert "enc.att" in done.stdout


def test_tag_writes_tags_and_nothing_else(net: Path, tmp_path: Path) -> None:
    before = net.read_bytes()
    done = hexviz("tag", net, "-o", tmp_path / "tagged.onnx")
    assert done.returncode == 0
    assert net.read_bytes() == before
    tagged = onnx.load(tmp_path / "tagged.onnx")
    assert without_tags(tagged).SerializeToString(deterministic=True) == before


def test_samples_are_listed(here: Callable[..., Done]) -> None:
    document = json.loads(here("samples", "--json").stdout)
    names = [sample["name"] for sample in document["samples"]]
    assert names == [
        "custom-auxiliary", "residual-cnn", "small-transformer", "bert-tiny", "resnet-50",
        "gpt2", "sam-vit",
    ]  # fmt: skip
    assert "bert-tiny" in here("samples").stdout


def test_export_tags_what_it_writes(
    here: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    out = tmp_path / "out.onnx"
    done = here("export", "custom-auxiliary", "-o", out, "--no-optimize")
    assert done.returncode == 0, done.stderr
    assert "build model 0." in done.stderr
    assert "serialise 0." in done.stderr
    kept = kept_measured(digest(out.read_bytes()))
    assert kept is not None
    assert list(kept.timings) == ["build model", "export", "serialise"]
    assert "blocks.0.attention" in kept.modules
    document = json.loads(here("analyze", out, "--json").stdout)
    assert document["coverage"] == 1
    assert document["auxiliary"]["ops"] > document["ops"] / 2
    onnx.checker.check_model(onnx.load(out), full_check=True)


def test_export_with_open_sizes_and_without_weights(
    here: Callable[..., Done], tmp_path: Path
) -> None:
    dynamic = here("export", "small-transformer", "-o", tmp_path / "d.onnx", "--dynamic")
    assert dynamic.returncode == 0, dynamic.stderr
    shape = onnx.load(tmp_path / "d.onnx").graph.input[0].type.tensor_type.shape
    assert any(dim.dim_param for dim in shape.dim)
    light = here("export", "small-transformer", "-o", tmp_path / "l.onnx", "--no-weights")
    assert light.returncode == 0, light.stderr
    assert (tmp_path / "l.onnx").stat().st_size < (tmp_path / "d.onnx").stat().st_size / 2
    assert here("analyze", tmp_path / "l.onnx").returncode == 0


def test_bad_input_is_one_clear_line(here: Callable[..., Done], tmp_path: Path, net: Path) -> None:
    text = tmp_path / "text.onnx"
    text.write_text("not a model")
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(net.read_bytes()[:-9])
    lost = tmp_path / "lost.onnx"
    lost.write_bytes(external("weights.bin").SerializeToString())
    for run, *command in (
        (here, "analyze"),
        (here, "tag", "-o", tmp_path / "o.onnx"),
        (hexviz, "view", "--no-browser"),  # it leaves less of Dash than other tests need
    ):
        fails(run(*command, text), "text.onnx is not an ONNX model")
        fails(run(*command, cut), "cut.onnx is not an ONNX model, or was cut short")
        fails(run(*command, lost), "weights.bin, which is missing")
    fails(here("analyze", tmp_path / "no.onnx"), "does not exist")
    assert not (tmp_path / "o.onnx").exists()


def test_sources_that_name_nothing(
    here: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "o.onnx"
    (tmp_path / "mine.py").write_text("def broken():\n    raise ValueError('no such luck')\n")
    monkeypatch.chdir(tmp_path)
    fails(here("export", "bert-tyni", "-o", out), "bert-tiny")
    fails(here("export", "mine:broken", "-o", out), "no such luck")
    assert not out.exists()
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix) == ["mine.py"]


def test_a_hub_id_without_a_network_names_the_way_out(
    here: Callable[..., Done], tmp_path: Path
) -> None:
    done = here("export", "hf:prajjwal1/bert-tiny", "-o", tmp_path / "o.onnx")
    if done.returncode:  # with a network it works
        fails(done, "--no-weights")


def test_a_taken_port(net: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        fails(hexviz("view", net, "--no-browser", "--port", port), f"127.0.0.1:{port}", "--port")


def commands() -> list[str]:
    return sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", commands())
def test_every_command_has_help(here: Callable[..., Done], command: str) -> None:
    done = here(command, "--help")
    assert done.returncode == 0
    assert f"Usage: hexviz {command} " in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["analyze"],
        ["analyze", "--nonsense", "x.onnx"],
        ["explain", "x.onnx"],
        ["audit", "x.onnx", "--fail-on", "info"],
        ["report", "x.onnx"],
        ["unheard-of", "of", "this"],
        ["export", "bert-tiny", "--exporter", "none", "-o", "x.onnx"],
        ["--port", "many"],
    ],
)
def test_wrong_usage_is_one_clear_line(here: Callable[..., Done], arguments: list[str]) -> None:
    fails(here(*arguments), "hexviz --help")


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (["anlyze"], "No such command 'anlyze'. Did you mean 'analyze'? See"),
        (["anlyze", "net.onnx", "--json"], "Did you mean 'analyze'?"),
        (["bench", "tagz"], "No such command 'tagz'. Did you mean 'tags'?"),
        (["analyze", "net.onnx", "--josn"], "--json"),
        (["net.onnx", "--prot", "80"], "--port"),
    ],
)
def test_a_misspelt_name_suggests_the_right_one(
    here: Callable[..., Done], arguments: list[str], suggestion: str
) -> None:
    fails(here(*arguments), suggestion, "`hexviz --help`")


@pytest.mark.parametrize("file", ["tag-it", "exported"])
def test_what_is_a_file_is_not_a_misspelt_command(
    here: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.chdir(tmp_path)
    fails(here(file), "Did you mean")
    (tmp_path / file).write_text("not a model")
    fails(here(file, "--no-browser"), f"{file} is not an ONNX model")


def test_the_version(here: Callable[..., Done]) -> None:
    done = here("--version")
    assert (done.returncode, done.stdout) == (0, f"hexviz {version('hexviz')}\n")


def test_options_of_view_need_no_view(tmp_path: Path) -> None:
    fails(hexviz("--host", "127.0.0.1", tmp_path / "no.onnx"), "does not exist")


def test_an_export_tells_its_stages_and_a_failure_where_its_log_is(
    here: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = here("export", "custom-auxiliary", "-o", tmp_path / "out.onnx")
    assert done.returncode == 0, done.stderr
    stages = next(line for line in done.stderr.splitlines() if "build model" in line)
    for stage in ("build model", "export", "graph context", "inheritance", "serialise"):
        assert f"{stage} " in stages
    (tmp_path / "factories.py").write_text(
        "import torch\n"
        "class Dependent(torch.nn.Module):\n"
        "    def forward(self, x):\n"
        "        return x + 1 if x.sum() > 0 else x\n"
        "def build():\n"
        "    return Dependent(), (torch.ones(2),)\n"
    )
    monkeypatch.chdir(tmp_path)
    done = here("export", "factories:build", "-o", tmp_path / "no.onnx")
    fails(done, "dynamo exporter failed", "try the torchscript exporter", "The log is in ")
    log = Path(done.stderr.strip().rpartition("The log is in ")[2].rstrip("."))
    assert "GuardOnDataDependentSymNode" in log.read_text()
    assert not (tmp_path / "no.onnx").exists()
