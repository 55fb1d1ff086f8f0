"""The window with Qt's web view, which is Linux's: what pywebview leaves open there is closed here.

::

    pywebview's page and its bridge ─▶ replaced, before anything is loaded, by a page that
        stays with the server's own address: links elsewhere open in the browser
        grants no permission, opens no window, reads no file
    what the page gives away ────────▶ a dialog, then the file                qt_downloads.py
    what is dropped on it ───────────▶ where it lies is kept for the server   drops.py

Only this file and qt_downloads.py know Qt. Both are imported when a window is opened.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt, QUrl, Signal, Slot
from qtpy.QtGui import QColor, QDesktopServices, QGuiApplication, QKeySequence
from qtpy.QtNetwork import QNetworkCookie
from qtpy.QtWebEngineCore import QWebEnginePage, QWebEngineSettings
from qtpy.QtWidgets import QApplication, QShortcut

from hexviz.app.index_html import COOKIE
from hexviz.desktop.obstacles import FLAGS
from hexviz.desktop.qt_downloads import Downloads
from hexviz.desktop.remembered import Screen, is_look
from hexviz.desktop.window import Window

__all__ = ["QtWindow", "import_backend"]

_LOGGER = logging.getLogger(__name__)
_LONGEST_TITLE = 200

_Setting = QWebEngineSettings.WebAttribute
_SETTINGS = {
    _Setting.JavascriptCanAccessClipboard: True,  # to copy a link; it cannot read what is there
    _Setting.JavascriptCanPaste: False,
    _Setting.JavascriptCanOpenWindows: False,
    _Setting.LocalContentCanAccessFileUrls: False,
    _Setting.LocalContentCanAccessRemoteUrls: False,
    _Setting.PluginsEnabled: False,
    _Setting.PdfViewerEnabled: False,
    _Setting.HyperlinkAuditingEnabled: False,
}


def import_backend() -> None:
    """Import pywebview's part for Qt without what it does to Chromium on the way.

    On some distributions it takes the sandbox away from what shows a stranger's file. Who wants
    that sets the variable.
    """
    before = os.environ.get(FLAGS)
    import webview.platforms.qt  # noqa: F401 - for what it does

    if before is None:
        os.environ.pop(FLAGS, None)
    else:
        os.environ[FLAGS] = before


class QtWindow(Window):
    """The window on Linux."""

    gui = "qt"
    has_downloads = False  # pywebview's way of asking is that of Qt 5

    def first_content(self) -> dict[str, Any]:
        """Nothing: the page is loaded once what shows it is ours."""
        return {"html": " "}

    def prepare(self) -> None:
        """Give the application its name, and the window ours instead of pywebview's parts."""
        import_backend()
        app = QApplication.instance() or QApplication(["hexviz"])
        app.setApplicationName("hexviz")
        QGuiApplication.setDesktopFileName("hexviz")
        self._failure: BaseException | None = None
        self._window.events.before_show += self._dress_or_end

    def run(self, *arguments: Any) -> None:
        """Show the page until the window is closed, or a signal closes it."""
        handlers = {
            number: handler
            for name in ("SIGINT", "SIGTERM", "SIGHUP")
            if (number := getattr(signal, name, None)) is not None
            and (handler := signal.getsignal(number)) != signal.SIG_IGN
        }
        self._ending = list(handlers)
        try:
            super().run(*arguments)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        if self._failure is not None:
            raise self._failure

    def _dress_or_end(self) -> None:
        # pywebview would log what fails here, and go on. Nothing is loaded then, and nothing shown.
        try:
            self._dress(self._window.native)
        except BaseException as failure:  # noqa: BLE001 - raised again once Qt has ended
            self._failure = failure
            QApplication.instance().exit()

    def _dress(self, native: Any) -> None:
        view, profile = native.webview, native.profile
        view.page().loadFinished.disconnect(native.on_load_finished)  # which makes the bridge
        page = _Page(QUrl(self._address), profile, view)
        view.setPage(page)
        for setting, is_on in _SETTINGS.items():
            page.settings().setAttribute(setting, is_on)
        page.setBackgroundColor(QColor(self._window.background_color))
        page.titleChanged.connect(lambda title: native.setWindowTitle(title[:_LONGEST_TITLE]))
        page.loadFinished.connect(self._on_loaded)
        self._calls = _MainThread(native)
        self._watch = _Watch(native, self._drops.put)
        for one in (view, view.focusProxy()):
            if one is not None:
                one.installEventFilter(self._watch)
        self._downloads = Downloads(native, self)
        profile.downloadRequested.connect(self._downloads.on_download)
        for keys in (QKeySequence.StandardKey.Quit, QKeySequence.StandardKey.Close):
            QShortcut(QKeySequence(keys), native).activated.connect(native.close)
        # Behind pywebview's own handler, which would end the application and not the window.
        for number in self._ending:
            signal.signal(number, self._on_signal)
        self._place(native)
        self._keep_look(profile)
        view.setUrl(QUrl(self._address))

    def _on_loaded(self, is_whole: bool) -> None:
        if is_whole:
            self._loaded.set()

    def _place(self, native: Any) -> None:
        screens = [one.availableGeometry() for one in QGuiApplication.screens()]
        known = [Screen(one.x(), one.y(), one.width(), one.height()) for one in screens]
        left = self.remembered.on(known)
        native.resize(left.width, left.height)
        if left.x is not None and left.y is not None:
            native.move(left.x, left.y)
        else:
            home = QGuiApplication.primaryScreen().availableGeometry()
            native.move(home.center() - native.rect().center())

    def _keep_look(self, profile: Any) -> None:
        """Give the page its cookie of the last time, and note what it writes into it.

        Nothing else of the page is kept: the profile is one in memory.
        """
        cookies = profile.cookieStore()
        if self.remembered.look:
            cookie = QNetworkCookie(COOKIE.encode(), self.remembered.look.encode())
            cookie.setPath("/")
            cookies.setCookie(cookie, QUrl(self._address))

        def on_cookie(cookie: Any) -> None:
            if bytes(cookie.name()).decode("latin-1") == COOKIE:
                look = bytes(cookie.value()).decode("latin-1")
                if is_look(look):
                    self.remember(look=look)

        cookies.cookieAdded.connect(on_cookie)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._window.native.close()

    def on_closing(self) -> None:
        """Note how the window is left; its size when it is not maximised, too."""
        native = self._window.native
        normal = native.normalGeometry() if native.isMaximized() else native.geometry()
        corner = normal.topLeft() if native.isMaximized() else native.pos()  # that of its frame
        self.remember(
            width=normal.width(),
            height=normal.height(),
            x=corner.x(),
            y=corner.y(),
            is_maximized=native.isMaximized(),
        )

    def show(self, address: str) -> None:
        """Show another page of the server."""
        self._calls.run(lambda: self._window.native.webview.setUrl(QUrl(address)))

    def run_script(self, script: str) -> None:
        """Run a line of ours on the page."""
        self._calls.run(lambda: self._window.native.webview.page().runJavaScript(script))

    def to_front(self) -> None:
        """Bring the window before the others, as far as the desktop lets it."""

        def raised() -> None:
            native = self._window.native
            native.setWindowState(native.windowState() & ~Qt.WindowState.WindowMinimized)
            native.show()
            native.raise_()
            native.activateWindow()

        self._calls.run(raised)


