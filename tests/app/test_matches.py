"""Where the hits of a search are in the graph, and that what the page calls a thing finds it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from hexviz.app.graph.matches import matches
from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.app.panels.inspector.selected import inspect
from hexviz.app.protocol import PageState
from hexviz.app.server import create_app
from hexviz.errors import QueryError
from hexviz.exporters.interface import Exported
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from hexviz.view.state import ViewState
from tests.app.steps import move, send
from tests.app.test_extract import repeated


def marks(model: OpenModel, query: str, *opened: str) -> dict[str, int]:
    state = PageState(ViewState(frozenset(opened)))
    return matches(model, state, model.found(query)).elements


def test_hits_are_marked_on_what_shows_them(model: OpenModel) -> None:
    assert marks(model, "type:Relu,Exp,Abs") == {"m:enc": 2, "m:head": 1}
    assert marks(model, "type:Relu,Exp,Abs", "enc") == {"m:enc.att": 2, "m:head": 1}
    assert marks(model, "type:Mul", "enc", "enc.att") == {"o:m": 1}
    assert marks(model, "no such thing") == {}
    assert marks(model, " ") == {}


def test_a_box_whose_own_module_is_found_is_named(model: OpenModel) -> None:
    state = PageState(ViewState(frozenset({"enc"})))
    assert matches(model, state, model.found("att")).named == ["enc.att"]
    assert matches(model, PageState(), model.found("att")).named == []


def test_the_first_of_a_stack_bears_the_hits_of_all() -> None:
    model = repeated()
    (stack,) = model.index("module").stacks
    assert marks(model, "type:Neg", "layer") == {f"m:{stack}": 3, "m:layer.3": 1}


def test_what_is_hidden_bears_no_mark(model: OpenModel) -> None:
    state = PageState(ViewState(hidden=frozenset({"enc"})))
    found = matches(model, state, model.found("type:Relu,Exp,Abs"))
    assert found.elements == {"m:head": 1}


def test_marks_come_with_the_panels_and_go_with_the_search(store: ModelStore, net: bytes) -> None:
    key = store.add_upload(net, "net.onnx")
    client = create_app(store).server.test_client()
    at = send(client, "visit", f"?model={key}&open=")["at"]
    assert "matches" not in _panel(client, at)
    found = _panel(client, at, query="type:Relu")
    assert found["matches"] == {"elements": {"m:enc": 1}, "named": []}
    opened = send(client, "toggle", "enc", at)["at"]
    found = _panel(client, opened, query="type:Relu", holds=found["holds"])
    assert found["matches"]["elements"] == {"m:enc.att": 1}
    assert "hits" not in found["parts"]  # these stay
    found = _panel(client, opened, query="orign:x", holds=found["holds"])
    assert found["matches"] == {"elements": {}, "named": []}
    assert "orign" in json.dumps(found["parts"]["hits"])
    found = _panel(client, opened, query="", holds=found["holds"])
    assert found["matches"] == {"elements": {}, "named": []}


def _panel(client: FlaskClient, at: Any, **more: Any) -> dict[str, Any]:
    answer = client.post("/panel", json={"n": 1, "at": at} | more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = json.loads(answer.data)
    return found


def test_an_input_of_the_model_is_found_and_marked(model: OpenModel) -> None:
    found = model.found("x")
    assert ("value", "x") in [(hit.kind, hit.id) for hit in found.hits]
    assert marks(model, "x")["i:x"] == 1
    assert marks(model, "y")["u:y"] == 1


# What the page calls a thing, on a real graph.


@pytest.fixture(scope="module", params=["dynamo", "torchscript"])
def real(request: pytest.FixtureRequest, exported: Callable[..., Exported]) -> OpenModel:
    result = exported("small-transformer", exporter=request.param)
    return OpenModel("0" * 64, tag(from_proto(result.proto, name="m"), modules=result.modules))


def finds(model: OpenModel, text: str) -> set[tuple[str, str]]:
    """All that a search finds, as pairs of a kind and an id."""
    try:
        found = model.found(text)
    except QueryError as error:
        pytest.fail(f"{text!r}: {error}")
    ops = {("op", model.graph.ops[at].id) for at in found.ops}
    return ops | {("module", one) for one in found.modules} | {("value", x) for x in found.values}


def test_every_name_of_an_op_finds_it(real: OpenModel) -> None:
    for op in real.graph.ops:
        here = ("op", op.id)
        names = [op.id, op.op_type, op.module, op.tag, *filter(None, (*op.inputs, *op.outputs))]
        if op.call:
            names += [*op.call, op.call.function]
        for name in filter(None, (*names, op.name)):
            assert here in finds(real, name), name
        fields = [f"name:{op.id}", f"op:{op.id}", f"value:{op.outputs[0]}"]
        for text in fields + [f"name:{op.name}"] * bool(op.name):
            assert here in finds(real, text), text


def test_every_name_of_a_module_finds_it(real: OpenModel) -> None:
    for module in real.graph.modules:
        if module.fqn and module.ops:
            for name in (module.fqn, module.tag, module.label, module.class_name):
                assert ("module", module.fqn) in finds(real, name), name


def test_what_is_written_in_the_graph_finds_something_there(real: OpenModel) -> None:
    """Labels as they are drawn, with what is left out of them, and the names of stubs."""
    states = [PageState(), PageState(real.first_view())]
    states.append(move(real, states[1], "open-level"))
    for state in states:
        for element in real.render(state.view, "light").elements:
            data = element["data"]
            if data.get("kind") in ("module", "op", "input", "output", "stub", "call"):
                title = data["label"].split("\n")[0].split("  ")[0]
                if data["kind"] == "stub":
                    title = title.split()[0]  # its shape follows
                assert finds(real, title), (title, data["id"])


def test_what_the_inspector_calls_a_thing_finds_it(real: OpenModel) -> None:
    """Whatever is set in type of its own there is a name of something."""
    for op in real.graph.ops[::7]:
        page = inspect(real, PageState(selection=("op", op.id)))
        for name in _mono(page):
            assert finds(real, name), (op.id, name)


def _mono(content: Any) -> Iterator[str]:
    """The texts of links to ops and of names of values; lines of source code are no names."""
    if isinstance(content, list):
        for one in content:
            yield from _mono(one)
    elif isinstance(content, dict):
        props = content["props"]
        inside = props.get("children")
        if props.get("className") == "source":
            return
        if "mono" in props.get("className", "").split() and isinstance(inside, str):
            yield inside
        yield from _mono(inside)
