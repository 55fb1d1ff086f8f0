"""A window of hexviz's own on a display of its own, driven by a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tests.waiting import CEILING, finished

__all__ = ["Window", "alive_below", "environment", "until_true"]


def environment(display: str, home: Path) -> dict[str, str]:
    """What a person's programs are told: a display and folders of their own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    flags = "--no-sandbox" if os.geteuid() == 0 else ""  # Chromium refuses to run as root
    return kept | {
        "DISPLAY": display,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_DATA_HOME": str(home / "data"),
        "QTWEBENGINE_CHROMIUM_FLAGS": flags,
        "QT_QPA_PLATFORM": "xcb",
        "WAYLAND_DISPLAY": "",
    }


class Window:
    """A running ``hexviz --desktop``."""

    def __init__(self, environ: dict[str, str], *arguments: object) -> None:
        command = [sys.executable, "-m", "tests.desktop.driven", "--desktop"]
        self.process = subprocess.Popen(
            [*command, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environ,
        )
        assert self.process.stdout is not None
        if not self.process.stdout.readline():
            raise RuntimeError(f"no window: {finished(self.process)[1]}")
        self.below = psutil.Process(self.process.pid)

    def do(self, what: str, given: object = None) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([what, given]) + "\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline() or '{"failed": "the window is gone"}')
        if isinstance(said, dict) and "failed" in said:
            raise RuntimeError(said["failed"])
        return said

    def script(self, code: str) -> Any:
        return self.do("script", code)

    def click(self, at: tuple[float, float], *, display: str) -> None:
        """Click on a spot of the page, as a person's mouse does."""
        place = self.do("geometry")["page"]
        spot = [str(round(corner + along)) for corner, along in zip(place, at, strict=True)]
        command = ["xdotool", "mousemove", *spot, "click", "1"]
        subprocess.run(command, check=True, env=os.environ | {"DISPLAY": display})

    def ready(self, name: str) -> None:
        """Wait until the canvas shows a model of this name."""
        shown = (
            f"document.title === {json.dumps(name)}"
            " && document.getElementById('graph')?._cyreg?.cy.nodes().length > 0"
            " && !document.getElementById('first')"
        )
        until_true(lambda: self.script(shown))

    def ended(self) -> tuple[int, str]:
        """Wait until it has ended; its exit code, and what it wrote to stderr."""
        errors = finished(self.process)[1]
        return self.process.returncode, errors


def until_true(met: Callable[[], object], seconds: float = CEILING) -> None:
    ends = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.05)


def alive_below(known: list[psutil.Process]) -> list[str]:
    """Of some processes, those that still run; who waits to be buried does not."""
    return [
        one.name() for one in known if one.is_running() and one.status() != psutil.STATUS_ZOMBIE
    ]
