"""The models a server has open: by key, a bounded number in memory.

The browser only ever holds a key (:mod:`hexviz.app.models.model_key`). What was evicted,
or was open before a restart, is read again from its file::

    key ──▶ in memory? ──▶ read ahead? ──▶ a person's edit? ──▶ its base, overrides on top
                                                └─▶ opened by path ──▶ an upload
"""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from hexviz.app.jobs.supervise import SLOTS, WORTH, read_first
from hexviz.app.models.beginning import Beginning
from hexviz.app.models.edits import (
    Edit,
    Edits,
    bare_step,
    corrected,
    next_step,
    read_tags,
    rename_step,
    share_facts,
)
from hexviz.app.models.known_files import KnownFile, KnownFiles, ModelSource
from hexviz.app.models.long_work import one_by_one
from hexviz.app.models.model_key import ModelKey, label_of, shown_name
from hexviz.app.models.open_model import OpenModel
from hexviz.app.models.roots import Roots
from hexviz.cache import Cache
from hexviz.errors import ReadError, SourceError, WriteError
from hexviz.model.gc_control import collector_paused
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.opened import Opened, keep, kept_tags, open_bytes, open_path

__all__ = ["ModelStore", "OpenModel", "RecentFile"]

_LOGGER = logging.getLogger(__name__)

_BUDGET = 2 << 30
"""Bytes that all models in memory may take, by what :class:`OpenModel` says of its costs."""

_CAPACITY = 64
"""Models in memory, whatever they take: small ones have costs that nobody has counted."""

_PATIENCE = 5.0  # seconds that an upload waits for others to be read

_LARGEST_VERSION = 1 << 28  # bytes of a watched file that are kept once it holds others

_RECENT = 12
_LOOKED_AT = 200  # known files, of which most may be another server's to open

_AHEAD = 2  # files that are read and wait to be opened


class RecentFile(NamedTuple):
    """A file that was opened before."""

    key: str
    """What a link calls it."""
    name: str
    size: int
    opened: float
    """When that was last, in seconds since 1970."""


