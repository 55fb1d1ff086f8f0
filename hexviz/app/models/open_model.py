"""A model in memory, with what the page derives from it, each thing when first needed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hexviz.app.graph.search import Found, search
from hexviz.app.jobs.results import Results
from hexviz.app.models.alignment import Alignment, align
from hexviz.app.models.beginning import Beginning
from hexviz.app.models.comparison import Kept, other_in
from hexviz.app.models.edits import Edit
from hexviz.app.models.extracted import Extracted, extracted, totals
from hexviz.app.models.long_work import one_by_one
from hexviz.app.models.measures import Measures
from hexviz.app.models.model_key import ModelKey
from hexviz.app.protocol import ExtractChoice, Figures, PageState
from hexviz.app.server_timing import first_picture
from hexviz.errors import MatchingError
from hexviz.extraction.constants import Constants
from hexviz.extraction.search_index import SearchIndex
from hexviz.model.cached import cached_property
from hexviz.model.fqn import is_within
from hexviz.model.gc_control import collector_paused, freeze_new_objects
from hexviz.model.graph import TaggedGraph
from hexviz.stages import Stage, stage
from hexviz.tagging.audit import audit
from hexviz.tagging.explain import Explanation, explain
from hexviz.tagging.finding import Finding
from hexviz.view.cache import LayoutCache
from hexviz.view.calls import CallGroup
from hexviz.view.canvas_size import size_class
from hexviz.view.colouring import Colouring, colour_by
from hexviz.view.figures import colour_by_figure
from hexviz.view.first_view import first_view
from hexviz.view.index import FileFacts, Index, Placement, build_index
from hexviz.view.modes import Mode, figure_of, policy_of
from hexviz.view.palette import Theme
from hexviz.view.performance.costs import Cost, costs
from hexviz.view.ramp import Gather
from hexviz.view.render import Layouts, Rendered, render
from hexviz.view.sight import apart_stacks, box_showing
from hexviz.view.state import ViewState
from hexviz.view.what_if import WhatIf, ask

__all__ = ["OpenModel"]

# Bytes of resident memory, rounded up from by how much a process grew that opened synthetic models
# of 1,011 and 20,019 ops and worked out one thing after the other (benchmarks/measure_memory.py).
_PER_OP = 5000  # beside the bytes of the file: its parsed nodes, values, uses, inferred types
_TAGS_PER_OP = 1500  # tags, what is found by searching and by the audit
_INDEX_PER_OP = 900
_PART_PER_OP = 80
_VIEWS = 20_000_000  # what was drawn and laid out, at most; the page shows only so many elements

_KEPT_VIEWS = 6
_KEPT_NUMBERS = 8
_KEPT_COMPARISONS = 2
_KEPT_SEARCHES = 4
_KEPT_EXPLANATIONS = 64


class OpenModel:
    """A model in memory, with what the page derives from it.

    ``numbers`` holds what people dropped in to colour its ops by: position →
    number, by the digest of the file. ``edit`` says what a person changed, and
    ``near`` is another model with the same ops, whose layouts and numbers serve here too.
    ``constants`` tells which of its ops compute nothing but shapes, ``measures`` what was measured.
    ``drawn`` tells what its first picture took.
    """

    def __init__(
        self,
        key: str,
        graph: TaggedGraph,
        edit: Edit | None = None,
        near: OpenModel | None = None,
        *,
        size: int = 0,
        path: Path | None = None,
    ) -> None:
        self.key = key
        self.graph = graph
        self.edit = edit
        self.path = path
        self.constants = Constants(graph)  # not the near one's, which would keep its graph alive
        self.measures = Measures(graph, key, self.base)
        self._size: int = near._size if near is not None else size
        self.numbers: LayoutCache[str, dict[int, float]] = (
            near.numbers if near is not None else LayoutCache(_KEPT_NUMBERS)
        )
        self._indexes: dict[Placement, Index] = {}
        self._building = threading.Lock()
        self._file_facts: FileFacts | None = near._file_facts if near is not None else None
        self._layouts: Layouts = near._layouts if near is not None else LayoutCache()
        self._rendered: LayoutCache[tuple[ViewState, str | Figures, Theme], Rendered] = LayoutCache(
            _KEPT_VIEWS
        )
        self._first_views: LayoutCache[
            tuple[Placement, frozenset[str], tuple[int, int]], ViewState
        ] = LayoutCache(_KEPT_VIEWS)
        self._what_ifs: LayoutCache[str, WhatIf] = LayoutCache(_KEPT_NUMBERS)
        self._colourings: LayoutCache[tuple[Placement, Mode, str | Figures, Gather], Colouring] = (
            LayoutCache(8)
        )
        self._comparisons: LayoutCache[str, Kept] = LayoutCache(_KEPT_COMPARISONS)
        self._alignments: LayoutCache[str, Alignment] = LayoutCache(_KEPT_COMPARISONS)
        self._extracts: LayoutCache[ExtractChoice, Extracted] = LayoutCache(_KEPT_NUMBERS)
        self._found: LayoutCache[str, Found] = LayoutCache(_KEPT_SEARCHES)
        self._explanations: LayoutCache[str, Explanation] = LayoutCache(_KEPT_EXPLANATIONS)
        self.drawn: tuple[Stage, ...] = ()

    @classmethod
    def begun(cls, key: str, beginning: Beginning, *, size: int, path: Path) -> OpenModel:
        """A model whose first picture is made already, with what was made for that."""
        model = cls(key, beginning.graph, size=size, path=path)
        model._indexes["module"] = beginning.index
        model._layouts = beginning.layouts
        model.drew(beginning.stages)
        return model

    @property
    def base(self) -> str:
        """The key of the file that the model is of: its own, unless a person changed it."""
        return self.key if self.edit is None else self.edit.base

    @property
    def digest(self) -> str:
        """The SHA-256 of the file that the model is of."""
        return ModelKey.of(self.base).digest

    @property
    def shared_cost(self) -> int:
        """Bytes in memory that it shares with all edits of its file."""
        return self._size + _PER_OP * self._ops

    @property
    def own_cost(self) -> int:
        """Bytes in memory of its own."""
        per_op = (
            _TAGS_PER_OP + _INDEX_PER_OP * len(self._indexes) + _PART_PER_OP * len(self._extracts)
        )
        return per_op * self._ops + _VIEWS * bool(self._indexes)

    @property
    def _ops(self) -> int:
        # Reading graph.ops would unpack tags that are kept on disk.
        return len(vars(self.graph).get("ops", ()))

    def index(self, placement: Placement) -> Index:
        """The graph made ready for drawing under one placement; built when first needed."""
        if placement not in self._indexes:
            with self._building:
                if placement not in self._indexes:
                    with one_by_one(self.graph), collector_paused(), stage("layout"):
                        index = build_index(self.graph, placement, facts=self._file_facts)
                        self._file_facts = index.facts
                        self._indexes[placement] = index
                    freeze_new_objects()
        return self._indexes[placement]

    def first_view(
        self,
        placement: Placement = "module",
        *,
        hidden: frozenset[str] = frozenset(),
        canvas: tuple[int, int] | None = None,
    ) -> ViewState:
        """What is big is open, as far as it can be read on a canvas of a width and height."""
        index = self.index(placement)
        key = (placement, hidden, size_class(canvas))
        known = self._first_views.get(key)
        if known is None:
            with stage("layout"):
                known = first_view(index, self._layouts, hidden=hidden, canvas=canvas)
            self._first_views.put(key, known)
        return known

    def render(self, view: ViewState, theme: Theme, numbers: str | Figures = "") -> Rendered:
        """What a view looks like; ``numbers`` names those to colour by, or the comparison.

        Raises:
            MeasureError: if it is coloured by a figure that was not measured.
            NumbersError: if the view is coloured by numbers that are not here.
            MatchingError: if it is coloured by a comparison that is not here.
        """
        key = (view, numbers, theme)
        known = self._rendered.get(key)
        if known is None:
            index = self.index(view.placement)
            colouring = self._colouring(index, view.colour, numbers, view.gather)
            with stage("layout"):
                known = render(index, view, theme, self._layouts, colouring)
            self._rendered.put(key, known)
        return known

    def _colouring(
        self, index: Index, mode: Mode, numbers: str | Figures, gather: Gather
    ) -> Colouring | None:
        if mode == "module":
            return None
        key = (index.placement, mode, numbers, gather)
        known = self._colourings.get(key)
        figure = figure_of(mode)
        if known is None and figure is not None:
            figures = numbers if isinstance(numbers, Figures) else Figures()
            known = colour_by_figure(index, self.measures.of(figures), figure)
            self._colourings.put(key, known)
        elif known is None:
            numbers = str(numbers)
            policy = policy_of(mode)
            answers = self.what_if(policy) if policy is not None else None
            fates = self._fates(numbers) if mode == "compared" else None
            accused = self._severities() if mode == "finding" else None
            own = self.numbers.get(numbers)
            known = colour_by(index, mode, own, answers, fates, accused, gather)
            self._colourings.put(key, known)
        return known

    def comparison(self, other: str) -> Kept | None:
        """What a job found when it compared the model with ``other``, as a page state has it."""
        known = self._comparisons.get(other)
        named = other_in(other)
        if known is None and named is not None:
            results = Results()
            kept = results.comparison(*named.order(self.key))
            if kept is None or results.path(kept["file"]) is None:
                return None
            side: Literal["before", "after"] = "after" if named.role == "before" else "before"
            known = Kept(side, kept["document"], kept["file"])
            self._comparisons.put(other, known)
        return known

    def _severities(self) -> dict[str, str]:
        """Op id → the worst that the audit says of it."""
        worst: dict[str, str] = {}
        for finding in self.findings:  # the worst comes first
            for op_id in finding.ops:
                worst.setdefault(op_id, finding.severity)
        return worst

    def alignment(self, other: str, graph: TaggedGraph) -> Alignment:
        """Which of its ops and modules are which of ``graph``, by the comparison with it.

        Raises:
            MatchingError: if that comparison is gone.
        """
        known = self._alignments.get(other)
        if known is None:
            found = self.comparison(other)
            pairs = found.pairs() if found is not None else None
            if found is None or pairs is None:
                raise MatchingError("That comparison is gone: compare the two graphs again.")
            known = align(self.graph, graph, pairs, is_before=found.side == "before")
            self._alignments.put(other, known)
        return known

    def _fates(self, other: str) -> list[str]:
        found = self.comparison(other)
        if found is None or not found.is_related:
            raise MatchingError(
                "There is no comparison to colour by: choose another graph in the tab Compare."
            )
        return found.fates(self.graph)

    def what_if(self, policy: str) -> WhatIf:
        """What another policy would do with the tags; worked out when first needed."""
        known = self._what_ifs.get(policy)
        if known is None:
            with one_by_one(self.graph), collector_paused():
                known = ask(self.graph, policy)
            self._what_ifs.put(policy, known)
        return known

    def extracted(self, choice: ExtractChoice) -> Extracted | None:
        """What is cut out by a choice; ``None`` if nothing. Linear, once for each choice."""
        known = self._extracts.get(choice)
        if known is None:
            known = extracted(self.graph, choice, self.constants)
            if known is not None:
                self._extracts.put(choice, known)
        return known

    def explain(self, op_id: str) -> Explanation:
        """Why an op is where it is, for the canvas and for the inspector.

        Raises:
            UnknownOpError: if there is no such op.
        """
        known = self._explanations.get(op_id)
        if known is None:
            known = explain(self.graph, op_id)
            self._explanations.put(op_id, known)
        return known

    def found(self, query: str) -> Found:
        """What a search finds; nothing for blanks.

        Raises:
            QueryError: if it cannot be understood, or takes too long.
        """
        known = self._found.get(query)
        if known is None:
            known = search(self.searching, query) if query.strip() else Found()
            self._found.put(query, known)
        return known

    @cached_property
    def searching(self) -> SearchIndex:
        """The graph made ready for searching."""
        return SearchIndex(self.graph)

    @cached_property
    def findings(self) -> list[Finding]:
        """What an audit of the graph says."""
        with one_by_one(self.graph):
            return audit(self.graph)

    @property
    def known_findings(self) -> list[Finding] | None:
        """The same, if an audit was made already."""
        known: list[Finding] | None = vars(self).get("findings")
        return known

    @cached_property
    def accusations(self) -> dict[str, list[int]]:
        """Op id → the numbers of the findings about it."""
        found: dict[str, list[int]] = {}
        for at, finding in enumerate(self.findings):
            for op_id in finding.ops:
                found.setdefault(op_id, []).append(at)
        return found

    @cached_property
    def moved(self) -> int:
        """How many auxiliary ops stand elsewhere by what they serve."""
        columns = self.graph.columns
        moved = (columns.contexts >= 0) & (columns.contexts != columns.modules)
        return int(np.count_nonzero(moved))

    @cached_property
    def totals(self) -> Counter[str]:
        """How many ops lie in each module and list of modules."""
        return totals(self.graph)

    @cached_property
    def costs(self) -> list[Cost]:
        """What its auxiliary ops come to, by category."""
        return costs(self.graph)

    def drew(self, stages: Iterable[Stage]) -> None:
        """Keep what the first picture took; what later ones took is no news."""
        self.drawn = first_picture(self.drawn, stages)

    def has_module(self, fqn: str) -> bool:
        """Whether this is a module, or a list of modules (``encoder.layer``)."""
        modules = self.graph.modules
        return fqn in modules or any(is_within(module.fqn, fqn) for module in modules)

    def apart(self, view: ViewState) -> frozenset[str]:
        """The stacks of a view whose members are shown one by one."""
        return apart_stacks(self.index(view.placement), view.apart, view.hidden)

    def edge_values(self, state: PageState, edge: Mapping[str, Any]) -> list[str]:
        """The ids of all values that run along a drawn edge, by its element's data."""
        index = self.index(state.view.placement)
        drawn = self.render(state.view, "light", state.answers)
        at = {name: position for position, name in enumerate(drawn.shown)}
        if edge["source"] not in at or edge["target"] not in at:
            return list(edge["values"])
        within = (drawn.owner[index.source] == at[edge["source"]]) & (
            drawn.owner[index.target] == at[edge["target"]]
        )
        found = dict.fromkeys(index.value[within].tolist())
        return [index.values[value] for value in found] or list(edge["values"])

    def call(self, view: ViewState, op_id: str) -> CallGroup | None:
        """The call in whose box an op stands; ``None`` if it stands in none."""
        index = self.index(view.placement)
        around = index.around(self.graph.positions[op_id])
        key = next((box.key for box in reversed(around) if box.is_call), "")
        return index.calls.get(key)

    def box(self, view: ViewState, name: str) -> str | None:
        """The element that stands for a module in a view, or a call by its key; ``None`` if none.

        A module without ops has none.
        """
        index = self.index(view.placement)
        key = index.box_of(name)
        return f"m:{box_showing(index, key, view.open, self.apart(view))}" if key else None
