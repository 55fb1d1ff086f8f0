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
are ops that compute something, and whose value is handed on by a reshaping or
copying neighbour in another module: those candidates count that have the op's own
type, else those with arithmetic; and ops of quantised files whose value is
that of one module but for scale and zero point (an integer product). An op that
only hands on what it reads could have been put in on either side of such a
neighbour, and is not resolved.

Left out, and counted by reason: ops in bodies and functions; *trivial* values,
that could be equal by chance (few elements, or few different ones, as
shapes and masks have); *nothing equal*; *several modules*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hexviz.matching.equal_values import fitted, run_before, sketches_of
from hexviz.matching.sketches import Equal, Sketch, SketchIndex, is_telling, over_runs
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op

__all__ = ["NumericTruth", "TruthFinder"]

_RUNS = 3
_EXACT, _NOISY = 1e-3, 0.15  # mean relative distance of the nearest value, at most


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
        self._makers = {
            value: op for op in before.ops if not op.body for value in op.outputs if value
        }
        self._feeds, runs = run_before(before, runs=_RUNS)
        self._index = SketchIndex(over_runs(runs))

    def find(self, after: TaggedGraph, *, noisy: bool) -> NumericTruth:
        """The truths of one rewritten graph; ``noisy`` if its numbers are only similar.

        Raises:
            ExtractionError: if the graph cannot be run.
        """
        feeds = [fitted(self.before, feed, after) for feed in self._feeds]
        sketches = over_runs([sketches_of(after, feed) for feed in feeds])
        strict: dict[int, str] = {}
        resolved: dict[int, str] = {}
        left_out: Counter[str] = Counter()
        for at, op in enumerate(after.ops):
            if op.body:
                left_out["in a body"] += 1
                continue
            values = [sketches[value] for value in op.outputs if value in sketches]
            worth = [value for value in values if is_telling(value)]
            if not worth:
                left_out["trivial"] += 1
                continue
            found = self._equal(worth[0], noisy=noisy)
            equal = [self._makers[name] for name in found.names]
            modules = {one.module for one in equal}
            if len(modules) == 1:
                strict[at] = modules.pop()
                continue
            module = None
            if not _hands_on(op, worth[0], sketches, noisy=noisy):
                if found.is_one_value:
                    module = _resolved(op, equal)
                elif noisy and not equal:
                    module = self._scaled(op, worth[0])
            if module is not None:
                resolved[at] = module
            else:
                left_out["several modules" if equal else "nothing equal"] += 1
        return NumericTruth(strict, resolved, dict(left_out))

    def _equal(self, value: Sketch, *, noisy: bool) -> Equal:
        found = self._index.nearest(value, _NOISY if noisy else _EXACT)
        # Ranks tell no two weights apart that are drawn alike, once they are coarse.
        return found if found.names or noisy else self._index.permuted(value)

    def _scaled(self, op: Op, value: Sketch) -> str | None:
        equal = [self._makers[name] for name in self._index.scaled(value)]
        modules = {one.module for one in equal}
        return modules.pop() if len(modules) == 1 else _resolved(op, equal)


def _hands_on(op: Op, value: Sketch, sketches: Mapping[str, Sketch], *, noisy: bool) -> bool:
    """Whether an op's value is one that it reads, in another shape or, where noisy, scale."""
    read = SketchIndex({name: sketches[name] for name in op.inputs if name in sketches})
    if read.nearest(value, _EXACT).names or (not noisy and read.permuted(value).names):
        return True
    return noisy and bool(read.scaled(value))


def _resolved(op: Op, equal: Sequence[Op]) -> str | None:
    """The module that is left when pass-through neighbours of other modules do not count."""
    alike = [one for one in equal if (one.op_type, one.domain) == (op.op_type, op.domain)]
    if not alike:
        alike = [one for one in equal if one.auxiliary is None]
    modules = {one.module for one in alike}
    return modules.pop() if len(modules) == 1 else None
