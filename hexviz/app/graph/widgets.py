"""What stands around the graph, as content: tree, legend, figures of the model, a strip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hexviz.app import html
from hexviz.app.graph.tree import Row
from hexviz.app.models.comparison import Kept
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.parts import FOUND, name_cell
from hexviz.app.protocol import PageState
from hexviz.model.graph import TaggedGraph
from hexviz.model.wording import counted
from hexviz.view.legend import Legend
from hexviz.view.modes import policy_of
from hexviz.view.preview import FATES
from hexviz.view.ramp import Ramp, ticks
from hexviz.view.state import ViewState, is_hidden
from hexviz.view.what_if import NAMES

__all__ = [
    "extract_legend",
    "figures",
    "filter_note",
    "heads",
    "legend",
    "moved_note",
    "tree",
    "what_if_strip",
]

_ORIGINS = {
    "declared": "recorded by the exporter, or said by names (solid border)",
    "transferred": "taken from the same op before the file was rewritten (thick border)",
    "inherited": "concluded from the ops around it (dashed border)",
    "recovered": "found by what the graph repeats; no file names it (thick dashed border)",
    "fallback": "nothing is known: the root (dotted border)",
    "manual": "set by a person (double border)",
}


_SHOWN = {
    "true": "shown in the graph: click to hide it",
    "mixed": "hidden in part: click to show all of it",
    "false": "hidden: click to show it",
}


def tree(found: list[Row]) -> list[Any]:
    """The rows of the tree, each with what a screen reader and the keyboard need.

    Their check marks say what is shown, on every tab.
    """
    return [
        html.Div(
            [
                html.Span(
                    className="chevron",
                    **{"data-event": "toggle", "data-value": row.key, "aria-hidden": "true"},
                )
                if row.key
                else html.Span(className="chevron"),
                html.Span(className="mark-box", **{"aria-hidden": "true"})
                if row.kind != "module"
                else html.Span(
                    className=f"mark-box shown-{row.shown}",
                    title=_SHOWN[row.shown],
                    **{"data-event": "check", "data-value": row.key, "aria-hidden": "true"},
                ),
                name_cell(row.label, row.found),
                html.Span(f"{row.ops:,}", className="quiet count", title="ops in it"),
            ],
            className="row-line" if row.kind == "module" else f"row-line {row.kind}-row",
            role="treeitem",
            tabIndex=0 if at == 0 else -1,
            style={"paddingLeft": f"{(row.level - 1) * 14}px"},
            title=row.fqn,
            **{
                "data-key": row.key,
                "data-fqn": row.fqn,
                "aria-level": str(row.level),
                "aria-expanded": str(row.expanded).lower(),
                "aria-checked": row.shown,
                "aria-label": f"{row.label}, {row.ops} ops{FOUND if row.found else ''}",
            },
        )
        for at, row in enumerate(found)
    ]


def filter_note(graph: TaggedGraph, view: ViewState) -> list[Any]:
    """How much the tree's check marks leave in sight, and a way back to all of it."""
    total = len(graph.ops)
    if not view.hidden:
        return [html.Span(f"{counted(total, 'op')}, all shown")]
    hidden = sum(len(module.ops) for module in graph.modules if is_hidden(module.fqn, view.hidden))
    return [
        html.Span(f"Showing {total - hidden:,} of {counted(total, 'op')}"),
        html.Span(f"{hidden:,} hidden", className="hides"),
        html.Button("Show all", id="show-all", className="link", **{"data-event": "show-all"}),
    ]


