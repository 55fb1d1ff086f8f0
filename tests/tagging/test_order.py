"""The order of execution: kept, or rebuilt from dataflow."""

import pytest

from hexviz.bench.blanking import shuffle
from hexviz.model.flatten import flatten
from hexviz.model.reader import from_proto
from hexviz.tagging.declare import declare
from hexviz.tagging.order import evaluation_order, execution_order
from tests.build import parse


def test_each_op_stands_before_the_first_that_needs_it() -> None:
    flat = flatten(
        from_proto(
            parse("""g (float[2] x) => (float[2] y) {
            a1 = Neg (x)
            b1 = Abs (x)
            a2 = Exp (a1)
            b2 = Tanh (b1)
            y = Add (b2, a2)
        }"""),
            name="",
        ).proto
    )
    names = [flat.ops[at].id for at in evaluation_order(flat)]
    assert names == ["b1", "b2", "a1", "a2", "y"]


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
def test_a_shuffled_export_is_noticed_and_an_export_is_not(exported, exporter: str) -> None:  # type: ignore[no-untyped-def]
    proto = exported("bert-tiny", exporter).proto
    for source, kept in ((proto, True), (shuffle(proto, 1), False)):
        flat = flatten(from_proto(source, name="").proto)
        declared = declare(flat, {}).provenance
        assert execution_order(flat, declared)[1] is kept
