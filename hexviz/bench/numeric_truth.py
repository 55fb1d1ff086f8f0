"""Which module an op of a rewritten file belongs to, read off the numbers alone.

Both graphs run on the same inputs, several times, with the runtime's optimiser
off, and every value of either top graph is kept as a sketch
(:mod:`hexviz.matching.sketches`). For each op of the graph after::

    its first output that has numbers worth asking
      → the values before that are equal: those with as many elements, at the same
        places (so reshaped ones count), else at the same ranks (transposed ones;
        not after tools whose numbers are only similar)
      → the ops that make them → their modules

Equal are the nearest value and all that are hardly further away (``_SAME`` times, or
under what reordered sums differ by), if the nearest is near enough at all.
After half precision or quantisation values are only similar: the limit is wider,
and since whatever is within ``_SAME`` times the nearest distance counts as a
candidate, only a value that is nearest by far decides.

*Strict* truths are ops whose candidates are all of one module. *Resolved* ones
are ops whose value is also that of a reshaping or copying neighbour in another
module: those candidates count that have the op's own type, else, for an op with
arithmetic, those with arithmetic; and ops of quantised files whose value is
that of one module but for scale and zero point (an integer product, a
quantised activation).

Left out, and counted by reason: ops in bodies and functions; *trivial* values,
that could be equal by chance (few elements, or few different ones, as
shapes and masks have); *nothing equal*; *several modules*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.errors import ExtractionError
from hexviz.extraction.feeds import Feed, free_inputs, generate
from hexviz.matching.running import values_of
from hexviz.matching.sketches import Sketch, distances, joined, sketch
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op

__all__ = ["NumericTruth", "TruthFinder"]

Floats = npt.NDArray[np.float64]

_RUNS = 3
_EXACT, _NOISY = 1e-3, 0.15  # mean relative distance of the nearest value, at most
_EXACT_RANKS = 1e-5  # large tensors that are drawn alike agree to some thousandths
_REORDERED = 2e-6  # two values that are so near are equal whatever else is
_SAME = 4.0
_COPIED = 1.05  # times the nearest distance: a copy is as far away but for what a sketch leaves out
_CORRELATED = 0.98
_CHOSEN = 32  # values that are compared in full, of all with as many elements
_FEWEST, _FEWEST_WHOLE = 4, 8  # elements, of floats and of integers
_LEAST_DISTINCT = 3


@dataclass(frozen=True, slots=True)
class NumericTruth:
    """Position after → module, and why all other ops are left out."""

    strict: Mapping[int, str]
    resolved: Mapping[int, str]
    left_out: Mapping[str, int]


class TruthFinder:
    """The values of one graph before, to ask about any number of graphs after.

    Raises:
        ExtractionError: if the graph cannot be run.
    """

    def __init__(self, before: TaggedGraph) -> None:
        self.before = before
        self.feeds = list(_feeds(before))
        self._makers = {
            value: op for op in before.ops if not op.body for value in op.outputs if value
        }
        runs = [_sketches(before, feed) for feed in self.feeds]
        sketches = _over_runs(runs)
        self._buckets: dict[int, _Bucket] = {
            size: _Bucket(group) for size, group in _by_size(sketches).items()
        }

    def find(self, after: TaggedGraph, *, noisy: bool) -> NumericTruth:
        """The truths of one rewritten graph; ``noisy`` if its numbers are only similar.

        Raises:
            ExtractionError: if the graph cannot be run.
        """
        feeds = [_fed(self.before, feed, after) for feed in self.feeds]
        sketches = _over_runs([_sketches(after, feed) for feed in feeds])
        strict: dict[int, str] = {}
        resolved: dict[int, str] = {}
        left_out: Counter[str] = Counter()
        for at, op in enumerate(after.ops):
            if op.body:
                left_out["in a body"] += 1
                continue
            values = [sketches[value] for value in op.outputs if value in sketches]
            worth = [value for value in values if _is_worth_asking(value)]
            if not worth:
                left_out["trivial"] += 1
                continue
            found = self._equal(worth[0], noisy=noisy)
            equal = [self._makers[name] for name in found.names]
            modules = {one.module for one in equal}
            if len(modules) == 1:
                strict[at] = modules.pop()
                continue
            module = _resolved(op, equal) if found.is_one_value else None
            if module is None and not equal and noisy:
                module = self._scaled(op, worth[0])
            if module is not None:
                resolved[at] = module
            else:
                left_out["several modules" if equal else "nothing equal"] += 1
        return NumericTruth(strict, resolved, dict(left_out))

    def _equal(self, value: Sketch, *, noisy: bool) -> _Equal:
        bucket = self._buckets.get(value.size)
        if bucket is None:
            return _NOTHING
        found = bucket.nearest(value, _NOISY if noisy else _EXACT, by_rank=False)
        # Ranks tell no two weights apart that are drawn alike, once they are coarse.
        return found if found.names or noisy else bucket.nearest(value, _EXACT_RANKS, by_rank=True)

    def _scaled(self, op: Op, value: Sketch) -> str | None:
        bucket = self._buckets.get(value.size)
        equal = [self._makers[name] for name in bucket.correlated(value)] if bucket else []
        modules = {one.module for one in equal}
        return modules.pop() if len(modules) == 1 else _resolved(op, equal)


def _resolved(op: Op, equal: Sequence[Op]) -> str | None:
    """The module that is left when pass-through neighbours of other modules do not count."""
    alike = [one for one in equal if (one.op_type, one.domain) == (op.op_type, op.domain)]
    if not alike and op.auxiliary is None:
        alike = [one for one in equal if one.auxiliary is None]
    modules = {one.module for one in alike}
    return modules.pop() if len(modules) == 1 else None


@dataclass(frozen=True, slots=True)
class _Equal:
    """Values before that can be a value after; ``is_one_value`` if all of them are the same."""

    names: list[str]
    is_one_value: bool


_NOTHING = _Equal([], is_one_value=False)


class _Bucket:
    """The values of one size before."""

    def __init__(self, sketches: Mapping[str, Sketch]) -> None:
        self.names = list(sketches)
        self._values = list(sketches.values())
        self._by_position = np.stack([one.by_position for one in self._values])
        self._by_rank = np.stack([one.by_rank for one in self._values])
        self._centred = _centred(self._by_position)

    def nearest(self, value: Sketch, limit: float, *, by_rank: bool) -> _Equal:
        own, others = (
            (value.by_rank, self._by_rank) if by_rank else (value.by_position, self._by_position)
        )
        coarse = distances(own[::8], others[:, ::8], value.scale)
        chosen = np.argsort(coarse, kind="stable")[:_CHOSEN]
        exact = distances(own, others[chosen], value.scale)
        least = float(exact.min())
        if least > limit:
            return _NOTHING
        same = exact <= max(_SAME * least, _REORDERED)
        is_one = bool((exact[same] <= max(_COPIED * least, _REORDERED)).all())
        return _Equal([self.names[at] for at in chosen[same]], is_one)

    def correlated(self, value: Sketch) -> list[str]:
        match = np.abs(self._centred @ _centred(value.by_position))
        if match.max() < _CORRELATED:
            return []
        far = 1 - match
        return [self.names[at] for at in np.flatnonzero(far <= max(_SAME * far.min(), 1e-9))]


def _centred(rows: Floats) -> Floats:
    rows = rows - rows.mean(axis=-1, keepdims=True)
    return np.asarray(rows / (np.linalg.norm(rows, axis=-1, keepdims=True) + 1e-30))


def _is_worth_asking(value: Sketch) -> bool:
    if value.size < (_FEWEST if value.is_float else _FEWEST_WHOLE):
        return False
    return value.distinct >= _LEAST_DISTINCT


def _by_size(sketches: Mapping[str, Sketch]) -> dict[int, dict[str, Sketch]]:
    groups: dict[int, dict[str, Sketch]] = {}
    for name, one in sketches.items():
        groups.setdefault(one.size, {})[name] = one
    return groups


def _feeds(graph: TaggedGraph) -> Iterator[Feed]:
    """As many inputs as there are runs, all of the first guess that the graph runs on."""
    seeds = (generate(graph.proto, seed=seed) for seed in range(_RUNS))
    error: ExtractionError | None = None
    for guess, feeds in enumerate(zip(*seeds, strict=True)):
        try:
            for _ in values_of(graph, feeds[0]):
                pass
        except ExtractionError as failed:
            error = error or failed
            if guess > 8:
                break
            continue
        yield from feeds
        return
    raise error or ExtractionError("The model has no inputs that could be made up.")


def _fed(before: TaggedGraph, feed: Feed, after: TaggedGraph) -> Feed:
    """The same inputs for the graph after: by name, else by place, in its own type."""
    result: dict[str, Any] = {}
    names = list(free_inputs(before.proto))
    for at, (name, kind) in enumerate(free_inputs(after.proto).items()):
        source = name if name in feed else names[at]
        value = feed[source]
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            wanted = onnx.helper.tensor_dtype_to_np_dtype(kind.tensor_type.elem_type)
            value = value.astype(wanted)
        result[name] = value
    return result


def _sketches(graph: TaggedGraph, feed: Feed) -> dict[str, Sketch]:
    found = ((name, sketch(array)) for name, array in values_of(graph, feed))
    return {name: one for name, one in found if one is not None}


def _over_runs(runs: Sequence[Mapping[str, Sketch]]) -> dict[str, Sketch]:
    """One sketch of all runs, for values that have one size in all of them."""
    return {
        name: joined([run[name] for run in runs])
        for name, one in runs[0].items()
        if all(name in run and run[name].size == one.size for run in runs)
    }
