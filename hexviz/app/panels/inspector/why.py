"""What the inspector says of how an op got its module and its context: all from one explanation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hexviz.app import html
from hexviz.app.graph.evidence import paths, shown
from hexviz.app.panels.parts import breaking, module_link, module_links, op_link, section
from hexviz.app.protocol import PageState, Path
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Candidate
from hexviz.tagging.explain import Counterpart, Explanation, Part, Step
from hexviz.tagging.sentence import source_file

__all__ = ["why_sections"]


def why_sections(graph: TaggedGraph, found: Explanation, state: PageState) -> list[Any]:
    """Where the op belongs and why, step by step; what was rejected; what it serves."""
    op, why = found.op, found.op.provenance
    parts: list[Any] = [
        section("Ran in", module_link(graph, op.module), _origin_line(found)),
        html.P(breaking(found.sentence), className="sentence", id="module-sentence"),
    ]
    if found.steps:
        parts.append(_numbered(graph, found, state, "module", "Decided from"))
    if found.counterparts:
        parts.append(_counterparts(graph, found.counterparts))
    if found.witnesses:
        parts.append(_plain(graph, found.witnesses, "Does the same elsewhere"))
    if why.candidates:
        title = "Other sources say" if found.disagreeing else "Considered and rejected"
        parts.append(section(title, _rejected(graph, why.candidates)))
    if op.shared_by:
        parts.append(section("Shared by", module_links(graph, op.shared_by)))
    if op.context is not None:
        parts += _context(graph, found, state)
    return parts


def _context(graph: TaggedGraph, found: Explanation, state: PageState) -> list[Any]:
    context = found.op.context
    assert context is not None  # noqa: S101 - for the type checker; the caller looked
    parts: list[Any] = [
        section("Serves", module_link(graph, context.module)),
        html.P(breaking(found.context_sentence or ""), className="sentence", id="context-sentence"),
    ]
    if found.context_steps:
        parts.append(_numbered(graph, found, state, "context", "The chain, step by step"))
    if len(context.users) > 1:
        parts.append(section("Its users live in", module_links(graph, context.users)))
    return parts


def _origin_line(found: Explanation) -> html.Div:
    why = found.op.provenance
    return html.Div(
        [
            html.Div(
                [
                    html.Span(className=f"swatch origin-{why.origin}"),
                    f"{why.origin} · rule {why.rule}",
                ]
            ),
            html.Div(
                f"confidence {why.confidence:.0%}: {_made_of(found.confidence)}",
                className="made-of",
            ),
        ],
        className="quiet origin-line",
    )


def _made_of(parts: Sequence[Part]) -> str:
    """What a confidence is made of: the product of its parts."""
    if len(parts) == 1:
        return parts[0].reason
    return " × ".join(f"{part.factor:.0%} {part.reason}" for part in parts)


def _numbered(
    graph: TaggedGraph, found: Explanation, state: PageState, path: Path, title: str
) -> html.Section:
    """The steps of a path, with the numbers they have on the canvas."""
    known, on_canvas = paths(found), shown(found, state)
    is_shown = on_canvas is not None and on_canvas.path == path
    at = on_canvas.at if on_canvas is not None and is_shown else 0
    switch = html.Button(
        "Show in the graph",
        className="tool switch",
        title="Number these steps in the graph",
        **{"data-event": "path", "data-value": path, "aria-pressed": str(is_shown).lower()},
    )
    items = [
        html.Li(
            [
                html.Button(
                    str(number),
                    className="badge current" if number == at else "badge",
                    title="Show this step in the graph",
                    **{
                        "data-event": "path",
                        "data-value": f"{path}:{number}",
                        "aria-label": f"Show step {number} in the graph",
                    },
                ),
                html.Div([op_link(graph, step.op), *_relation(graph, step)]),
            ],
            **({"aria-current": "step"} if number == at else {}),
        )
        for number, step in enumerate(known[path], start=1)
    ]
    listed = html.Ol(items, className="path shown" if is_shown else "path")
    return section(title, switch if len(known) > 1 else None, listed)


def _relation(graph: TaggedGraph, step: Step) -> list[Any]:
    """How a step stands to the one before, and the values between."""
    names = [
        graph.value(value).name if value in graph.flat.values else value for value in step.values
    ]
    values = [
        part for name in names for part in (", ", html.Span(name, className="mono breakable"))
    ][1:]
    return [html.Div([step.relation, " via ", *values] if values else step.relation)]


def _counterparts(graph: TaggedGraph, found: Sequence[Counterpart]) -> html.Section:
    """Ops of another graph: named, without links, though this graph may have ops of these ids."""
    items = [
        html.Li(
            [
                html.B(one.op_type),
                " ",
                html.Span(one.op, className="mono breakable"),
                html.Div(one.relation, className="quiet"),
            ]
        )
        for one in found
    ]
    return section(f"In {source_file(graph)}", html.Ul(items, className="plain counterparts"))


def _plain(graph: TaggedGraph, steps: Sequence[Step], title: str) -> html.Section:
    return section(
        title, html.Ul([html.Li(op_link(graph, step.op)) for step in steps], className="plain")
    )


def _rejected(graph: TaggedGraph, candidates: Sequence[Candidate]) -> html.Ul:
    return html.Ul(
        [
            html.Li(
                [
                    module_link(graph, one.module),
                    html.Div(f"score {one.score:.0%} — {one.reason}", className="quiet"),
                ]
            )
            for one in candidates
        ],
        className="plain",
    )
