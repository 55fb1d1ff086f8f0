"""A model file that is looked at again and again, and its versions.

::

    looks ─▶ Settling ─settled─▶ read ─ whole? ─ tag ─▶ a version: the store has it, pages follow
                                                            └─▶ compared with the one before

One thread looks (``run``), and pages ask it what it knows (``told``). Stat is asked four times a
second: what systems say of changes by themselves does not reach across a network's folders.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from hexviz.app.models.kept_pictures import FileState
from hexviz.app.models.model_key import shown_name
from hexviz.app.models.store import ModelStore
from hexviz.app.protocol import Doing, Watched
from hexviz.app.watching.comparing import compare_versions
from hexviz.app.watching.settling import Look, Phase, Settling, look_at
from hexviz.app.watching.summary import summary
from hexviz.app.watching.weights import check_complete, weight_files
from hexviz.errors import HexvizError
from hexviz.model.reader import digest, read_file

__all__ = ["Builder", "ModelWatcher", "Problem"]

_LOGGER = logging.getLogger(__name__)

_CALM = 0.25  # seconds between two looks
_BUSY = 0.1  # the same while something is being written
_WORTH_SAYING = 1.0  # seconds of writing
_IN_MEMORY = 2  # versions
_COMPARED = 8  # pairs of versions of which it is known what changed


class Problem(NamedTuple):
    """Why there is no newer version: a line, more of it, and since when, in seconds since 1970."""

    line: str
    details: str
    since: float


class Builder(Protocol):
    """What makes the file, if hexviz does that itself."""

    @property
    def is_busy(self) -> bool:
        """Whether it is at it."""

    @property
    def problem(self) -> Problem | None:
        """Why it could not, the last time."""

    def step(self, now: float) -> None:
        """Look whether there is something to do."""

    def close(self) -> None:
        """Leave whatever it is at."""


class _Version(NamedTuple):
    key: str
    at: float  # seconds since 1970
    is_whole: bool  # whether the file holds all of its weights


class ModelWatcher:
    """Watches ``path``, the model that the store has under ``key``; safe to ask from any thread.

    ``changed`` is told the key of each newer version. ``builder`` is what writes the file, if
    hexviz exports it.
    """

    def __init__(
        self,
        path: Path,
        store: ModelStore,
        key: str,
        *,
        changed: Callable[[str], None] = lambda _: None,
        builder: Builder | None = None,
    ) -> None:
        self._path = path
        self._name = shown_name(path)
        self._store = store
        self._changed = changed
        self._builder = builder
        self._settling = Settling()
        self._weights: Mapping[Path, int] = {}
        self._shown: Look | None = None
        self._lock = threading.RLock()
        self._versions = [_Version(key, time.time(), is_whole=False)]
        self._changes: dict[tuple[str, str], list[str] | None] = {}
        self._comparing = threading.Lock()
        # Not from 0: a page may know the numbers of the server that was here before.
        self._number = int(time.time() * 1000)
        self._rewritten = 0
        self._weights_changed = False
        self._since = 0.0
        self._why = ""
        self._stuck: Problem | None = None
        self._problem: Problem | None = None
        self._doing: Doing = ""
        self._is_over = threading.Event()

    @property
    def key(self) -> str:
        """The key of the newest version."""
        return self._versions[-1].key

    def run(self) -> None:
        """Look until it is closed."""
        while not self._is_over.wait(self.step()):
            pass

    def close(self) -> None:
        """Look no more."""
        self._is_over.set()
        if self._builder is not None:
            self._builder.close()

    def step(self) -> float:
        """Look once, and do what that asks for; returns the seconds until the next look."""
        now = time.monotonic()
        if self._builder is not None:
            self._builder.step(now)
        look = look_at([self._path, *self._weights])
        phase, why = self._settling.see(look, now), None
        if phase == "settled":
            phase = "writing"
            try:
                if self._read(look):
                    phase = "same"
            except HexvizError as error:
                why = str(error)
            except Exception:  # whatever it was, the next version may be better
                _LOGGER.exception("The new version of %s cannot be shown.", self._name)
                why = f"{self._name} cannot be shown: the log of the server says why."
        elif None in look:
            missing = [self._path, *self._weights][look.index(None)]
            why = f"{shown_name(missing)} is gone."
        self._say(phase, why)
        return _CALM if phase in ("same", "stuck") else _BUSY

    def told(self, number: int, model: str, before: str) -> Watched | None:
        """What a page is told that shows ``model``; ``None`` if it knows all since ``number``.

        ``before`` is the version that it showed before it followed to the newest one.
        """
        with self._lock:
            version = self._versions[-1]
            known = {one.key for one in self._versions}
            pair = before, version.key
            is_told = before in known and before != version.key
            if is_told:
                self._want(pair)
            if self._number == number:
                return None
            base = self._store.base(model)
            found = Watched(
                n=self._number,
                name=self._name,
                key=version.key,
                at=version.at,
                base=base if base in known else "",
                rewritten=self._rewritten,
                weights=self._weights_changed,
                doing=self._doing,
            )
            if self._problem is not None:
                found.problem, found.details, found.since = self._problem
            if is_told and (changes := self._changes.get(pair)) is not None:
                found.changes = changes
            elif before and before not in known:
                found.changes = ["what changed was before this server began"]
            return found

    def _read(self, look: Look) -> bool:
        """Show what was written; says whether it did, or there is more to wait for.

        Raises:
            HexvizError: if it cannot be read.
        """
        content = read_file(self._path)
        needed = weight_files(content, self._name, self._path.resolve().parent)
        if set(needed) != set(self._weights):
            self._weights = needed  # these have to look the same for a moment, too
            return False
        check_complete(needed, self._name)
        key_digest = digest(content)
        if key_digest != self.key[:64]:
            key = self._store.adopt(self._path, content, key_digest)
            self._store.get(key)
            if look_at([self._path, *needed]) != look:
                return False  # it was written to meanwhile, so that it may be of two halves
            self._accept(key, look, is_whole=not needed)
        elif look_at([self._path, *needed]) != look:
            return False
        else:
            self._same_graph(look, is_whole=not needed)
        if not needed:
            self._store.keep_version(content)
        return True

    def _accept(self, key: str, look: Look, *, is_whole: bool) -> None:
        before = self.key
        with self._lock:
            self._settling.accept()
            self._shown = look
            # The same content again is the same version, and the newest.
            self._versions = [one for one in self._versions if one.key != key]
            self._versions.append(_Version(key, time.time(), is_whole))
            self._number += 1
            for old in self._versions[:-_IN_MEMORY]:
                self._store.forget(old.key)
        self._changed(key)
        self._want((before, key))

    def _same_graph(self, look: Look, *, is_whole: bool) -> None:
        """The file holds what it did; its weights elsewhere may have been written."""
        with self._lock:
            self._settling.accept()
            shown, self._shown = self._shown, look
            version = self._versions[-1]
            at = version.at if shown is None else time.time()
            self._versions[-1] = version._replace(at=at, is_whole=is_whole)
            if shown is None or _written(shown) == _written(look):
                return  # the first look, or nothing but its rights were changed
            self._number += 1
            self._rewritten += 1
            self._weights_changed = _written(shown)[1:] != _written(look)[1:]
            if self._weights_changed:
                self._store.forget(version.key)  # with what was worked out from these weights

    def _say(self, phase: Phase, why: str | None = None) -> None:
        """Tell the pages how far the file is: that it cannot be read, once waiting did not help."""
        with self._lock:
            now = time.time()
            if phase not in ("writing", "stuck"):
                self._since, self._why = 0.0, ""
            elif not self._since:
                self._since = now
            self._why = why or self._why
            problem = self._builder.problem if self._builder is not None else None
            if phase == "stuck":
                self._stuck = self._stuck or Problem(self._why, "", self._since)
            elif phase == "same":
                self._stuck = None
            problem = problem or self._stuck
            doing: Doing = ""
            if self._builder is not None and self._builder.is_busy:
                doing = "exporting"
            elif phase == "writing" and now - self._since > _WORTH_SAYING:
                doing = "writing"
            if (problem, doing) != (self._problem, self._doing):
                self._problem, self._doing = problem, doing
                self._number += 1

    def _want(self, pair: tuple[str, str]) -> None:
        """Have two versions compared, unless that is known or under way."""
        with self._lock:
            if pair in self._changes:
                return
            self._changes[pair] = None
            while len(self._changes) > _COMPARED:
                del self._changes[next(iter(self._changes))]
        threading.Thread(target=self._compare, args=[pair], daemon=True).start()

    def _compare(self, pair: tuple[str, str]) -> None:
        whole = {one.key: one.is_whole for one in self._versions}
        with self._comparing:
            if pair[1] != self.key:  # there is a newer one, with which pages are now
                with self._lock:
                    self._changes.pop(pair, None)
                return
            try:
                document = compare_versions(
                    self._store,
                    *pair,
                    wanted=lambda: not self._is_over.is_set(),
                    here=not all(whole.get(key) for key in pair),
                )
                changes = summary(document)
            except HexvizError as error:
                changes = [f"what changed cannot be told: {error}"]
            except Exception:
                _LOGGER.exception("Two versions of %s cannot be compared.", self._name)
                changes = ["what changed cannot be told: the server's log says why"]
        with self._lock:
            self._changes[pair] = changes
            self._number += 1


def _written(look: Look) -> list[tuple[Any, ...] | None]:
    """Of each file what a write changes, and a change of its rights does not."""
    return [None if one is None else _content_state(one) for one in look]


def _content_state(state: FileState) -> tuple[str, int, int]:
    return state.path, state.size, state.modified
