"""What holds on every graph: coverage, the bound, and independence of names and of listings."""

from collections.abc import Sequence
from random import Random

import onnx
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from benchmarks.sorting import shuffle
from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.flatten import flatten
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import ORIGINS, RULES
from hexviz.model.reader import from_proto
from hexviz.tagging.declare import declare
from hexviz.tagging.inherit import inherit
from hexviz.tagging.order import evaluation_order, execution_order
from tests.build import tagged
from tests.tagging.random_graphs import models, repeated


@given(models())
def test_every_op_has_a_module_of_the_tree_and_a_reason(proto: onnx.ModelProto) -> None:
    graph = tagged(proto)
    assert len(graph.ops) == len(proto.graph.node)
    assert len(graph.positions) == len(graph.ops)
    for op in graph.ops:
        why = op.provenance
        assert op.module in graph.modules
        assert op.tag == graph.modules[op.module].tag
        assert why.module == op.module
        assert why.origin in ORIGINS
        assert RULES[why.rule] == why.origin
        assert 0 <= why.confidence <= 1
        assert all(one in graph.positions for one in why.evidence)
        assert (op.context is not None) == (op.auxiliary is not None)


def allowed(graph: TaggedGraph, at: int, order: Sequence[int], declared: set[int]) -> set[str]:
    """What order and dataflow leave of the tree for one op, found the slow way."""
    place = list(order).index(at)
    before = [graph.ops[one].module for one in order[:place] if one in declared][-1:] or [""]
    after = [graph.ops[one].module for one in order[place + 1 :] if one in declared][:1] or [""]
    bound = names.common_ancestor(before[0], after[0])
    inside = set(names.ancestors(before[0]) + names.ancestors(after[0]))
    # A module that nothing is declared for may have been open anywhere in what was open.
    settled = {above for one in declared for above in names.ancestors(graph.ops[one].module)}
    inside |= {
        module.fqn
        for module in graph.modules
        if all(above in inside or above not in settled for above in names.ancestors(module.fqn))
    }
    return {graph.modules.nearest(fqn) for fqn in inside if names.is_within(fqn, bound)}


@settings(max_examples=300)
@given(models() | repeated(), st.booleans())
def test_an_inherited_module_lies_where_order_and_dataflow_allow(
    proto: onnx.ModelProto, shuffled: bool
) -> None:
    graph = tagged(shuffle(proto, seed=1) if shuffled else proto)
    declared = {at for at, op in enumerate(graph.ops) if op.provenance.origin == "declared"}
    if not declared:
        assert {op.provenance.rule for op in graph.ops} == {"root"}
        return
    order, _ = execution_order(
        graph.flat, {at: graph.ops[at].provenance for at in sorted(declared)}
    )
    for at, op in enumerate(graph.ops):
        if at not in declared:
            assert op.module in allowed(graph, at, order, declared)
        if op.provenance.rule == "producers" and op.provenance.evidence:
            # Not only open before it: what it computes comes from there.
            source = graph.positions[op.provenance.evidence[0]]
            assert source in ancestors(graph, at)
        if op.provenance.rule == "consumers":
            assert any(
                at in ancestors(graph, graph.positions[one]) for one in op.provenance.evidence
            )


def ancestors(graph: TaggedGraph, at: int) -> set[int]:
    """Every op that an op depends on."""
    found: set[int] = set()
    waiting = [at]
    while waiting:
        sources = set(graph.flat.predecessors[waiting.pop()]) - found
        found |= sources
        waiting.extend(sources)
    return found


@settings(max_examples=50)
@given(models() | repeated())
def test_names_of_ops_and_values_do_not_matter(proto: onnx.ModelProto) -> None:
    renamed = onnx.ModelProto()
    renamed.CopyFrom(proto)
    new = {"": ""}
    for at, name in enumerate(
        [
            *(one.name for one in proto.graph.input),
            *(out for node in proto.graph.node for out in node.output),
        ]
    ):
        new[name] = f"q{97 * (at + 1) % 101}x{at}"
    for info in (*renamed.graph.input, *renamed.graph.output):
        info.name = new[info.name]
    for node in renamed.graph.node:
        node.input[:] = [new[one] for one in node.input]
        node.output[:] = [new[one] for one in node.output]
    one, two = tagged(proto), tagged(renamed)
    assert [(op.module, op.provenance.rule, op.provenance.confidence) for op in one.ops] == [
        (op.module, op.provenance.rule, op.provenance.confidence) for op in two.ops
    ]


@settings(max_examples=50)
@given(models(), st.integers(0, 9))
def test_a_lost_order_is_rebuilt_from_dataflow_alone(proto: onnx.ModelProto, seed: int) -> None:
    """However a file lists its ops, the rebuilt order of those that matter is one and the same."""
    flat = flatten(from_proto(proto, name="one").proto)
    other = flatten(from_proto(shuffle(proto, seed), name="two").proto)

    def used(graph: FlatGraph) -> list[str]:
        """The ids of the ops that the output depends on, in rebuilt order."""
        order = [graph.ops[at].id for at in evaluation_order(graph)]
        return order[: order.index(proto.graph.output[0].name) + 1]

    assert used(flat) == used(other)
    for graph in (flat, other):
        place = {at: index for index, at in enumerate(evaluation_order(graph))}
        assert len(place) == len(graph.ops)
        assert all(place[edge.source] < place[edge.target] for edge in graph.edges)


@settings(max_examples=50)
@given(models(), st.randoms(use_true_random=False))
def test_the_order_of_dictionaries_does_not_matter(proto: onnx.ModelProto, random: Random) -> None:
    flat = flatten(from_proto(proto, name="one").proto)
    found = declare(flat, {})
    items, modules = list(found.provenance.items()), list(found.modules.items())
    one = inherit(flat, dict(items), dict(modules))
    random.shuffle(items)
    random.shuffle(modules)
    assert inherit(flat, dict(items), dict(modules)) == one


def test_repeated_graphs_reach_doubles_and_habits() -> None:
    """The properties above are worth something only if such ops occur."""
    for rule in ("trace", "consumers"):
        find(
            repeated(),
            lambda proto, rule=rule: any(
                op.provenance.witnesses and op.provenance.rule == rule for op in tagged(proto).ops
            ),
            # That there is one is enough: it need not be the smallest.
            settings=settings(max_examples=10_000, database=None, phases=[Phase.generate]),
            random=Random(3),  # noqa: S311 - one search, always the same; others take longer
        )
