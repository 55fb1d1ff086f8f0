"""The field by which a person moves ops to another module."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from dash import html

from hexviz.model.graph import TaggedGraph

__all__ = ["move_field", "offered_modules"]

_MOST = 400  # modules that are offered; any other can be typed


def offered_modules(graph: TaggedGraph) -> list[list[str]]:
    """What every such field of a model offers, as pairs of a module's name and tag.

    Sent once for a model: in each field it would be most of what an inspector takes.
    """
    return [[one.fqn or "/", one.tag] for one in islice(graph.modules, _MOST)]


def move_field(
    graph: TaggedGraph, kind: str, what: str, title: str, likely: Iterable[str] = ()
) -> html.Details:
    """A field for a module's name or tag, and a button that moves ops there.

    ``kind`` and ``what`` say which ops: ``op`` and an id, ``own`` and the FQN
    of a module whose own ops are meant, ``found`` and a search. ``likely``
    modules are offered first; the page adds :func:`offered_modules` to them.
    """
    offered = dict.fromkeys(graph.modules.nearest(fqn) for fqn in likely)
    name = f"modules-{kind}"
    # Dash's own input is a component of React; all this has to do is hold a text.
    field: Any = {
        "type": "input",
        "props": {
            "list": name,
            "data-offers": "modules",
            "placeholder": "module, by name or tag",
            "aria-label": title,
            "autocomplete": "off",
            "spellcheck": "false",
        },
    }
    options = [html.Option(graph.modules[fqn].tag, value=fqn or "/") for fqn in offered]
    return html.Details(
        [
            html.Summary(title),
            html.Div(
                [
                    field,
                    html.Datalist(options, id=name),
                    html.Button(
                        "Move",
                        className="tool",
                        **{"data-event": "move-to", "data-value": f"{kind}:{what}"},
                    ),
                ],
                className="move",
            ),
        ]
    )
