"""What each fact about an op at a border weighs: fitted on tuned models, checked on kinds left out.

Every tuned model and every written one (:mod:`benchmarks.border_styles`) is exported by both
exporters; its auxiliary ops are blanked, and a share of all ops. Each op between two known ones is
then a choice among the modules of its gap's route, of which the exporter recorded the right one.
The weights are those of a conditional logit: the exponentials of a module's facts, added up, are
its odds. A model's ops count together as the square root of their number, so that large models do
not decide alone. What holds for models never seen is told by leaving out one family at a time.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.border_styles import BORDER_STYLES
from benchmarks.models import MODELS, build
from hexviz.bench.blanking import Truth, know, reopen
from hexviz.bench.exports import BARE, Report, exports
from hexviz.exporters.model_source import Source
from hexviz.model.op import ON_RECORD
from hexviz.tagging import border_weights
from hexviz.tagging.anatomy import Anatomy
from hexviz.tagging.border_evidence import Evidence
from hexviz.tagging.gaps import find_gaps
from hexviz.tagging.order import order_of
from hexviz.tagging.places import Places
from hexviz.tagging.structure import structure_of

__all__ = [
    "FAMILIES",
    "Choice",
    "choices",
    "family",
    "fit_borders",
    "fitted",
    "weights_source",
    "write_weights",
]

_SHARES = (None, 0.3, 0.6)  # of the ops blanked; None are all auxiliary ones
_PARTLY = 0.3  # what a choice counts where more than auxiliary ops are blanked
_PENALTY = 2.0  # half of it times the squared weights is added to the loss
_LEAST = 0.05  # a weight that is smaller is left out

FAMILIES = MappingProxyType(
    {
        "llama": "llama olmo2 phi causal",
        "bert": "bert-tiny albert adapted",
        "speech": "wav2vec2 hubert",
        "t5": "t5 t5-encoder",
        "vit": "vit data2vec-vision sam-vit flattenoutside twotowers",
        "pyramid": "segformer pvt-v2 segmenter",
        "windows": "swin windowed focalnet",
        "convnext": "convnext next",
        "resnet": "resnet-50 residual-cnn senet regnet",
        "recurrent": "lstm classifier crnn video",
        "gpt": "gpt2 opt",
        "textbook": "small-transformer textbook",
    }
)
"""Models that are left out together; any other is a family of its own."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Choice:
    """An op with the facts for each module that it may belong to, and which of them is right."""

    model: str
    share: float | None
    facts: tuple[tuple[str, ...], ...]
    right: int


def family(model: str) -> str:
    """The family that a model is left out with."""
    return next((name for name, ones in FAMILIES.items() if model in ones.split()), model)


def fit_borders(sources: Sequence[str] = (), *, report: Report | None = None) -> dict[str, Any]:
    """The weights, and the share of choices that are right with weights of other families only.

    ``sources`` are names of tuned and of written models, all of them by default.

    Raises:
        SourceError: if a source names nothing that can be built.
    """
    tuned = [name for name, model in MODELS.items() if not model.reported]
    failed: list[dict[str, str]] = []
    found: list[Choice] = []
    for model, _, exported in exports(
        list(sources) or [*tuned, *BORDER_STYLES], BARE, failed, report, build=_built
    ):
        truth = know(exported.proto, exported.modules, exported.calls)
        found.extend(choices(model, truth))
    families = sorted({family(one.model) for one in found})
    held = {}
    for name in families:
        rest = [one for one in found if family(one.model) != name]
        asked = [one for one in found if family(one.model) == name and one.share is None]
        if rest and asked:
            held[name] = _rated(fitted(rest), asked)
    return {
        "weights": fitted(found),
        "held_out": held,
        "choices": len(found),
        "failed": failed,
    }


def _built(name: str) -> Source:
    if name not in BORDER_STYLES:
        return build(name)
    torch.manual_seed(0)
    model, args = BORDER_STYLES[name]()
    return Source(model, args, name=name)


