"""What all pages of the inspector are made of: headings, sections, tables, links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from hexviz.app import html
from hexviz.model.graph import TaggedGraph

__all__ = [
    "FOUND",
    "SHORT",
    "breaking",
    "button",
    "copy_button",
    "folded",
    "heading",
    "inline_link",
    "label_cut",
    "linked",
    "middle_cut",
    "mix",
    "module_link",
    "module_links",
    "move_field",
    "name_cell",
    "offered_modules",
    "op_link",
    "rename_field",
    "section",
    "steps",
    "table",
]


def heading(title: Any, note: str | None) -> html.Div:
    """The title of a page, with what kind of thing it is about beside it."""
    return html.Div(
        [html.H2(title), html.Span(note, className="pill") if note else None], className="heading"
    )


def copy_button(text: str, what: str) -> html.Button:
    """A button that puts a name into the clipboard; ``what`` says what kind of name it is."""
    return html.Button(
        className="copy",
        title=f"Copy the {what}",
        **{"data-event": "copy", "data-value": text, "aria-label": f"Copy the {what}"},
    )


def folded(title: str, fold: str, *content: Any, is_open: bool = False) -> html.Details:
    """Details below a summary; what a person has opened stays open by the name of its ``fold``."""
    return html.Details(
        [html.Summary(title), *content], open=is_open, className="folded", **{"data-fold": fold}
    )


def linked(sentence: str, links: Iterable[tuple[str, Any]]) -> list[Any]:
    """A sentence with links in the place of some words, each at its first occurrence.

    >>> [part for part in linked("A needs B.", [("B", "<B>")]) if part]
    ['A needs ', '<B>', '.']
    """
    parts: list[Any] = [sentence]
    for words, link in links:
        for at, part in enumerate(parts):
            if isinstance(part, str) and words and words in part:
                before, _, after = part.partition(words)
                parts[at : at + 1] = [before, link, after]
                break
    return parts


def section(title: str, *content: Any) -> html.Section:
    """A part of a page under a small title."""
    return html.Section([html.H3(title), *content])


def table(rows: Iterable[tuple[str, Any]]) -> html.Table:
    """Two columns: what it is, and its content."""
    return html.Table(
        html.Tbody(
            [
                html.Tr([html.Td(name, className="quiet"), html.Td(text, className="breakable")])
                for name, text in rows
            ]
        )
    )


def inline_link(words: str, title: str, **data: str) -> html.Span:
    """A link within a sentence, which breaks into lines as text does and a button does not."""
    return html.Span(
        breaking(words), className="link breakable", title=title, role="button", tabIndex=0, **data
    )


def op_link(graph: TaggedGraph, op_id: str, *, event: str = "") -> Any:
    """A button that selects an op; plain text for one that the graph does not have.

    With an ``event``, that is what the button sends instead.
    """
    at = graph.positions.get(op_id)
    if at is None:
        return html.Span(op_id, className="quiet")
    op = graph.ops[at]
    return html.Button(
        [html.B(op.op_type), " ", html.Span(op.id, className="mono quiet")],
        className="link breakable",
        title=op.tag,
        **({"data-event": event, "data-value": op.id} if event else {"data-op": op.id}),
    )


def module_link(graph: TaggedGraph, fqn: str) -> html.Button:
    """A button that selects a module, or the nearest known one around it."""
    module = graph.modules[graph.modules.nearest(fqn)]
    return html.Button(
        breaking(module.tag),
        className="link breakable",
        title=module.fqn,
        **{"data-module": module.fqn},
    )


def module_links(graph: TaggedGraph, fqns: Iterable[str], most: int = 24) -> html.Ul:
    """A list of modules, the first ``most`` of them as links."""
    listed = list(fqns)
    items: list[Any] = [html.Li(module_link(graph, fqn)) for fqn in listed[:most]]
    if len(listed) > most:
        items.append(html.Li(f"and {len(listed) - most} more", className="quiet"))
    return html.Ul(items, className="plain")


def steps(graph: TaggedGraph, op_ids: Iterable[str], title: str) -> html.Section:
    """A numbered list of ops."""
    return section(
        title,
        html.Ol(
            [html.Li(op_link(graph, op_id)) for op_id in op_ids],
            className="steps",
        ),
    )


def breaking(sentence: str) -> list[Any]:
    """A tag, or a sentence with tags, that breaks into lines at the slashes."""
    first, *rest = sentence.split("/")
    return [first, *(part for step in rest for part in (html.Wbr(), f"/{step}"))]


SHORT = 7
"""Characters of a label's end that stay in sight in a narrow place, such as a row of a tree."""

_LONGEST_END = 22  # characters of a path that always stay in sight
_SHORTEST_START = 4  # characters that are worth giving way, as the sign of the cut takes two


