"""The tables of the study of planted faults, as they stand in docs/parity.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from benchmarks.exports import is_reported

if TYPE_CHECKING:
    from benchmarks.parity_study import Outcome

__all__ = ["tables"]

_FELT = 1e-5
_ANY = 1e-6  # below, it is what clean exports show of rounding


def tables(found: Sequence[Outcome]) -> str:
    """Clean exports, faults by kind, faults by way, and two at once; tuned and reported apart."""
    parts = []
    for title, reported in (("Tuned on", False), ("Only reported", True)):
        some = [one for one in found if is_reported(one.model) == reported]
        if some:
            parts += [f"**{title}**", _clean(some), _faults(some, "kind"), _faults(some, "way")]
            parts += [_two(some)]
    return "\n\n".join(part for part in parts if part)


def _clean(found: Iterable[Outcome]) -> str:
    rows = []
    clean = [one for one in found if not one.modules]
    for way in dict.fromkeys(one.way for one in clean):
        some = [one for one in clean if one.way == way and not one.failure]
        pairs, lost = sum(one.pairs for one in some), sum(one.unpaired for one in some)
        rows.append(
            (
                way,
                f"{len(some)} of {sum(one.way == way for one in clean)}",
                f"{100 * pairs / max(1, pairs + lost):.1f} %",
                f"{max((one.largest for one in some), default=0):.0e}",
                str(sum(bool(one.named) for one in some)),
            )
        )
    return _table(("clean exports", "compared", "outputs paired", "largest own", "accused"), rows)


def _faults(found: Iterable[Outcome], by: str) -> str:
    single = [one for one in found if len(one.modules) == 1 and one.effects[0] > _ANY]
    groups: dict[str, list[Outcome]] = {}
    for one in single:
        groups.setdefault(one.kinds[0] if by == "kind" else one.way, []).append(one)
    groups["all"] = single
    rows = [
        (
            name,
            str(len(some)),
            _share(some, lambda one: one.is_exact),
            str(len(felt := [one for one in some if one.effects[0] > _FELT])),
            _share(felt, lambda one: one.is_exact),
            _share(felt, lambda one: one.is_exact and one.is_whole),
            _share(felt, lambda one: one.is_wrong_branch),
        )
        for name, some in groups.items()
    ]
    header = ("planted, by " + by, "with an effect", "named", "above 1e-5", "named ", "it alone")
    return _table((*header, "wrong branch"), rows)


def _two(found: Iterable[Outcome]) -> str:
    some = [one for one in found if len(one.modules) == 2]
    row = ("two at once", str(len(some)), _share(some, lambda one: one.is_whole))
    return _table(("", "planted", "both, and only both"), [row]) if some else ""


def _share(some: Sequence[Outcome], holds: Callable[[Outcome], bool]) -> str:
    return f"{100 * sum(map(holds, some)) / len(some):.1f} %" if some else "–"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
