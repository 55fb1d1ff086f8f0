"""What the maps of a file say of its ops, whatever tools did to it since it was tagged.

A map knows a value by its name. A tool that puts a model into another puts a
prefix before all names, so a map may fit behind one, and the map of a model
that was put in twice behind two::

    map   linear → fc, relu → act        file   m0/linear, m0/relu, m1/linear, m1/relu
                                         copies "m0/" and "m1/": m0.fc, m0.act, m1.fc, m1.act

A file with one copy has its own module tree. Several become subtrees of one,
so that no FQN is two modules. A map that most of the graph contradicts is of
another model and says nothing.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.op import Candidate, Provenance
from hexviz.model.size_limits import is_path
from hexviz.model.tag_map import Entry, kind_of, leaf_of
from hexviz.tagging.calls import read_call
from hexviz.tagging.earlier_records import Transferred
from hexviz.tagging.metadata import Scope
from hexviz.tagging.stored import StoredModel
from hexviz.tagging.surroundings import Links, alike

__all__ = ["Carried", "carried", "moved"]

_LONGEST_PREFIX = 96
_MOST_PREFIXES = 8
_SAMPLE = 2048
"""Names that are looked at to find what a tool put before all of them."""

_ENOUGH = 0.5
"""Share of a map that has to be found behind a prefix, or of what is found that has to agree."""

_LINKED = 0.25
"""Share of what is found by name that has to read something of what it read; tools rewire some."""

_OTHER_TYPE = 0.9
"""How sure a record is of an op of another type that makes the same value now: a fused one."""

_SCALAR = ("", "1")
"""Shapes of constants such as those of a GELU, which are named alike in every export."""

_SEPARATORS = "/_.:- "


@dataclass(slots=True)
class Carried:
    """What the file carries of earlier taggings.

    ``modules`` lists all modules, ``found`` maps positions to what a map says
    of the op. Where several models were merged, ``subtrees`` maps positions to
    the FQN below which the op's own record is meant; an op without one has a
    record of no known model.
    """

    modules: dict[str, ModuleInfo] = field(default_factory=dict)
    found: dict[int, Transferred] = field(default_factory=dict)
    subtrees: dict[int, str] | None = None


@dataclass(slots=True)
class _Copy:
    """One tagged model in the file, and position → entry of its map.

    ``claims`` are found by the names of their values, ``renamed`` by what they
    compute. ``fits`` counts what of the claims the graph confirms.
    """

    model: StoredModel
    prefix: str = ""
    claims: dict[int, int] = field(default_factory=dict)
    fits: int = 0
    renamed: dict[int, int] = field(default_factory=dict)


def carried(flat: FlatGraph, models: Sequence[StoredModel]) -> Carried:
    """What the tagged models in a file say of its ops."""
    copies = _placed(flat, models)
    claimed = {at for copy in copies for at in copy.claims}
    for copy in copies:
        if len(claimed) < len(flat.ops) and (copy.claims or len(copies) == 1):
            copy.renamed = _renamed(flat, copy, claimed)
            claimed |= copy.renamed.keys()
    if len(copies) == 1:
        return Carried(dict(copies[0].model.modules), dict(_said(flat, copies[0], "")))
    return _merged(flat, copies) if copies else Carried()


def _placed(flat: FlatGraph, models: Sequence[StoredModel]) -> list[_Copy]:
    """Each model where it fits best; an op is of one copy alone.

    Models with the same names fit behind each other's prefixes, in part::

        linear, relu, out   behind m0/ : 3   behind m1/ : 2
        linear, tanh, out   behind m0/ : 2   behind m1/ : 3
    """
    open_copies = [copy for model in models for copy in _copies(flat, model)]
    placed: list[_Copy] = []
    claimed: set[int] = set()
    used: Counter[int] = Counter()
    while open_copies:
        # Of those that fit equally well, a model that has no place yet.
        best = max(open_copies, key=lambda copy: (copy.fits, -used[id(copy.model)]))
        open_copies.remove(best)
        left = {at: one for at, one in best.claims.items() if at not in claimed}
        if len(left) >= _ENOUGH * len(best.claims):
            best.claims = left
            claimed |= left.keys()
            used[id(best.model)] += 1
            placed.append(best)
    found: list[_Copy] = []
    for model in models:
        own = [copy for copy in placed if copy.model is model]
        found.extend(own or [_Copy(model)])
    return sorted(found, key=lambda copy: min(copy.claims, default=len(flat.ops)))


def moved(why: Provenance, subtree: str) -> Provenance:
    """A record of a model's own, now that the model is below a subtree."""
    return replace(
        why,
        module=names.join((subtree, why.module)),
        candidates=tuple(
            Candidate(names.join((subtree, one.module)), one.score, one.reason)
            for one in why.candidates
        ),
        shared_by=tuple(names.join((subtree, one)) for one in why.shared_by),
    )


