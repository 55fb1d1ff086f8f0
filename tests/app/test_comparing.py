"""The compare tab: what a job keeps, what the pane tells of it, and where its buttons lead."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hexviz.app.address import from_query, to_query
from hexviz.app.callbacks import jobs
from hexviz.app.callbacks.jobs import compared
from hexviz.app.jobs.results import Results
from hexviz.app.models.comparison import other_in
from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.app.panels.compare import invitation, tell
from hexviz.app.protocol import PageState
from hexviz.cache import Cache
from hexviz.errors import MatchingError, SelectionError
from tests.app.steps import job_here, move, wired
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
    return store.get(key), PageState(compared=other)


def test_the_pane_tells_differences_and_modules(opened: tuple[OpenModel, PageState]) -> None:
    model, state = opened
    found = model.comparison(state.compared)
    assert found is not None
    shown = text(tell(found, model.graph))
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


def test_a_button_selects_the_ops_and_opens_their_modules(
    opened: tuple[OpenModel, PageState],
) -> None:
    model, state = opened
    after = move(model, state, "difference", "1")
    kind, ops = after.selection
    assert (kind, json.loads(ops)) == ("ops", ["v2", "v7", "v12", "v17"])
    assert after.view.open
    assert model.render(after.view, "light").elements


def test_ops_of_the_other_graph_are_not_shown_here(opened: tuple[OpenModel, PageState]) -> None:
    model, state = opened
    with pytest.raises(SelectionError, match="These ops are in the other graph: open it"):
        move(model, state, "difference", "0")
    with pytest.raises(SelectionError, match="That comparison is gone"):
        move(model, state, "difference", "99")


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
    shown = tell(found, store.get(named.key).graph)
    assert "0" in links(shown, "data-value")


def test_different_models_are_one_line(store: ModelStore) -> None:
    key = store.add_upload(layered().SerializeToString(), "before.onnx")
    other = parse("g (float[2] x) => (float[2] y) { a = Sin (x) b = Cos (a) y = Tanh (b) }")
    role = f"after:{store.add_upload(other.SerializeToString(), 'other.onnx')}"
    compared(store, key, role, lambda _: None)
    found = store.get(key).comparison(role)
    assert found is not None
    shown = text(tell(found, store.get(key).graph))
    assert "before.onnx and other.onnx are different models: 0%" in shown
    assert "Modules" not in shown


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
