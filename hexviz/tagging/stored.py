"""Read back the tags that hexviz itself stored in a file; a stranger may have written them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import TypeGuard

from hexviz.model.cached import cached_property
from hexviz.model.modules import ModuleInfo
from hexviz.model.op import (
    KINDS,
    ORIGINS,
    RELATIONS,
    RULES,
    Candidate,
    Provenance,
    Step,
    implied_kind,
)
from hexviz.model.size_limits import LONGEST_CLASS, MOST_OPS, is_path
from hexviz.model.tag_map import Entry, mapped_ops, unpack_map
from hexviz.model.writer import PREFIX
from hexviz.tagging.earlier_records import CONFIDENCE as FROM_MAP

__all__ = [
    "KEYS",
    "MODULE",
    "RELATION_OF",
    "Record",
    "StoredModel",
    "stored_models",
    "stored_provenance",
    "unread_module",
]

# Python's objects take twenty times the memory of the shortest JSON.
_LONGEST_TREE = 1 << 25  # characters
_LONGEST_RECORD = 1 << 20

_MOST_MODELS = 32
"""Tagged models in one file; each has its modules and its map."""

MODULE = PREFIX + "module"
"""Key of the module that an op belongs to."""

_TREE = PREFIX + "modules"
_MAP = PREFIX + "map"

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
        "kind",
        "steps",
        "rebuilt",
    )
)

KEYS = frozenset(_FIELDS)
"""What :func:`stored_provenance` looks at."""

Record = tuple[str | None, ...]
"""The texts under those keys."""


def unread_module(metadata: Mapping[str, str]) -> str | None:
    """The module that hexviz itself wrote on a node, if its path is beyond what is read."""
    module = metadata.get(MODULE, "")
    return None if is_path(module) else module


def stored_provenance(
    metadata: Mapping[str, str], known: MutableMapping[Record, Provenance]
) -> Provenance | None:
    """The provenance that hexviz itself wrote, or ``None`` if there is none to believe.

    ``metadata`` is that of one node. Ops with the same record share one
    provenance: what was read so far is ``known``.
    """
    if MODULE not in metadata:
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
    evidence: str | None,
    values: str | None,
    witnesses: str | None,
    shared_by: str | None,
    kind: str | None,
    steps: str | None,
    rebuilt: str | None,
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
    rule = rule or ""
    ops = _strings(evidence)
    if origin == "transferred" and rule not in FROM_MAP and not ops:
        return None  # of which op of another graph it was is all that such a record says
    return Provenance(
        module=module,
        origin=origin,
        rule=rule,
        evidence=ops,
        values=_strings(values),
        candidates=tuple(rejected),
        confidence=sure,
        witnesses=_strings(witnesses),
        shared_by=tuple(filter(is_path, _strings(shared_by))),
        kind=kind if kind is not None and KINDS.get(kind) == rule else implied_kind(rule),
        steps=_steps(ops, _json_list(steps)),
        rebuilt=rebuilt == "true",
    )


RELATION_OF = {letter: relation for relation, letter in RELATIONS.items()}
"""The letter that files keep → how a step's op stands to the explained one."""


def _steps(evidence: Sequence[str], stored: Sequence[object]) -> tuple[Step, ...]:
    """The steps to some ops, as stored: for each the letter of a relation, or that and values.

    Where they do not say how an op stands to this one (files of earlier versions have no steps),
    it is evidence and no more.
    """
    relations = stored if len(stored) == len(evidence) else [None] * len(evidence)
    return tuple([_step(op, how) for op, how in zip(evidence, relations, strict=True)])


def _step(op: str, how: object) -> Step:
    relations = how if isinstance(how, list) else [how]
    texts = [text for text in relations if isinstance(text, str)]
    relation = RELATION_OF.get(texts[0]) if texts and len(texts) == len(relations) else None
    return Step(op, relation or "is evidence for it", tuple(texts[1:]) if relation else ())


class StoredModel:
    """What hexviz kept in a model's metadata when it tagged it: its modules, and its map.

    ``mapped`` is how many ops the map says it has, 0 without one, as files
    have none that were tagged by earlier versions.
    """

    def __init__(self, modules: Mapping[str, ModuleInfo], packed: str) -> None:
        self.modules = modules
        self.mapped = mapped_ops(packed)
        self._packed = packed

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The ops of the map, unpacked when somebody asks; none where it is damaged."""
        return unpack_map(self._packed) or ()


def stored_models(metadata: Mapping[str, str]) -> list[StoredModel]:
    """Every model that hexviz tagged and that is in this file; a merged one has several."""
    found: list[StoredModel] = []
    ops = 0
    for key in sorted(metadata):
        if (key == _TREE or key.startswith(f"{_TREE}.")) and len(found) < _MOST_MODELS:
            model = StoredModel(
                dict(_modules(metadata[key])),
                metadata.get(_MAP + key.removeprefix(_TREE), "") if key != _TREE else "",
            )
            ops += model.mapped
            if model.modules and ops <= MOST_OPS:
                found.append(model)
    return found


def _modules(text: str) -> Iterator[tuple[str, ModuleInfo]]:
    """FQN and description of each module that a model's metadata lists."""
    stored = _json(text, most=_LONGEST_TREE)
    if not isinstance(stored, dict):
        return
    for fqn, entry in stored.items():
        if isinstance(entry, dict) and is_path(fqn):
            class_name, parameters = entry.get("class"), entry.get("parameters")
            tag, same_as, copies = entry.get("tag"), entry.get("same_as"), entry.get("copies")
            yield (
                fqn,
                ModuleInfo(
                    _name(class_name),
                    parameters if _is_count(parameters) else None,
                    _name(tag.rpartition("/")[2] if isinstance(tag, str) else ""),
                    same_as if isinstance(same_as, str) and same_as in stored else "",
                    copies if _is_count(copies) and copies <= MOST_OPS else 0,
                    _name(entry.get("found_as")),
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
