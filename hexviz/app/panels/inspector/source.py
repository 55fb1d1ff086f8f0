"""The lines of a person's source code that an op came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from hexviz.app.panels.inspector.parts import counted, section
from hexviz.model.source_trace import Frame, source_lines

__all__ = ["source_section"]


def source_section(trace: str) -> html.Section | None:
    """The frames of a recorded trace, innermost first, PyTorch's own folded away below.

    ``None`` if the trace holds no frame.
    """
    frames = source_lines(trace)
    own = [frame for frame in frames if not frame.in_torch]
    folded = [frame for frame in frames if frame.in_torch]
    parts: list[Any] = [_listed(own)] if own else []
    if folded:
        parts.append(
            html.Details(
                [
                    html.Summary(f"{counted(len(folded), 'frame')} inside PyTorch"),
                    _listed(folded),
                ],
                open=not own,
            )
        )
    return section("Source", *parts) if parts else None


def _listed(frames: Sequence[Frame]) -> html.Ol:
    return html.Ol(
        [
            html.Li(
                [
                    html.Div(frame.place, className="mono quiet breakable"),
                    html.Pre(frame.code) if frame.code else None,
                ]
            )
            for frame in frames
        ],
        className="source",
    )
