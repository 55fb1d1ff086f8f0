"""Modules of ops that stood in a function and were inlined: those of the calls.

A function that several modules call has its ops where these meet. Each copy of
an inlined one belongs to its call; copies follow one another as the calls do::

    before   f (layer.0), f (layer.1); in f: MatMul (layer)
    after    MatMul "m__1"  ──▶ layer.0
             MatMul "m__2"  ──▶ layer.1
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hexviz.matching.matching import Matching
from hexviz.model import fqn as names
from hexviz.model.function_calls import find_calls, root_body
from hexviz.model.graph import TaggedGraph

__all__ = ["inlined_modules"]

_MOST_CALLS = 4096
"""Calls of a function, through all that call it, that are told apart at most."""


def inlined_modules(before: TaggedGraph, after: TaggedGraph, matching: Matching) -> dict[int, str]:
    """Position after → the module of its call, for ops that were in a function before.

    Left out are those whose call is not known: where there are not as many
    copies as calls, or names say that they stand in another order.
    """
    copies: dict[int, list[int]] = {}
    for at, match in sorted(matching.matches.items()):
        function = root_body(before.ops[match.before[0]].body)
        if function and root_body(after.ops[at].body) != function:
            copies.setdefault(match.before[0], []).append(at)
    if not copies:
        return {}
    callers = find_calls(before.flat).callers
    functions = {root_body(before.ops[one].body) for one in copies}
    chains = {one: _chains(before, callers, one) for one in functions}
    by_call: list[tuple[int, list[tuple[int, ...]], list[int]]] = []
    reordered: set[int] = set()
    found: dict[int, str] = {}
    for one, ats in copies.items():
        calls = chains[root_body(before.ops[one].body)]
        if len(calls) == len(ats):
            by_call.append((one, calls, ats))
            reordered |= set(_out_of_order(before, after, calls, ats))
        elif len(calls) == 1:  # split in several
            found.update((at, _module(before, one, calls[0])) for at in ats)
    for one, calls, ats in by_call:
        if reordered.isdisjoint(chain[0] for chain in calls):
            found.update(
                (at, _module(before, one, chain)) for at, chain in zip(ats, calls, strict=True)
            )
    return found


def _chains(
    graph: TaggedGraph, callers: Mapping[str, Sequence[int]], function: str
) -> list[tuple[int, ...]]:
    """All ways from the graph to a function, each as its calls, outermost first, as they run."""
    chains: list[tuple[int, ...]] = []
    open_functions: list[tuple[str, tuple[int, ...]]] = [(function, ())]
    while open_functions:
        name, inner = open_functions.pop()
        for call in callers.get(name, ()):
            around = root_body(graph.ops[call].body)
            if around:
                open_functions.append((around, (call, *inner)))
            else:
                chains.append((call, *inner))
        if len(chains) + len(open_functions) > _MOST_CALLS:
            return []
    return sorted(chains)


def _out_of_order(
    before: TaggedGraph, after: TaggedGraph, calls: Sequence[tuple[int, ...]], ats: Sequence[int]
) -> Iterator[int]:
    """Calls in the graph whose value another copy than theirs makes, by name."""
    owners = {value: chain[0] for chain in calls for value in before.ops[chain[0]].outputs if value}
    for chain, at in zip(calls, ats, strict=True):
        for value in after.ops[at].outputs:
            if owners.get(value, chain[0]) != chain[0]:
                yield chain[0]


def _module(graph: TaggedGraph, op: int, chain: Iterable[int]) -> str:
    """The deepest of the modules of an op and of the calls that lead to it, on its own branch."""
    module = graph.ops[op].module
    for call in chain:
        if names.is_within(graph.ops[call].module, module):
            module = graph.ops[call].module
    return module