def _merged(flat: FlatGraph, copies: Sequence[_Copy]) -> Carried:
    """Several models in one file: each below a name of its own."""
    result = Carried({"": ModuleInfo()}, {}, {})
    subtrees: dict[int, str] = {}
    taken: set[str] = set()
    unprefixed: list[str] = []
    for copy in copies:
        root = copy.model.modules.get("", ModuleInfo()).class_name
        word = copy.prefix.strip(_SEPARATORS).replace("/", ".") or root or "model"
        name = next(one for one in _numbered(word) if one not in taken)
        taken.add(name)
        for fqn, info in copy.model.modules.items():
            below = names.join((name, fqn))
            if is_path(below):
                same_as = names.join((name, info.same_as)) if info.same_as else ""
                label = info.label if fqn else ""
                result.modules[below] = replace(info, same_as=same_as, label=label)
        result.found.update(_said(flat, copy, name))
        subtrees.update(dict.fromkeys((*copy.claims, *copy.renamed), name))
        if not copy.prefix:
            unprefixed.append(name)
            continue
        for at, op in enumerate(flat.ops):
            if op.id.startswith(copy.prefix):
                subtrees.setdefault(at, name)
    if len(unprefixed) == 1:  # what has no other model's prefix is of the one without
        for at in range(len(flat.ops)):
            subtrees.setdefault(at, unprefixed[0])
    result.subtrees = subtrees
    return result


def _numbered(word: str) -> Iterator[str]:
    yield word
    number = 2
    while True:
        yield f"{word}_{number}"
        number += 1


def _said(flat: FlatGraph, copy: _Copy, subtree: str) -> Iterator[tuple[int, Transferred]]:
    """Position → what the map has of the op, below a subtree."""
    entries = copy.model.entries
    scopes: dict[str, Scope] = {}
    for rule, pairs in (("value", copy.claims), ("renamed", copy.renamed)):
        for at, one in pairs.items():
            entry = entries[one]
            if not entry.rule:
                continue
            scope = scopes.get(entry.module)
            if scope is None:
                module = names.join((subtree, entry.module))
                scope = scopes[entry.module] = Scope((module,), ("",))
            op = flat.ops[at]
            same = kind_of(op.domain, op.op_type) == entry.kind
            sure = entry.confidence if same else min(entry.confidence, _OTHER_TYPE)
            name = copy.prefix + entry.name if rule == "value" else entry.name
            call = read_call(entry.call)
            yield at, Transferred(scope, rule, name, sure, fused=not same, call=call)


def _copies(flat: FlatGraph, model: StoredModel) -> list[_Copy]:
    """Where in the graph a model is: once as it was, or behind prefixes."""
    entries = model.entries
    places = {entry.key: at for at, entry in reversed(list(enumerate(entries))) if entry.name}
    if not places:
        return []
    found = []
    claims = _claims(flat, places, "")
    if fits := _fits(flat, entries, claims, ""):
        found.append(_Copy(model, "", claims, fits))
    if len(claims) < len(flat.ops):
        for prefix in _prefixes(flat, places, claims):
            behind = _claims(flat, places, prefix)
            if len(behind) < _ENOUGH * len(places):
                continue
            if fits := _fits(flat, entries, behind, prefix):
                found.append(_Copy(model, prefix, behind, fits))
    return found