class ModelStore:
    """Models by key; safe to use from several threads.

    ``cache`` keeps uploads, edits, tags, and where files lie that were opened by
    path. At most ``capacity`` models, and ``budget`` bytes of them, stay in
    memory, the one used last always.

    A file is opened again by a link if it was named to this very store, was
    exported to the cache, or lies in one of the ``roots``. ``trusted`` is for a
    process that works for a server, which named only what it had opened itself:
    it may open all. Without ``recover``, no blocks are found in what names no module.
    """

    def __init__(
        self,
        cache: Cache,
        *,
        capacity: int = _CAPACITY,
        budget: int = _BUDGET,
        roots: Roots | None = None,
        trusted: bool = False,
        recover: bool = True,
    ) -> None:
        self.recover = recover
        self._uploads = cache.blobs("uploads")
        self._versions = cache.blobs("versions")
        self._edits = Edits(cache)
        self._known_files = KnownFiles(cache)
        self._tags = kept_tags(cache, recover=recover)
        self._exports = cache.root / "exports"
        self._capacity = capacity
        self._budget = budget
        self._roots = roots or Roots()
        self._trusted = trusted
        self._named: dict[str, dict[Path, KnownFile]] = {}
        self._ahead: OrderedDict[str, Opened] = OrderedDict()
        self._open: OrderedDict[str, OpenModel] = OrderedDict()
        self._lock = threading.RLock()
        self._opening: dict[str, _Opening] = {}
        self._reading = threading.BoundedSemaphore(SLOTS)

    def add_file(self, path: Path) -> str:
        """Open a file that lies on this machine; returns its key.

        Raises:
            ReadError: if it is no readable ONNX model.
        """
        key = self.read_ahead(path)
        self.get(key)
        return key

    def read_ahead(self, path: Path) -> str:
        """Read a file on this machine without tagging it yet; returns its key.

        Raises:
            ReadError: if it is no readable ONNX model.
        """
        read = open_path(path, self._tags, name=shown_name(path), recover=self.recover)
        key = self._name(path, read.key)
        self._wait_for(key, read)
        return key

    def adopt(self, path: Path, content: bytes, digest: str, begun: Beginning | None = None) -> str:
        """Take over a file that somebody has read, and may have ``begun`` to open; returns its key.

        Raises:
            ReadError: if it is no readable ONNX model.
        """
        if begun is None:
            base_dir = path.resolve().parent
            name = shown_name(path)
            read = open_bytes(
                content, self._tags, name=name, base_dir=base_dir, recover=self.recover
            )
            key = self._name(path, digest)
            self._wait_for(key, read)
            return key
        key = self._name(path, digest)
        self._keep(OpenModel.begun(key, begun.of(content), size=len(content), path=path))
        return key

    def keep_version(self, content: bytes) -> None:
        """Keep what a file holds that is going to be written anew, for links to this version.

        It may take no more than a part of what is kept of all; the weights of a model whose
        weights are not in it are not kept. A cache that cannot be written does no harm.
        """
        if len(content) > _LARGEST_VERSION:
            return
        try:
            self._versions.put(content, ".onnx")
        except WriteError as error:
            _LOGGER.warning("Links to this version of a file end with the next: %s", error)

    def forget(self, key: str) -> None:
        """Have a model, and what people changed in it, in memory no longer: it is read anew."""
        with self._lock:
            for known in [one.key for one in self._open.values() if key in (one.key, one.base)]:
                del self._open[known]

    def base(self, key: str) -> str:
        """The key of the file that a model is a correction of; its own, if it is none."""
        try:
            edit = self._edit(ModelKey.of(key))
        except SourceError:
            return ""
        return key if edit is None else edit.base

    def keep_tags(self, key: str) -> None:
        """Keep the tags of a model that was taken over, if making them took long."""
        model = self._in_memory(key)
        if model is not None and model.edit is None:
            keep(self._tags, model.digest, model.graph)

    def _wait_for(self, key: str, read: Opened) -> None:
        """Let a file that was read wait for whoever opens it."""
        with self._lock:
            self._ahead[key] = read
            while len(self._ahead) > _AHEAD:
                self._ahead.popitem(last=False)

    def _name(self, path: Path, digest: str) -> str:
        """Let a file with this content be opened by links; returns its key."""
        try:
            found = KnownFile.of(path)
        except OSError as error:
            raise ReadError(f"{path} cannot be read: {error.strerror}.") from error
        with self._lock:
            named = self._named.setdefault(digest, {})
            named.pop(found.path, None)
            named[found.path] = found
        try:
            self._known_files.keep(digest, found)
        except WriteError as error:
            _LOGGER.warning("Links to %s end with this server: %s", path.name, error)
        return str(ModelKey(digest, label_of(path.name)))

    def add_upload(self, content: bytes, name: str) -> str:
        """Open uploaded bytes and keep them on disk; returns their key.

        Raises:
            ReadError: if they are no readable ONNX model; nothing is kept then.
            WriteError: if they cannot be kept.
        """
        label = label_of(name)
        if len(content) >= WORTH:
            # An upload that waits keeps a thread of the server from others.
            if not self._reading.acquire(timeout=_PATIENCE):
                raise ReadError("Other large uploads are being read: try again in a while.")
            try:
                read_first(content, label)
            finally:
                self._reading.release()
        opened = open_bytes(content, self._tags, name=label, recover=self.recover)
        key = str(ModelKey(opened.key, label))
        model = self._in_memory(key)
        if model is None:
            model = OpenModel(key, self._tagged(opened), size=len(content))
        with self._lock:
            in_use = {f"{model.digest}.onnx" for model in self._open.values()}
        self._uploads.put(content, ".onnx", in_use)
        self._keep(model)
        return key

    def get(self, key: object) -> OpenModel:
        """The model with this key.

        Raises:
            SourceError: if it is not known here any more, may not be opened, or is no key.
            ReadError: if its file cannot be read any more.
        """
        model_key = ModelKey.of(key)
        key = str(model_key)
        found = self._in_memory(key)
        if found is not None:
            return found
        # Concurrent requests for the same model wait for one load.
        with self._while_opening(key):
            found = self._in_memory(key)
            if found is None:
                edit = self._edit(model_key)
                found = self._load(model_key) if edit is None else self._edited(edit)
                self._keep(found)
        return found

    def source(self, key: object) -> ModelSource:
        """What the model with this key is opened from; it is not opened for that.

        Raises:
            SourceError: as :meth:`get`.
        """
        model_key = ModelKey.of(key)
        edit = self._edit(model_key)
        if edit is None:
            path, name = self._origin(model_key)
            return ModelSource(path, model_key.digest, name, {}, bare=not self.recover)
        base = ModelKey.of(edit.base)
        path, name = self._origin(base, edited=True)
        tags = self._edits.tags_path(edit.tags) if edit.tags else None
        changed = edit.overrides, tags, edit.renames, edit.bare or not self.recover
        return ModelSource(path, base.digest, name, *changed)

    def name(self, key: str) -> str | None:
        """What a model is called that can be opened here without a doubt; else ``None``."""
        try:
            source = self.source(key)
            file = self._file(ModelKey(source.digest, label_of(source.name)))
        except SourceError:
            return None
        # A file that seems to have changed is opened to find out.
        return source.name if file is None or file.seems_unchanged() else None

    def recent(self, most: int = _RECENT) -> list[RecentFile]:
        """The files opened by path last that may be opened here again, newest first."""
        found: list[RecentFile] = []
        for seconds, digest, files in self._known_files.recent(_LOOKED_AT):
            with self._lock:
                named = set(self._named.get(digest, ()))
            for file in files:
                may = file.path in named or self._may_open(file.path)
                if may and file.seems_unchanged():
                    key = str(ModelKey(digest, label_of(file.path.name)))
                    found.append(RecentFile(key, shown_name(file.path), file.size, seconds))
                    break  # under another path, it is the same model
            if len(found) == most:
                break
        return found

    def opened(self, key: str) -> OpenModel | None:
        """The model with this key if it is in memory."""
        return self._in_memory(key)

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
        edited = self._edited(edit)
        self._edits.keep(edit)
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
        model_key = ModelKey.of(key)
        before = self._edit(model_key)
        base = str(model_key) if before is None else before.base
        modules = json.loads(content)["modules"]
        overrides = {
            op: fqn for op, fqn in (before.overrides if before else {}).items() if fqn in modules
        }
        tags = self._edits.keep_tags(content)
        edit = Edit(base, str(model_key), overrides, tags)
        self._edits.keep(edit)
        return edit.key

    def _edit(self, key: ModelKey) -> Edit | None:
        return None if key.name else self._edits.find(key.digest)

    def _edited(self, edit: Edit) -> OpenModel:
        if self._in_memory(edit.base) is None:
            self._origin(ModelKey.of(edit.base), edited=True)
        base = self.get(edit.base)
        with one_by_one(base.graph), collector_paused():
            tags = read_tags(self._edits.tags_path(edit.tags)) if edit.tags else None
            graph = corrected(base.graph, edit.overrides, edit.renames, tags, bare=edit.bare)
            share_facts(base.graph, graph)
        return OpenModel(edit.key, graph, edit, near=base)

    def _in_memory(self, key: str) -> OpenModel | None:
        with self._lock:
            found = self._open.get(key)
            if found is not None:
                self._open.move_to_end(key)
                self._evict()  # models grow while people look at them
            return found

    def _load(self, key: ModelKey) -> OpenModel:
        with self._lock:
            ahead = self._ahead.pop(str(key), None)
        path, name = self._origin(key)
        file = self._file(key)
        if file is not None:
            read = ahead or open_path(file.path, self._tags, name=name, recover=self.recover)
            if read.key != key.digest:
                raise SourceError(
                    f"{file.path.name} has changed since it was opened: open it again."
                )
            return OpenModel(str(key), self._tagged(read), size=file.size, path=file.path)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ReadError(f"The upload cannot be read: {error.strerror}.") from error
        read = open_bytes(content, self._tags, name=name, recover=self.recover)
        if read.key != key.digest:
            raise SourceError("This upload was damaged on the server: upload it again.")
        return OpenModel(str(key), self._tagged(read), size=len(content))

    def _origin(self, key: ModelKey, *, edited: bool = False) -> tuple[Path, str]:
        """The file with this content, and its name.

        Raises:
            SourceError: if it is gone, or may not be opened; it says whether it was ``edited``.
        """
        file = self._file(key)
        if file is not None:
            # The link has the name without unusual characters.
            own = label_of(file.path.name) == key.name or not key.name
            return file.path, shown_name(file.path) if own else key.name
        upload = self._content(key)
        if upload is not None:
            return upload, key.name or _earlier_name(upload)
        what = "The file that these tags were corrected in" if edited else "This model"
        raise SourceError(f"{what} is not open on the server any more: open it again.")

    def _file(self, key: ModelKey) -> KnownFile | None:
        """The file with this content, if it was opened by path and is still there.

        Of several, one that seems unchanged, and one that is called as the link says.

        Raises:
            SourceError: if none of them may be opened again, and no upload has the content.
        """
        with self._lock:
            named = self._named.get(key.digest, {})
            files = {file.path: file for file in self._known_files.find(key.digest)} | named
        there = [file for file in files.values() if file.path.is_file()]
        allowed = [file for file in there if file.path in named or self._may_open(file.path)]
        if allowed:
            best = max(
                allowed,
                key=lambda file: (file.seems_unchanged(), label_of(file.path.name) == key.name),
            )
            if best.seems_unchanged() or self._content(key) is None:
                return best
        elif there and self._content(key) is None:
            raise SourceError(
                f"This server may not open {there[0].path.name} again: start it with "
                "`hexviz view FILE`, or with --root and the folder of the file."
            )
        return None

    def _content(self, key: ModelKey) -> Path | None:
        """The content itself, as somebody sent it, or as a file held it that this store watched."""
        name = f"{key.digest}.onnx"
        found = self._uploads.find(name)
        if found is None and (self._trusted or key.digest in self._named):
            found = self._versions.find(name)
        return found

    def _may_open(self, path: Path) -> bool:
        return (
            self._trusted
            or path.resolve().is_relative_to(self._exports.resolve())
            or self._roots.holds(path)
        )

    def _tagged(self, opened: Opened) -> TaggedGraph:
        graph = opened.graph()
        if opened.known is None:
            # Nobody waits for it, and a server that ends meanwhile loses nothing.
            threading.Thread(target=keep, args=(self._tags, opened.key, graph), daemon=True).start()
        return graph

    def _keep(self, model: OpenModel) -> None:
        with self._lock:
            self._open[model.key] = model
            self._open.move_to_end(model.key)
            self._evict()

    def _evict(self) -> None:
        while len(self._open) > 1 and (
            len(self._open) > self._capacity or self._taken() > self._budget
        ):
            self._open.popitem(last=False)

    def _taken(self) -> int:
        """Bytes of all models in memory; what edits share with their file counts once."""
        shared = {model.base: model.shared_cost for model in self._open.values()}
        return sum(shared.values()) + sum(model.own_cost for model in self._open.values())

    @contextmanager
    def _while_opening(self, key: str) -> Iterator[None]:
        """Be the only one to open a model; others can be opened at the same time.

        An edit opens its base meanwhile, and a base never opens an edit.
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
    """A model that is being opened, and how many threads open it or wait for that."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting = 0


def _earlier_name(upload: Path) -> str:
    """What hexviz 0.1 called an upload, whose links had no name."""
    try:
        return label_of(upload.with_suffix(".name").read_text(errors="replace"))
    except OSError:
        return "upload.onnx"
