"""What a cut keeps, as the graph shows it."""

from typing import Any

import pytest

from hexviz.extraction.selection import selection
from hexviz.extraction.subgraph import Policy, subgraph
from hexviz.model.graph import TaggedGraph
from hexviz.view.cache import LayoutCache
from hexviz.view.index import build_index
from hexviz.view.preview import FATES, Preview, preview, previewed
from hexviz.view.render import render
from hexviz.view.state import ViewState
from hexviz.view.svg import to_svg
from tests.build import parse, scoped, tagged

NET = """g (float[1,4] x) => (float[1,4] y) {
    a = Neg (x)
    s = Shape (a)
    q = Relu (a)
    r = Reshape (q, s)
    f = Tanh (r)
    m = Mul (f, r)
    y = Abs (m)
}"""
SCOPES = {"a": "emb", "s": "", "q": "enc.att", "r": "enc.att", "f": "enc.ffn", "m": "enc.att"}


@pytest.fixture(scope="module")
def graph() -> TaggedGraph:
    return tagged(scoped(parse(NET), {**SCOPES, "y": "head"}))


def previewing(graph: TaggedGraph, *modules: str, policy: Policy = "include_context") -> Preview:
    chosen = selection(graph, modules)
    return preview(graph, chosen, subgraph(graph, chosen, policy))


def drawn(graph: TaggedGraph, shown: Preview, *opened: str) -> tuple[dict[str, Any], Any]:
    index = build_index(graph)
    picture = render(index, ViewState(frozenset(opened)), "light", LayoutCache())
    elements, legend = previewed(index, picture, shown, "light")
    return {one["data"]["id"]: one["data"] for one in elements}, legend


def test_each_op_has_a_fate(graph: TaggedGraph) -> None:
    shown = previewing(graph, "enc.att")
    names = list(FATES)
    fates = {op.id: names[at] for op, at in zip(graph.ops, shown.fates.tolist(), strict=True)}
    assert fates == {
        "a": "cut",
        "s": "carried",
        "q": "selected",
        "r": "selected",
        "f": "hole",
        "m": "selected",
        "y": "cut",
    }
    assert (shown.count("selected"), shown.count("cut")) == (3, 2)
    assert shown.inputs == {"a", "f"}
    assert shown.outputs == {"r", "m"}


def test_what_fills_a_hole_counts_as_selected(graph: TaggedGraph) -> None:
    chosen = selection(graph, ["enc.att"])
    shown = preview(graph, chosen, subgraph(graph, chosen, "exclude_safe", fill_holes=True))
    assert (shown.count("selected"), shown.count("hole"), shown.count("carried")) == (4, 0, 0)


def test_ops_say_it_in_their_data_and_boxes_by_their_share(graph: TaggedGraph) -> None:
    data, _ = drawn(graph, previewing(graph, "enc.att"))
    assert data["m:enc"]["fate"] == "partial"
    # Three of its four ops stay, and the fourth is in a hole: seen also while it is closed.
    assert data["m:enc"]["stops"] == "0% 75% 75% 100%"
    kept, _, hole, _ = data["m:enc"]["blend"].split()
    assert hole not in (kept, "#ffffff")
    assert data["o:s"]["fate"] == "carried"
    assert data["m:emb"]["fate"] == "cut"
    inner, _ = drawn(graph, previewing(graph, "enc.att"), "enc")
    assert inner["m:enc"]["fate"] == ""  # open: what is in it says more
    assert inner["m:enc.att"]["fate"] == "selected"
    assert inner["m:enc.ffn"]["fate"] == "hole"


def test_lines_say_where_the_model_is_cut(graph: TaggedGraph) -> None:
    data, _ = drawn(graph, previewing(graph, "enc.att"), "enc", "enc.att")
    lines = {
        (one["source"], one["target"]): (one["fate"], one["crosses"])
        for one in data.values()
        if "source" in one
    }
    assert lines["m:emb", "o:q"] == ("", 1)
    assert lines["o:q", "o:r"] == ("", 0)
    assert lines["o:r", "m:enc.ffn"] == ("", 1)
    assert lines["m:enc.ffn", "o:m"] == ("", 1)
    assert lines["i:x", "m:emb"] == ("cut", 0)
    assert lines["o:m", "m:head"] == ("", 1)
    assert data["i:x"]["fate"] == "cut"
    whole, _ = drawn(graph, previewing(graph, "enc", policy="include_all"))
    assert whole["i:x"]["fate"] == ""


def test_what_is_not_cut_says_so(graph: TaggedGraph) -> None:
    """The browser merges data: what a preview said has to be taken back."""
    elements = render(build_index(graph), ViewState(), "light", LayoutCache()).elements
    assert all(one["data"].get("fate", "") == "" for one in elements)
    assert all("fate" in one["data"] for one in elements)
    assert all(one["data"]["crosses"] == 0 for one in elements if "source" in one["data"])


def test_the_legend_counts_what_there_is(graph: TaggedGraph) -> None:
    _, legend = drawn(graph, previewing(graph, "enc"))
    assert [(one.label, one.ops) for one in legend.entries] == [
        ("selected", 4),
        ("carried along", 1),
        ("cut away", 2),
    ]


def test_a_picture_of_it_shows_shares_and_fades(graph: TaggedGraph) -> None:
    index = build_index(graph)
    picture = render(index, ViewState(), "light", LayoutCache())
    elements, _ = previewed(index, picture, previewing(graph, "enc.att"), "light")
    text = to_svg(elements, "light", title="part")
    assert text.count("<linearGradient") == 1
    assert '<stop offset="75%"' in text
    assert 'opacity="0.5"' in text


FUNCTION = """<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
g (float[2] x) => (float[2] y) {
    a = local.twice (x)
    y = Neg (a)
}
<domain: "local", opset_import: ["" : 20]>
twice (v) => (w) { w = Add (v, v) }"""


def test_what_runs_in_a_called_function_comes_along() -> None:
    graph = tagged(scoped(parse(FUNCTION), {"a": "one", "y": "two"}))
    inner = next(at for at, op in enumerate(graph.ops) if op.op_type == "Add")
    kept = previewing(graph, "one")
    assert list(FATES)[kept.fates[inner]] in ("carried", "selected")
    assert list(FATES)[previewing(graph, "two").fates[inner]] == "cut"
