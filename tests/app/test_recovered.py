"""What the page shows of modules that nothing names: found, and never as if they were declared."""

import json
from dataclasses import replace
from typing import Any

import pytest

from hexviz.app.graph.highlight import highlight
from hexviz.app.graph.picture import describe
from hexviz.app.graph.recovered import copies_of, found_line
from hexviz.app.graph.tree import rows
from hexviz.app.graph.widgets import legend, tree
from hexviz.app.models.store import OpenModel
from hexviz.app.panels.extract.tree import pick_tree
from hexviz.app.panels.inspector.selected import inspect
from hexviz.app.panels.table import table
from hexviz.app.panels.timings.tables import cost_table
from hexviz.app.protocol import EventAnswer, PageState
from hexviz.app.report.about import about
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleInfo, build_tree
from hexviz.model.op import ORIGINS, Provenance, Step
from hexviz.tagging.tag import retag
from hexviz.view.colouring import colour_by
from hexviz.view.legend import BORDERS
from hexviz.view.module_numbers import Modules
from hexviz.view.oklch import contrast
from hexviz.view.palette import APART, Palette, kind_of
from hexviz.view.state import ViewState
from tests.app.test_inspector import links, text
from tests.build import parse, tagged

COPIES = 4


def nameless(copies: int = COPIES, name: str = "Block") -> TaggedGraph:
    """A stem, and blocks of three ops each, of which two are an inner block."""
    lines, last = ["stem = Abs (x)"], "stem"
    for at in range(copies):
        lines += [f"a{at} = Neg ({last})", f"b{at} = Exp (a{at})", f"c{at} = Add (b{at}, {last})"]
        last = f"c{at}"
    body = "\n".join([*lines, f"y = Relu ({last})"])
    graph = tagged(parse(f"g (float[2] x) => (float[2] y) {{ {body} }}"))
    infos, known = {"": ModuleInfo()}, {}
    for at in range(copies):
        block = f"{name}.{at}"
        infos |= {
            block: ModuleInfo(name, copies=copies),
            f"{block}.Inner": ModuleInfo("Inner", copies=copies),
        }
        for op, fqn in (("a", f"{block}.Inner"), ("b", f"{block}.Inner"), ("c", block)):
            twin = f"{op}{(at + 1) % copies}"
            known[graph.positions[f"{op}{at}"]] = Provenance(
                *(fqn, "recovered", "pattern", (twin,)),
                confidence=0.9,
                kind="repeated block",
                steps=(Step(twin, "is the same op of a copy"),),
            )
    return retag(graph, known, modules=infos)


@pytest.fixture
def found() -> OpenModel:
    return OpenModel("0" * 64, nameless())


def plain(content: Any) -> str:
    return json.dumps(content, default=lambda part: part.to_plotly_json())


def test_a_row_says_that_its_module_was_found(found: OpenModel) -> None:
    view = ViewState(frozenset({"Block.0~4"}))
    marked = {row.label: row.found for row in rows(found, view)}
    assert marked == {
        "model": "",
        "Block ×4": "Found by repetition: 4 copies",
        "Inner": "Found by repetition: 4 copies",
    }
    root, block, _ = tree(rows(found, view))
    assert block["props"]["aria-label"] == "Block ×4, 12 ops, recovered"
    assert "The file does not name it." in plain(block)
    assert "recovered" not in plain(root)
    ticked = plain(pick_tree(found, PageState(view), ()))
    assert "Block \\u00d74, 12 ops, recovered" in ticked
    assert "name recovered" in ticked


def test_its_box_has_the_border_of_what_was_recovered(found: OpenModel) -> None:
    drawn = found.render(ViewState(frozenset({"Block.0~4"})), "light")
    boxes = {one["data"]["id"]: one["data"] for one in drawn.elements if "key" in one["data"]}
    assert {name: data["found"] for name, data in boxes.items()} == {
        "m:Block.0~4": 1,
        "m:Block.0.Inner": 1,
    }
    closed = found.render(ViewState(), "light")
    assert ("recovered", "dashed") in closed.legend.origins
    shown = plain(legend(closed.legend, PageState()))
    assert "found by what the graph repeats" in shown


def test_a_block_in_a_block_of_that_name_has_another_colour() -> None:
    graph = nameless()
    infos = {
        fqn.replace("Inner", "Block"): replace(info, class_name="Block", label="")
        for fqn, info in graph.modules.infos().items()
        if fqn
    }
    tree = build_tree({"": ModuleInfo(), **infos})
    kinds = [kind_of(module) for module in tree]
    assert kinds[:3] == ["", "Block", "Block in Block"]
    numbers, names = Modules(tree).kinds
    assert [names[at] for at in numbers] == kinds
    palette = Palette(tree, "light")
    assert palette["Block.0"].fill == palette["Block.3"].fill
    assert contrast(palette["Block.0"].fill, palette["Block.0.Block"].fill) >= APART


def test_every_origin_has_a_border_a_colour_and_a_column(found: OpenModel) -> None:
    assert set(BORDERS) == set(ORIGINS)
    colouring = colour_by(found.index("module"), "origin")
    assert "recovered" in colouring.names
    assert len({swatch.solid for swatch in colouring.swatches("light")}) == len(colouring.names)
    assert "recovered" in plain(cost_table(found.costs))
    listed = table(found, PageState(), filled=False).rowData
    assert isinstance(listed, list)
    assert {row["origin"] for row in listed} >= {"recovered"}
    assert len(found.found("origin:recovered").ops) == 3 * COPIES


def test_the_inspector_says_how_a_module_was_found_and_leads_to_its_copies(
    found: OpenModel,
) -> None:
    content = inspect(found, PageState(selection=("module", "Block.1.Inner")))
    assert "Found by repetition: 4 copies, 90% sure. The file does not name it." in text(content)
    assert [f"Block.{at}.Inner" for at in (0, 2, 3)] == links(content, "data-module")[:3]
    marked = highlight(
        found, PageState(selection=("module", "Block.1")), found.render(ViewState(), "light")
    )
    assert marked.said == "Selected the recovered module /Block.1"


def test_the_inspector_says_why_an_op_was_recovered(found: OpenModel) -> None:
    content = inspect(found, PageState(selection=("op", "a1")))
    assert "one of 4 copies of a block: Neg “a2” is the same op of another" in text(content)
    assert "recovered · rule pattern" in text(content)
    assert "a2" in links(content, "data-op")


def test_what_is_seen_first_says_that_nothing_is_named(found: OpenModel) -> None:
    line = "This file names no modules: 4 blocks were found by what the graph repeats."
    assert found_line(found.graph) == line
    assert line in text(inspect(found, PageState()))
    assert line in text(about(found.graph, found.index("module"), []))
    answer = EventAnswer(n=1)
    describe(answer, found)
    assert isinstance(answer.parts, dict)
    assert f"{line} hexviz view --no-recover leaves them out." in plain(answer.parts)


def test_nothing_is_said_of_a_file_that_names_its_modules(model: OpenModel) -> None:
    assert found_line(model.graph) == ""
    assert "repeats" not in text(inspect(model, PageState()))
    assert "recovered" not in plain(tree(rows(model, ViewState())))


def test_copies_of_a_block_are_those_called_the_same(found: OpenModel) -> None:
    tree = found.graph.modules
    assert copies_of(tree, "Block.2.Inner") == [f"Block.{at}.Inner" for at in range(COPIES)]
    assert copies_of(tree, "Block.2") == [f"Block.{at}" for at in range(COPIES)]
