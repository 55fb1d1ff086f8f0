"""The Extract tab's panel: what is selected, by which policy, and what that comes to.

Where the model is cut, and how that could be less, follows below: border.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

from hexviz.app import html
from hexviz.app.models.extracted import Extracted
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.extract.border import POLICY, weights
from hexviz.app.panels.extract.export import export_tools
from hexviz.app.panels.parts import button, module_links, op_link
from hexviz.app.protocol import ExtractChoice, PageState
from hexviz.extraction.report import came_along, kept_by_why
from hexviz.extraction.subgraph import POLICIES
from hexviz.model.fqn import ancestors, common_ancestor, is_within
from hexviz.model.wording import counted
from hexviz.view.preview import FATES

__all__ = ["field", "open_holes", "panel"]

_MOST_NAMES = 12


def panel(model: OpenModel, state: PageState) -> list[Any]:
    """The part of the panel that answers at once."""
    choice = state.choice
    kept = model.extracted(choice)
    parts: list[Any] = [
        _adding(model, state),
        _chosen(model, choice),
        _policies(choice),
    ]
    if kept is None:
        return [*parts, _nothing()]
    return [*parts, _summary(kept), *open_holes(model, kept), *export_tools(model, choice)]


def _adding(model: OpenModel, state: PageState) -> html.Div:
    """Ways to add what is selected or found; the first says what it would add."""
    kind, what = state.selection
    match kind:
        case "module" if what in model.graph.modules:
            label = model.graph.modules[what].label
        case "op" if what in model.graph.positions:
            label = f"{model.graph.op(what).op_type} {what}"
        case "call" if what in (calls := model.index(state.view.placement).calls):
            label = calls[what].label
        case "ops":
            label = "the ops in the frame"
        case _:
            label = ""
    return html.Div(
        [
            button(
                ["Add what is selected", *([": ", html.B(label)] if label else [])],
                "keep-selection",
                title="Click a box or an op in the graph, or drag with Shift",
                disabled=not label,
            ),
            button("Add search hits", "keep-found", title="Add all ops that the search found"),
        ],
        className="tool-row",
    )


def _chosen(model: OpenModel, choice: ExtractChoice) -> Any:
    """What is selected, each name with a way to take it back."""
    selected = choice.selected
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
    title = f"Take back: {before}{name}"
    return html.Li(
        [
            html.Span([before, html.Span(name, className="mono breakable")]),
            html.Button(
                "×",
                className="take-back",
                title=title,
                **{"data-event": "leave", "data-value": value, "aria-label": title},
            ),
        ]
    )


def _policies(choice: ExtractChoice) -> html.Fieldset:
    """The policies as radio buttons, with a line on what each keeps."""
    return html.Fieldset(
        [
            html.Legend("What goes along"),
            *(
                html.Label(
                    [
                        _radio(policy, chosen=policy == choice.policy),
                        html.Span([html.B(words), _small(policy, more)]),
                    ]
                )
                for policy in POLICIES
                for words, more in [POLICY[policy]]
            ),
        ],
        className="policies",
    )


def _small(policy: str, more: str) -> html.Span:
    """The name that commands, JSON and links have for a policy."""
    return html.Span([f"{more} · ", html.Span(policy, className="mono")], className="quiet")


def _radio(policy: str, *, chosen: bool) -> html.Input:
    return html.Input(
        type="radio",
        name="policy",
        checked=chosen,
        **{"data-event": "policy", "data-value": policy},
    )


def _nothing() -> html.Div:
    return html.Div(
        [
            html.B("Nothing is selected yet"),
            html.P(
                "Tick modules above, name them, or add what is selected in the graph. The graph "
                "then shows what is kept, what is carried along and what is cut away."
            ),
            html.P("What is kept is a model of its own: verify it here, open it, save it."),
        ],
        className="nothing",
    )


def _summary(kept: Extracted) -> html.Div:
    """How much is kept, as a bar and in words."""
    report, total = kept.boundary, len(kept.graph.ops)
    shares = [(fate, kept.preview.count(fate)) for fate in FATES]
    count = report["kept"]["ops"]
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
                    f" of {total:,}: {', '.join(kept_by_why(report))}",
                ]
            ),
            html.Div(
                f"{counted(len(report['inputs']), 'input')}, "
                f"{counted(len(report['outputs']), 'output')} · {weights(kept)}"
            ),
            *(
                html.Div(line, className="quiet breakable")
                for line in came_along(report)[:_MOST_NAMES]
            ),
        ],
        className="summary",
        role="status",
    )


def field() -> html.Div:
    """Where modules are named; it is put on the page once, so that what is typed stays."""
    text = html.Input(
        id="keep-field",
        placeholder="name, tag or pattern: encoder.*",
        title="A module's name or tag, or a pattern of either; with a minus, without it",
        autocomplete="off",
        spellcheck="false",
        **{"aria-label": "Add modules by name, tag or pattern; with a minus, take them out"},
    )
    return html.Div([text, button("Add", "keep-named")], className="move keep")


_MOST_OPS = 60


def open_holes(model: OpenModel, kept: Extracted) -> list[Any]:
    """Where dataflow leaves what is selected and comes back, with an offer to fill it."""
    found = kept.boundary["holes"]
    if kept.choice.fill:
        filled = kept.boundary["kept"]["why"].get("hole", 0)
        note = f"Holes are filled with {counted(filled, 'op')}." if filled else "No hole to fill."
        again = button("Leave holes open", "fill", "no")
        return [html.Div([html.Span(note), again], className="filled")]
    if not found:
        return []
    ops = list(dict.fromkeys(one for hole in found for one in hole["ops"]))
    modules = _outline(model, [fqn for hole in found for fqn in hole["modules"]])
    one = len(found) == 1
    return [
        html.Div(
            [
                html.B("There is a hole" if one else f"There are {len(found)} holes"),
                html.P(
                    f"Dataflow leaves the selection, goes through {counted(len(ops), 'op')} of "
                    "these modules, and comes back:"
                ),
                module_links(model.graph, modules, most=4),
                _folded(model, f"Show the {counted(len(ops), 'op')}", ops),
                button("Fill the hole" if one else "Fill the holes", "fill", "yes"),
            ],
            className="hole",
            role="group",
            **{"aria-label": "Holes"},
        )
    ]


def _outline(model: OpenModel, fqns: Sequence[str]) -> list[str]:
    """The modules right below what encloses all of them: few, and still telling."""
    tree = model.graph.modules
    paths = [ancestors(fqn) for fqn in fqns]
    around = tree.nearest(reduce(common_ancestor, fqns))
    below = (
        next(
            (one for one in path if one in tree and one != around and is_within(one, around)),
            around,
        )
        for path in paths
    )
    return list(dict.fromkeys(below))


def _folded(model: OpenModel, title: str, ops: Iterable[str]) -> html.Details:
    listed = list(ops)
    items: list[Any] = [html.Li(op_link(model.graph, op)) for op in listed[:_MOST_OPS]]
    if len(listed) > _MOST_OPS:
        items.append(html.Li(f"and {len(listed) - _MOST_OPS:,} more", className="quiet"))
    return html.Details([html.Summary(title), html.Ul(items, className="plain")])
