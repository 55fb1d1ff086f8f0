"""Documents of made-up measurements of a graph, with figures that are easy to tell apart."""

from __future__ import annotations

import json

from hexviz.measure.documents import (
    CallError,
    ModuleTime,
    NodeTime,
    ParityDocument,
    ProfileDocument,
    TensorError,
    to_dict,
)
from hexviz.measure.sums import sums_by_module, totals
from hexviz.model.graph import TaggedGraph

CLEAN = 2e-7
FAULT = 3e-2


def profile_of(graph: TaggedGraph, digest: str = "", unplaced: float = 1.0) -> ProfileDocument:
    """Op number n takes n + 1 µs, and ``unplaced`` µs are of no module."""
    nodes = tuple(
        NodeTime(id=op.id, op_type=op.op_type, module=op.module, us=at + 1.0, ops=(op.id,))
        for at, op in enumerate(graph.ops)
    )
    own = sums_by_module(graph.modules, ((node.module or "", node.us) for node in nodes), 0.0)
    total = totals(graph.modules, own, 0.0)
    whole = total[""] + unplaced
    return ProfileDocument(
        model=graph.name,
        modules=tuple(
            ModuleTime(
                module=module.fqn,
                tag=module.tag,
                self_us=own[module.fqn],
                total_us=total[module.fqn],
                share=total[module.fqn] / whole,
                runs=10,
            )
            for module in graph.modules
        ),
        nodes=nodes,
        total_us=whole,
        unplaced_us=unplaced,
        runs=10,
        provider="CPUExecutionProvider",
        device="cpu",
        optimization="all",
        digest=digest,
    )


def parity_of(graph: TaggedGraph, faults: tuple[str, ...], digest: str = "") -> ParityDocument:
    """One call of each module with ops of its own, of which those of ``faults`` diverge."""
    calls, worst = [], CLEAN
    for module in graph.modules:
        if not module.ops:
            continue
        is_fault = module.fqn in faults
        own = FAULT if is_fault else CLEAN
        worst = max(worst, own)
        calls.append(
            CallError(
                module=module.fqn,
                tag=module.tag,
                call=0,
                value=module.ops[-1],
                max_abs_error=worst,
                max_rel_error=worst,
                cosine=1.0,
                sqnr_db=60.0,
                ok=not is_fault,
                own=TensorError(max_abs_error=own, max_rel_error=own, cosine=1.0, sqnr_db=60.0),
                noise=1e-7,
                how="only",
            )
        )
    found = tuple(at for at, call in enumerate(calls) if not call.ok)
    first = calls[found[0]] if found else None
    message = (
        f"first divergence: {first.module}, own error 3·10⁻², its inputs agree"
        if first
        else "No divergence: every module gives the reference's numbers."
    )
    return ParityDocument(
        model=graph.name,
        reference="mypackage:build",
        modules=tuple(calls),
        first_divergence=first,
        message=message,
        rtol=1e-3,
        atol=1e-6,
        runtime="1.0",
        path=("", first.module) if first else (),
        divergences=found,
        inputs="made",
        digest=digest,
    )


def written(document: ProfileDocument | ParityDocument) -> bytes:
    """The document as a file."""
    return json.dumps(to_dict(document)).encode()
