"""Where a part is cut from its model, what comes along, and how the border could be shorter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html

from hexviz.app.panels.filter.filtered import Filtered
from hexviz.app.panels.filter.wish import Wish, written
from hexviz.app.panels.filter.words import gain, total_size
from hexviz.app.panels.inspector.parts import breaking, counted, op_link, section
from hexviz.extraction.wording import WHY, size
from hexviz.model.graph import TaggedGraph

__all__ = ["border", "hints"]

_MOST = 60  # values or ops that are listed
_FOLDED = 5  # ops carried along that are listed at once
_READERS = 3


def hints(kept: Filtered) -> list[Any]:
    """Changes that leave less at the border, each a click away."""
    if not kept.suggestions:
        return []
    return [
        section(
            "For a smaller border",
            html.Ul(
                [
                    html.Li(
                        html.Button(
                            [html.B(breaking(one.what)), html.Span(gain(one), className="quiet")],
                            className="hint",
                            **{
                                "data-event": "wish",
                                "data-value": written(
                                    Wish(one.selected, one.policy, one.fill_holes)
                                ),
                            },
                        )
                    )
                    for one in kept.suggestions
                ],
                className="plain",
            ),
        )
    ]


def border(kept: Filtered) -> list[Any]:
    """The values at the border, inputs first, with reasons and sizes; and what is carried along."""
    graph, told = kept.graph, kept.told
    parts: list[Any] = []
    for title, way in (("In", "inputs"), ("Out", "outputs")):
        values: list[Mapping[str, Any]] = told[way]
        heading = f"{title}: {counted(len(values), 'value')}, {total_size(values)}"
        say = _entering if way == "inputs" else _leaving
        items: list[Any] = [
            html.Li(
                [
                    html.Div(
                        [
                            html.Span(value["name"], className="mono breakable"),
                            html.Span(
                                "dynamic" if value["bytes"] is None else size(value["bytes"]),
                                className="quiet size",
                            ),
                        ],
                        className="value-line",
                    ),
                    html.Div(value["type"], className="quiet breakable"),
                    html.Div(say(graph, value), className="why"),
                ]
            )
            for value in values[:_MOST]
        ]
        parts.append(section(heading, _list(items, len(values))))
    return [*parts, *_carried(graph, told["carried"])]


def _list(items: list[Any], count: int) -> html.Ul:
    if count > len(items):
        items.append(html.Li(f"and {count - len(items):,} more: see the report", className="quiet"))
    return html.Ul(items, className="plain border-list")


def _entering(graph: TaggedGraph, value: Mapping[str, Any]) -> list[Any]:
    """Where an input comes from, and who reads it."""
    source = value["from"]
    if source is None:
        start: list[Any] = ["An input of the model"]
    else:
        start = ["Made by ", op_link(graph, source["op"]), ", which is not kept"]
    return [*start, *_readers(graph, value["read_by"], "; read by ")]


def _leaving(graph: TaggedGraph, value: Mapping[str, Any]) -> list[Any]:
    """Why an output is one: the model gives it back, or somebody outside reads it."""
    start: list[Any] = []
    if value["from"] is not None:
        start = ["Made by ", op_link(graph, value["from"]["op"])]
    if value["model_output"]:
        start.append(", an output of the model" if start else "An output of the model")
    outside = _readers(graph, value["read_by"], "; read outside by ")
    if not outside and not value["model_output"]:
        return [*start, ", which nobody reads"]
    return [*start, *outside]


def _readers(graph: TaggedGraph, fqns: Sequence[str], words: str) -> list[Any]:
    if not fqns:
        return []
    parts: list[Any] = [words]
    for at, fqn in enumerate(fqns[:_READERS]):
        parts += [", "] * (at > 0) + [_short(graph, fqn)]
    more = len(fqns) - _READERS
    return parts + [f" and {counted(more, 'other module')}"] * (more > 0)


def _short(graph: TaggedGraph, fqn: str) -> html.Button:
    """A button that selects a module, with the last step of its tag alone."""
    module = graph.modules[graph.modules.nearest(fqn)]
    return html.Button(
        module.label,
        className="link",
        title=f"{module.tag} ({module.fqn})",
        **{"data-module": module.fqn},
    )


def _carried(graph: TaggedGraph, carried: Sequence[Mapping[str, str]]) -> list[Any]:
    """The ops that the policy added, with why; all but a few are folded away."""
    if not carried:
        return []
    items: list[Any] = [
        html.Li([op_link(graph, one["op"]), html.Span(f" {WHY[one['why']]}", className="quiet")])
        for one in carried[:_MOST]
    ]
    if len(carried) > len(items):
        rest = len(carried) - len(items)
        items.append(html.Li(f"and {rest:,} more: see the report", className="quiet"))
    listed = html.Ul(items, className="plain")
    title = f"Carried along: {counted(len(carried), 'op')}"
    if len(carried) <= _FOLDED:
        return [section(title, listed)]
    return [section(title, html.Details([html.Summary("Show them"), listed]))]