def middle_cut(path: str, longest: int = _LONGEST_END) -> Any:
    """A path, a tag or a name that loses its middle where there is no room, never its end.

    A browser cuts text at its end only: so the end, of ``longest`` characters at most, is an
    element of its own, which keeps its width, and what is before it gives way (``.cut`` in
    ``assets/paths.css``). ``assets/paths.js`` does the same.
    """
    first = max(0, len(path) - longest)
    return _cut(path, next((at for at in range(first, len(path)) if path[at] in "/."), first))


def label_cut(label: str) -> Any:
    """A label of the tree, cut where what tells it from its siblings stays in sight.

    ``Embedding.word_embeddings`` gives way before the attribute, and
    ``ResNetStage.0 / Sequential``, a box of several modules, before its first number, and
    ``TransformerLayer ×12`` before how many it is.
    """
    at = label.find(".") if "." in label else label.rfind(" ×")
    return middle_cut(label, SHORT) if at < 0 else _cut(label, at)


def _cut(path: str, at: int) -> Any:
    if at < _SHORTEST_START:
        return path
    return html.Span([html.Span(path[:at]), html.Span(path[at:])], className="cut")


FOUND = ", recovered"
"""What a screen reader says after the label of a module that nothing names."""


def name_cell(label: str, found: str) -> html.Span:
    """The name in a row of a tree: marked where nothing names the module, with how it was found."""
    if not found:
        return html.Span(label_cut(label), className="name")
    title = f"{found}. The file does not name it."
    return html.Span(label_cut(label), className="name recovered", title=title)


def mix(numbers: Mapping[str, int], most: int = 6) -> html.Div:
    """Numbers by name as bars, the first ``most`` of them."""
    counts = list(numbers.items())
    top = max(numbers.values(), default=1)
    rows = [
        html.Div(
            [
                html.Span(kind, className="mix-name"),
                html.Span(style={"width": f"{100 * count / top:.0f}%"}, className="mix-bar"),
                html.Span(f"{count:,}", className="quiet"),
            ],
            className="mix",
        )
        for kind, count in counts[:most]
    ]
    rest = len(counts) - most
    if rest > 0:
        rows.append(html.Div(f"and {rest} more", className="quiet"))
    return html.Div(rows)


_MOST = 400  # modules that are offered; any other can be typed


def offered_modules(graph: TaggedGraph) -> list[tuple[str, str]]:
    """What every such field of a model offers, as pairs of a module's name and tag.

    Sent once for a model: in each field it would be most of what an inspector takes.
    """
    return [(module.fqn or "/", module.tag) for module in islice(graph.modules, _MOST)]


def move_field(
    graph: TaggedGraph, kind: str, what: str, title: str, likely: Iterable[str] = ()
) -> html.Details:
    """A field for a module's name or tag, and a button that moves ops there.

    ``kind`` and ``what`` say which ops: ``op`` and an id, ``own`` and the FQN
    of a module whose own ops are meant, ``found`` and a search. ``likely``
    modules are offered first; the page adds :func:`offered_modules` to them.
    """
    offered = dict.fromkeys(graph.modules.nearest(fqn) for fqn in likely)
    name = f"modules-{kind}"
    field = html.Input(
        list=name,
        placeholder="module, by name or tag",
        autocomplete="off",
        spellcheck="false",
        **{"data-offers": "modules", "aria-label": title},
    )
    options = [html.Option(graph.modules[fqn].tag, value=fqn or "/") for fqn in offered]
    return html.Details(
        [
            html.Summary(title),
            html.Div(
                [
                    field,
                    html.Datalist(options, id=name),
                    html.Button(
                        "Move",
                        className="tool",
                        **{"data-event": "move-to", "data-value": f"{kind}:{what}"},
                    ),
                ],
                className="move",
            ),
        ]
    )


def rename_field(fqn: str, name: str, copies: int) -> html.Details:
    """A field for another name of a recovered module (``fqn``) and its copies, and a button."""
    what = f"Rename all {copies:,} copies" if copies > 1 else "Rename it"
    return html.Details(
        [
            html.Summary(what),
            html.Div(
                [
                    html.Input(
                        value=name,
                        autocomplete="off",
                        spellcheck="false",
                        **{"aria-label": f"New name of {name}"},
                    ),
                    html.Button(
                        "Rename",
                        className="tool",
                        **{"data-event": "rename-to", "data-value": fqn},
                    ),
                ],
                className="move rename",
            ),
        ]
    )


def button(
    label: Any,
    event: str,
    value: str | None = None,
    *,
    title: str = "",
    disabled: bool = False,
    strong: bool = False,
) -> html.Button:
    """A button that sends an event, or does what the browser can do by itself."""
    return html.Button(
        label,
        className="tool strong" if strong else "tool",
        disabled=disabled,
        **({"title": title} if title else {}),
        **{"data-event": event},
        **({"data-value": value} if value is not None else {}),
    )
