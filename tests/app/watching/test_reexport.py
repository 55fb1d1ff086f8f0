"""A factory is exported anew when its source changes, by a process that sees the change."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest

from hexviz.app.watching.reexport import Reexport
from hexviz.app.watching.source_files import first_lines, source_files
from tests.waiting import until

MODEL = """
from torch import nn, zeros
from {name}.blocks import Block

def build():
    return nn.Sequential(Block()), (zeros(1, 4),)
"""
BLOCK = """
from torch import nn

class Block(nn.Module):
    def forward(self, x):
        return x.relu()
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "watchedpackage"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "models.py").write_text(MODEL.format(name=folder.name))
    (folder / "blocks.py").write_text(BLOCK)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def reexport(package: Path) -> Iterator[Reexport]:
    files = sorted(package.glob("*.py"))
    found = Reexport("watchedpackage.models:build", package.parent / "out.onnx", files)
    yield found
    found.close()


def step(reexport: Reexport, done: str) -> None:
    def is_done() -> bool:
        reexport.step(time.monotonic())
        time.sleep(0.05)
        return bool({"busy": reexport.is_busy, "idle": not reexport.is_busy}[done])

    until(is_done)


def test_changed_code_is_loaded_and_what_is_wrong_with_it_is_told(
    package: Path, reexport: Reexport
) -> None:
    out = package.parent / "out.onnx"
    reexport.step(time.monotonic())
    assert not reexport.is_busy
    # As large as before and in the same second: compiled code would count as this.
    (package / "blocks.py").write_text(BLOCK.replace("relu", "tanh"))
    step(reexport, "busy")
    step(reexport, "idle")
    assert reexport.problem is None
    assert [node.op_type for node in onnx.load(out).graph.node] == ["Tanh"]

    content = out.read_bytes()
    (package / "blocks.py").write_text(BLOCK.replace("self, x", "self, x("))
    step(reexport, "busy")
    step(reexport, "idle")
    assert reexport.problem is not None
    assert reexport.problem.line.startswith("Importing watchedpackage.models failed: SyntaxError")
    assert "blocks.py" in reexport.problem.details
    assert "def forward(self, x()" in reexport.problem.details
    assert out.read_bytes() == content


def test_an_export_of_what_changed_meanwhile_is_given_up(package: Path, reexport: Reexport) -> None:
    (package / "blocks.py").write_text("import time\ntime.sleep(600)\n")
    step(reexport, "busy")
    (package / "blocks.py").write_text("raise ValueError('better')\n")
    step(reexport, "idle")
    assert reexport.problem is not None
    assert "better" in reexport.problem.line
    assert reexport.problem.details.startswith("blocks.py, line 1: raise ValueError")


def test_only_a_persons_own_files_count(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Path(__file__)
    monkeypatch.chdir(own.parents[3])
    found = source_files(f"{__name__}:build")
    assert found[0] == own
    assert not [path for path in found if {"site-packages", "hexviz"} & {*path.parts}]


def test_the_error_that_was_first_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent)

    def build() -> None:
        raise KeyError("inner")

    try:
        try:
            build()
        except KeyError as error:
            raise RuntimeError("the exporter gave up") from error
    except RuntimeError as error:
        told = first_lines(error, "elsewhere:build")
    # Both were raised here: the one that came first says why.
    assert told.splitlines()[-1] == "KeyError: 'inner'"
