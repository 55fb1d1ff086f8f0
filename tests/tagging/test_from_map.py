"""Tags that come back from the map in a file's own metadata."""

from __future__ import annotations

import base64
import json
import random
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnx.compose
import onnx.version_converter
import pytest

import hexviz
from hexviz.app.graph.widgets import figures
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.audit import audit
from hexviz.tagging.explain import explain
from hexviz.tagging.override import override
from hexviz.tagging.summary import summarize
from tests.build import parse, scoped, tagged

MODEL = """g (float[2,4] x) => (float[2,4] y)
 {
  mm = MatMul (x, "enc.fc.weight")
  add = Add (mm, "enc.fc.bias")
  act = Relu (add)
  flip = Transpose (act)
  flop = Transpose (flip)
  out = MatMul (flop, "enc.out.weight")
  y = Tanh (out)
 }"""
SCOPES = {
    "mm": "enc.fc",
    "add": "enc.fc",
    "act": "enc.act",
    "flip": "enc",
    "flop": "enc",
    "out": "enc.out",
    "y": "head",
}
CLASSES = {"": "Net", "enc": "Encoder", "enc.fc": "Linear", "enc.act": "ReLU", "head": "Tanh"}


WEIGHTS = {"enc.fc.weight": (4, 4), "enc.fc.bias": (4,), "enc.out.weight": (4, 4)}


