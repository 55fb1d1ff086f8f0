"""What the commands print with ``--json``."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["print_json"]


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on stdout."""
    print(json.dumps(document, indent=2, ensure_ascii=True))  # noqa: T201
