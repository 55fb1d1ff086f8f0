"""Tagged graphs for the tests of the view: by hand, sample-like and random."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx
from hypothesis import strategies as st
from onnx import TensorProto, helper

from hexviz.model.flatten import flatten
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleInfo, build_tree
from hexviz.model.op import Call, Context, Op, Provenance, category


@dataclass(frozen=True)
class Node:
    """An op to build: its output names it, and ``call`` (``view_1``) the call it was made for."""

    output: str
    inputs: Sequence[str] = ()
    op_type: str = "Relu"
    module: str = ""
    context: str | None = None
    origin: str = "declared"
    call: str = ""


def build(
    nodes: Sequence[Node],
    outputs: Sequence[str],
    inputs: Sequence[str] = ("x",),
    classes: Mapping[str, str] | None = None,
) -> TaggedGraph:
    """A tagged graph with exactly these ops in these modules."""
    graph = helper.make_graph(
        [helper.make_node(node.op_type, list(node.inputs), [node.output]) for node in nodes],
        "test",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in outputs],
    )
    return tagged(helper.make_model(graph), nodes, classes)


def tagged(
    proto: onnx.ModelProto, nodes: Sequence[Node], classes: Mapping[str, str] | None = None
) -> TaggedGraph:
    """A model whose nodes get the modules, contexts and origins of ``nodes``."""
    flat = flatten(proto)
    infos = {"": ModuleInfo("Model")}
    for fqn in [fqn for node in nodes for fqn in (node.module, node.context)]:
        steps = fqn.split(".") if fqn else []
        for end in range(len(steps)):
            infos.setdefault(".".join(steps[: end + 1]), ModuleInfo())
    infos |= {fqn: ModuleInfo(name) for fqn, name in (classes or {}).items()}
    modules = build_tree(infos)
    ops = tuple(
        Op(
            index=at,
            body="",
            id=op.id,
            name=op.name,
            op_type=op.op_type,
            domain=op.domain,
            module=node.module,
            tag=modules[node.module].tag,
            provenance=Provenance(node.module, node.origin, "metadata"),
            context=None
            if node.context is None
            else Context(node.context, modules[node.context].tag, "consumers"),
            inputs=op.inputs,
            outputs=op.outputs,
            auxiliary=category(op.domain, op.op_type),
            call=Call(node.call, f"aten.{node.call.rstrip('_0123456789')}.default")
            if node.call
            else None,
        )
        for at, (op, node) in enumerate(zip(flat.ops, nodes, strict=True))
    )
    return TaggedGraph(proto=proto, flat=flat, ops=ops, modules=modules)


def two_layers() -> TaggedGraph:
    """Two layers below an encoder, a mask that both use, a constant, a head.

    ::

        x → emb → [encoder: [layer.0: a → b] → [layer.1: c → d]] → head → y
        mask ─────────────────────→ a            c
    """
    layer0, layer1 = "encoder.0", "encoder.1"
    return build(
        [
            Node("emb", ["x"], "MatMul", "embed"),
            Node("mask", ["m"], "Cast", "", context="encoder", origin="inherited"),
            Node("k", [], "Constant", layer0),
            Node("a", ["emb", "mask"], "Add", layer0),
            Node("b", ["a", "k"], "Reshape", layer0),
            Node("c", ["b", "mask"], "Add", layer1),
            Node("d", ["c"], "Relu", layer1),
            Node("y", ["d"], "Relu", "head"),
        ],
        ["y"],
        ["x", "m"],
        {"encoder": "Encoder", layer0: "Layer", layer1: "Layer", "embed": "Embed", "head": "Head"},
    )


def chain(length: int) -> TaggedGraph:
    """A straight line of ops in the root."""
    nodes = [Node(f"v{at}", [f"v{at - 1}" if at else "x"]) for at in range(length)]
    return build(nodes, [f"v{length - 1}"])


def random_graph(
    seed: int, n_ops: int = 40, n_modules: int = 8, *, calls: bool = True
) -> TaggedGraph:
    """A random DAG in a random module tree; modules and calls need not be runs of the order."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    modules = [""]
    for at in range(n_modules):
        above = chance.choice(modules)
        modules.append(f"{above}.m{at}" if above else f"m{at}")
    nodes: list[Node] = []
    current = call = ""
    for at in range(n_ops):
        if chance.random() < 0.35:
            current = chance.choice(modules)
        if chance.random() < 0.5:
            call = f"view_{at}" if calls else ""
        if chance.random() < 0.2:
            nodes.append(Node(f"v{at}", [], "Constant", current, call=call))
            continue
        known = ["x", "m", *(node.output for node in nodes)]
        near = known[-6:] if chance.random() < 0.8 else known
        inputs = [chance.choice(near) for _ in range(chance.randint(1, 3))]
        kind = chance.choice(["Add", "MatMul", "Relu", "Shape", "Reshape", "Concat"])
        context = chance.choice(modules) if kind in ("Shape", "Reshape", "Concat") else None
        nodes.append(Node(f"v{at}", inputs, kind, current, context, call=call))
    ends = [node.output for node in nodes[-2:]]
    return build(nodes, ends, ["x", "m"])


seeds = st.integers(0, 10**6)
