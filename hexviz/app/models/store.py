"""The models a server has open: by content digest, a bounded number in memory.

The browser only ever holds a digest. What was evicted, or was open before a
restart, is read again from its file::

    digest ──▶ in memory? ──▶ read ahead? ──▶ a person's edit? ──▶ its base, overrides on top
                                                   └─▶ opened by path ──▶ an upload
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hexviz.app.jobs.limits import SLOTS
from hexviz.app.jobs.reading import WORTH, read_first
from hexviz.app.models.edits import Edit, keep_edit, keep_tags, kept_edit, share_facts, tags_path
from hexviz.app.models.known_files import ModelSource, Places, Remembered
from hexviz.app.models.long_work import taking_turns
from hexviz.app.models.open_model import OpenModel
from hexviz.app.models.roots import Roots
from hexviz.app.models.uploads import Uploads, label_of
from hexviz.errors import ReadError, SourceError, WriteError
from hexviz.model.gc_control import collector_rests
from hexviz.model.graph import TaggedGraph
from hexviz.model.shelf import Shelf
from hexviz.tagging.opened import Opened, keep, open_bytes, open_path
from hexviz.tagging.override import override
from hexviz.tagging.tags_document import put_tags

__all__ = ["ModelStore", "OpenModel"]

_LOGGER = logging.getLogger(__name__)

_DIGEST = re.compile(r"[0-9a-f]{64}")

_BUDGET = 2 << 30
"""Bytes that all models in memory may take, by what :class:`OpenModel` says of its costs."""

_CAPACITY = 64
"""Models in memory, whatever they take: small ones have costs that nobody has counted."""

_PATIENCE = 5.0  # seconds that an upload waits for others to be read

_AHEAD = 2  # files that are read and wait for somebody to ask for them


class ModelStore:
    """Models by digest; safe to use from several threads.

    ``shelf`` keeps the tags of what was opened, for the next time. At most
    ``capacity`` models, and ``budget`` bytes of them, stay in memory, the one
    used last always.

    ``places`` remembers the files that were opened by path. One of them is
    opened again by a link if it was named to this very store, was exported
    here, or lies in one of the ``roots``.
    """

    def __init__(
        self,
        uploads: Path,
        *,
        shelf: Shelf | None = None,
        capacity: int = _CAPACITY,
        budget: int = _BUDGET,
        places: Places | None = None,
        roots: Roots | None = None,
    ) -> None:
        self._uploads = Uploads(uploads)
        self._shelf = shelf
        self._capacity = capacity
        self._budget = budget
        self._places = places
        self._roots = roots or Roots()
        self._named: dict[str, Remembered] = {}
        self._ahead: OrderedDict[str, Opened] = OrderedDict()
        self._open: OrderedDict[str, OpenModel] = OrderedDict()
        self._lock = threading.RLock()
        self._opening: dict[str, _Opening] = {}
        self._reading = threading.BoundedSemaphore(SLOTS)

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
        try:
            found = Remembered.of(path)
        except OSError as error:
            raise ReadError(f"{path} cannot be read: {error.strerror}.") from error
        with self._lock:
            self._named[read.key] = found
            self._ahead[read.key] = read
            while len(self._ahead) > _AHEAD:
                self._ahead.popitem(last=False)
            known = self._open.get(read.key)
            if known is not None and known.path != found.path:
                del self._open[read.key]  # the same bytes from elsewhere have another name
        if self._places is not None:
            try:
                self._places.keep(read.key, found)
            except WriteError as error:
                _LOGGER.warning("Links to %s end with this server: %s", path.name, error)
        return read.key

    def add_upload(self, content: bytes, name: str) -> str:
        """Open uploaded bytes and keep them on disk; returns their digest.

        Raises:
            ReadError: if they are no readable ONNX model; nothing is kept then.
            WriteError: if they cannot be kept.
        """
        label = label_of(name)
        if len(content) >= WORTH:
            # Whoever waits keeps a thread of the server from others.
            if not self._reading.acquire(timeout=_PATIENCE):
                raise ReadError("Other large uploads are being read: try again in a while.")
            try:
                read_first(content, label)
            finally:
                self._reading.release()
        opened = open_bytes(content, self._shelf, name=label)
        key = opened.key
        known = self._known(key)
        if known is None or known.graph.name != label:
            known = OpenModel(key, self._tagged(opened), size=len(content))
        with self._lock:
            in_use = {one.base for one in self._open.values()}
        self._uploads.keep(key, content, label, in_use)
        self._keep(known)
        return key

    def get(self, key: object) -> OpenModel:
        """The model with this digest.

        Raises:
            SourceError: if it is not known here any more, may not be opened, or is no digest.
            ReadError: if its file cannot be read any more.
        """
        key = _checked(key)
        found = self._known(key)
        if found is not None:
            return found
        # Who asks for a model that is being opened waits for it, instead of opening it too.
        with self._while_opening(key):
            found = self._known(key)
            if found is None:
                edit = kept_edit(self._uploads.folder, key)
                found = self._load(key) if edit is None else self._edited(edit)
                self._keep(found)
        return found

    def source(self, key: object) -> ModelSource:
        """What the model with this digest is opened from; it is not opened for that.

        Raises:
            SourceError: as :meth:`get`.
        """
        key = _checked(key)
        edit = kept_edit(self._uploads.folder, key)
        base = key if edit is None else edit.base
        overrides = {} if edit is None else edit.overrides
        path, name = self._origin(base, edited=edit is not None)
        tags = (
            tags_path(self._uploads.folder, edit.tags) if edit is not None and edit.tags else None
        )
        return ModelSource(path, base, name, overrides, tags)

    def name(self, key: str) -> str | None:
        """What a model is called that can be opened here without a doubt; else ``None``."""
        try:
            source = self.source(key)
            placed = self._placed(source.digest)
        except SourceError:
            return None
        # What seems to have changed is opened to see, instead of being told of by its link.
        return source.name if placed is None or placed.seems_unchanged() else None

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
        edit = Edit(model.base, model.key, wanted, model.edit.tags if model.edit else "")
        edited = self._edited(edit)
        keep_edit(self._uploads.folder, edit)
        self._keep(edited)
        return edited

    def retag(self, key: object, content: bytes) -> str:
        """Give a model tags that were taken from another graph; returns the key of the new one.

        ``content`` is a document as :mod:`hexviz.tagging.tags_document` makes it,
        of the model's file. What a person set stays, in modules that there are.

        Raises:
            SourceError: as :meth:`get`.
            WriteError: if that cannot be written down.
        """
        key = _checked(key)
        source = self.source(key)
        modules = json.loads(content)["modules"]
        overrides = {op: fqn for op, fqn in source.overrides.items() if fqn in modules}
        tags = keep_tags(self._uploads.folder, content)
        edit = Edit(source.digest, key, overrides, tags)
        keep_edit(self._uploads.folder, edit)
        return edit.key

    def _edited(self, edit: Edit) -> OpenModel:
        if self._known(edit.base) is None:
            self._origin(edit.base, edited=True)
        base = self.get(edit.base)
        with taking_turns(base.graph), collector_rests():
            graph = base.graph
            if edit.tags:
                content = tags_path(self._uploads.folder, edit.tags).read_bytes()
                graph = put_tags(graph, json.loads(content))
            if edit.overrides or not edit.tags:
                graph = override(graph, edit.overrides)
            share_facts(base.graph, graph)
        return OpenModel(edit.key, graph, edit, near=base)

    def _known(self, key: str) -> OpenModel | None:
        with self._lock:
            found = self._open.get(key)
            if found is not None:
                self._open.move_to_end(key)
                self._make_room()  # models grow while people look at them
            return found

    def _load(self, key: str) -> OpenModel:
        with self._lock:
            ahead = self._ahead.pop(key, None)
        placed = self._placed(key)
        if placed is not None:
            read = ahead or open_path(placed.path, self._shelf)
            if read.key != key:
                raise SourceError(
                    f"{placed.path.name} has changed since it was opened: open it again."
                )
            return OpenModel(key, self._tagged(read), size=placed.size, path=placed.path)
        _, name = self._origin(key, edited=False)
        content = self._uploads.read(key)
        read = open_bytes(content, self._shelf, name=name)
        if read.key != key:
            raise SourceError("This upload was damaged on the server: upload it again.")
        return OpenModel(key, self._tagged(read), size=len(content))

    def _origin(self, key: str, *, edited: bool) -> tuple[Path, str]:
        """The file with this content, and its name.

        Raises:
            SourceError: if it is gone, or may not be opened; it says whether it was ``edited``.
        """
        placed = self._placed(key)
        if placed is not None:
            return placed.path, placed.path.name
        upload = self._uploads.find(key)
        if upload is not None:
            return upload, self._uploads.name(key)
        what = "The file that these tags were corrected in" if edited else "This model"
        raise SourceError(f"{what} is not open on the server any more: open it again.")

    def _placed(self, key: str) -> Remembered | None:
        """The file with this content, if it was opened by path and is still there.

        Raises:
            SourceError: if it may not be opened again.
        """
        found = self._named.get(key)
        if found is None and self._places is not None:
            found = self._places.find(key)
            if found is not None and found.path.is_file() and not self._may_open(found.path):
                if self._uploads.find(key) is not None:
                    return None
                raise SourceError(
                    f"This server may not open {found.path.name} again: start it with "
                    "`hexviz view FILE`, or with --root and the folder of the file."
                )
        return found if found is not None and found.path.is_file() else None

    def _may_open(self, path: Path) -> bool:
        assert self._places is not None  # noqa: S101 - it told of the path
        return self._places.is_ours(path) or self._roots.holds(path)

    def _tagged(self, opened: Opened) -> TaggedGraph:
        graph = opened.graph()
        if self._shelf is not None and opened.known is None:
            # Nobody waits for it, and a server that ends meanwhile loses nothing.
            threading.Thread(
                target=keep, args=(self._shelf, opened.key, graph), daemon=True
            ).start()
        return graph

    def _keep(self, model: OpenModel) -> None:
        with self._lock:
            self._open[model.key] = model
            self._open.move_to_end(model.key)
            self._make_room()

    def _make_room(self) -> None:
        while len(self._open) > 1 and (
            len(self._open) > self._capacity or self._taken() > self._budget
        ):
            self._open.popitem(last=False)

    def _taken(self) -> int:
        """Bytes of all models in memory; what edits share with their file counts once."""
        shared = {one.base: one.shared_cost for one in self._open.values()}
        return sum(shared.values()) + sum(one.own_cost for one in self._open.values())

    @contextmanager
    def _while_opening(self, key: str) -> Iterator[None]:
        """Alone in opening a model; another one can be opened at the same time.

        An edit is opened with its base inside, never the other way round.
        """
        with self._lock:
            opening = self._opening.setdefault(key, _Opening())
            opening.waiting += 1
        try:
            with opening.lock:
                yield
        finally:
            with self._lock:
                opening.waiting -= 1
                if not opening.waiting:
                    del self._opening[key]


class _Opening:
    """A model that is being opened, and how many threads are at it or wait for it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting = 0


def _checked(key: object) -> str:
    if not isinstance(key, str) or not _DIGEST.fullmatch(key):
        raise SourceError("That is no link to a model: open one.")
    return key
