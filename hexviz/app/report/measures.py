"""What a report says of the model's figures by module: costs, and times and errors if given.

One table, in the order of the tree: for each figure what a module has with all that is below it,
and what it has by itself. A click on a module shows it in the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hexviz.app import html
from hexviz.app.panels.parts import breaking, module_link
from hexviz.app.protocol import Content
from hexviz.measure.costs.costs import Costs
from hexviz.measure.documents import ParityDocument, ProfileDocument
from hexviz.measure.table import Column, Figure, FigureTable, ModuleRow, module_table, sizes_apart
from hexviz.model.graph import TaggedGraph
from hexviz.model.units import FORMATS, in_bytes, in_count, in_share, in_time
from hexviz.model.wording import counted

__all__ = ["measure_page"]

_MOST = 1000
"""Modules that are listed, those nearest to the root first: 100 kB of a report."""

_MOST_NAMED = 8  # modules that differ and are named above the table
_SHOWN: tuple[Figure, ...] = (
    "own_error",
    "time_us",
    "macs",
    "parameters",
    "weight_bytes",
    "activation_bytes",
)
"""Figures of the table, first what was measured; the others follow from them."""


def measure_page(
    graph: TaggedGraph,
    costs: Costs,
    profile: ProfileDocument | None = None,
    parity: ParityDocument | None = None,
) -> list[Content]:
    """The figures in words, and the table."""
    table = module_table(graph, costs=costs, profile=profile, parity=parity)
    known = {column.name: column for column in table.columns}
    columns = [known[name] for name in _SHOWN if name in known]
    rows = _listed(table.rows)
    parts: list[Any] = [
        html.Div(html.H2("Figures by module"), className="audit-head"),
        _costs(costs),
    ]
    if profile is not None:
        parts.append(_times(profile, costs))
    if parity is not None:
        parts.extend(_errors(graph, parity))
    body = html.Tbody([_row(graph, table, row, columns) for row in rows])
    figures = html.Table([_head(columns), body], className="report-figures")
    # Seven columns are wider than a small window.
    parts.append(html.Div(figures, className="report-wide", tabIndex="0"))
    if len(rows) < len(table.rows):
        more = counted(len(table.rows) - len(rows), "module")
        parts.append(html.P(f"and {more} deeper in the tree.", className="quiet"))
    return parts


def _listed(rows: Sequence[ModuleRow]) -> list[ModuleRow]:
    """As many levels of the tree as there is room for."""
    deepest = max((row.depth for row in rows), default=0)
    while deepest > 1 and sum(row.depth <= deepest for row in rows) > _MOST:
        deepest -= 1
    return [row for row in rows if row.depth <= deepest][:_MOST]


def _costs(costs: Costs) -> html.P:
    model = costs.model
    sizes = ", ".join(f"{name} = {size or '?'}" for name, size in costs.symbols.items())
    macs = in_count(model.known_macs) if model.macs is None else in_count(model.macs)
    least = "at least " if model.macs is None else ""
    what = (
        f"{_written(model.parameters, in_count)} parameters",
        f"{_written(model.weight_bytes, in_bytes)} of weights",
        f"{least}{macs} multiply-accumulates (MACs) in a run",
        f"{_written(costs.peak_bytes, in_bytes)} of values at once at most",
    )
    text = [", ".join(what) + "."]
    if sizes:
        text.append(f"For {sizes}.")
    if model.unknown:
        text.append(f"Without {counted(model.unknown, 'op')} whose work cannot be told.")
    return html.P(" ".join(text))


def _times(profile: ProfileDocument, costs: Costs) -> html.P:
    where = ", ".join(filter(None, (profile.provider, profile.device, profile.runtime)))
    unplaced = profile.unplaced_us / profile.total_us if profile.total_us else 0.0
    return html.P(
        f"One run took {in_time(profile.total_us)}"
        + (f" (median of {counted(profile.runs, 'run')})" if profile.runs else "")
        + (f" on {where}" if where else "")
        + f"; {in_share(unplaced)} of it is of no module. {sizes_apart(costs, profile)}".rstrip()
    )


def _errors(graph: TaggedGraph, parity: ParityDocument) -> list[Any]:
    message = parity.message[:1].upper() + parity.message[1:]
    differing = dict.fromkeys(parity.modules[at].module for at in parity.divergences)
    named = [fqn for fqn in differing if fqn in graph.modules][:_MOST_NAMED]
    parts: list[Any] = [
        html.P(breaking(message)),
        html.P(f"Against {parity.reference}.", className="quiet"),
    ]
    if named:
        parts.append(html.Ul([html.Li(_link(graph, fqn)) for fqn in named], className="plain"))
    return parts


def _written(number: int | None, how: Any) -> str:
    return "unknown" if number is None else str(how(number))


def _link(graph: TaggedGraph, fqn: str) -> html.Button:
    link = module_link(graph, fqn)
    del link["props"]["data-module"]
    link["props"].update({"data-event": "show-module", "data-value": fqn})
    return link


def _head(columns: Sequence[Column]) -> html.Thead:
    titles = [html.Th(column.title, colSpan=2, scope="colgroup") for column in columns]
    kinds = [
        html.Th(name, scope="col", className="quiet")
        for column in columns
        for name in (("total", "own") if column.adds else ("worst in it", "own"))
    ]
    return html.Thead(
        [html.Tr([html.Th("module", scope="col"), *titles]), html.Tr([html.Td(), *kinds])]
    )


def _cell(column: Column, number: float | None) -> str:
    """A figure; of errors, none is of what was not compared, and 0 is as exact as can be."""
    if number is None:
        return "–" if column.unit == "error" else "?"
    return FORMATS[column.unit](number)


def _row(
    graph: TaggedGraph, table: FigureTable, row: ModuleRow, columns: Sequence[Column]
) -> html.Tr:
    whole = table.rows[0].total
    cells = []
    for column in columns:
        of = whole.get(column.name)
        for number, is_total in (
            (row.total.get(column.name), True),
            (row.own.get(column.name), False),
        ):
            share = number / of if is_total and column.adds and number and of else 0.0
            cells.append(
                html.Td(
                    _cell(column, number),
                    **(
                        {"style": {"backgroundSize": f"{100 * min(1.0, share):.0f}% 100%"}}
                        if share
                        else {}
                    ),
                )
            )
    name = html.Button(
        graph.modules[row.module].label,
        className="link",
        title=f"{row.tag}: show it in the graph",
        **{"data-event": "show-module", "data-value": row.module},
    )
    return html.Tr(
        [html.Th(name, scope="row", style={"paddingLeft": f"{12 * row.depth}px"}), *cells]
    )
