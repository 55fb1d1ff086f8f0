"""From a parsed file to a tagged graph: declare, inherit, give context."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import reduce
from pathlib import Path

from hexviz.model import fqn as names
from hexviz.model.auxiliary import category
from hexviz.model.flat import FlatGraph, flatten
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import Module, ModuleInfo, ModuleTree, build_tree
from hexviz.model.op import Context, Op, Provenance
from hexviz.model.reader import ModelFile, read
from hexviz.model.rest import collector_rests
from hexviz.tagging.context import find_contexts
from hexviz.tagging.declare import declare
from hexviz.tagging.inherit import inherit
from hexviz.tagging.sources import weights_looked_up

__all__ = ["load", "retag", "tag"]


def load(path: str | Path) -> TaggedGraph:
    """Open an ONNX file; its ops are tagged if it carries no tags yet.

    Raises:
        ReadError: if it is missing or no readable ONNX model.
    """
    started = time.perf_counter()
    with collector_rests():
        file = read(path)
        return tag(file, timings={"read": time.perf_counter() - started})


def tag(
    file: ModelFile,
    *,
    modules: Mapping[str, ModuleInfo] | None = None,
    timings: Mapping[str, float] | None = None,
) -> TaggedGraph:
    """Give every op of a model a module, and every auxiliary op a context.

    ``modules`` is the exporter's list of modules with class names and
    parameter counts; without it, the tree is what the file declares.
    ``timings`` of earlier stages (seconds) are carried along.
    """
    with collector_rests():
        return _tag(file, modules, dict(timings or {}))


def _tag(
    file: ModelFile, modules: Mapping[str, ModuleInfo] | None, stages: dict[str, float]
) -> TaggedGraph:
    started = time.perf_counter()
    flat = flatten(file.model)
    stages["graph"] = time.perf_counter() - started
    started = time.perf_counter()
    declared = declare(flat, file.model.metadata_props, modules)
    inherited = inherit(flat, declared.provenance, declared.modules)
    stages["inheritance"] = time.perf_counter() - started
    started = time.perf_counter()
    tree = build_tree({**declared.modules, **inherited.modules})
    ops = _ops(flat, inherited.provenance, tree)
    stages["context"] = time.perf_counter() - started
    return TaggedGraph(
        proto=file.proto,
        flat=flat,
        ops=ops,
        modules=_with_ops(tree, ops),
        name=file.name,
        base_dir=file.base_dir,
        timings=stages,
    )


def retag(graph: TaggedGraph, declared: Mapping[int, Provenance]) -> TaggedGraph:
    """The same graph where just these positions are declared; all others inherit anew."""
    with collector_rests():
        infos = graph.modules.infos()
        inherited = inherit(graph.flat, declared, infos)
        tree = build_tree({**infos, **inherited.modules})
        ops = _ops(graph.flat, inherited.provenance, tree)
        return graph.with_tags(ops, _with_ops(tree, ops))


def _ops(flat: FlatGraph, provenance: Mapping[int, Provenance], tree: ModuleTree) -> tuple[Op, ...]:
    lookups = weights_looked_up(flat)
    inputs = frozenset(flat.inputs) - flat.weights.keys()
    # An inherited module is where others meet, which may be a container that is
    # no module of the tree: its nearest module then holds the op.
    tags = {module.fqn: module.tag for module in tree}
    modules = [
        fqn if fqn in tags else tree.nearest(fqn)
        for fqn in (provenance[at].module for at in range(len(flat.ops)))
    ]
    categories = [
        category(op.domain, op.op_type, looks_up_weight=at in lookups)
        for at, op in enumerate(flat.ops)
    ]
    contexts = find_contexts(flat, modules, [kind is None for kind in categories])
    result = []
    for at, op in enumerate(flat.ops):
        facts = contexts.get(at)
        context = None
        if facts is not None:
            served = facts.module if facts.module in tags else tree.nearest(facts.module)
            chain = tuple([flat.ops[step].id for step in facts.chain])
            context = Context(served, tags[served], facts.rule, chain, facts.users)
        why = provenance[at]
        result.append(
            Op(
                index=op.index,
                body=op.body,
                id=op.id,
                name=op.name,
                op_type=op.op_type,
                domain=op.domain,
                module=modules[at],
                tag=tags[modules[at]],
                provenance=why if why.module == modules[at] else replace(why, module=modules[at]),
                context=context,
                inputs=op.inputs,
                outputs=op.outputs,
                auxiliary=categories[at],
                shared_by=_sharers(flat, at, modules, inputs) if categories[at] else (),
            )
        )
    return tuple(result)


def _sharers(
    flat: FlatGraph, at: int, modules: list[str], inputs: Collection[str]
) -> tuple[str, ...]:
    """The modules that use an auxiliary op, in order, if it is shared by several.

    An op without inputs (a de-duplicated constant) is shared by all who use
    it, wherever it stands. One that is computed (a mask) is, if it was made
    above them for several: what a module hands to its neighbours is not.
    """
    if len(flat.successors[at]) < 2:
        return ()
    users = tuple(dict.fromkeys(modules[after] for after in flat.successors[at]))
    if len(users) < 2:
        return ()
    if not flat.predecessors[at] and not any(value in inputs for value in flat.ops[at].inputs):
        return users
    meeting = reduce(names.common_ancestor, users)
    above = names.is_within(meeting, modules[at]) and meeting not in users
    return users if above else ()


def _with_ops(tree: ModuleTree, ops: tuple[Op, ...]) -> ModuleTree:
    own: dict[str, list[str]] = {}
    for op in ops:
        own.setdefault(op.module, []).append(op.id)
    return ModuleTree(
        # Spelled out, because dataclasses.replace takes five times as long.
        Module(
            module.fqn,
            module.tag,
            module.class_name,
            module.parent,
            module.children,
            tuple(own.get(module.fqn, ())),
            module.parameters,
        )
        for module in tree
    )
