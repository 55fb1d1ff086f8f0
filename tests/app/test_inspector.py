from collections.abc import Callable
from typing import Any

import numpy as np
import onnx

from hexviz.app.graph.highlight import highlight
from hexviz.app.graph.widgets import figures
from hexviz.app.models.store import OpenModel
from hexviz.app.panels.inspector.module import inspect_module
from hexviz.app.panels.inspector.op import inspect_op
from hexviz.app.panels.inspector.selected import inspect
from hexviz.app.panels.inspector.value import inspect_edge, inspect_value
from hexviz.app.panels.parts import offered_modules
from hexviz.app.protocol import PageState, Trace
from hexviz.exporters.interface import Exported
from hexviz.model.reader import WEIGHTS_LEFT_OUT
from hexviz.model.source_trace import STACK_TRACE
from hexviz.tagging.explain import explain
from hexviz.tagging.summary import summarize
from hexviz.view.state import ViewState
from tests.build import parse, scoped, tagged


def as_json(component: Any) -> Any:
    """A component of Dash's as the JSON that other content is from the start."""
    plain = getattr(component, "to_plotly_json", None)
    return component if plain is None else plain()


def text(component: Any) -> str:
    """All text in a component, as a person would read it."""
    if isinstance(component, str):
        return component
    if isinstance(component, list | tuple):
        return "".join(map(text, component))
    component = as_json(component)
    if isinstance(component, dict):
        return text(component["props"].get("children") or "")
    return ""


def links(component: Any, attribute: str) -> list[str]:
    if isinstance(component, list | tuple):
        return [found for one in component for found in links(one, attribute)]
    component = as_json(component)
    if not isinstance(component, dict):
        return []
    props = component["props"]
    own = [props[attribute]] if attribute in props else []
    return own + links(props.get("children"), attribute)


def test_an_auxiliary_op_tells_how_its_context_was_inherited(model: OpenModel) -> None:
    content = inspect(model, PageState(selection=("op", "s")))
    shown = text(content)
    assert "Needed by Mul “m” in /Module/Module.enc/Module.att" in shown
    assert ", via Reshape." in shown
    assert "float[1, 4]" in shown
    assert links(content, "data-op")[:2] == ["m", "r"]


def test_a_module_tells_what_crosses_its_border(model: OpenModel) -> None:
    content = inspect(model, PageState(selection=("module", "enc.att")))
    shown = text(content)
    assert "2 levels below the root" in shown
    assert "declared 4 · 100%" in shown
    assert "Takes in 2 values" in shown
    assert "afloat[1, 4]from Neg aread by 2 ops here" in shown
    assert "Hands out 1 value" in shown
    assert "mfloat[1, 4]to Abs o" in shown
    assert links(content, "data-op") == ["a", "s", "o"]
    root = text(inspect(model, PageState(selection=("module", ""))))
    assert "a model input" in root
    assert "a model output" in root


def test_of_many_values_some_are_shown_and_the_rest_is_counted() -> None:
    made = "".join(f"a{at} = Neg (x)\n" for at in range(20))
    used = "".join(f"b{at} = Exp (a{at})\n" for at in range(20))
    outputs = ", ".join(f"float[2] b{at}" for at in range(20))
    proto = parse(f"g (float[2] x) => ({outputs}) {{ {made} {used} }}")
    graph = tagged(scoped(proto, {f"b{at}": "m" for at in range(20)}))
    shown = text(inspect_module(graph, graph.modules["m"]))
    assert "Takes in 20 values" in shown
    assert shown.count("and 8 more") == 2
    assert shown.count("read by 1 op here") == 12


def test_an_edge_lists_its_values(model: OpenModel) -> None:
    graph = model.graph
    content = inspect_edge(graph, ["a", "s", "a", "gone"], "/Module/Module.enc", "Relu")
    shown = text(content)
    assert shown.startswith("2 valuesedgeFrom and to/Module/Module.enc→ Relu")
    assert "afloat[1, 4]from Neg aread by 3 ops" in shown
    assert "sint64[2]from Shape sto Reshape r" in shown
    assert links(content, "data-op") == ["a", "s", "q", "k", "s", "r"]
    (one, *_), (none, *_) = (inspect_edge(graph, ids, "a", "b") for ids in (["x"], []))
    assert text(one) == "1 valueedge"
    assert text(none) == "0 valuesedge"
    assert "a model input" in text(inspect_edge(graph, ["x"], "a", "b"))
    assert "a model output" in text(inspect_edge(graph, ["y"], "a", "b"))


def test_an_edge_of_many_values_and_readers_is_cut() -> None:
    made = "".join(f"a{at} = Neg (x)\n" for at in range(50))
    used = "".join(f"b{at} = Exp (a0)\n" for at in range(9))
    graph = tagged(parse(f"g (float[2] x) => (float[2] b0) {{ {made} {used} }}"))
    content = inspect_edge(graph, [f"a{at}" for at in range(50)], "a", "b")
    shown = text(content)
    assert shown.startswith("50 values")
    assert "and 10 more" in shown
    assert "read by 9 ops" in shown
    assert "and 6 ops more" in shown
    assert len(links(content, "data-op")) == 40 + 3