def _claims(flat: FlatGraph, places: Mapping[str, int], prefix: str) -> dict[int, int]:
    """Position → entry, for all ops whose value has a name of the map behind a prefix."""
    found: dict[int, int] = {}
    paths = {"": ""}
    taken: set[int] = set()
    if len(flat.bodies) > 1:
        within = {op.id: op.body for op in flat.ops}
        for body in sorted(flat.bodies, key=lambda one: len(one.path)):
            if body.owner:
                outer = within[body.owner]
                name = body.owner[len(outer) + 1 :] if outer else body.owner
                attribute = body.path[len(body.owner) + 1 :]
                above = paths.get(outer, "")
                paths[body.path] = f"{above}{name.removeprefix(prefix)}/{attribute}/"
            elif body.path:
                paths[body.path] = f"{body.path}/"
    for at, op in enumerate(flat.ops):
        name = op.id[len(op.body) + 1 :] if op.body else op.id
        if prefix:
            if not name.startswith(prefix):
                continue
            name = name[len(prefix) :]
        one = places.get(paths[op.body] + name if op.body else name)
        if one is not None and one not in taken:
            taken.add(one)
            found[at] = one
    return found


def _prefixes(flat: FlatGraph, places: Mapping[str, int], claims: Mapping[int, int]) -> list[str]:
    """What may stand before the names of a map, the most frequent first."""
    others = [op.id for at, op in enumerate(flat.ops) if at not in claims and not op.body]
    step = len(others) // _SAMPLE + 1
    votes: Counter[str] = Counter()
    for name in others[::step]:
        for end in range(1, min(len(name), _LONGEST_PREFIX)):
            if name[end:] in places:
                votes[name[:end]] += 1
    return [prefix for prefix, _ in votes.most_common(_MOST_PREFIXES)]


def _fits(flat: FlatGraph, entries: Sequence[Entry], claims: Mapping[int, int], prefix: str) -> int:
    """How much of what a map found by name has its types and links; 0 if it is of another graph."""
    weighted = Counter[bool]()
    present = {name.removeprefix(prefix) for name in flat.values.values()}
    typed = linked = able = fused = 0
    for at, one in claims.items():
        op, entry = flat.ops[at], entries[one]
        same = kind_of(op.domain, op.op_type) == entry.kind
        typed += same
        expected = {
            entries[read].name if isinstance(read, int) else read.rpartition(" ")[0] or read
            for read in entry.inputs
        } - {""}
        read = {flat.values[value].removeprefix(prefix) for value in op.inputs if value}
        if expected:
            # What it was computed from is gone: a tool made one op of both, and kept a bias.
            computed = {entries[read].name for read in entry.inputs if isinstance(read, int)} - {""}
            if not same and (computed or expected).isdisjoint(present):
                fused += 1
                continue
            able += 1
            linked += not expected.isdisjoint(read)
        leaves = [one.rpartition(" ") for one in entry.inputs if isinstance(one, str)]
        held = {name for name, _, shape in leaves if name and shape not in _SCALAR}
        if held:
            weighted[not held.isdisjoint(read)] += 1
    agrees = typed >= _ENOUGH * (len(claims) - fused) and linked >= _LINKED * able
    if prefix and weighted[True] < weighted[False]:
        agrees = False  # another model's, whose values have the names that every export has
    return typed + linked if agrees else 0


def _renamed(flat: FlatGraph, copy: _Copy, claimed: set[int]) -> dict[int, int]:
    """Position → entry, for ops whose values have other names now."""
    entries = copy.model.entries
    if len(copy.claims) == len(entries):
        return {}
    made = flat.makers
    here: list[Links] = []
    for op in flat.ops:
        read: list[int | str] = []
        for value in op.inputs:
            source = made.get(value)
            tensor = flat.tensors.get(value)
            shape = None if tensor is None else tuple(tensor.dims)
            name = flat.values[value].removeprefix(copy.prefix) if value else ""
            read.append(leaf_of(name, shape) if source is None else source)
        here.append((kind_of(op.domain, op.op_type), tuple(read)))
    there: list[Links] = [(entry.kind, entry.inputs) for entry in entries]
    # An exporter's file is sorted; one that is not says nothing of the order of equal ops.
    ordered = all(one < two for one, two in itertools.pairwise(flat.top))
    pairs = alike(here, there, copy.claims, claimed - copy.claims.keys(), ordered=ordered)
    new = {at: one for at, one in pairs.items() if at not in copy.claims}
    if not copy.claims and len(new) < _ENOUGH * min(len(entries), len(flat.ops)):
        return {}  # nothing by name and little by structure: it is another model's
    return new
