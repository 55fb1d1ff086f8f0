"""Read back the tags that hexviz itself stored in a file; a stranger may have written them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from hexviz.model.flat import FlatOp
from hexviz.model.modules import ModuleInfo
from hexviz.model.op import ORIGINS, RULES, Candidate, Provenance
from hexviz.model.writer import PREFIX

__all__ = ["stored_modules", "stored_provenance"]

_MODULE = PREFIX + "module"


def stored_provenance(op: FlatOp) -> Provenance | None:
    """The provenance that hexviz itself wrote, or ``None`` if there is none to believe."""
    metadata = op.metadata
    module = metadata.get(_MODULE)
    if module is None:
        return None
    origin, rule = metadata.get(PREFIX + "origin"), metadata.get(PREFIX + "rule", "")
    if origin not in ORIGINS or RULES.get(rule) != origin:
        return None
    rejected = [
        Candidate(str(one[0]), float(one[1]), str(one[2]))
        for one in _json_list(metadata.get(PREFIX + "candidates"))
        if isinstance(one, list) and len(one) == 3 and isinstance(one[1], int | float)
        if 0 <= one[1] <= 1
    ]
    try:
        confidence = float(metadata.get(PREFIX + "confidence", "0"))
    except ValueError:
        confidence = 0.0
    if not 0 <= confidence <= 1:  # also what is no number
        confidence = 0.0
    return Provenance(
        module=module,
        origin=origin,
        rule=rule,
        evidence=_strings(metadata.get(PREFIX + "evidence")),
        values=_strings(metadata.get(PREFIX + "values")),
        candidates=tuple(rejected),
        confidence=confidence,
        witnesses=_strings(metadata.get(PREFIX + "witnesses")),
    )


def stored_modules(metadata: Mapping[str, str]) -> Iterator[tuple[str, ModuleInfo]]:
    """FQN and description of each module that hexviz listed in a model's metadata."""
    stored = _json(metadata.get(PREFIX + "modules"))
    if not isinstance(stored, dict):
        return
    for fqn, entry in stored.items():
        if isinstance(entry, dict):
            class_name, parameters = entry.get("class"), entry.get("parameters")
            tag = entry.get("tag")
            yield (
                fqn,
                ModuleInfo(
                    class_name if isinstance(class_name, str) else "",
                    parameters if isinstance(parameters, int) else None,
                    tag.rpartition("/")[2] if isinstance(tag, str) else "",
                ),
            )


def _json(text: str | None) -> object:
    """What a stranger's JSON says, or ``None``."""
    try:
        return json.loads(text or "null")
    except (ValueError, RecursionError):
        return None


def _json_list(text: str | None) -> list[object]:
    parsed = _json(text)
    return parsed if isinstance(parsed, list) else []


def _strings(text: str | None) -> tuple[str, ...]:
    return tuple(entry for entry in _json_list(text) if isinstance(entry, str))
