"""What all charts are made of: colours of a theme, axes, names that are shown as text.

A figure is plotly's plain JSON, so nothing here needs plotly itself.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hexviz.view.oklch import hex_of
from hexviz.view.palette import Theme

__all__ = [
    "INKS",
    "PATTERNS",
    "STILL",
    "Figure",
    "Inks",
    "axis",
    "figure",
    "hues",
    "in_seconds",
    "in_words",
    "shortened",
]

Figure = dict[str, Any]
"""``{"data": […], "layout": {…}}`` as plotly.js takes it."""

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
_LONGEST = 44  # characters of a name beside a bar

STILL: Figure = {"itemclick": False, "itemdoubleclick": False}
"""For a legend that only tells."""

PATTERNS = ("", "/", "x", ".", "-", "\\")
"""Fillings that tell neighbouring parts of a bar apart without their colours."""


@dataclass(frozen=True, slots=True)
class Inks:
    """The page's colours in one theme, as in ``assets/hexviz.css``; each ``#rrggbb``."""

    ink: str
    quiet: str
    line: str
    accent: str
    surface: str


INKS: Mapping[Theme, Inks] = {
    "light": Inks("#1d2129", "#5c6370", "#e3e5ea", "#4051b5", "#ffffff"),
    "dark": Inks("#e6e8ec", "#a0a7b4", "#2e333c", "#9aa8ff", "#1b1e24"),
}


def hues(theme: Theme, count: int) -> list[str]:
    """So many colours of even lightness, each at least 3:1 against the page."""
    lightness, chroma = (0.56, 0.11) if theme == "light" else (0.72, 0.10)
    return [
        hex_of(lightness, chroma, (264 + 360 * at / max(count, 1)) % 360) for at in range(count)
    ]


def figure(data: list[dict[str, Any]], theme: Theme, *, height: int, **layout: Any) -> Figure:
    """A figure in the colours of the page, ``height`` pixels high and as wide as its place."""
    inks = INKS[theme]
    return {
        "data": data,
        "layout": {
            "height": height,
            "autosize": True,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": _FONT, "size": 12, "color": inks.ink},
            "hoverlabel": {
                "bgcolor": inks.surface,
                "bordercolor": inks.quiet,
                "font": {"family": _FONT, "size": 12, "color": inks.ink},
                "align": "left",
                "namelength": -1,
            },
            "margin": {"l": 8, "r": 24, "t": 8, "b": 36},
            "dragmode": False,
            "showlegend": False,
        }
        | layout,
    }


def axis(theme: Theme, title: str = "", **more: Any) -> dict[str, Any]:
    """An axis in the page's colours; ``title`` says what it measures, and in what."""
    inks = INKS[theme]
    return {
        "title": {"text": title, "font": {"size": 12, "color": inks.quiet}, "standoff": 8},
        "gridcolor": inks.line,
        "linecolor": inks.line,
        "zeroline": False,
        "automargin": True,
        "fixedrange": True,
        "tickfont": {"color": inks.quiet, "size": 11},
    } | more


def in_words(name: str) -> str:
    """A stranger's name for a chart: plotly reads some HTML in its texts, and must not here.

    >>> in_words("<b>a & b</b>")
    '&lt;b&gt;a &amp; b&lt;/b&gt;'
    """
    return html.escape(" ".join(name.split()), quote=False)


def shortened(name: str, most: int = _LONGEST) -> str:
    """A name for an axis: one that is long loses its middle.

    >>> shortened("encoder.layer.0.attention.self.query", 17)
    'encoder.…lf.query'
    """
    if len(name) <= most:
        return name
    half = (most - 1) // 2
    return f"{name[:half]}…{name[-(most - 1 - half) :]}"


def in_seconds(seconds: float) -> str:
    """A time as people read it.

    >>> in_seconds(83.24), in_seconds(1.234), in_seconds(0.0123), in_seconds(0.00042)
    ('83 s', '1.23 s', '12 ms', '0.42 ms')
    """
    if seconds >= 9.995:
        return f"{seconds:,.0f} s"
    if seconds >= 0.9995:
        return f"{seconds:.2f} s"
    if seconds >= 0.00995:
        return f"{seconds * 1e3:.0f} ms"
    return f"{seconds * 1e3:.2f} ms" if seconds else "0 ms"
