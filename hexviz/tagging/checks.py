"""The audit's plain checks: each looks at one kind of doubt and returns its findings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import reduce

import numpy as np

from hexviz.model import fqn as names
from hexviz.model.columns import PRIMARY
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import ON_RECORD, ORIGINS, Candidate, Op, Provenance
from hexviz.model.op_sequence import OpSequence
from hexviz.model.size_limits import LONGEST_PATH, MOST_STEPS, is_path
from hexviz.model.wording import counted, listed
from hexviz.model.writer import has_tags
from hexviz.tagging import stored
from hexviz.tagging.anatomy import pattern
from hexviz.tagging.finding import Finding, alike, told_apart
from hexviz.tagging.metadata import KEYS, PATH_KEYS, Telling, as_written, read, telling, too_long
from hexviz.tagging.reasons import Doubt, doubts_of
from hexviz.tagging.stored import unread_module
from hexviz.tagging.structure import structure_of
from hexviz.tagging.suspicion import off_branch, places_of

__all__ = [
    "disagreeing_sources",
    "doubts_about",
    "empty_modules",
    "fallbacks",
    "lost_tags",
    "low_confidence",
    "misleading_records",
    "shared_constants",
    "split_chains",
    "tags_lost",
]

_RECORDS = KEYS | stored.KEYS

_DOUBTFUL = 0.5
"""Below this confidence a tag is a guess; what only inputs speak for has just that."""

_ON_FILE = ON_RECORD - {"manual"}
"""The origins of what the file itself says."""

_ON_FILE_NUMBERS = sorted(map(ORIGINS.index, _ON_FILE))


def fallbacks(graph: TaggedGraph) -> Iterator[Finding]:
    """Ops of which nothing is known, as one finding."""
    lost = np.flatnonzero(graph.columns.origins == ORIGINS.index("fallback")).tolist()
    if not lost:
        return
    if len(lost) == len(graph.ops):
        message = "Nothing in this file tells of modules: no record, no scoped name, no weight."
        suggestion = "Export the model again with `hexviz export`, or name modules by hand."
    else:
        some = _some(graph.ops[lost[0]], len(lost))
        message = f"{some}: nothing is known of the module, so the root stands in for it."
        suggestion = "Set the module by hand where you know it."
    ids = tuple(map(graph.flat.columns.ids.__getitem__, lost))
    yield Finding("fallback", "warning", ids, message, suggestion)


def disagreeing_sources(graph: TaggedGraph, doubts: Sequence[Doubt]) -> Iterator[Finding]:
    """Ops whose sources name modules on different branches: one finding per pair of kinds."""
    groups: dict[tuple[str, str, bool], list[tuple[Op, Candidate]]] = {}
    on_file = np.isin(graph.columns.origins, _ON_FILE_NUMBERS).tolist()
    for at, doubt in enumerate(doubts):
        if not (doubt.candidates and on_file[at]):
            continue
        op = graph.ops[at]
        for other in doubt.candidates:
            # Of an op that a tool fused from ops of both, both are right.
            if off_branch(op.module, other.module) and other.module not in op.shared_by:
                firm = other.score >= op.provenance.confidence
                key = (_kind(graph, op.module), _kind(graph, other.module), firm)
                groups.setdefault(key, []).append((op, other))
    for (_, _, firm), pairs in groups.items():
        first, other = pairs[0]
        ops = list({op.id: op for op, _ in pairs}.values())
        said = _one({one.module for _, one in pairs})
        among = "" if said is not None else ", for the first of them,"
        yield Finding(
            "sources",
            "warning" if firm else "info",
            _ids(ops),
            f"Tagged {graph.modules[first.module].label} by rule {first.provenance.rule}, but "
            f"{other.reason}{alike(len(ops))}.",
            f"See which is right; the other{among} is {other.module or 'the root'}.",
            said if said in graph.modules else None,
            0.5,
            suggestion_sureness=0.5 if said in graph.modules else None,
        )


def shared_constants(graph: TaggedGraph) -> Iterator[Finding]:
    """Constants, and what is computed from outside alone, that others use than their own module.

    An exporter that removes common subexpressions keeps the first one with its
    scope, so its other users seem to reach into that module
    (PyTorch issue 86627)::

        mask → Unsqueeze (layers.0) ──→ Mul (layers.0)
                              └───────→ Mul (layers.1)

    No more than worth knowing: a cut copies constants in.
    """
    groups: dict[tuple[str, str], list[tuple[Op, str]]] = {}
    structure = structure_of(graph.flat)
    static, (paths, where) = structure.static, places_of(graph)
    columns, links = graph.columns, graph.flat.links_down
    lent = np.zeros(structure.size, np.bool_)
    apart = paths.off_branch(where[structure.sources], where[structure.targets])
    lent[structure.sources[apart]] = True
    lent &= (columns.categories != PRIMARY) & np.isin(columns.origins, _ON_FILE_NUMBERS)
    shared: set[int] = set()
    for at in np.flatnonzero(lent).tolist():
        op = graph.ops[at]
        users = [paths.names[where[one]] for one in links.of(at)]
        meeting = graph.modules.nearest(reduce(names.common_ancestor, users))
        if static[at]:
            telling = any(names.is_within(user, op.module) for user in users)
        else:
            # What a module hands on has other users, too; here the same part of several
            # blocks uses what all of them could have made.
            fellows = {user for user in users if pattern(user) == pattern(op.module)}
            telling = len(fellows | {op.module}) > 1 and all(
                static[one] or one in shared or names.is_within(meeting, paths.names[where[one]])
                for one in graph.flat.links_up.of(at)
            )
        if telling:
            shared.add(at)
            key = (_kind(graph, op.module), pattern(meeting))
            groups.setdefault(key, []).append((op, meeting))
    for pairs in groups.values():
        first, meeting = pairs[0]
        ops = [op for op, _ in pairs]
        target = _one({one for _, one in pairs})
        after = links.of(graph.positions[first.id])
        users = list(dict.fromkeys(paths.names[where[one]] for one in after))
        another = next(one for one in users if one != first.module)
        called = told_apart(graph, (first.module, another))
        yield Finding(
            "shared-constant",
            "info",
            _ids(ops),
            f"Tagged {called[first.module]}, the first of {counted(len(users), 'module')} that "
            f"use it; others, such as {called[another]}, seem to reach into it{alike(len(ops))}.",
            f"Move to {graph.modules[meeting].tag}, where all of its users meet"
            f"{'' if target is not None else ', and the others to where theirs do'}.",
            target,
            0.95,
            suggestion_sureness=None if target is None else 0.95,
        )


def misleading_records(graph: TaggedGraph) -> Iterator[Finding]:
    """Ops whose record names a module that the tree does not have, or by a path too long to read.

    What is noted on the nodes is read once for both.
    """
    columns = graph.flat.notes(_RECORDS)
    yield from _unknown_modules(graph, columns)
    yield from _unread_modules(graph, columns)


_Notes = Mapping[str, Sequence[str | None]]
"""What stands under each key, by position."""


def _unknown_modules(graph: TaggedGraph, columns: _Notes) -> Iterator[Finding]:
    """Ops whose own record names a module that the file's module tree does not have."""
    groups: dict[str, dict[str, list[Op]]] = {}
    around: set[str] = {""}
    for fqn in graph.modules.columns.fqns:
        while fqn not in around:
            around.add(fqn)
            fqn = names.parent(fqn)  # noqa: PLW2901 - up to what is there
    unknown: dict[Telling, list[str]] = {}  # the ops of a module have one record
    manual = (graph.columns.origins == ORIGINS.index("manual")).tolist()
    for at, notes in _noted(columns, KEYS):
        if manual[at]:
            continue
        told = telling(notes)
        if told not in unknown:
            scopes = [as_written(recorded, around) for recorded in read(told)]
            unknown[told] = [one.module for one in scopes if not (one.tag or one.module in around)]
        for module in unknown[told]:
            # Of a model that was merged with others, the record is meant below its subtree.
            if not f".{graph.ops[at].module}".endswith(f".{module}"):
                named = groups.setdefault(pattern(module), {})
                named.setdefault(module, []).append(graph.ops[at])
    for found in groups.values():
        first, *others = found
        more = f" and {len(others)} more like it" if others else ""
        ops = list({op.id: op for some in found.values() for op in some}.values())
        yield Finding(
            "unknown-module",
            "warning",
            _ids(ops),
            f"{_some(ops[0], len(ops))}: the record names {first!r}{more}, which the module tree "
            "does not have.",
            f"The tree is of another model, or was cut; the op counts for {ops[0].tag}.",
            None,
            0.9,
        )


