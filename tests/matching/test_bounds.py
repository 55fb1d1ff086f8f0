"""Pairs of graphs that are made to be hard: matching ends soon, and says what it does not know.

Bounds are several times what a laptop needs, and far below what anything that looks at all
pairs of ops would take.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hexviz.matching.match import match
from hexviz.matching.matching import Matching
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

Ops = Sequence[tuple[str, Sequence[str], Sequence[str]]]


def model(
    ops: Ops,
    inputs: Sequence[str] = ("x",),
    outputs: Sequence[str] = ("y",),
    weights: Sequence[TensorProto] = (),
) -> onnx.ModelProto:
    values = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in names]
        for names in (inputs, outputs)
    ]
    nodes = [helper.make_node(kind, list(reads), list(makes)) for kind, reads, makes in ops]
    graph = helper.make_graph(nodes, "g", *values, list(weights))
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)])


def names(prefix: str, size: int) -> list[str]:
    """Values of a chain of ``size`` ops."""
    return ["x", *(f"{prefix}{at}" for at in range(size - 1)), "y"]


def chain(size: int, prefix: str, kinds: Sequence[str] = ("Relu",)) -> onnx.ModelProto:
    values = names(prefix, size)
    return model([(kinds[at % len(kinds)], [values[at]], [values[at + 1]]) for at in range(size)])


def beside(size: int, prefix: str) -> onnx.ModelProto:
    """One value, read by as many equal ops as there are; one op reads what all of them make."""
    made = [f"{prefix}{at}" for at in range(size)]
    return model([*(("Relu", ["x"], [one]) for one in made), ("Sum", made, ["y"])])


def biased(size: int, prefix: str) -> onnx.ModelProto:
    """One value, to which as many ops add different numbers."""
    made = [f"{prefix}{at}" for at in range(size)]
    weights = [numpy_helper.from_array(np.float32(at), f"{prefix}w{at}") for at in range(size)]
    ops = [("Add", ["x", f"{prefix}w{at}"], [made[at]]) for at in range(size)]
    return model([*ops, ("Sum", made, ["y"])], weights=weights)


def layers(size: int, prefix: str) -> onnx.ModelProto:
    """Equal residual layers that share one weight of zeros."""
    weight = numpy_helper.from_array(np.zeros((4, 4), np.float32), f"{prefix}w")
    values = names(prefix, size // 3)
    ops = []
    for at in range(size // 3):
        ops += [
            ("MatMul", [values[at], weight.name], [f"{prefix}m{at}"]),
            ("Relu", [f"{prefix}m{at}"], [f"{prefix}r{at}"]),
            ("Add", [f"{prefix}r{at}", values[at]], [values[at + 1]]),
        ]
    return model(ops, weights=[weight])


def tree(depth: int, prefix: str) -> onnx.ModelProto:
    """A tree of additions, whose operands can all be swapped."""
    level, ops = ["x"] * 2**depth, []
    while len(level) > 1:
        made = [f"{prefix}{len(level)}_{at}" for at in range(len(level) // 2)]
        made = made if len(made) > 1 else ["y"]
        ops += [("Add", level[2 * at : 2 * at + 2], [one]) for at, one in enumerate(made)]
        level = made
    return model(ops)


def masked(size: int, prefix: str) -> onnx.ModelProto:
    """A chain whose every other op reads one and the same mask."""
    values = names(prefix, size // 2)
    ops: list[tuple[str, list[str], list[str]]] = [("Neg", ["m"], [f"{prefix}mask"])]
    for at in range(size // 2):
        ops += [
            ("Relu", [values[at]], [f"{prefix}r{at}"]),
            ("Add", [f"{prefix}r{at}", f"{prefix}mask"], [values[at + 1]]),
        ]
    return model(ops, inputs=("x", "m"))


def tangled(size: int, prefix: str, seed: int) -> onnx.ModelProto:
    """Ops of few types that read any of the last thirty values."""
    draw = np.random.default_rng(seed)
    values, ops = ["x"], []
    for at in range(size):
        made = f"{prefix}{at}" if at < size - 1 else "y"
        near = values[-1 - int(draw.integers(min(len(values), 30)))]
        if draw.random() < 0.5:
            ops.append((("Relu", "Neg", "Exp", "Tanh")[draw.integers(4)], [near], [made]))
        else:
            ops.append((("Add", "Mul", "Sub")[draw.integers(3)], [near, values[-1]], [made]))
        values.append(made)
    return model(ops)


def biases(size: int, prefix: str, *, equal: bool) -> onnx.ModelProto:
    """A chain of additions, each with a weight of its own; all may hold the same."""
    draw = np.random.default_rng(0)
    values = names(prefix, size)
    weights = [
        numpy_helper.from_array(
            np.ones(8, np.float32) if equal else draw.standard_normal(8).astype(np.float32),
            f"{prefix}w{at}",
        )
        for at in range(size)
    ]
    ops = [("Add", [values[at], weights[at].name], [values[at + 1]]) for at in range(size)]
    return model(ops, weights=weights)


def matched(before: onnx.ModelProto, after: onnx.ModelProto, seconds: float) -> Matching:
    """The matching of two models, which must not take longer than that."""
    graphs = [tag(from_proto(proto, name=name)) for proto, name in ((before, "b"), (after, "a"))]
    began = time.process_time()
    found = match(*graphs)
    assert time.process_time() - began < seconds
    return found


def is_identity(found: Matching) -> bool:
    return [found.matches[at].before[0] for at in range(found.ops_after)] == list(
        range(found.ops_before)
    )


EQUAL: dict[str, Callable[[str], onnx.ModelProto]] = {
    "chain": lambda prefix: chain(4000, prefix),
    "one value read by all": lambda prefix: beside(4000, prefix),
    "layers": lambda prefix: layers(4000, prefix),
    "a mask read by all": lambda prefix: masked(4000, prefix),
    "biases": lambda prefix: biases(4000, prefix, equal=False),
    "equal biases": lambda prefix: biases(4000, prefix, equal=True),
    "numbers added to one value": lambda prefix: biased(2000, prefix),
}


@pytest.mark.parametrize("make", EQUAL.values(), ids=EQUAL.keys())
def test_many_equal_ops_are_matched_in_order(make: Callable[[str], onnx.ModelProto]) -> None:
    assert is_identity(matched(make("v"), make("u"), 10))


def test_a_tree_whose_operands_can_be_swapped_is_matched_whole() -> None:
    found = matched(tree(11, "v"), tree(11, "u"), 10)
    assert len(found.matches) == found.ops_after


SHORTER: dict[str, Callable[[int, str], onnx.ModelProto]] = {
    "chain": chain,
    "one value read by all": beside,
    "layers": layers,
    "a mask read by all": masked,
    "equal biases": lambda size, prefix: biases(size, prefix, equal=True),
}


@pytest.mark.parametrize("make", SHORTER.values(), ids=SHORTER.keys())
def test_one_of_many_equal_ops_is_left_out(make: Callable[[int, str], onnx.ModelProto]) -> None:
    found = matched(make(3000, "v"), make(2997, "u"), 10)
    assert len({one.before[0] for one in found.matches.values()}) == len(found.matches)


def test_different_graphs_end_soon_too() -> None:
    matched(tangled(4000, "v", 0), tangled(4000, "u", 1), 15)
    matched(tangled(1000, "v", 0), layers(1000, "u"), 15)
    matched(chain(4000, "v", ("Exp", "Tanh", "Neg")), layers(4000, "u"), 15)


@pytest.mark.slow
@pytest.mark.parametrize("dropped", [0, 1])
def test_a_hundred_thousand_equal_ops(dropped: int) -> None:
    found = matched(chain(100_000, "v"), chain(100_000 - dropped, "u"), 60)
    assert len(found.matches) == 100_000 - dropped


@pytest.mark.slow
def test_a_value_that_fifty_thousand_equal_ops_read() -> None:
    assert is_identity(matched(beside(50_000, "v"), beside(50_000, "u"), 60))


@pytest.mark.slow
def test_twenty_thousand_ops_against_others() -> None:
    matched(tangled(20_000, "v", 0), tangled(20_000, "u", 1), 60)
    matched(tangled(20_000, "v", 0), layers(20_000, "u"), 60)
