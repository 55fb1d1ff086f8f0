"""Where a part is cut from its model, what comes along, and how the border could be shorter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hexviz.app import html
from hexviz.app.address import choice_query
from hexviz.app.models.extracted import Extracted
from hexviz.app.panels.parts import breaking, op_link, section
from hexviz.app.protocol import ExtractChoice
from hexviz.extraction.report import WHY, size, weight_bytes
from hexviz.extraction.subgraph import Policy
from hexviz.extraction.suggest import Suggestion
from hexviz.model.graph import TaggedGraph
from hexviz.model.wording import counted

__all__ = ["POLICY", "border", "gain", "hints", "total_size", "weights"]

_MOST = 60  # values or ops that are listed
_FOLDED = 5  # ops carried along that are listed at once
_READERS = 3


def hints(kept: Extracted) -> list[Any]:
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
                                "data-event": "part",
                                "data-value": choice_query(
                                    ExtractChoice(one.selected, one.policy, one.fill_holes)
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


def border(kept: Extracted) -> list[Any]:
    """The values at the border, inputs first, with reasons and sizes; and what is carried along."""
    graph, report = kept.graph, kept.boundary
    parts: list[Any] = []
    for title, way in (("In", "inputs"), ("Out", "outputs")):
        values: list[Mapping[str, Any]] = report[way]
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
    return [*parts, *_carried(graph, report["carried"])]


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


POLICY: Mapping[Policy, tuple[str, str]] = {
    "exclude_safe": ("Just the module", "and its weights"),
    "include_context": ("With its constants and shape ops", "those that serve it"),
    "include_all": ("Runs from the model's inputs", "all it needs"),
}
"""Each policy in words, and more about what it keeps."""


def weights(kept: Extracted) -> str:
    """How many weights the part has, and how large they are."""
    names = kept.subgraph.weights
    if not names:
        return "no weights"
    return f"{counted(len(names), 'weight')}, {size(weight_bytes(kept.graph, names))}"


def total_size(values: list[Mapping[str, Any]]) -> str:
    """The size of several values; what is not known before it runs is said."""
    known = sum(one["bytes"] for one in values if one["bytes"] is not None)
    open_ended = sum(one["bytes"] is None for one in values)
    if not open_ended:
        return size(known)
    dynamic = f"{open_ended} of dynamic size"
    return f"{size(known)} and {dynamic}" if known else dynamic


def gain(suggestion: Suggestion) -> str:
    """What a suggestion is good for, and what it costs.

    >>> from hexviz.extraction.selection import NO_MODULES
    >>> gain(Suggestion("Add a", NO_MODULES, "include_all", False, 2, -1, 3_000_000, 12))
    '2 inputs less, 1 output more, 3.0 MB less; 12 ops more'
    """
    parts = [
        f"{counted(abs(count), noun)} {'less' if count > 0 else 'more'}"
        for count, noun in ((suggestion.inputs, "input"), (suggestion.outputs, "output"))
        if count
    ]
    if suggestion.size:
        parts.append(f"{size(abs(suggestion.size))} {'less' if suggestion.size > 0 else 'more'}")
    ops = suggestion.ops
    cost = f"; {counted(abs(ops), 'op')} {'more' if ops > 0 else 'less'}" if ops else ""
    return ", ".join(parts) + cost
