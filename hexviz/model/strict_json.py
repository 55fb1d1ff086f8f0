"""JSON from a file that may be a stranger's, held to what JSON allows."""

from __future__ import annotations

import json
from typing import Any, NoReturn

__all__ = ["read_json"]


def read_json(content: bytes) -> Any:
    """What UTF-8 bytes say, with or without a byte order mark.

    Raises:
        ValueError: if they are no JSON; NaN and infinities, which Python reads, are none.
        RecursionError: if they nest without end.
    """
    return json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
