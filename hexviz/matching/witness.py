"""What numbers say against or beyond the structure of two graphs.

::

    before   Clip "c"                        after   Where "v1" ─ Where "v2"
    equal    v1 can be c, v2 can be c        structure: v1 is c, v2 serves what follows
                                             numbers: v2 is c as well
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from hexviz.matching.matching import Match, Matching
from hexviz.model.graph import TaggedGraph

__all__ = ["EqualValues", "witnessed"]

_SURE, _SURE_OF_ROUNDED = 0.97, 0.9
_MOST_CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class EqualValues(Mapping[str, str]):
    """Value id after → value id before, where the numbers single one out.

    ``candidates`` are, for those and all others that have any, the values before
    that the numbers allow; ``is_exact`` tells whether both graphs give the same
    results, so that equal means equal and not nearest by far.
    """

    pairs: Mapping[str, str]
    candidates: Mapping[str, tuple[str, ...]]
    is_exact: bool

    def __getitem__(self, value: str) -> str:
        return self.pairs[value]

    def __iter__(self) -> Iterator[str]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)


def witnessed(
    matching: Matching, before: TaggedGraph, after: TaggedGraph, equal: Mapping[str, str]
) -> Matching:
    """The matching with what the numbers know better.

    An op whose value is that of other ops than the one it was matched with is
    one of those, if numbers single one out; what it was matched with stays
    among the candidates. Where the numbers allow what structure found, or cannot
    decide, that stays.
    """
    makers = {value: at for at, op in enumerate(before.ops) if not op.body for value in op.outputs}
    candidates = equal.candidates if isinstance(equal, EqualValues) else {}
    sure = _SURE if not isinstance(equal, EqualValues) or equal.is_exact else _SURE_OF_ROUNDED
    matches = dict(matching.matches)
    for at, op in enumerate(after.ops):
        value = next((one for one in op.outputs if one in equal), None)
        if op.body or value is None:
            continue
        possible = {makers[one] for one in candidates.get(value, (equal[value],)) if one in makers}
        found = matches.get(at)
        maker = makers.get(equal[value])
        if maker is None or (found is not None and found.before[0] in possible):
            continue
        if found is None:
            matches[at] = Match((maker,), "run", sure)
            continue
        others = [one for one in found.before if one != maker] if found.how == "fused" else []
        lost = tuple(dict.fromkeys((found.before[0], *found.candidates)))[:_MOST_CANDIDATES]
        matches[at] = Match(
            (maker, *sorted(others)), "run", sure, tuple(one for one in lost if one != maker)
        )
    return replace(matching, matches=matches)
