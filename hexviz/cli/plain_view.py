"""``hexviz view FILE`` as most people give it: its defaults, and how it is read without typer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["HOST", "JOBS_VARIABLE", "PORT", "TOKEN_VARIABLE", "PlainView", "plain_view"]

PORT = 8050
HOST = "127.0.0.1"
JOBS_VARIABLE = "HEXVIZ_JOBS"
TOKEN_VARIABLE = "HEXVIZ_TOKEN"  # noqa: S105 - its name

_LARGEST_PORT = 65535


class PlainView(NamedTuple):
    """What most people ask of ``hexviz view``."""

    source: Path | None
    port: int = PORT
    host: str = HOST
    open_browser: bool = True
    watch: bool = False
    desktop: bool = False


def plain_view(arguments: Sequence[str]) -> PlainView | None:
    """What arguments ask for, if that is no more than to view an .onnx file; else ``None``.

    Whatever is misspelt, doubled or out of bounds is left to typer, which says so.

    >>> plain_view(["view", "m.onnx", "--port", "0"]).port, plain_view(["view", "gpt2"])
    (0, None)
    """
    desktop = _plain_desktop(arguments)
    if desktop is not None:
        return desktop
    if JOBS_VARIABLE in os.environ or TOKEN_VARIABLE in os.environ:
        return None
    given = list(arguments)
    if given[:1] == ["view"]:
        del given[0]
    elif not given or not given[0].endswith(".onnx"):
        return None
    found: dict[str, str] = {}
    while given:
        name = given.pop(0)
        if name in ("--port", "--host") and given:
            value = given.pop(0)
        elif name in ("--no-browser", "--watch") or (
            name.endswith(".onnx") and not name.startswith("-")
        ):
            name, value = ("source", name) if name.endswith(".onnx") else (name, "")
        else:
            return None
        if name in found or value.startswith("-"):
            return None
        found[name] = value
    port = found.get("--port", str(PORT))
    if "source" not in found or not (port.isascii() and port.isdecimal() and len(port) <= 5):
        return None
    if int(port) > _LARGEST_PORT:
        return None
    host = found.get("--host", HOST)
    return PlainView(
        Path(found["source"]), int(port), host, "--no-browser" not in found, "--watch" in found
    )


def _plain_desktop(arguments: Sequence[str]) -> PlainView | None:
    """What ``--desktop`` with nothing but a file beside it asks for: what desktops call.

    >>> plain_view(["--desktop", "m.onnx"]).desktop, plain_view(["--desktop", "gpt2"])
    (True, None)
    """
    files = [one for one in arguments if one != "--desktop"]
    if files[:1] == ["view"]:
        del files[0]
    is_plain = len(files) <= 1 and all(
        one.endswith(".onnx") and not one.startswith("-") for one in files
    )
    if arguments.count("--desktop") != 1 or not is_plain or JOBS_VARIABLE in os.environ:
        return None
    return PlainView(Path(files[0]) if files else None, desktop=True)
