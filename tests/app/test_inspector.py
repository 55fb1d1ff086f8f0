from typing import Any

import onnx
from dash.development.base_component import Component

from hexviz.app.callbacks.drawing import figures
from hexviz.app.callbacks.inspecting import highlight, inspect
from hexviz.app.store import OpenModel
from hexviz.model.reader import WEIGHTS_LEFT_OUT
from hexviz.tagging.summary import summarize
from hexviz.view.state import ViewState
from tests.build import parse, tagged


def text(component: Any) -> str:
    """All text in a component, as a person would read it."""
    if isinstance(component, str):
        return component
    if isinstance(component, list | tuple):
        return "".join(map(text, component))
    if isinstance(component, Component):
        return text(getattr(component, "children", None) or "")
    return ""


def links(component: Any, attribute: str) -> list[str]:
    if isinstance(component, list | tuple):
        return [found for one in component for found in links(one, attribute)]
    if not isinstance(component, Component):
        return []
    own = [getattr(component, attribute)] if hasattr(component, attribute) else []
    return own + links(getattr(component, "children", None), attribute)


def test_an_auxiliary_op_tells_how_its_context_was_inherited(model: OpenModel) -> None:
    content = inspect(model, {"kind": "op", "id": "s"})
    shown = text(content)
    assert "Context inherited from Mul “m” in /Module/Module.enc/Module.att" in shown
    assert "through Reshape “r”" in shown
    assert "float[1, 4]" in shown
    assert links(content, "data-op")[:2] == ["r", "m"]


def test_a_primary_op_has_no_context(model: OpenModel) -> None:
    shown = text(inspect(model, {"kind": "op", "id": "m"}))
    assert "Context" not in shown
    assert "the file's metadata records it" in shown


def test_modules_and_the_model_are_described(model: OpenModel) -> None:
    shown = text(inspect(model, {"kind": "module", "id": "enc.att"}))
    assert "4 (2 its own)" in shown
    assert "25%" in shown
    assert "Model inputs" in text(inspect(model, {}))


def test_names_with_markup_stay_text() -> None:
    proto = parse("g (float[2] x) => (float[2] y) { y = Neg (x) }")
    proto.graph.node[0].name = name = "<img src=x onerror=alert(1)>"
    model = OpenModel("0" * 64, tagged(proto))
    content = inspect(model, {"kind": "op", "id": "y"})
    assert name in text(content)
    assert links(content, "dangerously_allow_html") == []


def test_odd_attributes_are_shown_and_nothing_is_read_from_other_files() -> None:
    proto = parse("g (float[2] x) => (float[2] y) { y = Neg (x) }")
    node = proto.graph.node[0]
    damaged = onnx.TensorProto(data_type=onnx.TensorProto.FLOAT, dims=[4], raw_data=b"x")
    outside = onnx.TensorProto(data_type=onnx.TensorProto.FLOAT, dims=[2])
    outside.data_location = onnx.TensorProto.EXTERNAL
    outside.external_data.add(key="location", value=WEIGHTS_LEFT_OUT)
    for name, tensor in (("damaged", damaged), ("outside", outside)):
        node.attribute.append(onnx.helper.make_attribute(name, tensor))
    shown = text(inspect(OpenModel("0" * 64, tagged(proto)), {"kind": "op", "id": "y"}))
    assert "damaged" in shown
    assert "unreadable" in shown
    assert "float[2]" in shown


def test_the_highlight_marks_the_chain_or_the_boxes_it_is_in(model: OpenModel) -> None:
    closed = highlight(model, ViewState(), {"kind": "op", "id": "s"})
    assert closed == {"selected": "o:s", "module": "", "evidence": ["m:enc"]}
    opened = ViewState(frozenset({"enc", "enc.att"}))
    shown = highlight(model, opened, {"kind": "op", "id": "s"})
    assert shown is not None
    assert shown["evidence"] == ["o:r", "o:m"]
    assert highlight(model, opened, {}) is None


def test_a_model_input_names_its_readers(model: OpenModel) -> None:
    content = inspect(model, {"kind": "value", "id": "x"})
    assert "model input" in text(content)
    assert links(content, "data-op") == ["a"]
    shown = highlight(model, ViewState(), {"kind": "value", "id": "x"})
    assert shown == {"selected": "i:x", "module": "", "evidence": []}


def left_out(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its first initializer's data left out, as the exporter does it."""
    tensor = proto.graph.initializer[0]
    for stored in ("raw_data", "float_data"):
        tensor.ClearField(stored)
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=WEIGHTS_LEFT_OUT)
    return proto


def test_a_weight_that_was_left_out_is_shown_as_such() -> None:
    text_of_model = """g (float[1,2] x) => (float[1,2] y)
    <float[2,2] "fc.weight" = {1, 2, 3, 4}, float[2] "fc.bias" = {1, 2}> {
        m = MatMul (x, "fc.weight")
        y = Add (m, "fc.bias")
    }"""
    whole = OpenModel("0" * 64, tagged(parse(text_of_model)))
    light = OpenModel("1" * 64, tagged(left_out(parse(text_of_model))))
    assert light.graph.weights_left_out == {"fc.weight"}
    note = "weights left out"
    for model, there in ((whole, False), (light, True)):
        op = text(inspect(model, {"kind": "op", "id": "m"}))
        assert ("initializer, left out" in op) is there
        assert "left out" not in text(inspect(model, {"kind": "op", "id": "y"}))
        module = text(inspect(model, {"kind": "module", "id": "fc"}))
        assert ("1 left out of the export" in module) is there
        summary = summarize(model.graph)
        assert summary["weights_left_out"] == there
        assert (note in text(figures(summary))) is there
