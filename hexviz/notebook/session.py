"""One view's model, its corrections, and where its page is: what a server's store is for a browser.

::

    a page's request ──▶ answer_event / answer_panel, as the server answers ──▶ its answer
    a line of code ────▶ the same, ──▶ where the page is now, which it is told
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace

from msgspec import UnsetType

from hexviz.app import protocol
from hexviz.app.answers import answer_correction, answer_event, answer_panel
from hexviz.app.graph.events import next_state
from hexviz.app.models.edits import Edit, bare_step, corrected, next_step, rename_step, share_facts
from hexviz.app.models.long_work import one_by_one
from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import At, EventAnswer, EventRequest, PageState, PanelAnswer, PanelRequest
from hexviz.errors import HexvizError, RequestError, SelectionError, SourceError
from hexviz.model.gc_control import collector_paused
from hexviz.model.near_names import near_names
from hexviz.notebook.selection import Selection
from hexviz.view.cache import LayoutCache

__all__ = ["Session"]

_KEPT_EDITS = 4
"""Corrected models in memory; the others are made again from their overrides."""

_NOT_HERE = (
    "In a notebook, a second graph is compared in code: hexviz.compare(before, after). "
    "The page of `hexviz view` shows both."
)


class Session:
    """A model that is shown in a notebook; pages and code move about in it.

    It gives away models by key, as :class:`~hexviz.app.graph.corrections.Models` does.
    """

    def __init__(self, base: OpenModel) -> None:
        self.base = base
        self._edits: dict[str, Edit] = {}
        self._edited: LayoutCache[str, OpenModel] = LayoutCache(_KEPT_EDITS)
        self._at: At | None = None
        self._lock = threading.RLock()  # kernels with subshells answer pages while a cell runs

    @property
    def at(self) -> At:
        """Where the page is; before there was one, where it will begin."""
        if self._at is None:
            return At(self.base.key, PageState(view=self.base.first_view()))
        return self._at

    @property
    def model(self) -> OpenModel:
        """The model that is shown, with the corrections made in the view."""
        return self.get(self.at.model)

    @property
    def selection(self) -> Selection | None:
        """What is selected, if anything is."""
        kind, what = self.at.state.selection
        return Selection(what, kind) if kind else None

    def get(self, key: object) -> OpenModel:
        """The model with a key: the one that is shown, or a correction of it.

        Raises:
            SourceError: if it is neither.
        """
        if key == self.base.key:
            return self.base
        name = str(key)
        if name not in self._edits:
            raise SourceError(_NOT_HERE)
        found = self._edited.get(name)
        if found is None:
            edit = self._edits[name]
            with one_by_one(self.base.graph), collector_paused():
                graph = corrected(self.base.graph, edit.overrides, edit.renames, bare=edit.bare)
                share_facts(self.base.graph, graph)
            found = OpenModel(name, graph, edit, near=self.base)
            self._edited.put(name, found)
        return found

    def edit(self, model: OpenModel, changes: Mapping[str, str | None]) -> OpenModel:
        """The model with more overrides (op id → FQN); ``None`` takes back what a person set.

        Raises:
            UnknownOpError: if there is no such op.
            SelectionError: if there is no such module.
        """
        edit = next_step(model.base, model.key, model.edit, changes)
        return model if edit is None else self._step(edit)

    def rename(self, model: OpenModel, block: str, name: str) -> OpenModel:
        """The model with another name for a recovered block, told by its FQN, and its copies.

        Raises:
            SelectionError: if there is no such module.
            RenameError: if the file names it itself, or the name is none or taken.
        """
        edit = rename_step(model.base, model.key, model.edit, model.graph, (block, name))
        return model if edit is None else self._step(edit)

    def leave_out(self, model: OpenModel) -> OpenModel:
        """The model without its recovered blocks; itself, if it has none."""
        edit = bare_step(model.base, model.key, model.edit, model.graph)
        return model if edit is None else self._step(edit)

    def _step(self, edit: Edit) -> OpenModel:
        self._edits[edit.key] = edit
        return self.get(edit.key)

    def answer_event(self, request: EventRequest) -> EventAnswer:
        """The answer to what a person did; what cannot be shown is an answer too, with the reason.

        A page that begins, or draws all of it again, is shown where the view is by then.

        Raises:
            RequestError: if the request names what the model has not.
        """
        with self._lock:
            try:
                answer = self._answer_event(request)
            except RequestError:
                raise
            except HexvizError as error:
                return EventAnswer(n=request.n, error=str(error))
            if not isinstance(answer.at, UnsetType):
                self._at = answer.at
            return answer

    def _answer_event(self, request: EventRequest) -> EventAnswer:
        event = request.event
        if isinstance(event, protocol.Visit | protocol.Redraw) and self._at is not None:
            # Where code, or another page, has gone meanwhile: not where this page was.
            again = EventRequest(
                request.n, protocol.Redraw(), request.theme, request.shown, self._at
            )
            return answer_event(self.model, again, self.get)
        if isinstance(event, protocol.Visit):
            own = protocol.Visit("")  # a page in a notebook has no address
            first = EventRequest(request.n, own, request.theme, request.shown, None, request.canvas)
            return answer_event(self.base, first, self.get)
        if request.at is None:
            return EventAnswer(n=request.n)  # there is no model on the page yet
        if isinstance(event, protocol.Edit):
            return answer_correction(self, request, event)
        return answer_event(self.get(request.at.model), request, self.get)

    def answer_panel(self, request: PanelRequest) -> PanelAnswer:
        """What stands beside the graph; what cannot be shown is an answer too, with the reason.

        Raises:
            RequestError: if the request names what the model has not.
        """
        try:
            return answer_panel(self.get(request.at.model), request, self.get)
        except RequestError:
            raise
        except HexvizError as error:
            return PanelAnswer(n=request.n, error=str(error))

    def select(self, selection: Selection | None) -> bool:
        """Select something, with the boxes open that it needs to be seen; whether that is news.

        Raises:
            ViewLimitError: if it cannot be shown even with all else closed.
        """
        with self._lock:
            return self._select(selection)

    def _select(self, selection: Selection | None) -> bool:
        state = self.at.state
        kind, name = (selection.kind, str(selection)) if selection is not None else ("", "")
        if (kind, name) == state.selection:
            return False
        match kind:
            case "op":
                return self._go(protocol.GoToOp(name))
            case "module":
                return self._go(protocol.GoToModule(name))
            case "call":
                return self._go(protocol.SelectCall(name))
            case "value":
                return self._go(protocol.SelectValue(name))
            case "edge":
                return self._go(protocol.SelectEdge(name))
            case "ops":
                return self._be(replace(state, selection=("ops", name)))
        return self._go(protocol.Clear())

    def turn(self, fqn: str, *, is_open: bool) -> bool:
        """Open the box of a module, or close it; whether that is news.

        Raises:
            SelectionError: if there is no such module, or it has no box to open.
            ViewLimitError: if more would be visible than can be read.
        """
        with self._lock:
            return self._turn(fqn, is_open=is_open)

    def _turn(self, fqn: str, *, is_open: bool) -> bool:
        model, state = self.model, self.at.state
        if fqn not in model.graph.modules:
            near = ", ".join(near_names(fqn, (module.fqn for module in model.graph.modules)))
            hint = f": did you mean {near}?" if near else ": list graph.modules."
            raise SelectionError(f"There is no module {fqn!r} in this graph{hint}")
        key = model.index(state.view.placement).box_of(fqn)
        if not key:
            raise SelectionError(f"The module {fqn!r} has no box that could be opened or closed.")
        if is_open:
            state = next_state(model, state, protocol.GoToModule(fqn))
            if key not in state.view.open:
                state = next_state(model, state, protocol.Toggle(key))
            return self._be(state)
        if key not in state.view.open:
            return False
        return self._be(next_state(model, state, protocol.Toggle(key)))

    def _go(self, event: protocol.AnyEvent) -> bool:
        return self._be(next_state(self.model, self.at.state, event))

    def _be(self, state: PageState) -> bool:
        """Be in another state, if it can be drawn; whether it is another."""
        at, before = self.at, self._at
        after = At(at.model, state)
        self._at = after
        if after == before:
            return False
        try:
            answer_event(
                self.model, EventRequest(0, protocol.Redraw(), shown=at.model, at=after), self.get
            )
        except HexvizError:
            self._at = before
            raise
        return True
