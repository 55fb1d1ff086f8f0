"""The plain data of one op: what it is, where it belongs, and how that is known.

What there is one of for each op of a graph is a named tuple: it cannot be
changed either, and is made in a fifth of a frozen dataclass's time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["ON_RECORD", "ORIGINS", "RULES", "Candidate", "Context", "Op", "Provenance"]

ORIGINS = ("declared", "transferred", "inherited", "fallback", "manual")
"""How an op can get its module, most trustworthy first except for ``manual``."""

ON_RECORD = frozenset({"declared", "transferred", "manual"})
"""The origins that say where an op belongs whatever lies around it; the others conclude it."""

RULES = {
    "metadata": "declared",
    "name": "declared",
    "weight": "declared",
    "same": "transferred",
    "value": "transferred",
    "renamed": "transferred",
    "fused": "transferred",
    "inserted": "transferred",
    "run": "transferred",
    "trace": "inherited",
    "consumers": "inherited",
    "producers": "inherited",
    "root": "fallback",
    "override": "manual",
}
"""Rule → the origin it belongs to."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A module that was considered and not taken: its score in 0..1, and why it lost."""

    module: str
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """How one op got its module.

    ``evidence`` are the ids of the ops it was decided from, nearest first (of
    origin ``transferred``: ops of the other graph, see :attr:`is_of_another_graph`);
    ``values`` the names of the values (or weights) that carry the evidence.
    ``confidence`` is in 0..1; 1 means that the exporter recorded the module.
    ``witnesses`` are ids of ops elsewhere that do the same in modules of the
    same kind, where that decided. ``shared_by`` are other modules whose work the
    op does as well, where a tool fused ops of several.
    """

    module: str
    origin: str
    rule: str
    evidence: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    confidence: float = 1.0
    witnesses: tuple[str, ...] = ()
    shared_by: tuple[str, ...] = ()

    @property
    def is_of_another_graph(self) -> bool:
        """Whether the evidence is ops of another graph, which this one may have ids of, too.

        A tag that the file's own map transferred has no such evidence.
        """
        return self.origin == "transferred" and bool(self.evidence)


class Context(NamedTuple):
    """The module an auxiliary op serves.

    ``rule`` is ``consumers`` (primary ops downstream), ``producers`` (none
    downstream: primary ops upstream) or ``root`` (neither). ``evidence`` is
    the chain of op ids from the op's neighbour to the nearest such primary
    op, which is always its last (a chain of over 32 ops lacks its middle).
    ``module`` is the common ancestor of the modules of *all* nearest primary
    ops; ``users`` lists those modules in order of execution, some hundreds at
    most.
    """

    module: str
    tag: str
    rule: str
    evidence: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


class Op(NamedTuple):
    """One ONNX ``NodeProto``, with its module.

    ``id`` is unique in the graph: the first non-empty output value name,
    prefixed by ``body`` for ops inside If, Loop and Scan bodies and
    functions. ``index`` is the position in the node list of its own graph.
    ``inputs`` and ``outputs`` are value ids (see :mod:`hexviz.model.flat`);
    an omitted optional one is ``""``. ``auxiliary`` is the op's category or
    ``None`` for a primary op. ``shared_by`` lists the modules that use an op
    which several of them share, or the other ones that an op was fused from.
    """

    index: int  # type: ignore[assignment] # the contract's name, which tuples have a method of
    body: str
    id: str
    name: str
    op_type: str
    domain: str
    module: str
    tag: str
    provenance: Provenance
    context: Context | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    auxiliary: str | None
    shared_by: tuple[str, ...] = ()
