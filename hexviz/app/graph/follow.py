"""The next version of a file, with the page where it was in the version before.

::

    state ──address──▶ what the next version has of it: boxes, filter, trace, tab
    selection ─┬─ an op of this id and type in this module ──▶ the same
               ├─ as many of its type in its module before it ─▶ that one
               └─ gone ──▶ the nearest module around it that is left
    corrections ──▶ the same, op by op; what has no op any more is said

Exporters number what they write, so that one op more gives all that come after it other ids. An op
is known again by its place among those of its type in its module, which only a change there shifts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hexviz.app.address import from_query, to_query
from hexviz.app.models.open_model import OpenModel
from hexviz.app.models.store import ModelStore
from hexviz.app.protocol import NOTHING, PageState, Selection
from hexviz.errors import HexvizError
from hexviz.model.graph import TaggedGraph
from hexviz.model.wording import counted

__all__ = ["Counterparts", "follow"]


class Counterparts:
    """Which op of a file's next version is which of the one before."""

    def __init__(self, before: TaggedGraph, after: TaggedGraph) -> None:
        self._before = before
        self._after = after
        self._places: dict[tuple[str, str], list[str]] = {}
        for op in after.ops:
            self._places.setdefault((op.module, op.op_type), []).append(op.id)

    def op(self, op_id: str) -> str | None:
        """The id in the next version of an op of the one before; ``None`` if it is gone."""
        at = self._before.positions.get(op_id)
        if at is None:
            return None
        op = self._before.ops[at]
        here = self._after.positions.get(op_id)
        if here is not None:
            same = self._after.ops[here]
            if (same.module, same.op_type) == (op.module, op.op_type):
                return op_id
        ahead = sum(
            1
            for one in self._before.ops[:at]
            if (one.module, one.op_type) == (op.module, op.op_type)
        )
        place = self._places.get((op.module, op.op_type), [])
        return place[ahead] if ahead < len(place) else None

    def module(self, fqn: str) -> str:
        """The module of this name in the next version, or the nearest around it that is left."""
        while fqn not in self._after.modules:
            fqn = fqn.rpartition(".")[0]
        return fqn


def follow(
    store: ModelStore, model: str, state: PageState, key: str
) -> tuple[OpenModel, PageState, str]:
    """The model with this key, the state of a page that showed ``model``, and what to say of it.

    Corrections that a person made in ``model`` are made again. What is said is "" if none is lost.

    Raises:
        HexvizError: if that version cannot be opened.
    """
    after = store.get(key)
    try:
        before = store.get(model)
        file = store.get(before.base)
    except HexvizError:  # it is not kept: of what it was, names are all there is
        return after, from_query(to_query(key, state), after), ""
    note = ""
    same = Counterparts(file.graph, after.graph)
    if before.edit is not None:
        after, lost = _renamed(store, after, before.edit.renames)
        after, note = _corrected(store, after, before.edit.overrides, same)
        note += lost
        if before.edit.tags:
            note += (
                " Tags taken from another graph were those of the version before: take them anew."
            )
    found = from_query(to_query(key, state), after)
    selection = _selection(state.selection, found.selection, before, same)
    return after, replace(found, selection=selection), note.strip()


def _renamed(
    store: ModelStore, after: OpenModel, renames: Sequence[tuple[str, str]]
) -> tuple[OpenModel, str]:
    """The next version with a person's names of recovered blocks, and what became of them."""
    lost = 0
    for block, name in renames:
        try:
            after = store.rename(after, block, name)
        except HexvizError:  # it is not found there, or its name is another's by now
            lost += 1
    gone = "its block is gone" if lost == 1 else "their blocks are gone"
    return after, f" {counted(lost, 'name')} you gave: {gone} in the new version." if lost else ""


def _corrected(
    store: ModelStore, after: OpenModel, overrides: Mapping[str, str], same: Counterparts
) -> tuple[OpenModel, str]:
    """The next version with a person's corrections, and what became of them."""
    carried: dict[str, str | None] = {}
    for op, fqn in overrides.items():
        found = same.op(op)
        if found is not None and fqn in after.graph.modules:
            carried[found] = fqn
    if carried:
        after = store.edit(after, carried)
    lost = len(overrides) - len(carried)
    if not lost:
        return after, ""
    kept = f"{len(carried):,} of them stand" if carried else "none of them stands"
    return after, (
        f"Of {counted(len(overrides), 'correction')}, {kept} in the new version: "
        f"the ops or modules of {lost:,} are gone."
    )


def _selection(
    selection: Selection,
    found: Selection,
    before: OpenModel,
    same: Counterparts,
) -> Selection:
    """What is selected in the next version, ``found`` being what has the same name there."""
    kind, name = selection
    if kind == "op":
        op = same.op(name)
        if op is not None:
            return "op", op
        graph = before.graph
        return "module", same.module(graph.ops[graph.positions[name]].module)
    if kind == "module" and found == NOTHING:
        return "module", same.module(name)
    return found
