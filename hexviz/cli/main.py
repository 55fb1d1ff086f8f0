"""The command's beginning and end: which parser reads its arguments, and how errors are said.

::

    hexviz model.onnx --port 0 ──▶ what most people give: plain_view.py
    all else ────────────────────▶ command.py, typer

typer brings pydantic; together they take as long to import as a model of 1,000 ops takes to be
read, tagged and drawn.
"""

from __future__ import annotations

import sys

from hexviz.cli.failure import fail
from hexviz.cli.log import stages_logged
from hexviz.cli.plain_view import plain_view
from hexviz.cli.signals import ended_by_signals
from hexviz.errors import ExportError, HexvizError

__all__ = ["main"]


def main() -> None:
    """Run the command; any :class:`HexvizError` ends it with one line and exit code 2."""
    code: object = 0
    try:
        with ended_by_signals(), stages_logged():
            plain = plain_view(sys.argv[1:])
            if plain is None:
                from hexviz.cli.command import run

                code = run(sys.argv[1:])
            elif plain.desktop:
                from hexviz.desktop.run import show

                show(plain.source)
            else:
                from hexviz.app.serve import serve

                source, port, host, open_browser, watch, _ = plain
                serve(source, host=host, port=port, open_browser=open_browser, watch=watch)
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
