"""What the model of a part is made of. That it runs and is right: test_hard_cases.py."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from hexviz.errors import ExtractionError, WriteError
from hexviz.extraction.part import extract
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.reader import from_proto
from hexviz.model.types import has_negative_sizes
from hexviz.tagging.tag import load, tag
from tests.build import parse, scoped, tagged

DYNAMIC = """<ir_version: 10, opset_import: ["" : 20, "com.other" : 3], producer_name: "someone">
g (float[batch, 2] x) => (float[batch, 2] y)
<float[2] w = {1, 2}, float[2] v = {3, 4}, float[batch, 2] a> {
    a = Add (x, w)
    b = Mul (a, v)
    y = Add (b, w)
}"""


def dynamic() -> TaggedGraph:
    proto = scoped(parse(DYNAMIC), {"a": "one", "b": "two", "y": "two"})
    proto.metadata_props.add(key="license", value="mine")
    proto.graph.doc_string = "a graph"
    proto.graph.quantization_annotation.add(tensor_name="a")
    proto.graph.quantization_annotation.add(tensor_name="x")
    return tagged(proto)


def test_all_but_nodes_and_weights_travels_along() -> None:
    part = extract(dynamic(), ["two"]).model
    assert part.ir_version == 10
    assert {(one.domain, one.version) for one in part.opset_import} == {("", 20), ("com.other", 3)}
    assert part.producer_name == "someone"
    assert part.graph.doc_string == "a graph"
    assert ("license", "mine") in [(one.key, one.value) for one in part.metadata_props]
    assert [note.tensor_name for note in part.graph.quantization_annotation] == ["a"]


def test_nodes_are_copied_byte_by_byte_but_for_their_tags() -> None:
    graph = dynamic()
    for node in extract(graph, ["two"]).model.graph.node:
        original = next(one for one in graph.proto.graph.node if one.output == node.output)
        kept = [one for one in node.metadata_props if not one.key.startswith("hexviz.")]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
        assert node == original


def test_dynamic_dimensions_keep_their_symbols() -> None:
    part = extract(dynamic(), ["two"])
    assert [(one.name, str(one)) for one in part.inputs] == [("a", "float[batch, 2]")]
    assert [(one.name, str(one)) for one in part.outputs] == [("y", "float[batch, 2]")]
    dim = part.model.graph.input[0].type.tensor_type.shape.dim[0]
    assert dim.dim_param == "batch"


def test_weights_are_copied_once_and_only_those_that_are_read() -> None:
    text = DYNAMIC.replace("Mul (a, v)", "Mul (a, w)")
    graph = tagged(scoped(parse(text), {"a": "one", "b": "two", "y": "two"}))
    assert [one.name for one in extract(graph, ["two"]).model.graph.initializer] == ["w"]


def test_types_that_the_file_leaves_out_are_inferred() -> None:
    text = DYNAMIC.replace(", float[batch, 2] a>", ">")
    graph = tagged(scoped(parse(text), {"a": "one", "b": "two", "y": "two"}))
    assert [str(one) for one in extract(graph, ["two"]).inputs] == ["float[batch, 2]"]


def test_a_border_of_unknown_type_is_refused_in_one_line() -> None:
    text = """<ir_version: 10, opset_import: ["" : 20, "nowhere" : 1]>
    g (float[2] x) => (float[2] y) { a = nowhere.Odd (x)  y = Neg (a) }"""
    graph = tagged(scoped(parse(text), {"a": "one", "y": "two"}))
    with pytest.raises(ExtractionError, match=r"Nothing tells the type of 'a'.*select the modules"):
        extract(graph, ["two"])


def test_a_border_of_unknown_rank_is_refused_by_the_name_of_the_value() -> None:
    text = """<ir_version: 10, opset_import: ["" : 20, "nowhere" : 1]>
    g (float[2] x, bool c) => (float[2] y) {
        h = If (c) < then_branch = t () => (float t) { t = Neg (x) },
                     else_branch = e () => (float e) { e = nowhere.Odd (x) } >
        y = Relu (h)
    }"""
    proto = scoped(parse(text), {"h": "one", "y": "two"})
    for attribute in proto.graph.node[0].attribute:
        attribute.g.output[0].type.tensor_type.ClearField("shape")
    graph = tagged(proto)
    for name in ("one", "two"):
        with pytest.raises(
            ExtractionError,
            match=r"rank of 'h' \(of If in one\).*select the modules around it too \(one, two\)",
        ):
            extract(graph, [name])
    assert extract(graph, ["one", "two"]).model.graph.input[0].name == "x"


@pytest.mark.parametrize("told", ["", "<int64[1] lost>"])
def test_a_value_that_nothing_makes_is_named_with_its_reader(told: str) -> None:
    text = f"""g (float[2] x) => (float[2] z) {told} {{
        y = Reshape (x, lost)
        z = Neg (y)
    }}"""
    graph = tagged(scoped(parse(text), {"y": "one", "z": "two"}))
    with pytest.raises(ExtractionError, match="No op makes the value 'lost', which Reshape in one"):
        extract(graph, ["one"])
    if told:
        assert [one.id for one in extract(graph, ["two"], policy="exclude_safe").inputs] == ["y"]
    else:  # the rank of y is unknown because of what is lost
        with pytest.raises(ExtractionError, match="No op makes the value 'lost'"):
            extract(graph, ["two"], policy="exclude_safe")


def test_an_output_that_nothing_makes_is_named() -> None:
    graph = tagged(scoped(parse("g (float[2] x) => (float[2] y) { h = Neg (x) }"), {"h": "one"}))
    with pytest.raises(ExtractionError, match="'y', which the model gives back"):
        extract(graph, [""])
    assert [one.id for one in extract(graph, ["one"]).outputs] == ["h"]


@pytest.mark.parametrize("size", [-1, -9])
def test_a_negative_dimension_is_open_in_a_part(size: int) -> None:
    text = """g (float[N, 4] x) => (float[N, 4] y) <float[N, 4] a, float[N, 4] b> {
        a = Neg (x)  b = Exp (a)  y = Relu (b)
    }"""
    proto = scoped(parse(text), {"a": "one", "b": "two", "y": "three"})
    graph_of = proto.graph
    for value in (*graph_of.input, *graph_of.output, *graph_of.value_info):
        dim = value.type.tensor_type.shape.dim[0]
        dim.Clear()
        dim.dim_value = size
    graph = TaggedGraph.of(tagged(proto))
    assert str(graph.value("a")) == "float[?, 4]"
    for wanted in (["one"], ["two"], ["one", "three"], [""]):
        part = extract(graph, wanted)
        assert part.checks.ok
        assert part.verify().ok
        assert {value["type"] for value in part.report["inputs"]} == {"float[?, 4]"}
        assert {value["bytes"] for value in part.report["outputs"]} == {None}
        told = (*part.model.graph.input, *part.model.graph.output, *part.model.graph.value_info)
        assert not any(has_negative_sizes(value.type) for value in told)


def test_only_functions_that_are_called_travel_along() -> None:
    text = """<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
    g (float[2] x) => (float[2] y) { a = local.outer (x)  y = local.other (a) }
    <domain: "local", opset_import: ["" : 20]> inner (u) => (v) { v = Neg (u) }
    <domain: "local", opset_import: ["" : 20, "local" : 1]>
    outer (u) => (v) { v = local.inner (u) }
    <domain: "local", opset_import: ["" : 20]> other (u) => (v) { v = Exp (u) }"""
    graph = tagged(scoped(parse(text), {"a": "one", "y": "two"}))
    first = extract(graph, ["one"]).model
    assert [one.name for one in first.functions] == ["inner", "outer"]
    assert [one.name for one in extract(graph, ["two"]).model.functions] == ["other"]
    again = tag(from_proto(first, name="part.onnx"))
    assert {op.id: op.module for op in again.ops} == {
        op.id: op.module for op in graph.ops if op.id in {one.id for one in again.ops}
    }


def test_weights_that_are_inputs_too_stay_both() -> None:
    """As IR version 3 demands of all weights."""
    text = """<ir_version: 3, opset_import: ["" : 8]>
    g (float[2] x, float[2] w) => (float[2] y) <float[2] w = {1, 2}> {
        a = Neg (x)
        y = Add (a, w)
    }"""
    graph = tagged(scoped(parse(text), {"a": "one", "y": "two"}))
    part = extract(graph, ["two"])
    assert [one.name for one in part.model.graph.input] == ["a", "w"]
    assert [one.name for one in part.inputs] == ["a"]
    onnx.checker.check_model(part.model, full_check=True)


def test_the_part_opens_with_the_same_tags() -> None:
    """Also where a tag tells a module apart from siblings that are not in the part."""
    text = """g (float[2] x) => (float[2] y) {
        k = Shape (x)
        q = Neg (x)
        r = Exp (q)
        t = Reshape (r, k)
        y = Relu (t)
    }"""
    scopes = {"k": "", "q": "m.query", "r": "m.key", "t": "m", "y": "head"}
    infos = {
        "": ModuleInfo("Net"),
        "m": ModuleInfo("Attention"),
        "m.query": ModuleInfo("Linear"),
        "m.key": ModuleInfo("Linear"),
        "head": ModuleInfo("Head"),
    }
    graph = tagged(scoped(parse(text), scopes), infos)
    part = tag(from_proto(extract(graph, ["m.key"]).model, name="part.onnx"))
    assert [(op.id, op.tag) for op in part.ops] == [("r", "/Net/Attention/Linear.key")]
    assert [module.fqn for module in part.modules] == ["", "m", "m.key"]
    whole = {op.id: (op.module, op.tag, op.provenance) for op in graph.ops}
    for policy in ("exclude_safe", "include_context", "include_all"):
        opened = tag(from_proto(extract(graph, ["m"], policy=policy).model, name="part.onnx"))
        for op in opened.ops:
            assert (op.module, op.tag, op.provenance) == whole[op.id]


def test_corrected_tags_travel_too() -> None:
    from hexviz.tagging.override import override

    graph = override(dynamic(), {"b": "one"})
    part = tag(from_proto(extract(graph, ["one"]).model, name="part.onnx"))
    assert part.op("b").provenance.origin == "manual"


def test_a_part_has_the_parameters_of_its_own_weights() -> None:
    """Not those of the whole model, which its tree names; what is there whole keeps its number."""
    proto = parse("""g (float[2] x) => (float[2] y)
    <float[2] "a.one.w" = {1, 2}, float[2] "a.two.w" = {3, 4}, float[2] "b.w" = {5, 6}> {
        m = Add (x, "a.one.w")
        n = Add (m, "a.two.w")
        y = Add (n, "b.w")
    }""")
    scopes = {"m": "a.one", "n": "a.two", "y": "b"}
    counts = {"": 100, "a": 50, "a.one": 3, "a.two": 2, "b": 2}
    infos = {fqn: ModuleInfo("M", count) for fqn, count in counts.items()}
    graph = tagged(scoped(proto, scopes), infos)

    def parameters(*modules: str) -> dict[str, int | None]:
        part = tag(from_proto(extract(graph, modules).model, name="part.onnx"))
        return {module.fqn: module.parameters for module in part.modules}

    assert parameters("a.one") == {"": 2, "a": 2, "a.one": 3}
    assert parameters("a") == {"": 4, "a": 50, "a.one": 3, "a.two": 2}
    assert parameters("a", "b") == counts


def test_a_part_of_a_part() -> None:
    graph = dynamic()
    part = tag(from_proto(extract(graph, ["two"]).model, name="part.onnx"))
    again = extract(part, ["two"])
    assert [one.name for one in again.inputs] == ["a"]
    assert again.model.graph.node == extract(graph, ["two"]).model.graph.node


def external(folder: Path) -> Path:
    proto = scoped(parse(DYNAMIC), {"a": "one", "b": "two", "y": "two"})
    data = bytearray(4096)
    for tensor in proto.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor).tobytes()
        del tensor.float_data[:]
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        place = {"location": "all.bin", "offset": len(data), "length": len(values)}
        for key, value in place.items():
            tensor.external_data.add(key=key, value=str(value))
        data += values + bytes(4096 - len(values))
    (folder / "all.bin").write_bytes(data)
    (folder / "whole.onnx").write_bytes(proto.SerializeToString())
    return folder / "whole.onnx"


def test_external_data_stays_where_it_is_in_the_same_folder(tmp_path: Path) -> None:
    graph = load(external(tmp_path))
    extract(graph, ["one"]).save(tmp_path / "part.onnx")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["all.bin", "part.onnx", "whole.onnx"]
    again = onnx.load(tmp_path / "part.onnx")
    assert onnx.numpy_helper.to_array(again.graph.initializer[0]).tolist() == [1, 2]


def test_elsewhere_only_the_weights_needed_are_written(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    graph = load(external(tmp_path / "a"))
    extract(graph, ["two"]).save(tmp_path / "b" / "part.onnx")
    names = sorted(one.name for one in (tmp_path / "b").iterdir())
    assert names == ["part.onnx", "part.onnx.data"]
    again = onnx.load(tmp_path / "b" / "part.onnx")
    found = {one.name: onnx.numpy_helper.to_array(one).tolist() for one in again.graph.initializer}
    assert found == {"w": [1, 2], "v": [3, 4]}
    assert (tmp_path / "b" / "part.onnx.data").stat().st_size == 4096 + 8
    x = np.ones((3, 2), np.float32)
    from onnxruntime import InferenceSession

    session = InferenceSession(tmp_path / "b" / "part.onnx", providers=["CPUExecutionProvider"])
    assert session.run(None, {"a": x})[0].tolist() == (x * [3, 4] + [1, 2]).tolist()


def test_weights_are_never_written_over(tmp_path: Path) -> None:
    path = external(tmp_path)
    before = (tmp_path / "all.bin").read_bytes()
    graph = load(path)
    with pytest.raises(WriteError, match=r"all\.bin holds the weights of the model"):
        extract(graph, ["one"]).save(tmp_path / "all.bin")
    with pytest.raises(WriteError, match=r"all\.bin holds the weights of the model"):
        graph.save(tmp_path / "all.bin")
    assert (tmp_path / "all.bin").read_bytes() == before


def test_an_interrupt_leaves_no_weights_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hexviz.extraction import part as saving

    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    part = extract(load(external(tmp_path / "a")), ["one"])
    written = saving.write_atomically

    def interrupted(path: Path, chunks: object) -> None:
        if path.suffix == ".onnx":
            raise KeyboardInterrupt
        written(path, chunks)  # type: ignore[arg-type]

    monkeypatch.setattr(saving, "write_atomically", interrupted)
    with pytest.raises(KeyboardInterrupt):
        part.save(tmp_path / "b" / "part.onnx")
    assert list((tmp_path / "b").iterdir()) == []
