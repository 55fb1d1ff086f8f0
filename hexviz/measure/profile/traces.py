"""A trace that was taken elsewhere, laid on the modules of a graph.

A profile of ONNX Runtime names nodes as the file does, but for those that it fused. Where the graph
that ran is given, the two graphs are matched. Where it is not, the runtime here makes that graph
again, at each level of optimisation, and the one with the same names is taken: names that the
runtime makes up follow from the file and the level.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import onnx

from hexviz.errors import ExtractionError, MeasureError, ReadError
from hexviz.extraction.runtime import LEVELS
from hexviz.measure.documents import ProfileDocument
from hexviz.measure.profile.ort_trace import NodeKey, NodeRuns, node_runs
from hexviz.measure.profile.placing import Names, Placed, by_file, place
from hexviz.measure.profile.result import Profile, TimedNode, profile_of
from hexviz.measure.profile.run import optimized_graph
from hexviz.measure.profile.torch_trace import torch_nodes
from hexviz.measure.profile.trace_file import read_events
from hexviz.model.files import LEFTOVER
from hexviz.model.graph import TaggedGraph
from hexviz.model.wording import counted

__all__ = ["profile_of_trace", "read_trace", "timed_nodes"]

_KNOWN = 0.5
"""More than this share of a trace's nodes is in the graph, if it is of that model.

