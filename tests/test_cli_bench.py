"""`hexviz bench` on the command line: what is run, what is written, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from hexviz.bench import document as documents
from hexviz.bench import tags as tag_runs
from hexviz.bench.synthetic import synthetic
from hexviz.cli.command import app
from hexviz.errors import RunError, WriteError
from tests.bench.test_regressions import document as kept_document
from tests.bench.test_regressions import spread, tags_document
from tests.test_cli import Done, fails, here, hexviz

__all__ = ["here"]  # a fixture


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the benchmark was told to measure; it measures nothing."""
    told: dict[str, Any] = {}

    def measured(sources: Any, **options: Any) -> dict[str, Any]:
        told.update(options, sources=list(sources))
        return kept_document()

    monkeypatch.setattr(documents, "bench_speed", measured)
    return told


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], {"sources": [], "repeats": 5, "sizes": []}),
        (["gpt2", "a.onnx"], {"sources": ["gpt2", "a.onnx"], "repeats": 5, "sizes": []}),
        (["--sizes", "1000,5_000"], {"sources": [], "repeats": 5, "sizes": [1000, 5000]}),
        (["--repeats", "2", "gpt2"], {"sources": ["gpt2"], "repeats": 2, "sizes": []}),
        (["speed", "gpt2"], {"sources": ["gpt2"], "repeats": 5, "sizes": []}),
    ],
)
def test_bench_without_a_command_measures_speed(
    asked: dict[str, Any], arguments: list[str], expected: dict[str, Any]
) -> None:
    done = run("bench", *arguments, "--json")
    assert done.exit_code == 0, done.output
    del asked["report"]
    assert asked == expected
    assert json.loads(done.stdout) == kept_document()


def test_help_tells_of_every_command_and_of_the_options_of_speed() -> None:
    told = run("bench", "--help").stdout
    commands = {"speed", "tags"}
    for name in (*commands, "--sizes", "--compare"):
        assert name in told
    group: Any = typer.main.get_command(app).commands["bench"]  # type: ignore[attr-defined]
    assert set(group.commands) == commands


def test_the_document_is_written_and_compared_with(asked: dict[str, Any], tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    assert run("bench", "--json", "-o", kept).exit_code == 0
    assert json.loads(kept.read_text()) == kept_document()
    done = run("bench", "--json", "--compare", kept)
    assert (done.exit_code, done.stderr) == (0, "")


def test_what_is_worse_is_a_line_each_and_exit_code_1(
    asked: dict[str, Any], tmp_path: Path
) -> None:
    faster = kept_document()
    faster["models"][0]["ratios"]["tagging/parsing"] = spread(0.3)
    faster["models"][1]["quality"]["exact"] = 0.97
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(faster))
    done = run("bench", "--json", "--compare", kept)
    assert done.exit_code == 1
    assert json.loads(done.stdout) == kept_document()
    first, second = done.stderr.splitlines()
    assert first.startswith("Worse: gpt2: tagging/parsing")
    assert second.startswith("Worse: bert: exact")


def test_only_models_that_were_asked_for_can_be_missing(
    asked: dict[str, Any], tmp_path: Path
) -> None:
    more = kept_document()
    more["models"].append({**more["models"][0], "name": "resnet-50"})
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(more))
    assert run("bench", "gpt2", "--json", "--compare", kept).exit_code == 0
    done = run("bench", "--json", "--compare", kept)
    assert done.exit_code == 1
    assert done.stderr == "Worse: resnet-50: missing, was measured before\n"


def test_a_bad_run_to_compare_with_is_found_before_anything_is_measured(
    asked: dict[str, Any], here: Callable[..., Done], tmp_path: Path
) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text("{}")
    done = run("bench", "--compare", kept)
    assert isinstance(done.exception, RunError)
    assert asked == {}
    fails(here("bench", "--compare", kept), "kept.json is no run of `hexviz bench`")


def test_a_folder_that_is_not_there_is_found_before_anything_is_measured(
    asked: dict[str, Any], tmp_path: Path
) -> None:
    done = run("bench", "-o", tmp_path / "nowhere" / "run.json")
    assert isinstance(done.exception, WriteError)
    assert "nowhere is no folder" in str(done.exception)
    assert asked == {}


@pytest.mark.parametrize("sizes", ["", "many", "0", "1000,-5"])
def test_sizes_are_counts_of_ops(asked: dict[str, Any], sizes: str) -> None:
    done = run("bench", "--sizes", sizes)
    assert done.exit_code == 2
    assert asked == {}


def test_tags_are_compared_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tag_runs, "bench_tags", lambda *_, **__: tags_document())
    better = tags_document()
    better["results"][0]["blanked"]["on_branch"] = 1.1
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(better))
    done = run("bench", "tags", "vit", "--json", "--compare", kept)
    assert done.exit_code == 1
    assert json.loads(done.stdout) == tags_document()
    assert done.stderr.startswith("Worse: vit, dynamo, blanked: on_branch")


def test_a_real_run_says_what_it_measured(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(synthetic(40, "names"))
    done = hexviz("bench", path.name, "--repeats", 2, "-o", "run.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for told in ("tagging /", "unpacked", "net.onnx", "medians in milliseconds", "bytes per op"):
        assert told in done.stdout
    (model,) = json.loads((tmp_path / "run.json").read_text())["models"]
    assert (model["name"], model["ops"]) == ("net.onnx", 51)
