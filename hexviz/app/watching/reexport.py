"""A factory that is exported anew when its source changes, each time in a process of its own.

::

    source ─ looks ─▶ Settling ─settled─▶ export_once ─┬─ the file, which the watcher then reads
                                 │ changes meanwhile   └─ why not: the model stays, pages say it
                                 └──▶ ended, and once more
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from typing import IO, Any

from hexviz.app.watching.settling import Settling, look_at
from hexviz.app.watching.source_files import source_files
from hexviz.app.watching.watcher import Problem

__all__ = ["Reexport"]

_LAST_WORDS = 2000  # characters of what a process said that gave no answer


class Reexport:
    """Exports ``factory`` to ``target`` whenever a file of its source has changed.

    ``files`` are these, as far as they are known: by default, what this process has imported.
    """

    def __init__(self, factory: str, target: Path, files: Sequence[Path] | None = None) -> None:
        self._factory = factory
        self._target = target
        self._files = list(source_files(factory) if files is None else files)
        self._settling = Settling(look_at(self._files))
        self._exported = dict(zip(self._files, look_at(self._files), strict=True))
        self._process: subprocess.Popen[bytes] | None = None
        self._answer: IO[bytes] | None = None
        self._output: IO[bytes] | None = None
        self._problem: Problem | None = None

    @property
    def is_busy(self) -> bool:
        """Whether it is being exported."""
        return self._process is not None

    @property
    def problem(self) -> Problem | None:
        """Why that failed, the last time."""
        return self._problem

    def step(self, now: float) -> None:
        """Look at the source, and at the process that exports it."""
        paths = self._watched()
        look = look_at(paths)
        phase = self._settling.see(look, now)
        if phase == "settled":
            self._settling.accept()
            self._exported = dict(zip(paths, look, strict=True))
            self.close()
            self._begin()
        elif phase == "stuck":
            name = paths[look.index(None)].name if None in look else self._factory
            self._problem = self._problem or Problem(f"{name} is gone.", "", time.time())
        elif self._process is not None and self._process.poll() is not None:
            self._end(self._process)

    def close(self) -> None:
        """End the process that exports it, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        for file in (self._answer, self._output):
            if file is not None:
                file.close()
        self._answer = self._output = None

    def _begin(self) -> None:
        for path in self._files:
            # Compiled code counts as that of a file with its size and its time in whole seconds.
            # There may be none (OSError), or Python keeps none for such a file (the other two).
            with suppress(OSError, NotImplementedError, ValueError):
                Path(cache_from_source(str(path))).unlink()
        # Files, as nobody reads while it runs, and a pipe that is full would stop it.
        self._answer, self._output = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(  # noqa: S603 - what the command line named
            [sys.executable, "-m", "hexviz.app.watching.export_once", self._factory, self._target],
            stdin=subprocess.PIPE,
            stdout=self._answer,
            stderr=self._output,
            start_new_session=True,
            env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        )

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Take its answer."""
        process.communicate()
        self._process = None
        said, printed = _content(self._answer), _content(self._output)
        try:
            answer: dict[str, Any] = json.loads(said.splitlines()[-1])
        except (ValueError, IndexError):
            answer = {
                "error": f"The process that exports {self._factory} ended without an answer.",
                "details": printed[-_LAST_WORDS:],
            }
        self.close()
        files = [Path(name) for name in answer.get("files", ())]
        error = answer.get("error")
        # What failed to be imported is not among them; it was before.
        self._files = sorted({*files, *self._files}) if error else files or self._files
        self._problem = (
            Problem(str(error), str(answer.get("details", "")), time.time()) if error else None
        )
        watched = self._watched()
        # What was written meanwhile looks other than it did when this began.
        known = (
            self._exported.get(path, now)
            for path, now in zip(watched, look_at(watched), strict=True)
        )
        self._settling = Settling(tuple(known))

    def _watched(self) -> list[Path]:
        """The files of the source and, if one may be missing, all Python beside them."""
        if self._problem is None:
            return self._files
        folders = {path.parent for path in self._files}
        return [
            *self._files,
            *sorted({one for at in folders for one in at.glob("*.py")} - {*self._files}),
        ]


def _content(file: IO[bytes] | None) -> str:
    if file is None:
        return ""
    file.seek(0)
    return file.read().decode(errors="replace")
