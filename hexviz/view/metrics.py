"""How much room things take on the page, in pixels.

Text is measured from a table of Helvetica/Arial advance widths (units of 1/1000
em, after the Adobe core-14 metrics, rounded) because the server has no browser
to ask. A small surplus covers fonts that run wider.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = [
    "CAPTION_SIZE",
    "CLOSED_HEIGHT",
    "DOT",
    "GAP_X",
    "GAP_Y",
    "OP_HEIGHT",
    "PADDING",
    "STUB_HEIGHT",
    "TITLE_HEIGHT",
    "advance",
    "box_size",
    "shorten",
    "text_width",
]

CAPTION_SIZE = 11.0
"""Font size of what is written on edges and stubs: the smallest of all."""
OP_HEIGHT = 28.0
"""Height of an op, and of a model input or output."""
CLOSED_HEIGHT = 44.0
"""Height of a closed module: two lines."""
TITLE_HEIGHT = 30.0
"""Height of the strip at the top of an open module that holds its title."""
PADDING = 16.0
"""Room between an open module's border and what is in it."""
DOT = 12.0
"""Diameter of a constant drawn beside its consumer."""
STUB_HEIGHT = 18.0
"""Height of a named stub that stands for a line from far away."""
GAP_X = 22.0
"""Room between neighbours in one row."""
GAP_Y = 30.0
"""Room between two rows, enough for an arrow and a small label."""

_SURPLUS = 1.12
_WIDTHS = {
    222: "ijl'|",
    278: "tfI.,:;!/\\[] ·",
    333: "r-()`\u2013",
    389: '*"',
    500: "ckszvxyJ",
    556: "abdeghnopquL0123456789_#$?",
    584: "+<>=~^",
    611: "FTZ",
    667: "ABEKPSVXY&",
    722: "CDHNRUw",
    778: "GOQ",
    833: "mM",
    944: "W%@…×",
}
_ADVANCE = {letter: width for width, letters in _WIDTHS.items() for letter in letters}


_NARROWER = {"\N{MULTIPLICATION SIGN}": 584, "\N{MIDDLE DOT}": 333}
"""Letters for which the table has a surplus of its own, or too little."""


@lru_cache(maxsize=4096)
def advance(text: str, size: float) -> float:
    """Width of the longest line in Helvetica itself, without a surplus, in pixels.

    >>> round(advance("1×1", 11.0), 1)
    18.7
    """
    return (
        max(
            sum(_NARROWER.get(letter, _ADVANCE.get(letter, 600)) for letter in line)
            for line in text.split("\n")
        )
        * size
        / 1000
    )


@lru_cache(maxsize=4096)  # a picture that is drawn again has the words of the one before
def text_width(text: str, size: float = 12.0, *, bold: bool = False) -> float:
    """Width of the longest line of ``text`` at a font size, both in pixels.

    >>> text_width("MatMul") > text_width("Cast")
    True
    """
    widest = max(
        (sum(_ADVANCE.get(letter, 600) for letter in line) for line in text.split("\n")),
        default=0,
    )
    return widest * size / 1000 * _SURPLUS * (1.12 if bold else 1.0)


def box_size(label: str, height: float, *, size: float = 12.0, least: float = 44.0) -> float:
    """Width of a box of one ``height`` around a label, even so that centres are whole pixels."""
    width = max(least, text_width(label, size) + height * 0.75)
    return float(2 * round(width / 2 + 0.5))


def shorten(text: str, limit: int) -> str:
    """``text`` with its middle replaced by an ellipsis if it has more than ``limit`` letters.

    >>> shorten("attention_mask_expanded", 12)
    'attent…anded'
    """
    if len(text) <= limit:
        return text
    head = (limit) // 2
    return f"{text[:head]}…{text[len(text) - (limit - head - 1) :]}"
