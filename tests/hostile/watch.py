"""A child process that opens files, and the clock and the scales beside it."""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.waiting import QUIET

__all__ = ["Result", "Watched"]

SECONDS = 10.0
"""How long opening a file may take, in processor time: other work on the machine does not count."""

MEMORY = 1 << 30
"""Bytes that opening a file may take."""

_STEPS_SECONDS = 120.0  # for all that follows; told, and a fault when it is over
_STEPS_MEMORY = 4 << 30
_TURN = 0.02  # seconds between two looks at the memory
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Result:
    """How a case ended: ``outcome`` is ``opened``, ``refused`` or ``defect``.

    ``message`` is what a person was told, ``faults`` what was wrong by step.
    ``seconds`` and ``memory`` (bytes) are those of opening; ``steps`` the
    seconds of what followed, ``peak`` the memory of all.
    """

    outcome: str
    message: str = ""
    faults: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    memory: int = 0
    steps: dict[str, float] = field(default_factory=dict)
    peak: int = 0
    ops: int = 0


class Watched:
    """Opens files in a child process; one that dies or is killed is replaced."""

    def __init__(
        self, plugins: Sequence[str] = (), *, seconds: float = SECONDS, memory: int = MEMORY
    ) -> None:
        self._plugins = list(plugins)
        self._seconds, self._memory = seconds, memory
        self._process: subprocess.Popen[bytes] | None = None

    def open(
        self, path: Path, *, way: str = "opened", steps: Collection[str] | None = None
    ) -> Result:
        """Open a file and take steps with it, all of them unless told which."""
        from tests.hostile.pipeline import STEPS

        process = self._started()
        assert process.stdin is not None
        asked = {"path": str(path), "way": way, "steps": list(STEPS if steps is None else steps)}
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        first = self._answer(process, self._seconds, self._memory)
        if isinstance(first, str):
            return Result("defect", faults={"open": first})
        faults = {"open": first["fault"]} if first["fault"] else {}
        if first["seconds"] > self._seconds:
            faults["open"] = f"took {first['seconds']:.1f} s"
        if first["memory"] > self._memory:
            faults["open"] = f"took {first['memory'] / 2**20:,.0f} MB"
        second = self._answer(process, _STEPS_SECONDS, _STEPS_MEMORY)
        if isinstance(second, str):
            faults["after"] = second
            second = {"faults": {}, "steps": {}, "memory": first["memory"]}
        faults |= second["faults"]
        return Result(
            "defect" if faults else "opened" if first["opened"] else "refused",
            first["message"],
            faults,
            first["seconds"],
            first["memory"],
            second["steps"],
            second["memory"],
            first["ops"],
        )

    def stop(self) -> None:
        """End the child."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
            self._errors.close()

    def _killed(self, process: subprocess.Popen[bytes]) -> str:
        """End the child by a signal on which it says where it was."""
        process.send_signal(signal.SIGABRT)
        process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace")
        self.stop()
        frames = re.findall(r'File ".*/(\S+\.py)", line (\d+)', said.partition("Current thread")[2])
        return "in " + " ".join(f"{file}:{line}" for file, line in frames[:6]) if frames else said

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the child lives
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.hostile.child", *self._plugins],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                bufsize=0,  # what is read ahead would be seen by no selector
                cwd=_ROOT,
            )
            ready = self._answer(self._process, 120.0, _STEPS_MEMORY)
            if isinstance(ready, str):
                raise RuntimeError(f"the child did not start: {ready}")
        return self._process

    def _answer(
        self, process: subprocess.Popen[bytes], seconds: float, memory: int
    ) -> dict[str, Any] | str:
        """The next line of the child, or what was wrong instead; then the child is gone."""
        assert process.stdout is not None
        moved, start = time.monotonic(), _busy(process.pid)
        busy = start
        before = _resident(process.pid)
        with selectors.DefaultSelector() as waiting:
            waiting.register(process.stdout, selectors.EVENT_READ)
            while not waiting.select(_TURN):
                # A little more than what is allowed: the child itself tells exactly.
                if (now := _busy(process.pid)) > busy:
                    busy, moved = now, time.monotonic()
                if time.monotonic() - moved > QUIET or busy - start > seconds * 1.1:
                    return f"was still at it after {seconds:g} s, {self._killed(process)}"
                if _resident(process.pid) - before > memory * 1.1:
                    return f"took more than {memory / 2**20:,.0f} MB, {self._killed(process)}"
        line = process.stdout.readline()
        if not line:
            code = process.wait()
            return f"the process ended with {code}, {self._killed(process)}"
        found: dict[str, Any] = json.loads(line)
        return found


def _busy(pid: int) -> float:
    """Seconds of processor time that a process took so far."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (FileNotFoundError, IndexError):  # it has just ended
        return 0
    return int(pages) * 4096
