"""How long each stage of hexviz's own work takes, and what memory it needs.

Nothing is measured unless somebody asks::

    with recorded() as record:          # record.stages tells, outermost first
        with stage("read"):             # free of cost outside of a ``recorded`` block
            ...

A stage may lie in another one; ``depth`` says in how many. Times come from the
interpreter's clocks, allocations from its own allocator, peaks from
:mod:`tracemalloc`, which slows down what it watches two to four times and is
therefore only switched on by ``recorded(memory=True)``. To count what is allocated
takes 6 ms for each GB that is: a server leaves it out by ``recorded(blocks=False)``.

Each stage is also logged as it ends, as one line of JSON with the time of day in
UTC, to the logger ``hexviz.stages``.
"""

from __future__ import annotations

import functools
import json
import logging
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import ParamSpec, TypeVar

__all__ = ["Measured", "Recorder", "Stage", "followed", "recorded", "stage", "staged"]

_LOGGER = logging.getLogger("hexviz.stages")

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage that ran to its end.

    ``start`` is in seconds since the recorder's first stage began, ``seconds``
    by the wall clock, ``cpu_seconds`` of all threads of the process.
    ``blocks`` is by how many the interpreter's allocated blocks grew, 0 if
    nobody asked. ``peak``
    and ``kept`` are bytes above those allocated when the stage began, at most
    and at its end; ``None`` unless memory was asked for.
    """

    name: str
    start: float
    seconds: float
    cpu_seconds: float
    depth: int
    blocks: int
    peak: int | None = None
    kept: int | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured while a graph came about.

    ``modules`` maps the FQN of each module that was called while its model was
    traced to the seconds spent in its own ``forward``, those of its children
    left out; empty where no exporter ran, or it does not call modules.
    """

    stages: tuple[Stage, ...] = ()
    modules: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def timings(self) -> Mapping[str, float]:
        """Outermost stage → seconds, in the order in which they first began."""
        found: dict[str, float] = {}
        for one in sorted(self.stages, key=lambda one: one.start):
            if not one.depth:
                found[one.name] = found.get(one.name, 0.0) + one.seconds
        return MappingProxyType(found)

    def followed_by(self, stages: tuple[Stage, ...]) -> Measured:
        """With later stages, which start where these ended."""
        ended = max((one.start + one.seconds for one in self.stages), default=0.0)
        moved = tuple(replace(one, start=one.start + ended) for one in stages)
        return replace(self, stages=(*self.stages, *moved))


class Recorder:
    """Collects stages; made by :func:`recorded`."""

    def __init__(self, *, memory: bool, blocks: bool, outer: Recorder | None = None) -> None:
        self.memory = memory
        self._count = sys.getallocatedblocks if blocks else int
        self._outer = outer
        self._began: float | None = None
        self._open: list[int] = []  # the highest peak so far, in bytes, of each stage not yet over
        self._done: list[Stage] = []

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Those that are over, in the order in which they began."""
        return tuple(sorted(self._done, key=lambda one: (one.start, one.depth)))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the block; one that raises is measured too."""
        held = self._held()
        self._open.append(held)
        blocks = self._count()
        cpu, began = time.process_time(), time.perf_counter()
        if self._began is None:
            self._began = began
        try:
            yield
        finally:
            seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
            self._note_peak()
            peak = self._open.pop()
            done = Stage(
                name=name,
                start=began - self._began,
                seconds=seconds,
                cpu_seconds=cpu,
                depth=len(self._open),
                blocks=self._count() - blocks,
                peak=peak - held if self.memory else None,
                kept=self._held() - held if self.memory else None,
            )
            self._done.append(done)
            _LOGGER.debug("%s", _Line(done))

    def _held(self) -> int:
        """Bytes allocated now, with the peak so far noted for the stages that are open."""
        self._note_peak()
        return tracemalloc.get_traced_memory()[0] if self.memory else 0

    def _note_peak(self) -> None:
        if self.memory:
            self._raise_to(tracemalloc.get_traced_memory()[1])
            tracemalloc.reset_peak()

    def _raise_to(self, peak: int) -> None:
        self._open[:] = [max(one, peak) for one in self._open]
        if self._outer is not None:  # the peak is reset for its stages too
            self._outer._raise_to(peak)


class _Line:
    """A stage as a line of JSON, put together only if somebody reads it."""

    def __init__(self, done: Stage) -> None:
        self._done = done

    def __str__(self) -> str:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return json.dumps({"time": now, **asdict(self._done)})


_LISTENER: ContextVar[Callable[[str], None] | None] = ContextVar("hexviz-listener", default=None)
_RECORDER: ContextVar[Recorder | None] = ContextVar("hexviz-recorder", default=None)
_OFF: AbstractContextManager[None] = nullcontext()


@contextmanager
def recorded(*, memory: bool = False, blocks: bool = True) -> Iterator[Recorder]:
    """Measure the stages inside of the block; what they allocate unless ``blocks`` is false.

    In a block that is itself inside of one that measures memory, memory is
    measured as well.
    """
    outer = _RECORDER.get()
    memory = memory or (outer is not None and outer.memory)
    recorder = Recorder(memory=memory, blocks=blocks, outer=outer)
    traces = recorder.memory and not tracemalloc.is_tracing()
    if traces:
        tracemalloc.start()
    token = _RECORDER.set(recorder)
    try:
        yield recorder
    finally:
        _RECORDER.reset(token)
        if traces:
            tracemalloc.stop()


@contextmanager
def followed(begun: Callable[[str], None]) -> Iterator[None]:
    """Tell the name of each stage inside of the block as it begins."""
    token = _LISTENER.set(begun)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def stage(name: str) -> AbstractContextManager[None]:
    """Measure a block under a name, if somebody asked."""
    listener = _LISTENER.get()
    if listener is not None:
        listener(name)
    recorder = _RECORDER.get()
    return _OFF if recorder is None else recorder.stage(name)


def staged(
    name: str,
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Measure every call of a function under a name, if somebody asked."""

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        @functools.wraps(function)
        def measured(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            with stage(name):
                return function(*args, **kwargs)

        return measured

    return decorate