def filled(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The same with its weights."""
    for name, shape in WEIGHTS.items():
        data = np.full(shape, 0.5, np.float32)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(data, name))
    return proto


def file(text: str = MODEL, scopes: dict[str, str] | None = None) -> onnx.ModelProto:
    """A tagged file, which tells of modules in its own metadata alone."""
    graph = tagged(scoped(filled(parse(text)), scopes or SCOPES, CLASSES))
    proto = onnx.load_from_string(graph.to_bytes())
    for node in proto.graph.node:
        kept = [one for one in node.metadata_props if one.key.startswith("hexviz.")]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
    return proto


def bare(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What tools leave that drop the metadata of nodes."""
    for node in proto.graph.node:
        del node.metadata_props[:]
    return proto


def modules(graph: TaggedGraph) -> dict[str, str]:
    return {op.id: op.module for op in graph.ops}


def renamed(proto: onnx.ModelProto, *, weights: bool = False) -> onnx.ModelProto:
    """Every value between the ends has another name, and the weights too if asked."""
    kept = {one.name for one in (*proto.graph.input, *proto.graph.output)}
    if not weights:
        kept |= {one.name for one in proto.graph.initializer}
    new: dict[str, str] = {}

    def name(old: str) -> str:
        return old if old in kept or not old else new.setdefault(old, f"r{len(new)}")

    for one in proto.graph.initializer:
        one.name = name(one.name)
    for node in proto.graph.node:
        node.input[:] = [name(one) for one in node.input]
        node.output[:] = [name(one) for one in node.output]
    del proto.graph.value_info[:]
    return proto


TOOLS: dict[str, Callable[[onnx.ModelProto], onnx.ModelProto]] = {
    "version converter": lambda proto: onnx.version_converter.convert_version(proto, 21),
    "printer and parser": lambda proto: onnx.parser.parse_model(onnx.printer.to_text(proto)),
    "node metadata dropped": bare,
}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_value_that_kept_its_name_keeps_its_module(tool: str) -> None:
    graph = tagged(TOOLS[tool](file()))
    assert modules(graph) == SCOPES
    op = graph.op("add")
    assert (op.provenance.origin, op.provenance.rule) == ("transferred", "value")
    assert op.provenance.values == ("add",)
    assert op.provenance.confidence == pytest.approx(0.98)
    assert graph.modules["enc"].class_name == "Encoder"


@pytest.mark.parametrize("weights", [False, True])
def test_an_op_whose_names_all_changed_is_found_by_what_it_computes(weights: bool) -> None:
    graph = tagged(renamed(bare(file()), weights=weights))
    assert [op.module for op in graph.ops] == list(SCOPES.values())
    first = graph.ops[0].provenance
    assert (first.origin, first.rule, first.values) == ("transferred", "renamed", ("mm",))


def test_a_fused_op_takes_the_module_of_the_value_that_it_makes() -> None:
    proto = bare(file())
    del proto.graph.node[:2]
    fused = onnx.helper.make_node("Gemm", ["x", "enc.fc.weight", "enc.fc.bias"], ["add"])
    proto.graph.node.insert(0, fused)
    graph = tagged(proto)
    op = graph.op("add")
    assert (op.module, op.provenance.rule) == ("enc.fc", "value")
    assert op.provenance.confidence == pytest.approx(0.98 * 0.9)
    parts = explain(graph, "add").confidence
    assert [(part.factor, part.reason) for part in parts] == [
        (0.98, "the value kept its name"),
        (pytest.approx(0.9), "how sure the record is"),  # nobody rebuilt an order
    ]


def test_what_a_tool_inserts_is_inferred_from_those_around_it() -> None:
    proto = bare(file())
    proto.graph.node[3].input[0] = "new"
    proto.graph.node.insert(3, onnx.helper.make_node("Identity", ["act"], ["new"]))
    graph = tagged(proto)
    assert graph.op("new").provenance.origin == "inherited"
    assert {**SCOPES, "new": graph.op("new").module} == modules(graph)


def test_nodes_in_another_order_are_still_themselves() -> None:
    proto = bare(file())
    nodes = list(proto.graph.node)
    random.Random(1).shuffle(nodes)  # noqa: S311 - reproducible, nothing to guess
    shuffled = onnx.GraphProto(node=nodes)
    del proto.graph.node[:]
    proto.graph.node.extend(shuffled.node)
    assert modules(tagged(proto)) == SCOPES


@pytest.mark.parametrize("prefix", ["m0/", "m0_", "Inline_0__", "x"])
def test_a_prefix_before_all_names_is_seen_through(prefix: str) -> None:
    proto = onnx.compose.add_prefix(bare(file()), prefix)
    assert modules(tagged(proto)) == {prefix + name: module for name, module in SCOPES.items()}


@pytest.mark.parametrize("keep", [True, False])
def test_two_tagged_files_merge_and_become_subtrees(keep: bool, tmp_path: Path) -> None:
    one, two = file(), file(MODEL.replace("Tanh", "Sigmoid"))
    if not keep:
        one, two = bare(one), bare(two)
    one, two = onnx.compose.add_prefix(one, "a/"), onnx.compose.add_prefix(two, "b/")
    merged = onnx.compose.merge_models(one, two, io_map=[("a/y", "b/x")])
    graph = tagged(merged)
    assert modules(graph) == {
        f"{name}/{value}": f"{name}.{module}"
        for name in ("a", "b")
        for value, module in SCOPES.items()
    }
    assert graph.modules["a"].class_name == graph.modules["b"].class_name == "Net"
    graph.save(tmp_path / "merged.onnx")
    saved = onnx.load(tmp_path / "merged.onnx")
    assert sorted(one.key.rpartition(".")[0] for one in saved.metadata_props) == [
        "hexviz.map",
        "hexviz.modules",
    ]
    again = hexviz.load(tmp_path / "merged.onnx")
    assert [op.provenance for op in again.ops] == [op.provenance for op in graph.ops]
    assert [one.fqn for one in again.modules] == [one.fqn for one in graph.modules]
    part = again.extract(["b.enc"])
    assert part.verify().ok


@pytest.mark.parametrize("keep", [True, False])
def test_merged_models_with_the_same_names_do_not_take_each_other_s_ops(keep: bool) -> None:
    """Most of either map also fits behind the other's prefix."""
    other = {value: module.replace("enc", "dec") for value, module in SCOPES.items()}
    files = {"a": file(), "b": file(MODEL.replace("Relu", "Sigmoid"), other)}
    wanted = {"a": SCOPES, "b": other}
    for first, second in (("a", "b"), ("b", "a")):
        one, two = (
            onnx.compose.add_prefix(files[name] if keep else bare(files[name]), f"{name}/")
            for name in (first, second)
        )
        graph = tagged(onnx.compose.merge_models(one, two, io_map=[(f"{first}/y", f"{second}/x")]))
        assert modules(graph) == {
            f"{name}/{value}": f"{name}.{module}"
            for name in (first, second)
            for value, module in wanted[name].items()
        }
        assert "a.dec" not in graph.modules
        tops = [one.fqn for one in graph.modules if one.fqn and "." not in one.fqn]
        assert tops == [first, second]
        assert [one for one in audit(graph) if one.severity != "info"] == []


def test_one_model_put_in_twice_becomes_two_subtrees() -> None:
    one, two = (onnx.compose.add_prefix(file(), prefix) for prefix in ("a/", "b/"))
    graph = tagged(onnx.compose.merge_models(one, two, io_map=[("a/y", "b/x")]))
    assert graph.op("a/mm").module == "a.enc.fc"
    assert graph.op("b/mm").module == "b.enc.fc"


def test_a_map_does_not_take_the_ops_of_another_model_with_the_same_names() -> None:
    """Every export has a ``linear``; what explains most of the names behind a prefix has them."""
    small = """h (float[2,4] x) => (float[2,4] y) {
      act = Relu (x)
      y = Tanh (act)
    }"""
    first = tagged(scoped(parse(small), {"act": "first", "y": "last"}, {"": "Small"}))
    one = onnx.compose.add_prefix(onnx.load_from_string(first.to_bytes()), "a/")
    two = onnx.compose.add_prefix(file(), "b/")
    merged = onnx.compose.merge_models(one, two, io_map=[("a/y", "b/x")])
    for proto in (merged, bare(merged)):
        graph = tagged(proto)
        assert {op.module.partition(".")[0] for op in graph.ops} == {"a", "b"}
        assert graph.op("b/act").module == "b.enc.act"
        assert graph.op("b/y").module == "b.head"
        assert not [one for one in audit(graph) if one.kind == "unknown-module"]


def test_linear_layers_that_a_tool_fused_do_not_make_it_another_model() -> None:
    """Only the bias keeps its name where a MatMul and an Add became a Gemm and two Reshapes."""
    text = """g (float[2,4] x) => (float[2,4] y)
    {
      mm = MatMul (x, "enc.fc.weight")
      add = Add (mm, "enc.fc.bias")
      y = Relu (add)
    }"""
    proto = bare(file(text, {"mm": "enc.fc", "add": "enc.fc", "y": "enc.act"}))
    proto = onnx.compose.add_prefix(proto, "m0/")
    fused = parse("""g (float[2,4] x) => (float[2,4] y) {
      flat = Reshape (x, shape)
      gemm = Gemm (flat, turned, "m0/enc.fc.bias")
      add = Reshape (gemm, shape)
    }""").graph.node
    fused[0].input[0], fused[2].output[0] = "m0/x", "m0/add"
    rest = proto.graph.node[2]
    del proto.graph.node[:]
    proto.graph.node.extend([*fused, rest])
    for name, data in (("shape", np.array([2, 4])), ("turned", np.eye(4, dtype=np.float32))):
        proto.graph.initializer.append(onnx.numpy_helper.from_array(data, name))
    graph = tagged(proto)
    assert {op.id: op.module for op in graph.ops if op.provenance.rule == "value"} == {
        "m0/add": "enc.fc",
        "m0/y": "enc.act",
    }
    assert [one for one in audit(graph) if one.severity != "info"] == []


def test_an_untagged_model_beside_a_tagged_one_is_not_taken_for_it() -> None:
    other = onnx.compose.add_prefix(filled(parse(MODEL)), "b/")
    for one in (*other.graph.initializer,):
        one.name = one.name.replace("enc", "trunk")
    for node in other.graph.node:
        node.input[:] = [name.replace("enc", "trunk") for name in node.input]
    proto = onnx.compose.merge_models(
        onnx.compose.add_prefix(file(), "a/"), other, io_map=[("a/y", "b/x")]
    )
    graph = tagged(proto)
    assert graph.op("a/act").module == "enc.act"
    assert "transferred" not in {graph.op(f"b/{name}").provenance.origin for name in SCOPES}


def test_a_merged_part_without_a_prefix_is_named_for_its_class() -> None:
    one, two = file(), onnx.compose.add_prefix(file(MODEL.replace("Tanh", "Sigmoid")), "b/")
    graph = tagged(onnx.compose.merge_models(one, two, io_map=[("y", "b/x")]))
    assert graph.op("mm").module == "Net.enc.fc"
    assert graph.op("b/mm").module == "b.enc.fc"


def test_the_op_s_own_record_is_believed_before_the_map() -> None:
    proto = file()
    for entry in proto.graph.node[2].metadata_props:
        if entry.key == "hexviz.module":
            entry.value = "head"
    del proto.graph.node[0].metadata_props[:]
    graph = tagged(proto)
    assert graph.op("act").module == "head"
    assert graph.op("mm").module == "enc.fc"


def test_another_record_on_the_op_is_believed_and_the_map_kept_as_a_candidate() -> None:
    proto = scoped(bare(file()), {"act": "head"})
    why = tagged(proto).explain("act")
    assert (why.module, why.rule) == ("head", "metadata")
    assert [one.module for one in why.candidates] == ["enc.act"]


def test_the_map_of_another_model_says_nothing() -> None:
    other = """h (float[2,4] x) => (float[2,4] y) {
      mm = Abs (x)
      add = Neg (mm)
      act = Exp (add)
      y = Floor (act)
    }"""
    proto = parse(other)
    proto.metadata_props.extend(file().metadata_props)
    graph = tagged(proto)
    assert {op.provenance.origin for op in graph.ops} <= {"fallback", "inherited"}


def repacked(change: Callable[[dict[str, object]], None]) -> str:
    packed = next(one.value for one in file().metadata_props if "hexviz.map" in one.key)
    version, count, told = packed.split(" ")
    document = json.loads(zlib.decompress(base64.b64decode(told)))
    change(document)
    again = base64.b64encode(zlib.compress(json.dumps(document).encode())).decode()
    return f"{version} {count} {again}"


DAMAGED = {
    "no text": "",
    "no base64": "1 7 §§§",
    "no zlib": "1 7 " + base64.b64encode(b"abc").decode(),
    "no JSON": "1 7 " + base64.b64encode(zlib.compress(b"{")).decode(),
    "deep JSON": "1 7 " + base64.b64encode(zlib.compress(b"[" * 60_000)).decode(),
    "another version": "2 7 abc",
    "a bomb": "1 7 " + base64.b64encode(zlib.compress(b" " * (1 << 28))).decode(),
    "a huge count": "1 9999999 " + base64.b64encode(zlib.compress(b"{}")).decode(),
    "a module that is none": repacked(lambda told: told.update(module=[99] * 7)),
    "negative modules": repacked(lambda told: told.update(module=[-1] * 7)),
    "inputs that are no ops": repacked(
        lambda told: told.update(inputs=[2 * 999] * len(told["inputs"]))  # type: ignore[arg-type]
    ),
    "names that are numbers": repacked(lambda told: told.update(names=[1] * 7)),
    "lone surrogates": repacked(lambda told: told.update(names=["\ud800"] * 7)),
    "a body in itself": repacked(lambda told: told.update(bodies=[[0, "b"]], body=[0] * 7)),
    "no confidence": repacked(lambda told: told.update(reasons=[["metadata", 7]])),
    "true as a number": repacked(lambda told: told.update(kind=[True] * 7)),
    "a missing column": repacked(lambda told: told.pop("arity")),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_map_is_none(kind: str) -> None:
    proto = bare(file())
    for entry in proto.metadata_props:
        if entry.key.startswith("hexviz.map"):
            entry.value = DAMAGED[kind]
    graph = tagged(proto)
    assert "transferred" not in {op.provenance.origin for op in graph.ops}
    assert graph.op("mm").module == "enc.fc", "by its weight"
    assert graph.to_bytes()


BRANCHES = """g (float[2] x, bool c) => (float[2] y) {
  a = Relu (x)
  y = If (c) <
    then_branch = t () => (float[2] p) { q = Neg (a)  p = Abs (q) },
    else_branch = e () => (float[2] r) { q = Exp (a)  r = Neg (q) }>
}"""


@pytest.mark.parametrize("prefix", ["", "m0/"])
def test_bodies_are_in_the_map(prefix: str) -> None:
    graph = tagged(scoped(parse(BRANCHES), {"a": "enc", "y": "enc"}))
    told = override(graph, {"y/then_branch/q": "enc", "y/else_branch/q": ""})
    proto = onnx.load_from_string(told.to_bytes())
    stripped = onnx.parser.parse_model(onnx.printer.to_text(proto))
    if prefix:
        stripped = onnx.compose.add_prefix(stripped, prefix)
    again = tagged(stripped)
    assert [op.module for op in again.ops] == [op.module for op in told.ops]
    assert {op.provenance.origin for op in again.ops} == {"transferred"}


def test_a_file_whose_tags_are_gone_is_told() -> None:
    proto = bare(file())
    assert not [one for one in audit(tagged(proto)) if one.kind == "lost-tags"]
    kept = [one for one in proto.metadata_props if "hexviz.map" not in one.key]
    del proto.metadata_props[:]
    proto.metadata_props.extend(kept)
    graph = tagged(proto)
    (finding,) = (one for one in audit(graph) if one.kind == "lost-tags")
    assert (finding.severity, finding.ops) == ("warning", ())
    assert "lists 6 modules" in finding.message
    assert summarize(graph)["tags_lost"]
    assert "tags lost" in str(figures(summarize(graph)))
    assert not summarize(tagged(file()))["tags_lost"]
    assert not summarize(tagged(onnx.load_from_string(graph.to_bytes())))["tags_lost"]
