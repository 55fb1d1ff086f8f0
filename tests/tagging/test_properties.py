"""What holds on every graph: coverage, the bound, and independence of names."""

import onnx
from hypothesis import given, settings

from hexviz.model import fqn as names
from hexviz.model.op import ORIGINS, RULES
from hexviz.tagging.inherit import order_is_kept
from tests.build import tagged
from tests.tagging.random_graphs import models


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


@given(models())
def test_an_inherited_module_stays_within_what_order_allows(proto: onnx.ModelProto) -> None:
    graph = tagged(proto)
    declared = {
        at: op.provenance for at, op in enumerate(graph.ops) if op.provenance.origin == "declared"
    }
    if not declared or not order_is_kept(declared):
        return
    for at, op in enumerate(graph.ops):
        if at in declared:
            continue
        before = [declared[one].module for one in sorted(declared) if one < at][-1:] or [""]
        after = [declared[one].module for one in sorted(declared) if one > at][:1] or [""]
        bound = names.common_ancestor(before[0], after[0])
        assert names.is_within(op.module, bound)
        # Below the bound only on the way to the module that opens next.
        assert names.is_within(after[0], op.module) or op.module == bound


@settings(max_examples=50)
@given(models())
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
