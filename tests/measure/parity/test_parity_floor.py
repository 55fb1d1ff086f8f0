"""Planted faults that parity has to name, on models it was not tuned on; see docs/parity.md."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.exports import tagged
from benchmarks.models import build
from benchmarks.parity_faults import faults, planted
from benchmarks.parity_study import FELT, effect_of
from hexviz.exporters.interface import Exported
from hexviz.extraction.spill import Spill
from hexviz.measure.documents import ParityDocument
from hexviz.measure.parity import pairing
from hexviz.measure.parity.cut_run import natural_values
from hexviz.measure.parity.judgement import Tolerance
from hexviz.measure.parity.parity import ATOL, RTOL, beside
from hexviz.measure.parity.reference import Reference
from hexviz.measure.parity.torch_reference import torch_references
from hexviz.model.graph import TaggedGraph

Exports = Callable[..., Exported]


def compared(graph: TaggedGraph, reference: Reference) -> ParityDocument:
    return beside(graph, reference, None, Tolerance(RTOL, ATOL))


def named(document: ParityDocument) -> list[str]:
    return list(dict.fromkeys(document.modules[at].module for at in document.divergences))


@pytest.mark.parametrize(
    ("model", "exporter", "optimize", "fewest"),
    [("distilbert", "dynamo", True, 4), ("u-net", "torchscript", False, 3)],
)
def test_every_planted_fault_that_is_felt_is_named_and_nothing_else(
    exported: Exports, model: str, exporter: str, optimize: bool, fewest: int
) -> None:
    graph = tagged(exported(model, exporter, optimize), model)
    with Spill() as spill:
        reference, _ = next(torch_references(graph, build(model), None, spill))
        clean = {name: one.copy() for name, one in natural_values(graph, reference.feed)}
        assert named(compared(graph, reference)) == []
        felt = 0
        for fault in faults(graph, each=1, seed=3):
            changed = planted(graph, fault)
            effect = effect_of(graph, changed, fault, clean, reference)
            if effect is not None and effect > FELT:
                felt += 1
                assert named(compared(changed, reference)) == [fault.module], fault
    assert felt >= fewest


def test_the_floor_notices_a_rule_that_is_gone(
    exported: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = tagged(exported("u-net", "torchscript", False), "u-net")
    monkeypatch.setattr(pairing, "_unfold", lambda *_: None)
    with Spill() as spill:
        reference, _ = next(torch_references(graph, build("u-net"), None, spill))
        document = compared(graph, reference)
    assert named(document) or document.unpaired
