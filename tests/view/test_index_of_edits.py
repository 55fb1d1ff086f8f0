"""The index of an edited graph takes what depends on the file from the one before, and is equal."""

import random

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from hexviz.bench.synthetic import FLAVOURS, synthetic
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.override import override
from hexviz.tagging.tag import tag
from hexviz.view.cache import LayoutCache
from hexviz.view.first_view import first_view
from hexviz.view.index import FileFacts, Index, Placement, build_index
from hexviz.view.render import render

PLACEMENTS: tuple[Placement, ...] = ("module", "context")


def told(index: Index) -> list[object]:
    """All that an index says, and the picture that is drawn from it."""
    layouts = LayoutCache()
    arrays = (index.slot_of, index.op_at, index.source, index.target, index.value)
    found = [index.containers, index.hosts, index.calls, index.home, index.values, index.folded]
    lists = [one.tolist() for one in (*arrays, index.topological, index.live)]
    colours = {theme: dict(palette) for theme, palette in index.palettes.items()}
    drawn = render(index, first_view(index, layouts), "dark", layouts)
    return [*map(repr, found), lists, colours, drawn.elements]


def edits(graph: TaggedGraph, seed: int, steps: int) -> list[TaggedGraph]:
    """Graphs after random corrections, each on top of the one before, and undone ones."""
    chance = random.Random(seed)  # noqa: S311 - which ops move, nothing to guess
    modules = [module.fqn for module in graph.modules]
    ids = [op.id for op in graph.ops]
    found, changes = [], {}
    for _ in range(steps):
        if changes and chance.random() < 0.3:
            changes.pop(chance.choice(list(changes)))
        else:
            some = chance.sample(ids, chance.choice((1, 1, 1, 5)))
            changes |= dict.fromkeys(some, chance.choice(modules))
        found.append(override(graph, changes))
    return found


def with_body_and_function() -> onnx.ModelProto:
    """Three equal layers, of which each calls a function and has an If with two bodies."""
    twice = helper.make_function(
        "own", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"], "t")],
        [helper.make_opsetid("", 17)],
    )  # fmt: skip
    nodes, value = [], "x"
    for at in range(4):
        layer = f"/layer.{at}"
        branches = {
            f"{name}_branch": helper.make_graph(
                [helper.make_node(kind, [f"f{at}"], [f"{name}{at}"], f"{layer}/inner/{kind}")],
                name, [], [helper.make_tensor_value_info(f"{name}{at}", TensorProto.FLOAT, [2])],
            )
            for name, kind in (("then", "Neg"), ("else", "Abs"))
        }  # fmt: skip
        nodes += [
            helper.make_node("Twice", [value], [f"f{at}"], f"{layer}/act/Twice", domain="own"),
            helper.make_node("If", ["c"], [f"y{at}"], f"{layer}/choice/If", **branches),
        ]
        value = f"y{at}"
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2]),
         helper.make_tensor_value_info("c", TensorProto.BOOL, [])],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, [2])],
    )  # fmt: skip
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, functions=[twice], opset_imports=imports)


def check(graph: TaggedGraph, seed: int, steps: int) -> set[str]:
    """Hold the indexes of edits against ones built from nothing; the stacks there were."""
    facts = FileFacts(graph)
    stacks = set()
    for edited in [graph, *edits(graph, seed, steps), graph]:
        for placement in PLACEMENTS:
            shared = build_index(edited, placement, facts=facts)
            assert told(shared) == told(build_index(edited, placement))
            stacks.add(",".join(shared.stacks))
    return stacks


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**16), st.sampled_from(FLAVOURS))
def test_an_edits_index_is_the_one_built_from_nothing(seed: int, flavour: str) -> None:
    graph = tag(from_proto(onnx.load_model_from_string(synthetic(260, flavour)), name="graph"))
    check(graph, seed, 4)


@pytest.mark.parametrize("seed", range(6))
def test_bodies_and_functions_and_stacks_that_break_up_and_join(seed: int) -> None:
    graph = tag(from_proto(with_body_and_function(), name="graph"))
    assert len(check(graph, seed, 6)) > 1


def test_ops_are_compared_once_for_a_file_and_its_edits() -> None:
    graph = tag(from_proto(onnx.load_model_from_string(synthetic(260, "names")), name="graph"))
    first = build_index(graph)
    first.containers.hosts  # noqa: B018 - looks at all boxes
    known = first.facts.kinds(graph)
    edited = edits(graph, 1, 1)[0]
    index = build_index(edited, facts=first.facts)
    index.containers.hosts  # noqa: B018
    assert index.facts.kinds(edited) is known
    assert index.facts.flow is first.facts.flow
    assert index.facts.modules(edited.modules) is first.facts.modules(graph.modules)
