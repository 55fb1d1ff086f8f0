"""What the search field found: how many, the best of them, and a way to move the ops."""

from __future__ import annotations

from typing import Any

from hexviz.app import html
from hexviz.app.graph.search import Hit, search
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.parts import move_field
from hexviz.model.wording import counted

__all__ = ["hits"]


def hits(model: OpenModel, query: str) -> list[Any]:
    """The results of a search: how many there are, the best of them, and a way to move the ops.

    Raises:
        QueryError: if the search cannot be understood.
    """
    found = search(model.searching, query)
    if not found.ops and not found.modules:
        return [html.Div("Nothing found.", className="quiet", role="status")]
    move = f"Move the {counted(len(found.ops), 'op')} found to another module"
    counts = [counted(found.modules, "module")] * bool(found.modules)
    counts.append(counted(len(found.ops), "op"))
    return [
        html.Div(
            [
                html.Span(", ".join(counts), className="quiet", role="status"),
                html.Button(
                    "‹",
                    className="tool",
                    title="Previous op found (p)",
                    **{"data-event": "previous-match", "aria-label": "Previous op found"},
                ),
                html.Button(
                    "›",
                    className="tool",
                    title="Next op found (n)",
                    **{"data-event": "next-match", "aria-label": "Next op found"},
                ),
            ],
            className="found",
        ),
        *(_hit(hit) for hit in found.hits),
        *([move_field(model.graph, "found", query, move)] if found.ops else []),
    ]


def _hit(hit: Hit) -> html.Button:
    attribute = "data-op" if hit.kind == "op" else "data-module"
    return html.Button(
        [html.B(hit.title), html.Span(hit.detail, className="quiet")],
        className="hit",
        **{attribute: hit.id},
    )
