"""Random graphs against themselves and against copies with other names, in another order."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import onnx
import onnx.parser
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from benchmarks.nameless import nameless
from hexviz.matching.match import match
from hexviz.matching.transfer import transferred
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

UNARY = ("Relu", "Neg", "Exp", "Abs", "Identity", "Tanh")
BINARY = ("Add", "Sub", "Mul", "Max")
MODULES = ("enc.a", "enc.b", "enc", "dec.a", "dec")
BLOCK, MODULE = "block", "local"


class _Graph:
    """A random graph that grows op by op; bodies read the values around them."""

    def __init__(self, draw: random.Random, *, copies: bool) -> None:
        self.draw = draw
        self.copies = copies
        self.weights: list[TensorProto] = []
        self.count = 0

    def name(self) -> str:
        self.count += 1
        return f"value.{self.count}"

    def op(
        self, kind: str, inputs: Sequence[str], bodies: Sequence[onnx.GraphProto] = ()
    ) -> onnx.NodeProto:
        keys = ("then_branch", "else_branch") if kind == "If" else ("body",)
        domain = MODULE if kind == BLOCK else ""
        attributes = dict(zip(keys, bodies, strict=True)) if bodies else {}
        if kind == "Transpose":
            attributes = {"perm": [1, 0]}
        node = helper.make_node(kind, inputs, [self.name()], domain=domain, **attributes)
        steps = self.draw.choice(MODULES).split(".")
        scopes = ["", *(".".join(steps[: at + 1]) for at in range(len(steps))), node.output[0]]
        node.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=repr(scopes))
        classes = repr(["Module"] * (len(scopes) - 1) + ["aten.op"])
        node.metadata_props.add(key="pkg.torch.onnx.class_hierarchy", value=classes)
        return node

    def weight(self) -> str:
        seed = self.draw.randrange(6) if self.copies else self.count
        array = np.random.default_rng(seed).standard_normal((4, 4))
        self.weights.append(numpy_helper.from_array(array.astype(np.float32), self.name()))
        return self.weights[-1].name

    def ops(self, known: Sequence[str], size: int, depth: int) -> list[onnx.NodeProto]:
        """That many ops, each reading values that are ``known`` or made before it."""
        nodes: list[onnx.NodeProto] = []
        known = list(known)
        while len(nodes) < size:
            recent = self.draw.choice(known[-4:])
            kind = self.draw.random()
            if kind < 0.35:
                nodes.append(self.op(self.draw.choice(UNARY), [recent]))
            elif kind < 0.6:
                other = self.draw.choice(known)
                nodes.append(self.op(self.draw.choice(BINARY), [recent, other]))
            elif kind < 0.75:
                nodes.append(self.op("MatMul", [recent, self.weight()]))
            elif kind < 0.85:
                nodes.append(self.op("Transpose", [recent]))
            elif kind < 0.93 or depth == 0:
                nodes.append(self.op(BLOCK, [recent, self.draw.choice(known)]))
            elif kind < 0.97:
                bodies = [self.body(known, depth - 1) for _ in range(2)]
                nodes.append(self.op("If", ["flag"], bodies))
            else:
                nodes.append(self.op("Loop", ["trips", "", recent], [self.loop(known, depth - 1)]))
            known.append(nodes[-1].output[0])
        return nodes

    def all_read(self, known: Sequence[str], depth: int) -> list[onnx.NodeProto]:
        """A few ops; what none of them reads goes into the last."""
        nodes = self.ops(known, self.draw.randrange(1, 4), depth)
        unread = _unread(nodes)
        return [*nodes, self.op("Sum", unread)] if len(unread) > 1 else nodes

    def body(self, known: Sequence[str], depth: int) -> onnx.GraphProto:
        nodes = self.all_read(known, depth)
        return helper.make_graph(nodes, "body", [], [_value(nodes[-1].output[0])])

    def loop(self, known: Sequence[str], depth: int) -> onnx.GraphProto:
        step, go, carried = self.name(), self.name(), self.name()
        nodes = self.all_read([*known, carried], depth)
        again = helper.make_node("Identity", [go], [self.name()])
        inputs = [
            helper.make_tensor_value_info(step, TensorProto.INT64, []),
            helper.make_tensor_value_info(go, TensorProto.BOOL, []),
            _value(carried),
        ]
        outputs = [
            helper.make_tensor_value_info(again.output[0], TensorProto.BOOL, []),
            _value(nodes[-1].output[0]),
        ]
        return helper.make_graph([again, *nodes], "body", inputs, outputs)


def _value(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [4, 4])


def random_model(seed: int, size: int, *, copies: bool = True) -> onnx.ModelProto:
    """A model of that many ops at the top and a call; with ``copies`` weights may be equal."""
    made = _Graph(random.Random(seed), copies=copies)  # noqa: S311
    nodes = [made.op(BLOCK, ["x", "z"])]
    nodes += made.ops(["x", "z", nodes[0].output[0]], size, depth=2)
    inside = onnx.parser.parse_function(
        f'<opset_import: ["" : 20], domain: "{MODULE}"> {BLOCK} (a, b) => (c) '
        "{ d = Exp (a)  e = Mul (d, b)  c = Relu (e) }"
    )
    graph = helper.make_graph(
        nodes,
        "g",
        [
            _value("x"),
            _value("z"),
            helper.make_tensor_value_info("flag", TensorProto.BOOL, []),
            helper.make_tensor_value_info("trips", TensorProto.INT64, []),
        ],
        [_value(name) for name in _unread(nodes)],
        made.weights,
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid(MODULE, 1)]
    return helper.make_model(graph, ir_version=10, opset_imports=opsets, functions=[inside])


def _unread(nodes: Sequence[onnx.NodeProto]) -> list[str]:
    read: set[str] = set()
    for node in nodes:
        read.update(node.input)
        for attribute in node.attribute:
            waiting = [attribute.g] if attribute.HasField("g") else []
            while waiting:
                body = waiting.pop()
                for inner in body.node:
                    read.update(inner.input)
                    waiting += [one.g for one in inner.attribute if one.HasField("g")]
    return [node.output[0] for node in nodes if node.output[0] not in read]


def shuffled(proto: onnx.ModelProto, seed: int, *, sorted_: bool) -> onnx.ModelProto:
    """A copy with its top-level nodes in another order, one in which they can run or any."""
    draw = random.Random(seed)  # noqa: S311 - nothing secret
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    nodes = list(copy.graph.node)
    draw.shuffle(nodes)
    if sorted_:
        made = {name for node in proto.graph.node for name in node.output}
        done: set[str] = set()
        ordered: list[onnx.NodeProto] = []
        reads = {node.output[0]: (_captured(node) | set(node.input)) & made for node in nodes}
        while nodes:
            ready = next(node for node in nodes if reads[node.output[0]] <= done)
            nodes.remove(ready)
            ordered.append(ready)
            done.update(ready.output)
        nodes = ordered
    del copy.graph.node[:]
    copy.graph.node.extend(nodes)
    return copy


def _captured(node: onnx.NodeProto) -> set[str]:
    found: set[str] = set()
    waiting = [one.g for one in node.attribute if one.HasField("g")]
    while waiting:
        body = waiting.pop()
        for inner in body.node:
            found.update(inner.input)
            waiting += [one.g for one in inner.attribute if one.HasField("g")]
    return found


def opened(proto: onnx.ModelProto) -> TaggedGraph:
    return tag(from_proto(proto, name="model.onnx"))


def twins(graph: TaggedGraph) -> dict[int, str]:
    """Position → what an op computes, down to the inputs: the same for true twins."""
    weights = {
        name: numpy_helper.to_array(tensor).tobytes().hex()
        for name, tensor in graph.flat.tensors.items()
    }
    means: dict[str, str] = {}
    found: dict[int, str] = {}
    commutative = {"Add", "Mul", "Max"}
    for at, op in enumerate(graph.ops):
        reads = [means.get(name) or weights.get(name) or name for name in op.inputs]
        reads = sorted(reads) if op.op_type in commutative else reads
        body = "" if op.op_type not in {"If", "Loop", BLOCK} else op.id
        found[at] = str(hash((op.op_type, *reads, op.body, body)))
        means.update((name, f"{found[at]}.{place}") for place, name in enumerate(op.outputs))
    return found


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**6), st.integers(1, 40))
def test_a_graph_is_itself(seed: int, size: int) -> None:
    proto = random_model(seed, size)
    found = match(opened(proto), opened(proto))
    assert {at: one.before for at, one in found.matches.items()} == {
        at: (at,) for at in range(found.ops_after)
    }
    assert {one.how for one in found.matches.values()} == {"same"}
    assert found.unmatched_before == ()


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**6), st.integers(1, 40))
def test_names_are_not_needed(seed: int, size: int) -> None:
    proto = random_model(seed, size)
    before, after = opened(proto), opened(nameless(proto))
    found = match(before, after)
    same = twins(before)
    for at in range(len(before.ops)):
        assert same[found.matches[at].before[0]] == same[at], before.ops[at]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**6), st.integers(1, 40), st.booleans())
def test_neither_names_nor_the_order_of_nodes_are_needed(
    seed: int, size: int, sorted_: bool
) -> None:
    proto = random_model(seed, size, copies=False)
    other = shuffled(proto, seed, sorted_=sorted_)
    before, after = opened(proto), opened(nameless(other))
    truth = opened(other)
    found = match(before, after)
    same, same_after = twins(before), twins(truth)
    for at in range(len(after.ops)):
        assert same[found.matches[at].before[0]] == same_after[at], truth.ops[at]


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**6), st.integers(1, 40))
def test_tags_of_a_graph_are_its_own_after_transfer(seed: int, size: int) -> None:
    proto = random_model(seed, size)
    before = opened(proto)
    after = transferred(before, opened(proto), match(before, opened(proto)))
    assert [op.module for op in after.ops] == [op.module for op in before.ops]


def test_matching_is_the_same_twice() -> None:
    proto = random_model(7, 120)
    graphs = opened(proto), opened(nameless(shuffled(proto, 1, sorted_=True)))
    assert match(*graphs) == match(*graphs)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_matching_does_not_depend_on_how_python_hashes(seed: str) -> None:
    proto = random_model(7, 120)
    after = nameless(shuffled(proto, 1, sorted_=True))
    code = (
        "import sys, onnx\n"
        "from hexviz.matching.match import match\n"
        "from hexviz.matching.openable import opened\n"
        "data = sys.stdin.buffer.read()\n"
        f"cut = {len(proto.SerializeToString())}\n"
        "graphs = [opened(onnx.ModelProto.FromString(x)) for x in (data[:cut], data[cut:])]\n"
        "print(sorted(match(*graphs).matches.items()))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        input=proto.SerializeToString() + after.SerializeToString(),
        capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": seed},
        check=True,
    )
    here = match(opened(proto), opened(after)).matches
    assert ran.stdout.decode().strip() == str(sorted(here.items()))
