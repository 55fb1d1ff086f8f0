"""The model named at the start, from its file to its first picture and into the store.

::

    opened before, same size and times? ──▶ its kept picture ──────────────▶ pages that wait
      │ no                                                                        ▲
      └─ read ─ tag ─ index ─ view (beginning.py), each a stage the page shows ───┘
                                                       then
    digest of all its bytes ─▶ key ─▶ store, for whoever asks next

A large file's digest takes longer than its picture, so a page that shows this model does not
know its key at first: it asks for the model without one, and learns it with the first answer.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from hexviz.app.index_html import FirstPicture
from hexviz.app.models.kept_pictures import Canvas, FileState, KeptPictures
from hexviz.app.models.model_key import shown_name
from hexviz.errors import HexvizError, ReadError
from hexviz.model.model_file import check_outline, may_need_other_files, read_file
from hexviz.stages import recorded
from hexviz.view.canvas_size import size_class

if TYPE_CHECKING:
    from hexviz.app.models.beginning import Beginning
    from hexviz.app.models.store import ModelStore

__all__ = ["FirstModel"]

_PATIENCE = 1.0  # seconds that the rest of the server waits for a page to be sent its picture


class FirstModel:
    """A file on its way to its first picture; safe to use from several threads.

    Without ``recover``, as for what ``kept`` is then, no blocks are found in what names no module.

    Raises:
        ReadError: if it is sure to be no readable ONNX model, as far as its outline tells, or a
            file that holds its weights is missing.
    """

    def __init__(self, path: Path, kept: KeptPictures, *, recover: bool = True) -> None:
        self.name = shown_name(path)
        check_outline(path, self.name)
        if may_need_other_files(path):
            from hexviz.model.reader import read

            read(path)
        self._path = path
        self._kept = kept
        self._recover = recover
        self._state = _state(path)
        self._news = threading.Condition()
        self._stages: list[str] = []
        self._watching = 0
        self._was_watched = False
        self._believed: str | None = None
        self._is_shown = False
        self._is_over = False  # whether the file is read and tagged, or cannot be
        self._beginning: Beginning | None = None
        self._error: HexvizError | None = None
        self._making = threading.Lock()
        self._pictures: dict[tuple[int, int], str] = {}
        self._key: Future[str] = Future()

    @property
    def is_delivered(self) -> bool:
        """Whether the store has it, or it cannot be opened."""
        return self._key.done()

    @property
    def failure(self) -> HexvizError | None:
        """Why it cannot be opened, if no page has waited for it, which would be told."""
        with self._news:
            return None if self._was_watched else self._error

    def key(self) -> str:
        """The key of the model; waits until its digest is known.

        Raises:
            HexvizError: if it cannot be opened.
        """
        return self._key.result()

    def follow(self, key: str) -> None:
        """Be the model with this key from now on: the next version of its file."""
        newer: Future[str] = Future()
        newer.set_result(key)
        self._key = newer

    def watch(self, canvas: Canvas) -> Iterator[str | FirstPicture]:
        """Its stages as they begin and, unless it cannot be drawn, its first picture at the end."""
        with self._news:
            self._watching += 1
            self._was_watched = True
        try:
            yield from self._progress(canvas)
        finally:
            with self._news:
                self._watching -= 1
                self._news.notify_all()

    def draw(self) -> None:
        """Get it ready to be drawn; returns when the pages that wait for its picture have it.

        A file that was opened before is not read for that, if a page comes for a kept picture.
        """
        believed = self._kept.digest_of(self._state)
        with self._news:
            self._believed = believed or ""
            self._news.notify_all()
            if believed is not None:
                self._news.wait_for(lambda: self._is_shown or self._is_over, _PATIENCE)
        if believed is None:
            self._begin()
        if self._beginning is not None and not self._watching:
            self._picture(self._beginning, None)  # nobody is here yet, and soon somebody will be
        with self._news:
            self._news.wait_for(lambda: not self._watching, _PATIENCE)

    def deliver(self, stored: Future[ModelStore]) -> None:
        """Find its key by all of its bytes, and give the model to the store once there is one."""
        try:
            if self._error is not None:
                raise self._error
            content = read_file(self._path)
            digest = hashlib.sha256(content).hexdigest()  # other threads go on meanwhile
            # What was begun is of this content if nobody has written to the file since.
            state = _state(self._path)
            begun = self._beginning if state == self._state else None
            key = stored.result().adopt(self._path, content, digest, begun)
        except HexvizError as error:
            self._key.set_exception(error)
            return
        if state == self._state:
            self._kept.saw(state, digest)
            for size, picture in self._pictures.items():
                self._kept.keep(digest, self.name, size, picture)
        self._key.set_result(key)
        self._beginning = None

    def prepare(self, store: ModelStore) -> None:
        """Do ahead what the next click would wait for, and keep what took long.

        Raises:
            HexvizError: if it cannot be opened.
        """
        model = store.get(self.key())
        with recorded(blocks=False) as record:
            model.render(model.first_view(), "light")
        model.drew(record.stages)
        model.graph.flat  # noqa: B018 - which is parsed for that
        store.keep_tags(model.key)

    def _progress(self, canvas: Canvas) -> Iterator[str | FirstPicture]:
        with self._news:
            self._news.wait_for(lambda: self._believed is not None)
        if self._believed:
            kept = self._kept.get(self._believed, self.name, canvas)
            if kept is not None:
                with self._news:
                    self._is_shown = True
                yield FirstPicture(kept)
                return
            threading.Thread(target=self._begin, daemon=True).start()
        told = 0
        while True:
            with self._news:
                self._news.wait_for(lambda: self._is_over or len(self._stages) > told)  # noqa: B023
                new, is_over = self._stages[told:], self._is_over
            yield from new
            told += len(new)
            if is_over:
                break
        beginning = self._beginning
        if beginning is not None:
            yield FirstPicture(self._picture(beginning, canvas))

    def _begin(self) -> None:
        with self._making:
            if self._is_over:
                return
            try:
                self._say(f"Reading {self.name}…")
                from hexviz.app.models.beginning import begin

                self._beginning = begin(self._path, self.name, self._say, recover=self._recover)
            except HexvizError as error:
                self._error = error
            finally:
                with self._news:
                    self._is_over = True
                    self._news.notify_all()

    def _say(self, stage: str) -> None:
        with self._news:
            self._stages.append(stage)
            self._news.notify_all()

    def _picture(self, beginning: Beginning, canvas: Canvas) -> str:
        size = size_class(canvas)
        with self._making:
            if size not in self._pictures:
                self._pictures[size] = beginning.picture(size)
            return self._pictures[size]


def _state(path: Path) -> FileState:
    try:
        return FileState.of(path)
    except OSError as error:
        raise ReadError(f"{path} cannot be read: {error.strerror}.") from error
