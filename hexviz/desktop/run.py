"""``hexviz --desktop``: hands its file to the window that is open, or opens one."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from hexviz.cache import Cache
from hexviz.desktop.instance import Instance, hand_over_or_listen
from hexviz.desktop.obstacles import qt_obstacle
from hexviz.errors import ExtraError, ReadError
from hexviz.extras import require

if TYPE_CHECKING:
    from hexviz.app.own_window import OwnWindow

__all__ = ["show"]


def show(
    source: Path | None,
    *,
    queue: str | None = None,
    roots: Iterable[Path] = (),
    watch: bool = False,
    factory: str | None = None,
    recover: bool = True,
) -> None:
    """Show a file in a window of its own; returns once that is closed, or has taken the file.

    All but ``source`` is as for :func:`hexviz.app.serve.serve`, and of no use to a window that is
    open already.

    Raises:
        HexvizError: as :func:`~hexviz.app.serve.serve`; if the window that is open cannot open the
            file.
    """
    cache = Cache()
    instance = hand_over_or_listen(cache.folder("desktop"), source)
    if instance is None:
        return

    def serve_in(window: OwnWindow, first: Path | None) -> None:
        from hexviz.app.serve import serve

        serve(
            first,
            host="127.0.0.1",
            port=0,
            open_browser=False,
            queue=queue,
            roots=roots,
            watch=watch,
            factory=factory,
            window=window,
            recover=recover,
        )

    try:
        window = _window(cache, instance, source)
        try:
            serve_in(window, source)
        except ReadError as error:
            if sys.stderr.isatty() or window.dialogs is None:
                raise
            window.dialogs.say(str(error))  # who clicked on a file sees no terminal
            serve_in(window, None)
    finally:
        instance.close()


def _window(cache: Cache, instance: Instance, first: Path | None) -> OwnWindow:
    """The best window that there can be here; a line on stderr says why it is not a better one."""
    obstacle = _obstacle()
    if obstacle is None:
        if platform.system() == "Linux":
            from hexviz.desktop.qt_window import QtWindow

            return QtWindow(cache, instance, first)
        from hexviz.desktop.window import Window

        return Window(cache, instance, first)
    from hexviz.desktop.app_window import AppWindow, BrowserTab, app_browser

    print("hexviz:", obstacle, file=sys.stderr, flush=True)  # noqa: T201
    browser = app_browser()
    return BrowserTab(instance) if browser is None else AppWindow(cache, instance, browser)


def _obstacle() -> str | None:
    """Why there is no window by pywebview, and how to get one."""
    packages = ["webview"]
    is_linux = platform.system() == "Linux"  # which mypy does not take for known
    if is_linux:
        packages += ["qtpy", "PySide6.QtWebEngineCore"]
    try:
        require("desktop", "A window with the system's dialogs", *packages)
    except ExtraError as error:
        return str(error)
    return qt_obstacle() if is_linux else None
