"""Values in 8 bits, looked at as the floats that they stand for."""

import numpy as np
import onnx
import pytest

import hexviz
from hexviz.extraction.feeds import generate
from hexviz.measure.parity.cut_run import natural_values
from hexviz.measure.parity.dequantised import with_floats
from tests.build import tagged
from tests.measure.parity.quantising import statically_quantised
from tests.measure.parity.test_graph_reference import model

LINEAR = """g (float[4, 8] x) => (float[4, 8] y) {
    m = MatMul (x, w)
    a = Add (m, b)
    t = Sigmoid (a)
    n = MatMul (t, v)
    y = Add (n, c)
}"""


@pytest.fixture(scope="module")
def by_ops() -> onnx.ModelProto:
    proto = model(LINEAR)
    for node in proto.graph.node:
        node.name = node.output[0]
    return statically_quantised(proto, as_ops=True)


def test_no_number_changes(by_ops: onnx.ModelProto) -> None:
    graph = tagged(by_ops)
    floats = with_floats(graph)
    feed = next(generate(by_ops))
    before = {name: array.copy() for name, array in natural_values(graph, feed)}
    after = {name: array.copy() for name, array in natural_values(floats, feed)}
    assert len(after) > len(before)
    assert all(np.array_equal(after[name], before[name]) for name in before)


def test_a_graph_without_such_ops_is_left_as_it_is() -> None:
    graph = tagged(model())
    assert with_floats(graph) is graph


@pytest.mark.parametrize("as_ops", [True, False])
def test_modules_are_told_apart_in_both_formats(by_ops: onnx.ModelProto, as_ops: bool) -> None:
    proto = by_ops if as_ops else statically_quantised(model(LINEAR), as_ops=False)
    document = hexviz.parity(proto, model(LINEAR)).to_document()
    # What a bias in 8 bits is added by is not known again yet: then two modules are one stretch.
    lost = {one.module for one in document.unpaired}
    assert lost == ({"first"} if as_ops else set())
    assert [one.module for one in document.modules] == ["first", "act", "last"][len(lost) :]
    assert document.modules[0].modules == tuple(lost)
    for one in document.modules:
        assert one.own is not None
        assert one.own.max_rel_error is not None
        assert 1e-4 < one.own.max_rel_error < 0.03
        assert one.effect
        assert one.value in {name for node in proto.graph.node for name in node.output}
