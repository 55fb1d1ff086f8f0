"""Content as JSON, and packed so that it can stand in a page of HTML."""

from __future__ import annotations

import base64
import re
import zlib
from typing import Any

import msgspec

__all__ = ["as_json", "packed", "whole"]

_HALF = re.compile("[\ud800-\udfff]")


def packed(content: Any) -> str:
    """JSON, deflated, in base64: no letter of it means anything in HTML."""
    return base64.b64encode(zlib.compress(as_json(content), 9)).decode()


def as_json(content: Any) -> bytes:
    """JSON in UTF-8; halves of surrogate pairs, which that cannot hold, become a sign for them."""
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError:
        return msgspec.json.encode(_without_halves(content))


def whole(text: str) -> str:
    """A text that UTF-8 can hold: a model may name things with halves of surrogate pairs."""
    return _HALF.sub("\ufffd", text)


def _without_halves(content: Any) -> Any:
    if isinstance(content, str):
        return whole(content)
    if isinstance(content, dict):
        return {whole(key): _without_halves(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_without_halves(one) for one in content]
    return content
