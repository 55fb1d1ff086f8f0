"""How often parity names the module of a planted fault: ``make bench-parity``.

Every model is exported in three ways; each export is compared clean, then with one fault at a time
(:mod:`benchmarks.parity_faults`), then with two in different modules. Weights and statistics get
some noise first, as if the model had been trained: a bias of zeros can be dropped by anybody.

The *effect* of a fault is what it changes in what leaves its module, relative to the largest
magnitude there, in the graph as it runs: exports stay on disk in the folder that is named, so that
a second run only measures.
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import random
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch

import hexviz
from benchmarks.models import MODELS, build, with_noise
from benchmarks.parity_faults import Fault, faults, planted
from hexviz.errors import ExportError, ExtractionError, HexvizError
from hexviz.exporters.model_source import Source
from hexviz.extraction.spill import Spill
from hexviz.measure.documents import ParityDocument
from hexviz.measure.parity.borders import borders_of
from hexviz.measure.parity.cut_run import natural_values
from hexviz.measure.parity.judgement import Tolerance
from hexviz.measure.parity.parity import ATOL, RTOL, beside
from hexviz.measure.parity.reference import Reference
from hexviz.measure.parity.tensor_error import relative_error, tensor_error
from hexviz.measure.parity.torch_reference import torch_references
from hexviz.model import fqn as names
from hexviz.model.files import write_atomically
from hexviz.model.graph import TaggedGraph

__all__ = ["FELT", "WAYS", "Outcome", "effect_of", "noisy", "study"]

Array = npt.NDArray[Any]

WAYS = {
    "dynamo": {"exporter": "dynamo", "optimize": False},
    "dynamo, optimised": {"exporter": "dynamo", "optimize": True},
    "torchscript": {"exporter": "torchscript"},
}

LARGE = frozenset({"gpt2", "sam-vit", "resnet-50"})
"""Models in their published size, which add nothing but hours."""

FELT = 1e-5
"""The effect from which on a fault has to be found."""


@dataclass
class Outcome:
    """One graph that was compared: ``modules`` are those of its faults, none if it is clean.

    ``named`` are the modules that parity says diverge by themselves, the first one first, each with
    those that it says may be meant as well.
    """

    model: str
    way: str
    kinds: list[str]
    modules: list[str]
    effects: list[float]
    named: list[list[str]] = field(default_factory=list)
    pairs: int = 0
    unpaired: int = 0
    largest: float = 0.0
    seconds: float = 0.0
    failure: str = ""

    @property
    def is_exact(self) -> bool:
        """Whether the first module that is named is the fault's."""
        return bool(self.named) and self.modules[0] in self.named[0]

    @property
    def is_whole(self) -> bool:
        """Whether all faults are named, and nothing else."""
        every = {one for group in self.named for one in group}
        return set(self.modules) <= every and all(
            not set(group).isdisjoint(self.modules) for group in self.named
        )

    @property
    def is_wrong_branch(self) -> bool:
        """Whether the first named is neither around the fault's module nor in it."""
        return bool(self.named) and not any(
            names.is_within(one, self.modules[0]) or names.is_within(self.modules[0], one)
            for one in self.named[0]
        )


def noisy(name: str) -> Source:
    """A model with noise in weights and in the statistics of its normalisations."""
    source = with_noise(build(name))
    draw = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for module in source.model.modules():
            for key, scale in (("running_mean", 0.3), ("running_var", 0.3)):
                held = getattr(module, key, None)
                if isinstance(held, torch.Tensor):
                    change = scale * torch.rand(held.shape, generator=draw)
                    held.add_(change.to(held.dtype))
    return source


def study(
    models: Sequence[str], work: Path, *, each: int, two: int, seed: int
) -> Iterator[Outcome]:
    """The outcomes of all models, exported in all ways; what cannot be exported says so."""
    work.mkdir(parents=True, exist_ok=True)
    for name in models:
        source = noisy(name)
        for way, options in WAYS.items():
            path = work / f"{name}-{way.replace(', ', '-')}.onnx"
            try:
                if not path.exists():
                    hexviz.export(source.model, source.args, source.kwargs, **options).save(path)  # type: ignore[arg-type]
                graph = hexviz.load(path)
            except ExportError as error:
                yield Outcome(name, way, [], [], [], failure=str(error))
                continue
            yield from _one(name, way, graph, source, each=each, two=two, seed=seed)


