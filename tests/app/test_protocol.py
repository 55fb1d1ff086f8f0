"""What browser and server say to each other: whatever comes in is understood, or one clear 400."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hexviz.app.models.store import ModelStore
from hexviz.app.protocol import (
    AnyEvent,
    At,
    EventAnswer,
    EventRequest,
    PageState,
    PanelRequest,
    decode,
    encode,
)
from hexviz.app.server import create_app
from hexviz.errors import RequestError
from tests.app.steps import event, wired

DEEP = 100_000
HUGE = "9" * 5_000


@pytest.fixture
def key(store: ModelStore, net: bytes) -> str:
    return store.add_upload(net, "net.onnx")


@pytest.fixture
def client(store: ModelStore) -> FlaskClient:
    return create_app(store).server.test_client()


def sent(key: str, kind: object = "clear", **state: Any) -> dict[str, Any]:
    """A request for an event, at a state of the model's page."""
    return {"n": 1, "event": {"type": kind}, "at": {"model": key, "state": state}}


def refusal(client: FlaskClient, path: str, body: object) -> str:
    """The line of a 400."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = client.post(path, data=data, content_type="application/json")
    assert answer.status_code == 400, answer.text
    assert answer.mimetype == "text/plain"
    line = answer.text
    assert line.endswith("\n")
    assert line.strip().isprintable()
    assert len(line) < 600
    return line


@pytest.mark.parametrize("path", ["/event", "/panel"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b"\xff",
        b'{"n": 1}',
        b'{"n": NaN}',
        b'{"n": ' + HUGE.encode() + b', "event": {"type": "clear"}}',
        b'{"n": 1e999, "event": {"type": "clear"}}',
        b'{"n": -1, "event": {"type": "clear"}}',
        b'{"n": true, "event": {"type": "clear"}}',
        b'{"n": 1, "event": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"n": 1, "more": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
        b'{"n": 1, "at": "here", "event": {"type": "clear"}}',
        b'{"n": 1, "at": {"model": 7, "state": {}}, "event": {"type": "clear"}}',
        b'{"n": 1, "event": {"type": "clear"}, "theme": "loud"}',
        b'{"n": 1, "event": {"type": "op", "value": "\\ud800"}}',
        b'{"n": 1, "event": {"type": "op", "value": "\xed\xa0\x80"}}',
    ],
)
def test_what_is_no_request_is_one_line(client: FlaskClient, path: str, body: bytes) -> None:
    assert "That request cannot be understood: " in refusal(client, path, body)


@pytest.mark.parametrize(
    "told",
    [
        {"type": "unheard-of"},
        {"type": 7},
        {},
        [],
        "clear",
        {"type": "toggle"},
        {"type": "toggle", "value": 7},
        {"type": "reveal", "value": ["a"]},
        {"type": "placement", "value": "elsewhere"},
        {"type": "colour", "value": "loud"},
        {"type": "tab", "value": "performance"},
        {"type": "trace", "value": "up"},
        {"type": "trace", "value": {"way": "sideways", "op": "m"}},
        {"type": "match", "value": {"query": "m", "step": 5}},
        {"type": "step", "value": 0},
        {"type": "tour", "value": ["next"]},
        {"type": "policy", "value": "all"},
        {"type": "fill", "value": 1},
        {"type": "difference", "value": "one"},
        {"type": "difference", "value": HUGE},
        {"type": "compare", "value": "after:nobody"},
        {"type": "keep-what-if", "value": "guess"},
        {"type": "move-ops", "value": ["op", "m", "head"]},
    ],
)
def test_what_is_no_event_is_one_line(client: FlaskClient, key: str, told: object) -> None:
    line = refusal(client, "/event", sent(key) | {"event": told})
    assert "at `$.event" in line


@pytest.mark.parametrize(
    "state",
    [
        {"view": 7},
        {"view": {"open": 7}},
        {"view": {"colour": "loud"}},
        {"selection": "op"},
        {"selection": ["nothing", "m"]},
        {"trace": {"way": "up"}},
        {"lit": [1]},
        {"tour": 1 << 80},
        {"step": -1},
        {"step": 1.5},
        {"choice": {"selected": {"modules": "enc"}}},
        {"choice": {"policy": "all"}},
        {"compared": "nobody"},
        {"tab": "performance"},
    ],
)
def test_what_is_no_state_is_one_line(client: FlaskClient, key: str, state: dict[str, Any]) -> None:
    for path in ("/event", "/panel"):
        assert "at `$.at.state" in refusal(client, path, sent(key, **state))


@pytest.mark.parametrize(
    "state",
    [
        {"selection": ["op", "gone"]},
        {"selection": ["module", "gone"]},
        {"selection": ["value", "gone\n\x1b[2J"]},
        {"trace": {"way": "up", "op": "gone"}},
        {"trace": {"way": "between", "op": "m", "to": "gone"}},
        {"trace": {"way": "between", "op": "m"}},
        {"trace": {"way": "given", "op": "gone"}},
        {"choice": {"selected": {"modules": [], "ops": ["gone"]}}},
    ],
)
def test_a_state_that_names_what_the_model_has_not_is_one_line(
    client: FlaskClient, key: str, state: dict[str, Any]
) -> None:
    for kind in ("clear", "escape", "redraw", "undo"):
        assert "The model has" in refusal(client, "/event", sent(key, kind, **state))
    assert "The model has" in refusal(client, "/panel", sent(key, **state))


@pytest.mark.parametrize(
    "state",
    [
        {"view": {"open": ["gone", "enc"], "apart": ["gone"], "hidden": ["gone"]}},
        {"selection": ["ops", "[" * 10_000]},
        {"selection": ["ops", json.dumps(["m", "gone", 7])]},
        {"selection": ["edge", "gone"]},
        {"lit": ["gone"], "tour": 99_999, "path": "module", "step": 99_999},
        {"redo": ["gone"], "numbers": "gone"},
        {"compared": "after:" + "0" * 64, "tab": "compare"},
        {"choice": {"selected": {"modules": ["gone"], "exclude": ["gone"]}}, "tab": "extract"},
        {"view": {"colour": "numbers"}, "numbers": "gone"},
        {"view": {"colour": "compared"}},
    ],
)
def test_what_else_a_state_names_wrongly_breaks_nothing(
    client: FlaskClient, key: str, state: dict[str, Any]
) -> None:
    told = sent(key, **state)
    for kind in ("clear", "escape", "redraw", "undo", "redo", "open-level", "close-all"):
        answer = client.post("/event", json=told | {"event": {"type": kind}})
        assert answer.status_code == 200
    assert client.post("/panel", json=told).status_code == 200


def test_a_model_that_is_not_here_is_said_in_the_answer(client: FlaskClient) -> None:
    for path in ("/event", "/panel"):
        answer = client.post(path, json=sent("nowhere")).get_json()
        assert answer["n"] == 1
        assert "hexviz" in answer["error"] or "open" in answer["error"]


def test_redo_leads_to_no_other_model(store: ModelStore, client: FlaskClient, key: str) -> None:
    from tests.build import parse, scoped

    text = "g (float[2] x) => (float[2] z) { z = Neg (x) }"
    other = store.add_upload(scoped(parse(text), {"z": "a"}).SerializeToString(), "z.onnx")
    told = sent(key, "redo", redo=[other], selection=["op", "m"])
    assert "The model has no op 'm'" in refusal(client, "/event", told)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.sampled_from(["op", "m", "enc", "up", "", "module"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["way", "op", "to", "query", "step", "kind", "what", "selected"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
KINDS = [msgspec.inspect.type_info(one).tag for one in get_args(AnyEvent)]  # type: ignore[attr-defined]
FIELDS = [one.name for one in msgspec.structs.fields(EventRequest)]
STATE = list(PageState.__dataclass_fields__)
ops = st.sampled_from(["a", "s", "q", "m", "y", "gone"])
boxes = st.sampled_from(["", "enc", "enc.att", "enc.att.q", "head", "gone"])
likely_states = st.fixed_dictionaries(
    {},
    optional={
        "view": st.fixed_dictionaries(
            {},
            optional={
                "open": st.lists(boxes),
                "hidden": st.lists(boxes),
                "apart": st.lists(boxes),
                "placement": st.sampled_from(["module", "context"]),
                "colour": st.sampled_from(["module", "origin", "confidence", "what-if ancestor"]),
            },
        ),
        "selection": st.tuples(st.sampled_from(["op", "module", "value", "ops", "edge"]), boxes)
        | st.tuples(st.just("op"), ops),
        "trace": st.none()
        | st.fixed_dictionaries(
            {"way": st.sampled_from(["up", "down", "between", "given"]), "op": ops, "to": ops}
        ),
        "tab": st.sampled_from(["graph", "ops", "audit", "extract", "compare"]),
        "tour": st.integers(-1, 9),
        "step": st.integers(0, 9),
        "path": st.sampled_from(["", "module", "context"]),
        "choice": st.fixed_dictionaries(
            {"selected": st.fixed_dictionaries({"modules": st.lists(boxes), "ops": st.lists(ops)})}
        ),
    },
)
states = likely_states | st.dictionaries(st.sampled_from(STATE), json_values, max_size=3)
events = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS)}, optional={"value": ops | boxes | json_values}
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_json_breaks_the_server(client: FlaskClient, key: str, data: st.DataObject) -> None:
    body = data.draw(
        st.fixed_dictionaries(
            {
                "n": st.integers(0, 9) | json_values,
                "event": events | json_values,
                "at": st.fixed_dictionaries({"model": st.just(key), "state": states}),
            },
            optional={
                "theme": st.sampled_from(["light", "dark"]) | json_values,
                "shown": st.just(key) | json_values,
                "holds": st.dictionaries(st.sampled_from(["hits", "table"]), st.text(max_size=3)),
                "query": st.text(max_size=6) | json_values,
                "timings": json_values,
            },
        )
        | json_values
    )
    for path in ("/event", "/panel"):
        told = json.dumps(body)
        answer = client.post(path, data=told, content_type="application/json")
        assert answer.status_code in (200, 400), (body, answer.text)
        assert answer.mimetype == (
            "application/json" if answer.status_code == 200 else "text/plain"
        )


@given(st.text(max_size=20) | st.binary(max_size=20).map(lambda raw: raw.decode("latin-1")))
def test_whatever_a_name_is_it_arrives(name: str) -> None:
    answer = EventAnswer(n=1, parts={"model-title": name})
    assert json.loads(encode(answer))["parts"]["model-title"] == name


def test_a_file_name_that_is_no_text_arrives() -> None:
    assert json.loads(encode(EventAnswer(n=1, parts={"x": "\udcff"})))["parts"]["x"] == "\udcff"


def test_what_is_no_content_is_not_sent() -> None:
    with pytest.raises(TypeError, match="object cannot be sent"):
        encode(EventAnswer(n=1, parts={"x": object()}))


def test_the_same_answer_has_the_same_bytes() -> None:
    boxes = [f"box{at}" for at in range(50)]
    one, other = (
        EventAnswer(n=1, at=At("0" * 64, PageState(lit=frozenset(order))))
        for order in (boxes, boxes[::-1])
    )
    assert encode(one) == encode(other)


def test_every_event_has_a_type_of_its_own() -> None:
    assert len(set(KINDS)) == len(KINDS) > 40
    assert FIELDS == ["n", "event", "theme", "shown", "at", "canvas", "earlier"]


def test_requests_and_states_come_back_as_they_were() -> None:
    state = PageState(selection=("op", "m"), lit=frozenset({"a", "b"}), tab="audit")
    assert wired(state) == state
    request = EventRequest(n=1, event=event("lit", "x"), at=At("k", state))
    assert decode(msgspec.json.encode(request), EventRequest) == request
    asked = PanelRequest(n=1, at=At("k", state), holds={"hits": "x"})
    assert decode(msgspec.json.encode(asked), PanelRequest) == asked
    with pytest.raises(RequestError):
        decode(b"{}", PanelRequest)
