"""A display of its own, with a window manager, and a person's home."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desktop.windows import environment, until_true


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """The name of an X display that nobody else uses."""
    read, write = os.pipe()
    screen = ["-screen", "0", "1366x768x24", "-nolisten", "tcp"]
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), *screen],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as told:
        name = f":{told.readline().strip()}"
    manager = subprocess.Popen(
        ["openbox", "--sm-disable"],
        env=os.environ | {"DISPLAY": name},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atom = ["xdotool", "get_num_desktops"]  # which a manager answers
    until_true(
        lambda: (
            subprocess.run(
                atom, env=os.environ | {"DISPLAY": name}, capture_output=True, check=False
            ).returncode
            == 0
        )
    )
    yield name
    for process in (manager, server):
        process.terminate()
        process.wait()


@pytest.fixture
def home() -> Iterator[Path]:
    """A person's home, with a short path: sockets may have no long one."""
    folder = Path(tempfile.mkdtemp(prefix="hexviz-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def person(display: str, home: Path) -> dict[str, str]:
    """The environment of what a person starts."""
    return environment(display, home)
