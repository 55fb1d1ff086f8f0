"""Another ONNX graph as the reference: the original of a quantised, optimised or converted one.

::

    reference   embedding ─▶ r1     dense ─▶ r2     gelu ─▶ r3
    graph       "e_q", "e"          "d"             …            values that may stand for them
                    r1 is e         r2 is d         r3 has none: it is inside of a fused op

Both graphs run on the same inputs. Of the values that may stand for one of the reference
(:mod:`hexviz.measure.parity.graph_borders`) the first counts that is a float of the same shape and
as near as any other: so quantised values are compared after they were dequantised. A value that
was dissolved into a fused op has no counterpart: then what the op adds is that of several modules,
and they are listed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hexviz.errors import ExtractionError, MatchingError, MeasureError
from hexviz.extraction.feeds import Feed, generate, given
from hexviz.extraction.spill import Spill
from hexviz.extraction.tolerance import is_float
from hexviz.matching.equal_values import fitted
from hexviz.matching.kinship import difference
from hexviz.matching.match import grow, matching_of
from hexviz.matching.pair_growth import Growth
from hexviz.matching.transfer import transferred
from hexviz.measure.parity.cut_run import natural_values
from hexviz.measure.parity.graph_borders import (
    BorderValue,
    border_values,
    families,
    held_by,
    modules_between,
    representatives,
)
from hexviz.measure.parity.reference import CallOutput, Pair, Reference
from hexviz.measure.parity.tensor_error import relative_error, tensor_error
from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph

__all__ = ["GraphReference", "graph_reference"]

Array = npt.NDArray[Any]

_GUESSES = 8
"""Made-up inputs that are tried."""

_NEAR = 10.0
"""How many times as far as the nearest value of a family the first may be, and still count."""

_SAME_ORDER = 0.3
"""Relative error up to which a tensor of another shape has its elements in the same order."""


@dataclass(frozen=True)
class GraphReference:
    """A reference that is a graph, paired with the graph that is judged by it.

    ``graph`` is the judged graph with the reference's modules. ``values`` are the reference graph's
    values, by the position of the output that they are, and ``shapes`` their shapes there.
    ``feed`` are the reference's own inputs; those of the judged graph are ``reference.feed``.
    ``readers`` are the other modules that compute with each output. ``unpaired`` says of outputs,
    by position, why they have no pair.
    """

    graph: TaggedGraph
    reference: Reference
    pairs: tuple[Pair, ...]
    values: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    readers: tuple[frozenset[str], ...]
    feed: Feed
    unpaired: Mapping[int, str] = field(default_factory=dict)


def graph_reference(
    reference: TaggedGraph, graph: TaggedGraph, spill: Spill, inputs: Feed | None = None
) -> GraphReference:
    """Run a graph as the reference of another one, and pair the values at its modules' borders.

    Its tensors go into ``spill``. ``inputs`` are those of the reference, by name; without them,
    some are made up.

    Raises:
        MeasureError: if one of the graphs has no weights, or the reference no modules.
        MatchingError: if the graphs are not of one model.
        ExtractionError: if a graph cannot be run, or the inputs do not fit.
    """
    _refuse_untellable(reference, graph)
    growth = grow(reference, graph, {})
    matching = matching_of(growth, reference, graph)
    said = difference(reference, graph, matching)
    if said:
        raise MatchingError(
            f"{graph.name} is not of the model in {reference.name}: only {said}. Give the file "
            "that it was made from."
        )
    skeleton = growth.before.graph
    held = families(growth, graph)
    named = representatives(reference, skeleton, held)
    borders = []
    dissolved = set()
    for one in border_values(reference, growth.before):
        module, is_dissolved = held_by(reference, growth, one)
        borders.append(replace(one, name=named.get(one.root, one.name), module=module))
        if is_dissolved:
            dissolved.add(one.root)
    found, feed = _run_reference(reference, borders, inputs, spill)
    try:
        fed = fitted(reference, feed, graph)
    except ExtractionError as error:
        raise ExtractionError(
            f"The inputs of {reference.name} do not fit {graph.name}: {error}"
        ) from error
    kept = [one for one, _ in found]
    outputs = tuple(_call_outputs(reference, found))
    by_name = {skeleton.ids[root]: family for root, family in held.items()}
    unchanged = _unchanged(reference, feed, [one for one in kept if not held.get(one.root)])
    counterparts = {
        at: held.get(one.root) or by_name.get(unchanged.get(one.name, ""), [])
        for at, one in enumerate(kept)
    }
    exact = {at for at, one in enumerate(kept) if one.root in dissolved}
    chosen, shapes = _nearest(graph, fed, counterparts, exact, outputs, spill)
    shaped = tuple(replace(one, shape=shapes.get(at, one.shape)) for at, one in enumerate(outputs))
    beside = modules_between(reference, skeleton, [kept[at].root for at in chosen])
    pairs = tuple(
        Pair(
            value=value,
            output=at,
            how="transfer",
            modules=tuple(sorted(beside[kept[at].root] - {kept[at].module})),
        )
        for at, value in sorted(chosen.items())
    )
    return GraphReference(
        graph=transferred(reference, graph, matching),
        reference=Reference(name=reference.name, outputs=shaped, feed=fed, tensors=spill),
        pairs=pairs,
        values=tuple(one.name for one in kept),
        shapes=tuple(one.shape for one in outputs),
        readers=tuple(one.readers for one in kept),
        feed=feed,
        unpaired={
            at: _reason(counterparts[at], growth, one.root)
            for at, one in enumerate(kept)
            if at not in chosen
        },
    )


def _refuse_untellable(reference: TaggedGraph, graph: TaggedGraph) -> None:
    for one in (reference, graph):
        if one.weights_left_out:
            raise MeasureError(
                f"{one.name} was exported without its weights and cannot be run: give the file "
                "with its weights."
            )
    if all(op.provenance.origin == "fallback" for op in reference.ops):
        raise MeasureError(
            f"Nothing in {reference.name} tells of modules, so it cannot be the reference: give "
            "the file that hexviz export wrote, or an export that still has its names."
        )


def _run_reference(
    graph: TaggedGraph, borders: Sequence[BorderValue], inputs: Feed | None, spill: Spill
) -> tuple[list[tuple[BorderValue, Array]], Feed]:
    """Keep the floats at the borders in ``spill``; here are arrays of their shape and type only.

    An input that makes the model's results NaN is no input to compare on, if another does not.
    """
    feeds = iter([given(graph.proto, inputs)]) if inputs is not None else generate(graph.proto)
    kept: Feed | None = None  # what the tensors in the spill are of
    fallback: Feed | None = None
    first: ExtractionError | None = None
    found: list[tuple[BorderValue, Array]] = []
    for guess, feed in enumerate(feeds):
        kept = None
        try:
            found, has_numbers = _keep(graph, feed, borders, spill)
        except ExtractionError as error:
            first = first or error
        else:
            kept, fallback = feed, fallback or feed
            if has_numbers:
                return found, feed
        if guess == _GUESSES:
            break
    if fallback is None:
        source = "made-up" if inputs is None else "given"
        raise ExtractionError(
            f"The reference {graph.name} cannot be run on the {source} inputs: {first}"
        ) from first
    if kept is not fallback:
        found, _ = _keep(graph, fallback, borders, spill)
    return found, fallback


def _keep(
    graph: TaggedGraph, feed: Feed, borders: Sequence[BorderValue], spill: Spill
) -> tuple[list[tuple[BorderValue, Array]], bool]:
    """Keep the floats at the borders; and whether the results of the model are all numbers."""
    of_name = {one.name: one for one in borders}
    found = []
    has_numbers = True
    for name, array in natural_values(graph, feed, [*of_name, *graph.top.outputs]):
        if not is_float(array.dtype):
            continue
        if name in graph.top.outputs:
            has_numbers &= not bool(np.isnan(array).any())
        if name in of_name:
            spill.store(_key(name), array)
            shape_only = np.broadcast_to(np.zeros((), array.dtype), array.shape)
            found.append((of_name[name], shape_only))
    return found, has_numbers


def _key(name: str) -> str:
    return f"reference {name}"


def _call_outputs(
    graph: TaggedGraph, found: Sequence[tuple[BorderValue, Array]]
) -> Iterator[CallOutput]:
    calls = _calls(graph, [border for border, _ in found])
    proper = Counter(
        (border.module, call)
        for (border, _), call in zip(found, calls, strict=True)
        if not border.handed_to
    )
    counts: Counter[tuple[str, int, bool]] = Counter()
    for (border, array), call in zip(found, calls, strict=True):
        kind = border.module, call, bool(border.handed_to)
        output = counts[kind]
        counts[kind] += 1
        yield CallOutput(
            module=border.module,
            call=call,
            # What is handed on is numbered behind the outputs proper.
            output=output + (proper[border.module, call] if border.handed_to else 0),
            key=_key(border.name),
            shape=array.shape,
            dtype=array.dtype,
            handed_to=border.handed_to,
        )


def _calls(graph: TaggedGraph, borders: Sequence[BorderValue]) -> list[int]:
    """Which call of its module made each value, as far as the graph tells.

    ::

        up ─ r1 ─▶ Gelu (not in up) ─▶ up ─ r2      r2 is made from r1, and in part elsewhere

    A module that goes on with what it gave, after others worked on it, was called again. Calls of
    which none reads what another gave are told apart by nothing, and count as outputs of one.
    """
    places = {node: at for at, node in enumerate(graph.flat.run_order)}
    last: dict[str, tuple[str, int]] = {}
    found = []
    for border in borders:
        before = last.get(border.module)
        call = 0
        if before is not None:
            is_next = _leaves_between(graph, places, border.module, before[0], border.name)
            call = before[1] + is_next
        last[border.module] = border.name, call
        found.append(call)
    return found


def _leaves_between(
    graph: TaggedGraph, places: Mapping[int, int], module: str, first: str, second: str
) -> bool:
    """Whether one value is made from another by way of ops outside of the module."""
    top = graph.top
    if not module or first not in top.maker or second not in top.maker:
        return False
    begin, end = (places[top.maker[name]] for name in (first, second))
    passed = {first: False}  # value made from the first → whether outside
    for node in graph.flat.run_order[begin + 1 : end + 1]:
        read = [passed[name] for name in top.reads[node] if name in passed]
        if read:
            op = graph.ops[graph.flat.top[node]]
            is_outside = any(read) or not names.is_within(op.module, module)
            passed.update(dict.fromkeys(top.makes[node], is_outside))
    return passed.get(second, False)


def _unchanged(graph: TaggedGraph, feed: Feed, borders: Sequence[BorderValue]) -> dict[str, str]:
    """Name of a value → the one that its op made it from without changing a number.

    Adding a bias of 0, for one: optimisers leave such ops out.
    """
    sources = {one.name: one.source for one in borders if one.source}
    wanted = [*sources, *sources.values()]
    if not wanted:
        return {}
    sketches = {name: _digest(array) for name, array in natural_values(graph, feed, wanted)}
    return {
        name: source
        for name, source in sources.items()
        if name in sketches and sketches[name] == sketches.get(source)
    }


def _digest(array: Array) -> bytes:
    # A bias of 0 turns -0.0 to 0.0, which are other bytes of the same number.
    return hashlib.sha256((array + np.zeros((), array.dtype)).tobytes()).digest()


def _nearest(
    graph: TaggedGraph,
    feed: Feed,
    counterparts: Mapping[int, Sequence[str]],
    exact: Collection[int],
    outputs: Sequence[CallOutput],
    spill: Spill,
) -> tuple[dict[int, str], dict[int, tuple[int, ...]]]:
    """Of the values that may stand for each output the one that does, by a run of the graph.

    Of the ``exact`` outputs the nearest counts, of others the first that is near. Where none has
    the shape, the first with as many elements, in the same order: the tensor in ``spill`` gets
    its shape, which is returned.
    """
    of_value: dict[str, list[int]] = {}
    for at, family in counterparts.items():
        for value in family:
            of_value.setdefault(value, []).append(at)
    errors: dict[int, dict[str, float]] = {}
    others: dict[int, dict[str, tuple[int, ...]]] = {}
    try:
        for value, array in natural_values(graph, feed, list(of_value)):
            for at in of_value[value] if is_float(array.dtype) else ():
                reference = spill.load(outputs[at].key)
                if array.shape == reference.shape:
                    error = relative_error(tensor_error(array, reference))
                    errors.setdefault(at, {})[value] = error
                elif array.size == reference.size:
                    error = relative_error(tensor_error(array.reshape(reference.shape), reference))
                    if error <= _SAME_ORDER:
                        others.setdefault(at, {})[value] = array.shape
    except ExtractionError as error:
        raise ExtractionError(f"{graph.name} cannot be run: {error}") from error
    chosen: dict[int, str] = {}
    shapes: dict[int, tuple[int, ...]] = {}
    taken: set[str] = set()
    for at, family in counterparts.items():
        if found := errors.get(at):
            near = (1.0 if at in exact else _NEAR) * min(found.values())
            value = next(one for one in family if found.get(one, np.inf) <= near)
        elif reshaped := others.get(at):
            value = next(one for one in family if one in reshaped)
        else:
            continue
        if value in taken:
            continue
        chosen[at] = value
        taken.add(value)
        if not found:
            shapes[at] = others[at][value]
            spill.store(outputs[at].key, spill.load(outputs[at].key).reshape(shapes[at]))
    return chosen, shapes


def _reason(family: Sequence[str], growth: Growth, root: int) -> str:
    if family:
        return f"{family[0]} holds it, and no value with its shape and order does"
    counterpart = growth.values.get(root)
    if counterpart is None:
        return "no value of the graph is this one: an op there stands for several"
    if growth.last.get(counterpart, root) != root:
        return "the op behind it became part of what makes it: both are one value"
    return "the graph holds it in a layout of its own only, or inside of a body"