def _unread_modules(graph: TaggedGraph, columns: _Notes) -> Iterator[Finding]:
    """Ops whose record names a module by a path that is longer than any that is read."""
    found: dict[int, str | None] = {}
    long_ones = {
        at
        for key in (stored.MODULE, *PATH_KEYS)
        for at, text in enumerate(columns.get(key, ()))
        if text is not None and _may_be_too_long(text)
    }
    for at in sorted(long_ones):
        notes = {key: text for key, one in columns.items() if (text := one[at]) is not None}
        found[at] = unread_module(notes) or too_long(notes)
    for at, name in enumerate(graph.flat.columns.names):
        if len(name) >= MOST_STEPS and found.get(at) is None and not is_path(name):
            concluded = graph.ops[at].provenance.origin == "inherited"
            found[at] = name if concluded else None
    long: list[tuple[Op, str]] = [
        (op, path)
        for at, path in sorted(found.items())
        if path is not None and (op := graph.ops[at]).provenance.origin != "manual"
    ]
    if long:
        ops, path = [op for op, _ in long], long[0][1]
        yield Finding(
            "unread-module",
            "warning",
            _ids(ops),
            f"{_some(ops[0], len(ops))}: the record names a module by {len(path):,} characters in "
            f"{path.count('.') + path.count('/') + 1} steps, {path[:40]}…, which is not read.",
            f"Paths of at most {LONGEST_PATH:,} characters and {MOST_STEPS} steps are: "
            "what is deeper counts for what its surroundings say, here "
            f"{ops[0].module[:40] or 'the root'}.",
            None,
            0.9,
        )