def choices(model: str, truth: Truth) -> Iterator[Choice]:
    """All choices in an export, each way of blanking after the other."""
    for share in _SHARES:
        if share is None:
            blanked = set(truth.auxiliary)
        else:
            draw = random.Random(0).random  # noqa: S311 - reproducible, nothing to guess
            blanked = {value for value in truth.modules if draw() < share}
        graph, asked = reopen(truth, blanked)
        flat = graph.flat
        known = {
            at: op.provenance
            for at, op in enumerate(graph.ops)
            if op.provenance.origin in ON_RECORD
        }
        places = Places.of(known, len(graph.ops), structure_of(flat).paths)
        order, _ = order_of(flat, places)
        anatomy = Anatomy(flat, places, graph.modules.infos())
        undecided = ~places.known & ~structure_of(flat).static
        gaps = find_gaps(flat, anatomy, order, undecided)
        evidence = Evidence(flat, anatomy, gaps, order)
        for gap in gaps:
            if not gap.ops or len(gap.route.path) == 1:
                continue
            path = [anatomy.paths.names[one] for one in gap.route.path]
            for at, candidates in evidence.candidates(gap):
                modules = [path[one.place] for one in candidates]
                if asked.get(at) in modules and len(modules) > 1:
                    facts = tuple(one.facts for one in candidates)
                    yield Choice(model, share, facts, modules.index(asked[at]))


def fitted(found: Sequence[Choice]) -> dict[str, float]:
    """The weights under which the right modules are likeliest, less a penalty for large ones."""
    names = sorted({fact for one in found for facts in one.facts for fact in facts})
    table, closed = _tables(found, names)
    counts = Counter((one.model, one.share) for one in found)
    count = np.array(
        [
            counts[one.model, one.share] ** -0.5 * (1 if one.share is None else _PARTLY)
            for one in found
        ],
        np.float32,
    )
    whole = [one for one, choice in zip(count, found, strict=True) if choice.share is None]
    weighs = torch.from_numpy(count / np.mean(whole or count))
    facts, shut = torch.from_numpy(table), torch.from_numpy(closed)
    right = torch.tensor([one.right for one in found])
    weights = torch.zeros(len(names), requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        each = torch.nn.functional.cross_entropy(facts @ weights + shut, right, reduction="none")
        total = (weighs * each).sum() + _PENALTY / 2 * (weights**2).sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return dict(zip(names, weights.detach().numpy().round(2).tolist(), strict=True))


def _tables(found: Sequence[Choice], names: Sequence[str]) -> tuple[Floats, Floats]:
    """Which facts each module of each choice has, and which places are no modules."""
    number = {name: at for at, name in enumerate(names)}
    width = max(len(one.facts) for one in found)
    table = np.zeros((len(found), width, len(names)), np.float32)
    closed = np.full((len(found), width), -1e9, np.float32)
    for row, one in enumerate(found):
        for place, facts in enumerate(one.facts):
            closed[row, place] = 0
            table[row, place, [number[fact] for fact in facts if fact in number]] = 1
    return table, closed


def _rated(weights: dict[str, float], asked: Sequence[Choice]) -> dict[str, float]:
    """How many choices there are, and the share that the likeliest module is right for."""
    table, closed = _tables(asked, list(weights))
    sums = table @ np.array(list(weights.values()), np.float32) + closed
    right = sums.argmax(1) == np.array([one.right for one in asked])
    return {"choices": len(asked), "right": round(float(right.mean()), 4)}


def weights_source(weights: dict[str, float], path: Path) -> str:
    """The text of :mod:`hexviz.tagging.border_weights` with other weights."""
    head, _, rest = path.read_text().partition("MappingProxyType(\n    {\n")
    lines = [
        f'        "{name}": {weight:.2f},\n'
        for name, weight in sorted(weights.items())
        if abs(weight) >= _LEAST
    ]
    return head + "MappingProxyType(\n    {\n" + "".join(lines) + rest[rest.index("    }\n") :]


def write_weights(document: dict[str, Any]) -> None:
    """Put the weights of a study into the package."""
    path = Path(border_weights.__file__)
    path.write_text(weights_source(document["weights"], path))
