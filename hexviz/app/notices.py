"""Messages that a person sees in the corner of the page."""

from __future__ import annotations

from typing import Any

from hexviz.errors import HexvizError

__all__ = ["failure"]


def failure(error: HexvizError) -> list[dict[str, Any]]:
    """An error as one notification, in the words of the error itself."""
    return [
        {
            "action": "show",
            "title": "That did not work",
            "message": str(error),
            "color": "red",
            "autoClose": 12000,
        }
    ]
