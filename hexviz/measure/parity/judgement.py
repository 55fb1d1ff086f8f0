"""A graph beside its reference: two runs, and what each module adds by itself.

::

    natural   x ─ embed ─ dense ─ norm ─ y        error at dense: 3e-2, at norm: 2e-2, at y: 2e-2
    own       x ─ embed │ dense │ norm │ y        error at dense: 3e-2, at norm: 5e-8, at y: 0

The first run is the graph as it is: from it come the natural errors, and samples of all values by
which outputs are paired. In the second, readers of every paired value get the reference's tensor,
so what is wrong there is wrong between it and the paired values before it. A value that is wrong
then although another one has the reference's numbers exactly was paired wrongly: that is mended,
and the second run made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from hexviz.extraction.spill import Spill
from hexviz.measure.documents import TensorError
from hexviz.measure.parity.borders import Borders, borders_of
from hexviz.measure.parity.cut_run import natural_values, own_values
from hexviz.measure.parity.pairing import EQUAL, Pairing, pair
from hexviz.measure.parity.reference import Array, Pair, Reference
from hexviz.measure.parity.samples import Sample, distance, sample
from hexviz.measure.parity.tensor_error import relative_error, tensor_error
from hexviz.model.graph import TaggedGraph

__all__ = ["Judged", "Tolerance", "judge", "said_tolerance"]

_NOISE = 8.0
"""How many times the reference's own rounding an error may be: another order of the same sums."""

_EXACT = 1e-5
"""Relative distance of a sample up to which a value of the second run is the reference's."""


