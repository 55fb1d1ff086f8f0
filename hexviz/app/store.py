"""The models a server has open: by content digest, a bounded number in memory.

The browser only ever holds a digest. What was evicted, or was open before a
restart, is read again from its file.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from hexviz.app.edits import Edit, keep_edit, kept_edit
from hexviz.app.filter.filtered import Filtered
from hexviz.app.filter.wish import Wish
from hexviz.app.place import Place
from hexviz.app.timing import first_picture
from hexviz.errors import SourceError
from hexviz.extraction.query import SearchIndex
from hexviz.model.files import write_atomically
from hexviz.model.fqn import is_within
from hexviz.model.graph import TaggedGraph
from hexviz.model.rest import collector_rests, leave_out_what_lives
from hexviz.model.shelf import Shelf
from hexviz.stages import Stage, stage
from hexviz.tagging.audit import audit
from hexviz.tagging.finding import Finding
from hexviz.tagging.opened import Opened, keep, open_bytes, open_path
from hexviz.tagging.override import override
from hexviz.view.cache import LayoutCache
from hexviz.view.colouring import Colouring, Mode, colour_by, policy_of
from hexviz.view.index import Index, Placement, build_index
from hexviz.view.palette import Theme
from hexviz.view.performance.costs import Cost, costs
from hexviz.view.render import Layouts, Rendered, first_view, render
from hexviz.view.sight import apart_stacks, box_showing
from hexviz.view.state import ViewState
from hexviz.view.what_if import WhatIf, ask

__all__ = ["ModelStore", "OpenModel"]

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[^\w.\- ]")


_KEPT_VIEWS = 6
_KEPT_NUMBERS = 8


class OpenModel:
    """A model in memory, with what the page derives from it.

    ``numbers`` holds what people dropped in to colour its ops by: position →
    number, by the digest of the file, and ``filters`` what their wishes come
    to. ``edit`` says what a person changed, and
    ``near`` is another model with the same ops, whose layouts and numbers serve here too.
    ``drawn`` tells what its first picture took.
    """

    def __init__(
        self, key: str, graph: TaggedGraph, edit: Edit | None = None, near: OpenModel | None = None
    ) -> None:
        self.key = key
        self.graph = graph
        self.edit = edit
        self.numbers: LayoutCache[str, dict[int, float]] = (
            near.numbers if near is not None else LayoutCache(_KEPT_NUMBERS)
        )
        self._indexes: dict[Placement, Index] = {}
        self._building = threading.Lock()
        self._layouts: Layouts = near._layouts if near is not None else LayoutCache()
        self._rendered: LayoutCache[tuple[ViewState, str, Theme], Rendered] = LayoutCache(
            _KEPT_VIEWS
        )
        self._what_ifs: LayoutCache[str, WhatIf] = LayoutCache(_KEPT_NUMBERS)
        self._colourings: LayoutCache[tuple[Placement, Mode, str], Colouring] = LayoutCache(8)
        self.filters: LayoutCache[Wish, Filtered] = LayoutCache(_KEPT_NUMBERS)
        self.drawn: tuple[Stage, ...] = ()

    def index(self, placement: Placement) -> Index:
        """The graph made ready for drawing under one placement; built when first asked for."""
        if placement not in self._indexes:
            with self._building:
                if placement not in self._indexes:
                    with collector_rests(), stage("layout"):
                        self._indexes[placement] = build_index(self.graph, placement)
                    leave_out_what_lives()
        return self._indexes[placement]

    def first_view(
        self, placement: Placement = "module", *, hidden: frozenset[str] = frozenset()
    ) -> ViewState:
        """As many levels open as stay readable."""
        index = self.index(placement)
        with stage("layout"):
            return first_view(index, self._layouts, hidden=hidden)

    def render(self, view: ViewState, theme: Theme, numbers: str = "") -> Rendered:
        """What a view looks like; ``numbers`` names those to colour by.

        Raises:
            NumbersError: if the view is coloured by numbers that are not here.
        """
        key = (view, numbers, theme)
        known = self._rendered.get(key)
        if known is None:
            index = self.index(view.placement)
            colouring = self._colouring(index, view.colour, numbers)
            with stage("layout"):
                known = render(index, view, theme, self._layouts, colouring)
            self._rendered.put(key, known)
        return known

    def _colouring(self, index: Index, mode: Mode, numbers: str) -> Colouring | None:
        if mode == "module":
            return None
        key = (index.placement, mode, numbers)
        known = self._colourings.get(key)
        if known is None:
            policy = policy_of(mode)
            asked = self.what_if(policy) if policy is not None else None
            known = colour_by(index, mode, self.numbers.get(numbers), asked)
            self._colourings.put(key, known)
        return known

    def what_if(self, policy: str) -> WhatIf:
        """What another policy would do with the tags; worked out when first asked for."""
        known = self._what_ifs.get(policy)
        if known is None:
            with collector_rests():
                known = ask(self.graph, policy)
            self._what_ifs.put(policy, known)
        return known

    @cached_property
    def searching(self) -> SearchIndex:
        """The graph made ready for searching."""
        return SearchIndex(self.graph)

    @cached_property
    def findings(self) -> list[Finding]:
        """What an audit of the graph says."""
        return audit(self.graph)

    @cached_property
    def costs(self) -> list[Cost]:
        """What its auxiliary ops come to, by category."""
        return costs(self.graph)

    def drew(self, stages: Iterable[Stage]) -> None:
        """Keep what the first picture took; what later ones took is no news."""
        self.drawn = first_picture(self.drawn, stages)

    def has_module(self, fqn: str) -> bool:
        """Whether this is a module, or a list of modules (``encoder.layer``)."""
        modules = self.graph.modules
        return fqn in modules or any(is_within(one.fqn, fqn) for one in modules)

    def apart(self, view: ViewState) -> frozenset[str]:
        """The stacks of a view whose members are shown one by one."""
        return apart_stacks(self.index(view.placement), view.apart, view.hidden)

    def edge_values(self, place: Place, edge: Mapping[str, Any]) -> list[str]:
        """The ids of all values that run along a drawn edge, by its element's data."""
        index = self.index(place.view.placement)
        drawn = self.render(place.view, "light", place.numbers)
        at = {name: position for position, name in enumerate(drawn.shown)}
        if edge["source"] not in at or edge["target"] not in at:
            return list(edge["values"])
        within = (drawn.owner[index.source] == at[edge["source"]]) & (
            drawn.owner[index.target] == at[edge["target"]]
        )
        found = dict.fromkeys(index.value[within].tolist())
        return [index.values[one] for one in found] or list(edge["values"])

    def box(self, view: ViewState, fqn: str) -> str | None:
        """The element that stands for a module in a view; ``None`` if it has no ops."""
        index = self.index(view.placement)
        key = index.box_of(fqn)
        return f"m:{box_showing(index, key, view.open, self.apart(view))}" if key else None


