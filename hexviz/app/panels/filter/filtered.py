"""What a wish comes to in a model: scope, border, and the fate of each op."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hexviz.app.models.long_work import taking_turns
from hexviz.app.panels.filter.wish import Wish
from hexviz.errors import SelectionError
from hexviz.extraction.part import Part
from hexviz.extraction.report import boundary
from hexviz.extraction.scope import Scope, scope
from hexviz.extraction.steady import Steady
from hexviz.extraction.suggest import Suggestion, suggest
from hexviz.model.graph import TaggedGraph
from hexviz.model.once import once
from hexviz.view.preview import Preview, preview

if TYPE_CHECKING:
    from hexviz.app.models.store import OpenModel
    from hexviz.extraction.verify import Verification

__all__ = ["Filtered", "filtered", "known_wish"]


@dataclass(frozen=True, eq=False)
class Filtered:
    """A wish that keeps something, with what is made of it when somebody asks."""

    graph: TaggedGraph
    wish: Wish
    scope: Scope
    steady: Steady
    _proof: list[Verification] = field(default_factory=list)

    @once
    def chosen(self) -> frozenset[int]:
        """The positions of the selected ops."""
        return frozenset(self.wish.selected.positions(self.graph))

    @once
    def told(self) -> Mapping[str, Any]:
        """What is kept and what is cut, as :func:`hexviz.extraction.report.boundary` has it."""
        return boundary(self.graph, self.wish.selected, self.scope)

    @once
    def preview(self) -> Preview:
        """What becomes of each op."""
        return preview(self.graph, self.wish.selected, self.scope)

    @once
    def suggestions(self) -> list[Suggestion]:
        """Changes that leave less at the border."""
        wish = self.wish
        with taking_turns(self.graph):
            return suggest(
                self.graph, wish.selected, wish.policy, fill_holes=wish.fill, steady=self.steady
            )

    def part(self) -> Part:
        """The part itself, with its verification if there was one.

        It is not kept, since it is as large as its weights.

        Raises:
            ExtractionError: if nothing tells the type of a value at the border.
        """
        part = Part(self.graph, self.wish.selected, self.wish.policy, self.scope)
        part.verification = self._proof[0] if self._proof else None
        return part

    def verify(self) -> Verification:
        """Verify the part; what is taken away afterwards says so.

        Raises:
            ExtractionError: if the whole or the part cannot be built or run.
        """
        found = self.part().verify()
        self.proven(found)
        return found

    def proven(self, found: Verification) -> None:
        """Take over the verification of the same part by somebody else."""
        self._proof[:] = [found]


def known_wish(graph: TaggedGraph, wish: Wish) -> Wish:
    """A wish without ops that the graph has not: a browser may say anything."""
    ops = frozenset(one for one in wish.selected.ops if one in graph.positions)
    return (
        wish
        if ops == wish.selected.ops
        else replace(wish, selected=replace(wish.selected, ops=ops))
    )


def filtered(model: OpenModel, wish: Wish) -> Filtered | None:
    """What a wish comes to; ``None`` where it keeps nothing. Linear, once for each wish."""
    wish = known_wish(model.graph, wish)
    if not wish:
        return None
    known = model.filters.get(wish)
    if known is None:
        try:
            kept = scope(
                model.graph,
                wish.selected,
                wish.policy,
                fill_holes=wish.fill,
                steady=model.steady,
            )
        except SelectionError:  # all that is selected is excluded as well
            return None
        known = Filtered(model.graph, wish, kept, model.steady)
        model.filters.put(wish, known)
    return known
