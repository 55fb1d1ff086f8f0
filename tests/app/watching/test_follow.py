"""The page stays where it was when the file's next version comes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hexviz.app.graph.follow import follow
from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.app.protocol import PageState, Selection
from hexviz.cache import Cache
from hexviz.view.state import ViewState
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped

CHANGED = NET.replace("k = Exp (a)", "k0 = Tanh (a)\n    k1 = Exp (k0)\n    k = Exp (k1)")
"""The op that gave ``k`` is the second of its type in its module now."""

WITHOUT = NET.replace("    q = Relu (a)\n", "").replace("Mul (q, r)", "Mul (a, r)")


class Versions:
    def __init__(self, folder: Path) -> None:
        self.store = ModelStore(Cache(folder / "cache"))
        self.folder = folder

    def add(self, text: str, **scopes: str) -> OpenModel:
        path = self.folder / f"{len(list(self.folder.iterdir()))}.onnx"
        named = {name: fqn for name, fqn in (SCOPES | scopes).items() if f"{name} =" in text}
        path.write_bytes(scoped(parse(text), named).SerializeToString())
        return self.store.get(self.store.add_file(path))


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path)


def state(selection: Selection, *opened: str) -> PageState:
    view = ViewState(frozenset(opened), hidden=frozenset({"head"}))
    return PageState(view, selection, tab="extract")


def test_boxes_filter_selection_and_tab_stay(versions: Versions) -> None:
    before, after = versions.add(NET), versions.add(CHANGED, k0="enc.att.k", k1="enc.att.k")
    was = state(("op", "m"), "enc", "enc.att")
    model, now, note = follow(versions.store, before.key, was, after.key)
    assert (model.key, note) == (after.key, "")
    assert now == was


def test_an_op_is_known_again_by_its_place_among_its_like(versions: Versions) -> None:
    before = versions.add(NET)
    renumbered = NET.replace("q = Relu", "q7 = Relu").replace("Mul (q,", "Mul (q7,")
    after = versions.add(renumbered, q7="enc.att.q")
    now = follow(versions.store, before.key, state(("op", "q")), after.key)[1]
    assert now.selection == ("op", "q7")


def test_an_id_that_another_op_has_now_is_not_taken_for_the_same(versions: Versions) -> None:
    before = versions.add(NET)
    swapped = NET.replace("q = Relu (a)", "p = Relu (a)\n    q = Neg (p)")
    after = versions.add(swapped, p="enc.att.q")
    now = follow(versions.store, before.key, state(("op", "q")), after.key)[1]
    assert now.selection == ("op", "p")


@pytest.mark.parametrize("selection", [("op", "q"), ("module", "enc.att.q")])
def test_of_what_is_gone_the_nearest_module_is_selected(
    versions: Versions, selection: Selection
) -> None:
    before, after = versions.add(NET), versions.add(WITHOUT)
    was = state(selection, "", "enc", "enc.att", "enc.att.q")
    now = follow(versions.store, before.key, was, after.key)[1]
    assert now.selection == ("module", "enc.att")
    assert "enc.att" in now.view.open
    assert "enc.att.q" not in now.view.open


def test_corrections_are_made_again(versions: Versions) -> None:
    before, after = versions.add(NET), versions.add(CHANGED, k0="enc.att.k", k1="enc.att.k")
    corrected = versions.store.edit(before, {"o": "enc"})
    model, _, note = follow(versions.store, corrected.key, PageState(), after.key)
    assert model.base == after.key
    assert model.graph.op("o").module == "enc"
    assert note == ""


def test_corrections_of_what_is_gone_are_said_to_be_lost(versions: Versions) -> None:
    before, after = versions.add(NET), versions.add(WITHOUT)
    corrected = versions.store.edit(before, {"o": "enc", "q": "enc"})
    model, _, note = follow(versions.store, corrected.key, PageState(), after.key)
    assert dict(model.edit.overrides if model.edit else {}) == {"o": "enc"}
    assert note == (
        "Of 2 corrections, 1 of them stand in the new version: the ops or modules of 1 are gone."
    )


def test_a_version_that_is_not_kept_leaves_names(versions: Versions) -> None:
    after = versions.add(NET)
    was = replace(state(("op", "m"), ""), tour=-1)
    model, now, note = follow(versions.store, "0" * 64, was, after.key)
    assert (model.key, now.selection, note) == (after.key, ("op", "m"), "")
