"""The process that exports a factory: ``python -m hexviz.app.watching.export_once FACTORY FILE``.

It imports the source as it is now, which a process that has imported it before does not. One line
of JSON goes out: ``{"files": […]}`` of the source, and ``error`` with ``details`` if it failed.
Standard input stays open for as long as somebody waits: its end ends the process.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from hexviz.app.watching.source_files import first_lines, source_files
from hexviz.errors import HexvizError

__all__ = ["exported", "main"]


def main() -> None:
    """Do it."""
    # A model's code may print: that goes where errors go, and only we write the answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    threading.Thread(target=_end_with_whoever_waits, daemon=True).start()
    factory, file = sys.argv[1:]
    answers.write(json.dumps(exported(factory, Path(file))) + "\n")
    answers.flush()


def exported(factory: str, file: Path) -> dict[str, Any]:
    """Export a factory to a file; gives the ``files`` of its source, and why if that failed."""
    failure: dict[str, str] = {}
    try:
        from hexviz.exporters.export_times import save_and_keep
        from hexviz.exporters.produce import produce

        save_and_keep(produce(factory, optimize=False), file)
    except HexvizError as error:
        details = "" if error.__cause__ is None else first_lines(error.__cause__, factory)
        failure = {"error": str(error), "details": details}
    return {"files": [str(path) for path in source_files(factory)], **failure}


def _end_with_whoever_waits() -> None:
    # Not through sys.stdin, whose lock would still be held when the interpreter ends.
    while os.read(0, 1024):
        pass
    os.killpg(0, signal.SIGKILL)  # it was made the first of a group


if __name__ == "__main__":
    main()
