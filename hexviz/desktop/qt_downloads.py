"""What the page gives away: a person says where to, and the file is there whole or not at all.

::

    download ─▶ dialog ─▶ a folder of the cache ─▶ model/files.py ─▶ where the person said
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject
from qtpy.QtWebEngineCore import QWebEngineDownloadRequest
from qtpy.QtWidgets import QFileDialog

from hexviz.cache import Cache
from hexviz.errors import HexvizError
from hexviz.model.files import write_atomically

if TYPE_CHECKING:
    from hexviz.desktop.window import Window

__all__ = ["Downloads", "proposed_name"]

_SCRATCH = "downloads"
_PIECE = 1 << 20  # bytes
_LONGEST_NAME = 120


def proposed_name(name: str) -> str:
    """What to call a file that the page gives away: its last part, neither hidden nor odd.

    >>> proposed_name("../../.bashrc"), proposed_name("a\\nb.onnx"), proposed_name("..")
    ('bashrc', 'a_b.onnx', 'download')
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(one if one.isprintable() else "_" for one in last).lstrip(". ")
    return plain[-_LONGEST_NAME:] or "download"


class Downloads(QObject):  # type: ignore[misc] # qtpy has no types
    """Asks where to save what a page gives away, and saves it."""

    def __init__(self, native: Any, window: Window) -> None:
        super().__init__(native)
        self._native = native
        self._window = window
        self._folder = Cache().folder("desktop") / _SCRATCH
        shutil.rmtree(self._folder, ignore_errors=True)  # what a killed process left; we are one

    def on_download(self, download: Any) -> None:
        """Called by Qt, which forgets a download that is not accepted before this returns."""
        folder = Path(self._window.remembered.folder or Path.home())
        proposed = folder / proposed_name(download.downloadFileName())
        chosen, _ = QFileDialog.getSaveFileName(self._native, "Save", str(proposed))
        if not chosen:
            download.cancel()
            return
        target = Path(chosen)
        self._window.remember(folder=str(target.parent))
        self._folder.mkdir(mode=0o700, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=self._folder))
        download.setDownloadDirectory(str(scratch))
        download.setDownloadFileName(_SCRATCH)
        download.isFinishedChanged.connect(lambda: self._on_end(download, scratch, target))
        download.accept()

    def _on_end(self, download: Any, scratch: Path, target: Path) -> None:
        state = QWebEngineDownloadRequest.DownloadState
        if download.state() == state.DownloadCompleted:
            # A part may be gigabytes, and the window is alive meanwhile.
            threading.Thread(target=self._save, args=[scratch, target]).start()
            return
        shutil.rmtree(scratch, ignore_errors=True)
        if download.state() == state.DownloadInterrupted:
            self._window.say(f"{target.name} was not saved: {download.interruptReasonString()}.")

    def _save(self, scratch: Path, target: Path) -> None:
        try:
            write_atomically(target, _pieces(scratch / _SCRATCH))
            self._window.say(str(target), "Saved", "teal")
        except HexvizError as error:
            self._window.say(str(error))
        except OSError as error:
            self._window.say(f"{target.name} was not saved: {error.strerror}.")
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
