"""What the compare tab offers to compare with, and what it says of what is selected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hexviz.app import html
from hexviz.app.graph.navigation import selected_ops
from hexviz.app.graph.side_by_side import SideBySide
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.parts import breaking
from hexviz.app.protocol import PageState
from hexviz.model.graph import TaggedGraph
from hexviz.model.wording import counted

__all__ = ["known_others", "selected_in_both"]

_MOST_OPS = 3  # that are named one by one


def known_others(model: OpenModel) -> list[Any]:
    """Other states of an edited model: the file as it was opened, the step before."""
    edit = model.edit
    if edit is None:
        return []
    offers = [(edit.base, "The original", "The file as it was opened, without what was changed")]
    if edit.before != edit.base:
        offers.append((edit.before, "Before the last change", "The step that undo leads to"))
    return [
        html.Div(
            [
                html.Button(
                    label,
                    className="tool",
                    title=title,
                    **{"data-event": "compare", "data-value": f"before:{key}"},
                )
                for key, label, title in offers
            ],
            className="tool-row",
        )
    ]


def selected_in_both(pair: SideBySide, state: PageState) -> list[Any]:
    """What is selected in one graph or in both, what became of it, and its counterparts."""
    mine = selected_ops(pair.own, state.selection)
    theirs = selected_ops(pair.other, state.other.selection)
    if not theirs:
        known = pair.alignment.ops
        theirs = list(dict.fromkeys(two for one in mine for two in known.get(one, ())))
    if not mine and not theirs:
        return _module(pair, state)
    own_side: str = pair.found.side
    sides = {
        own_side: _side(pair.own.graph, mine, pair.titles[own_side], "reveal"),
    }
    other_side = "after" if own_side == "before" else "before"
    file = pair.titles[other_side]
    sides[other_side] = _side(pair.other.graph, theirs, file, "select-other-op")
    said = _messages(pair, mine, theirs)
    tools = (
        html.Button(
            "Inspect",
            className="tool",
            title="Show it in the graph's tab, with all that is known of it",
            **{"data-event": "goto", "data-value": mine[0]},
        )
        if len(mine) == 1
        else None
    )
    return [
        *(html.P(breaking(line), className="compare-fate") for line in said),
        html.Dl([sides["before"], sides["after"]], className="counterparts"),
        tools,
    ]


def _side(graph: TaggedGraph, ops: Sequence[str], file: str, action: str) -> list[Any]:
    """The ops of one graph: what they are, where they are."""
    if not ops:
        return [html.Dt(file), html.Dd("nothing: its place is marked", className="quiet")]
    if len(ops) > _MOST_OPS:
        return [html.Dt(file), html.Dd(counted(len(ops), "op"))]
    listed = []
    for name in ops:
        op = graph.op(name)
        listed.append(
            html.Dd(
                [
                    html.Button(
                        [html.B(op.op_type), " ", html.Span(op.id, className="mono quiet")],
                        className="link",
                        title=op.tag,
                        **{"data-event": action, "data-value": op.id},
                    ),
                    html.Span(op.module or "the model itself", className="quiet breakable"),
                ]
            )
        )
    return [html.Dt(file), *listed]


def _messages(pair: SideBySide, mine: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """The differences that an op is part of; of several ops, the list says it."""
    own, other = pair.found.side, "after" if pair.found.side == "before" else "before"
    ops = {own: mine, other: theirs}
    if len(mine) > 1 or (len(theirs) > 1 and len(mine) != 1):
        return []
    said = [
        str(one["message"])
        for one in pair.found.differences
        if any(op in one[side] for side in ops for op in ops[side][:1])
    ]
    return said or ["The same in both."]


def _module(pair: SideBySide, state: PageState) -> list[Any]:
    """What a selected module is called in both graphs."""
    modules, back = pair.alignment.modules, pair.alignment.modules_back
    own = other = None
    match state.other.selection, state.selection:
        case ("module", name), _:
            own, other = back.get(name), name
        case _, ("module", name):
            own, other = name, modules.get(name)
        case _:
            return []
    names = {pair.found.side: own, "after" if pair.found.side == "before" else "before": other}
    return [
        html.Dl(
            [
                [
                    html.Dt(pair.titles[side]),
                    html.Dd(
                        "no such module" if name is None else name or "the model itself",
                        className="breakable" if name is not None else "quiet",
                    ),
                ]
                for side, name in ((side, names[side]) for side in ("before", "after"))
            ],
            className="counterparts",
        )
    ]
