"""Names that are markup are text: in the report, in pictures, in a terminal, in what is copied."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from hexviz.app.models.open_model import OpenModel
from hexviz.app.report import to_report
from hexviz.cli import main
from hexviz.cli.command import app
from hexviz.model.graph import TaggedGraph
from hexviz.view.palette import Theme
from hexviz.view.state import open_path
from hexviz.view.svg import to_svg
from tests.build import tagged
from tests.hostile.crafted import MARKUP, markup, model, node

_SVG = {"svg", "title", "desc", "defs", "linearGradient", "stop", "g", "text", "tspan"} | {
    *("rect", "ellipse", "polygon", "path", "circle", "line", "style")
}
_SHOWN_AS_NOTHING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def graph() -> TaggedGraph:
    return tagged(markup())


class Elements(HTMLParser):
    """What elements a page has, with their attributes and the text of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(sorted(name for name, _ in attrs))))


def test_the_report_of_markup_has_the_elements_of_any_report(graph: TaggedGraph) -> None:
    plain = to_report(tagged(model([node("Relu", "x", "y", "/a/Relu")])))
    page = to_report(graph)
    assert Elements(page).found == Elements(plain).found


def test_this_finds_an_element_that_is_none_of_ours() -> None:
    page = to_report(tagged(model([node("Relu", "x", "y", "/a/Relu")])))
    assert (
        Elements(page.replace("<body", "<b onclick=1></b><body", 1)).found != Elements(page).found
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_of_markup_has_only_our_elements(graph: TaggedGraph, theme: Theme) -> None:
    drawn = OpenModel("0" * 64, graph)
    view = drawn.first_view()
    for module in graph.modules:
        key = drawn.index("module").box_of(module.fqn)
        if key:
            view = open_path(view, drawn.index("module"), key)
    text = to_svg(drawn.render(view, theme).elements, theme, title=MARKUP[0])
    root = ElementTree.fromstring(text)  # noqa: S314 - written a line above
    assert {one.tag.rpartition("}")[2] for one in root.iter()} <= _SVG
    assert not [key for one in root.iter() for key in one.attrib if key.lower().startswith("on")]
    assert not [key for one in root.iter() for key in one.attrib if "href" in key]
    assert "<script>window.hit=1</script>" in "".join(root.itertext())


@pytest.mark.parametrize("command", ["analyze --ops", "audit", "explain"])
def test_a_terminal_gets_no_orders(tmp_path: Path, command: str) -> None:
    path = tmp_path / "markup.onnx"
    path.write_bytes(markup().SerializeToString())
    name, *options = command.split()
    told = [f"v7.0{MARKUP[7]}"] if name == "explain" else []
    result = CliRunner().invoke(app, [name, str(path), *told, *options])
    assert result.exit_code in (0, 1), result.output
    assert not _SHOWN_AS_NOTHING.search(result.output)


def test_messages_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "markup.onnx"
    path.write_bytes(markup().SerializeToString())
    monkeypatch.setattr("sys.argv", ["hexviz", "explain", str(path), "\x1b[31m\nno such op"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert not _SHOWN_AS_NOTHING.search(told)
