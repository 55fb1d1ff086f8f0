"""DOT: Graphviz draws every op in its module's cluster, whatever names there are."""

import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hexviz.api import TaggedGraph
from hexviz.convert.dot import quoted
from hexviz.errors import ViewLimitError
from tests.convert.graphs import NASTY, hostile, layers

SVG = "{http://www.w3.org/2000/svg}"


def drawn(graph: TaggedGraph, folder: Path) -> ElementTree.Element:
    """What Graphviz makes of a graph."""
    assert shutil.which("dot"), "no Graphviz: run `python tests/convert/install_graphviz.py`"
    graph.convert(folder / "graph.dot")
    done = subprocess.run(
        ["dot", "-Tsvg", folder / "graph.dot", "-o", folder / "graph.svg"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return ElementTree.parse(folder / "graph.svg").getroot()  # noqa: S314 - drawn by the test


def of_class(picture: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    return [one for one in picture.iter(f"{SVG}g") if one.get("class") == kind]


def test_graphviz_draws_ops_in_clusters(tmp_path: Path) -> None:
    graph = layers()
    picture = drawn(graph, tmp_path)
    assert len(of_class(picture, "node")) == len(graph.ops) + len(graph.inputs) + len(graph.outputs)
    boxes = [module for module in graph.modules if module.fqn and graph.subtree(module).ops]
    assert len(of_class(picture, "cluster")) == len(boxes)
    pairs = {(edge.source, edge.target) for edge in graph.edges}
    assert len(of_class(picture, "edge")) >= len(pairs)


def test_the_worst_names_are_drawn_as_they_are(tmp_path: Path) -> None:
    picture = drawn(hostile(), tmp_path)
    labels = {"".join(one.itertext()) for one in picture.iter(f"{SVG}text")}
    first, *_ = re.split("[\n\r]", NASTY)
    assert first.replace("\x01", "␁").replace("\x00", "␀") in labels


@pytest.mark.parametrize("text", ['"];x[', "\\", "\\\\N", "a\nb", "&lt;", "<b>x</b>"])
def test_a_name_cannot_leave_its_quotes(text: str) -> None:
    inside = quoted(text)[1:-1]
    assert re.fullmatch(r'(?:[^"\\\n]|\\.)*', inside)


def test_a_graph_that_graphviz_would_need_minutes_for_is_refused(tmp_path: Path) -> None:
    graph = layers(600)
    with pytest.raises(ViewLimitError, match="more than the 500 that Graphviz lays out in seconds"):
        graph.convert(tmp_path / "graph.dot")
    assert not list(tmp_path.iterdir())
    assert graph.convert(tmp_path / "graph.gv", max_ops=1000).format == "DOT"
