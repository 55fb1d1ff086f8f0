"""From a parsed file to a tagged graph: declare, inherit, recover, give context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np

from hexviz.model.columns import PRIMARY, CallColumns, Ints, TagColumns
from hexviz.model.flat import FlatGraph
from hexviz.model.flatten import flatten
from hexviz.model.gc_control import collector_paused
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleInfo, ModuleTree, build_tree
from hexviz.model.op import ORIGINS, Call, Provenance
from hexviz.model.op_sequence import OpSequence
from hexviz.model.reader import ModelFile, read
from hexviz.model.source_graph import SourceGraph
from hexviz.model.weights_in_place import read_in_place
from hexviz.stages import Measured, recorded, stage
from hexviz.tagging.categories import find_categories
from hexviz.tagging.context import find_contexts
from hexviz.tagging.declare import declare
from hexviz.tagging.inherit import inherit
from hexviz.tagging.reasons import Reasons
from hexviz.tagging.recovery.find import find_stretches
from hexviz.tagging.recovery.recover import free_ops
from hexviz.tagging.recovery.recover import recover as recovered
from hexviz.tagging.sharing import OpsOfModules, SharedBy

__all__ = ["load", "retag", "tag", "tagged_from"]


def load(path: str | Path, *, weights_in_place: bool = False, recover: bool = True) -> TaggedGraph:
    """Open an ONNX file; its ops are tagged if it carries no tags yet.

    With ``weights_in_place`` large weights stay in the file, which has to stay as it is. Without
    ``recover``, what names no module is left at the root.

    Raises:
        ReadError: if it is missing or no readable ONNX model.
    """
    with collector_paused(), recorded() as record:
        with stage("read"):
            file = read_in_place(path) if weights_in_place else read(path)
        return tag(file, before=Measured(record.stages), recover=recover)


def tag(
    file: ModelFile,
    *,
    modules: Mapping[str, ModuleInfo] | None = None,
    calls: Mapping[str, str] | None = None,
    notes: Mapping[str, Mapping[str, str]] | None = None,
    before: Measured | None = None,
    recover: bool = True,
) -> TaggedGraph:
    """Give every op of a model a module, and every auxiliary op a context.

    ``modules`` is the exporter's list of modules with class names and
    parameter counts; without it, the tree is what the file declares. ``calls`` is what
    it knows of nodes beside what they say: node name → FQN of the module that
    was running; ``notes`` are the metadata that it took off nodes again, by op
    id. What was measured ``before`` is carried along. With ``recover``, blocks are found in what
    nothing names (:mod:`hexviz.tagging.recovery`).
    """
    with collector_paused(), recorded() as record:
        with stage("graph context"):
            flat = flatten(file.proto, file.scan)
        with stage("inheritance"):
            metadata = {
                entry.key: entry.value
                for entry in file.proto.metadata_props
                # What is no UTF-8 comes as bytes.
                if isinstance(entry.key, str) and isinstance(entry.value, str)
            }
            declared = declare(flat, metadata, modules, calls, notes, recover=recover)
            if file.scan is not None:
                file.scan.close()  # else the bytes of the file stay in memory with the graph
            inherited = inherit(flat, declared.provenance, declared.modules)
            known = {**declared.modules, **inherited.modules}
            free = free_ops(inherited.provenance) if recover else None
        if free is not None:
            with stage("recovery"):
                stretches = find_stretches(flat)
                known |= recovered(
                    flat, inherited.provenance, free, known, declared.renamed, stretches
                )
        with stage("provenance"):
            tree = build_tree(known)
            categories = find_categories(flat, declared.prefixes)
            ops, tree = tagged_from(flat, inherited.provenance, tree, declared.calls, categories)
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
        before = graph.columns
        known = CallColumns(before.calls.tolist(), before.known_calls).with_others(calls or {})
        ops, tree = tagged_from(graph.flat, inherited.provenance, tree, known, before.categories)
        return graph.with_tags(ops, tree, transferred_from)


def tagged_from(
    flat: FlatGraph,
    reasons: Reasons,
    tree: ModuleTree,
    calls: CallColumns,
    categories: Ints,
) -> tuple[OpSequence, ModuleTree]:
    """The ops of a graph, and the tree that knows which are whose; no op is made yet.

    ``reasons`` are those of all ops; ``categories`` are numbers, see :class:`TagColumns`.
    """
    fqns, tags, numbers = tree.columns.fqns, tree.columns.tags, tree.numbers
    found = [numbers.get(module or "") for module in reasons.modules]
    if None in found:
        # An inherited module is where others meet, which may be a container that is
        # no module of the tree: its nearest module then holds the op.
        reasons = Reasons.of(reasons, len(found))
        for at, known in enumerate(found):
            if known is None:
                why = reasons[at]
                reasons[at] = replace(why, module=tree.nearest(why.module))
                found[at] = numbers[reasons[at].module]
    homes = cast("list[int]", found)
    modules = np.array(homes, np.int64)
    ids = flat.columns.ids
    with stage("context of auxiliary ops"):
        auxiliary = np.flatnonzero(categories != PRIMARY).tolist()
        contexts = find_contexts(flat, ids, homes, auxiliary, fqns, tags)
    origin = {name: at for at, name in enumerate(ORIGINS)}
    columns = TagColumns(
        paths=fqns,
        modules=modules,
        contexts=contexts.served,
        origins=np.array([origin[name] for name in reasons.origins()], np.int64),
        categories=categories,
        calls=np.array(calls.numbers, np.int64),
        known_calls=calls.known,
    )
    facts = flat.columns
    ops = OpSequence.of(
        columns,
        tags,
        (facts.numbers, facts.bodies, ids, facts.names, facts.op_types, facts.domains),
        (facts.inputs, facts.outputs),
        reasons.by_position(),
        contexts,
        SharedBy(flat, columns, reasons),
    )
    return ops, tree.with_ops(OpsOfModules(modules, ids))
