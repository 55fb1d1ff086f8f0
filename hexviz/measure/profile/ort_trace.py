"""A profile of ONNX Runtime: for every node, how long it took in each run.

::

    model_run ├─────────────────────┤   ├──────────────────┤     two runs
    a           ├──┤                      ├──┤                   a: 12, 11
    z (Loop)         ├────────────┤           ├──────────┤       z: 9, 7, without what is inside
    z/m                ├──┤ ├──┤                ├──┤             z/m: 8, 4, summed over turns

Sessions that run in several threads, or a file of several runs, are told apart by the events named
``model_run``. What stands in no whole run was cut off and is left out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hexviz.errors import MeasureError
from hexviz.measure.profile.trace_file import Event, children_time, with_parents

__all__ = ["NodeKey", "NodeRuns", "node_runs"]

Array = npt.NDArray[np.float64]

_SUFFIX = "_kernel_time"
_RUN = "model_run"
_MOST_TIMES = 20_000_000  # of nodes in runs


class NodeKey(NamedTuple):
    """What tells nodes of a trace apart: names may be doubled in the bodies of If, Loop and Scan.

    ``around`` are the names of the nodes in whose bodies it ran, the outermost first.
    """

    name: str
    op_type: str
    around: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeRuns:
    """A node as it ran: ``us`` are its microseconds in each run, without those of its bodies.

    ``weight_bytes`` is the size of the constants that it reads and ``shape`` that of its first
    output, as the runtime says; -1 and ``None`` where a trace does not tell.
    """

    key: NodeKey
    provider: str
    us: Array
    weight_bytes: int = -1
    shape: tuple[int, ...] | None = None


def node_runs(events: Sequence[Event], last: int | None = None) -> list[NodeRuns]:
    """The nodes of a profile in the order in which they first ran.

    Of its runs only the ``last`` ones count; where it is not given, all but the first one, in which
    memory is taken and caches are cold, or that one if there is no other.

    Raises:
        MeasureError: if no node ran in it.
    """
    nodes = [event for event in events if event.cat == "Node" and event.name.endswith(_SUFFIX)]
    if not nodes:
        raise MeasureError(
            "The trace has no times of nodes: profile a session that ran the model at least once."
        )
    nested = list(with_parents(nodes))
    inside = children_time(nested)
    numbers, count = _numbered([event for event in events if event.name == _RUN], nested)
    first = max(0, count - last) if last is not None else int(count > 1)
    if (count - first) * len({event.name for event in nodes}) > _MOST_TIMES:
        raise MeasureError(f"The trace has {count} runs: take one of some dozens.")
    found: dict[NodeKey, NodeRuns] = {}
    for (event, around), number in zip(nested, numbers, strict=True):
        if number < first:
            continue
        key = NodeKey(_name(event), event.args.op_name, tuple(map(_name, around)))
        if key not in found:
            found[key] = NodeRuns(
                key,
                event.args.provider,
                np.zeros(count - first),
                _whole(event.args.parameter_size),
                _shape(event.args.output_type_shape),
            )
        found[key].us[number - first] += max(0.0, event.dur - inside.get(id(event), 0.0))
    if not found:
        raise MeasureError("The trace was cut short within its first run: profile a whole one.")
    return list(found.values())


def _name(event: Event) -> str:
    return event.name.removesuffix(_SUFFIX)


def _whole(figure: object) -> int:
    text = str(figure) if isinstance(figure, int | str) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else -1


def _shape(outputs: object) -> tuple[int, ...] | None:
    """The shape of the first output in ``[{"float": [2, 16]}, …]``."""
    if not isinstance(outputs, list) or not outputs or not isinstance(outputs[0], dict):
        return None
    shape = next(iter(outputs[0].values()), None)
    if not isinstance(shape, list) or not all(isinstance(one, int) for one in shape):
        return None
    return tuple(shape)


def _numbered(
    runs: Sequence[Event], nested: Sequence[tuple[Event, tuple[Event, ...]]]
) -> tuple[list[int], int]:
    """Per node the number of its run, -1 where it stands in no whole one; and how many there are.

    Without any event for runs (the profile was ended while the first one ran, or an old version
    wrote it) a run begins where a node runs again that is in no other one.
    """
    if runs:
        starts = [run.ts for run in runs]
        return [_run_of(event, runs, starts) for event, _ in nested], len(runs)
    numbers = []
    number = 0
    seen: set[tuple[str, str]] = set()
    for event, around in nested:
        own = (event.name, event.args.op_name)
        if not around:
            if own in seen:
                number += 1
                seen.clear()
            seen.add(own)
        numbers.append(number)
    return numbers, number + 1


_CONCURRENT = 64
"""Runs that may have begun before a node's own and not ended yet."""


def _run_of(event: Event, runs: Sequence[Event], starts: Sequence[float]) -> int:
    last = bisect_right(starts, event.ts)
    around = [
        at for at in range(max(0, last - _CONCURRENT), last) if runs[at].end >= event.end - 2.0
    ]
    own = [at for at in around if runs[at].tid == event.tid]
    return max(own or around, default=-1)
