"""The compare tab: what a job keeps, what the pane tells of it, and where its buttons lead."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import UNSET

from hexviz.app.address import from_query, to_query
from hexviz.app.answers import answer_event, answer_panel
from hexviz.app.callbacks import jobs
from hexviz.app.callbacks.jobs import compared
from hexviz.app.graph.highlight import highlight
from hexviz.app.graph.side_by_side import side_by_side
from hexviz.app.jobs.results import Results
from hexviz.app.models.comparison import other_in, titles
from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.app.panels.compare import invitation, tell
from hexviz.app.protocol import At, EventRequest, Highlight, PageState, PanelRequest
from hexviz.cache import Cache
from hexviz.errors import MatchingError, SelectionError
from hexviz.view.render import Rendered
from hexviz.view.state import ViewState
from tests.app.steps import beside, compare, event, job_here, move, nobody, wired
from tests.app.test_inspector import links, text
from tests.build import parse
from tests.matching.layered import layered


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(jobs, "run_job", job_here)
    return ModelStore(Cache())


@pytest.fixture
def opened(store: ModelStore) -> tuple[OpenModel, PageState]:
    """A model of four layers, compared with one of five and another activation."""
    key = store.add_upload(layered("abcd").SerializeToString(), "before.onnx")
    content = layered("abcde", activation="Gelu").SerializeToString()
    other = f"after:{store.add_upload(content, 'after.onnx')}"
    stages: list[str] = []
    made = compared(store, key, other, lambda told: stages.append(told[0]))
    assert set(made) == {"file"}
    assert stages == [
        "Opening both graphs",
        "Matching 25 ops with 20",
        "Writing the comparison",
    ]
    view = ViewState(open=frozenset({"layer", "layer.0~3"}))
    return store.get(key), PageState(view, compared=other)


def test_the_pane_tells_differences_and_modules(opened: tuple[OpenModel, PageState]) -> None:
    model, state = opened
    found = model.comparison(state.compared)
    assert found is not None
    shown = text(tell(found, model.graph, titles(found, None, state.compared)))
    assert "before.onnx → after.onnx" in shown
    assert "20 ops before, 25 after: 16 the same, 5 added, 4 changed." in shown
    assert "Each graph has tags of its own." in shown
    assert "layer.4 (Block) is new, with 5 ops." in shown
    assert "12 modules are the same." in shown
    assert found.fates(model.graph).count("changed") == 4
    kept = Results().path(found.file)
    assert kept is not None
    assert json.loads(kept.read_bytes())["pairs"]
    assert "pairs" not in found.document


def test_a_difference_is_selected_in_both_graphs_in_open_boxes(
    store: ModelStore, opened: tuple[OpenModel, PageState]
) -> None:
    model, state = opened
    after = compare(store, model, state, "difference", "1")
    kind, ops = after.selection
    assert (kind, json.loads(ops)) == ("ops", ["v2", "v7", "v12", "v17"])
    assert after.difference == 1
    assert after.other.selection == ("ops", ops)
    assert "layer.1" in after.view.open
    pair = beside(store, model, after)
    assert "layer.1" in pair.other_view(after).open
    with pytest.raises(SelectionError, match="There is no such difference"):
        compare(store, model, state, "difference", "99")


def test_what_only_the_other_graph_has_is_selected_there_and_its_place_is_marked_here(
    store: ModelStore, opened: tuple[OpenModel, PageState]
) -> None:
    model, state = opened
    after = compare(store, model, state, "difference", "0")
    assert after.selection == ("", "")
    assert json.loads(after.other.selection[1]) == ["v20", "v21", "v22", "v23", "v24"]
    assert "layer.4" in after.other.open
    marked, marks, _ = marking(store, model, after)
    assert "o:v20" in marks.evidence
    assert not marks.place
    assert marked.place == ["o:v19"]  # the last op that both have
    assert marked.look == "o:v19"


def marking(
    store: ModelStore, model: OpenModel, state: PageState
) -> tuple[Highlight, Highlight, Rendered]:
    """What is marked of both graphs, and the picture of the other one."""
    pair = beside(store, model, state)
    drawn, other = model.render(state.view, "light"), pair.other_drawn(state, "light")
    marked = highlight(model, state, drawn)
    return marked, pair.mark(state, marked, drawn, other), other


def test_selecting_goes_in_step(store: ModelStore, opened: tuple[OpenModel, PageState]) -> None:
    model, state = opened
    here = move(model, state, "reveal", "v7")
    assert marking(store, model, here)[1].selected == "o:v7"
    there = compare(store, model, state, "select-other", ["op", "v8"])
    assert there.selection == ("op", "v8")
    only_there = compare(store, model, state, "select-other", ["op", "v21"])
    assert (only_there.selection, only_there.other.selection) == (("", ""), ("op", "v21"))
    assert move(model, only_there, "clear").other.selection == ("", "")
    module = compare(store, model, state, "select-other", ["module", "layer.2"])
    assert module.selection == ("module", "layer.2")
    new = compare(store, model, state, "select-other", ["module", "layer.4"])
    assert (new.selection, new.other.selection) == (("", ""), ("module", "layer.4"))
    assert compare(store, model, there, "select-other", ["op", "nobody"]) == there


def test_opening_goes_in_step(store: ModelStore, opened: tuple[OpenModel, PageState]) -> None:
    model, state = opened
    pair = beside(store, model, state)
    state = pair.level(state)
    assert "layer.1" not in pair.other_view(state).open
    there = compare(store, model, state, "toggle-other", "layer.1")
    assert "layer.1" in there.view.open
    assert "layer.1" in pair.other_view(there).open
    again = compare(store, model, there, "toggle-other", "layer.1")
    assert "layer.1" not in again.view.open
    new = compare(store, model, state, "toggle-other", "layer.4")
    assert new.view == state.view
    assert "layer.4" in pair.other_view(new).open
    assert (
        "layer.4" not in pair.other_view(compare(store, model, new, "toggle-other", "layer.4")).open
    )
    assert compare(store, model, new, "toggle-other", "nobody") == new


def test_a_stack_that_is_not_the_same_in_both_graphs_shows_all_of_its_members(
    store: ModelStore, opened: tuple[OpenModel, PageState]
) -> None:
    model, state = opened
    pair = beside(store, model, state)
    level = pair.level(state)
    assert level.view.apart == {"layer.0~3"}
    assert pair.other_view(level).apart == {"layer.0~4"}
    shown = pair.other_drawn(level, "light").shown
    assert {"m:layer.0", "m:layer.4"} <= set(shown)


def test_elements_that_stand_for_each_other_are_linked(
    store: ModelStore, opened: tuple[OpenModel, PageState]
) -> None:
    model, state = opened
    pair = beside(store, model, state)
    state = pair.level(move(model, state, "toggle", "layer.1"))
    own, other = model.render(state.view, "light"), pair.other_drawn(state, "light")
    links = dict(pair.links(own, other, "module"))
    assert links["m:layer.2"] == "m:layer.2"
    assert links["m:layer.1.act"] == "m:layer.1.act"
    assert links["i:x"] == "i:x"
    assert "m:layer.4" not in links.values()


def test_an_answer_has_the_other_graph_only_while_its_tab_is_open(
    store: ModelStore, opened: tuple[OpenModel, PageState]
) -> None:
    model, state = opened
    at = At(model.key, state)
    answer = answer_event(model, EventRequest(n=1, event=event("tab", "compare"), at=at), store.get)
    assert answer.other
    assert answer.other.graph
    assert answer.parts
    assert {"own-head", "other-head"} <= answer.parts.keys()
    there = answer.at
    assert there
    answer = answer_event(model, EventRequest(n=2, event=event("op", "v2"), at=there), store.get)
    assert answer.other
    assert answer.other.graph is UNSET  # the same picture
    assert answer.other.highlight.selected == "m:layer.0.act"  # the closed box around it
    here = answer.at
    answer = answer_event(model, EventRequest(n=3, event=event("tab", "graph"), at=here), store.get)
    assert answer.other is UNSET
    assert answer.at
    assert answer.at.state.view.colour == "module"


def test_a_graph_that_is_gone_is_one_line_and_the_model_is_still_shown(
    opened: tuple[OpenModel, PageState],
) -> None:
    model, state = opened
    request = EventRequest(n=1, event=event("tab", "compare"), at=At(model.key, state))
    answer = answer_event(model, request, nobody)
    assert answer.graph
    assert answer.other
    assert answer.other.error == "There is no other model."
    assert answer.other.graph is UNSET
    asked = PanelRequest(n=1, at=At(model.key, replace(state, tab="compare")))
    panel = answer_panel(model, asked, nobody)
    assert "There is no other model." in text(panel.parts["compare-selected"])


def test_both_graphs_have_the_colours_of_the_comparison(
    store: ModelStore, opened: tuple[OpenModel, PageState]
) -> None:
    model, state = opened
    request = EventRequest(n=1, event=event("tab", "compare"), at=At(model.key, state))
    answer = answer_event(model, request, store.get)
    assert answer.parts
    shown = text(answer.parts["legend"])
    assert [one for one in ("same", "changed", "added") if one in shown] == [
        "same",
        "changed",
        "added",
    ]


def test_the_graph_is_coloured_by_what_became_of_its_ops(
    opened: tuple[OpenModel, PageState],
) -> None:
    model, state = opened
    coloured = replace(state, view=replace(state.view, colour="compared"))
    legend = model.render(coloured.view, "light", coloured.answers).legend
    assert [(one.label, one.ops) for one in legend.entries] == [("same", 16), ("changed", 4)]
    with pytest.raises(MatchingError, match="There is no comparison to colour by"):
        model.render(coloured.view, "light", "")


def test_a_link_brings_the_comparison_back(opened: tuple[OpenModel, PageState]) -> None:
    model, state = opened
    coloured = replace(state, view=replace(state.view, colour="compared"))
    query = to_query(model.key, coloured)
    assert from_query(query, model).compared == state.compared
    assert from_query(query, model).view.colour == "compared"
    assert wired(coloured) == coloured
    gone = query.replace(state.compared[-8:], "0" * 8)
    assert from_query(gone, model).view.colour == "module"


def test_choosing_another_graph_ends_the_colours_of_the_last(
    opened: tuple[OpenModel, PageState],
) -> None:
    model, state = opened
    coloured = replace(state, view=replace(state.view, colour="compared"))
    other = f"before:{'0' * 64}"
    after = move(model, coloured, "compare", other)
    assert (after.compared, after.view.colour) == (other, "module")
    assert move(model, coloured, "compare", state.compared) == coloured


def test_both_ways_round(store: ModelStore, opened: tuple[OpenModel, PageState]) -> None:
    model, state = opened
    named = other_in(state.compared)
    assert named is not None
    assert named.order(model.key) == (model.key, named.key)
    found = store.get(named.key).comparison(f"before:{model.key}")
    assert found is not None
    assert found.side == "after"
    assert found.ops(0) == ["v20", "v21", "v22", "v23", "v24"]
    assert found.others_ops(0) == []
    shown = tell(found, store.get(named.key).graph, titles(found, None, f"before:{model.key}"))
    assert "0" in links(shown, "data-value")


def test_a_corrected_model_and_its_original_are_called_so(store: ModelStore) -> None:
    key = store.add_upload(layered("abcd").SerializeToString(), "model.onnx")
    edited = store.edit(store.get(key), {"v2": "layer.1"})
    role = f"before:{key}"
    compared(store, edited.key, role, lambda _: None)
    found = edited.comparison(role)
    assert found is not None
    shown = text(tell(found, edited.graph, titles(found, edited.edit, role)))
    assert "original → with your corrections" in shown
    assert "20 ops before, 20 after: 19 the same, 1 moved." in shown
    again = store.edit(edited, {"v3": "layer.1"})
    role = f"before:{edited.key}"
    compared(store, again.key, role, lambda _: None)
    found = again.comparison(role)
    assert found is not None
    assert titles(found, again.edit, role)["before"] == "before the last change"


def test_a_difference_of_no_op_says_so_and_ends_what_was_selected(store: ModelStore) -> None:
    proto = layered("abcd")
    key = store.add_upload(proto.SerializeToString(), "before.onnx")
    old = proto.graph.output[0].name
    proto.graph.output[0].name = "result"
    for node in proto.graph.node:
        node.output[:] = ["result" if name == old else name for name in node.output]
    role = f"after:{store.add_upload(proto.SerializeToString(), 'after.onnx')}"
    compared(store, key, role, lambda _: None)
    model = store.get(key)
    found = model.comparison(role)
    assert found is not None
    at = next(at for at, one in enumerate(found.differences) if not one["before"] + one["after"])
    assert "no place in the graph" in text(tell(found, model.graph, titles(found, None, role)))
    state = PageState(compared=role, tab="compare", selection=("op", "v2"))
    after = compare(store, model, state, "difference", str(at))
    assert after.difference == at
    assert after.selection == after.other.selection == ("", "")


def test_different_models_are_one_line(store: ModelStore) -> None:
    key = store.add_upload(layered().SerializeToString(), "before.onnx")
    other = parse("g (float[2] x) => (float[2] y) { a = Sin (x) b = Cos (a) y = Tanh (b) }")
    role = f"after:{store.add_upload(other.SerializeToString(), 'other.onnx')}"
    compared(store, key, role, lambda _: None)
    found = store.get(key).comparison(role)
    assert found is not None
    shown = text(tell(found, store.get(key).graph, titles(found, None, role)))
    assert "before.onnx and other.onnx are different models: 0%" in shown
    assert "Modules" not in shown
    state = PageState(compared=role, tab="compare")
    assert side_by_side(store.get(key), state, store.get) is None


@pytest.mark.parametrize(
    ("other", "line"),
    [
        ("nobody", "There is no such model to compare with."),
        (f"after:{'0' * 64}", "open"),
    ],
)
def test_what_cannot_be_compared_says_so(store: ModelStore, other: str, line: str) -> None:
    key = store.add_upload(layered().SerializeToString(), "before.onnx")
    result = compared(store, key, other, lambda _: None)
    assert line in result["error"]
    assert line in result["error"]


def test_before_anything_is_compared_the_tab_says_what_for() -> None:
    assert "what is the same, what was fused" in text(invitation())
