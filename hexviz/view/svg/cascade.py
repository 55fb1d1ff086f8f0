"""Which style an element has by the stylesheet: what Cytoscape works out in the browser.

::

    node                                width: data(width)      ┐
    node[kind = "op"], node[kind = …]   …                       ├→ one style, later rules win
    edge[bends > 0], edge[?label]       …                       ┘

Only the selectors that :mod:`hexviz.view.stylesheet` uses are known; any other
is an error rather than a rule that never applies. Rules for classes are left
out: classes come and go in the browser alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Cascade"]

_SELECTOR = re.compile(r"(?P<group>node|edge)?(?P<conditions>(?:\[[^\]]+\])*)(?P<classes>[.\w]*)")
_CONDITION = re.compile(r'\[(\??)(\w+)(?: (=|>) ("[^"]*"|[\d.]+))?\]')
_DATA = re.compile(r"data\((\w+)\)")


@dataclass(frozen=True, slots=True)
class _Condition:
    """On one field of the data; ``sign`` is ``=``, ``>``, ``?`` (is true) or ``""`` (is there)."""

    field: str
    sign: str
    value: Any

    def holds(self, data: Mapping[str, Any]) -> bool:
        found = data.get(self.field)
        if self.sign == "=":
            return bool(found == self.value)
        if self.sign == ">":
            return found is not None and bool(found > self.value)
        return bool(found) if self.sign == "?" else self.field in data


@dataclass(frozen=True, slots=True, eq=False)
class _Rule:
    group: str | None
    conditions: tuple[_Condition, ...]
    style: Mapping[str, Any]

    def holds(self, data: Mapping[str, Any]) -> bool:
        if len(self.conditions) == 1:  # as most have: a generator would cost more than the answer
            return self.conditions[0].holds(data)
        return all(condition.holds(data) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class _Merged:
    """Rules as one style: what they say themselves, and what they take from fields of the data."""

    plain: dict[str, Any]
    references: list[tuple[str, str]]


class Cascade:
    """A stylesheet, ready to be asked."""

    def __init__(self, rules: Sequence[Mapping[str, Any]]) -> None:
        parsed = [
            rule
            for given in rules
            for selector in given["selector"].split(", ")
            if (rule := _parsed(selector, given["style"])) is not None
        ]
        self._rules = {
            group: [rule for rule in parsed if rule.group in (None, group)]
            for group in ("node", "edge")
        }
        # Few elements differ in the rules that hold for them.
        self._merged: dict[tuple[_Rule, ...], _Merged] = {}

    def style(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The style of the element with this data, references into the data replaced."""
        group = "edge" if "source" in data else "node"
        holding = tuple([rule for rule in self._rules[group] if rule.holds(data)])
        merged = self._merged.get(holding)
        if merged is None:
            merged = self._merged[holding] = _merge(holding)
        return merged.plain | {name: data[field] for name, field in merged.references}


def _parsed(selector: str, style: Mapping[str, Any]) -> _Rule | None:
    """A rule; ``None`` for one that asks for a class."""
    found = _SELECTOR.fullmatch(selector)
    if not found:
        raise ValueError(f"Unknown selector {selector!r}: teach view/svg/cascade.py to read it.")
    if found["classes"]:
        return None
    conditions = []
    for text in re.findall(r"\[[^\]]+\]", found["conditions"]):
        condition = _CONDITION.fullmatch(text)
        if not condition:
            raise ValueError(f"Unknown condition {text}: teach view/svg/cascade.py to read it.")
        truth, field, sign, value = condition.groups()
        conditions.append(_Condition(field, sign or truth, json.loads(value) if sign else None))
    return _Rule(found["group"], tuple(conditions), style)


def _merge(rules: Sequence[_Rule]) -> _Merged:
    style = {name: value for rule in rules for name, value in rule.style.items()}
    fields = {name: _field(value) for name, value in style.items()}
    return _Merged(
        {name: value for name, value in style.items() if fields[name] is None},
        [(name, field) for name, field in fields.items() if field is not None],
    )


def _field(value: Any) -> str | None:
    found = _DATA.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None
