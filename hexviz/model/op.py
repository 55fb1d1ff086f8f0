"""The plain data of one op: what it is, where it belongs, and how that is known.

Everything that exists once for each op of a graph is a named tuple: it cannot
be changed either, and is made in a fifth of a frozen dataclass's time.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

__all__ = [
    "CATEGORIES",
    "KINDS",
    "ON_RECORD",
    "ORIGINS",
    "RELATIONS",
    "RULES",
    "SETTLED",
    "Call",
    "Candidate",
    "Context",
    "Op",
    "Provenance",
    "Step",
    "category",
    "implied_kind",
]

ORIGINS = ("declared", "transferred", "inherited", "recovered", "fallback", "manual")
"""How an op can get its module, most trustworthy first except for ``manual``."""

ON_RECORD = frozenset({"declared", "transferred", "manual"})
"""The origins that say where an op belongs whatever lies around it; the others conclude it."""

SETTLED = ON_RECORD | {"recovered"}
"""The origins that stay when a person moves other ops; what the others conclude is made anew."""

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
    "pattern": "recovered",
    "root": "fallback",
    "override": "manual",
}
"""Rule → the origin it belongs to."""

KINDS = {
    "metadata": "metadata",
    "name": "name",
    "name of a known call": "name",
    "name of several modules": "name",
    "perhaps a later call": "name",
    "weight": "weight",
    "weight in several places": "weight",
    "weights of several modules": "weight",
    "same op": "same",
    "record by value": "value",
    "same value": "value",
    "record by structure": "renamed",
    "renamed op": "renamed",
    "fused ops": "fused",
    "inserted op": "inserted",
    "equal when run": "run",
    "doubles": "trace",
    "trace within a module": "trace",
    "trace between modules": "trace",
    "two calls": "trace",
    "body": "trace",
    "function": "trace",
    "edge of the graph": "trace",
    "habit at the beginning": "consumers",
    "pair at the beginning": "consumers",
    "only work at the beginning": "consumers",
    "border at the beginning": "consumers",
    "opens next": "consumers",
    "restored weight": "consumers",
    "consumers without order": "consumers",
    "habit at the end": "producers",
    "own arithmetic": "producers",
    "pair at the end": "producers",
    "only work at the end": "producers",
    "border at the end": "producers",
    "producers": "producers",
    "repeated block": "pattern",
    "pattern of ops": "pattern",
    "serves one block": "pattern",
    "nothing known": "root",
    "by hand": "override",
}
"""Kind of reason → the rule it belongs to; what each means stands in docs/tagging.md."""

RELATIONS = {
    "ran before it": "b",
    "ran after it": "a",
    "feeds it": "f",
    "uses it": "u",
    "feeds it through Identity ops": "F",
    "uses it through Identity ops": "U",
    "undoes it": "o",
    "holds its body": "h",
    "calls its function": "c",
    "runs in its body": "i",
    "makes the same value": "v",
    "went into it": "w",
    "is what it serves": "s",
    "is the same op of a copy": "k",
    "is evidence for it": "e",
}
"""How a step's op stands to the op that it is evidence for → the letter that files keep of it.

``before`` and ``after`` are by the order that the rule used, which need not be the file's. The last
is all that a record of an earlier version says.
"""

_IMPLIED = {
    rule: kinds[0] if len(kinds) == 1 else ""
    for rule in RULES
    for kinds in [[kind for kind, other in KINDS.items() if other == rule]]
}


def implied_kind(rule: str) -> str:
    """The kind of reason that a rule alone tells; ``""`` if it has several.

    >>> implied_kind("metadata"), implied_kind("trace")
    ('metadata', '')
    """
    return _IMPLIED[rule]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A module that was considered and not taken: its score in 0..1, and why it lost."""

    module: str
    score: float
    reason: str


