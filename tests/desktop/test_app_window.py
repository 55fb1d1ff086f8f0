"""Without the extra: a browser's app window, on a display of its own; else the ordinary browser."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from hexviz.bench.synthetic import synthetic
from tests.browser.install_chromium import find
from tests.desktop.windows import alive_below, until_true
from tests.waiting import finished, until

WITHOUT_THE_EXTRA = (
    "import sys; sys.modules['webview'] = None\n"
    "from hexviz.cli import main\n"
    "sys.argv = ['hexviz', '--desktop', *sys.argv[1:]]\n"
    "main()\n"
)


@pytest.fixture
def file(home: Path) -> Path:
    path = home / "net.onnx"
    path.write_bytes(synthetic(200, "names"))
    return path


def start(environ: dict[str, str], *arguments: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WITHOUT_THE_EXTRA, *map(str, arguments)],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def command_in(home: Path, name: str, script: str) -> str:
    """A folder for the PATH, in which one command is."""
    folder = home / "bin"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return str(folder)


def windows_named(name: str, display: str) -> list[str]:
    command = ["xdotool", "search", "--onlyvisible", "--name", f"^{re.escape(name)}$"]
    environ = os.environ | {"DISPLAY": display}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    return done.stdout.split()


def is_closed(name: str, display: str) -> bool:
    """Close a window as a person does; whether it is closed. A key may come before its focus."""
    numbers = windows_named(name, display)
    for number in numbers:
        keys = ["xdotool", "windowactivate", "--sync", number, "sleep", "0.2", "key", "ctrl+w"]
        subprocess.run(keys, env=os.environ | {"DISPLAY": display}, check=False, timeout=10)
    return not numbers


def test_an_app_window_opens_takes_a_second_file_and_ends_with_its_windows(
    person: dict[str, str], home: Path, file: Path, display: str
) -> None:
    chromium = find()
    assert chromium is not None
    flags = "--no-sandbox" if os.geteuid() == 0 else ""
    folder = command_in(home, "chromium", f'exec {shlex.quote(chromium)} {flags} "$@"')
    environ = person | {"PATH": folder + os.pathsep + os.environ["PATH"]}
    process = start(environ, file)
    until_true(lambda: windows_named("net.onnx", display))
    below = psutil.Process(process.pid).children(recursive=True)
    assert below
    other = home / "other.onnx"
    other.write_bytes(synthetic(100, "names"))
    later = start(environ, other)
    assert finished(later) == ("", "")
    assert later.returncode == 0
    until_true(lambda: windows_named("other.onnx", display))
    for name in ("net.onnx", "other.onnx"):
        until_true(lambda: is_closed(name, display))  # noqa: B023
    _, errors = finished(process)
    assert process.returncode == 0
    assert errors.count("\n") == 1
    assert "needs webview, which is not installed: " in errors
    assert "pip install" in errors
    until(lambda: not alive_below(below))


def test_a_browser_that_opens_no_window_leaves_the_ordinary_one(
    person: dict[str, str], home: Path, file: Path
) -> None:
    folder = command_in(home, "chromium", "exit 1")
    opened = home / "opened"
    command_in(home, "tab", f'echo "$@" > {opened}.new; mv {opened}.new {opened}')
    environ = person | {"PATH": folder + os.pathsep + "/bin", "BROWSER": f"{folder}/tab"}
    process = start(environ, file)
    until_true(opened.exists, 30)
    assert re.match(r"http://127\.0\.0\.1:\d+/\?token=", opened.read_text())
    opened.unlink()
    assert process.stdout is not None
    line = process.stdout.readline()
    assert "in the browser (Ctrl+C stops it)" in line
    assert "token" not in line
    assert finished(start(environ, file)) == ("", "")
    until_true(opened.exists)
    assert "?model=" in opened.read_text()
    process.send_signal(signal.SIGTERM)
    _, errors = finished(process)
    assert process.returncode == 0
    assert "opened no window" in errors