def _one(
    name: str, way: str, graph: TaggedGraph, source: Source, *, each: int, two: int, seed: int
) -> Iterator[Outcome]:
    with Spill() as spill:
        began = time.perf_counter()
        for reference, _ in torch_references(graph, source, None, spill):
            try:
                clean = dict(natural_values(graph, reference.feed))
            except ExtractionError:
                continue
            break
        clean = {value: array.copy() for value, array in clean.items()}
        outcome = _compared(Outcome(name, way, [], [], []), graph, reference)
        outcome.seconds = time.perf_counter() - began
        yield outcome
        planted_ones = []
        for fault in faults(graph, each=each, seed=seed):
            changed = planted(graph, fault)
            effect = effect_of(graph, changed, fault, clean, reference)
            if effect is None:
                continue  # it does not run any more, which everybody sees
            planted_ones.append((fault, effect))
            yield _compared(
                Outcome(name, way, [fault.kind], [fault.module], [effect]), changed, reference
            )
        yield from _pairs(name, way, graph, reference, planted_ones, two=two, seed=seed)


def _pairs(
    name: str,
    way: str,
    graph: TaggedGraph,
    reference: Reference,
    found: Sequence[tuple[Fault, float]],
    *,
    two: int,
    seed: int,
) -> Iterator[Outcome]:
    felt = [one for one in found if one[1] > FELT and one[0].kind != "axes"]
    couples = [
        (one, other)
        for one, other in itertools.combinations(felt, 2)
        if one[0].module != other[0].module and one[0].node != other[0].node
    ]
    draw = random.Random(seed)  # noqa: S311 - reproducible, nothing to guess
    for (one, effect), (other, second) in draw.sample(couples, min(two, len(couples))):
        changed = planted(graph, one, other)
        yield _compared(
            Outcome(
                name, way, [one.kind, other.kind], [one.module, other.module], [effect, second]
            ),
            changed,
            reference,
        )


def _compared(outcome: Outcome, graph: TaggedGraph, reference: Reference) -> Outcome:
    try:
        document = beside(graph, reference, None, Tolerance(RTOL, ATOL))
    except HexvizError as error:
        outcome.failure = str(error)
        return outcome
    outcome.named = _named(document)
    calls = [one for one in document.modules if one.how != "same"]
    outcome.pairs, outcome.unpaired = len(calls), len(document.unpaired)
    outcome.largest = max((relative_error(one.own) for one in calls if one.own), default=0.0)
    return outcome


def _named(document: ParityDocument) -> list[list[str]]:
    found: dict[str, list[str]] = {}
    for at in document.divergences:
        one = document.modules[at]
        found.setdefault(one.module, [one.module, *one.modules])
    return list(found.values())


def effect_of(
    graph: TaggedGraph,
    changed: TaggedGraph,
    fault: Fault,
    clean: dict[str, Array],
    reference: Reference,
) -> float | None:
    """What a fault changes in what leaves its module; ``None`` if the graph runs no more."""
    leaving = set(borders_of(graph).leaving.get(fault.module, ()))
    worst = 0.0
    try:
        for value, array in natural_values(changed, reference.feed, [*leaving, *graph.top.outputs]):
            if value not in leaving:
                continue
            if array.shape != clean[value].shape:
                return None
            worst = max(worst, relative_error(tensor_error(array, clean[value])))
    except ExtractionError:
        return None
    return worst


def main() -> None:
    """Run the study and print its tables; ``--json`` keeps every outcome."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("work", type=Path, help="a folder that keeps the exports")
    parser.add_argument("models", nargs="*", help="models; all small ones of the table if none")
    parser.add_argument("--each", type=int, default=4, help="faults of each kind and export")
    parser.add_argument("--two", type=int, default=4, help="exports with two faults")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="a file that keeps the outcomes, by model")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    models = given.models or [name for name in MODELS if name not in LARGE]
    found = _kept(given.json)
    for name in [one for one in models if one not in {kept.model for kept in found}]:
        for one in study([name], given.work, each=given.each, two=given.two, seed=given.seed):
            found.append(one)
            line = _line(one)
            if line:
                print(line, file=sys.stderr, flush=True)
        if given.json is not None:
            write_atomically(given.json, [json.dumps([asdict(one) for one in found]).encode()])
    from benchmarks.parity_table import tables

    print(tables(found))


def _kept(path: Path | None) -> list[Outcome]:
    """The outcomes of an earlier run, whose models are not run again."""
    if path is None or not path.exists():
        return []
    return [Outcome(**one) for one in json.loads(path.read_text())]


def _line(one: Outcome) -> str:
    """What is to be looked at in an outcome, nothing if it is as it should be."""
    place = f"{one.model} {one.way}"
    if one.failure:
        return f"{place}: {'+'.join(one.kinds)} {one.modules} FAILED {one.failure}"
    if not one.modules:
        figures = f"{one.pairs} pairs, {one.unpaired} unpaired, own up to {one.largest:.1e}"
        return f"{place}: clean, {figures}, {one.seconds:.1f} s{' ACCUSED ' * bool(one.named)}" + (
            f"{one.named}" if one.named else ""
        )
    felt = min(one.effects) > FELT
    right = one.is_exact if len(one.modules) == 1 else one.is_whole
    if right or (not felt and not one.named):
        return ""
    return f"{place}: {one.kinds} of {one.modules}, effects {one.effects}: named {one.named}"


if __name__ == "__main__":
    main()
