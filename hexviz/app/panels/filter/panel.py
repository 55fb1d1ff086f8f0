"""The filter's panel: what is selected, by which policy, and what that comes to.

Where the model is cut, and how that could be less, follows below: border.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dash import html

from hexviz.app.models.store import OpenModel
from hexviz.app.page_state import Place
from hexviz.app.panels.filter.field import button
from hexviz.app.panels.filter.filtered import Filtered, filtered, known_wish
from hexviz.app.panels.filter.holes import open_holes
from hexviz.app.panels.filter.leaving import leaving
from hexviz.app.panels.filter.wish import Wish
from hexviz.app.panels.filter.words import POLICY, weights
from hexviz.app.panels.inspector.parts import counted
from hexviz.app.panels.inspector.stacks import stack_note
from hexviz.extraction.scope import POLICIES
from hexviz.extraction.wording import came_along, kept_by_why
from hexviz.view.preview import FATES

__all__ = ["panel"]

_MOST_NAMES = 12


def panel(model: OpenModel, place: Place) -> list[Any]:
    """The part of the panel that answers at once."""
    wish = known_wish(model.graph, place.wish)
    kept = filtered(model, wish)
    parts: list[Any] = [
        _adding(model, place),
        _chosen(model, wish),
        _policies(wish),
    ]
    if kept is None:
        return [*parts, _nothing()]
    return [*parts, _summary(kept), *open_holes(model, kept), *leaving(model, wish)]


def _adding(model: OpenModel, place: Place) -> html.Div:
    """Ways to add what is found or clicked; the second says what it would add."""
    kind, what = place.selection
    match kind:
        case "module" if what in model.graph.modules:
            label = f"Add {model.graph.modules[what].label}"
        case "op" if what in model.graph.positions:
            label = f"Add op {what} ({model.graph.op(what).op_type})"
        case "ops":
            label = "Add frame"
        case _:
            label = ""
    return html.Div(
        [
            button(
                label or "Add selection",
                "keep-selection",
                title="What is selected in the graph: click a box or an op, or drag with Shift",
                disabled=not label,
            ),
            button("Add search hits", "keep-found", title="Add all ops that the search found"),
            *_turning(model, place),
        ],
        className="tool-row",
    )


def _turning(model: OpenModel, place: Place) -> list[Any]:
    """For a module that stands for several equal ones: a way to tick them one by one."""
    kind, what = place.selection
    return stack_note(model, place.view, what)[1:] if kind == "module" else []


def _chosen(model: OpenModel, wish: Wish) -> Any:
    """What is selected, each name with a way to take it back."""
    selected = wish.selected
    order = {module.fqn: at for at, module in enumerate(model.graph.modules)}

    def in_order(fqns: Iterable[str]) -> list[str]:
        # A list of modules is none itself: it comes last.
        return sorted(fqns, key=lambda fqn: (order.get(fqn, len(order)), fqn))

    rows = [
        _name(f"keep:{fqn}", "", fqn or "the whole model") for fqn in in_order(selected.modules)
    ]
    rows += [_name(f"except:{fqn}", "without ", fqn) for fqn in in_order(selected.exclude)]
    ops = sorted(selected.ops)
    if ops:
        alone = f"{model.graph.op(ops[0]).op_type} {ops[0]}"
        named = alone if len(ops) == 1 else f"{len(ops)} single ops"
        rows.append(_name("ops:", "", named))
    if not rows:
        return None
    more = len(rows) - _MOST_NAMES
    if more > 0:
        rows[_MOST_NAMES:] = [html.Li(f"and {more} more", className="quiet")]
    clear = html.Button(
        "Clear", className="link", title="Select nothing", **{"data-event": "keep-nothing"}
    )
    return html.Ul([*rows, html.Li(clear, className="clear")], className="plain chosen")


def _name(value: str, before: str, name: str) -> html.Li:
    told = f"Take back: {before}{name}"
    return html.Li(
        [
            html.Span([before, html.Span(name, className="mono breakable")]),
            html.Button(
                "×",
                className="take-back",
                title=told,
                **{"data-event": "leave", "data-value": value, "aria-label": told},
            ),
        ]
    )


def _policies(wish: Wish) -> html.Fieldset:
    """The policies as radio buttons, with a line on what each keeps."""
    return html.Fieldset(
        [
            html.Legend("Policy"),
            *(
                html.Label(
                    [
                        _radio(policy, chosen=policy == wish.policy),
                        html.Span([html.B(policy), html.Span(POLICY[policy], className="quiet")]),
                    ]
                )
                for policy in POLICIES
            ),
        ],
        className="policies",
    )


def _radio(policy: str, *, chosen: bool) -> Any:
    # Dash's own radio buttons are components of React.
    return {
        "type": "input",
        "props": {
            "type": "radio",
            "name": "policy",
            "checked": chosen,
            "data-event": "policy",
            "data-value": policy,
        },
    }


def _nothing() -> html.Div:
    return html.Div(
        [
            html.B("Nothing is selected yet"),
            html.P(
                "Tick modules in the tree, name them above, or drag a frame in the graph with "
                "Shift. The graph then shows what is kept, what is carried along and what is cut "
                "away."
            ),
            html.P("What is kept is a model of its own: verify it here, and download it."),
        ],
        className="nothing",
    )


def _summary(kept: Filtered) -> html.Div:
    """How much is kept, as a bar and in words."""
    told, total = kept.told, len(kept.graph.ops)
    shares = [(fate, kept.preview.count(fate)) for fate in FATES]
    count = told["kept"]["ops"]
    return html.Div(
        [
            html.Div(
                [
                    html.Span(className=f"part fate-{fate}", style={"flexGrow": share})
                    for fate, share in shares
                    if share
                ],
                className="fates",
                **{"aria-hidden": "true"},
            ),
            html.Div(
                [
                    html.B(f"{counted(count, 'op')} kept"),
                    f" of {total:,}: {', '.join(kept_by_why(told))}",
                ]
            ),
            html.Div(
                f"{counted(len(told['inputs']), 'input')}, "
                f"{counted(len(told['outputs']), 'output')} · {weights(kept)}"
            ),
            *(
                html.Div(line, className="quiet breakable")
                for line in came_along(told)[:_MOST_NAMES]
            ),
        ],
        className="summary",
        role="status",
    )
