"""The modules a person set, as a file: to keep beside a model, to review, and to apply again.

::

    {"hexviz": "overrides", "version": 1,
     "model": {"name": "bert", "ops": 312, "digest": "9f2c…"},
     "overrides": [{"op": "val_12", "op_type": "Reshape", "module": "encoder.layer.0"}],
     "names": {"Block": "EncoderLayer"}}

Op ids mean something in one graph only, so a file knows which one it is of.
Weights and tags may change between saving and reading, the structure may not. ``names``, which may
be left out, are those of recovered blocks; modules are named by them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from hexviz.errors import HexvizError, OverridesError
from hexviz.model.graph import TaggedGraph
from hexviz.model.near_names import near_names
from hexviz.tagging.override import overridden, override
from hexviz.tagging.recovery.rename import names_given, rename

__all__ = [
    "apply_overrides",
    "is_overrides",
    "load_overrides",
    "overrides_document",
    "read_names",
    "read_overrides",
    "structure_digest",
]

_KIND = "overrides"
_VERSION = 1
_GIVE = "give a file of overrides that hexviz saved"
_NAMED = 3  # of several things that differ, as many are named
_LONGEST = 80  # characters of a stranger's text that are shown
_WORDS: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    list: "a list",
    dict: "an object",
}

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Entry:
    op: str
    op_type: str
    module: str


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    ops: int
    digest: str
    entries: tuple[_Entry, ...]
    names: dict[str, str]


def structure_digest(graph: TaggedGraph) -> str:
    """SHA-256 (hex) of what the ops are and how they are connected, in order.

    Neither the weights nor the tags are in it: a model that was trained
    further, or tagged anew, keeps its digest.
    """
    digest = hashlib.sha256()
    for op in graph.ops:
        digest.update(json.dumps([op.id, op.domain, op.op_type, op.inputs, op.outputs]).encode())
    return digest.hexdigest()


def overrides_document(graph: TaggedGraph) -> dict[str, Any]:
    """Everything a person set in a graph (origin ``manual``) or renamed, as plain JSON."""
    names = names_given(graph)
    return {
        "hexviz": _KIND,
        "version": _VERSION,
        "model": {
            "name": graph.name,
            "ops": len(graph.ops),
            "digest": structure_digest(graph),
        },
        "overrides": [
            {"op": op, "op_type": graph.op(op).op_type, "module": module}
            for op, module in overridden(graph).items()
        ],
        **({"names": names} if names else {}),
    }


def load_overrides(path: Path, graph: TaggedGraph) -> dict[str, str]:
    """:func:`read_overrides` from a file on disk.

    Raises:
        OverridesError: if it cannot be read, and as :func:`read_overrides`.
    """
    return read_overrides(_text_of(path), graph)


def apply_overrides(path: Path, graph: TaggedGraph) -> TaggedGraph:
    """The graph with all that a file of overrides on disk says of it.

    Raises:
        OverridesError: if it cannot be read, and as :func:`read_overrides`.
    """
    text = _text_of(path)
    changes = read_overrides(text, graph)
    renamed = rename(graph, read_names(text))
    return override(renamed, changes) if changes else renamed


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise OverridesError(f"{path} does not exist: check the path.") from error
    except OSError as error:
        raise OverridesError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise OverridesError(f"{path} is no text: {_GIVE}.") from error


def is_overrides(text: str) -> bool:
    """Whether a text says of itself that it is a file of overrides, whole or not."""
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("hexviz") == _KIND


def read_overrides(text: str, graph: TaggedGraph) -> dict[str, str]:
    """Op id → FQN, for :func:`hexviz.tagging.override.override` once blocks have their names.

    Raises:
        OverridesError: if the text is no overrides file of a known version, or
            is one of another model; the message says what differs.
    """
    file = _parsed(text)
    digest = structure_digest(graph)
    try:
        renamed = rename(graph, file.names)
    except HexvizError as error:
        if file.digest == digest:
            raise OverridesError(f"The names in these overrides do not fit: {error}") from error
        renamed = graph
    unknown = [*_unknown(file.entries, renamed)]
    if file.digest != digest:
        raise OverridesError(_of_another_model(file, graph, unknown, digest))
    if unknown:
        raise OverridesError(
            "These overrides were saved from a model of this structure, but do not fit it: "
            f"{'; '.join(unknown)}. Correct the file, or open the tagged model it was saved from."
        )
    return {entry.op: entry.module for entry in file.entries}


def read_names(text: str) -> dict[str, str]:
    """Recovered block → the name that a person gave, for :func:`~.recovery.rename.rename`.

    Raises:
        OverridesError: if the text is no overrides file of a known version.
    """
    return _parsed(text).names


def _parsed(text: str) -> _File:
    try:
        document = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise OverridesError(f"That is not JSON that can be read: {_GIVE}.") from error
    if not isinstance(document, dict) or document.get("hexviz") != _KIND:
        raise OverridesError(f'That JSON does not begin with "hexviz": "{_KIND}": {_GIVE}.')
    version = _field(document, "version", int)
    if version != _VERSION:
        raise OverridesError(
            f"That file of overrides has version {_shown(version)}, and this hexviz reads version "
            f"{_VERSION}: save it again with this hexviz, or install the one that wrote it."
        )
    model = _field(document, "model", dict)
    entries: dict[str, _Entry] = {}
    for at, entry in enumerate(_field(document, "overrides", list)):
        place = f"overrides[{at}]"
        if not isinstance(entry, dict):
            raise _damaged(place, dict)
        read = _Entry(*(_field(entry, key, str, place) for key in ("op", "op_type", "module")))
        if read.op in entries:
            raise OverridesError(
                f"That file of overrides names the op {_shown(read.op)} twice: keep one of them."
            )
        entries[read.op] = read
    return _File(
        name=_field(model, "name", str, "model"),
        ops=_field(model, "ops", int, "model"),
        digest=_field(model, "digest", str, "model"),
        entries=tuple(entries.values()),
        names=_names(document),
    )


def _names(document: Mapping[str, object]) -> dict[str, str]:
    if "names" not in document:
        return {}
    found = _field(document, "names", dict)
    if not all(isinstance(one, str) for one in found.values()):
        raise _damaged("names", dict)
    return found


def _field(holder: Mapping[str, object], key: str, kind: type[_T], place: str = "") -> _T:
    value = holder.get(key)
    # Not isinstance, for which true is a whole number.
    if type(value) is not kind:
        raise _damaged(f"{place}.{key}" if place else key, kind)
    return value


def _damaged(place: str, kind: type) -> OverridesError:
    return OverridesError(
        f"That file of overrides is damaged: {place} has to be {_WORDS[kind]}. "
        "Correct it, or save it again."
    )


def _unknown(entries: Sequence[_Entry], graph: TaggedGraph) -> Iterator[str]:
    """What the entries name and the graph does not have, a phrase for each kind."""
    here = [entry for entry in entries if entry.op in graph.positions]
    gone = [entry for entry in entries if entry.op not in graph.positions]
    others = [entry for entry in here if graph.op(entry.op).op_type != entry.op_type]
    modules = dict.fromkeys(entry.module for entry in entries)
    strange = [module for module in modules if module not in graph.modules]
    if gone:
        yield "not here: op " + _listed(
            gone,
            lambda entry: _with_near(
                entry.op, [op.id for op in graph.ops if op.op_type == entry.op_type]
            ),
        )
    if others:
        yield "of another type: " + _listed(
            others,
            lambda entry: (
                f"{_shown(entry.op)} is a {graph.op(entry.op).op_type}, "
                f"not a {_shown(entry.op_type)}"
            ),
        )
    if strange:
        known = [one.fqn for one in graph.modules if one.fqn]
        yield "not here: module " + _listed(strange, lambda fqn: _with_near(fqn, known))


def _of_another_model(file: _File, graph: TaggedGraph, unknown: Sequence[str], digest: str) -> str:
    differing = []
    if file.name != graph.name:
        differing.append(f"its name is {_shown(file.name)}, not {_shown(graph.name)}")
    if file.ops != len(graph.ops):
        differing.append(f"it has {_shown(file.ops)} ops, not {len(graph.ops)}")
    if unknown:
        advice = "Open the model they were saved from, or set them again on this one."
    else:
        unknown = ("all they name is here, but the graph around it is another",)
        advice = (
            "Set them again on this one; or, if they are sure to hold, write its digest into the "
            f"file: {digest}."
        )
    return f"These overrides are of another model: {'; '.join([*differing, *unknown])}. {advice}"


def _listed(differing: Sequence[_T], phrase: Callable[[_T], str]) -> str:
    """A phrase for each of the first few, and how many more there are."""
    left_out = len(differing) - _NAMED
    listed = ", ".join(map(phrase, differing[:_NAMED]))
    return listed + (f" and {left_out} more" if left_out > 0 else "")


def _with_near(name: str, known: Sequence[str]) -> str:
    near = near_names(name, known, 2)
    return _shown(name) + (f" (near ones: {', '.join(map(_shown, near))})" if near else "")


def _shown(value: str | int) -> str:
    """A stranger's value, quoted and cut."""
    text = repr(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
