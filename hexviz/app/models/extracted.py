"""What is cut out of a model: the subgraph, its border, and the fate of each op."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hexviz.app.models.long_work import one_by_one
from hexviz.app.protocol import ExtractChoice
from hexviz.errors import SelectionError
from hexviz.extraction.constants import Constants
from hexviz.extraction.part import Part
from hexviz.extraction.report import boundary
from hexviz.extraction.subgraph import Subgraph, subgraph
from hexviz.extraction.suggest import Suggestion, suggest
from hexviz.model.cached import cached_property
from hexviz.model.fqn import ancestors
from hexviz.model.graph import TaggedGraph
from hexviz.view.preview import Preview, preview

if TYPE_CHECKING:
    from hexviz.extraction.verify import Verification

__all__ = ["Extracted", "extracted", "totals", "with_all_around"]


@dataclass(frozen=True, eq=False)
class Extracted:
    """A choice that keeps something, with what follows from it once it is needed."""

    graph: TaggedGraph
    choice: ExtractChoice
    subgraph: Subgraph
    constants: Constants
    _proof: list[Verification] = field(default_factory=list)

    @cached_property
    def chosen(self) -> frozenset[int]:
        """The positions of the selected ops."""
        return frozenset(self.choice.selected.positions(self.graph))

    @cached_property
    def boundary(self) -> Mapping[str, Any]:
        """What is kept and what is cut, as :func:`hexviz.extraction.report.boundary` has it."""
        return boundary(self.graph, self.choice.selected, self.subgraph)

    @cached_property
    def preview(self) -> Preview:
        """What becomes of each op."""
        return preview(self.graph, self.choice.selected, self.subgraph)

    @cached_property
    def suggestions(self) -> list[Suggestion]:
        """Changes that leave less at the border."""
        choice = self.choice
        with one_by_one(self.graph):
            return suggest(
                self.graph,
                choice.selected,
                choice.policy,
                fill_holes=choice.fill,
                constants=self.constants,
            )

    def part(self) -> Part:
        """The part itself, with its verification if there was one.

        It is not kept, since it is as large as its weights.

        Raises:
            ExtractionError: if nothing tells the type of a value at the border.
        """
        part = Part(self.graph, self.choice.selected, self.choice.policy, self.subgraph)
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


def extracted(graph: TaggedGraph, choice: ExtractChoice, constants: Constants) -> Extracted | None:
    """What is cut out by a choice; ``None`` where that is nothing. Linear."""
    if not choice:
        return None
    try:
        kept = subgraph(
            graph, choice.selected, choice.policy, fill_holes=choice.fill, constants=constants
        )
    except SelectionError:  # all that is selected is excluded as well
        return None
    return Extracted(graph, choice, kept, constants)


def totals(graph: TaggedGraph) -> Counter[str]:
    """How many ops lie in each module and list of modules; linear."""
    return with_all_around({module.fqn: len(module.ops) for module in graph.modules})


def with_all_around(own: Mapping[str, int]) -> Counter[str]:
    """Counts by FQN, with those of all that encloses it added up."""
    found: Counter[str] = Counter()
    for fqn, count in own.items():
        if count:
            for around in ancestors(fqn):
                found[around] += count
    return found
