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


@dataclass(frozen=True, slots=True)
class _Rule:
    group: str | None
    conditions: tuple[_Condition, ...]
    style: Mapping[str, Any]


class Cascade:
    """A stylesheet, ready to be asked."""

    def __init__(self, rules: Sequence[Mapping[str, Any]]) -> None:
        self._rules = [
            rule
            for given in rules
            for selector in given["selector"].split(", ")
            if (rule := _parsed(selector, given["style"])) is not None
        ]

    def style(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The style of the element with this data, references into the data replaced."""
        group = "edge" if "source" in data else "node"
        style: dict[str, Any] = {}
        for rule in self._rules:
            if rule.group in (None, group) and all(one.holds(data) for one in rule.conditions):
                style |= rule.style
        return {name: _value(value, data) for name, value in style.items()}


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


def _value(value: Any, data: Mapping[str, Any]) -> Any:
    found = _DATA.fullmatch(value) if isinstance(value, str) else None
    return data[found[1]] if found else value
