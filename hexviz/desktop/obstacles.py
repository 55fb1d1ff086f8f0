"""Why no window of Qt's can be opened here, before Qt ends the process over it."""

from __future__ import annotations

import ctypes
import os
from importlib.util import find_spec
from pathlib import Path

__all__ = ["FLAGS", "qt_obstacle"]

FLAGS = "QTWEBENGINE_CHROMIUM_FLAGS"
"""The variable with options for Chromium."""


def qt_obstacle() -> str | None:
    """What is in the way of a window, and what to do about it; ``None`` if nothing is.

    Qt aborts where it finds no display, or a library of its plugin is missing: that is looked at
    here first.
    """
    named = os.environ.get("QT_QPA_PLATFORM", "")
    has_wayland = bool(os.environ.get("WAYLAND_DISPLAY"))
    if not named and not has_wayland and not os.environ.get("DISPLAY"):
        return "There is no display for a window: use `hexviz view` and a browser elsewhere."
    if hasattr(os, "geteuid") and os.geteuid() == 0 and "--no-sandbox" not in _flags():
        return "The window's web view does not run as root: start hexviz as another user."
    if named in ("", "xcb") and not has_wayland and (missing := _missing_library()):
        return (
            f"Qt needs {missing}, which is not installed; on Debian and Ubuntu: "
            "apt install libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1."
        )
    return None


def _flags() -> str:
    return os.environ.get(FLAGS, "") + (
        " --no-sandbox" if os.environ.get("QTWEBENGINE_DISABLE_SANDBOX") == "1" else ""
    )


def _missing_library() -> str | None:
    """The first library that Qt's plugin for X11 lacks."""
    found = find_spec("PySide6")
    if found is None or found.origin is None:
        return None  # another binding of Qt, whose folders are its own
    plugin = Path(found.origin).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so"
    if not plugin.is_file():
        return None
    try:
        ctypes.CDLL(os.fspath(plugin))
    except OSError as error:
        return str(error).partition(":")[0]
    return None
