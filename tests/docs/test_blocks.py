"""Every command and code block in README and docs does what its page says."""

from __future__ import annotations

import contextlib
import shutil
import warnings
from pathlib import Path

import pytest

from tests.docs.blocks import BrokenBlockError, blocks_of, run_block
from tests.docs.not_run import NOT_RUN
from tests.docs.scene import ROOT, Scene, make_files, python_names

PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        *(ROOT / "docs").rglob("*.md"),
    ]
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    make_files(folder)
    return folder


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


@pytest.fixture
def scene(files: Path, exports: Path, tmp_path: Path) -> Scene:
    folder = tmp_path / "work"
    shutil.copytree(files, folder, copy_function=shutil.copy)
    return Scene(folder, exports)


def run_page(path: Path, scene: Scene, root: Path = ROOT) -> list[str]:
    """Run all blocks of a page; which exceptions were needed."""
    names, used = python_names(), []
    with contextlib.chdir(scene.folder), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch, of what a block does with it
        for block in blocks_of(path, root):
            used += run_block(block, scene, names, NOT_RUN)
    return used


@pytest.mark.parametrize("page", [str(page.relative_to(ROOT)) for page in PAGES])
def test_blocks(
    page: str, scene: Scene, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is shown stands in a cell: elsewhere hexviz.show() serves until it is interrupted.
    monkeypatch.setattr("hexviz.notebook.place.in_notebook", lambda: True)
    run_page(ROOT / page, scene)


def test_every_exception_is_needed() -> None:
    lines = [
        line
        for page in PAGES
        for block in blocks_of(page, ROOT)
        for line in block.text.splitlines()
    ]
    for start in NOT_RUN:
        assert any(line.removeprefix("$ ").startswith(start) for line in lines), start
    assert len(NOT_RUN) <= 12, "run what can be run"


BROKEN = {
    "sh": ("hexviz analyse model.onnx", "exit code 2"),
    "sh gone": ("hexviz analyze nothing.onnx", "exit code 2"),
    "sh shell": ("hexviz analyze model.onnx --json | jq-that-is-not-there", "exit code 127"),
    "console": ("$ hexviz analyze model.onnx\nmodel.onnx: 257 ops\n…", "and not:"),
    "python": ("import hexviz\nhexviz.opens('model.onnx')", "AttributeError"),
    "json": ('{"a": }', "JSONDecodeError"),
    "yaml": ("steps: [", "ParserError"),
    "yaml step": (
        "- run: |\n    true\n    hexviz audit nothing.onnx\n    true",
        "`hexviz audit nothing.onnx` ended with",
    ),
    "": ("hexviz", "say what kind of block it is"),
    "bash": ("hexviz", "say what kind of block it is"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_block_is_caught(
    kind: str, scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, told = BROKEN[kind]
    page = tmp_path / "page.md"
    page.write_text(
        f"# A page\n\n```{kind.split(' ', maxsplit=1)[0] if kind else ''}\n{content}\n```\n"
    )
    with pytest.raises(BrokenBlockError, match=r"page\.md:3") as caught:
        run_page(page, scene, tmp_path)
    assert told in str(caught.value)


SOUND = """```console
$ hexviz analyze model.onnx
model.onnx:   256 ops
…
origins    declared …
…
```

- in a list:

  ```sh
  hexviz analyze \\
    model.onnx
  ```
"""


def test_what_is_shown_may_leave_out_and_fold(scene: Scene, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(SOUND)
    assert run_page(page, scene, tmp_path) == []
