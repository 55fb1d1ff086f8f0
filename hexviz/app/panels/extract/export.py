"""What can be done with a part: verify it, take it away, or repeat it elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hexviz.app import html
from hexviz.app.address import choice_query
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.extract.part import command_line, python
from hexviz.app.panels.parts import button
from hexviz.app.protocol import ExtractChoice
from hexviz.extraction.report import unjudged_in_words

if TYPE_CHECKING:
    from hexviz.extraction.verify import OutputCheck, Verification

__all__ = ["export_tools", "refused", "verdict"]


def export_tools(model: OpenModel, choice: ExtractChoice) -> list[Any]:
    """Verify it, take it away, or repeat it elsewhere."""
    query, edited = choice_query(choice), model.edit is not None
    name = model.graph.name
    if edited:
        # The command needs the tags that a person has set: those are in the saved file.
        name = f"{name.removesuffix('.onnx')}-tagged.onnx"
    outside = model.graph.has_external_data
    rows: list[Any] = [
        html.Div(
            [
                button(
                    "Verify",
                    "verify-part",
                    query,
                    strong=True,
                    title="Run the whole and the part on the same values, and compare",
                ),
                *([] if outside else _taking(query)),
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
                button("Copy command", "copy-text", command_line(choice, name)),
                button("Copy Python", "copy-text", python(choice, name)),
            ],
            className="tool-row",
        ),
    ]
    if outside:
        rows.append(_note("The weights are in other files: save the part by the command."))
    if edited:
        rows.append(_note(f"Save the corrected model as {name} for the command and for Python."))
    return rows


def _taking(query: str) -> list[Any]:
    """Ways to the part as a file of its own."""
    return [
        button(
            "Open this part",
            "open-part",
            query,
            title="Look at the part by itself, as a model with the same tags",
        ),
        button("Save .onnx", "make-part", query, title="Download the part, with its report in it"),
    ]


def _note(text: str) -> html.P:
    return html.P(text, className="quiet")


def verdict(found: Verification, unjudged: Sequence[str] = ()) -> html.Div:
    """The result of running the whole and the part, and comparing what comes out.

    ``unjudged`` is what ONNX's checker could not judge.
    """
    digests = [
        ("The whole, SHA-256", found.whole_digest),
        ("The part as it was run, before its report was put in", found.part_digest),
    ]
    head = "Verified" if found.ok else "Not verified"
    return html.Div(
        [
            html.Div([_mark(found.ok), html.B(head)], className="verdict-head"),
            html.P(found.message),
            html.Ul([_output(one) for one in found.outputs], className="plain"),
            html.P(f"{found.runtime}, inputs {found.inputs}", className="quiet"),
            *_set_aside(unjudged),
            html.Div(
                [
                    html.Div([name, html.Div(digest, className="mono breakable")])
                    for name, digest in digests
                ],
                className="digests quiet",
            ),
        ],
        className="verdict right" if found.ok else "verdict wrong",
    )


def _set_aside(unjudged: Sequence[str]) -> list[html.P]:
    line = unjudged_in_words(unjudged)
    return [html.P(line, className="quiet breakable")] if line else []


def refused(reason: str) -> html.Div:
    """Why nothing could be verified."""
    head = html.Div([_mark(ok=False), html.B("It could not be verified")], className="verdict-head")
    return html.Div([head, html.P(reason)], className="verdict wrong")


def _output(one: OutputCheck) -> html.Li:
    return html.Li(
        [
            _mark(one.ok),
            html.Span(one.name, className="mono breakable"),
            html.Span(f"{'equal' if one.ok else 'different'}, {_error(one)}", className="quiet"),
        ]
    )


def _error(one: OutputCheck) -> str:
    if one.max_abs_error is None:
        return one.note or "not compared"
    worst = "no error" if one.max_abs_error == 0 else f"largest error {one.max_abs_error:.2g}"
    return f"{worst}; {one.note}" if one.note else worst


def _mark(ok: bool) -> html.Span:
    # A shape as well as a colour; the words beside it say the same.
    return html.Span(
        "✓" if ok else "✗", className="mark-ok" if ok else "mark-bad", **{"aria-hidden": "true"}
    )
