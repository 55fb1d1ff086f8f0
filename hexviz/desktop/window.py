"""The window by pywebview, as far as it is the same with every system's web view.

There is no bridge from the page's scripts to Python: no function is exposed to them. They ask the
server as ever, which asks this window (:mod:`hexviz.app.own_window`).
"""

from __future__ import annotations

import json
import threading
from functools import partial
from pathlib import Path
from typing import Any

from hexviz.app.own_window import OpenFile
from hexviz.cache import Cache
from hexviz.desktop.drops import Drops
from hexviz.desktop.instance import Instance
from hexviz.desktop.remembered import SMALLEST, Remembered, load, save
from hexviz.errors import HexvizError

__all__ = ["ICON", "Window", "notice_script"]

ICON = Path(__file__).parent / "hexviz.svg"

_TITLE = "hexviz"
_TYPES = ("ONNX models (*.onnx)", "All files (*.*)")
_WORDS = {"linux.openFile": "Open a model", "global.saveFile": "Save"}
_PATIENCE = 60.0  # seconds until a page is there that can say something


def notice_script(*said: str) -> str:
    """A line of script that has the page say something.

    As JSON in ASCII, a stranger's name is a text to a script, whatever is in it.

    >>> notice_script("Saved", 'a"b\u2028.onnx')
    'hexviz.notify("Saved","a\\\\"b\\\\u2028.onnx")'
    """
    return f"hexviz.notify({','.join(json.dumps(one) for one in said)})"


class Window:
    """A window with the system's dialogs, whose page is the server's."""

    gui: str | None = None
    """pywebview's name of the web view to use; the system's own, if it is left open."""
    has_downloads = True
    """Whether pywebview asks where to save what the page gives away."""

    def __init__(self, cache: Cache, instance: Instance, first: Path | None = None) -> None:
        self._cache = cache
        self._instance = instance
        self._drops = Drops()
        self._choosing = threading.Lock()
        self._loaded = threading.Event()
        self._address = ""
        self._window: Any = None  # pywebview's
        self.remembered: Remembered = load(cache)
        if first is not None:
            self.remember(folder=str(first.absolute().parent))

    @property
    def dialogs(self) -> Window:
        """Itself."""
        return self

    def choose(self) -> Path | None:
        """The file that a person chooses; ``None`` if none is, or the dialog is open already."""
        from webview import FileDialog

        if not self._choosing.acquire(blocking=False):
            return None
        try:
            found = self._window.create_file_dialog(
                FileDialog.OPEN, directory=self.remembered.folder, file_types=_TYPES
            )
        finally:
            self._choosing.release()
        if not found:
            return None
        path = Path(found[0])
        self.remember(folder=str(path.parent))
        return path

    def take_dropped(self, name: str) -> Path | None:
        """Where the file lies that was just dropped and is called so."""
        return self._drops.take(name)

    def remember(self, **changes: Any) -> None:
        """Let the next window begin with this."""
        self.remembered = self.remembered.but(**changes)

    def say(self, message: str, title: str = "That did not work", colour: str = "red") -> None:
        """Say something in the page's line for notices, once the page is there."""
        script = notice_script(title, message, colour)
        threading.Thread(target=self._say, args=[script], daemon=True).start()

    def _say(self, script: str) -> None:
        if self._loaded.wait(_PATIENCE):
            self.run_script(script)

    def run(self, address: str, open_file: OpenFile) -> None:
        """Show the page until the window is closed. Takes the main thread."""
        import webview

        self._address = address
        webview.settings["ALLOW_DOWNLOADS"] = self.has_downloads
        webview.settings["ALLOW_FILE_URLS"] = False
        left = self.remembered
        is_dark = "theme=dark" in left.look
        self._window = webview.create_window(
            _TITLE,
            width=left.width,
            height=left.height,
            x=left.x,
            y=left.y,
            maximized=left.is_maximized,
            min_size=SMALLEST,
            background_color="#14161a" if is_dark else "#fbfbfc",
            text_select=True,
            **self.first_content(),
        )
        self._window.events.closing += self.on_closing
        self.prepare()
        self._instance.take_with(partial(self._take, open_file))
        try:
            webview.start(
                gui=self.gui, private_mode=True, icon=str(ICON), localization=dict(_WORDS)
            )
        finally:
            self._instance.close()
            save(self._cache, self.remembered)

    def _take(self, open_file: OpenFile, path: Path | None) -> str | None:
        """Come to the front and open what another start of hexviz hands over."""
        self.to_front()
        if path is None:
            return None
        try:
            query = open_file(path)
        except HexvizError as error:
            self.say(str(error))
            return str(error)
        self.remember(folder=str(path.parent))
        self.show(self._address.partition("?")[0] + query)
        return None

    # What web views do each in its own way

    def first_content(self) -> dict[str, Any]:
        """What the window is made with."""
        return {"url": self._address}

    def prepare(self) -> None:
        """Called before the window is there."""
        self._window.events.loaded += self._loaded.set

    def on_closing(self) -> None:
        """Note how the window is left."""
        window = self._window
        self.remember(width=window.width, height=window.height, x=window.x, y=window.y)

    def show(self, address: str) -> None:
        """Show another page of the server."""
        self._window.load_url(address)

    def run_script(self, script: str) -> None:
        """Run a line of ours on the page."""
        self._window.run_js(script)

    def to_front(self) -> None:
        """Bring the window before the others."""
        self._window.show()
