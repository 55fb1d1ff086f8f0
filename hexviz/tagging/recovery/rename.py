"""Renaming recovered blocks: all copies of one get one name.

A block is told by its FQN, with the indices of it and of those around it or without::

    Block.3.FeedForward    Block.#.FeedForward    Block.FeedForward      one and the same
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hexviz.errors import RenameError, SelectionError
from hexviz.model import fqn as fqns
from hexviz.model.columns import CallColumns
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleInfo, build_tree
from hexviz.model.near_names import near_names
from hexviz.model.op_sequence import OpSequence, Provenances
from hexviz.tagging.reasons import Fields, Reasons, fields_of
from hexviz.tagging.recovery.names import paths_of, renamed_paths
from hexviz.tagging.tag import tagged_from

__all__ = ["names_given", "rename"]

_LONGEST = 64
"""Characters of a name."""

_CANDIDATES, _SHARED_BY = 5, 8
"""Where the fields of a reason name other modules."""


def rename(graph: TaggedGraph, changes: Mapping[str, str]) -> TaggedGraph:
    """A new graph in which recovered blocks have the class names given, all copies alike.

    FQNs and tags follow. The ops stay recovered: a name says nothing about where a block begins
    and ends.

    Raises:
        SelectionError: if there is no such module; the message names near ones.
        RenameError: if something names that module already, or a name is none or taken.
    """
    infos = graph.modules.infos()
    wanted = {fqn: _checked(name) for key, name in changes.items() for fqn in _targets(graph, key)}
    moved = _moved(graph, wanted)
    if all(before == after for before, after in moved.items()):
        return graph
    tree = build_tree({moved[fqn]: _renamed(infos[fqn], wanted.get(fqn)) for fqn in infos})
    reasons = Reasons(len(graph.ops))
    seen: dict[int, Fields] = {}  # many ops share their fields
    kept = _fields_of_ops(graph)
    for at, fields in enumerate(kept):
        known = seen.get(id(fields))
        if known is None:
            known = seen[id(fields)] = _moved_fields(fields, moved)
        reasons.settle(at, known)
    columns = graph.columns
    calls = CallColumns(columns.calls.tolist(), columns.known_calls)
    ops, tree = tagged_from(graph.flat, reasons, tree, calls, columns.categories)
    return graph.with_tags(ops, tree)


def names_given(graph: TaggedGraph) -> dict[str, str]:
    """All names that a person gave: what a block was found as, without indices → its name.

    :func:`rename` takes them, for this graph and for any in which the same is recovered.
    """
    found = renamed_paths(graph.modules.infos())
    return {".".join(path): name for path, name in found.items()}


def _checked(name: str) -> str:
    if name.isidentifier() and len(name) <= _LONGEST:
        return name
    raise RenameError(
        f"A block cannot be called {name!r}: give one word of letters, digits and underscores, as "
        f"EncoderLayer, of at most {_LONGEST} characters."
    )


def _targets(graph: TaggedGraph, key: str) -> list[str]:
    """The FQNs of all copies of the block that a person named.

    Raises:
        SelectionError: if there is none.
        RenameError: if it is a module that something names.
    """
    tree = graph.modules
    wanted = _without_indices(key)
    recovered = [
        fqn for fqn, copies in zip(tree.columns.fqns, tree.columns.copies, strict=True) if copies
    ]
    found = [fqn for fqn in recovered if _without_indices(fqn) == wanted]
    if not found:  # what it was found as, if a person has renamed it since
        paths = paths_of(tree.infos())
        found = [fqn for fqn in recovered if paths[fqn] == wanted]
    if found:
        return found
    if key in tree:
        raise RenameError(
            f"{key or 'The root'!s} cannot be renamed: the file names that module itself. Only "
            "recovered blocks have names that a person gives."
        )
    near = near_names(key, [".".join(_without_indices(fqn)) for fqn in recovered])
    hint = f"; near ones: {', '.join(dict.fromkeys(near))}" if near else ""
    raise SelectionError(f"No recovered block is named {key!r}{hint}.")


def _without_indices(fqn: str) -> tuple[str, ...]:
    return tuple([step for step in fqn.split(".") if step != "#" and not step.isdecimal()])


def _moved(graph: TaggedGraph, wanted: Mapping[str, str]) -> dict[str, str]:
    """The FQN of every module → the one that it has now.

    Raises:
        RenameError: if a name is that of another module there.
    """
    columns = graph.modules.columns
    moved: dict[str, str] = {}
    words: dict[tuple[str, str], str] = {}
    for fqn, parent in zip(columns.fqns, columns.parents, strict=True):
        if parent < 0:
            moved[fqn] = fqn
            continue
        around = columns.fqns[parent]
        word, dot, rest = fqn[len(around) + 1 if around else 0 :].partition(".")
        name = wanted.get(fqn, word)
        moved[fqn] = fqns.join((moved[around], name + dot + rest))
        if words.setdefault((around, name), word) != word:
            raise RenameError(
                f"{name!r} is the name of another module in {around or 'the model'}: choose one "
                "that is not taken there."
            )
    return moved


def _renamed(info: ModuleInfo, name: str | None) -> ModuleInfo:
    if name is None:
        return info
    before = info.found_as or info.class_name
    return replace(info, class_name=name, label="", found_as="" if name == before else before)


def _fields_of_ops(graph: TaggedGraph) -> list[Fields]:
    if isinstance(graph.ops, OpSequence) and isinstance(graph.ops.provenance, Provenances):
        return graph.ops.provenance.all_fields()
    return [fields_of(op.provenance) for op in graph.ops]


def _moved_fields(fields: Fields, moved: Mapping[str, str]) -> Fields:
    """The arguments of a reason, with the names that modules have now."""
    result = [moved.get(fields[0], fields[0]), *fields[1:]]
    if len(fields) > _CANDIDATES:
        result[_CANDIDATES] = tuple(
            [replace(one, module=moved.get(one.module, one.module)) for one in fields[_CANDIDATES]]
        )
    if len(fields) > _SHARED_BY:
        result[_SHARED_BY] = tuple([moved.get(one, one) for one in fields[_SHARED_BY]])
    return tuple(result)
