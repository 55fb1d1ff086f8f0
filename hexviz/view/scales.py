"""Colours for facts and numbers that stay apart for people who are colour-blind.

Facts take the eight colours of Okabe and Ito (2008), made to be told apart
with protanopia, deuteranopia and tritanopia. Numbers take cividis (Nuñez,
Anderton and Renslow, 2018), which also rises evenly in lightness. Both are
mixed a little with the page, to stay quiet; a test simulates the three kinds
of colour blindness on what comes out.
"""

from __future__ import annotations

from hexviz.view.oklch import contrast
from hexviz.view.palette import PAGE, Swatch, Theme

__all__ = ["category_swatch", "plain_swatch", "step_swatch"]

_FACTS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#0072b2", "#d55e00")
_GREY = {"light": "#9aa0a8", "dark": "#5a626d"}
_CIVIDIS = ("#00224e", "#2f466b", "#575d6d", "#7c7b78", "#a69d75", "#d3c164", "#fee838")
_STRENGTH = 0.82
_SOFT = 0.34
_FILL = 0.16


def category_swatch(at: int, theme: Theme) -> Swatch:
    """The colours of the fact number ``at``; from the eighth on, grey."""
    if at >= len(_FACTS):
        return plain_swatch(theme)
    return _swatch(_mixed(_FACTS[at], PAGE[theme], _STRENGTH), theme)


def step_swatch(share: float, theme: Theme) -> Swatch:
    """The colours of a place on a scale, 0 (low) to 1 (high)."""
    at = share * (len(_CIVIDIS) - 1)
    low = min(int(at), len(_CIVIDIS) - 2)
    return _swatch(_mixed(_CIVIDIS[low + 1], _CIVIDIS[low], at - low), theme)


def plain_swatch(theme: Theme) -> Swatch:
    """Grey: for what has no answer."""
    return _swatch(_GREY[theme], theme)


def _swatch(solid: str, theme: Theme) -> Swatch:
    page = PAGE[theme]
    ink = "#14171c" if theme == "light" else "#f4f6f8"
    on_solid = max(("#000000", "#ffffff"), key=lambda one: contrast(one, solid))
    return Swatch(
        fill=_mixed(solid, page, _FILL),
        border=_border(solid, page, ink),
        ink=ink,
        solid=solid,
        solid_ink=on_solid,
        soft=_mixed(solid, page, _SOFT),
        soft_ink=ink,
    )


def _border(solid: str, page: str, ink: str) -> str:
    """The colour itself, moved towards the ink until it stands out from the page."""
    for step in range(11):
        border = _mixed(ink, solid, step / 10)
        if contrast(border, page) >= 3.05:
            return border
    return ink


def _mixed(one: str, other: str, share: float) -> str:
    """``share`` of one colour and the rest of another, channel by channel."""
    pairs = ((int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)
