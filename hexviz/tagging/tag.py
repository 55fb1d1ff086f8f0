"""From a parsed file to a tagged graph: declare, inherit, give context."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import count
from pathlib import Path

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.flatten import flatten
from hexviz.model.gc_control import collector_paused
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import Module, ModuleInfo, ModuleTree, build_tree
from hexviz.model.op import Call, Context, Op, Provenance, category
from hexviz.model.reader import ModelFile, read
from hexviz.model.source_graph import SourceGraph
from hexviz.model.weights_in_place import read_in_place
from hexviz.stages import Measured, recorded, stage
from hexviz.tagging.context import find_contexts
from hexviz.tagging.declare import declare
from hexviz.tagging.inherit import inherit
from hexviz.tagging.module_sources import weights_looked_up

__all__ = ["load", "retag", "tag"]


def load(path: str | Path, *, weights_in_place: bool = False) -> TaggedGraph:
    """Open an ONNX file; its ops are tagged if it carries no tags yet.

    With ``weights_in_place`` large weights stay in the file, which has to stay as it is.

    Raises:
        ReadError: if it is missing or no readable ONNX model.
    """
    with collector_paused(), recorded() as record:
        with stage("read"):
            file = read_in_place(path) if weights_in_place else read(path)
        return tag(file, before=Measured(record.stages))


def tag(
    file: ModelFile,
    *,
    modules: Mapping[str, ModuleInfo] | None = None,
    calls: Mapping[str, str] | None = None,
    notes: Mapping[str, Mapping[str, str]] | None = None,
    before: Measured | None = None,
) -> TaggedGraph:
    """Give every op of a model a module, and every auxiliary op a context.

    ``modules`` is the exporter's list of modules with class names and
    parameter counts; without it, the tree is what the file declares. ``calls`` is what
    it knows of nodes beside what they say: node name → FQN of the module that
    was running; ``notes`` are the metadata that it took off nodes again, by op
    id. What was measured ``before`` is carried along.
    """
    with collector_paused(), recorded() as record:
        with stage("graph context"):
            flat = flatten(file.proto, file.scan)
        with stage("inheritance"):
            metadata = {entry.key: entry.value for entry in file.proto.metadata_props}
            declared = declare(flat, metadata, modules, calls, notes)
            if file.scan is not None:
                file.scan.close()  # else the bytes of the file stay in memory with the graph
            inherited = inherit(flat, declared.provenance, declared.modules)
        with stage("provenance"):
            tree = build_tree({**declared.modules, **inherited.modules})
            ops = _ops(flat, inherited.provenance, tree, declared.calls)
            tree = _with_ops(tree, ops)
    return TaggedGraph(
        proto=file.proto,
        flat=flat,
        ops=ops,
        modules=tree,
        name=file.name,
        base_dir=file.base_dir,
        measured=(before or Measured()).followed_by(record.stages),
    )


def retag(
    graph: TaggedGraph,
    declared: Mapping[int, Provenance],
    *,
    modules: Mapping[str, ModuleInfo] | None = None,
    transferred_from: SourceGraph | None = None,
    calls: Mapping[int, Call] | None = None,
) -> TaggedGraph:
    """The same graph where just these positions are declared; all others inherit anew.

    ``modules`` takes the place of the graph's own tree, and ``transferred_from``
    is the graph that tags were taken from; ``calls`` are those of ops that have none yet.
    """
    with collector_paused():
        infos = graph.modules.infos() if modules is None else modules
        inherited = inherit(graph.flat, declared, infos)
        tree = build_tree({**infos, **inherited.modules})
        known = {at: op.call for at, op in enumerate(graph.ops) if op.call}
        ops = _ops(graph.flat, inherited.provenance, tree, {**(calls or {}), **known})
        return graph.with_tags(ops, _with_ops(tree, ops), transferred_from)


def _ops(
    flat: FlatGraph,
    provenance: Mapping[int, Provenance],
    tree: ModuleTree,
    calls: Mapping[int, Call],
) -> tuple[Op, ...]:
    lookups = weights_looked_up(flat)
    # An inherited module is where others meet, which may be a container that is
    # no module of the tree: its nearest module then holds the op.
    tags = {module.fqn: module.tag for module in tree}
    reasons = [provenance[at] for at in range(len(flat.ops))]
    modules = [one.module if one.module in tags else tree.nearest(one.module) for one in reasons]
    categories = [
        category(op.domain, op.op_type, looks_up_weight=at in lookups)
        for at, op in enumerate(flat.ops)
    ]
    with stage("context of auxiliary ops"):
        contexts = _contexts(flat, modules, categories, tree, tags)
    with stage("sharing of auxiliary ops"):
        sharers = _all_sharers(flat, modules, categories)
    columns = zip(
        flat.ops, modules, reasons, categories, map(contexts.get, count()), count(), strict=False
    )
    return tuple(
        [
            Op._make(
                (
                    *op[:6],  # all but its values and the node itself
                    module,
                    tags[module],
                    why if why.module == module else replace(why, module=module),
                    context,
                    op.inputs,
                    op.outputs,
                    kind,
                    sharers.get(at) or tuple([one for one in why.shared_by if one in tags]),
                    calls.get(at),
                )
            )
            for op, module, why, kind, context, at in columns
        ]
    )


def _contexts(
    flat: FlatGraph,
    modules: Sequence[str],
    categories: Sequence[str | None],
    tree: ModuleTree,
    tags: Mapping[str, str],
) -> dict[int, Context]:
    """By position the context of each auxiliary op, its module one of the tree."""
    found = {}
    ids = [op.id for op in flat.ops]
    for at, facts in find_contexts(flat, modules, [kind is None for kind in categories]).items():
        served = facts.module if facts.module in tags else tree.nearest(facts.module)
        chain = tuple([ids[step] for step in facts.chain])
        found[at] = Context._make((served, tags[served], facts.rule, chain, facts.users))
    return found


def _all_sharers(
    flat: FlatGraph, modules: Sequence[str], categories: Sequence[str | None]
) -> dict[int, tuple[str, ...]]:
    """By position the modules that use an auxiliary op, for those that several share."""
    inputs = frozenset(flat.inputs) - flat.weights.keys()
    found = {}
    for at, users in enumerate(flat.successors):
        if len(users) > 1 and categories[at] is not None:
            sharers = _sharers(flat, at, modules, inputs)
            if sharers:
                found[at] = sharers
    return found


def _sharers(
    flat: FlatGraph, at: int, modules: Sequence[str], inputs: Collection[str]
) -> tuple[str, ...]:
    """The modules that use an auxiliary op, in order, if it is shared by several.

    An op without inputs (a de-duplicated constant) is shared by all who use
    it, wherever it stands. One that is computed (a mask) is, if it was made
    above them for several: what a module hands to its neighbours is not.
    """
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
            module.same_as,
        )
        for module in tree
    )