def legend(shown: Legend, state: PageState) -> list[Any]:
    """What the colours say, as buttons that light up what has them; and the borders."""
    has_tally = policy_of(state.view.colour) is not None
    entries: list[Any] = [
        html.Button(
            [
                html.Span(
                    className="swatch",
                    style={"background": entry.swatch.solid, "borderColor": entry.swatch.border},
                ),
                entry.label,
                *([html.Span(f"{entry.ops:,}", className="quiet tally")] if has_tally else []),
            ],
            className="entry",
            title=f"{counted(entry.ops, 'op')}: click to see only these",
            **{
                "data-event": "lit",
                "data-value": entry.bucket,
                "aria-pressed": str(entry.bucket in state.lit).lower(),
            },
        )
        for entry in shown.entries
    ]
    if state.lit:
        entries.append(html.Button("all", className="link", **{"data-event": "unlit"}))
    if shown.ramp:
        entries = [*_ramp(shown.ramp, shown.colours), *entries]
    more = f"and {shown.more} more" if shown.more else ""
    # Beside a scale, a lone empty square would look like a box to tick.
    origins = () if shown.ramp and len(shown.origins) == 1 else shown.origins
    borders = [
        html.Span(
            [html.Span(className=f"swatch origin-{origin}"), origin],
            title=_ORIGINS[origin],
            className="entry",
        )
        for origin, _border in origins
    ]
    return [
        html.Div(entries, className="row"),
        html.Span(more, className="quiet"),  # beside the row, which may be cut off
        html.Div(borders, className="row"),
    ]


def _ramp(ramp: Ramp, colours: Sequence[str]) -> list[Any]:
    """The scale of numbers with what stands along it, and the switch for closed boxes."""
    marks = [
        html.Span(text, className="tick", style={"left": f"{100 * share:.1f}%"})
        for share, text in ticks(ramp)
    ]
    blend = f"linear-gradient(to right, {', '.join(colours)})"
    if ramp.unit:
        gathered = "their worst" if ramp.gather == "worst" else "their sum"
        boxes: list[Any] = ["closed boxes: ", gathered]
    else:
        switch = _gather_switch(ramp)
        boxes = ["closed boxes: ", switch[0], " | ", switch[1]]
    by_power = ", by powers of ten" if ramp.is_log else ""
    said = f"Numbers from {ramp.text(ramp.low)} to {ramp.text(ramp.high)}{by_power}"
    return [
        html.Div(
            [html.Div(className="ramp-bar", style={"background": blend}), *marks],
            className="ramp",
            role="img",
            **{"aria-label": said},
        ),
        html.Span(boxes, className="quiet gather"),
    ]


def _gather_switch(ramp: Ramp) -> list[html.Button]:
    return [
        html.Button(
            text,
            className="link",
            title=f"Colour each closed box by the {name} of its ops' numbers",
            **{
                "data-event": "gather",
                "data-value": gather,
                "aria-pressed": str(ramp.gather == gather).lower(),
            },
        )
        for gather, text, name in (("mean", "average", "average"), ("sum", "sum", "sum"))
    ]


def heads(found: Kept, names: Mapping[str, str]) -> dict[str, Any]:
    """What stands above each of two graphs that are side by side: which it is, and its ops."""
    sides = {"own-head": found.side, "other-head": "after" if found.side == "before" else "before"}
    return {
        element: [
            html.B(side),
            html.Span(names[side], className="file"),
            html.Span(counted(found.document[side]["ops"], "op"), className="quiet"),
        ]
        for element, side in sides.items()
    }


def extract_legend(shown: Legend, state: PageState) -> list[Any]:
    """What the colours of a cut and its borders say, as buttons that light up what has them."""
    entries: list[Any] = [
        html.Button(
            [
                html.Span(
                    className=f"swatch fate-{fate}",
                    style={"background": entry.swatch.solid, "borderColor": entry.swatch.border},
                ),
                entry.label,
                html.Span(f"{entry.ops:,}", className="quiet tally"),
            ],
            className="entry",
            title=f"{counted(entry.ops, 'op')}: click to see only these",
            **{
                "data-event": "lit",
                "data-value": entry.bucket,
                "aria-pressed": str(entry.bucket in state.lit).lower(),
            },
        )
        for entry in shown.entries
        for fate, name in FATES.items()
        if name == entry.bucket
    ]
    if state.lit:
        entries.append(html.Button("all", className="link", **{"data-event": "unlit"}))
    marks = [
        html.Span([html.Span(className="swatch fate-partial"), "kept in part"], className="entry"),
        html.Span([html.Span(className="line-mark"), "cut here"], className="entry"),
    ]
    return [html.Div(entries, className="row"), html.Div(marks, className="row")]


