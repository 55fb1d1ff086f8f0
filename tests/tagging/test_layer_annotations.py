"""Keys of other tools, written on request and read again; and what of them is not believed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import onnx
import pytest

from hexviz.bench.synthetic import synthetic
from hexviz.errors import WriteError
from hexviz.model.bodies import all_graphs
from hexviz.model.graph import TaggedGraph
from hexviz.model.other_keys import OTHER_KEYS
from tests.build import parse, scoped, tagged
from tests.command import Run, run

__all__ = ["run"]

WINML = "winml.hierarchy.tag"
KEEPS = {"layer_ann": {"layer_ann"}, WINML: {WINML}}


def layers(flavour: str = "metadata") -> TaggedGraph:
    return tagged(onnx.ModelProto.FromString(synthetic(60, flavour)))


def with_classes() -> TaggedGraph:
    """Modules with classes, two of one class side by side, and an If with ops in its bodies."""
    proto = parse(
        """m (float[N] x, bool c) => (float[N] z) {
            h = Relu(x)
            y = If(c) <
                then_branch = one () => (t) { t = Neg(h) },
                else_branch = two () => (e) { e = Exp(h) }
            >
            k = Abs(y)
            z = Sqrt(k)
        }"""
    )
    scopes = {"h": "enc.first", "y": "enc", "k": "enc.second", "z": ""}
    classes = {"": "Net", "enc": "Encoder", "enc.first": "Linear", "enc.second": "Linear"}
    return tagged(scoped(proto, scopes, classes))


def only(graph: TaggedGraph, *also: str, keep: Collection[str], modules: bool) -> onnx.ModelProto:
    """The file as it is saved, with no other metadata and no name left than some keys."""
    proto = onnx.ModelProto.FromString(graph.to_bytes(also=also))
    for inner in all_graphs(proto):
        for node in inner.node:
            notes = {one.key: one.value for one in node.metadata_props}
            del node.metadata_props[:]
            node.ClearField("name")
            for key in keep & notes.keys():
                node.metadata_props.add(key=key, value=notes[key])
    kept = [one for one in proto.metadata_props if one.key.startswith("hexviz.modules")]
    pairs = [(one.key, one.value) for one in kept] if modules else []
    del proto.metadata_props[:]
    for key, value in pairs:
        proto.metadata_props.add(key=key, value=value)
    return proto


@pytest.mark.parametrize("modules", [True, False])
@pytest.mark.parametrize("make", [layers, with_classes])
def test_layers_give_the_same_modules(make: Callable[[], TaggedGraph], modules: bool) -> None:
    graph = make()
    again = tagged(only(graph, "layer_ann", keep={"layer_ann"}, modules=modules))
    assert {op.id: op.module for op in again.ops} == {op.id: op.module for op in graph.ops}
    assert {op.provenance.rule for op in again.ops} == {"metadata"}
    if modules:
        assert [one.fqn for one in again.modules] == [one.fqn for one in graph.modules]
        assert [op.tag for op in again.ops] == [op.tag for op in graph.ops]


@pytest.mark.parametrize("modules", [True, False])
@pytest.mark.parametrize("make", [layers, with_classes])
def test_tags_of_winml_give_the_same_tags(make: Callable[[], TaggedGraph], modules: bool) -> None:
    graph = make()
    again = tagged(only(graph, WINML, keep={WINML}, modules=modules))
    assert {op.provenance.rule for op in again.ops} == {"metadata"}
    root = graph.modules[""].tag
    wanted = {op.id: f"/Model{op.tag}".rstrip("/") if root == "/" else op.tag for op in graph.ops}
    if modules:
        assert {op.id: op.module for op in again.ops} == {op.id: op.module for op in graph.ops}
    else:
        # Told from siblings by its class, a module may need less of its name.
        assert [op.tag.count("/") for op in again.ops] == [
            wanted[op.id].count("/") for op in again.ops
        ]
        same = {wanted[op.id]: op.tag for op in again.ops}
        assert len(set(same.values())) == len(same)


def notes(proto: onnx.ModelProto) -> list[list[tuple[str, str]]]:
    return [
        [(one.key, one.value) for one in node.metadata_props]
        for inner in all_graphs(proto)
        for node in inner.node
    ]


def test_old_texts_under_the_keys_are_replaced() -> None:
    graph = with_classes()
    first = onnx.ModelProto.FromString(graph.to_bytes(also=OTHER_KEYS))
    for node in first.graph.node:
        for one in node.metadata_props:
            if one.key == "layer_ann":
                one.value = "somebody's"
    again = onnx.ModelProto.FromString(tagged(first).to_bytes(also=OTHER_KEYS))
    for keys in ([key for key, _ in one] for one in notes(again)):
        assert len(set(keys)) == len(keys)
        assert {"layer_ann", WINML, "winml.hierarchy.depth"} <= set(keys)
    assert notes(again) == notes(onnx.ModelProto.FromString(graph.to_bytes(also=OTHER_KEYS)))


def test_what_nobody_asked_for_stays_as_it_is() -> None:
    proto = onnx.ModelProto.FromString(layers().to_bytes(also=["layer_ann"]))
    for node in proto.graph.node:
        next(one for one in node.metadata_props if one.key == "layer_ann").value = "mine"
    saved = onnx.ModelProto.FromString(tagged(proto).to_bytes())
    assert all(("layer_ann", "mine") in one for one in notes(saved))


def test_the_rest_of_the_file_is_the_same() -> None:
    graph = with_classes()
    plain = onnx.ModelProto.FromString(graph.to_bytes())
    more = onnx.ModelProto.FromString(graph.to_bytes(also=OTHER_KEYS))
    for inner in all_graphs(more):
        for node in inner.node:
            kept = [one for one in node.metadata_props if one.key.startswith(("hexviz.", "pkg."))]
            kept = [onnx.StringStringEntryProto.FromString(one.SerializeToString()) for one in kept]
            del node.metadata_props[:]
            node.metadata_props.extend(kept)
    assert more.graph == plain.graph


def annotate(proto: onnx.ModelProto, texts: Mapping[str, str] | Callable[[str], str]) -> None:
    for node in proto.graph.node:
        text = texts(node.name) if callable(texts) else texts.get(node.output[0], "")
        if text:
            node.metadata_props.add(key="layer_ann", value=text)


def test_groups_of_olive_are_not_taken_for_modules() -> None:
    proto = onnx.ModelProto.FromString(synthetic(60, "names"))
    before = tagged(proto)
    annotate(proto, lambda name: "attention_layer" if "attention" in name else "mlp_layer")
    after = tagged(proto)
    assert [op.module for op in after.ops] == [op.module for op in before.ops]
    assert [module.fqn for module in after.modules] == [module.fqn for module in before.modules]


def test_groups_are_modules_where_nothing_else_is() -> None:
    proto = parse("m (float[N] x) => (float[N] z) { a = Relu(x) b = Abs(a) z = Sqrt(b) }")
    annotate(proto, {"a": "embedding_layer", "b": "attention_layer", "z": "attention_layer"})
    graph = tagged(proto)
    found = {op.id: op.module for op in graph.ops}
    assert found == {"a": "embedding_layer", "b": "attention_layer", "z": "attention_layer"}


def test_paths_that_agree_with_weights_are_believed() -> None:
    proto = onnx.ModelProto.FromString(synthetic(60, "metadata"))
    modules = {op.id: op.module for op in tagged(proto).ops}
    for node in proto.graph.node:
        del node.metadata_props[:]
    annotate(proto, {one: module for one, module in modules.items() if module})
    graph = tagged(proto)
    for op in graph.ops:
        if modules[op.id]:
            assert (op.module, op.provenance.rule) == (modules[op.id], "metadata")


@pytest.mark.parametrize("wrong", ["a..b", ".a", "a.", "x." * 200 + "x", "."])
def test_what_is_no_path_is_no_module(wrong: str) -> None:
    proto = parse("m (float[N] x) => (float[N] z) { a = Relu(x) z = Sqrt(a) }")
    annotate(proto, {"a": wrong, "z": "enc"})
    graph = tagged(proto)
    assert graph.op("z").module == "enc"
    assert {module.fqn for module in graph.modules} <= {"", "enc"}


def test_hexviz_own_keys_and_pytorchs_come_first() -> None:
    graph = with_classes()
    for keep in ({"layer_ann", "hexviz."}, {"layer_ann", "pkg."}):
        proto = onnx.ModelProto.FromString(graph.to_bytes(also=["layer_ann"]))
        for node in proto.graph.node:
            kept = [
                (one.key, "enc.second" if one.key == "layer_ann" else one.value)
                for one in node.metadata_props
                if one.key.startswith(tuple(keep))
            ]
            del node.metadata_props[:]
            for key, value in kept:
                node.metadata_props.add(key=key, value=value)
        assert {op.id: op.module for op in tagged(proto).ops if not op.body} == {
            op.id: op.module for op in graph.ops if not op.body
        }


def test_a_key_that_nobody_reads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match=r"foo is no key .* give layer_ann or winml.hierarchy.tag"):
        layers().save(tmp_path / "out.onnx", also=["foo"])
    assert not list(tmp_path.iterdir())


def test_the_command_writes_them(run: Run, tmp_path: Path) -> None:
    source, target = tmp_path / "in.onnx", tmp_path / "out.onnx"
    source.write_bytes(synthetic(60, "metadata"))
    code, _, _ = run("tag", source, "-o", target, "--also", "layer_ann", "--also", WINML)
    assert code == 0
    keys = {one.key for one in onnx.load(target).graph.node[9].metadata_props}
    assert {"layer_ann", WINML, "winml.hierarchy.depth", "hexviz.module"} <= keys
    code, _, err = run("tag", source, "-o", tmp_path / "x.onnx", "--also", "layers")
    assert code == 2
    assert "layers is no key that hexviz writes" in err
    assert not (tmp_path / "x.onnx").exists()


ASSIGNED = """
import sys
import onnxruntime as ort

options = ort.SessionOptions()
options.log_severity_level = 1
options.add_session_config_entry("session.layer_assignment_settings", sys.argv[2])
ort.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
"""


def test_the_runtime_takes_rules_for_modules(tmp_path: Path) -> None:
    """With one provider there is nothing to choose; that its reader takes paths can be seen."""
    proto = parse("m (float[2] x) => (float[2] z) { a = Relu(x) z = Sqrt(a) }")
    graph = tagged(scoped(proto, {"a": "encoder.layer.1", "z": "encoder.layer.10"}))
    graph.save(tmp_path / "model.onnx", also=["layer_ann"])
    rule = "cpu(=encoder.layer.1, encoder.layer.1.)"
    done = subprocess.run(
        [sys.executable, "-c", ASSIGNED, tmp_path / "model.onnx", rule],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Parsed 2 annotation-based layering rules" in done.stderr
    assert "Matched 2 out of 2 rules to available Execution Providers" in done.stderr
