"""The example notebook runs from top to bottom, and what it saves is small."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

TOUR = Path("docs/notebooks/tour.ipynb")
MIME = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    """The notebook after a run, as nbconvert would write it."""
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CONFIG", "DATA", "RUNTIME"):
            patch.setenv(f"JUPYTER_{name}_DIR", str(folder / name))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("PYTHONPATH", str(Path.cwd()), prepend=os.pathsep)
        notebook = nbformat.read(TOUR, as_version=4)
        NotebookClient(notebook, timeout=90, kernel_name="python3").execute()
    return notebook


def printed(notebook: nbformat.NotebookNode, words: str) -> str:
    """What the cell printed that has these words in its code."""
    cell = next(one for one in notebook.cells if one.cell_type == "code" and words in one.source)
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def test_it_says_what_it_should(ran: nbformat.NotebookNode) -> None:
    assert "ops in 17 modules" in printed(ran, "hexviz.export")
    assert "Softmax ran in /Tagger/Block.1/Attention" in printed(ran, "view.open(")
    assert "declared metadata 1.0" in printed(ran, "graph.explain")
    assert "equal to the whole model's: True" in printed(ran, "extract")


def test_a_view_is_a_picture_and_a_widget(ran: nbformat.NotebookNode) -> None:
    shown = [
        [sorted(output.data) for output in cell.outputs if output.output_type == "display_data"]
        for cell in ran.cells
        if cell.cell_type == "code" and "hexviz.show(" in cell.source
    ]
    assert shown == [[["text/html", "text/plain"], [MIME, "text/plain"]]] * 2


def test_what_is_saved_is_small(ran: nbformat.NotebookNode) -> None:
    before = len(nbformat.writes(nbformat.read(TOUR, as_version=4)))
    assert (
        len(nbformat.writes(ran)) - before < 100_000
    )  # two views, with the state of their widgets
    assert "cytoscape" not in nbformat.writes(ran)


def test_the_example_is_kept_without_outputs() -> None:
    notebook = nbformat.read(TOUR, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
    assert all(cell.get("execution_count") is None for cell in notebook.cells)
