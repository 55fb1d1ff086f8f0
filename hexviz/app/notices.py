"""Messages that a person sees in the corner of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html

from hexviz.errors import HexvizError

__all__ = ["export_done", "export_failed", "failure", "transfer_done"]


def failure(error: HexvizError) -> list[dict[str, Any]]:
    """An error as one notification, in the words of the error itself."""
    return [
        {
            "action": "show",
            "title": "That did not work",
            "message": str(error),
            "color": "red",
            "autoClose": 12000,
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
            "action": "show",
            "title": f"Exported in {sum(stages.values()):.1f} s",
            "message": parts,
            "color": "teal",
            "autoClose": 8000,
        }
    ]


def transfer_done(line: str) -> list[dict[str, Any]]:
    """What became of the tags of another graph, in one line."""
    return [
        {
            "action": "show",
            "title": "Tags were carried over",
            "message": line,
            "color": "teal",
            "autoClose": 12000,
        }
    ]
