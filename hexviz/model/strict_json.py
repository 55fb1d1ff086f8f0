"""JSON from a file that may be a stranger's, held to what JSON allows and a float can hold."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

__all__ = ["read_json"]

_DIGITS = 300
"""Of a whole number: with more, it is larger than any float."""


def read_json(content: bytes) -> Any:
    """What UTF-8 bytes say, with or without a byte order mark; every number fits into a float.

    Raises:
        ValueError: if they are no JSON, or a number is too large; NaN and infinities, which
            Python reads, are no JSON.
        RecursionError: if they nest without end.
    """
    return json.loads(
        content.decode("utf-8-sig"),
        parse_constant=_no_number,
        parse_int=_whole,
        parse_float=_fraction,
    )


def _whole(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"a number of {len(text)} digits is too large")
    return int(text)


def _fraction(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large")
    return number


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