class Step(NamedTuple):
    """An op that a module was decided from: how it stands to the explained op, and through what.

    ``relation`` is one of :data:`RELATIONS`; ``values`` are the values between the two ops, where
    one hands them to the other.
    """

    op: str
    relation: str
    values: tuple[str, ...] = ()


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

    ``kind`` is the reason within the rule, one of :data:`KINDS`, and ``steps`` say
    how each op of the evidence stands to this one: both are written by what
    decided, and nothing concludes them later. ``kind`` is ``""`` in a record of
    an earlier version that does not tell. ``rebuilt`` says that the order the
    rule used is not the file's, which was lost.
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
    kind: str = ""
    steps: tuple[Step, ...] = ()
    rebuilt: bool = False

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


class Call(NamedTuple):
    """One call of a PyTorch function inside a module's ``forward``.

    ``name`` is the exporter's own for the call, unique in the model
    (``scaled_dot_product_attention_1``); ``target`` is the function that was
    called (``aten.scaled_dot_product_attention.default``).
    """

    name: str
    target: str

    @property
    def text(self) -> str:
        """The call as files keep it; an exporter's name has no spaces."""
        return f"{self.name} {self.target}"

    @property
    def function(self) -> str:
        """The function's short name.

        >>> Call("view_9", "aten.view.default").function
        'view'
        >>> Call("getitem", "<built-in function getitem>").function
        'getitem'
        """
        steps = self.target.removesuffix(">").rpartition(" ")[2].split(".")
        return steps[1] if len(steps) > 2 else steps[-1]


class Op(NamedTuple):
    """One ONNX ``NodeProto``, with its module.

    ``id`` is unique in the graph: the first non-empty output value name,
    prefixed by ``body`` for ops inside If, Loop and Scan bodies and
    functions. ``index`` is the position in the node list of its own graph.
    ``inputs`` and ``outputs`` are value ids (see :mod:`hexviz.model.flat`);
    an omitted optional one is ``""``. ``auxiliary`` is the op's category or
    ``None`` for a primary op. ``shared_by`` lists the modules that use an op
    which several of them share, or the other ones that an op was fused from.
    ``call`` is the call of a PyTorch function that it was made for, if that is on
    record.
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
    call: Call | None = None


CATEGORIES = MappingProxyType(
    {
        "infrastructure": frozenset({"Identity", "Shape", "Size"}),
        "constants": frozenset({"Constant", "ConstantOfShape", "Range"}),
        "type conversion": frozenset({"Cast", "CastLike"}),
        "tensor manipulation": frozenset(
            {
                "Concat",
                "Expand",
                "Flatten",
                "Gather",
                "GatherElements",
                "GatherND",
                "Pad",
                "Reshape",
                "Slice",
                "Split",
                "Squeeze",
                "Transpose",
                "Unsqueeze",
            }
        ),
        "preprocessing": frozenset({"Equal", "NonZero", "Where"}),
    }
)
"""Category → types of auxiliary ops.

An auxiliary op computes shapes, types, constants or layout rather than a
module's own arithmetic. The table goes by op *type* in the default ONNX
domain; whether one Gather is an embedding lookup is decided per op, in
:func:`category`, because only its inputs can tell.
"""

_CATEGORY_OF = {
    op_type: name for name, members in CATEGORIES.items() for op_type in sorted(members)
}


def category(domain: str, op_type: str, *, looks_up_weight: bool = False) -> str | None:
    """The category of an auxiliary op type, or ``None`` for a primary one.

    ``looks_up_weight`` says that the op's data input is a module's own weight,
    which makes a Gather the module's arithmetic (an embedding) and not layout.

    >>> category("", "Reshape")
    'tensor manipulation'
    >>> category("", "MatMul") is None
    True
    >>> category("", "Gather", looks_up_weight=True) is None
    True
    """
    if domain not in ("", "ai.onnx"):
        return None
    if looks_up_weight and op_type.startswith("Gather"):
        return None
    return _CATEGORY_OF.get(op_type)
