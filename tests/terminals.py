"""Commands at a terminal of their own, 80 columns wide, and in pipes."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

__all__ = ["at_terminal", "in_pipe"]

_ASKED = ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS", "LINES")


def _environment(more: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _ASKED}
    return kept | {"TERM": "xterm-256color"} | more


def at_terminal(*command: str, columns: int = 80, cwd: Path | None = None, **more: str) -> str:
    """All that a Python command writes to a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, *command],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=cwd,
        env=_environment(more),
        start_new_session=True,
    )
    os.close(theirs)
    found = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # whoever wrote there has ended
            break
        if not piece:
            break
        found += piece
    os.close(ours)
    process.wait()
    return found.decode().replace("\r\n", "\n")


def in_pipe(*command: str, cwd: Path | None = None, **more: str) -> tuple[int, str, str]:
    """The exit code of a Python command, and what it writes to two pipes."""
    done = subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=_environment(more),
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
