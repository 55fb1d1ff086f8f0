"""The command in a real window, which does what a test writes to its stdin, one line each.

What a test cannot reach from outside is put in here: the answers of the system's dialogs, what
Qt says of its window, and a drop, which X has no command for.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from qtpy.QtCore import QMimeData, QObject, QPointF, Qt, QUrl, Signal, Slot
from qtpy.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication
from qtpy.QtWidgets import QApplication, QFileDialog

from tests.waiting import CEILING


class _MainThread(QObject):
    wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.wanted.connect(self._call)

    @Slot(object)
    def _call(self, call: Callable[[], None]) -> None:
        call()


def _native() -> Any:
    import webview

    return webview.windows[0].native


def _script(answer: Future[Any], code: str) -> None:
    wrapped = f"JSON.stringify((() => {{ return {code} }})() ?? null)"
    _native().webview.page().runJavaScript(wrapped, 0, answer.set_result)


def _geometry(answer: Future[Any], _: object) -> None:
    native = _native()
    corner = native.webview.mapToGlobal(native.webview.rect().topLeft())
    place = {
        "x": native.x(),
        "y": native.y(),
        "width": native.width(),
        "height": native.height(),
        "title": native.windowTitle(),
        "page": [corner.x(), corner.y()],
        "active": native.isActiveWindow(),
    }
    answer.set_result(json.dumps(place))


def _resize(answer: Future[Any], place: list[int]) -> None:
    native = _native()
    native.move(*place[:2])
    native.resize(*place[2:])
    answer.set_result("null")


def _grab(answer: Future[Any], path: str) -> None:
    picture = QGuiApplication.primaryScreen().grabWindow(0)  # all of it, as a person sees it
    answer.set_result(json.dumps(picture.save(path)))


def _drop(answer: Future[Any], path: str) -> None:
    view = _native().webview
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(path)])
    spot, copy = view.rect().center(), Qt.DropAction.CopyAction
    held = mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    for event in (
        QDragEnterEvent(spot, copy, *held),
        QDragMoveEvent(spot, copy, *held),
        QDropEvent(QPointF(spot), copy, *held),
    ):
        QApplication.sendEvent(view, event)
    answer.set_result("null")


def _dialogs(answer: Future[Any], path: str) -> None:
    asked.clear()

    def get(*arguments: object) -> tuple[str, str]:
        asked.append([str(one) for one in arguments[1:]])
        return path, ""

    QFileDialog.getOpenFileName = get
    QFileDialog.getSaveFileName = get
    answer.set_result("null")


def _asked(answer: Future[Any], _: object) -> None:
    answer.set_result(json.dumps(asked))


def _close(answer: Future[Any], _: object) -> None:
    answer.set_result("null")
    _native().close()


asked: list[list[str]] = []
DOINGS = {
    "script": _script,
    "geometry": _geometry,
    "resize": _resize,
    "grab": _grab,
    "drop": _drop,
    "dialogs": _dialogs,
    "asked": _asked,
    "close": _close,
}


def _obey(main_thread: _MainThread, out: Any) -> None:
    import webview

    while not (webview.windows and webview.windows[0].events.shown.wait(0.1)):
        pass
    print(json.dumps("shown"), file=out, flush=True)
    for line in sys.stdin:
        what, given = json.loads(line)
        answer: Future[Any] = Future()

        def do() -> None:
            try:
                DOINGS[what](answer, given)  # noqa: B023
            except Exception as error:  # noqa: BLE001 - the test is told
                answer.set_exception(error)  # noqa: B023

        main_thread.wanted.emit(do)
        try:
            said = answer.result(CEILING)
        except Exception as error:  # noqa: BLE001 - the test is told, which waits for a line
            said = json.dumps({"failed": f"{what}: {type(error).__name__} {error}"})
        print(said, file=out, flush=True)


def main() -> None:
    from hexviz.cli import main as hexviz

    out, sys.stdout = sys.stdout, sys.stderr
    threading.Thread(target=_obey, args=[_MainThread(), out], daemon=True).start()
    hexviz()


if __name__ == "__main__":
    main()