def figures(document: dict[str, Any], found: str = "") -> list[Any]:
    """Coverage and origins, as the bar on top shows them.

    ``found`` is what is said of modules that nothing names.
    """
    origins: dict[str, int] = document["origins"]
    auxiliary = document["auxiliary"]
    bar = [
        html.Span(
            className=f"part origin-{name}",
            style={"flexGrow": count},
            title=f"{name}: {count} of {document['ops']} ops",
        )
        for name, count in origins.items()
    ]
    texts = [f"{count:,} {name}" for name, count in origins.items()]
    parts = [
        html.Span([html.B(f"{document['coverage']:.0%}"), f" of {document['ops']:,} ops tagged"]),
        html.Span(bar, className="origins", **{"aria-hidden": "true"}),
        html.Span(", ".join(texts), className="quiet"),
    ]
    if found:
        parts.append(
            html.Span(
                "blocks found",
                className="pill",
                title=f"{found} hexviz view --no-recover leaves them out.",
            )
        )
    if auxiliary["ops"]:
        share = auxiliary["context_inherited"] / auxiliary["ops"]
        parts.append(
            html.Span(
                [html.B(f"{share:.0%}"), f" of {auxiliary['ops']:,} auxiliary ops with a context"],
                title="auxiliary ops that serve a module below the root",
            )
        )
    if document["tags_lost"]:
        parts.append(
            html.Span(
                "tags lost: inferred anew",
                className="pill",
                title="The file lists modules, and its ops do not say which is theirs: a tool "
                "dropped what was recorded. See the audit.",
            )
        )
    if document["weights_left_out"]:
        parts.append(
            html.Span(
                "weights left out",
                className="pill",
                title=f"{document['weights_left_out']:,} weights were not exported: the graph "
                "can be looked at, and not run",
            )
        )
    return parts


def moved_note(model: OpenModel) -> list[Any]:
    """How many auxiliary ops stand where they are used, marked, and a way back."""
    count = model.moved
    if not count:
        return [html.Span("All auxiliary ops are used where they ran: none moved")]
    stand = "stands where it is used" if count == 1 else "stand where they are used"
    back = html.Button(
        "back to where they ran",
        className="link",
        **{"data-event": "placement", "data-value": "module"},
    )
    where = "marked in the graph (closed boxes with their number)"
    return [html.Span(f"{counted(count, 'auxiliary op')} {stand}, {where}"), back]


def what_if_strip(model: OpenModel, view: ViewState) -> list[Any]:
    """How many ops the placement moved, and how many the policy that colours a view would move.

    Nothing if neither moves any.
    """
    policy = policy_of(view.colour)
    if policy is None:
        return moved_note(model) if view.placement == "context" else []
    moved, name = model.what_if(policy).moved, NAMES[policy]
    count, total = sum(map(len, moved.values())), len(model.graph.ops)
    end = html.Button("end", className="link", **{"data-event": "colour", "data-value": "module"})
    if not count:
        return [html.Span(f"By {name}, none of {total:,} ops would move"), end]
    parts = ", ".join(f"{len(found):,} {where}" for where, found in moved.items() if found)
    return [
        html.Span(f"By {name}, {count:,} of {total:,} ops would move: {parts}"),
        html.Button(
            "Keep these tags",
            className="link",
            title="Move these ops as if by hand; it can be undone",
            **{"data-event": "keep-what-if", "data-value": policy},
        ),
        end,
    ]