def split_chains(graph: TaggedGraph) -> Iterator[Finding]:
    """Auxiliary ops whose only source and only user are auxiliary ops of one other module."""
    groups: dict[tuple[str, str], list[tuple[Op, str]]] = {}
    (up, sources), (down, users) = graph.flat.links_up, graph.flat.links_down
    columns = graph.columns
    single = np.flatnonzero((np.diff(up) == 1) & (np.diff(down) == 1))
    before, after = sources[up[single]], users[down[single]]
    auxiliary = columns.categories != PRIMARY
    split = auxiliary[single] & auxiliary[before] & auxiliary[after]
    split &= columns.origins[single] != ORIGINS.index("manual")
    split &= columns.modules[before] == columns.modules[after]
    split &= columns.modules[before] != columns.modules[single]
    for at, around in zip(single[split].tolist(), before[split].tolist(), strict=True):
        op, module = graph.ops[at], columns.paths[columns.modules[around]]
        groups.setdefault((pattern(op.module), pattern(module)), []).append((op, module))
    for pairs in groups.values():
        first, around = pairs[0]
        ops = [op for op, _ in pairs]
        target = _one({one for _, one in pairs})
        called = told_apart(graph, (first.module, around))
        yield Finding(
            "split-chain",
            "info",
            _ids(ops),
            f"Tagged {called[first.module]}, in the middle of a chain of auxiliary ops of "
            f"{called[around]}{alike(len(ops))}.",
            f"If it is one computation, move to {graph.modules[around].tag}.",
            target,
            0.3,
            suggestion_sureness=None if target is None else 0.3,
        )


def low_confidence(graph: TaggedGraph, doubts: Sequence[Doubt]) -> Iterator[Finding]:
    """Concluded tags with little to go by: one finding per kind of module and rule."""
    groups: dict[tuple[str, str], list[Op]] = {}
    concluded = [ORIGINS.index(one) for one in ("inherited", "recovered")]
    doubtful = np.isin(graph.columns.origins, concluded).tolist()
    for at, doubt in enumerate(doubts):
        if doubtful[at] and doubt.confidence <= _DOUBTFUL:
            op = graph.ops[at]
            groups.setdefault((pattern(op.module), op.provenance.rule), []).append(op)
    for (_, rule), ops in groups.items():
        least = min(op.provenance.confidence for op in ops)
        yield Finding(
            "low-confidence",
            "info",
            _ids(ops),
            f"Tagged {graph.modules[ops[0].module].label} by rule {rule}, with a confidence of "
            f"{least:.0%}{alike(len(ops))}.",
            "Confirm it or set the module by hand.",
            None,
            1 - least,
        )


