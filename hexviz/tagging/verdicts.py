"""What the rest of a graph says of suspects: where each belongs, and what that rests on.

The suspects' tags are set aside, all of them at once, and inherited from the rest
(:mod:`hexviz.tagging.inherit`). Who is led back to the tag or below it, or to nothing, is cleared.
With so much set aside the rest may be vague, so whose place is not precise is heard again, after
those are back who were cleared, and those moved of whom more is known::

    q.MatMul ?   q.Add ?      all set aside    in self.attention, or below
    q.MatMul ?   q.Add q      heard again      between q.Add and its input: in self.attention
                              vacancies        q is the only one near that lacks a MatMul

An op that is still known to be no more than within a module belongs to the part of it that lacks
such an op (:mod:`hexviz.tagging.vacancies`), if the op is near just one. An op that its
own module would lack is cleared, unless all else says it is on another branch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from hexviz.model import fqn
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Provenance
from hexviz.tagging.conclusions import fields_of
from hexviz.tagging.inherit import conclude
from hexviz.tagging.places import Places
from hexviz.tagging.suspicion import Suspicion, off_branch, places_of
from hexviz.tagging.vacancies import Vacancies

__all__ = ["GROUNDS", "Verdict", "find_verdicts"]

_HARD = frozenset({"order", "doubles", "weight"})
"""Signals that an op hardly ever sets off because of a wrong neighbour alone."""

_PRECISE = frozenset(
    {
        "doubles",
        "weight",
        "restored weight",
        "habit at the beginning",
        "habit at the end",
        "pair at the beginning",
        "pair at the end",
        "only work at the beginning",
        "only work at the end",
        "border at the beginning",
        "border at the end",
    }
)
"""Kinds of reasons that name a module itself, and not the deepest that was open."""

GROUNDS = ("named", "lacking", "vacancy", "within", "neighbours", "around", "unlisted")
"""What a verdict can rest on, the surest first: a reason that names the module itself; that the
module lacks such an op; that it is the only part nearby which does; that it was open right before
and after; what the op feeds or is fed by; that it was open around it, as far as is known. The last
says that the module is none of the tree's; the verdict has the one around it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where the op at a position belongs; ``ground`` is one of :data:`GROUNDS`.

    ``why`` is the reason as inference states it, which may name what encloses ``module``.
    """

    at: int
    why: Provenance
    module: str
    ground: str


def find_verdicts(graph: TaggedGraph, suspects: Mapping[int, Suspicion]) -> list[Verdict]:
    """What the rest of a graph says of the suspects that it does not clear."""
    return _Hearing(graph, suspects).verdicts()


class _Hearing:
    """Suspects, by position, and what the rest says of each."""

    def __init__(self, graph: TaggedGraph, suspects: Mapping[int, Suspicion]) -> None:
        self._graph, self._suspects = graph, suspects
        self._placed = places_of(graph)
        self._why = self._without(suspects)
        self._why |= {
            at: Provenance(one.holder, "declared", "weight", values=(one.weight,), kind="weight")
            for at, one in suspects.items()
            if one.holder
        }

    def verdicts(self) -> list[Verdict]:
        """The verdict on each suspect that is not cleared."""
        self._hear_hard_ones_again()
        self._hear_vague_ones_again()
        accused = [at for at in self._suspects if not self._is_cleared(at, self._module(at))]
        vacancies = Vacancies(self._graph, self._placed, accused)
        where, types = self._placed.where, self._graph.flat.columns.op_types
        claims = Counter((int(where[at]), types[at]) for at in accused)
        found = []
        for at in accused:
            own, module = int(where[at]), self._module(at)
            needed = claims[own, types[at]] <= vacancies.of(at).get(own, 0)
            if needed and not off_branch(module, self._graph.ops[at].module):
                continue
            verdict = self._verdict(at, vacancies)
            if not self._is_cleared(at, verdict.module):
                found.append(verdict)
        return found

    def _verdict(self, at: int, vacancies: Vacancies) -> Verdict:
        module, why = self._module(at), self._why[at]
        if why.kind in _PRECISE:
            return Verdict(at, why, module, "named" if module == why.module else "unlisted")
        if self._placed.paths.number(module) in vacancies.of(at):
            return Verdict(at, why, module, "lacking")
        part = self._part_lacking(at, module, vacancies)
        if part is not None:
            return Verdict(at, why, part, "vacancy")
        if why.kind == "trace within a module":
            return Verdict(at, why, module, "within")
        return Verdict(at, why, module, "around" if why.rule == "trace" else "neighbours")

    def _part_lacking(self, at: int, module: str, vacancies: Vacancies) -> str | None:
        """The part of a module that lacks such an op as this, if the op is nearest to just one."""
        names, flat = self._placed.paths.names, self._graph.flat
        parts = [one for number in vacancies.of(at) if fqn.is_within(one := names[number], module)]
        if not parts:
            return None
        beside = self._modules_of(self._suspects[at].around)
        linked = self._modules_of((*flat.links_up.of(at), *flat.links_down.of(at)))
        nearness: dict[int, list[str]] = {}
        for part in parts:
            # Of a part without any op only what encloses it can be near.
            empty = vacancies.is_empty(self._placed.paths.number(part))
            home = fqn.parent(part) if empty else part
            degree = 2 * any(fqn.is_within(one, home) for one in linked)
            degree = degree or any(fqn.is_within(one, home) for one in beside)
            nearness.setdefault(degree and degree + 2 * (not empty), []).append(part)
        nearest = max(nearness)
        return nearness[nearest][0] if nearest and len(nearness[nearest]) == 1 else None

    def _modules_of(self, positions: Iterable[int]) -> set[str]:
        """The modules of ops that are no suspects."""
        names, where = self._placed.paths.names, self._placed.where
        return {names[where[at]] for at in positions if at not in self._suspects}

    def _module(self, at: int) -> str:
        """The module of the tree that a suspect is said to be in."""
        return self._graph.modules.nearest(self._why[at].module)

    def _is_cleared(self, at: int, module: str) -> bool:
        """Whether a place is the tagged module, or below it, or nothing is known of the op."""
        tagged, first_name = self._graph.ops[at].module, self._graph.modules.first_name
        return (
            fqn.is_within(module, tagged)
            or self._why[at].origin == "fallback"
            or first_name(module) == first_name(tagged)
        )

    def _decides(self, at: int, why: Provenance) -> bool:
        """Whether a reason clears the op's tag or leads to another branch."""
        module, tagged = self._graph.modules.nearest(why.module), self._graph.ops[at].module
        return fqn.is_within(module, tagged) or off_branch(module, tagged)

    def _hear_hard_ones_again(self) -> None:
        """Suspects with hard evidence, while those without have their tags back."""
        hard = [at for at, one in self._suspects.items() if one.signals & _HARD]
        unclear = [at for at in hard if not self._decides(at, self._why[at])]
        if unclear:
            again = self._without(hard)
            self._why |= {at: again[at] for at in unclear if self._decides(at, again[at])}

    def _hear_vague_ones_again(self) -> None:
        """Suspects without a precise place, while the others are at theirs."""
        accused = [at for at in self._suspects if not self._is_cleared(at, self._module(at))]
        vague = [at for at in accused if self._why[at].kind not in _PRECISE]
        if vague:
            moved = {at: self._why[at].module for at in set(accused).difference(vague)}
            again = self._without(vague, moved)
            nearest = self._graph.modules.nearest
            self._why |= {
                at: again[at]
                for at in vague
                if fqn.is_within(nearest(again[at].module), self._module(at))
            }

    def _without(
        self, suspects: Collection[int], moved: Mapping[int, str] | None = None
    ) -> dict[int, Provenance]:
        """What the rest of the graph says of suspects, with others moved to where they belong."""
        graph = self._graph
        if len(suspects) == len(graph.columns.modules):
            nothing = Provenance(*fields_of("nothing known", ""))
            return dict.fromkeys(suspects, nothing)
        paths, where = self._placed
        known = Places(paths, where.copy())
        for at, module in (moved or {}).items():
            known.where[at] = paths.number(module)
        known.where[list(suspects)] = -1
        concluded, _ = conclude(graph.flat, known, graph.modules.infos())
        return {at: Provenance(*concluded.fields(at)) for at in suspects}
