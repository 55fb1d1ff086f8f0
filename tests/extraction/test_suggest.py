"""Suggestions leave less at the border: tried out, few, and bounded."""

from typing import Any

import pytest

import hexviz.extraction.suggest as suggesting
from hexviz.errors import SelectionError
from hexviz.extraction.report import boundary
from hexviz.extraction.selection import NO_MODULES, ModuleSelection, selection
from hexviz.extraction.subgraph import subgraph
from hexviz.extraction.suggest import Suggestion, suggest
from hexviz.model.graph import TaggedGraph
from tests.build import parse, scoped, tagged

#  x ─▶ emb ─▶ q ─┐             emb makes one value for two readers,
#         └──▶ k ─┴▶ att ─▶ ffn ─▶ head ─▶ y
NET = """g (float[1,4] x) => (float[1,4] y) {
    a = Neg (x)
    b = Abs (x)
    q = Relu (a)
    k = Exp (b)
    r = Mul (q, k)
    f = Tanh (r)
    s = Sin (f)
    t = Add (s, r)
    y = Abs (t)
}"""
SCOPES = {
    "a": "emb",
    "b": "emb",
    "q": "enc.q",
    "k": "enc.k",
    "r": "enc.att",
    "f": "enc.ffn",
    "s": "enc.out",
    "t": "enc.att",
    "y": "head",
}


@pytest.fixture(scope="module")
def graph() -> TaggedGraph:
    return tagged(scoped(parse(NET), SCOPES))


def values(graph: TaggedGraph, one: Suggestion) -> tuple[int, int]:
    kept = subgraph(graph, one.selected, one.policy, fill_holes=one.fill_holes)
    return len(kept.inputs), len(kept.outputs)


def test_what_makes_an_input_is_offered(graph: TaggedGraph) -> None:
    chosen = selection(graph, ["enc"])
    found = suggest(graph, chosen, "include_context")
    (add,) = [one for one in found if one.what == "Add emb"]
    assert (add.inputs, add.outputs, add.ops) == (1, 0, 2)
    assert add.size == 16
    assert add.selected.modules == {"enc", "emb"}
    assert values(graph, add) == (1, 1)


def test_a_hole_is_offered_to_be_filled_first(graph: TaggedGraph) -> None:
    found = suggest(graph, selection(graph, ["enc.att"]), "exclude_safe")
    fill = next(one for one in found if one.what == "Fill the hole")
    assert fill.fill_holes
    assert (fill.inputs, fill.ops) == (1, 2)
    # What is around the selection does the same, and more.
    assert any(one.what == "Take all of enc" for one in found)


def test_every_suggestion_keeps_its_word(graph: TaggedGraph) -> None:
    for modules in (["enc"], ["enc.att"], ["enc.q", "head"], ["enc.ffn"]):
        chosen = selection(graph, modules)
        before = subgraph(graph, chosen, "exclude_safe")
        for one in suggest(graph, chosen, "exclude_safe", most=20):
            after = values(graph, one)
            assert after == (
                len(before.inputs) - one.inputs,
                len(before.outputs) - one.outputs,
            )
            assert one.inputs + one.outputs > 0 or one.size > 0


def test_what_was_left_out_is_offered_again(graph: TaggedGraph) -> None:
    chosen = ModuleSelection(frozenset({"enc"}), frozenset({"enc.ffn"}))
    found = suggest(graph, chosen, "exclude_safe", most=20)
    again = next(one for one in found if one.what == "Do not leave out enc.ffn")
    assert again.selected == ModuleSelection(frozenset({"enc"}))


def test_the_whole_model_is_no_suggestion(graph: TaggedGraph) -> None:
    for one in suggest(graph, selection(graph, ["enc", "head"]), "exclude_safe", most=20):
        kept = subgraph(graph, one.selected, one.policy, fill_holes=one.fill_holes)
        assert len(kept.why) < len(graph.ops)


def test_ops_alone_are_a_selection_too(graph: TaggedGraph) -> None:
    chosen = selection(graph, ops=["q", "k"])
    found = suggest(graph, chosen, "exclude_safe", most=20)
    assert {one.what for one in found} >= {"Add emb"}
    for one in found:
        told = boundary(graph, one.selected, subgraph(graph, one.selected, one.policy))
        assert told["kept"]["ops"] >= 2


def test_nothing_has_no_suggestions(graph: TaggedGraph) -> None:
    with pytest.raises(SelectionError):
        suggest(graph, NO_MODULES, "exclude_safe")


def test_the_work_is_bounded(graph: TaggedGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []

    def counting(*arguments: Any, **options: Any) -> Any:
        tried.append(arguments)
        return subgraph(*arguments, **options)

    monkeypatch.setattr(suggesting, "subgraph", counting)
    monkeypatch.setattr(suggesting, "_WORK", 0)
    suggest(graph, selection(graph, ["enc.att"]), "exclude_safe")
    assert len(tried) <= 1 + suggesting._LEAST_TRIALS


def test_arithmetic_on_shapes_is_looked_for_once(
    graph: TaggedGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[object] = []

    def noting(*arguments: Any, **options: Any) -> Any:
        used.append(options["constants"])
        return subgraph(*arguments, **options)

    monkeypatch.setattr(suggesting, "subgraph", noting)
    suggest(graph, selection(graph, ["enc.att"]), "include_context")
    assert len(used) > 2
    assert len(set(map(id, used))) == 1