class ModelStore:
    """Models by digest; safe to use from several threads.

    ``shelf`` keeps the tags of what was opened, for the next time.
    """

    def __init__(self, uploads: Path, *, shelf: Shelf | None = None, capacity: int = 4) -> None:
        self._uploads = uploads
        self._shelf = shelf
        self._capacity = capacity
        self._paths: dict[str, Path] = {}
        self._read: dict[str, Opened] = {}
        self._open: OrderedDict[str, OpenModel] = OrderedDict()
        self._lock = threading.RLock()
        self._opening = threading.RLock()  # an edited model opens its file first

    def add_file(self, path: Path) -> str:
        """Open a file that lies on this machine; returns its digest.

        Raises:
            ReadError: if it is no readable ONNX model.
        """
        key = self.read_ahead(path)
        self.get(key)
        return key

    def read_ahead(self, path: Path) -> str:
        """Read a file on this machine, and leave the rest to whoever gets it; returns its digest.

        Raises:
            ReadError: if it is no readable ONNX model.
        """
        read = open_path(path, self._shelf)
        with self._lock:
            self._paths[read.key] = path.resolve()
            self._read[read.key] = read
            self._open.pop(read.key, None)  # the same bytes may have come from another folder
        return read.key

    def add_upload(self, content: bytes, name: str) -> str:
        """Open uploaded bytes and keep them on disk; returns their digest.

        Raises:
            ReadError: if they are no readable ONNX model; nothing is kept then.
        """
        label = _NAME.sub("_", Path(name).name)[:120] or "upload.onnx"
        opened = open_bytes(content, self._shelf, name=label)
        key, graph = opened.key, self._tagged(opened)
        write_atomically(self._uploads / f"{key}.onnx", [content])
        write_atomically(self._uploads / f"{key}.name", [label.encode()])
        with self._lock:
            self._keep(OpenModel(key, graph))
        return key

    def get(self, key: object) -> OpenModel:
        """The model with this digest.

        Raises:
            SourceError: if it is not known here any more, or is no digest.
        """
        if not isinstance(key, str) or not _DIGEST.fullmatch(key):
            raise SourceError("That is no link to a model: open one.")
        found = self._known(key)
        if found is not None:
            return found
        # Who asks for a model that is being opened waits for it, instead of opening it too.
        with self._opening:
            found = self._known(key)
            if found is None:
                edit = kept_edit(self._uploads, key)
                found = OpenModel(key, self._load(key)) if edit is None else self._edited(edit)
                with self._lock:
                    self._keep(found)
        return found

    def name(self, key: str) -> str | None:
        """What a model is called that can be opened here, as it is in its file."""
        path = self._paths.get(key)
        if path is not None:
            return path.name
        told = self._uploads / f"{key}.name"
        return told.read_text() if _DIGEST.fullmatch(key) and told.is_file() else None

    def opened(self, key: str) -> OpenModel | None:
        """The model with this digest if it is in memory."""
        return self._known(key)

    def edit(self, model: OpenModel, changes: Mapping[str, str | None]) -> OpenModel:
        """The model with more overrides (op id → FQN); ``None`` takes back what a person set.

        Raises:
            UnknownOpError: if there is no such op.
            SelectionError: if there is no such module.
        """
        so_far = model.edit.overrides if model.edit is not None else {}
        wanted = {op: fqn for op, fqn in {**so_far, **changes}.items() if fqn is not None}
        if wanted == so_far:
            return model
        edit = Edit(model.edit.base if model.edit else model.key, model.key, wanted)
        edited = self._edited(edit)
        keep_edit(self._uploads, edit)
        with self._lock:
            self._keep(edited)
        return edited

    def _edited(self, edit: Edit) -> OpenModel:
        base = self.get(edit.base)
        with collector_rests():
            graph = override(base.graph, edit.overrides)
        return OpenModel(edit.key, graph, edit, near=base)

    def _known(self, key: str) -> OpenModel | None:
        with self._lock:
            found = self._open.get(key)
            if found is not None:
                self._open.move_to_end(key)
            return found

    def _load(self, key: str) -> TaggedGraph:
        read = self._read.pop(key, None)
        if read is not None:
            return self._tagged(read)
        path = self._paths.get(key)
        if path is not None and path.is_file():
            read = open_path(path, self._shelf)
            if read.key != key:
                raise SourceError(f"{path.name} has changed since it was opened: open it again.")
            return self._tagged(read)
        kept = self._uploads / f"{key}.onnx"
        if kept.is_file():
            name = (self._uploads / f"{key}.name").read_text()
            return self._tagged(open_bytes(kept.read_bytes(), self._shelf, name=name))
        raise SourceError("This model is not open on the server any more: open it again.")

    def _tagged(self, opened: Opened) -> TaggedGraph:
        graph = opened.graph()
        if self._shelf is not None and opened.known is None:
            # Nobody waits for it, and a server that ends meanwhile loses nothing.
            threading.Thread(
                target=keep, args=(self._shelf, opened.key, graph), daemon=True
            ).start()
        return graph

    def _keep(self, model: OpenModel) -> None:
        self._open[model.key] = model
        self._open.move_to_end(model.key)
        while len(self._open) > self._capacity:
            self._open.popitem(last=False)