_SLICE_BYTES = 1 << 26
"""What a slice takes: more would be most of the memory, and take no less time."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """``rtol`` bounds the relative error (see :class:`TensorError`), ``atol`` the absolute one."""

    rtol: float
    atol: float

    def allows(self, error: TensorError, noise: float | None) -> bool:
        """Whether an error is within the tolerance, or what rounding explains."""
        if error.max_abs_error is not None and error.max_abs_error <= self.atol:
            return True
        return relative_error(error) <= max(self.rtol, _NOISE * (noise or 0.0))


def said_tolerance(rtol: float, noises: Iterable[float | None]) -> str:
    """The relative tolerance in words, with the rounding that raises it for some module.

    >>> said_tolerance(1e-5, [None, 1e-7]), said_tolerance(1e-5, [1e-3])
    ('1e-05', '1e-05, or 8 times the rounding where that is more')
    """
    raised = any(_NOISE * (noise or 0.0) > rtol for noise in noises)
    more = f", or {_NOISE:g} times the rounding where that is more" if raised else ""
    return f"{rtol:g}{more}"


@dataclass
class Judged:
    """Errors by the place of the output in the reference, and how each was paired."""

    pairing: Pairing
    natural: dict[int, TensorError] = field(default_factory=dict)
    own: dict[int, TensorError] = field(default_factory=dict)


def judge(
    graph: TaggedGraph,
    reference: Reference,
    pairs: Iterable[Pair] | None,
    tolerance: Tolerance,
) -> Judged:
    """Run a graph twice, and compare it with its reference at all values that stand for an output.

    ``pairs`` are known already, or found here by the borders of the modules (``None``).

    Raises:
        MeasureError: if the graph has no weights.
        ExtractionError: if it cannot be run on the reference's inputs.
    """
    borders = borders_of(graph)
    samples = _samples(reference)
    if pairs is not None:
        found = Judged(Pairing({one.output: one for one in pairs}))
        wanted = found.pairing.values
        natural = natural_values(graph, reference.feed, wanted, slice_bytes=_SLICE_BYTES)
        _compare(natural, found, reference, found.natural)
        _own(graph, reference, found)
        return found
    with Spill() as spill:
        seen, errors = _natural(graph, reference, borders, samples, spill)
        found = Judged(pair(reference, borders, seen, samples))
        if not found.pairing.pairs:
            return found
        values = _own(graph, reference, found)
        if _mend(found, reference, values, samples, tolerance):
            _own(graph, reference, found)
        _natural_errors(graph, reference, found, errors, spill)
    return found


def _samples(reference: Reference) -> dict[int, Sample]:
    return {
        at: sample(reference.tensors.load(one.key))
        for at, one in enumerate(reference.outputs)
        if one.same_as is None
    }


def _natural(
    graph: TaggedGraph,
    reference: Reference,
    borders: Borders,
    samples: Mapping[int, Sample],
    spill: Spill,
) -> tuple[dict[str, Sample], dict[tuple[str, int], TensorError]]:
    """Samples of all values, and errors of those that can stand for one output only.

    Values that can stand for several are kept on disk until it is known for which, and so are those
    that look like an output which no border tells of.
    """
    possible = _possible(reference, borders)
    told = {at for places in possible.values() for at in places}
    untold = [at for at in samples if at not in told or reference.outputs[at].output > 0]
    seen: dict[str, Sample] = {}
    errors: dict[tuple[str, int], TensorError] = {}
    for value, array in natural_values(graph, reference.feed, slice_bytes=_SLICE_BYTES):
        seen[value] = sample(array)
        fits = [
            at
            for at in possible.get(value, ())
            if samples[at].fits(seen[value].shape, seen[value].dtype)
        ]
        fits += [
            at
            for at in untold
            if samples[at].fits(seen[value].shape, seen[value].dtype)
            and distance(seen[value], samples[at]) < EQUAL
        ]
        if len(fits) == 1:
            key = reference.outputs[fits[0]].key
            errors[value, fits[0]] = tensor_error(array, reference.tensors.load(key))
        elif fits:
            spill.store(f"natural {value}", array)
    return seen, errors


def _possible(reference: Reference, borders: Borders) -> dict[str, list[int]]:
    """Value → the outputs that it can stand for by where it is."""
    found: dict[str, list[int]] = {}
    for at, one in enumerate(reference.outputs):
        first = at if one.same_as is None else one.same_as
        if one.handed_to:
            values = borders.entering.get(one.handed_to, ())
        else:
            values = [
                value
                for name in (one.module, *one.owners)
                for value in borders.leaving.get(name, ())
            ]
        for value in values:
            if first not in (places := found.setdefault(value, [])):
                places.append(first)
    return found


def _own(graph: TaggedGraph, reference: Reference, found: Judged) -> dict[str, Sample]:
    """The second run: own errors into ``found``; samples of all values."""
    given = {
        one.value: _loader(reference, reference.outputs[at].key)
        for at, one in found.pairing.pairs.items()
    }
    found.own.clear()
    values = own_values(graph, reference.feed, given, slice_bytes=_SLICE_BYTES)
    return _compare(values, found, reference, found.own)


def _loader(reference: Reference, key: str) -> Callable[[], Array]:
    return lambda: reference.tensors.load(key)


def _compare(
    values: Iterable[tuple[str, Array]],
    found: Judged,
    reference: Reference,
    errors: dict[int, TensorError],
) -> dict[str, Sample]:
    by_value: dict[str, list[int]] = {}
    for at, one in found.pairing.pairs.items():
        by_value.setdefault(one.value, []).append(at)
    seen = {}
    for value, array in values:
        seen[value] = sample(array)
        for at in by_value.get(value, ()):
            theirs = reference.tensors.load(reference.outputs[at].key)
            errors[at] = tensor_error(array, theirs)
    return seen


def _mend(
    found: Judged,
    reference: Reference,
    values: Mapping[str, Sample],
    samples: Mapping[int, Sample],
    tolerance: Tolerance,
) -> bool:
    """Pair anew what the second run shows to be paired wrongly or not at all, if there is any."""
    pairing = found.pairing
    changed = False
    for at, source in sorted(pairing.apart.items()):
        error = found.own.get(source)
        if at in pairing.pairs or error is None or source not in pairing.pairs:
            continue
        if not tolerance.allows(error, reference.outputs[source].noise):
            # It only looked like the numbers before the BatchNorm, behind a fault.
            pairing.fold(reference, source, at)
            changed = True
    taken = pairing.values
    for at, wanted in samples.items():
        held = pairing.pairs.get(at)
        if held is not None:
            error = found.own.get(at)
            if error is None or tolerance.allows(error, reference.outputs[at].noise):
                continue
            others: Iterable[str] = pairing.several.get(at, ())
        else:
            others = values if wanted.telling else ()
        equal = [
            value
            for value in others
            if value in values
            and value not in taken
            and values[value].fits(wanted.shape, wanted.dtype)
            and distance(values[value], wanted) <= _EXACT
        ]
        if equal:
            pairing.pairs[at] = Pair(equal[0], at, "repaired")
            pairing.reasons.pop(at, None)
            taken.add(equal[0])
            changed = True
        elif held is not None and reference.outputs[at].handed_to and held.how == "numbers":
            del pairing.pairs[at]  # one guess of several, and wrong: nobody is accused for that
            changed = True
    return changed


def _natural_errors(
    graph: TaggedGraph,
    reference: Reference,
    found: Judged,
    errors: Mapping[tuple[str, int], TensorError],
    spill: Spill,
) -> None:
    """The natural errors of what is paired: known, from the disk, or from one more run."""
    missing = set()
    for at, one in found.pairing.pairs.items():
        if (one.value, at) in errors:
            found.natural[at] = errors[one.value, at]
        elif (key := f"natural {one.value}") in spill:
            theirs = reference.tensors.load(reference.outputs[at].key)
            found.natural[at] = tensor_error(spill.load(key), theirs)
        else:
            missing.add(one.value)
    if missing:
        again = Judged(
            Pairing({at: one for at, one in found.pairing.pairs.items() if one.value in missing})
        )
        values = natural_values(graph, reference.feed, missing, slice_bytes=_SLICE_BYTES)
        _compare(values, again, reference, found.natural)
