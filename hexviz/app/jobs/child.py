"""The process that does one job: ``python -m hexviz.app.jobs.child``.

One line of JSON comes in, ``{"task": …, "arguments": …}``; lines of JSON go out: ``{"progress":
[stage, percent]}``, and at the end ``{"result": …}``. Standard input stays open for as long
as somebody wants the job: whatever ends the supervisor, also ``kill -9``, closes it, and the
child ends with all that it has started.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import IO, Any

from hexviz.app.jobs.tasks import TASKS
from hexviz.app.lazy_imports import import_only_what_is_used
from hexviz.errors import ExportError, HexvizError

__all__ = ["done", "main"]

_LOG = 20_000  # characters of an exporter's log that are shown


def main() -> None:
    """Do the job that standard input names."""
    import resource  # of POSIX, as jobs are

    import_only_what_is_used()
    # A model's code may print: that goes where errors go, and only we write to the pipe.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.nice(10)  # whoever clicks in the page comes first
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no files are left by a crash
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    _say(answers, {"result": done(order["task"], order["arguments"], answers)})


def done(task: str, arguments: dict[str, Any], answers: IO[str]) -> dict[str, Any]:
    """The result of a task, or its ``error`` and the end of an exporter's ``log``."""

    def report(stage: str, percent: float) -> None:
        _say(answers, {"progress": [stage, percent]})

    try:
        return TASKS[task](arguments, report)
    except ExportError as error:
        return {"error": str(error), "log": error.log[-_LOG:]}
    except HexvizError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": "There is not enough memory on the server for this."}


def _say(answers: IO[str], message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _end_with_supervisor() -> None:
    # Not through sys.stdin, whose lock would still be held when the interpreter ends.
    while os.read(0, 1024):
        pass
    os.killpg(0, signal.SIGKILL)  # the supervisor made this process the first of a group


if __name__ == "__main__":
    main()