def test_the_values_of_a_body_come_from_the_op_that_owns_it() -> None:
    graph = tagged(
        parse("""g (int64 n, bool c, float[2] x) => (float[2] y) {
            y = Loop (n, c, x) <body = b (int64 i, bool t, float[2] s) => (bool u, float[2] r) {
                u = Identity (t)
                r = Neg (s)
            }>
        }""")
    )
    assert "from Loop y" in text(inspect_edge(graph, ["y/body/s"], "a", "b"))
    value = text(inspect_value(graph, "y/body/r"))
    assert "Comes fromNeg y/body/r" in value
    assert "Read by 1Loop y" in value


WEIGHTS = """g (float[1,2] x) => (float[1,2] y)
<float[2,2] w = {0, 1, 0, 3}, float[3] pad = {7, 7, 7}, float k = {2}> {
    m = MatMul (x, w)
    p = Pad (m, pad)
    y = Mul (p, k)
}"""


def test_an_initializer_shows_its_figures_and_a_histogram() -> None:
    graph = tagged(parse(WEIGHTS))
    content = inspect_op(graph, explain(graph, "m"))
    shown = text(content)
    assert "Initializerwfloat[2, 2] · 4 elements · 16 B= [[0, 1], [0, 3]]" in shown
    assert "minimum0maximum3mean1std1.225zeros2 (50.0%)" in shown
    assert "all zero along axis 11 of 2 slices" in shown
    assert "NaNnoneinfinitenone" in shown
    assert [one for one in links(content, "aria-label") if not one.startswith("Copy")] == [
        "Histogram of 4 elements from 0 to 3 in 24 bins; the fullest, 0 to 0.125, holds 2."
    ]
    assert len(links(content, "style")) == 24


def test_what_has_one_value_has_no_histogram() -> None:
    graph = tagged(parse(WEIGHTS))
    for op_id, elements in (("p", "= [7, 7, 7]"), ("y", "= 2")):
        content = inspect_op(graph, explain(graph, op_id))
        assert elements in text(content)
        assert "mean" not in text(content)
        assert not [one for one in links(content, "aria-label") if one.startswith("Hist")]
    long = parse("g (float[64] x) => (float[64] y) { y = Mul (x, k) }")
    long.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(64, np.float32), "k"))
    graph = tagged(long)
    assert "Every element is 1." in text(inspect_op(graph, explain(graph, "y")))
    assert "Every element is 1." in text(inspect_value(graph, "k"))


def test_a_large_initializer_tells_its_size_and_is_not_read() -> None:
    proto = parse("g (float[1] x) => (float[1] y) { y = Mul (x, k) }")
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(1_000_001, np.int8), "k"))
    graph = tagged(proto)
    shown = text(inspect_op(graph, explain(graph, "y")))
    assert "int8[1000001] · 1,000,001 elements · 1.0 MB" in shown
    assert "More than 1,000,000 elements, so not read." in shown
    assert "mean" not in shown


def test_a_damaged_initializer_says_so() -> None:
    proto = parse(WEIGHTS)
    proto.graph.initializer[0].ClearField("float_data")
    proto.graph.initializer[0].raw_data = b"\0" * 5
    graph = tagged(proto)
    shown = text(inspect_op(graph, explain(graph, "m")))
    assert "Unreadable: it holds 5 bytes, and its shape wants 16." in shown


def traced(trace: str) -> list[Any]:
    proto = parse("g (float[2] x) => (float[2] y) { y = Neg (x) }")
    proto.graph.node[0].metadata_props.add(key=STACK_TRACE, value=trace)
    graph = tagged(proto)
    return inspect_op(graph, explain(graph, "y"))


def test_source_lines_innermost_first_with_pytorchs_own_folded() -> None:
    content = traced(
        'File "/home/ann/net/model.py", line 80, in forward\n    hidden = self.block(x)\n'
        '  File "/home/ann/net/block.py", line 7, in forward\n    return self.norm(x)\n'
        '  File "/v/site-packages/torch/nn/modules/linear.py", line 134, in forward\n    F.linear('
    )
    assert (
        "Sourcenet/block.py:7 in forwardreturn self.norm(x)"
        "net/model.py:80 in forwardhidden = self.block(x)"
        "1 frame inside PyTorchmodules/linear.py:134 in forwardF.linear("
    ) in text(content)
    assert links(content, "open")[-1] is False
    assert "ann" not in text(content)


def test_frames_of_pytorch_alone_are_not_folded() -> None:
    content = traced('File "/v/site-packages/torch/nn/modules/linear.py", line 134, in forward')
    assert links(content, "open")[-1] is True


def test_a_trace_that_is_none_has_no_section() -> None:
    assert "Source" not in text(traced("<script>alert(1)</script>"))


