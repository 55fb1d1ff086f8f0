"""Read back the tags that hexviz itself stored in a file; a stranger may have written them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, MutableMapping
from typing import TypeGuard

from hexviz.model.limits import LONGEST_CLASS, is_path
from hexviz.model.modules import ModuleInfo
from hexviz.model.op import ORIGINS, RULES, Candidate, Provenance
from hexviz.model.writer import PREFIX

__all__ = ["KEYS", "Record", "stored_modules", "stored_provenance"]

# Python's objects take twenty times the memory of the shortest JSON.
_LONGEST_TREE = 1 << 25  # characters
_LONGEST_RECORD = 1 << 20

_MODULE = PREFIX + "module"

_FIELDS = tuple(
    PREFIX + one
    for one in (
        "module",
        "origin",
        "rule",
        "confidence",
        "candidates",
        "evidence",
        "values",
        "witnesses",
        "shared_by",
    )
)

KEYS = frozenset(_FIELDS)
"""What :func:`stored_provenance` looks at."""

Record = tuple[str | None, ...]
"""The texts under those keys."""


def stored_provenance(
    metadata: Mapping[str, str], known: MutableMapping[Record, Provenance]
) -> Provenance | None:
    """The provenance that hexviz itself wrote, or ``None`` if there is none to believe.

    ``metadata`` is that of one node. Ops with the same record share one
    provenance: what was read so far is ``known``.
    """
    if _MODULE not in metadata:
        return None
    record = tuple(map(metadata.get, _FIELDS))
    found = known.get(record)
    if found is None:
        read = _read(*record)
        if read is None:
            return None
        found = known[record] = read
    return found


def _read(
    module: str | None,
    origin: str | None,
    rule: str | None,
    confidence: str | None,
    candidates: str | None,
    *lists: str | None,
) -> Provenance | None:
    if module is None or not is_path(module):
        return None
    if origin not in ORIGINS or RULES.get(rule or "") != origin:
        return None
    rejected = [
        Candidate(str(one[0]), float(one[1]), str(one[2]))
        for one in _json_list(candidates)
        if isinstance(one, list) and len(one) == 3 and isinstance(one[1], int | float)
        if 0 <= one[1] <= 1
    ]
    try:
        sure = float(confidence or "0")
    except ValueError:
        sure = 0.0
    if not 0 <= sure <= 1:  # also what is no number
        sure = 0.0
    evidence, values, witnesses, shared_by = map(_strings, lists)
    return Provenance(
        module=module,
        origin=origin,
        rule=rule or "",
        evidence=evidence,
        values=values,
        candidates=tuple(rejected),
        confidence=sure,
        witnesses=witnesses,
        shared_by=tuple(filter(is_path, shared_by)),
    )


def stored_modules(metadata: Mapping[str, str]) -> Iterator[tuple[str, ModuleInfo]]:
    """FQN and description of each module that hexviz listed in a model's metadata."""
    stored = _json(metadata.get(PREFIX + "modules"), most=_LONGEST_TREE)
    if not isinstance(stored, dict):
        return
    for fqn, entry in stored.items():
        if isinstance(entry, dict) and is_path(fqn):
            class_name, parameters = entry.get("class"), entry.get("parameters")
            tag, same_as = entry.get("tag"), entry.get("same_as")
            yield (
                fqn,
                ModuleInfo(
                    _name(class_name),
                    parameters if _is_count(parameters) else None,
                    _name(tag.rpartition("/")[2] if isinstance(tag, str) else ""),
                    same_as if isinstance(same_as, str) and same_as in stored else "",
                ),
            )


def _name(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= LONGEST_CLASS else ""


def _is_count(value: object) -> TypeGuard[int]:
    # true and false are numbers to Python; no model has as many parameters as 64 bits count.
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def _json(text: str | None, *, most: int = _LONGEST_RECORD) -> object:
    """What a stranger's JSON of at most so many characters says, or ``None``."""
    if text and len(text) > most:
        return None
    try:
        return json.loads(text or "null")
    except (ValueError, RecursionError):
        return None


def _json_list(text: str | None) -> list[object]:
    parsed = _json(text)
    return parsed if isinstance(parsed, list) else []


def _strings(text: str | None) -> tuple[str, ...]:
    if not text:
        return ()
    return tuple(entry for entry in _json_list(text) if isinstance(entry, str))
