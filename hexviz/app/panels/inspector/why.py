"""What the inspector says of how an op got its module and its context: all from one explanation.

The answer comes first, in one sentence with its links; what it rests on is folded below.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hexviz.app import html
from hexviz.app.graph.evidence import paths, shown
from hexviz.app.panels.parts import (
    copy_button,
    folded,
    inline_link,
    linked,
    module_link,
    module_links,
    op_link,
    section,
)
from hexviz.app.protocol import PageState, Path
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Candidate
from hexviz.tagging.explain import Counterpart, Explanation, Part, Step
from hexviz.tagging.sentence import doubted_sentence, source_file

__all__ = ["why_sections"]


def why_sections(
    graph: TaggedGraph, found: Explanation, state: PageState, *, is_doubted: bool = False
) -> list[Any]:
    """Where the op belongs and why, and what it serves, each a sentence with the rest folded.

    ``is_doubted`` says that the audit accuses the tag.
    """
    op, why = found.op, found.op.provenance
    source = source_file(graph)
    sentence = doubted_sentence(op, source) if is_doubted else found.sentence
    at = shown(found, state)
    is_walked = at is not None and at.path == "module" and at.at > 0
    details: list[Any] = [_origin_line(found, is_doubted=is_doubted)]
    if found.steps:
        details.append(_numbered(graph, found, state, "module", "Decided from"))
    if found.counterparts:
        details.append(_counterparts(graph, found.counterparts))
    if found.witnesses:
        details.append(_plain(graph, found.witnesses, "Does the same elsewhere"))
    if why.candidates:
        title = "Other sources say" if found.disagreeing else "Considered and rejected"
        details.append(section(title, _rejected(graph, why.candidates)))
    parts: list[Any] = [
        html.P(
            [
                *linked(sentence, [(op.tag, _place(graph, op.module))]),
                copy_button(op.tag, "tag"),
            ],
            className="sentence",
            id="module-sentence",
        ),
        folded("How that is known", "module", *details, is_open=is_walked),
    ]
    if op.context is not None:
        parts += _context(graph, found, state)
    users = op.context.users if op.context is not None else ()
    if why.shared_by:
        parts.append(section("Also does the work of", module_links(graph, op.shared_by)))
    elif len(users) > 1:
        parts.append(section("Its users live in", module_links(graph, users)))
    elif op.shared_by:
        parts.append(section("Shared by", module_links(graph, op.shared_by)))
    return parts


def _context(graph: TaggedGraph, found: Explanation, state: PageState) -> list[Any]:
    context = found.op.context
    assert context is not None  # noqa: S101 - for the type checker; the caller looked
    sentence, links = found.context_sentence or "", []
    if context.evidence:
        nearest = graph.op(context.evidence[-1])
        place = nearest if len(context.users) < 2 else context
        named = f"{nearest.op_type} “{nearest.id}”"
        links = [
            (named, inline_link(named, nearest.tag, **{"data-op": nearest.id})),
            (place.tag, _place(graph, place.module)),
        ]
    at = shown(found, state)
    is_walked = at is not None and at.path == "context"
    parts: list[Any] = [
        html.P(linked(sentence, links), className="sentence serves", id="context-sentence")
    ]
    if found.context_steps:
        chain = _numbered(graph, found, state, "context", "From op to op")
        parts += [
            _switch(found, state),
            folded("The chain, step by step", "context", chain, is_open=is_walked),
        ]
    return parts


def _place(graph: TaggedGraph, fqn: str) -> html.Span:
    """A module's tag in a sentence."""
    module = graph.modules[graph.modules.nearest(fqn)]
    return inline_link(module.tag, module.fqn, **{"data-module": module.fqn})


def _origin_line(found: Explanation, *, is_doubted: bool) -> html.Div:
    """Who says so, and how sure that is; what a file declares is its word, and no more."""
    why = found.op.provenance
    made_of = _made_of(found.confidence)
    if why.origin == "declared":
        read = f"read with {why.confidence:.0%} certainty: {made_of}"
        sure = "what the file says, and not proof of it" if why.confidence == 1 else read
    else:
        sure = f"confidence {why.confidence:.0%}: {made_of}"
    return html.Div(
        [
            html.Div(
                [
                    html.Span(className=f"swatch origin-{why.origin}"),
                    f"{why.origin} · rule {why.rule}",
                ]
            ),
            html.Div("the audit speaks against it" if is_doubted else sure, className="made-of"),
        ],
        className="quiet origin-line",
    )


def _made_of(parts: Sequence[Part]) -> str:
    """What a confidence is made of: the product of its parts."""
    if len(parts) == 1:
        return parts[0].reason
    return " × ".join(f"{part.factor:.0%} {part.reason}" for part in parts)


def _switch(found: Explanation, state: PageState) -> html.Button:
    """A button that numbers the chain on the canvas in the place of the evidence, and back."""
    on_canvas = shown(found, state)
    is_shown = on_canvas is not None and on_canvas.path == "context"
    return html.Button(
        "Show the chain in the graph",
        className="tool switch",
        **{
            "data-event": "path",
            "data-value": "context",
            "aria-pressed": str(is_shown).lower(),
        },
    )


def _numbered(
    graph: TaggedGraph, found: Explanation, state: PageState, path: Path, title: str
) -> html.Section:
    """The steps of a path, with the numbers they have on the canvas."""
    known, on_canvas = paths(found), shown(found, state)
    is_shown = on_canvas is not None and on_canvas.path == path
    at = on_canvas.at if on_canvas is not None and is_shown else 0
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
    return section(title, html.Ol(items, className="path shown" if is_shown else "path"))


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
