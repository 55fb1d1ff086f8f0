"""Model Explorer itself, serving files in a process of its own, with hexviz beside it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.convert.install_model_explorer import find

__all__ = ["EXTENSION", "Explorer", "run_beside"]

EXTENSION = "hexviz.convert.model_explorer"
ROOT = Path(__file__).resolve().parent.parent.parent


def _environment(cache: Path) -> dict[str, str]:
    folder = find()
    assert folder, "no Model Explorer: run `python tests/convert/install_model_explorer.py`"
    return os.environ | {
        "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
        "PYTHONUNBUFFERED": "1",
        "XDG_CACHE_HOME": str(cache),
        "HTTPS_PROXY": "http://127.0.0.1:9",  # ends its look for newer versions
    }


def run_beside(script: str, cache: Path, *arguments: object) -> str:
    """What a script prints that can import Model Explorer."""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=_environment(cache),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Explorer:
    """A running ``model-explorer``; ``url`` is what it prints, ``said`` all before that."""

    def __init__(self, cache: Path, *arguments: object) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        command = [sys.executable, "-m", "model_explorer", *map(str, arguments)]
        self.process = subprocess.Popen(
            [*command, "--no_open_in_browser", "--host", "127.0.0.1", "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=_environment(cache),
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if found := re.search(r"http://\S+", line):
                self.url = found.group()
                return
        raise RuntimeError(f"it ended before it served anything: {self.said[-1000:]}")

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()
