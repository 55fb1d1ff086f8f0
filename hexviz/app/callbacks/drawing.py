"""A view on the page: elements, legend, tree, figures."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output, State, html, no_update

from hexviz.app.address import from_store, key_of
from hexviz.app.navigate import checked_modules, expanded_rows
from hexviz.app.notices import failure
from hexviz.app.page import origin_legend
from hexviz.app.store import ModelStore, OpenModel
from hexviz.errors import HexvizError
from hexviz.model.modules import ModuleTree
from hexviz.tagging.summary import summarize
from hexviz.view.legend import LegendEntry
from hexviz.view.palette import Theme
from hexviz.view.render import Rendered
from hexviz.view.state import ViewState, is_hidden
from hexviz.view.stylesheet import stylesheet

__all__ = ["controls", "figures", "register", "tree_data"]


def register(app: Dash, store: ModelStore) -> None:
    """Attach the callbacks of this file to an app."""

    @app.callback(
        Output("graph", "elements"),
        Output("legend", "children"),
        Output("empty", "children"),
        Output("controls", "data"),
        Output("filter-note", "children"),
        Output("show-all", "hidden"),
        Output("notices", "sendNotifications", allow_duplicate=True),
        Input("view", "data"),
        Input("theme-provider", "forceColorScheme"),
        State("model", "data"),
        prevent_initial_call=True,
    )
    def draw(view: dict[str, Any] | None, scheme: str, described: str | None) -> tuple[Any, ...]:
        if not view:
            return (no_update,) * 7
        try:
            model = store.get(key_of(view))
            state = from_store(view)
            rendered = model.render(state, _theme(scheme))
        except HexvizError as error:
            return (*(no_update,) * 6, failure(error))
        return (
            rendered.elements,
            _legend(rendered),
            [] if rendered.n_visible else "Everything is hidden by the filter.",
            controls(model, state, with_tree=model.key != described),
            _filter_note(model, state),
            not state.hidden,
            no_update,
        )

    @app.callback(
        Output("graph", "stylesheet"),
        Input("theme-provider", "forceColorScheme"),
        prevent_initial_call=True,
    )
    def restyle(scheme: str) -> list[dict[str, Any]]:
        return stylesheet(_theme(scheme))

    @app.callback(
        Output("model-title", "children"),
        Output("model-figures", "children"),
        Output("model", "data"),
        Input("view", "data"),
        State("model", "data"),
        prevent_initial_call=True,
    )
    def describe(view: dict[str, Any] | None, described: str | None) -> tuple[Any, ...]:
        if not view or key_of(view) == described:
            return (no_update,) * 3
        try:
            graph = store.get(key_of(view)).graph
        except HexvizError:  # the drawing callback has already said so
            return (no_update,) * 3
        return graph.name, figures(summarize(graph)), key_of(view)


def controls(model: OpenModel, state: ViewState, *, with_tree: bool) -> dict[str, Any]:
    """What the controls beside the graph show for a view, the tree's rows if they are new.

    They go to the browser in one piece: a tree that gets its check marks
    before its rows drops them and reports that nothing is checked.
    """
    shown = {
        "expanded": expanded_rows(model, state),
        "checked": checked_modules(model, state),
        "placement": state.placement,
    }
    return shown | {"tree": tree_data(model.graph.modules)} if with_tree else shown


def tree_data(modules: ModuleTree) -> list[dict[str, Any]]:
    """The module tree as rows for the tree component, the root on top."""
    rows: dict[str, dict[str, Any]] = {}
    for module in modules:
        row = {"value": module.fqn, "label": module.label}
        rows[module.fqn] = row
        if module.parent is not None:
            rows[module.parent].setdefault("children", []).append(row)
    return [rows[""]]


def figures(document: dict[str, Any]) -> list[Any]:
    """Coverage and origins, as the bar on top shows them."""
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
    if auxiliary["ops"]:
        share = auxiliary["context_inherited"] / auxiliary["ops"]
        parts.append(
            html.Span(
                [html.B(f"{share:.0%}"), f" of {auxiliary['ops']:,} auxiliary ops with a context"],
                title="auxiliary ops that serve a module below the root",
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


def _legend(rendered: Rendered) -> list[Any]:
    modules = [
        html.Span(
            [
                html.Span(
                    className="swatch",
                    style={
                        "background": entry.swatch.solid,
                        "borderColor": entry.swatch.border,
                    },
                ),
                _told_apart(entry, rendered),
            ],
            className="entry",
            title=entry.fqn,
        )
        for entry in rendered.legend.modules
    ]
    more = f"and {rendered.legend.more} more" if rendered.legend.more else ""
    return [
        html.Div(modules, className="row"),
        html.Span(more, className="quiet"),  # beside the row, which may be cut off
        html.Div(origin_legend(rendered.legend), className="row"),
    ]


def _told_apart(entry: LegendEntry, rendered: Rendered) -> str:
    """The label of a module, with its path where another one on the page has the same."""
    twins = sum(other.label == entry.label for other in rendered.legend.modules)
    return f"{entry.label} ({entry.fqn})" if twins > 1 else entry.label


def _filter_note(model: OpenModel, state: ViewState) -> str:
    if not state.hidden:
        return ""
    hidden = sum(is_hidden(op.module, state.hidden) for op in model.graph.ops)
    return f"{hidden:,} hidden"


def _theme(scheme: str | None) -> Theme:
    return "dark" if scheme == "dark" else "light"
