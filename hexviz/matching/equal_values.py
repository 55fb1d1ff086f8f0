"""Values of two graphs that are the same because their numbers are.

::

    before   x ─ MatMul "mm" ─ Add "y"           run on x:  y = [0.3, -1.2, …]
    after    x ─ Gemm "v7"                       run on x: v7 = [0.3, -1.2, …]   so v7 is y

Both graphs run on the same inputs, a slice of their ops at a time
(:mod:`hexviz.matching.sliced_run`), and of each value only a sketch is kept
(:mod:`hexviz.matching.sketches`). Where the model's results are the same
in both, equal values are pairs; where they are not, because the graph was quantised
or runs in half precision, a value pairs with one that is nearest by far. A value
that has all elements of another one in another order, as optimisers' own
layouts have, is its pair too, as long as numbers are exact.

Nothing is guessed: values with few elements, or few different ones, are not
looked at, and a value that could be several others has no pair, unless those are one
value that reshaping and copying ops hand on. Values in bodies and functions cannot be
seen from outside and have none either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.errors import ExtractionError
from hexviz.extraction.feeds import Feed, free_inputs, generate, given
from hexviz.extraction.runtime import without_weights
from hexviz.matching.sketches import Sketch, SketchIndex, is_telling, over_runs, sketch
from hexviz.matching.sliced_run import SLICE_BYTES, values_of
from hexviz.matching.witness import EqualValues
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op

__all__ = ["equal_values", "fitted", "run_before", "sketches_of"]

Array = npt.NDArray[Any]

_RUNS = 2  # on inputs that are made up: values of one run can be equal by chance
_EXACT, _NEAR = 1e-3, 0.1  # mean relative distance of a value to its pair, at most
_GUESSES = 8  # of inputs that are tried


def equal_values(
    before: TaggedGraph,
    after: TaggedGraph,
    inputs: Feed | None = None,
    *,
    slice_bytes: int = SLICE_BYTES,
) -> EqualValues:
    """The values of the top graph after that are values of the top graph before.

    ``inputs`` are those of the graph before, by name; without them, some are
    made up. Those of the graph after get the same by name, else by place.
    ``slice_bytes`` is what the values that are in memory at a time should not exceed.

    Raises:
        ExtractionError: if a graph has no weights or cannot be run, or inputs do not fit.
    """
    for graph, which in ((before, "before"), (after, "after")):
        if without_weights(graph.proto):
            raise ExtractionError(
                f"The graph {which} has no weights, so numbers cannot tell: compare without a run."
            )
    feeds, runs = run_before(before, inputs, slice_bytes=slice_bytes)
    ours = over_runs(runs)
    index = SketchIndex(ours)
    try:
        fed = [fitted(before, feed, after) for feed in feeds]
        theirs = over_runs([sketches_of(after, feed, slice_bytes) for feed in fed])
    except ExtractionError as error:
        raise ExtractionError(f"The graph after cannot be run: {error}") from error
    is_exact = _same_results(after, theirs, index)
    makers = _makers(before)
    passing = _passing(before)
    pairs: dict[str, str] = {}
    candidates: dict[str, tuple[str, ...]] = {}
    for op in after.ops:
        for value in op.outputs if not op.body else ():
            found = theirs.get(value)
            if found is None or not is_telling(found):
                continue
            equal = index.nearest(found, _EXACT if is_exact else _NEAR)
            if is_exact and not equal.names:
                equal = index.permuted(found)
            if equal.names:
                candidates[value] = equal.names
            if equal.is_one_value and _is_chain(equal.names, passing):
                pairs[value] = _chosen(equal.names, op, value, makers)
    return EqualValues(pairs, candidates, is_exact)


def run_before(
    graph: TaggedGraph,
    inputs: Feed | None = None,
    *,
    runs: int = _RUNS,
    slice_bytes: int = SLICE_BYTES,
) -> tuple[list[Feed], list[dict[str, Sketch]]]:
    """The inputs that the graph ran on, and what its values were, run by run.

    Once on given inputs, else ``runs`` times on made-up ones.

    Raises:
        ExtractionError: if it cannot be run, or the given inputs do not fit.
    """
    if inputs is not None:
        feed = given(graph.proto, inputs)
        try:
            return [feed], [sketches_of(graph, feed, slice_bytes)]
        except ExtractionError as error:
            raise ExtractionError(f"The graph before cannot be run: {error}") from error
    first: ExtractionError | None = None
    seeds = (generate(graph.proto, seed=seed) for seed in range(runs))
    for guess, feeds in enumerate(zip(*seeds, strict=True)):
        try:
            return list(feeds), [sketches_of(graph, feed, slice_bytes) for feed in feeds]
        except ExtractionError as error:
            first = first or error
        if guess == _GUESSES:
            break
    raise ExtractionError(f"The graph before cannot be run on made-up inputs: {first}") from first


def sketches_of(
    graph: TaggedGraph, feed: Feed, slice_bytes: int = SLICE_BYTES
) -> dict[str, Sketch]:
    """A sketch per value that the graph's ops make.

    Raises:
        ExtractionError: if it cannot be run.
    """
    values = values_of(graph, feed, slice_bytes=slice_bytes)
    found = ((name, sketch(array)) for name, array in values)
    return {name: one for name, one in found if one is not None}


def fitted(before: TaggedGraph, feed: Feed, after: TaggedGraph) -> Feed:
    """The same inputs for the graph after: by name, else by place, in its own types.

    Raises:
        ExtractionError: if it has an input that none of them can be.
    """
    wanted = free_inputs(after.proto)
    result: dict[str, Any] = {}
    places = list(free_inputs(before.proto))
    left = [name for name in places if name not in wanted]
    same_count = len(places) == len(wanted)
    for at, (name, kind) in enumerate(wanted.items()):
        if name in feed:
            source = name
        elif same_count and places[at] in left:
            source = places[at]
        else:
            source = next((one for one in left if _fits(feed[one], kind)), "")
        if not source:
            raise ExtractionError(
                f"its input {name!r} is none of the graph before, which has {', '.join(places)}."
            )
        if source in left:
            left.remove(source)
        result[name] = _converted(feed[source], kind)
    return result


def _fits(value: Array | Sequence[Array], kind: onnx.TypeProto) -> bool:
    """Whether an array can be an input of that type: float or not, and its shape."""
    if not isinstance(value, np.ndarray) or not kind.HasField("tensor_type"):
        return False
    tensor = kind.tensor_type
    wanted = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
    if (wanted.kind in "iub") != (value.dtype.kind in "iub"):
        return False
    dims = tensor.shape.dim
    return not tensor.HasField("shape") or (
        len(dims) == value.ndim
        and all(
            not dim.HasField("dim_value") or dim.dim_value == size
            for dim, size in zip(dims, value.shape, strict=True)
        )
    )


def _converted(value: Array | Sequence[Array], kind: onnx.TypeProto) -> Array | Sequence[Array]:
    if not isinstance(value, np.ndarray) or value.dtype.kind == "O":
        return value
    if not kind.HasField("tensor_type"):
        return value
    return value.astype(onnx.helper.tensor_dtype_to_np_dtype(kind.tensor_type.elem_type))


def _same_results(after: TaggedGraph, values: Mapping[str, Sketch], index: SketchIndex) -> bool:
    """Whether the model's results are exactly some value before; if not, it computes coarsely."""
    results = [values[name] for name in after.flat.outputs if name in values]
    telling = [one for one in results if one.is_float and is_telling(one)]
    return all(index.nearest(one, _EXACT).names for one in telling)


