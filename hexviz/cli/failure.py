"""How a command ends that cannot do what it was told: in one line on stderr, with exit code 2."""

from __future__ import annotations

import sys
from typing import NoReturn

__all__ = ["fail"]


def fail(line: str) -> NoReturn:
    """End the command with a line."""
    # Names in a message are a stranger's: they may not steer the terminal.
    printable = "".join(char if char.isprintable() else "�" for char in " ".join(line.split()))
    print("hexviz:", printable, file=sys.stderr)  # noqa: T201
    raise SystemExit(2)
