"""What a file alone tells of its ops, on one small graph that has each case."""

import numpy as np

from hexviz.model.flat import FlatGraph
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.structure import found_in, slices, starts_of, structure_of
from tests.build import parse, tagged

GRAPH = """g (float[2,2] x) => (float[2,2] y)
    <float[2,2] w = {1, 2, 3, 4}> {
    copy = Identity (w)
    shape = Shape (x)
    one = Constant <value_float = 1.0> ()
    block = Expand (one, shape)
    first = MatMul (x, copy)
    second = Clip (first, , one)
    same = Identity (x)
    y = Add (second, same)
}"""


def opened() -> tuple[TaggedGraph, list[str]]:
    graph = tagged(parse(GRAPH))
    return graph, list(graph.flat.columns.ids)


def flat_of(text: str) -> FlatGraph:
    return tagged(parse(text)).flat


def test_every_input_that_is_there_is_a_row() -> None:
    graph, ids = opened()
    structure = structure_of(graph.flat)
    values = graph.flat.edge_columns.values
    rows = zip(structure.readers, structure.slots, structure.read, strict=True)
    assert [(ids[at], slot, values[number]) for at, slot, number in rows] == [
        ("copy", 0, "w"),
        ("shape", 0, "x"),
        ("block", 0, "one"),
        ("block", 1, "shape"),
        ("first", 0, "x"),
        ("first", 1, "copy"),
        ("second", 0, "first"),
        ("second", 2, "one"),  # the second input is left out, and counts
        ("same", 0, "x"),
        ("y", 0, "second"),
        ("y", 1, "same"),
    ]
    assert dict(zip(ids, structure.arity.tolist(), strict=True))["second"] == 3


def test_a_value_has_a_maker_or_is_stored_or_is_an_input() -> None:
    graph, ids = opened()
    structure = structure_of(graph.flat)
    values = list(graph.flat.edge_columns.values)
    made = dict(zip(values, structure.makers.tolist(), strict=True))
    assert {value: ids[at] for value, at in made.items() if at >= 0} == {one: one for one in ids}
    assert {value for value, at in made.items() if at < 0} == {"x", "w"}
    assert [values[one] for one in np.flatnonzero(structure.weights)] == ["w"]
    assert structure.made_in[values.index("y")] == 0
    assert structure.made_in[values.index("x")] == -1


def test_neighbours_are_pairs_once_and_either_way_round_they_are_linked() -> None:
    graph, ids = opened()
    structure = structure_of(graph.flat)
    pairs = [
        (ids[one], ids[other])
        for one, other in zip(structure.sources, structure.targets, strict=True)
    ]
    assert len(pairs) == len(set(pairs)) == 7
    assert ("one", "second") in pairs
    ones = np.array([ids.index("y"), ids.index("same"), ids.index("copy")])
    others = np.array([ids.index("same"), ids.index("y"), ids.index("y")])
    assert structure.linked(ones, others).tolist() == [True, True, False]


def named(mask: np.ndarray, ids: list[str]) -> set[str]:
    return {ids[at] for at in np.flatnonzero(mask)}


def test_ops_that_no_data_reaches_are_static() -> None:
    graph, ids = opened()
    structure = structure_of(graph.flat)
    assert named(structure.static, ids) == {"copy", "shape", "one", "block"}
    assert named(structure.restoring, ids) == {"copy"}
    assert named(structure.reads_weight, ids) == {"copy"}
    assert named(structure.of_types({"Identity"}), ids) == {"copy", "same"}


def test_a_long_chain_is_static_to_its_end_and_so_are_many_side_by_side() -> None:
    """Some steps go op by op and some for all at once; both say the same."""
    chain = "c0 = Neg (w) " + " ".join(f"c{at + 1} = Neg (c{at})" for at in range(200))
    wide = " ".join(f"a{at} = Neg (w) b{at} = Abs (a{at})" for at in range(200))
    head = "g (float[2] x) => (float[2] y) <float[2] w = {1, 2}>"
    flat = flat_of(f"{head} {{ {chain} {wide} y = Add (x, c200) }}")
    assert named(structure_of(flat).static, list(flat.columns.ids)) == {
        one for one in flat.columns.ids if one != "y"
    }


def test_doubles_share_a_print_as_far_as_their_surroundings_are_equal() -> None:
    blocks = " ".join(f"m{at} = MatMul (x, w) r{at} = Relu (m{at})" for at in range(3))
    ends = "e0 = Neg (r0) e1 = Neg (r1) e2 = Abs (r2)"
    head = "g (float[2,2] x) => (float[2,2] e0) <float[2,2] w = {1, 2, 3, 4}>"
    flat = flat_of(f"{head} {{ {blocks} {ends} }}")
    ids = list(flat.columns.ids)
    near, further, *_ = [
        dict(zip(ids, group.tolist(), strict=True)) for group in structure_of(flat).prints
    ]
    assert near["m0"] == near["m1"] == near["m2"] != near["r0"]  # one step ends at the Relu
    assert near["r0"] == near["r1"] != near["r2"]
    assert further["m0"] == further["m1"] != further["m2"]


def test_a_weight_is_another_surrounding_than_an_input_of_the_model() -> None:
    text = """g (float[2,2] x) => (float[2,2] a)
        <float[2,2] w = {1, 2, 3, 4}, float[2,2] v = {1, 2, 3, 4}> {
        a = MatMul (x, w)  b = MatMul (x, v)  c = MatMul (x, x)  d = MatMul (w, x)
    }"""
    a, b, c, d = structure_of(flat_of(text)).prints[0]
    assert a == b
    assert len({a, c, d}) == 3


def test_streams_are_the_bodies_and_paths_are_kept_with_the_graph() -> None:
    text = """g (float[2] x, bool c) => (float[2] y) {
        y = If (c) <
            then_branch = t () => (float[2] a) { a = Neg (x) },
            else_branch = e () => (float[2] b) { b = Abs (x) }
        >
    }"""
    flat = flat_of(text)
    structure = structure_of(flat)
    bodies = [structure.stream_names[one] for one in structure.streams]
    assert bodies == list(flat.columns.bodies)
    assert len(set(bodies)) == 3
    ranks = dict(zip(bodies, structure.stream_ranks.tolist(), strict=True))
    assert sorted(ranks, key=ranks.__getitem__) == sorted(ranks)
    assert structure_of(flat) is structure


def test_lists_by_position() -> None:
    starts = starts_of(np.array([0, 0, 2, 2, 2]), 4)
    assert starts.tolist() == [0, 2, 2, 5, 5]
    places, whose = slices(starts, np.array([2, 1, 0]))
    assert places.tolist() == [2, 3, 4, 0, 1]
    assert whose.tolist() == [0, 0, 0, 2, 2]
    assert found_in(np.array([1, 4, 9]), np.array([0, 4, 9, 10])).tolist() == [
        False,
        True,
        True,
        False,
    ]
    assert not found_in(np.array([], np.int64), np.array([3])).any()