def _makers(graph: TaggedGraph) -> dict[str, Op]:
    return {value: op for op in graph.ops if not op.body for value in op.outputs if value}


def _passing(graph: TaggedGraph) -> dict[str, tuple[str, ...]]:
    """Value → what an auxiliary op makes it from; of several inputs, each may be handed on."""
    return {
        value: op.inputs
        for op in graph.ops
        if op.auxiliary is not None and not op.body
        for value in op.outputs
        if value
    }


def _is_chain(values: Iterable[str], passing: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether all of these but one are made from another of them by an op that hands values on."""
    among = set(values)
    sources = [value for value in among if not _reaches(value, among, passing)]
    return len(sources) == 1


def _reaches(value: str, among: set[str], passing: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a value is made from another one of these, over any ops that hand values on."""
    pending = list(passing.get(value, ()))
    seen = set(pending)
    while pending:
        source = pending.pop()
        if source in among and source != value:
            return True
        more = [one for one in passing.get(source, ()) if one not in seen]
        seen.update(more)
        pending.extend(more)
    return False


def _chosen(equal: Sequence[str], op: Op, value: str, makers: Mapping[str, Op]) -> str:
    """Of one value in several places, the one that is most likely meant."""

    def preference(name: str) -> tuple[bool, bool, bool]:
        maker = makers[name]
        return (
            name == value,
            (maker.op_type, maker.domain) == (op.op_type, op.domain),
            (maker.auxiliary is None) == (op.auxiliary is None),
        )

    return max(equal, key=preference)
