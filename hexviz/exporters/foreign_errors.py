"""Turn the exceptions of other people's code into one readable line. Needs no torch."""

from __future__ import annotations

import re

__all__ = ["first_line", "plain"]

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_LONGEST = 300


def plain(text: str) -> str:
    """The text without terminal colours.

    >>> plain("\\x1b[31mred\\x1b[0m")
    'red'
    """
    return _ANSI.sub("", text)


def first_line(error: BaseException) -> str:
    """The class of an error and the first line of its message that says something.

    At most about 300 characters, without terminal colours, closed by a full stop.

    >>> first_line(ValueError("\\n\\x1b[31mwrong\\x1b[0m shape\\nand more"))
    'ValueError: wrong shape.'
    """
    lines = (" ".join(line.split()) for line in plain(str(error)).splitlines())
    # rulers and lone brackets are no message
    said = next((line for line in lines if re.search(r"\w", line)), "")
    line = f"{type(error).__name__}: {said}" if said else type(error).__name__
    if len(line) > _LONGEST:
        line = line[: _LONGEST - 1].rstrip() + "…"
    return line if line.endswith((".", "!", "?", "…")) else line.rstrip(":;,") + "."
