"""Small changes to a selection that leave less at its border.

::

    x ─▶ emb ═▶ att ─▶ head      selected: att      2 values in, 1 out
                                 add emb:           1 input less

Each change is tried out: what it would leave is counted, not guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from hexviz.errors import SelectionError
from hexviz.extraction.constants import Constants
from hexviz.extraction.report import boundary
from hexviz.extraction.selection import ModuleSelection
from hexviz.extraction.subgraph import POLICIES, Policy, Subgraph, subgraph
from hexviz.model.fqn import common_ancestor, meeting
from hexviz.model.graph import TaggedGraph

__all__ = ["Suggestion", "suggest"]

_MOST_TRIALS = 12
_WORK = 400_000  # ops looked at in all: the larger the model, the fewer changes are tried
_LEAST_TRIALS = 4
_NEIGHBOURS = 4  # modules tried on each side of the border, and of those left out


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A change, and what it is good for.

    ``what`` says what to do. ``inputs``, ``outputs`` and ``size`` (bytes; 0
    where a size is unknown) are what is less at the border then, ``ops`` how
    many more the part would keep; negative where it is the other way round.
    """

    what: str
    selected: ModuleSelection
    policy: Policy
    fill_holes: bool
    inputs: int
    outputs: int
    size: int
    ops: int


@dataclass(frozen=True, slots=True)
class _Border:
    """What a part has at its border; ``size`` is ``None`` where one is unknown."""

    inputs: int
    outputs: int
    size: int | None
    ops: int


def suggest(
    graph: TaggedGraph,
    selected: ModuleSelection,
    policy: Policy,
    *,
    fill_holes: bool = False,
    most: int = 4,
    constants: Constants | None = None,
) -> list[Suggestion]:
    """The best few changes to a selection, best first: fewer values at the border, or fewer bytes.

    It tries a bounded number of changes, each linear in the graph. What would
    keep the whole model is none. ``constants`` are as in
    :func:`hexviz.extraction.subgraph.subgraph`.

    Raises:
        SelectionError: if nothing is selected.
    """
    constants = constants or Constants(graph)
    kept = subgraph(graph, selected, policy, fill_holes=fill_holes, constants=constants)
    document = boundary(graph, selected, kept)
    present = _border(document)
    trials = max(_LEAST_TRIALS, min(_MOST_TRIALS, _WORK // max(1, len(graph.ops))))
    found: dict[tuple[int, ...], Suggestion] = {}
    for what, changed, by, fill in _changes(graph, selected, policy, kept, document, fill_holes):
        if not trials:
            break
        trials -= 1
        try:
            other = subgraph(graph, changed, by, fill_holes=fill, constants=constants)
        except SelectionError:
            continue
        after = _border(boundary(graph, changed, other))
        better = _better(what, (changed, by, fill), present, after)
        if better is not None and len(other.why) < len(graph.proto.graph.node):
            # Of two that come to the same, the first one says it more plainly.
            found.setdefault((better.inputs, better.outputs, better.size, better.ops), better)
    ranked = sorted(found.values(), key=lambda one: (-one.inputs - one.outputs, one.ops, -one.size))
    return ranked[:most]


def _border(document: dict[str, Any]) -> _Border:
    sizes = [value["bytes"] for value in (*document["inputs"], *document["outputs"])]
    known = [size for size in sizes if size is not None]
    return _Border(
        inputs=len(document["inputs"]),
        outputs=len(document["outputs"]),
        size=sum(known) if len(known) == len(sizes) else None,
        ops=document["kept"]["ops"],
    )


def _better(
    what: str, change: tuple[ModuleSelection, Policy, bool], before: _Border, after: _Border
) -> Suggestion | None:
    fewer = before.inputs + before.outputs - after.inputs - after.outputs
    known = before.size is not None and after.size is not None
    smaller = before.size - after.size if known else 0  # type: ignore[operator]
    if fewer < 0 or (fewer == 0 and smaller <= 0):
        return None
    selected, policy, fill = change
    return Suggestion(
        what=what,
        selected=selected,
        policy=policy,
        fill_holes=fill,
        inputs=before.inputs - after.inputs,
        outputs=before.outputs - after.outputs,
        size=smaller,
        ops=after.ops - before.ops,
    )


_Change = tuple[str, ModuleSelection, Policy, bool]


def _changes(
    graph: TaggedGraph,
    selected: ModuleSelection,
    policy: Policy,
    kept: Subgraph,
    document: dict[str, Any],
    fill: bool,
) -> Iterator[_Change]:
    """Changes worth trying, the likeliest first."""
    for fqn in sorted(selected.exclude)[:_NEIGHBOURS]:
        without = replace(selected, exclude=selected.exclude - {fqn})
        yield f"Do not leave out {fqn}", without, policy, fill
    if kept.holes:
        yield "Fill the hole" if len(kept.holes) == 1 else "Fill the holes", selected, policy, True
    made_by = [value["from"]["module"] for value in document["inputs"] if value["from"]]
    read_by = [module for value in document["outputs"] for module in value["read_by"]]
    near = [*dict.fromkeys(made_by)][:_NEIGHBOURS] + [*dict.fromkeys(read_by)][:_NEIGHBOURS]
    tried = {""}
    for fqn in near:
        if fqn not in tried and not selected.holds(fqn):
            tried.add(fqn)
            yield f"Add {fqn}", _with(selected, fqn), policy, fill
    around = _around(graph, selected)
    if around not in tried and not selected.holds(around):
        yield f"Take all of {around}", ModuleSelection(frozenset({around})), policy, fill
    for other in POLICIES:
        if other != policy:
            yield f"Use the policy {other}", selected, other, fill


def _with(selected: ModuleSelection, fqn: str) -> ModuleSelection:
    """The selection with a module, though it or what is in it was excluded."""
    return replace(
        selected,
        modules=selected.modules | {fqn},
        exclude=frozenset(one for one in selected.exclude if common_ancestor(one, fqn) != fqn),
    )


def _around(graph: TaggedGraph, selected: ModuleSelection) -> str:
    """The deepest module around all that is selected, or around its only module."""
    named = sorted(selected.modules) + [
        graph.ops[graph.positions[one]].module for one in sorted(selected.ops)
    ]
    shared = meeting(named) or ""
    if selected.holds(shared):
        above = graph.modules[graph.modules.nearest(shared)].parent
        return above or ""
    return graph.modules.nearest(shared)