Models that share blocks have up to half of their nodes in common.
"""

_AGREE = 0.5
"""Share of the sizes in a trace that have to be those of the graph."""


def read_trace(
    content: bytes, graph: TaggedGraph, optimized: TaggedGraph | None = None
) -> ProfileDocument:
    """A profile of ONNX Runtime, or a trace of torch.profiler, by the modules of a graph.

    ``optimized`` is the graph that ran, as the runtime wrote it, if there is one.

    Raises:
        MeasureError: if it is no trace, or one of another model.
    """
    return profile_of_trace(content, graph, optimized).to_document()


def profile_of_trace(
    content: bytes, graph: TaggedGraph, optimized: TaggedGraph | None = None
) -> Profile:
    """The same as :func:`read_trace`, as a :class:`Profile`."""
    source, events = read_events(content)
    if source == "torch":
        nodes, device, unknown = torch_nodes(events, graph)
        return profile_of(
            nodes,
            graph.modules,
            model=graph.name,
            provider="PyTorch",
            device=device,
            source="torch",
            notes=tuple(unknown),
        )
    runs = node_runs(events)
    names = by_file(graph)
    _refuse_other_sizes(runs, graph, names)
    with tempfile.TemporaryDirectory(prefix=LEFTOVER) as folder:
        keys = [one.key for one in runs]
        ran = optimized
        notes: list[str] = []
        if ran is not None:
            _refuse_other_graph(ran, [key for key in keys if not names.same(key)])
        elif any(not names.same(key) for key in keys):
            ran, notes = _made_again(graph, keys, Path(folder))
        placed = place(keys, graph, names, ran)
    _refuse_unknown(graph, keys, placed)
    nodes = timed_nodes(runs, placed, graph)
    return profile_of(
        nodes,
        graph.modules,
        model=graph.name,
        provider=_provider(runs),
        device=", ".join(sorted({one.provider.removesuffix("ExecutionProvider") for one in runs})),
        source="ort",
        notes=tuple(notes),
    )


def timed_nodes(
    runs: Sequence[NodeRuns], placed: Mapping[NodeKey, Placed], graph: TaggedGraph
) -> list[TimedNode]:
    """Nodes with their times and what they are of a graph.

    The id of a node that is one op of the graph is that op's, any other keeps the runtime's name;
    of several with the same id each after the first is numbered.
    """
    found = []
    taken: dict[str, int] = {}
    for one in runs:
        where = placed[one.key]
        ops = tuple([graph.ops[at].id for at in where.ops])
        name = (
            ops[0]
            if where.how == "name" and len(ops) == 1
            else "/".join((*one.key.around, one.key.name))
        )
        number = taken[name] = taken.get(name, 0) + 1
        found.append(
            TimedNode(
                id=name if number == 1 else f"{name} ({number})",
                op_type=one.key.op_type,
                module=where.module,
                us=one.us,
                provider=one.provider,
                ops=ops,
            )
        )
    return found


def _provider(runs: Sequence[NodeRuns]) -> str:
    """The execution provider that took most of the time."""
    taken: dict[str, float] = {}
    for one in runs:
        taken[one.provider] = taken.get(one.provider, 0.0) + float(one.us.sum())
    return max(taken, key=lambda name: taken[name])


def _made_again(
    graph: TaggedGraph, keys: Sequence[NodeKey], folder: Path
) -> tuple[TaggedGraph | None, list[str]]:
    """The graph that ran, made again here, and what to say if it has not all of the nodes.

    Levels often make the same graph of a file, so nothing is said of the level.
    """
    best: TaggedGraph | None = None
    most = 0
    for level in reversed(LEVELS):
        try:
            ran = optimized_graph(graph, folder, level)
        except (ExtractionError, ReadError) as error:
            reason = str(error).rstrip(".")
            return (
                None,
                [f"Fused nodes are in no module: the file cannot be loaded ({reason})."],
            )
        names = Names(ran, [op.name for op in ran.ops])
        known = sum(bool(names.same(key)) for key in keys)
        if known > most:
            best, most = ran, known
        if known == len(keys):
            break
    if most == len(keys):
        return best, []
    missing = counted(len(keys) - most, "node")
    note = (
        f"No graph that ONNX Runtime makes of the file here has {missing} of the trace: give the "
        "one that ran (--optimized), or is the trace of another model?"
    )
    return best, [note]


def _refuse_unknown(
    graph: TaggedGraph, keys: Sequence[NodeKey], placed: Mapping[NodeKey, Placed]
) -> None:
    """That a trace is of this model.

    Raises:
        MeasureError: if hardly any of its nodes is one of the graph's.
    """
    known = sum(one.module is not None for one in placed.values())
    if known > _KNOWN * len(keys):
        return
    share = f"none of its {counted(len(keys), 'node')}"
    if known:
        share = f"only {known:,} of its {counted(len(keys), 'node')}"
    verb = "is an op" if known < 2 else "are ops"
    raise MeasureError(f"The trace is of another model: {share} {verb} of {graph.name}.")


def _refuse_other_graph(ran: TaggedGraph, keys: Sequence[NodeKey]) -> None:
    """That a graph that is given as the one that ran is that; ``keys`` are nodes not in the file.

    Raises:
        MeasureError: if it has less than half of them.
    """
    # Nodes without a name are numbered by the runtime as they stood before it optimised.
    unnamed = {op.op_type for op in ran.ops if not op.name}
    names = Names(ran, [op.name for op in ran.ops])
    known = sum(bool(names.same(key)) or key.op_type in unnamed for key in keys)
    if known < _KNOWN * len(keys):
        raise MeasureError(
            f"The optimised graph {ran.name} is not the one that ran: it has {known:,} of the "
            f"{counted(len(keys), 'node')} that are not as in the file."
        )


def _refuse_other_sizes(runs: Sequence[NodeRuns], graph: TaggedGraph, names: Names) -> None:
    """That weights and values have the sizes that the trace says.

    Exporters name the ops of all models alike, so names alone prove little.

    Raises:
        MeasureError: if most have others.
    """
    agree: list[bool] = []
    for one in runs:
        kept = names.same(one.key)
        if len(kept) == 1:
            agree += _agreements(one, graph, kept[0])
    if sum(agree) < _AGREE * len(agree):
        wrong = len(agree) - sum(agree)
        raise MeasureError(
            f"The trace is of another model: {wrong:,} of {counted(len(agree), 'size')} in it are "
            f"not those of {graph.name}."
        )


def _agreements(one: NodeRuns, graph: TaggedGraph, at: int) -> Iterator[bool]:
    """Whether a node's weights and its first output have the size of the op's."""
    op, tensors = graph.ops[at], graph.flat.tensors
    own = sum(_bytes(tensors[value]) for value in dict.fromkeys(op.inputs) if value in tensors)
    # What the runtime packed for its kernels counts as none; a folded normalisation adds a bias.
    if one.weight_bytes > 0 and own > _LARGE:
        yield 0.8 * own <= one.weight_bytes <= 1.25 * own
    shape = graph.value(op.outputs[0]).shape if one.shape and op.outputs[0] else None
    if one.shape is not None and shape:
        yield len(shape) == len(one.shape) and all(
            mine == theirs
            for mine, theirs in zip(shape, one.shape, strict=True)
            if isinstance(mine, int)
        )


_LARGE = 256
"""Bytes of weights from which on they tell something."""


def _bytes(tensor: onnx.TensorProto) -> int:
    kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
    return int(kind.itemsize * math.prod(tensor.dims))
