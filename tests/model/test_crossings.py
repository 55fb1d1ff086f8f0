from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hexviz.model.flat import Crossing
from hexviz.model.graph import TaggedGraph
from tests.build import parse, tagged

DIAMOND = """g (float[2] x) => (float[2] y, float[2] z) <float[2] w = {1, 2}> {
    a = Add (x, w)
    b = Neg (a)
    c = Mul (a, w)
    y = Add (b, c)
    z = Abs (x)
}"""

LOOP = """g (int64 n, bool c, float[2] x) => (float[2] y) {
    k = Abs (x)
    y = Loop (n, c, x) <body = b (int64 i, bool t, float[2] s) => (bool u, float[2] r) {
        u = Identity (t)
        m = Add (s, k)
        r = Neg (m)
    }>
}"""

FUNCTION = """<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
g (float[2] x) => (float[2] y) { a = Neg (x) y = local.twice (a) }
<domain: "local", opset_import: ["" : 20]>
twice (v) => (r) { r = Add (v, v) }"""


def at(graph: TaggedGraph, *op_ids: str) -> list[int]:
    return [graph.positions[op_id] for op_id in op_ids]


def names(
    graph: TaggedGraph, found: tuple[Crossing, ...]
) -> dict[str, tuple[str | None, list[str]]]:
    """Value → the ids of its source and readers."""
    return {
        one.value: (
            None if one.source is None else graph.ops[one.source].id,
            [graph.ops[reader].id for reader in one.readers],
        )
        for one in found
    }


def test_producers_and_readers() -> None:
    graph = tagged(parse(DIAMOND))
    flat = graph.flat
    assert flat.makers["a"] == graph.positions["a"]
    assert flat.makers.keys().isdisjoint({"x", "w"})
    assert list(flat.readers("a")) == at(graph, "b", "c")
    assert list(flat.readers("x")) == at(graph, "a", "z")
    assert list(flat.readers("w")) == at(graph, "a", "c")
    assert flat.readers("y") == ()


def test_what_crosses_into_a_set_of_ops_and_out_of_it() -> None:
    graph = tagged(parse(DIAMOND))
    inside = at(graph, "b", "c")
    assert names(graph, graph.flat.entering(inside)) == {"a": ("a", ["b", "c"])}
    assert names(graph, graph.flat.leaving(inside)) == {"b": ("b", ["y"]), "c": ("c", ["y"])}


def test_model_inputs_enter_model_outputs_leave_and_weights_do_not_cross() -> None:
    graph = tagged(parse(DIAMOND))
    everything = range(len(graph.ops))
    assert names(graph, graph.flat.entering(everything)) == {"x": (None, ["a", "z"])}
    assert names(graph, graph.flat.leaving(everything)) == {"y": ("y", []), "z": ("z", [])}


def test_the_most_read_comes_first() -> None:
    graph = tagged(parse(DIAMOND))
    assert [one.value for one in graph.flat.entering(at(graph, "b", "c", "z"))] == ["a", "x"]


def test_no_ops_have_no_border() -> None:
    graph = tagged(parse(DIAMOND))
    assert graph.flat.entering([]) == graph.flat.leaving([]) == ()


def test_a_body_is_fed_by_the_op_that_owns_it_and_read_by_it() -> None:
    graph = tagged(parse(LOOP))
    inside = at(graph, "y/body/m", "y/body/r")
    assert names(graph, graph.flat.entering(inside)) == {
        "k": ("k", ["y/body/m"]),
        "y/body/s": ("y", ["y/body/m"]),
    }
    assert names(graph, graph.flat.leaving(inside)) == {"y/body/r": ("y/body/r", ["y"])}
    assert list(graph.flat.readers("y/body/r")) == at(graph, "y")
    assert graph.flat.body_owners["y/body/s"] == graph.positions["y"]
    assert "x" not in graph.flat.body_owners
    # Between the loop and its body, nothing crosses the border of both.
    whole = at(graph, "y/body/u", "y/body/m", "y/body/r", "y")
    assert sorted(names(graph, graph.flat.entering(whole))) == ["c", "k", "n", "x"]


def test_what_a_function_is_given_has_no_source() -> None:
    graph = tagged(parse(FUNCTION))
    (inside,) = (op for op in graph.ops if op.body)
    (entering,) = graph.flat.entering([graph.positions[inside.id]])
    assert entering.source is None
    assert entering.value not in graph.flat.body_owners


@given(st.sets(st.integers(0, 4)))
def test_both_sides_of_a_border_agree(inside: set[int]) -> None:
    """What leaves a set for other ops is what enters the rest from it."""
    graph = tagged(parse(DIAMOND))
    flat = graph.flat
    outside = set(range(len(graph.ops))) - inside
    leaving = {(one.value, one.readers) for one in flat.leaving(inside) if one.readers}
    entering = {(one.value, one.readers) for one in flat.entering(outside) if one.source in inside}
    assert leaving == entering
