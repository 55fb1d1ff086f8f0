"""Notices that a person sees below the graph, as assets/notices.js shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from hexviz.errors import HexvizError
from hexviz.model.wording import counted

__all__ = ["export_done", "export_failed", "failure", "overrides_applied", "transfer_done"]


def failure(error: HexvizError) -> list[dict[str, Any]]:
    """An error as one notification, in the words of the error itself."""
    return [
        {
            "title": "That did not work",
            "message": str(error),
            "color": "red",
        }
    ]


def export_failed(line: str, log: str) -> html.Div:
    """Why an export failed, with what the exporter said folded away below."""
    parts: list[Any] = [html.P(line)]
    if log:
        parts.append(html.Details([html.Summary("What the exporter said"), html.Pre(log)]))
    return html.Div(parts, className="failed", role="alert")


def export_done(stages: Mapping[str, float]) -> list[dict[str, Any]]:
    """What an export took, stage by stage, in seconds."""
    parts = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in stages.items())
    return [
        {
            "title": f"Exported in {sum(stages.values()):.1f} s",
            "message": parts,
            "color": "teal",
        }
    ]


def transfer_done(line: str) -> list[dict[str, Any]]:
    """What became of the tags of another graph, in one line."""
    return [
        {
            "title": "Tags were carried over",
            "message": line,
            "color": "teal",
        }
    ]


def overrides_applied(count: int, names: int = 0) -> list[dict[str, Any]]:
    """That a file of overrides moved ``count`` ops, and gave blocks so many ``names``."""
    ops = "1 op is" if count == 1 else f"{count:,} ops are"
    parts = [f"{ops} where the file says"] * bool(count or not names)
    parts += [f"{counted(names, 'block')} renamed"] * bool(names)
    return [{"title": "Overrides", "message": f"{', '.join(parts)}.", "color": "teal"}]
