"""The view: a widget, and what code does with it."""

from __future__ import annotations

import logging
import secrets
import weakref
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import anywidget
import traitlets

from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import EventRequest, PanelRequest, decode, encode
from hexviz.errors import HexvizError, RequestError, SourceError
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import Module
from hexviz.model.op import Op
from hexviz.notebook import messages
from hexviz.notebook.page import notebook_page, widget_script
from hexviz.notebook.place import current_run
from hexviz.notebook.selection import Selectable, Selection, resolve
from hexviz.notebook.session import Session
from hexviz.notebook.still import still_html, still_svg

__all__ = ["View"]

_LOGGER = logging.getLogger(__name__)

_UNEXPECTED = "Something went wrong in hexviz: the kernel's log says what."
_CLOSED = "This view was closed: show the graph again."


class View(anywidget.AnyWidget):  # type: ignore[misc]
    """A graph shown in a notebook, in which a person and code move about together.

    Display it by ending a cell with it. ``selection`` is what is selected, and selects what is
    assigned to it; :meth:`open` and :meth:`close` open and close boxes. When the cell that made it
    runs again, it is closed: its pages say so, and its memory is free.
    """

    _esm = widget_script()

    selection = traitlets.Any(None, allow_none=True).tag(sync=True)
    """What is selected: a :class:`~hexviz.notebook.selection.Selection`, which is the name that
    code has for it, or ``None``."""

    _height = traitlets.Int(560).tag(sync=True)
    _page = traitlets.Unicode("").tag(sync=True)
    _name = traitlets.Unicode("").tag(sync=True)

    _views: ClassVar[weakref.WeakSet[View]] = weakref.WeakSet()
    """The views of this kernel that are open: those of one graph share what is made from it."""

    def __init__(self, graph: TaggedGraph, *, height: int = 560) -> None:
        """A view of a graph, ``height`` pixels high."""
        self._session: Session | None = Session(self._opened(graph))
        self._pages: set[str] = set()
        self._run = current_run()
        self._callbacks: list[Callable[[Selection | None], object]] = []
        for other in tuple(self._views):
            if self._run is not None and self._run.is_again(other._run):
                other.close()
        super().__init__(
            _height=height, _page=notebook_page().digest, _name=f"hexviz-{secrets.token_hex(6)}"
        )
        self.on_msg(self._hear)
        self._views.add(self)

    @classmethod
    def _opened(cls, graph: TaggedGraph) -> OpenModel:
        """The graph made ready for drawing; what another view has of it serves here, too."""
        for view in cls._views:
            if view._session is not None and view._session.base.graph is graph:
                return view._session.base
        return OpenModel(secrets.token_hex(32), graph)

    # What code does.

    @property
    def graph(self) -> TaggedGraph:
        """The graph, with the corrections that were made in the view."""
        return self._live().model.graph

    @property
    def op(self) -> Op | None:
        """The op that is selected."""
        chosen = self.selection
        return self.graph.op(chosen) if chosen is not None and chosen.kind == "op" else None

    @property
    def module(self) -> Module | None:
        """The module that is selected, or that of the selected op."""
        chosen = self.selection
        if chosen is not None and chosen.kind == "module":
            return self.graph.modules[chosen]
        op = self.op
        return self.graph.modules[op.module] if op is not None else None

    def open(self, *modules: str) -> None:
        """Open the boxes of modules, by FQN or tag, and those around them; the last is selected.

        Raises:
            SelectionError: if there is no such module, with near names.
            ViewLimitError: if more would be drawn than can be read.
        """
        if modules:
            self._turn(modules, is_open=True)
        else:
            super().open()  # a widget's own: it opens its channel

    def close(self, *modules: str) -> None:
        """Close the boxes of modules; without any, close the view: its memory is free then.

        Raises:
            SelectionError: if there is no such module, with near names.
        """
        if modules:
            self._turn(modules, is_open=False)
            return
        if self._session is not None:
            self._session = None
            self._callbacks.clear()
            self._views.discard(self)
            self.send({"kind": "end", "text": _CLOSED})
        super().close()

    def on_select(self, callback: Callable[[Selection | None], object]) -> Callable[[], None]:
        """Call a function with each new selection, a person's or code's; returns what ends that."""
        self._callbacks.append(callback)

        def stop() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return stop

    def _turn(self, modules: Iterable[str], *, is_open: bool) -> None:
        session = self._live()
        tags = session.model.graph.modules.by_tag
        for name in modules:
            if session.turn(tags.get(name, name), is_open=is_open):
                self._tell()
        self._follow()

    def _live(self) -> Session:
        if self._session is None:
            raise SourceError(_CLOSED)
        return self._session

    # The selection.

    @traitlets.validate("selection")  # type: ignore[untyped-decorator]
    def _chosen(self, proposal: Any) -> Selection | None:
        value: Selectable | None = proposal["value"]
        if value is None or self._session is None:
            return None
        return resolve(self._session.model.graph, value)

    @traitlets.observe("selection")  # type: ignore[untyped-decorator]
    def _selected(self, change: Any) -> None:
        session = self._session
        if session is None:
            return
        if session.select(change["new"]):
            self._tell()
        for callback in tuple(self._callbacks):
            callback(change["new"])

    def _follow(self) -> None:
        """Let ``selection`` be what is selected on the page."""
        session = self._session
        if session is not None:
            now, before = session.selection, self.selection
            if now != before or getattr(now, "kind", "") != getattr(before, "kind", ""):
                self.selection = now

    # What pages say.

    def _hear(self, _widget: object, content: Any, _buffers: object) -> None:
        try:
            message = messages.read(content)
        except RequestError as error:
            _LOGGER.warning("%s", error)
            self.send({"kind": "say", "text": str(error)})
            return
        match message:
            case messages.Hello(view=page):
                self._pages.add(page)
                self.send({"kind": "hello", "view": page})
            case messages.Left(view=page):
                self._pages.discard(page)
            case messages.Page(view=page):
                self.send({"kind": "page", "view": page}, [notebook_page().content])
            case messages.Event() | messages.Panel():
                self._answer(message)

    def _answer(self, message: messages.Event | messages.Panel) -> None:
        to = {"view": message.view, "id": message.id}
        session = self._session
        if session is None:
            self.send({"kind": "refused", **to, "text": _CLOSED})
            return
        before = session.at
        try:
            body = message.body.encode("utf-8", "surrogatepass")
            if isinstance(message, messages.Event):
                answer = encode(session.answer_event(decode(body, EventRequest)))
            else:
                answer = encode(session.answer_panel(decode(body, PanelRequest)))
        except HexvizError as error:
            self.send({"kind": "refused", **to, "text": str(error)})
            return
        except Exception:
            self.send({"kind": "refused", **to, "text": _UNEXPECTED})
            raise
        self.send({"kind": "answer", **to}, [answer])
        if session.at != before:
            if len(self._pages) > 1:
                self._tell(besides=message.view)
            self._follow_page()

    def _follow_page(self) -> None:
        """The same after what a person did, who sees where code of theirs fails."""
        try:
            self._follow()
        except Exception as error:
            self.send({"kind": "say", "text": f"Your callback failed: {error!r}"[:300]})
            raise

    def _tell(self, besides: str = "") -> None:
        """Tell the pages that the view is elsewhere now: they ask where."""
        if self._pages:
            self.send({"kind": "moved", "besides": besides})

    # What a notebook shows.

    def _ipython_display_(self, **_: Any) -> None:
        from IPython.display import display

        session = self._live()
        title = session.model.graph.name or "a model"
        still = still_html(still_svg(session), self._name, title=title, height=self._height)
        said = f"The graph of {title}, shown by hexviz."
        display({"text/html": still, "text/plain": said}, raw=True)
        data, metadata = self._repr_mimebundle_()
        display({**data, "text/plain": said}, metadata=metadata, raw=True)

    def __repr__(self) -> str:
        if self._session is None:
            return "<hexviz view, closed>"
        return f"<hexviz view of {self._session.model.graph.name or 'a model'}>"
