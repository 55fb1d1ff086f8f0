"""A graph made ready for searching, and what a parsed search finds in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import onnx

from hexviz.extraction.pattern import ModuleNames
from hexviz.extraction.search_budget import Budget
from hexviz.extraction.search_words import Fits
from hexviz.model.attributes import plain_value
from hexviz.model.cached import cached_property
from hexviz.model.graph import TaggedGraph, Value
from hexviz.model.modules import Module
from hexviz.model.op import Op

__all__ = ["Query", "SearchIndex", "Term", "Test", "call_names", "spelled"]

_LONGEST_VALUE = 60

Test = Callable[[int], bool]
"""Whether the op at a position is found."""

Term = Callable[["SearchIndex", Budget], Test]
"""A term of a search, to be made ready for one graph."""


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed search: terms that all have to hold, and what to look for in modules' names.

    ``words`` are the tests of a module's text; ``None`` where the search asks
    about ops alone.
    """

    terms: tuple[Term, ...]
    words: tuple[Fits, ...] | None


class SearchIndex:
    """A graph made ready for searching; texts are put together when first asked for."""

    def __init__(self, graph: TaggedGraph) -> None:
        self.graph = graph

    @cached_property
    def texts(self) -> list[str]:
        """Per op all that a plain word is looked for in, in lower case."""
        return [_text(self.graph, at).lower() for at in range(len(self.graph.ops))]

    @cached_property
    def names(self) -> ModuleNames:
        """What modules can be called."""
        return ModuleNames(self.graph.modules, fold_case=True)

    def ops(self, query: Query, budget: Budget | None = None) -> list[int]:
        """The positions of the ops that are found, in order of execution.

        Raises:
            QueryError: if it takes longer than the budget, or a name means no module.
        """
        if not query.terms:
            return []
        budget = budget or Budget()
        tests = [term(self, budget) for term in query.terms]
        return [
            at for at in budget.watch(range(len(self.graph.ops))) if all(test(at) for test in tests)
        ]

    def modules(self, query: Query, budget: Budget | None = None) -> list[Module]:
        """The modules whose label is found, or whose path is by its last step, outermost first.

        Raises:
            QueryError: if it takes longer than the budget.
        """
        if not query.words:
            return []
        budget, words = budget or Budget(), query.words
        paths = {one.fqn: f"{one.tag} {one.fqn}".lower() for one in self.graph.modules}

        def is_meant(module: Module, fits: Fits) -> bool:
            if fits(f"{module.label} {_last(module.fqn)}".lower(), budget):
                return True
            above = "" if module.parent is None else paths[module.parent]
            return fits(paths[module.fqn], budget) and not fits(above, budget)

        return [
            module
            for module in budget.watch(self.graph.modules)
            if all(fits(paths[module.fqn], budget) for fits in words)
            and any(is_meant(module, fits) for fits in words)
        ]

    def values(self, query: Query, budget: Budget | None = None) -> list[Value]:
        """The inputs and outputs of the model whose name is found.

        Raises:
            QueryError: if it takes longer than the budget.
        """
        if not query.words:
            return []
        budget = budget or Budget()
        ends = [*self.graph.inputs, *self.graph.outputs]
        return [
            value
            for value in budget.watch(ends)
            if all(fits(value.name.lower(), budget) for fits in query.words)
        ]


def _text(graph: TaggedGraph, at: int) -> str:
    op = graph.ops[at]
    attributes = (f"{one.name}={spelled(one)}" for one in graph.flat.ops[at].node.attribute)
    parts = (
        *(op.op_type, op.id, op.name, op.tag, op.module),
        *(*op.inputs, *op.outputs, *call_names(op), *attributes),
    )
    return "\n".join(parts)


def call_names(op: Op) -> list[str]:
    """What a call is known by: its name, its function, and that function's short name."""
    return [] if op.call is None else [*op.call, op.call.function]


def spelled(attribute: onnx.AttributeProto) -> str:
    """A short spelling of an attribute; of tensors and bodies nothing."""
    value = plain_value(attribute)
    return "" if value is None else str(value)[:_LONGEST_VALUE]


def _last(fqn: str) -> str:
    return fqn.rpartition(".")[2]
