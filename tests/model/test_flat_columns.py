"""The columns of a flat graph, and the objects that are made of them when somebody looks."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnx.backend.test
import pytest

from hexviz.bench.synthetic import FLAVOURS, synthetic
from hexviz.model.flat import Edge, FlatGraph, FlatOp
from hexviz.model.flatten import flatten
from hexviz.model.rows import Rows
from tests.build import parse

SHIPPED = sorted((Path(onnx.backend.test.__file__).parent / "data").rglob("model.onnx"))

MIXED = """<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
g (float[2] x, bool c) => (float[2] z, float[2] r) {
   z = Add (p, q)
   h = Mul (x, x)
   p, q = Split <axis = 0> (h)
   y = If (c) <
     then_branch = g1 () => (float[2] h) { h = Add (h, x) },
     else_branch = g2 () => (float[2] h) { }
   >
   , m = Dropout (y)
   r = local.twice (y)
   n = Identity (nowhere)
}
<domain: "local", opset_import: ["" : 20]>
twice (v) => (w) { w = Neg (u)  u = Neg (v) }
"""


def eager(flat: FlatGraph) -> tuple[list[Edge], list[list[int]], list[list[int]]]:
    """Edges and neighbours on both sides, one op after the other."""
    paths = {
        (body.proto.domain, body.proto.name): body
        for body in flat.bodies
        if isinstance(body.proto, onnx.FunctionProto)
    }
    makers = {value: at for at, op in enumerate(flat.ops) for value in op.outputs if value}
    edges: list[Edge] = []
    before: list[list[int]] = []
    after: list[list[int]] = [[] for _ in flat.ops]
    for at, op in enumerate(flat.ops):
        read = [*op.inputs]
        for body in flat.bodies:
            if body.owner == op.id or body is paths.get((op.domain, op.op_type)):
                read += body.outputs
        known = [value for value in dict.fromkeys(read) if value in makers]
        edges += [Edge(makers[value], at, value) for value in known]
        before.append([*dict.fromkeys(makers[value] for value in known)])
        for source in before[-1]:
            after[source].append(at)
    assert flat.makers == makers
    return edges, before, after


def check(proto: onnx.ModelProto) -> None:
    flat = flatten(proto)
    edges, before, after = eager(flat)
    assert flat.edges == edges
    assert [*flat.edges] == [flat.edges[at] for at in range(len(edges))] == edges
    assert flat.predecessors == tuple(map(tuple, before))
    assert flat.successors == tuple(map(tuple, after))
    values = flat.edge_columns.values
    for slots, taken in ((flat.reads, "inputs"), (flat.makes, "outputs")):
        told = [
            (at, value) for at, op in enumerate(flat.ops) for value in getattr(op, taken) if value
        ]
        ops, numbers = slots.ops.tolist(), slots.numbers.tolist()
        assert [(at, values[number]) for at, number in zip(ops, numbers, strict=True)] == told
    assert [*flat.ops] == [flat.ops[at] for at in range(len(flat.ops))]
    nodes = {path: body.proto.node for path, *_, body in ((b.path, b) for b in flat.bodies)}
    for op in flat.ops:
        node = nodes[op.body][op.number]
        assert op.node == node
        assert (op.name, op.op_type) == (node.name, node.op_type)
        assert len(op.inputs) == len(node.input)
        assert len(op.outputs) == len(node.output)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_objects_say_what_the_columns_say_of_every_shipped_model(path: Path) -> None:
    check(onnx.load(path))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_and_of_synthetic_ones(flavour: str) -> None:
    check(onnx.load_model_from_string(synthetic(200, flavour)))


def test_and_of_bodies_functions_shadowed_names_and_files_that_are_not_sorted() -> None:
    proto = parse(MIXED)
    check(proto)
    flat = flatten(proto)
    assert {(flat.ops[e.source].id, flat.ops[e.target].id, e.value) for e in flat.edges} >= {
        ("h", "y/then_branch/h", "h"),
        ("h", "y", "h"),
        ("p", "z", "q"),
        ("function:local::twice/w", "r", "function:local::twice/w"),
    }
    assert flat.predecessors[flat.makers["z"]] == (flat.makers["p"],)


@pytest.mark.parametrize("text", [MIXED, None], ids=["bodies", "synthetic"])
def test_flattening_makes_no_object_for_an_op_or_an_edge(
    text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[type] = []
    for kind in (FlatOp, Edge):
        new = kind.__new__

        def counted(cls: type, *fields: object, new: object = new) -> object:
            made.append(cls)
            return new(cls, *fields)  # type: ignore[operator]

        monkeypatch.setattr(kind, "__new__", counted)
        monkeypatch.setattr(kind, "_make", classmethod(lambda cls, fields: cls(*fields)))
    proto = parse(text) if text else onnx.load_model_from_string(synthetic(200, "names"))
    flat = flatten(proto)
    assert made == []
    _ = flat.ops[0], flat.edges[0]
    assert made == [FlatOp, Edge]  # so they are counted


def test_names_of_values_are_shared_by_all_who_read_them() -> None:
    flat = flatten(onnx.load_model_from_string(synthetic(200, "metadata")))
    names = [name for op in flat.ops for name in (*op.inputs, *op.outputs)]
    assert len({*map(id, names)}) == len({*names})


def test_rows_are_a_sequence_like_any_other() -> None:
    rows = Rows(3, "abc".__getitem__, lambda: iter("abc"))
    assert rows == ["a", "b", "c"] == [*rows]
    assert (rows[-1], rows[1:], rows[::-1], len(rows)) == ("c", ("b", "c"), ("c", "b", "a"), 3)
    assert "b" in rows
    assert rows != ["a", "b"]
    assert rows != ["a", "b", "d"]
    assert rows != 3
    assert repr(rows) == "('a', 'b', 'c')"
    with pytest.raises(IndexError):
        rows[3]
