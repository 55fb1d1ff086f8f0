"""SVG elements as text, in which nothing from a model's file can end an element early."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from hexviz.view.metrics import shorten
from hexviz.view.problem import Point

__all__ = ["clean", "element", "pairs", "text_element"]

_LONGEST = 100
_ILLEGAL = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(name: str, content: str = "", **attributes: str | float) -> str:
    """An element around markup; ``_`` in the name of an attribute stands for ``-``.

    >>> element("g", element("rect", width=3.0, stroke_width=0.125, fill='"red"'))
    '<g><rect width="3" stroke-width="0.12" fill="&quot;red&quot;"/></g>'
    """
    head = name
    for key, value in attributes.items():
        text = _escaped(value) if isinstance(value, str) else _number(value)
        head += f' {key.replace("_", "-")}="{text}"'
    return f"<{head}>{content}</{name}>" if content else f"<{head}/>"


def text_element(name: str, text: str, **attributes: str | float) -> str:
    """An element around plain text.

    >>> text_element("title", "a<b")
    '<title>a&lt;b</title>'
    """
    return element(name, _escaped(text, quote=False), **attributes)


def pairs(points: Sequence[Point]) -> str:
    """Points as paths and polygons want them.

    >>> pairs([(1.0, 2.5), (-0.001, 3.14159)])
    '1,2.5 0,3.14'
    """
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def clean(text: str) -> str:
    """A label in one or two lines, what XML does not allow replaced, long lines shortened.

    >>> clean("a\\x00b\\tc")
    'a\ufffdb c'
    """
    lines = _ILLEGAL.sub("\ufffd", text).replace("\r", " ").replace("\t", " ").split("\n")
    return "\n".join(shorten(line, _LONGEST) for line in lines[:2])


def _escaped(text: str, *, quote: bool = True) -> str:
    return escape(_ILLEGAL.sub("\ufffd", text), quote)


def _number(number: float) -> str:
    """At most two decimals, and none that say nothing."""
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
