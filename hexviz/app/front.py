"""What is answered before the rest of the server is there, and who answers the rest.

::

    GET /          the page: its frame at once, then each stage of its model, then the picture
    GET /assets/…  styles and scripts
    GET /watch     what became of a watched file (hexviz/app/watching/)
    /_…            Dash's app       ┐ wait until it is there
    all else       our own routes   ┘

Nothing that this file imports takes long: no framework, and nothing that reads a model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hexviz.app.guard.gate import UNEXPECTED, plain
from hexviz.app.index_html import FirstPicture, Look, PageParts, page_html
from hexviz.app.models.kept_pictures import Canvas, KeptPictures
from hexviz.app.static_files import StaticFiles
from hexviz.app.wsgi import Answer, App, Environ, Request, StartResponse, cookies_in
from hexviz.errors import HexvizError, SourceError

if TYPE_CHECKING:
    from hexviz.app.models.store import ModelStore

__all__ = ["Front", "KnownFirst"]

_READING = frozenset({"GET", "HEAD"})
_OF_DASH = "/_"


class First(Protocol):
    """The model that an address means which names none, as :class:`FirstModel` is one."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def is_delivered(self) -> bool:
        """Whether the store has it."""

    def key(self) -> str:
        """Its key."""

    def watch(self, canvas: Canvas) -> Iterator[str | FirstPicture]:
        """How far it is, before the store has it."""


@dataclass(frozen=True)
class KnownFirst:
    """One whose key is known."""

    name: str
    is_delivered: bool = field(default=True, init=False)

    def key(self) -> str:
        """Its key."""
        return self.name

    def watch(self, canvas: Canvas) -> Iterator[str | FirstPicture]:  # noqa: ARG002
        """Nothing: the store has it."""
        return iter(())


class Front:
    """The application in front of the others, as WSGI.

    ``first`` is the model that an address means which names none; ``watches`` says whether its
    file is watched, of which ``watch`` then tells, once it does. The others come when they are
    there: ``routes`` and ``dash`` answer requests, ``store`` opens the models of links.
    ``has_window`` says whether files are opened through a window (:mod:`hexviz.app.own_window`).
    """

    def __init__(
        self,
        assets: Path,
        first: First | None,
        kept: KeptPictures | None = None,
        *,
        watches: bool = False,
        has_window: bool = False,
    ) -> None:
        self._assets = assets
        self._static = StaticFiles(assets)
        self._first = first
        self._kept = kept
        self._watches = watches
        self.watch: Callable[[Request], Answer] | None = None
        self._has_window = has_window
        self.store: Future[ModelStore] = Future()
        self.routes: Future[App] = Future()
        self.dash: Future[App] = Future()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or have it answered."""
        request = Request(environ)
        found = self._answer(request) if request.method in _READING else None
        if found is not None:
            return found(environ, start_response)
        other = self.dash if request.path.startswith(_OF_DASH) else self.routes
        return other.result()(environ, start_response)

    def give_up(self) -> None:
        """Tell requests that wait for what will never be there."""
        if not self.store.done():
            self.store.set_exception(SourceError(UNEXPECTED))
        for app in (self.routes, self.dash):
            if not app.done():
                app.set_result(plain(500, UNEXPECTED))

    def _answer(self, request: Request) -> Answer | None:
        if request.path == "/":
            kind = {"Content-Type": "text/html; charset=utf-8"}
            return Answer(200, (piece.encode() for piece in self._page(request)), kind)
        if request.path == "/watch" and self._watches:
            return self.watch(request) if self.watch is not None else Answer(204)
        found = self._static.answer(request.path, request)
        return Answer(found.status, found.body, dict(found.headers)) if found else None

    def _page(self, request: Request) -> Iterator[str]:
        look = Look.from_cookies(cookies_in(request.get("Cookie", "")))
        key = request.parameter("model") or ""
        first = self._first if not key else None
        page = PageParts(
            self._assets,
            self._static.url,
            has_first=self._first is not None,
            watches=self._watches,
            has_window=self._has_window,
        )
        title = first.name if first else key[65:]
        return page_html(look, title, self._progress(request, key, look), page=page)

    def _progress(self, request: Request, key: str, look: Look) -> Iterator[str | FirstPicture]:
        """How far the model is that an address asks for, and its picture.

        One that cannot be opened has none: the page learns why when it asks for it.
        """
        first = self._first
        if not key and first is None:
            return
        if not key and first is not None and not first.is_delivered:
            yield from first.watch(look.canvas)
            return
        query = request.query
        try:
            if not key and first is not None:
                key = first.key()
                query = f"model={key}"
            yield from self._opened(key, f"?{query}", look)
        except HexvizError:
            return

    def _opened(self, key: str, query: str, look: Look) -> Iterator[str | FirstPicture]:
        store = self.store.result()
        if store.opened(key) is None:
            name = store.name(key)
            if name is None and self._first is not None:
                self._first.key()  # a link may mean it before its digest is known
                name = store.name(key)
            is_plain = query.count("&") == 0
            kept = self._kept
            picture = name and is_plain and kept and kept.get(key[:64], name, look.canvas)
            if picture:
                yield FirstPicture(picture)
                return
            yield f"Opening {name or 'the model'}…"
        model = store.get(key)
        from hexviz.app.graph.first_page import first_page

        found = first_page(model, query, look)
        if found is not None:
            yield found
