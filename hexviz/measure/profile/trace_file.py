"""The file of a trace as events, whoever wrote it: ONNX Runtime or torch.profiler.

Both write Chrome's format: an event has a name, a category, a begin and a duration in microseconds
and the thread that it ran in. ONNX Runtime writes a list of events, torch an object with them in
it. An event *contains* those of its thread that ran while it did::

    model_run ├──────────────────────────────┤
    z (Loop)      ├──────────────┤                  time of z by itself: that without m and n
    m, n            ├──┤ ├───┤       y ├──┤
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hexviz.errors import MeasureError

__all__ = ["Event", "children_time", "read_events", "with_parents"]

_ROUNDED = 2.0
"""Microseconds by which an event may end after the one that contains it: begin and duration are
rounded down each."""


class Arguments(Struct, frozen=True, rename={"external": "External id"}):
    """What hexviz reads of an event's arguments; each tool has its own."""

    op_name: str = ""
    provider: str = ""
    parameter_size: Any = None
    output_type_shape: Any = None
    external: int | str | None = None


class Event(Struct, frozen=True):
    """One event; ``ts`` is when it began and ``dur`` how long it took, in microseconds."""

    name: str = ""
    cat: str = ""
    ph: str = ""
    ts: float = 0.0
    dur: float = 0.0
    tid: int | str = 0
    args: Arguments = Arguments()

    @property
    def end(self) -> float:
        """When it ended."""
        return self.ts + self.dur


class _TorchTrace(Struct, frozen=True):
    traceEvents: list[msgspec.Raw]  # noqa: N815 - the format's name


def read_events(content: bytes) -> tuple[str, list[Event]]:
    """Who wrote a trace, ``ort`` or ``torch``, and its events with a duration, as they began.

    An event that contains another one comes before it.

    Raises:
        MeasureError: if it is no trace, or was cut short.
    """
    source = "torch" if content.lstrip()[:1] == b"{" else "ort"
    try:
        if source == "torch":
            raw = msgspec.json.decode(content, type=_TorchTrace).traceEvents
        else:
            raw = msgspec.json.decode(content, type=list[msgspec.Raw])
        # Torch also writes events of other shapes, which tell of no time.
        found = [event for one in raw if (event := _event(one, source)) is not None]
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise MeasureError(
            "That is no trace of ONNX Runtime or torch.profiler, or it was cut short "
            f"({str(error).rstrip('.')}): end the profiling before you copy its file."
        ) from error
    if any(not _is_sound(event) for event in found):
        raise MeasureError("The trace has times that are no numbers: take it again.")
    # Of two that took the same time the outer one is written later, because it ends later.
    found.reverse()
    return source, sorted(found, key=lambda event: (event.ts, -event.dur))


def _event(raw: msgspec.Raw, source: str) -> Event | None:
    try:
        event: Event = msgspec.json.decode(raw, type=Event)
    except msgspec.ValidationError:
        if source == "torch":
            return None
        raise
    return event if event.ph in ("X", "") else None


def _is_sound(event: Event) -> bool:
    return math.isfinite(event.ts) and math.isfinite(event.dur) and event.dur >= 0


def with_parents(events: Iterable[Event]) -> Iterator[tuple[Event, tuple[Event, ...]]]:
    """Each event with those of its thread that contain it, the outermost first.

    ``events`` are sorted as :func:`read_events` gives them.
    """
    open_events: dict[Any, list[Event]] = {}
    for event in events:
        around = open_events.setdefault(event.tid, [])
        while around and (around[-1].end <= event.ts or around[-1].end < event.end - _ROUNDED):
            around.pop()
        yield event, tuple(around)
        around.append(event)


def children_time(events: Sequence[tuple[Event, tuple[Event, ...]]]) -> dict[int, float]:
    """Per event, by ``id``, the microseconds that those directly inside of it took."""
    found: dict[int, float] = {}
    for event, around in events:
        if around:
            found[id(around[-1])] = found.get(id(around[-1]), 0.0) + event.dur
    return found
