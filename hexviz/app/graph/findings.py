"""What the audit found, as marks: of which ops, in which boxes, and how much of it.

::

    ops      val_98 ─▶ (2, 0)       its worst finding: severity, and number of the sentence
    boxes    encoder.layer.0 ─▶ (2, 3)   the worst in it, and how many ops are accused

The browser puts the marks on the canvas and into the tree, whichever boxes are open: the
server says them once for a model and a placement, and no picture waits for the audit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import Marks
from hexviz.tagging.finding import SEVERITIES, Finding
from hexviz.view.index import Index, Placement

__all__ = ["AT_ONCE", "LATER", "marks", "numbered"]

AT_ONCE = 1_000
"""Ops up to which an audit is made with the first panel: some 0.2 s."""

LATER = 20_000
"""Ops up to which it is made when the page asks for it once more; with more, the tab has to be
opened for it."""

_MOST_OPS = 5_000  # that are marked: the worst of them


def marks(model: OpenModel, findings: Sequence[Finding], placement: Placement) -> Marks:
    """The marks of all ops with a finding, and of the boxes that hold accused ones."""
    positions = model.graph.positions
    sentences: list[str] = []
    ops: dict[str, tuple[int, int]] = {}
    accused: dict[int, int] = {}  # position → the worst severity above info
    for finding in findings:  # the worst comes first
        severity = SEVERITIES.index(finding.severity)
        new = [op for op in finding.ops if op not in ops and op in positions]
        for op in new[: _MOST_OPS - len(ops)]:
            ops[op] = (severity, len(sentences))
        if severity:
            accused.update((positions[op], severity) for op in new)
        if new:
            sentences.append(finding.message)
    return Marks(
        counts={one: sum(each.severity == one for each in findings) for one in SEVERITIES},
        sentences=sentences,
        ops=ops,
        boxes=_boxes(model.index(placement), accused),
    )


def _boxes(index: Index, accused: dict[int, int]) -> dict[str, tuple[int, int]]:
    """Key of a box → the worst severity in it, and how many ops are accused."""
    if not accused:
        return {}
    found = np.zeros(len(index.op_at) + 1, dtype=np.int64)
    found[[int(index.slot_of[at]) for at in accused]] = list(accused.values())
    until = np.concatenate([[0], np.cumsum(found > 0)])
    worst = {}
    for key, box in index.containers.items():
        count = int(until[box.high] - until[box.low])
        if count:
            worst[key] = (int(found[box.low : box.high].max()), count)
    return worst


def numbered(model: OpenModel, op_id: str) -> list[tuple[int, Finding]]:
    """The findings about an op, as far as an audit was made, each with its number in it."""
    known = model.known_findings
    if known is None:
        return []
    return [(at, known[at]) for at in model.accusations.get(op_id, ())]
