"""Windows without pywebview: a browser's app window, or a tab of the ordinary browser.

Neither shows the system's dialogs for us; the page's own fields take files.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

from hexviz.app.own_window import OpenFile
from hexviz.cache import Cache
from hexviz.desktop.instance import Instance
from hexviz.errors import HexvizError

__all__ = ["BROWSERS", "AppWindow", "BrowserTab", "app_browser"]

BROWSERS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("msedge", "microsoft-edge", "microsoft-edge-stable", "brave", "brave-browser"),
)
"""Browsers with app windows, by the names of their commands."""

_SOON = 5.0  # seconds within which one ends that could not open a window
_GRACE = 5.0  # seconds to close it


def app_browser(which: Callable[[str], str | None] = shutil.which) -> str | None:
    """The first of these browsers that is on the PATH."""
    return next((path for name in BROWSERS if (path := which(name))), None)


class BrowserTab:
    """A tab of the ordinary browser, for as long as the command runs."""

    dialogs = None

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def run(self, address: str, open_file: OpenFile) -> None:
        """Show the page until a signal ends the command: nothing tells that a tab is closed."""
        page = address.partition("?")[0]

        def take(path: Path | None) -> str | None:
            return _shown(lambda query: self.show(page + query), open_file, path)

        self._instance.take_with(take)
        self.show(address)
        print(f"hexviz serves {page} in the browser (Ctrl+C stops it)", flush=True)  # noqa: T201
        threading.Event().wait()

    def show(self, address: str) -> None:
        """Open an address beside what is open."""
        threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()


class AppWindow:
    """A browser's app window: no tabs and no address, and a profile folder of its own.

    With a profile that nobody else uses, the process ends with its last window.
    """

    dialogs = None

    def __init__(self, cache: Cache, instance: Instance, browser: str) -> None:
        self._profile = cache.folder("desktop") / "browser"
        self._instance = instance
        self._browser = browser

    def command(self, address: str) -> Sequence[str]:
        """What opens a window."""
        return [
            self._browser,
            f"--app={address}",
            f"--user-data-dir={self._profile}",
            "--no-first-run",
            "--no-default-browser-check",
        ]

    def run(self, address: str, open_file: OpenFile) -> None:
        """Show the page until its windows are closed."""
        page = address.partition("?")[0]
        began = time.monotonic()
        process = self._started(address)

        def take(path: Path | None) -> str | None:
            return _shown(lambda query: self._started(page + query), open_file, path)

        try:
            self._instance.take_with(take)
            code = process.wait()
        finally:
            process.terminate()
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if code != 0 and time.monotonic() - began < _SOON:
            print(f"hexviz: {self._browser} opened no window.", file=sys.stderr)  # noqa: T201
            BrowserTab(self._instance).run(address, open_file)

    def _started(self, address: str) -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        return subprocess.Popen(self.command(address), stdin=quiet, stdout=quiet, stderr=quiet)  # noqa: S603


def _shown(show: Callable[[str], object], open_file: OpenFile, path: Path | None) -> str | None:
    """Show a file that was handed over; a browser comes to the front with a new window alone."""
    try:
        show("" if path is None else open_file(path))
    except HexvizError as error:
        return str(error)
    return None
