"""What two graphs of one model have in common, and in what they differ: the plain data of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["KINDS", "Comparison", "Difference", "GraphFacts", "ModuleChange", "Pair"]

KINDS = ("removed", "added", "moved", "changed", "fused", "retagged")
"""What a difference can be, in the order in which people want to hear of them.

``removed``: ops that are nothing in the graph after; ``added``: ops that are
nothing in the graph before, or that serve one of its ops (a Cast);
``moved``: ops that run in another order, or belong to another module;
``changed``: the same op with another type, attribute, element type, shape or
weight; ``fused``: several ops that became others together; ``retagged``: a
module that is the same and has another name or class.
"""


@dataclass(frozen=True, slots=True)
class GraphFacts:
    """One of the graphs: its file, its number of ops, its opset (``None`` if it says none).

    ``tags`` says where the modules of its ops are from: ``own`` (it has tags of
    its own) or ``other`` (they are those of the other graph's ops).
    """

    file: str
    ops: int
    opset: int | None
    tags: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Ops before that are ops after; ids. ``how`` as in :class:`hexviz.matching.matching.Match`.

    Of an ``inserted`` op after, ``before`` is the op that it serves.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    how: str
    confidence: float


@dataclass(frozen=True, slots=True)
class ModuleChange:
    """The own ops of a module in both graphs, counted.

    ``module`` is its FQN before, or after for a module that is new;
    ``module_after`` its FQN after, ``None`` if it is gone. ``before`` and
    ``after`` count its ops. ``same``, ``changed``, ``fused`` and ``removed`` are
    of those before, ``added`` of those after; ``moved`` are ops that left it or
    came into it, or run in another order.
    """

    module: str
    tag: str
    module_after: str | None
    before: int = 0
    after: int = 0
    same: int = 0
    changed: int = 0
    added: int = 0
    removed: int = 0
    moved: int = 0
    fused: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs, wherever it does; ``before`` and ``after`` are ids of ops.

    ``module`` is the FQN before (after, for ``added``), with ``*`` for numbers
    where several modules have it. ``places`` is the number of those modules.
    ``arithmetic`` says whether any of the ops computes, other than shapes,
    types, constants and layout.
    """

    kind: str
    module: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    message: str
    places: int = 1
    arithmetic: bool = True


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two graphs, op by op and module by module.

    ``related`` is the share of the smaller graph's arithmetic that the other
    one has as well. If it is too small, the graphs are of two models:
    ``is_related`` is false, and there are neither pairs nor differences.
    ``unmatched_before`` and ``unmatched_after`` are ids of ops that are nothing
    in the other graph.
    """

    before: GraphFacts
    after: GraphFacts
    related: float
    is_related: bool
    pairs: tuple[Pair, ...]
    modules: tuple[ModuleChange, ...]
    differences: tuple[Difference, ...]
    unmatched_before: tuple[str, ...]
    unmatched_after: tuple[str, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """What happened to ops, all modules together: ``same`` and the kinds, but ``retagged``.

        A moved op counts once here, and in :attr:`modules` where it left and where it came.
        """
        total: Counter[str] = Counter()
        for one in self.modules:
            for name in ("same", "changed", "added", "removed", "fused"):
                total[name] += getattr(one, name)
        moved = (one.before for one in self.differences if one.kind == "moved")
        total["moved"] = len({op for ops in moved for op in ops})
        return total

    @property
    def message(self) -> str:
        """The whole comparison in one line."""
        if not self.is_related:
            return (
                f"{self.before.file} and {self.after.file} are different models: "
                f"{self.related:.0%} of the arithmetic of the smaller one is found in the other."
            )
        if not self.differences:
            return f"No difference: {_many(self.before.ops, 'op')}, all the same."
        counts = self.counts
        said = [
            f"{counts['same']} the same",
            *(f"{counts[name]} {name}" for name in KINDS if counts[name]),
        ]
        return f"{_many(self.before.ops, 'op')} before, {self.after.ops} after: {', '.join(said)}."

    def of_kinds(self, kinds: frozenset[str]) -> tuple[Difference, ...]:
        """The differences of some kinds."""
        return tuple(one for one in self.differences if one.kind in kinds)

    def to_dict(self) -> dict[str, Any]:
        """The comparison as the document that ``hexviz compare --json`` prints."""
        return {
            "before": asdict(self.before),
            "after": asdict(self.after),
            "related": round(self.related, 4),
            "is_related": self.is_related,
            "message": self.message,
            "counts": dict(self.counts),
            "pairs": [
                {
                    "before": list(one.before),
                    "after": list(one.after),
                    "how": one.how,
                    "confidence": round(one.confidence, 4),
                }
                for one in self.pairs
            ],
            "modules": [asdict(one) for one in self.modules],
            "differences": [
                {**asdict(one), "before": list(one.before), "after": list(one.after)}
                for one in self.differences
            ],
            "unmatched": {
                "before": list(self.unmatched_before),
                "after": list(self.unmatched_after),
            },
        }


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
