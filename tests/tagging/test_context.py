"""Context against an independent brute-force reading of its definition."""

from functools import reduce
from itertools import pairwise

import networkx as nx
import onnx
from hypothesis import given

from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.sentence import context_sentence
from tests.build import parse, scoped, tagged
from tests.tagging.random_graphs import models


def nearest_primary(graph: TaggedGraph, op_id: str, *, down: bool) -> set[str]:
    """Primary ops reachable through auxiliary ops alone, by plain search."""
    edges = graph.to_networkx()
    step = edges.successors if down else edges.predecessors
    found, seen, pending = set(), {op_id}, [op_id]
    while pending:
        for near in step(pending.pop()):
            if near in seen:
                continue
            seen.add(near)
            if graph.op(near).auxiliary is None:
                found.add(near)
            else:
                pending.append(near)
    return found


@given(models())
def test_context_is_where_the_nearest_primary_ops_meet(proto: onnx.ModelProto) -> None:
    graph = tagged(proto)
    for op in graph.ops:
        if op.auxiliary is None:
            continue
        assert op.context is not None
        for down, expected in ((True, "consumers"), (False, "producers")):
            primary = nearest_primary(graph, op.id, down=down)
            if primary:
                break
        else:
            assert (op.context.rule, op.context.module, op.context.users) == ("root", "", ())
            continue
        users = {graph.op(one).module for one in primary}
        meeting = reduce(names.common_ancestor, sorted(users))
        assert op.context.rule == expected
        assert set(op.context.users) == users
        assert op.context.module == graph.modules.nearest(meeting)


@given(models())
def test_the_chain_is_a_shortest_path_to_a_primary_op(proto: onnx.ModelProto) -> None:
    graph = tagged(proto)
    edges = graph.to_networkx()
    for op in graph.ops:
        if op.context is None or op.context.rule == "root":
            continue
        path = [op.id, *op.context.evidence]
        steps = list(pairwise(path))
        forward = op.context.rule == "consumers"
        assert all(edges.has_edge(*(step if forward else step[::-1])) for step in steps)
        assert graph.op(path[-1]).auxiliary is None
        assert all(graph.op(one).auxiliary for one in path[:-1])
        lengths = nx.single_source_shortest_path_length(
            edges if forward else edges.reverse(), op.id
        )
        targets = nearest_primary(graph, op.id, down=forward)
        assert len(path) - 1 == min(lengths[one] for one in targets)


def test_a_mask_runs_in_the_model_and_serves_the_attention() -> None:
    graph = tagged(
        scoped(
            parse("""g (float[2] x, int64[2] mask) => (float[2] y) {
        m = Cast <to = 1> (mask)
        s = Softmax (x)
        y = Add (s, m)
    }"""),
            {"m": "", "s": "att", "y": "att"},
        )
    )
    op = graph.op("m")
    assert op.module == ""
    assert op.context is not None
    assert (op.context.module, op.context.evidence) == ("att", ("y",))


def test_a_long_chain_still_ends_at_the_primary_op() -> None:
    lines = "".join(f"  v{at + 1} = Identity (v{at})\n" for at in range(60))
    proto = parse(f"g (float[2] v0) => (float[2] y) {{\n{lines}  y = Relu (v60)\n}}")
    graph = tagged(scoped(proto, {f"v{at}": "" for at in range(1, 61)} | {"y": "deep.mod"}))
    context = graph.op("v1").context
    assert context is not None
    assert context.evidence[-1] == "y"
    assert len(context.evidence) == 32
    told = context_sentence(graph, graph.op("v1"))
    assert told is not None
    assert told == (
        "Needed by Relu “y” in /Module/Module/Module, via Identity → Identity → … → Identity."
    )
