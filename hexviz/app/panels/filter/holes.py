"""Where dataflow leaves what is selected and comes back: told, and offered to be filled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

from dash import html

from hexviz.app.models.store import OpenModel
from hexviz.app.panels.filter.field import button
from hexviz.app.panels.filter.filtered import Filtered
from hexviz.app.panels.inspector.parts import counted, module_links, op_link
from hexviz.model.fqn import ancestors, common_ancestor, is_within

__all__ = ["open_holes"]

_MOST_OPS = 60


def open_holes(model: OpenModel, kept: Filtered) -> list[Any]:
    """Where dataflow leaves what is selected and comes back, with an offer to fill it."""
    found = kept.told["holes"]
    if kept.wish.fill:
        filled = kept.told["kept"]["why"].get("hole", 0)
        note = f"Holes are filled with {counted(filled, 'op')}." if filled else "No hole to fill."
        again = button("Leave holes open", "fill", "no")
        return [html.Div([html.Span(note), again], className="filled")]
    if not found:
        return []
    ops = list(dict.fromkeys(one for hole in found for one in hole["ops"]))
    modules = _outline(model, [fqn for hole in found for fqn in hole["modules"]])
    one = len(found) == 1
    return [
        html.Div(
            [
                html.B("There is a hole" if one else f"There are {len(found)} holes"),
                html.P(
                    f"Dataflow leaves the selection, goes through {counted(len(ops), 'op')} of "
                    "these modules, and comes back:"
                ),
                module_links(model.graph, modules, most=4),
                _folded(model, f"Show the {counted(len(ops), 'op')}", ops),
                button("Fill the hole" if one else "Fill the holes", "fill", "yes"),
            ],
            className="hole",
            role="group",
            **{"aria-label": "Holes"},
        )
    ]


def _outline(model: OpenModel, fqns: Sequence[str]) -> list[str]:
    """The modules right below what encloses all of them: few, and still telling."""
    tree = model.graph.modules
    paths = [ancestors(fqn) for fqn in fqns]
    around = tree.nearest(reduce(common_ancestor, fqns))
    below = (
        next(
            (one for one in path if one in tree and one != around and is_within(one, around)),
            around,
        )
        for path in paths
    )
    return list(dict.fromkeys(below))


def _folded(model: OpenModel, title: str, ops: Iterable[str]) -> html.Details:
    listed = list(ops)
    items: list[Any] = [html.Li(op_link(model.graph, op)) for op in listed[:_MOST_OPS]]
    if len(listed) > _MOST_OPS:
        items.append(html.Li(f"and {len(listed) - _MOST_OPS:,} more", className="quiet"))
    return html.Details([html.Summary(title), html.Ul(items, className="plain")])
