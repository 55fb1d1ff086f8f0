"""Opening makes no object for each op; who looks at one gets the same as who looks at all."""

import gc
from collections import Counter

import pytest

from hexviz.bench.synthetic import FLAVOURS, synthetic
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import Module
from hexviz.model.op import Context, Op, Provenance
from hexviz.model.op_sequence import OpSequence
from hexviz.model.reader import parse
from hexviz.tagging.audit import audit
from hexviz.tagging.override import override
from hexviz.tagging.pack import Packed, pack
from hexviz.tagging.tag import tag

OPS = 500


def opened(flavour: str) -> TaggedGraph:
    return tag(parse(synthetic(OPS, flavour), name="synthetic"))


def objects() -> Counter[type]:
    """How many objects there are of each kind that an op or module may have."""
    kinds = (Op, Context, Provenance, Module)
    return Counter(type(one) for one in gc.get_objects() if type(one) in kinds)


@pytest.mark.parametrize("flavour", ["metadata", "names", "nothing"])
def test_opening_makes_no_object_for_each_op(flavour: str) -> None:
    before = objects()
    graph = opened(flavour)
    columns = graph.columns
    assert len(graph.ops) == len(columns.modules) > OPS
    assert (objects() - before).total() <= 1  # of a file that says nothing, the reason of all
    assert all(op.provenance for op in graph.ops)
    assert (objects() - before)[Op] == len(graph.ops)  # so they would have been seen


@pytest.mark.parametrize("flavour", ["metadata", "names", "names, 60 % blanked"])
def test_one_op_is_as_it_is_among_all(flavour: str) -> None:
    alone, together = opened(flavour), opened(flavour)
    assert [alone.ops[at] for at in range(len(alone.ops))] == list(together.ops)
    assert alone.ops == together.ops
    assert alone.ops == tuple(together.ops)
    assert alone.ops[1:] != together.ops
    assert alone.ops[-1] == together.ops[len(together.ops) - 1]
    assert alone.ops[3:7] == tuple(together.ops)[3:7]
    with pytest.raises(IndexError):
        alone.ops[len(alone.ops)]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_reasons_told_all_at_once_are_those_of_each_op(flavour: str) -> None:
    """Saving asks for all of them together, before any is an object."""
    ops = opened(flavour).ops
    assert isinstance(ops, OpSequence)
    at_once = [Provenance(*fields) for fields in ops.provenance.all_fields()]
    assert at_once == [op.provenance for op in opened(flavour).ops]


def test_modules_are_made_one_by_one_with_their_ops() -> None:
    graph = opened("names")
    module = graph.modules["encoder.layer.3.attention.self"]
    assert module.ops == tuple(op.id for op in graph.ops if op.module == module.fqn)
    assert graph.modules[module.fqn] is module
    assert sum(len(one.ops) for one in graph.modules) == len(graph.ops)


def test_ops_share_what_a_record_says_of_all_of_them() -> None:
    graph = opened("metadata")
    one, other = (op for op in graph.ops if op.module == "encoder.layer.0.output.dense")
    assert one.provenance is other.provenance
    with pytest.raises(AttributeError):
        one.provenance.values = ()  # type: ignore[misc] # it is frozen


def test_columns_say_what_ops_say() -> None:
    graph = opened("names, 60 % blanked")
    columns = graph.columns
    for at, op in enumerate(graph.ops):
        assert columns.paths[columns.modules[at]] == op.module
        assert (columns.contexts[at] < 0) == (op.context is None)
        if op.context is not None:
            assert columns.paths[columns.contexts[at]] == op.context.module
    again = TaggedGraph(
        proto=graph.proto, flat=graph.flat, ops=tuple(graph.ops), modules=graph.modules
    ).columns
    for mine, theirs in zip(columns, again, strict=True):
        assert list(mine) == list(theirs)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_keeping_tags_and_opening_them_again_makes_no_object_for_each_op(flavour: str) -> None:
    graph = opened(flavour)
    before = objects()
    packed = pack(graph)
    assert packed is not None
    again = Packed(packed)
    ops, modules = again.ops(), again.modules()
    assert len(ops) == len(graph.ops)
    assert len(modules) == len(graph.modules)
    assert (objects() - before).total() == 0
    for mine, theirs in zip(ops.columns, graph.columns, strict=True):
        assert list(mine) == list(theirs)
    assert ops == graph.ops
    assert list(modules) == list(graph.modules)


@pytest.mark.parametrize("flavour", ["metadata", "names", "names, 60 % blanked"])
def test_audit_edit_and_save_do_not_go_through_the_ops(flavour: str) -> None:
    graph = opened(flavour)
    stored = tag(parse(graph.to_bytes(), name="tagged"))
    before = objects()
    for one in (graph, stored):
        audit(one)
        edited = override(one, {one.ids[OPS // 2]: "encoder"})
        edited.to_bytes()
        assert edited.ops[OPS // 2].provenance.origin == "manual"
        assert (objects() - before)[Op] == 0
