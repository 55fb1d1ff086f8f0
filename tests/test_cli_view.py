"""What is read of the arguments of ``hexviz view`` without typer is what typer reads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hexviz.app import serve as serve_file
from hexviz.cli.command import run
from hexviz.cli.plain_view import plain_view

PLAIN = [
    ["m.onnx"],
    ["view", "m.onnx"],
    ["view", "folder/m.onnx", "--port", "0", "--no-browser"],
    ["view", "--port", "65535", "m.onnx"],
    ["m.onnx", "--watch"],
    ["m.onnx", "--host", "0.0.0.0"],  # noqa: S104
    ["view", "--no-browser", "--host", "localhost", "--port", "0080", "m.onnx"],
]


@pytest.mark.parametrize("arguments", PLAIN, ids=" ".join)
def test_both_read_the_same(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Path, dict[str, Any]]] = []
    monkeypatch.setattr(serve_file, "serve", lambda first, **more: seen.append((first, more)))
    run(arguments)
    ((source, told),) = seen
    assert plain_view(arguments) == (
        *(source, told["port"], told["host"], told["open_browser"], told["watch"], False),
    )
    others = {name: told[name] for name in ("queue", "token", "allowed", "roots", "factory")}
    nothing = {"queue": None, "token": None, "allowed": (), "roots": (), "factory": None}
    assert others == nothing


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["view"],
        ["view", "gpt2"],
        ["analyze", "m.onnx"],
        ["m.onnx", "other.onnx"],
        ["view", "m.onnx", "--port", "65536"],
        ["view", "m.onnx", "--port", "-1"],
        ["view", "m.onnx", "--port", "٣"],
        ["view", "m.onnx", "--port", "0", "--port", "1"],
        ["view", "m.onnx", "--port"],
        ["view", "m.onnx", "--port=0"],
        ["view", "m.onnx", "--token", "x" * 20],
        ["view", "m.onnx", "--help"],
        ["view", "m.onnx", "--", "--port"],
        ["--version"],
        ["--port", "65535", "m.onnx"],
        ["view", "--", "m.onnx"],
        ["view", "-m.onnx"],
    ],
    ids=" ".join,
)
def test_all_else_is_left_to_typer(arguments: list[str]) -> None:
    assert plain_view(arguments) is None


@pytest.mark.parametrize("name", ["HEXVIZ_TOKEN", "HEXVIZ_JOBS"])
def test_what_the_environment_says_is_left_to_typer(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "")
    assert plain_view(["m.onnx"]) is None


def test_typer_is_not_imported_for_it(tmp_path: Path) -> None:
    script = (
        "import sys, hexviz.cli\n"
        f"sys.argv = ['hexviz', {str(tmp_path / 'no.onnx')!r}]\n"
        "try:\n    hexviz.cli.main()\n"
        "finally:\n    print({'typer', 'pydantic', 'click'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == "set()\n"
    assert done.stderr.startswith(f"hexviz: {tmp_path / 'no.onnx'} does not exist")
