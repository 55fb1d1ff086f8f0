# mypy: ignore-errors
# ruff: noqa
"""What the browser's scripts still ask for in the former way, until they speak the protocol."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
from dash import Dash, Input, Output, State, no_update
from flask import Response, request

from hexviz.app.address import to_query
from hexviz.app.answers import answer_panel
from hexviz.app.graph.picture import painted
from hexviz.app.models.store import ModelStore
from hexviz.app.notices import failure
from hexviz.app.panels.compare import failed
from hexviz.app.protocol import (
    At,
    EventAnswer,
    EventRequest,
    PageState,
    PanelAnswer,
    PanelRequest,
    Tab,
    TimingsRequest,
    encode,
)
from hexviz.errors import HexvizError
from hexviz.view.svg import to_svg


def at_of(stored: Any) -> At | None:
    if not isinstance(stored, dict) or not isinstance(stored.get("model"), str):
        return None
    try:
        return msgspec.convert(stored, At, strict=True)
    except msgspec.ValidationError:
        return None


def key_of(stored: Any) -> object:
    return stored.get("model") if isinstance(stored, dict) else None


def new_request(sent: dict[str, Any]) -> EventRequest:
    kind, value = sent.get("type"), sent.get("value")
    kind = {"place": "placement"}.get(str(kind), kind)
    if kind == "trace" and isinstance(value, list):
        value = dict(zip(("way", "op", "to"), value, strict=False))
    if kind == "match" and isinstance(value, list):
        value = dict(zip(("query", "step"), value, strict=False))
    if kind == "move-ops" and isinstance(value, list):
        value = dict(zip(("kind", "what", "to"), value, strict=False))
    event = {"type": kind} | ({"value": value} if value is not None else {})
    theme = sent.get("theme") if sent.get("theme") in ("light", "dark") else "light"
    told = {"n": sent.get("n"), "event": event, "theme": theme, "shown": sent.get("shown")}
    if sent.get("place"):
        told["at"] = {name: sent["place"].get(name) for name in ("model", "state")}
    return msgspec.convert(told, EventRequest)


def old_changes(asked: EventRequest, answer: EventAnswer) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(encode(answer))
    changes = {"n": told["n"], **told.get("parts", {})}
    for name in ("graph", "highlight", "edited"):
        if name in told:
            changes[name] = told[name]
    if "controls" in told:
        changes["controls"] = told["controls"]
        changes["show-all"] = not told["controls"]["hides"]
    if "model" in told:
        changes |= {"model": told["model"]["key"], "modules": told["model"]["modules"]}
    visited = told.get("at") if type(asked.event).__name__ == "Visit" else None
    if "at" in told:
        tab = told["at"]["state"]["tab"]
        changes["view"] = told["at"] | {"filtering": tab == "filter"}
        if asked.at is not None and asked.at.state.tab != tab:
            changes["tab"] = tab
    if visited:
        changes |= {"opener": False, "tab": visited["state"]["tab"]}
    if "error" in told:
        changes["notices"] = failure(HexvizError(told["error"]))
        if type(asked.event).__name__ == "Visit":
            changes["opener"] = True
    return changes


def register(app: Dash, store: ModelStore) -> None:
    def ask(stored: Any, tab: Tab | None = None, **more: Any) -> tuple[PanelAnswer, At] | None:
        at = at_of(stored)
        if at is None:
            return None
        if tab is not None:
            at = At(at.model, replace(at.state, tab=tab))
        try:
            return answer_panel(store.get(at.model), PanelRequest(n=0, at=at, **more)), at
        except HexvizError:
            return None

    def plain(content: Any) -> Any:
        return json.loads(encode(PanelAnswer(n=0, parts={"x": content})))["parts"]["x"]

    @app.callback(
        Output("inspection", "data"),
        Input("view", "data"),
        Input("tab", "value"),
        prevent_initial_call=True,
    )
    def on_place(stored: dict[str, Any] | None, tab: Tab) -> Any:
        found = ask(stored, "graph")
        if found is None:
            return no_update
        answer, at = found
        tab = tab if tab != "performance" else "graph"
        address = to_query(at.model, replace(at.state, tab=tab))
        return {"content": plain(answer.parts["inspector"]), "address": address}

    @app.callback(
        Output("found", "data"),
        Input("search", "value"),
        Input("model", "data"),
        State("view", "data"),
        prevent_initial_call=True,
    )
    def on_search(query: str | None, _model: str, stored: dict[str, Any] | None) -> Any:
        found = ask(stored, "graph", query=query or "") if query else None
        return plain(found[0].parts.get("hits", [])) if found else []

    @app.callback(
        Output("table", "data"),
        Output("table-holds", "data"),
        Input("tab", "value"),
        Input("view", "data"),
        State("table-holds", "data"),
        prevent_initial_call=True,
    )
    def on_table(tab: str, stored: dict[str, Any] | None, holds: Any) -> tuple[Any, Any]:
        if tab != "ops":
            return no_update, no_update
        found = ask(stored, "ops", holds={"table": holds} if isinstance(holds, str) else {})
        if found is None:
            return no_update, no_update
        return msgspec.to_builtins(found[0].table), found[0].holds.get("table", holds)

    @app.callback(
        Output("svg", "data"),
        Input("svg-wanted", "data"),
        State("view", "data"),
        prevent_initial_call=True,
    )
    def on_picture(wanted: dict[str, Any] | None, stored: dict[str, Any] | None) -> Any:
        at = at_of(stored)
        if not wanted or at is None:
            return no_update
        theme = "dark" if wanted.get("theme") == "dark" else "light"
        model = store.get(at.model)
        elements, _ = painted(model, at.state, theme)
        return {"text": to_svg(elements, theme, title=model.graph.name), "n": wanted.get("n")}

    @app.callback(
        Output("audit", "data"),
        Input("tab", "value"),
        Input("view", "data"),
        State("audit", "data"),
        prevent_initial_call=True,
    )
    def on_audit(tab: str, stored: dict[str, Any] | None, shown: dict[str, Any] | None) -> Any:
        holds = {"audit-pane": str((shown or {}).get("model"))}
        found = ask(stored, "audit", holds=holds) if tab == "audit" else None
        if found is None or "audit-pane" not in found[0].parts:
            return no_update
        return {"model": found[1].model, "content": plain(found[0].parts["audit-pane"])}

    def filtering(stored: Any) -> tuple[PanelAnswer, list[str]] | None:
        at = at_of(stored)
        found = ask(stored) if at is not None and at.state.filtering else None
        return None if found is None else (found[0], [found[1].model, found[0].filter.query])

    @app.callback(Output("filter", "data"), Input("view", "data"), prevent_initial_call=True)
    def on_filter(stored: dict[str, Any] | None) -> Any:
        found = filtering(stored)
        if found is None:
            return no_update
        parts = {name: plain(one) for name, one in found[0].parts.items()}
        return {
            "field": parts["filter-field"],
            "now": parts["filter-now"],
            "border": parts["filter-border"],
            "part": found[1],
        }

    @app.callback(Output("hints", "data"), Input("view", "data"), prevent_initial_call=True)
    def on_hints(stored: dict[str, Any] | None) -> Any:
        found = filtering(stored)
        if found is None:
            return no_update
        return {"content": plain(found[0].parts["filter-hints"]), "part": found[1]}

    @app.callback(
        Output("compare-shown", "data"),
        Output("compare-wanted", "data"),
        Input("tab", "value"),
        Input("view", "data"),
        State("compare-shown", "data"),
        prevent_initial_call=True,
    )
    def on_compare(
        tab: str, stored: dict[str, Any] | None, shown: dict[str, Any] | None
    ) -> tuple[Any, ...]:
        found = ask(stored, "compare") if tab == "compare" else None
        if found is None:
            return (no_update,) * 2
        answer, at = found
        wanted = {"model": at.model, "compared": at.state.compared}
        before = shown or {}
        if {name: before.get(name) for name in wanted} == wanted:
            return (no_update,) * 2
        now = wanted | {
            "content": plain(answer.parts["compare-content"]),
            "compares": answer.comparison.compares,
        }
        return now, wanted if answer.comparison.is_wanted else no_update

    @app.callback(
        Output("compare-shown", "data", allow_duplicate=True),
        Input("compare-made", "data"),
        prevent_initial_call=True,
    )
    def on_made(made: dict[str, Any] | None) -> Any:
        match made:
            case {"model": str(key), "compared": str(other)}:
                wanted = {"model": key, "compared": other}
                error = (made or {}).get("error")
                if error is not None:
                    return {**wanted, "content": plain(failed(str(error)))}
                found = ask({"model": key, "state": {"compared": other}}, "compare")
                if found is not None and not found[0].comparison.is_wanted:
                    return wanted | {
                        "content": plain(found[0].parts["compare-content"]),
                        "compares": found[0].comparison.compares,
                    }
                line = "The comparison was given up before it was shown: choose the file again."
                return {**wanted, "content": plain(failed(line))}
        return no_update

    @app.server.post("/performance")
    def on_performance() -> Response:
        from hexviz.app.panels.timings.panel import frame, timings

        sent = request.get_json(silent=True) or {}
        try:
            model = store.get(sent.get("model"))
        except HexvizError as error:
            return Response(json.dumps({"error": str(error)}), 409, mimetype="application/json")
        theme = "dark" if sent.get("theme") == "dark" else "light"
        asked = TimingsRequest(None, sent.get("run") if isinstance(sent.get("run"), str) else None)
        parts, figures = timings(model, theme, asked)
        told = {"parts": {name: plain(one) for name, one in parts.items()}, "figures": figures}
        if sent.get("first") is True:
            told["frame"] = plain(frame())
        return Response(json.dumps(told), mimetype="application/json")


__all__ = ["PageState", "at_of", "key_of", "new_request", "old_changes", "register"]