def empty_modules(graph: TaggedGraph, doubts: Sequence[Doubt]) -> Iterator[Finding]:
    """Modules without any op, in them or below, under any name: one finding per class."""
    first_name = graph.modules.first_name
    working = {graph.columns.paths[one] for one in np.unique(graph.columns.modules).tolist()}
    working.update(fqn for doubt in doubts for fqn in doubt.shared_by)
    inhabited: set[str] = set()
    seen = {""}
    for fqn in working:
        here = fqn
        while here not in seen:
            seen.add(here)
            inhabited.add(first_name(here))
            here = names.parent(here)
    groups: dict[str, list[str]] = {}
    columns = graph.modules.columns
    for fqn, first, kind in zip(columns.fqns, columns.same_as, columns.class_names, strict=True):
        if fqn and (first or fqn) not in inhabited:
            groups.setdefault(kind or graph.modules[fqn].label, []).append(fqn)
    for kind, fqns in groups.items():
        yield Finding(
            "empty-module",
            "info",
            (),
            f"{counted(len(fqns), 'module')} of class {kind} without ops: {listed(fqns, most=3)}.",
            "Usual for what does nothing in inference (a dropout); otherwise "
            + ("a tool" if graph.transferred_from else "the exporter")
            + " removed or merged its ops.",
        )


def doubts_about(graph: TaggedGraph) -> list[Doubt]:
    """What the reason of each tag says against it."""
    return doubts_of(_reasons(graph))


def _reasons(graph: TaggedGraph) -> Sequence[Provenance]:
    """The reason of each tag; no op is made for it."""
    if isinstance(graph.ops, OpSequence):
        return graph.ops.provenance
    return [op.provenance for op in graph.ops]


def _noted(columns: _Notes, keys: Collection[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The notes of each op that has some under these keys."""
    found = {key: column for key, column in columns.items() if key in keys}
    for at, texts in enumerate(zip(*found.values(), strict=True)):
        notes = {key: text for key, text in zip(found, texts, strict=True) if text is not None}
        if notes:
            yield at, notes


def _may_be_too_long(text: str) -> bool:
    """Whether a text may hold a path that is none: for most it takes a glance to tell."""
    return len(text) >= MOST_STEPS and (
        len(text) > LONGEST_PATH or text.count(".") + text.count("/") >= MOST_STEPS
    )


def _kind(graph: TaggedGraph, module: str) -> str:
    """What a module is: its class, or, where that is unknown, its path but for indices."""
    known = graph.modules[module].class_name if module in graph.modules else ""
    return known or pattern(module)


def _one(modules: Collection[str]) -> str | None:
    """The module that all of a finding's ops would be moved to; ``None`` if there are several."""
    return next(iter(modules)) if len(modules) == 1 else None


def _ids(ops: list[Op]) -> tuple[str, ...]:
    return tuple(op.id for op in ops)


def _some(first: Op, count: int) -> str:
    """The first of some ops by name, and how many more there are."""
    more = f" and {count - 1} more" if count > 1 else ""
    return f"{first.op_type} “{first.id}”{more}"


_FEW_RECORDS = 0.1
"""Share of ops with a record below which a file has lost its tags."""


def tags_lost(graph: TaggedGraph) -> bool:
    """Whether hexviz tagged the file, and hardly any op of it still has a record.

    A record is one on the op, hexviz's or an exporter's, or one in the file's map.
    """
    if not graph.ops or not has_tags(entry.key for entry in graph.proto.metadata_props):
        return False
    enough = _FEW_RECORDS * len(graph.ops)
    recorded = 0
    for why, node in zip(_reasons(graph), graph.flat.columns.nodes, strict=True):
        recorded += bool(
            why.shared_by  # a record found it, whoever decided
            or why.origin in ("transferred", "manual")
            or why.rule == "metadata"
            or has_tags(entry.key for entry in node.metadata_props)
        )
        if recorded >= enough:
            return False
    return True


def lost_tags(graph: TaggedGraph) -> Iterator[Finding]:
    """One finding for a file whose tags were lost, as all of them are concluded from the rest."""
    if tags_lost(graph):
        yield Finding(
            "lost-tags",
            "warning",
            (),
            f"The file lists {counted(len(graph.modules), 'module')}, and hardly any of its "
            f"{counted(len(graph.ops), 'op')} says which is its own: a tool dropped the records.",
            "Take the file from before that tool, or tag it again; what is shown is inferred.",
        )
