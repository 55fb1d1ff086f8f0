"""Two runs of ``hexviz bench`` beside each other, figure by figure."""

from __future__ import annotations

from dataclasses import dataclass

from hexviz.view.performance.runs import Run, Span

__all__ = ["UNCLEAR", "Ratio", "compare"]

_CLEAR = 0.05  # a change that is smaller is no news, whatever the spread
_UNSURE, _SAME = "no clear change", "the same"
UNCLEAR = (_UNSURE, _SAME)
"""The words of what is neither worse nor better."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """One figure of one model in two runs, in seconds or bytes; ``word`` says what it means."""

    model: str
    figure: str
    before: float
    after: float
    word: str
    is_time: bool

    @property
    def ratio(self) -> float:
        """New by old; over 1 is worse."""
        return self.after / self.before


def compare(before: Run, after: Run) -> list[Ratio]:
    """Every figure that both runs have of a model that both have, the worst change first.

    A stage is called slower only if its fastest repeat is slower than the
    slowest one was, and by a twentieth at least; likewise faster.
    """
    known = {one.name: one for one in before.subjects}
    found = []
    for one in after.subjects:
        old = known.get(one.name)
        if old is None or old.ops != one.ops:
            continue
        for name, span in one.stages.items():
            was = old.stages.get(name)
            if was is not None and was.median and span.median:
                word = _word(was, span)
                found.append(Ratio(one.name, name, was.median, span.median, word, True))
        for name, size in one.memory.items():
            had = old.memory.get(name)
            if had and size:
                change = size / had - 1
                word = "larger" if change > _CLEAR else "smaller" if change < -_CLEAR else _SAME
                found.append(Ratio(one.name, name, had, size, word, False))
    return sorted(found, key=lambda one: -one.ratio)


def _word(was: Span, now: Span) -> str:
    change = now.median / was.median - 1
    if change > _CLEAR and now.low > was.high:
        return "slower"
    if change < -_CLEAR and now.high < was.low:
        return "faster"
    return _UNSURE
