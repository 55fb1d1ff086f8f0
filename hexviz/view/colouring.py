"""What the colours of the graph say: the module, or one of several facts about each op.

::

    by module       each op in its module's colours       (palette.py)
    by a fact       origin, rule, category, dtype: one colour per answer
    by confidence   five steps from low to high
    by numbers      a person's own: one continuous scale       (ramp.py)
    by a figure     what was measured, on such a scale         (figures.py)
    by finding      the worst that the audit says of each op
    compared        what became of each op in another graph of the model
    what if         whether another policy would move it, and where to (what_if.py)

A closed box has the colours of the answer most of its ops give, or of their
mean; of a what-if, it says that its ops stay only where all do. What is open
stays grey, so that what is in it can be seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from hexviz.errors import NumbersError
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import ORIGINS, RULES
from hexviz.model.types import dtype_of
from hexviz.view.containers import Container
from hexviz.view.index import Index
from hexviz.view.modes import Mode, policy_of
from hexviz.view.palette import Swatch, Theme
from hexviz.view.ramp import Gather, Numbers
from hexviz.view.scales import category_swatch, plain_swatch, step_swatch
from hexviz.view.what_if import ANSWERS, STAYS, WhatIf, ask

__all__ = ["NO_NUMBER", "Colouring", "by_scale", "colour_by"]

_MOST = 7
_REST = "other"
_NONE = "none"
NO_NUMBER = "no number"
"""The entry of the legend for ops without a number."""
_SAME = "same"
_BLAMELESS = "no finding"
_ORIGINS = MappingProxyType(
    {"declared": 0, "inherited": 1, "fallback": 2, "manual": 3, "transferred": 5, "recovered": 4}
)
"""Origin → place in the palette, the same whichever of them a file has."""


@dataclass(frozen=True)
class Colouring:
    """The answers to one question about all ops: ``codes`` by slot, as positions in ``names``.

    ``ordered`` says that the names are steps of a scale, low to high. With ``yields``, a
    box has the first name only where all of its ops do; with ``tops``, it has the last
    name that any of them has. ``colours`` are places in the palette, of names that have
    another one there than in ``names``. ``numbers`` are a person's own or measured ones, which
    have a continuous scale in the place of colours for names.
    """

    names: tuple[str, ...]
    codes: npt.NDArray[np.int64]
    ordered: bool = False
    yields: bool = False
    tops: bool = False
    colours: Mapping[str, int] = field(default_factory=dict)
    numbers: Numbers | None = None

    def swatches(self, theme: Theme) -> list[Swatch]:
        """The colours of each name."""
        count = len(self.names)
        if not self.ordered:
            return [
                plain_swatch(theme)
                if name in (_REST, _NONE, NO_NUMBER, STAYS, _SAME, _BLAMELESS)
                else category_swatch(self.colours.get(name, at), theme)
                for at, name in enumerate(self.names)
            ]
        return [step_swatch(at / max(1, count - 1), theme) for at in range(count)]

    def answer(self, low: int, high: int) -> int:
        """What most of the ops in some slots say; of steps, their mean."""
        codes = self.codes[low:high]
        if self.ordered:
            return round(float(codes.mean()))
        if self.tops:
            return int(codes.max(initial=0))
        counts = np.bincount(codes, minlength=1)
        if self.yields and counts[1:].any():
            counts[0] = 0
        return int(counts.argmax())

    def answers(self, box: Container) -> list[str]:
        """All that the ops of a container say."""
        return [self.names[code] for code in np.unique(self.codes[box.low : box.high]).tolist()]


def _facts(graph: TaggedGraph, mode: Mode) -> list[str]:
    """The answer of each op to a question that is not about numbers."""
    match mode:
        case "origin":
            return [op.provenance.origin for op in graph.ops]
        case "rule":
            return [op.provenance.rule for op in graph.ops]
        case "category":
            return [op.auxiliary or "primary" for op in graph.ops]
        case _:
            firsts = (next(filter(None, op.outputs), "") for op in graph.ops)
            return [dtype_of(graph.types.get(one)) or _NONE for one in firsts]


def colour_by(
    index: Index,
    mode: Mode,
    numbers: Mapping[int, float] | None = None,
    what_if: WhatIf | None = None,
    fates: Sequence[str] | None = None,
    severities: Mapping[str, str] | None = None,
    gather: Gather = "mean",
) -> Colouring:
    """The colouring for a mode other than ``module``.

    ``numbers`` maps positions of ops to a person's own numbers; ``what_if``
    is what the mode's policy answers, where that is known already; ``fates`` say
    what became of each op (position) in a graph that this one was compared with;
    ``severities`` are the worst that an audit says of ops, by their ids; ``gather`` says
    what number a closed box has.

    Raises:
        NumbersError: if the mode asks for such numbers and there are none.
    """
    graph = index.graph
    if mode == "confidence":
        return _by_confidence(index)
    if mode == "numbers":
        if not numbers:
            raise NumbersError("There are no numbers to colour by: drop a JSON or CSV file first.")
        return _by_number(index, numbers, gather)
    if mode == "finding":
        return _by_finding(index, severities or {})
    if mode == "compared":
        return _by_fate(index, fates or [_SAME] * len(graph.ops))
    policy = policy_of(mode)
    if policy is not None:
        fates = (what_if or ask(graph, policy)).fates(len(graph.ops))
        fate_codes = np.array([ANSWERS.index(fate) for fate in fates], dtype=np.int64)
        return Colouring(ANSWERS, fate_codes[index.op_at], yields=True)
    answers = _facts(graph, mode)
    names = _ranked(answers, mode)
    place = {name: at for at, name in enumerate(names)}
    rest = place.get(_REST, 0)
    codes = np.array([place.get(answer, rest) for answer in answers], dtype=np.int64)
    colours = _ORIGINS if mode == "origin" else {}
    return Colouring(tuple(names), codes[index.op_at], colours=colours)


def _ranked(answers: Sequence[str], mode: Mode) -> list[str]:
    """The names in a fixed order, where there is one, else the most frequent first."""
    found = dict.fromkeys(answers)
    known: Sequence[str] = {"origin": ORIGINS, "rule": tuple(RULES)}.get(mode, ())
    if known:
        return [name for name in known if name in found]
    counted = dict.fromkeys(found, 0)
    for answer in answers:
        counted[answer] += 1
    names = sorted(counted, key=lambda name: (name == _NONE, -counted[name], name))
    return names if len(names) <= _MOST else [*names[: _MOST - 1], _REST]


_SEVERITIES = MappingProxyType({"info": 0, "warning": 1, "error": 6})
"""Severity → place in the palette; the worst comes last."""


def _by_finding(index: Index, severities: Mapping[str, str]) -> Colouring:
    """``severities`` are the worst that is said of ops, by their ids."""
    found = set(severities.values())
    names = (_BLAMELESS, *(one for one in _SEVERITIES if one in found))
    told = [names.index(severities.get(op.id, _BLAMELESS)) for op in index.graph.ops]
    codes = np.array(told, dtype=np.int64)
    return Colouring(names, codes[index.op_at], tops=True, colours=_SEVERITIES)


_FATES = MappingProxyType(
    {"changed": 1, "fused": 0, "moved": 3, "added": 2, "removed": 6, "retagged": 4}
)
"""Fate → place in the palette, the same whichever of them there are."""


def _by_fate(index: Index, fates: Sequence[str]) -> Colouring:
    found = set(fates)
    names = (_SAME, *(one for one in _FATES if one in found))
    codes = np.array([names.index(one) for one in fates], dtype=np.int64)
    return Colouring(names, codes[index.op_at], yields=True, colours=_FATES)


_SURE = ((0.5, "below 50 %"), (0.7, "50 to 70 %"), (0.9, "70 to 90 %"), (1.0, "90 to 99 %"))


def _by_confidence(index: Index) -> Colouring:
    edges = [edge for edge, _ in _SURE]
    sure = np.array([op.provenance.confidence for op in index.graph.ops], dtype=np.float64)
    names = (*(name for _, name in _SURE), "100 %")
    return Colouring(names, np.searchsorted(edges, sure[index.op_at], side="right"), ordered=True)


def _by_number(index: Index, numbers: Mapping[int, float], gather: Gather) -> Colouring:
    """Which ops have a number; what colours these is the number itself."""
    return by_scale(Numbers.of(index, numbers, gather))


def by_scale(found: Numbers) -> Colouring:
    """The colouring by numbers, and which ops have none."""
    return Colouring(("number", NO_NUMBER), np.isnan(found.values).astype(np.int64), numbers=found)
