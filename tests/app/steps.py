"""Events in a test's short form."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hexviz.app.graph.compare_steps import compare_step
from hexviz.app.graph.corrections import apply_edit
from hexviz.app.graph.events import next_state
from hexviz.app.graph.side_by_side import SideBySide, side_by_side
from hexviz.app.jobs.tasks import TASKS
from hexviz.app.models.open_model import OpenModel
from hexviz.app.models.store import ModelStore
from hexviz.app.protocol import AnyEvent, CompareEvent, Edit, PageState
from hexviz.errors import HexvizError, SourceError

NOTHING = {"n": 1, "event": {"type": "clear"}}
"""A request for an event that changes nothing, as there is no model on the page."""


def event(kind: str, value: Any = None) -> AnyEvent:
    """The event of a type, with its value."""
    told = {"type": kind} if value is None else {"type": kind, "value": value}
    found: AnyEvent = msgspec.convert(told, AnyEvent)
    return found


def move(model: OpenModel, state: PageState, kind: str, value: Any = None) -> PageState:
    """The state of the page after an event."""
    return next_state(model, state, event(kind, value))


def nobody(_key: object) -> OpenModel:
    """Finds no other model."""
    raise SourceError("There is no other model.")


def beside(store: ModelStore, model: OpenModel, state: PageState) -> SideBySide:
    """The model and the one that it is compared with."""
    found = side_by_side(model, replace(state, tab="compare"), store.get)
    assert found is not None
    return found


def compare(
    store: ModelStore, model: OpenModel, state: PageState, kind: str, value: Any
) -> PageState:
    """The state of the page after an event that is about two graphs at once."""
    step = event(kind, value)
    assert isinstance(step, CompareEvent)
    pair = beside(store, model, state)
    return pair.level(compare_step(pair, state, step))


def edit(
    store: ModelStore, model: OpenModel, state: PageState, kind: str, value: Any = None
) -> tuple[OpenModel, PageState]:
    """The model and the state of the page after a correction."""
    correction = event(kind, value)
    assert isinstance(correction, Edit)
    return apply_edit(store, model, state, correction)


def wired(state: PageState) -> PageState:
    """A state as it comes back from a browser."""
    return msgspec.json.decode(msgspec.json.encode(state), type=PageState)


def send(
    client: FlaskClient, kind: str, value: Any = None, at: Any = None, **more: Any
) -> dict[str, Any]:
    """The answer of the route to an event; ``at`` is what an earlier answer said."""
    told = {"type": kind} if value is None else {"type": kind, "value": value}
    answer = client.post("/event", json={"n": 1, "event": told, "at": at} | more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = json.loads(answer.data)
    return found


def panel(client: FlaskClient, at: Any, **more: Any) -> dict[str, Any]:
    """The answer of the route to a request for the panels."""
    answer = client.post("/panel", json={"n": 1, "at": at} | more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = json.loads(answer.data)
    return found


def job_here(task: str, told: dict[str, Any], report: Callable[[tuple[str, float]], None]) -> Any:
    """The job itself, in this process."""
    try:
        return TASKS[task](told, lambda stage, percent: report((stage, percent)))
    except HexvizError as error:
        return {"error": str(error)}


def call(client: FlaskClient, output: str, **values: Any) -> TestResponse:
    """Ask the Dash callback that has an output (``files.data``) and the first of some inputs.

    ``values`` are by component and property, ``files__value``; the first one has just changed.
    """
    given = {name.replace("__", ".").replace("_", "-"): one for name, one in values.items()}
    changed = next(iter(given))

    def names(told: list[dict[str, str]]) -> list[str]:
        return [f"{one['id']}.{one['property']}" for one in told]

    entry = next(
        one
        for one in client.get("/_dash-dependencies").get_json()
        if output in one["output"] and changed in names(one["inputs"])
    )
    outputs = [
        dict(zip(("id", "property"), part.rsplit(".", 1), strict=True))
        for part in entry["output"].strip(".").split("...")
    ]
    sides = {
        side: [
            one | {"value": given.get(name)}
            for one, name in zip(entry[side], names(entry[side]), strict=True)
        ]
        for side in ("inputs", "state")
    }
    told = {"output": entry["output"], "outputs": outputs, "changedPropIds": [changed], **sides}
    return client.post("/_dash-update-component", json=told)
