"""Split a model into parts, run them in order, and get what the whole gives."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexviz.errors import ExtractionError, SelectionError, WriteError
from hexviz.extraction.split import MANIFEST, Split, partition, split, top_modules
from hexviz.model.graph import TaggedGraph
from tests.build import parse, scoped, tagged
from tests.extraction.test_hard_cases import graphs
from tests.tagging.random_graphs import FQNS

# enc runs, head runs, enc runs again; k is shared, and s belongs to nobody.
NET = """g (float[2,3] x) => (float[2,3] y, float[2,3] x, float[3] w) <float[3] w = {1, 2, 3}> {
    k = Constant <value = float[3] {4, 5, 6}> ()
    a = Add (x, k)
    b = Mul (a, w)
    s = Neg (b)
    c = Add (s, k)
    y = Sub (c, a)
}"""
SCOPES = {"k": "", "a": "enc", "b": "head", "s": "", "c": "enc", "y": "enc.out"}


@pytest.fixture
def graph() -> TaggedGraph:
    return tagged(scoped(parse(NET), SCOPES))


def test_a_module_is_divided_where_dataflow_leaves_it(graph: TaggedGraph) -> None:
    pieces = partition(graph, ["enc", "head"])
    outputs = [[graph.proto.graph.node[one].output[0] for one in piece.nodes] for piece in pieces]
    assert [piece.module for piece in pieces] == ["enc", "head", "", "enc"]
    assert outputs == [["a"], ["b"], ["s"], ["c", "y"]]


CHAIN = """g (float[2] x) => (float[2] f) <float[2] w = {1, 2}> {
    v = Neg (w)
    a = Add (x, v)  b = Exp (a)  c = Abs (b)  d = Neg (c)  e = Tanh (d)  f = Relu (e)
}"""


@pytest.mark.parametrize(
    ("homes", "expected"),
    [
        # Right below the root there is more than one.
        (["m.a", "m.a", "m.b", "m.b", "head", "head"], ["m", "head"]),
        # One module wraps all, or two do.
        (["m.a", "m.a", "m.b", "m.b", "m.c", "m.c"], ["m.a", "m.b", "m.c"]),
        (["m.n.a", "m.n.a", "m.n.l.0", "m.n.l.0", "m.n.l.1", "m.n.l.1"],
         ["m.n.a", "m.n.l"]),
        # The root, or the wrapper, has few ops of its own beside it.
        (["", "m.a", "m.a", "m.b", "m.b", "m"], ["m.a", "m.b"]),
        # It has most of them: what is in it is not what the model is made of.
        (["", "", "", "", "m.a", "m.b"], ["m"]),
        # Nowhere is there more than one.
        (["m.a", "m.a", "m.a", "m.a", "m.a", "m.a"], ["m"]),
        (["m", "m", "m.a", "m.a", "m", "m"], ["m.a"]),
        # Without a module below the root there is nothing to split by.
        ([""] * 6, []),
    ],
)  # fmt: skip
def test_a_module_that_wraps_everything_is_passed(homes: list[str], expected: list[str]) -> None:
    names = dict(zip("abcdef", homes, strict=True)) | {"v": "weights"}
    graph = tagged(scoped(parse(CHAIN), names))
    found = top_modules(graph)
    assert list(found) == (expected or ["weights"])
    if expected:
        divided = split(graph)
        assert divided.verify().ok
        assert {part.selected.modules for part in divided.parts.values()} - {frozenset({""})} == {
            frozenset({name}) for name in expected
        }


def test_a_module_that_runs_in_a_body_alone_cannot_be_split_by() -> None:
    proto = parse("""g (float[2] x, bool c) => (float[2] y) {
        h = If (c) <then_branch = t () => (float[2] o) { o = Neg (x) },
                    else_branch = e () => (float[2] p) { p = Exp (x) }>
        y = Relu (h)
    }""")
    scopes, kinds = repr(["", "m", "m.inner", "op"]), repr(["M", "M", "M", "aten.op"])
    inner = proto.graph.node[0].attribute[0].g.node[0]
    inner.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=scopes)
    inner.metadata_props.add(key="pkg.torch.onnx.class_hierarchy", value=kinds)
    graph = tagged(scoped(proto, {"h": "m", "y": "head"}))
    with pytest.raises(
        SelectionError, match=r"m\.inner runs inside of If h \(in m\), .*: name a module around it"
    ):
        split(graph, ["m.inner"])
    assert [part.selected.modules for part in split(graph, ["m"]).parts.values()] == [
        frozenset({"m"}),
        frozenset({""}),
    ]


def test_inner_modules_take_from_outer_ones(graph: TaggedGraph) -> None:
    pieces = partition(graph, ["enc", "enc.out"])
    assert [piece.module for piece in pieces] == ["enc", "", "enc", "enc.out"]


def test_the_parts_give_what_the_whole_gives(graph: TaggedGraph) -> None:
    divided = split(graph)
    assert list(divided.parts) == ["01-enc.onnx", "02-head.onnx", "03-model.onnx", "04-enc.onnx"]
    verified = divided.verify()
    assert verified.ok
    assert [one.name for one in verified.outputs] == ["y", "x", "w"]


def test_a_wrong_part_is_seen(graph: TaggedGraph) -> None:
    divided = split(graph)
    divided.parts["02-head.onnx"].model.graph.node[0].op_type = "Add"
    verified = divided.verify()
    assert not verified.ok
    assert [one.name for one in verified.outputs if not one.ok] == ["y"]


def test_parts_in_a_wrong_order_are_seen(graph: TaggedGraph) -> None:
    divided = split(graph)
    backwards = Split(graph, dict(reversed(divided.parts.items())))
    verified = backwards.verify()
    assert not verified.ok
    assert verified.message.startswith("Part 1 cannot be run: Nothing is given for the input")


def test_files_run_as_the_manifest_says(graph: TaggedGraph, tmp_path: Path) -> None:
    split(graph).save(tmp_path / "parts")
    manifest = json.loads((tmp_path / "parts" / MANIFEST).read_text())
    x = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
    values = {"x": x}
    made = {}
    for part in manifest["parts"]:
        session = onnxruntime.InferenceSession(
            tmp_path / "parts" / part["file"], providers=["CPUExecutionProvider"]
        )
        for one in part["inputs"]:
            assert made.get(one["name"]) == one["from"]
        names = [one["name"] for one in part["outputs"]]
        got = session.run(names, {one["name"]: values[one["name"]] for one in part["inputs"]})
        values |= zip(names, got, strict=True)
        made |= dict.fromkeys(names, part["file"])
    whole = onnxruntime.InferenceSession(
        graph.proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    expected = whole.run(None, {"x": x})
    for one, right in zip(manifest["outputs"], expected, strict=True):
        np.testing.assert_array_equal(values[one["name"]], right)
    assert {one["module"] for one in manifest["parts"]} == {"enc", "head", ""}


def test_nothing_is_written_over(graph: TaggedGraph, tmp_path: Path) -> None:
    (tmp_path / "03-model.onnx").write_text("mine")
    with pytest.raises(WriteError, match=r"03-model\.onnx is in the way: choose an empty folder"):
        split(graph).save(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["03-model.onnx"]


def test_a_model_without_modules_is_not_split() -> None:
    flat = tagged(parse("g (float[2] x) => (float[2] y) { y = Neg (x) }"))
    with pytest.raises(SelectionError, match="Nothing to split by"):
        split(flat)


@given(graphs(), st.lists(st.sampled_from(FQNS), min_size=1, max_size=3))
@settings(max_examples=40)
def test_any_partition_of_a_random_graph_stitches(
    proto: onnx.ModelProto, modules: list[str]
) -> None:
    graph = tagged(proto)
    try:
        divided = split(graph, modules)
    except SelectionError:
        return  # this graph has no such module
    verified = divided.verify()
    assert verified.ok, verified.message


def test_a_long_name_makes_no_long_file_name(tmp_path: Path) -> None:
    name = "ü" * 300
    graph = tagged(scoped(parse(NET), {**SCOPES, "a": name, "y": "../up"}))
    split(graph).save(tmp_path / "parts")
    names = [one.name for one in (tmp_path / "parts").iterdir()]
    assert max(len(one.encode()) for one in names) < 200
    assert all(one.is_file() for one in (tmp_path / "parts").iterdir())
    assert [one.name for one in tmp_path.iterdir()] == ["parts"]


def test_a_split_that_fails_leaves_nothing(graph: TaggedGraph, tmp_path: Path) -> None:
    divided = split(graph)
    divided.parts["03-model.onnx"].model.graph.node[0].op_type = "Nag"
    with pytest.raises(ExtractionError, match=r"The part 03-model\.onnx is not valid"):
        divided.save(tmp_path / "parts")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "02-head.onnx.data").write_text("mine")
    with pytest.raises(WriteError, match=r"02-head\.onnx\.data is in the way"):
        split(graph).save(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["02-head.onnx.data"]


def test_a_constant_of_another_domain_is_an_op_like_any() -> None:
    """ONNX Runtime itself takes it for ONNX's, so it is only divided here."""
    text = """<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
    g (float[2] x) => (float[2] y) { c = local.Constant (x)  y = Neg (c) }
    <domain: "local", opset_import: ["" : 20]> Constant (u) => (v) { v = Abs (u) }"""
    graph = tagged(scoped(parse(text), {"c": "one", "y": "two"}))
    assert list(split(graph).parts) == ["01-one.onnx", "02-two.onnx"]
