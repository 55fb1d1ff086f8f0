"""What an answer lets a browser do, what it says when something fails, how much may be sent."""

from __future__ import annotations

import base64
import io
import logging
import re
import time
from pathlib import Path
from typing import Any

import pytest
from dash import Dash, Input, Output
from flask.testing import FlaskClient

from hexviz.app.guard import Guard, gate, limits
from hexviz.app.models.store import ModelStore
from hexviz.app.server import START, create_app
from tests.app.steps import NOTHING, call

UPLOAD = "/_dash-update-component"


@pytest.fixture
def app(store: ModelStore) -> Dash:
    return create_app(store)


@pytest.fixture
def asking(app: Dash) -> FlaskClient:
    return app.server.test_client()


# Headers


def policy_of(asking: FlaskClient, path: str = "/") -> dict[str, str]:
    text = asking.get(path).headers["Content-Security-Policy"]
    return {name: told for name, _, told in (part.partition(" ") for part in text.split("; "))}


def test_only_scripts_of_our_own_run(asking: FlaskClient) -> None:
    policy = policy_of(asking)
    assert policy["default-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    assert policy["script-src"] == "'self'"


def test_no_script_stands_in_the_page(asking: FlaskClient) -> None:
    """It would not run, and what Dash puts there to start the page is in ``assets/``."""
    shown = re.sub(r"<!--.*?-->", "", asking.get("/").text, flags=re.DOTALL)
    inside = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", shown, re.DOTALL)
    assert all(one.lstrip().startswith("{") for one in inside)  # JSON does not run


@pytest.mark.parametrize(
    "path",
    ["/", "/assets/main.js", "/_dash-layout", "/nothing", "/model/x.onnx", "/event", "/panel"],
)
def test_every_answer_has_the_headers(asking: FlaskClient, path: str) -> None:
    with asking.get(path) as answer:
        told = answer.headers
    assert told["X-Content-Type-Options"] == "nosniff"
    assert told["Referrer-Policy"] == "no-referrer"
    assert told["Cross-Origin-Opener-Policy"] == "same-origin"
    assert told["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "script-src" in told["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in told


def test_models_are_kept_by_no_browser_and_code_is(
    asking: FlaskClient, store: ModelStore, net: bytes
) -> None:
    key = store.add_upload(net, "net.onnx")
    model = asking.get(f"/model/{key}.onnx")
    assert model.status_code == 200
    assert model.headers["Cache-Control"] == "no-store"
    assert model.headers["Content-Disposition"].startswith("attachment")
    assert asking.get("/").headers["Cache-Control"] == "no-store"
    with asking.get("/assets/main.js") as code:
        assert code.headers["Cache-Control"] != "no-store"
    assert asking.get("/assets/no.js").headers["Cache-Control"] == "no-store"


# Failures

PLANTED = "planted secret in /home/ann/models"


class PlantedError(Exception):
    pass


def fail(*_: object) -> Any:
    raise PlantedError(PLANTED)


@pytest.fixture
def failing(store: ModelStore) -> FlaskClient:
    app = create_app(store)
    app.server.add_url_rule("/fails", view_func=fail)
    app.callback(Output("planted", "data"), Input("planted", "value"))(fail)
    return app.server.test_client()


def ask_callback(asking: FlaskClient, output: str, *inputs: dict[str, Any]) -> Any:
    name, _, what = output.partition(".")
    told = {
        "output": output,
        "outputs": {"id": name, "property": what},
        "inputs": list(inputs),
        "changedPropIds": [f"{one['id']}.{one['property']}" for one in inputs],
    }
    return asking.post(UPLOAD, json=told)


def test_a_failure_tells_nothing_of_the_code(
    failing: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [
        failing.get("/fails"),
        ask_callback(failing, "planted.data", {"id": "planted", "property": "value", "value": 1}),
    ]
    for answer in answers:
        assert answer.status_code == 500
        assert answer.mimetype == "text/plain"
        assert answer.text == "Something went wrong in hexviz; the log of its server says what.\n"
        for inner in (PLANTED, "PlantedError", "Traceback", "File", ".py", "/home"):
            assert inner not in answer.text
    logged = [one for one in caplog.records if one.exc_info and one.exc_info[0] is PlantedError]
    assert len(logged) == 2
    assert all(one.levelno == logging.ERROR for one in logged)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/event", 404),
        ("PUT", "/event", 405),
        ("GET", "/panel", 404),
        ("PUT", "/panel", 405),
        ("GET", "/assets/../../setup.py", 404),
        ("GET", "/assets/%2e%2e/hexviz/cli.py", 404),
        ("GET", "/_dash-component-suites/os/x.js", 404),
        ("GET", "/_dash-component-suites/dash/../../x.py", 404),
        ("POST", UPLOAD, 500),
    ],
)
def test_what_is_not_there_is_one_plain_line(
    asking: FlaskClient, method: str, path: str, status: int
) -> None:
    answer = asking.open(path, method=method, json={} if method == "POST" else None)
    assert answer.status_code == status
    assert answer.mimetype == "text/plain"
    assert answer.text.count("\n") == 1
    for inner in ("Traceback", ".py", "site-packages", "dash"):
        assert inner not in answer.text


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"a":' * 100_000])
@pytest.mark.parametrize("path", [UPLOAD, "/event", "/panel"])
def test_json_that_is_none_tells_nothing_either(
    asking: FlaskClient, path: str, body: bytes
) -> None:
    answer = asking.post(path, data=body, content_type="application/json")
    assert "Traceback" not in answer.text
    assert len(answer.text) < 200


def test_nothing_of_the_developers_is_on(app: Dash, asking: FlaskClient) -> None:
    assert not app.server.debug
    assert not any(app._dev_tools[name] for name in ("ui", "hot_reload", "serve_dev_bundles"))
    assert '"ui":false' in asking.get(START).text


# Sizes and rates


def test_a_body_over_the_limit_of_its_route_is_not_read(asking: FlaskClient) -> None:
    class Unread(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise AssertionError("it was read")

    for path, most in (("/event", 4 << 20), ("/panel", 8 << 20), (UPLOAD, 345 << 20)):
        answer = asking.post(
            path,
            input_stream=Unread(),
            content_type="application/json",
            environ_overrides={"CONTENT_LENGTH": str(most + (1 << 22))},
        )
        assert answer.status_code == 413, path
        assert "`hexviz view FILE`" in answer.text


def test_a_body_without_a_length_ends_at_the_limit(
    app: Dash, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_MESSAGE", 100)
    answer = app.server.test_client().post(
        "/event",
        data=b'"' + b"a" * 5000 + b'"',
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )
    assert answer.status_code in (400, 413)


def test_uploads_are_limited_by_bytes(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "UPLOAD_BYTES_AT_ONCE", 5 << 20)
    monkeypatch.setattr(gate, "UPLOAD_BYTES_PER_SECOND", 1 << 10)
    asking = create_app(store, guard=Guard()).server.test_client()
    body = b'{"x": "' + b"a" * (2 << 20) + b'"}'
    seen = [asking.post(UPLOAD, data=body, content_type="application/json") for _ in range(3)]
    assert [one.status_code for one in seen] == [500, 500, 429]  # no callback of that name
    assert int(seen[-1].headers["Retry-After"]) > 100
    assert "wait" in seen[-1].text
    small = asking.post("/event", json=NOTHING)
    assert small.status_code == 200


def upload(asking: FlaskClient, content: bytes, name: str) -> Any:
    told = "data:;base64," + base64.b64encode(content).decode()
    return call(asking, "uploaded.data", upload__contents=told, upload__filename=name)


def test_uploads_are_limited_by_number(asking: FlaskClient, net: bytes, tmp_path: Path) -> None:
    began = time.monotonic()
    answers = [upload(asking, net, "net.onnx") for _ in range(31)]
    # The allowance grows by one every two seconds, which a busy machine may take.
    while "many files in a short time" not in answers[-1].text:
        assert len(answers) <= 31 + (time.monotonic() - began) / 2
        answers.append(upload(asking, net, "net.onnx"))
    *accepted, refused = answers
    assert len(accepted) >= 30
    assert all(one.status_code == 200 for one in answers)
    assert all('"uploaded"' in one.text for one in accepted)
    assert '"uploaded"' not in refused.text
