"""What can be done with a part: verify it, take it away, or repeat it elsewhere."""

from __future__ import annotations

from typing import Any

from dash import html

from hexviz.app.models.store import OpenModel
from hexviz.app.panels.filter.commands import command_line, python
from hexviz.app.panels.filter.field import button
from hexviz.app.panels.filter.wish import Wish, written

__all__ = ["leaving"]


def leaving(model: OpenModel, wish: Wish) -> list[Any]:
    """Verify it, take it away, or repeat it elsewhere."""
    query, edited = written(wish), model.edit is not None
    name = model.graph.name
    if edited:
        # The command needs the tags that a person has set: those are in the saved file.
        name = f"{name.removesuffix('.onnx')}-tagged.onnx"
    outside = model.graph.has_external_data
    rows = [
        html.Div(
            [
                button(
                    "Verify",
                    "verify-part",
                    query,
                    strong=True,
                    title="Run the whole and the part on the same values, and compare",
                ),
                *([] if outside else [button("Download .onnx", "make-part", query)]),
                button(
                    "Save report",
                    "report-part",
                    query,
                    title="Download what is kept, what is cut and what was checked, as JSON",
                ),
            ],
            className="tool-row",
        ),
        html.Div(
            [
                button("Copy command", "copy-text", command_line(wish, name)),
                button("Copy Python", "copy-text", python(wish, name)),
            ],
            className="tool-row",
        ),
    ]
    if outside:
        rows.append(_note("The weights are in other files: save the part by the command."))
    if edited:
        rows.append(_note(f"Save the corrected model as {name} for the command and for Python."))
    return rows


def _note(text: str) -> html.P:
    return html.P(text, className="quiet")
