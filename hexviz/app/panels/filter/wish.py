"""What a person wants kept of a model, as a value that fits into the page's address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode

from hexviz.extraction.scope import POLICIES, Policy
from hexviz.extraction.selection import NOTHING, Selection

__all__ = ["MOST_OPS", "Wish", "pairs", "stored", "wish_in", "wish_stored", "written"]

MOST_OPS = 500
"""Ops that may be named one by one: more make an address that no browser takes."""

_POLICY: Policy = "include_context"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is selected, by which policy more is carried along, and whether holes are filled."""

    selected: Selection = NOTHING
    policy: Policy = _POLICY
    fill: bool = False

    def __bool__(self) -> bool:
        return bool(self.selected.modules or self.selected.ops)


def pairs(wish: Wish) -> list[tuple[str, str]]:
    """A wish as the fields of an address."""
    found = [("keep", fqn) for fqn in sorted(wish.selected.modules)]
    found += [("except", fqn) for fqn in sorted(wish.selected.exclude)]
    found += [("keep-op", op) for op in sorted(wish.selected.ops)]
    found += [("policy", wish.policy)] * (wish.policy != _POLICY)
    return found + [("fill", "1")] * wish.fill


def written(wish: Wish) -> str:
    """A wish as the query of an address."""
    return urlencode(pairs(wish))


def wish_in(
    fields: Mapping[str, list[str]] | str,
    is_module: Callable[[str], bool],
    is_op: Callable[[str], bool],
) -> Wish:
    """The wish in an address; what it names wrongly is left out."""
    if isinstance(fields, str):
        fields = parse_qs(fields, keep_blank_values=True)
    ops = [op for op in fields.get("keep-op", ()) if is_op(op)]
    return Wish(
        Selection(
            frozenset(filter(is_module, fields.get("keep", ()))),
            frozenset(filter(is_module, fields.get("except", ()))),
            frozenset(ops[:MOST_OPS]),
        ),
        _policy(next(iter(fields.get("policy", ())), None)),
        fields.get("fill") == ["1"],
    )


def stored(wish: Wish) -> dict[str, Any]:
    """A wish as the plain JSON the browser holds."""
    return {
        "keep": sorted(wish.selected.modules),
        "except": sorted(wish.selected.exclude),
        "ops": sorted(wish.selected.ops),
        "policy": wish.policy,
        "fill": wish.fill,
    }


def wish_stored(sent: object) -> Wish:
    """A wish from what the browser sent; anything unexpected counts as absent."""
    if not isinstance(sent, dict):
        return Wish()
    selected = Selection(
        _strings(sent.get("keep")), _strings(sent.get("except")), _strings(sent.get("ops"))
    )
    return Wish(selected, _policy(sent.get("policy")), sent.get("fill") is True)


def _policy(sent: object) -> Policy:
    return next((one for one in POLICIES if one == sent), _POLICY)


def _strings(sent: object) -> frozenset[str]:
    listed: Iterable[object] = sent if isinstance(sent, list) else ()
    return frozenset(one for one in listed if isinstance(one, str))