class _Page(QWebEnginePage):  # type: ignore[misc] # qtpy has no types
    """A page that shows one server alone."""

    def __init__(self, address: QUrl, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._own = _origin(address)
        self.newWindowRequested.connect(lambda request: _elsewhere(request.requestedUrl()))

    def acceptNavigationRequest(self, url: QUrl, _kind: Any, is_main: bool) -> bool:  # noqa: N802
        """Stay; what a person wants to see elsewhere is the browser's to show."""
        if _origin(url) == self._own:
            return True
        if is_main:
            _elsewhere(url)
        return False

    def javaScriptConsoleMessage(self, _level: Any, text: str, line: int, source: str) -> None:  # noqa: N802
        """The page's own messages, for whoever looks for a mistake in it."""
        _LOGGER.debug("%s:%s: %s", source, line, text)


def _origin(url: QUrl) -> tuple[str, str, int]:
    return url.scheme(), url.host(), url.port()


def _elsewhere(url: QUrl) -> None:
    """Open an address in the browser; no other program is started by a page."""
    if url.scheme() in ("http", "https"):
        QDesktopServices.openUrl(url)


class _MainThread(QObject):  # type: ignore[misc]
    """Calls in the thread that Qt wants for its windows, in order."""

    _wanted = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._wanted.connect(self._call)

    def run(self, call: Callable[[], object]) -> None:
        """Call something soon."""
        self._wanted.emit(call)

    @Slot(object)  # type: ignore[untyped-decorator]
    def _call(self, call: Callable[[], object]) -> None:
        call()


class _Watch(QObject):  # type: ignore[misc]
    """Notes where files lie that are dropped on the page, which gets the drop as well."""

    def __init__(self, parent: QObject, put: Callable[[list[Path]], None]) -> None:
        super().__init__(parent)
        self._put = put

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Called for each event of the view; stops none."""
        if event.type() == QEvent.Type.Drop:
            urls = event.mimeData().urls()
            self._put([Path(one.toLocalFile()) for one in urls if one.isLocalFile()])
        return False
