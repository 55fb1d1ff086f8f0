"""The command's beginning and end: which parser reads its arguments, and how errors are said.

::

    hexviz model.onnx --port 0 ──▶ what most people give: read here   (plain_view)
    all else ────────────────────▶ command.py, typer

typer brings pydantic; together they take as long to import as a model of 1,000 ops takes to be
read, tagged and drawn.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hexviz.cli.failure import fail
from hexviz.cli.log import stages_logged
from hexviz.cli.signals import ended_by_signals
from hexviz.errors import ExportError, HexvizError

__all__ = ["HOST", "JOBS_VARIABLE", "PORT", "TOKEN_VARIABLE", "PlainView", "main", "plain_view"]

PORT = 8050
HOST = "127.0.0.1"
JOBS_VARIABLE = "HEXVIZ_JOBS"
TOKEN_VARIABLE = "HEXVIZ_TOKEN"  # noqa: S105 - its name

_LARGEST_PORT = 65535


class PlainView(NamedTuple):
    """What most people ask of ``hexviz view``."""

    source: Path
    port: int = PORT
    host: str = HOST
    open_browser: bool = True


def plain_view(arguments: Sequence[str]) -> PlainView | None:
    """What arguments ask for, if that is no more than to view an .onnx file; else ``None``.

    Whatever is misspelt, doubled or out of bounds is left to typer, which says so.

    >>> plain_view(["view", "m.onnx", "--port", "0"]).port, plain_view(["view", "gpt2"])
    (0, None)
    """
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
        elif name == "--no-browser" or (name.endswith(".onnx") and not name.startswith("-")):
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
    return PlainView(Path(found["source"]), int(port), host, "--no-browser" not in found)


def main() -> None:
    """Run the command; any :class:`HexvizError` ends it with one line and exit code 2."""
    code: object = 0
    try:
        with ended_by_signals(), stages_logged():
            plain = plain_view(sys.argv[1:])
            if plain is None:
                from hexviz.cli.command import run

                code = run(sys.argv[1:])
            else:
                from hexviz.app.serve import serve

                source, port, host, open_browser = plain
                serve(source, host=host, port=port, open_browser=open_browser)
    except ExportError as error:
        fail(f"{error}{_where_log_is(error)}")
    except HexvizError as error:
        fail(str(error))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    raise SystemExit(code if isinstance(code, int) else 0)


def _where_log_is(error: ExportError) -> str:
    """What an exporter printed before it failed, kept in the cache folder, as a sentence."""
    if not error.log:
        return ""
    from hexviz.cache import Cache
    from hexviz.model.files import write_atomically

    path = Cache().folder("exports") / "failed.log"
    write_atomically(path, [error.log.encode()])
    return f" The log is in {path}."
