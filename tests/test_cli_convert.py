"""``hexviz convert``: what it prints, and what it says of input that cannot be converted."""

import json
from pathlib import Path

import pytest

from hexviz.bench.synthetic import synthetic
from hexviz.convert.formats import WRITERS
from tests.command import Run, run

__all__ = ["run"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "layers.onnx"
    path.write_bytes(synthetic(60, "metadata"))
    return path


@pytest.mark.parametrize("suffix", [*WRITERS, ".html"])
def test_every_format_is_written(run: Run, model: Path, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"out{suffix}"
    code, out, err = run("convert", model, "-o", target)
    assert code == 0
    assert out == ""
    assert err.startswith(f"{target}: ")
    assert "ops" in err
    assert target.stat().st_size > 1000


def test_json_says_what_was_written(run: Run, model: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    code, out, err = run("convert", model, "-o", target, "--node-data", "--costs", "--json")
    assert code == 0
    assert err == ""
    told = json.loads(out)
    names = ["out.json", "out.origin.json", "out.rule.json", "out.confidence.json"]
    assert [Path(file).name for file in told["files"]][:4] == names
    assert told["bytes"] == sum(Path(file).stat().st_size for file in told["files"])
    assert told["format"] == "Model Explorer"
    assert set(told) == {"format", "files", "ops", "edges", "modules", "bytes"}


def test_how_to_open_it_is_said(run: Run, model: Path, tmp_path: Path) -> None:
    target = tmp_path / "two words.json"
    _, _, err = run("convert", model, "-o", target, "--node-data")
    assert f"Open it with: model-explorer '{target}' --node_data_paths='" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("out.svg",), ".svg is no format that hexviz writes: end the name in .json, .graphml, "),
        (("out",), "has no suffix that tells a format"),
        (("nowhere/out.csv",), "Cannot write to"),
        (("folder.csv",), "is a folder: give the name of a file"),
        (("out.csv", "--dialect", "yed"), "--dialect goes with .graphml"),
        (("out.csv", "--node-data"), "--node-data goes with .json"),
        (("out.csv", "--max-ops", "3"), "--max-ops goes with .dot"),
        (("out.csv", "--symbol", "n=3"), "give --costs too"),
        (("out.csv", "--costs", "--symbol", "nothing=3"), "nothing"),
        (("out.csv", "--profile", "missing.json"), "cannot be read"),
        (("out.csv", "--parity", "layers.onnx"), "no document of hexviz"),
        (("layers.csv", "--profile", "layers.csv"), "is the file that is read"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    run: Run,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "layers.csv").write_text("{}")
    before = sorted(path.name for path in tmp_path.iterdir())
    code, out, err = run("convert", model, "-o", *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert told in err
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_an_old_file_is_kept_where_the_new_one_fails(
    run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hexviz.model.files.os.fsync", full)
    code, _, err = run("convert", model, "-o", target)
    assert code == 2
    assert "No space left on device" in err
    assert target.read_text() == "old"
