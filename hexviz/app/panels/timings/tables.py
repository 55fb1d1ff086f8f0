"""The tables of the dialog of timings: the same numbers as in its charts, for eyes and ears."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hexviz.app import html
from hexviz.app.panels.parts import breaking
from hexviz.model.graph import TaggedGraph
from hexviz.model.units import in_bytes
from hexviz.view.performance.chart import in_seconds, shortened
from hexviz.view.performance.comparing import Ratio
from hexviz.view.performance.costs import Cost
from hexviz.view.performance.modules import Traced
from hexviz.view.performance.runs import Run
from hexviz.view.performance.scaling import DRAWN, GROUPS, MEMORY, fitted, spent
from hexviz.view.performance.stages import IN_WORDS, Bar

__all__ = [
    "comparison_table",
    "cost_table",
    "folded",
    "growth_list",
    "module_table",
    "scaling_table",
    "stage_table",
]

_NOTHING = "–"
_MOST = 200  # rows of a comparison


def folded(summary: str, *content: Any) -> html.Details:
    """What is there for those who want it."""
    return html.Details([html.Summary(summary), *content])


def stage_table(bars: Sequence[Bar]) -> html.Div:
    """Each stage with its times, processor and memory."""
    return _table(
        ["stage", "", "began at", "took", "share", "processor", "memory at most", "kept"],
        [
            [
                html.Span(one.name, style={"paddingLeft": f"{14 * one.depth}px"}),
                html.Span(IN_WORDS[one.part], className="quiet"),
                in_seconds(one.start),
                in_seconds(one.seconds),
                f"{one.share:.1%}",
                _NOTHING if one.cpu is None else f"{one.cpu:.0%}",
                _NOTHING if one.peak is None else in_bytes(one.peak),
                _NOTHING if one.kept is None else in_bytes(one.kept),
            ]
            for one in bars
        ],
        words=2,
    )


def cost_table(rows: Sequence[Cost]) -> html.Div:
    """Each category with what its ops come to."""
    return _table(
        ["ops that are", "ops", "bytes", "declared", "transferred", "inherited", "recovered",
         "fallback", "by hand", "links", "longest"],
        [
            [
                one.category.removesuffix(" ops"),
                f"{one.ops:,}",
                in_bytes(one.bytes),
                *(f"{one.origins[name]:,}" for name in one.origins),
                f"{one.links:,}" if one.links else _NOTHING,
                f"{one.longest:,}" if one.longest else _NOTHING,
            ]
            for one in rows
        ],
    )  # fmt: skip


def module_table(rows: Sequence[Traced], graph: TaggedGraph) -> html.Div:
    """The modules that took longest; each is a way to it in the graph."""
    return _table(
        ["module", "own time", "share"],
        [
            [
                _shown(one, graph),
                in_seconds(one.seconds),
                f"{one.share:.1%}",
            ]
            for one in rows
        ],
    )


def _shown(one: Traced, graph: TaggedGraph) -> Any:
    if one.fqn is None or not one.known:
        return html.Span(shortened(one.tag, 200), className="breakable")
    return html.Button(
        breaking(graph.modules[one.fqn].tag),
        className="link breakable",
        title=one.fqn,
        **{"data-event": "show-module", "data-value": one.fqn},
    )


def scaling_table(runs: Sequence[tuple[str, Run]]) -> list[Any]:
    """The points and the fits of the runs, one table for each."""
    parts: list[Any] = []
    for name, run in runs:
        if len(runs) > 1:
            parts.append(html.H4(name))
        parts.append(
            _table(
                ["model", "ops", *GROUPS, *MEMORY.values()],
                [
                    [
                        html.Span(one.name, className="breakable"),
                        f"{one.ops:,}",
                        *(_spans(one, group) for group in GROUPS),
                        *(_memory(one.memory.get(kind)) for kind in MEMORY),
                    ]
                    for one in run.subjects
                ],
            )
        )
    return parts


def growth_list(runs: Sequence[tuple[str, Run]], *, drawn: bool) -> list[Any]:
    """The exponents with their intervals: of the lines that are ``drawn``, or of all others."""
    parts: list[Any] = []
    for name, run in runs:
        all_fits = (*run.time_fits, *run.memory_fits)
        fits = [one for one in all_fits if (one.figure in DRAWN) == drawn]
        if fits:
            whose = f" ({name})" if len(runs) > 1 else ""
            title = f"How they grow, as a power of the ops, with the 95 % interval{whose}:"
            parts.append(html.P(title, className="quiet"))
            parts.append(html.Ul([html.Li(fitted(fit)) for fit in fits], className="fits"))
    return parts


def comparison_table(found: Sequence[Ratio]) -> html.Div:
    """Each figure of both runs; what is worse says so in words, and comes first."""
    return _table(
        ["model", "figure", "kept here", "yours", "yours / kept", ""],
        [
            [
                html.Span(one.model, className="breakable"),
                one.figure if one.is_time else MEMORY.get(one.figure, one.figure),
                _amount(one, one.before),
                _amount(one, one.after),
                f"{one.ratio:.2f}",
                html.B(one.word) if one.word in ("slower", "larger") else one.word,
            ]
            for one in found[:_MOST]
        ],
        words=2,
    )


def _amount(one: Ratio, value: float) -> str:
    return in_seconds(value) if one.is_time else in_bytes(value)


def _spans(subject: Any, group: str) -> str:
    span = spent(subject, group)
    if span is None:
        return _NOTHING
    if span.low == span.high:
        return in_seconds(span.median)
    return f"{in_seconds(span.median)} ({in_seconds(span.low)}–{in_seconds(span.high)})"


def _memory(size: float | None) -> str:
    return _NOTHING if size is None else in_bytes(size)


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]], *, words: int = 1) -> html.Div:
    """A table whose first ``words`` columns hold words, and the others numbers."""

    def cells(row: Sequence[Any]) -> list[Any]:
        return [
            html.Td(one, className="" if at < words else "number") for at, one in enumerate(row)
        ]

    head = [
        html.Th(one, className="" if at < words else "number", scope="col") if one else html.Td()
        for at, one in enumerate(heads)
    ]
    body = [html.Tr(cells(row)) for row in rows]
    table = html.Table([html.Thead(html.Tr(head)), html.Tbody(body)], className="figures-table")
    return html.Div(table, className="wide", tabIndex=0, role="group", **{"aria-label": "Table"})
