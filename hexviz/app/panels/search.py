"""What the search field found: how many, the best of them, and a way to move the ops."""

from __future__ import annotations

from typing import Any

from hexviz.app import html
from hexviz.app.graph.search import Found, Hit
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.parts import SHORT, middle_cut, move_field
from hexviz.model.wording import counted

__all__ = ["hits"]


def hits(model: OpenModel, query: str, found: Found) -> list[Any]:
    """The results of a search: how many there are, the best of them, and a way to move the ops."""
    if not found.hits:
        return [html.Div("Nothing found.", className="quiet", role="status")]
    move = f"Move the {counted(len(found.ops), 'op')} found to another module"
    sizes = (("module", found.modules), ("value", found.values), ("op", found.ops))
    counts = [counted(len(some), noun) for noun, some in sizes if some or noun == "op"]
    return [
        html.Div(
            [
                html.Span(", ".join(counts), className="quiet", role="status"),
                html.Button(
                    "‹",
                    className="tool",
                    title="Previous op found (N)",
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
    return html.Button(
        [html.B(_title(hit)), html.Span(middle_cut(hit.detail), className="quiet")],
        className="hit",
        title=f"{hit.title}\n{hit.detail}",
        **{"aria-label": f"{hit.title}, {hit.detail}"},
        **_leading(hit),
    )


def _title(hit: Hit) -> Any:
    kind, blank, name = hit.title.rpartition(" ")
    return [html.Span(f"{kind}{blank}"), middle_cut(name, SHORT)]


def _leading(hit: Hit) -> dict[str, str]:
    match hit.kind:
        case "op":
            return {"data-op": hit.id}
        case "module":
            return {"data-module": hit.id}
    return {"data-event": "value", "data-value": hit.id}