def test_a_real_export_names_its_lines(exported: Callable[..., Exported]) -> None:
    graph = tagged(exported("small-transformer").proto)
    for op in graph.ops:
        assert "sample_models/small_transformer.py:" in text(
            inspect_op(graph, explain(graph, op.id))
        )


def test_a_primary_op_has_no_context(model: OpenModel) -> None:
    shown = text(inspect(model, PageState(selection=("op", "m"))))
    assert "Context" not in shown
    assert "the file's metadata records it" in shown


def test_modules_and_the_model_are_described(model: OpenModel) -> None:
    shown = text(inspect(model, PageState(selection=("module", "enc.att"))))
    assert "4 (2 its own)" in shown
    assert "25%" in shown
    assert "Model inputs" in text(inspect(model, PageState()))


def test_names_with_markup_stay_text() -> None:
    proto = parse("g (float[2] x) => (float[2] y) { y = Neg (x) }")
    proto.graph.node[0].name = name = "<img src=x onerror=alert(1)>"
    model = OpenModel("0" * 64, tagged(proto))
    content = inspect(model, PageState(selection=("op", "y")))
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
    shown = text(inspect(OpenModel("0" * 64, tagged(proto)), PageState(selection=("op", "y"))))
    assert "damaged" in shown
    assert "unreadable" in shown
    assert "float[2]" in shown


def marked(model: OpenModel, state: PageState) -> Any:
    return highlight(model, state, model.render(state.view, "light"))


def test_the_highlight_marks_the_chain_or_the_boxes_it_is_in(model: OpenModel) -> None:
    closed = marked(model, PageState(selection=("op", "s"), path="context"))
    assert (closed.selected, closed.evidence) == ("o:s", ["m:enc"])
    opened = ViewState(frozenset({"enc", "enc.att"}))
    shown = marked(model, PageState(opened, ("op", "s"), path="context"))
    assert shown.said == "Selected Shape s in /Module"
    assert marked(model, PageState(opened, ("module", "enc"))).said == (
        "Selected the module /Module/Module.enc"
    )
    assert marked(model, PageState(opened, ("op", "s"))).evidence == []
    assert (shown.evidence, shown.row) == (["o:r", "o:m"], "")
    assert marked(model, PageState(opened)).selected is None


def test_a_trace_marks_all_that_is_needed_and_says_how_much(model: OpenModel) -> None:
    opened = ViewState(frozenset({"enc", "enc.att"}))
    up = marked(model, PageState(opened, trace=Trace("up", "r")))
    assert set(up.traced) == {"i:x", "m:enc.emb", "o:s", "m:enc.att.k", "o:r"}
    assert up.note == "3 ops that Reshape needs"
    down = marked(model, PageState(opened, trace=Trace("down", "r")))
    assert set(down.traced) == {"o:r", "o:m", "m:head", "o:y", "u:y"}
    ways = marked(model, PageState(opened, trace=Trace("between", "m", "a")))
    assert set(ways.traced) == {"m:enc.emb", "m:enc.att.q", "m:enc.att.k", "o:s", "o:r", "o:m"}
    none = marked(model, PageState(opened, trace=Trace("between", "q", "k")))
    assert (none.traced, none.note) == ([], "There is no way between Relu and Exp.")


def test_an_edge_tells_what_runs_along_it(model: OpenModel) -> None:
    shown = text(inspect(model, PageState(selection=("edge", "e:m:enc->m:head"))))
    assert "1 value" in shown
    assert "/Module/Module.enc" in shown
    assert "Model inputs" in text(inspect(model, PageState(selection=("edge", "e:gone->gone"))))


def test_a_model_input_names_its_readers(model: OpenModel) -> None:
    content = inspect(model, PageState(selection=("value", "x")))
    assert "model input" in text(content)
    assert links(content, "data-op") == ["a"]
    shown = marked(model, PageState(selection=("value", "x")))
    assert (shown.selected, shown.row, shown.evidence) == ("i:x", None, [])


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
        op = text(inspect(model, PageState(selection=("op", "m"))))
        assert ("initializer, left out" in op) is there
        assert "left out" not in text(inspect(model, PageState(selection=("op", "y"))))
        module = text(inspect(model, PageState(selection=("module", "fc"))))
        assert ("1 left out of the export" in module) is there
        summary = summarize(model.graph)
        assert summary["weights_left_out"] == there
        assert (note in text(figures(summary))) is there


def test_a_field_for_a_module_offers_the_likely_ones_and_the_page_knows_the_rest(
    model: OpenModel,
) -> None:
    content = inspect(model, PageState(selection=("op", "m")))
    offered = [one for one in links(content, "value") if one is not None]
    assert offered == ["enc.att.q", "enc.att", "head"]  # of the ops around it
    known = offered_modules(model.graph)
    assert [fqn for fqn, _ in known] == [one.fqn or "/" for one in model.graph.modules]
    assert dict(known)["enc.att.q"] == "/Module/Module.enc/Module.att/Module.q"
