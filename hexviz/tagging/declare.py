"""What a file itself says of each op's module, and the module tree that follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hexviz.model import fqn as names
from hexviz.model.cached import cached_property
from hexviz.model.flat import FlatGraph
from hexviz.model.modules import ModuleInfo, build_tree
from hexviz.model.op import ON_RECORD, RULES, Call, Candidate, Provenance
from hexviz.model.size_limits import refuse_letters
from hexviz.tagging import calls, metadata, stored
from hexviz.tagging.earlier_records import CONFIDENCE as TRANSFERRED
from hexviz.tagging.earlier_records import Transferred, from_notes
from hexviz.tagging.from_map import Carried, carried, moved
from hexviz.tagging.metadata import Scope, scopes_of, spelled
from hexviz.tagging.module_sources import CONFIDENCE, Source, Sources
from hexviz.tagging.naming import first_call
from hexviz.tagging.stored import Record, stored_models, stored_provenance

__all__ = ["Declarations", "declare"]

_KEYS = metadata.KEYS | stored.KEYS | calls.KEYS | {metadata.REWRITTEN}


@dataclass(slots=True)
class Declarations:
    """Per op position what is declared of it and its call, and what is known of each module."""

    provenance: dict[int, Provenance] = field(default_factory=dict)
    calls: dict[int, Call] = field(default_factory=dict)
    modules: dict[str, ModuleInfo] = field(default_factory=dict)
    letters: int = 0
    """Characters of the paths that were learnt."""

    def learn(self, fqn: str, class_name: str = "") -> None:
        """Add a module, or its class name where only its path was known.

        Raises:
            ReadError: if the modules have more characters than any model's.
        """
        known = self.modules.get(fqn)
        if known is None:
            self.letters += len(fqn)
            refuse_letters(self.letters)
        if known is None or (class_name and not known.class_name):
            self.modules[fqn] = ModuleInfo(class_name, known.parameters if known else None)


def declare(
    flat: FlatGraph,
    model_metadata: Mapping[str, str],
    modules: Mapping[str, ModuleInfo] | None = None,
    running: Mapping[str, str] | None = None,
    notes: Mapping[str, Mapping[str, str]] | None = None,
) -> Declarations:
    """Collect what metadata, names and weights declare.

    ``modules`` is an exporter's full list of modules. With it, a declared FQN
    that is not in the list (a container that never runs) counts for its
    nearest ancestor; without it the tree is made of what is declared.
    ``running`` maps names of nodes to the module that was running, and ``notes``
    op ids to what the exporter noted on nodes before it dropped that.
    """
    stored_tags, records, rewritten, recorded_calls = _read(flat)
    unchanged = None not in stored_tags
    kept = _carried(flat, model_metadata, unchanged=unchanged) if modules is None else Carried()
    result = Declarations(modules=dict(kept.modules if modules is None else modules))
    complete = bool(result.modules)
    records = list(spelled(flat, records, result.modules))
    # Tags of our own that were concluded or given up on hold for the graph they
    # were made for; in one that has changed since, only what was declared counts.
    if kept.subtrees is not None:
        stored_tags = [
            None if why is None or at not in kept.subtrees else moved(why, kept.subtrees[at])
            for at, why in enumerate(stored_tags)
        ]
    for at, why in enumerate(stored_tags):
        if why is not None and (unchanged or why.origin in ON_RECORD):
            result.learn(why.module)
            result.provenance[at] = why
    sources = Sources(flat, result.provenance.keys(), result.modules, running or {})
    transferred = from_notes(flat, notes, result.modules) if notes else kept.found
    result.calls = {at: one.call for at, one in transferred.items() if one.call} | recorded_calls
    collector = _Collector(result, sources, _Tree(result.modules) if complete else None)
    doubted: dict[int, list[Source]] = {}
    for at in range(len(flat.ops)):
        if at in result.provenance:
            continue
        known = transferred.get(at)
        if kept.subtrees is None:
            found = sources.of(at, records[at], known)
        else:  # names and other tools' records mean the model that was merged, wherever it is now
            found = [] if known is None else [(known.scope, known.rule, known.name)]
        if not found:
            continue
        chosen = _most_specific(found) if len(found) > 1 else found[0]
        if at in rewritten or (known is not None and known.fused):
            # Of a type of its own, it is surely no longer the op whose record it has.
            apart = _apart if at in rewritten else _below
            name = flat.ops[at].name
            fused, others = _of_fused(chosen, found, sources.holders(at), name, apart)
            collector.learn(chosen[0])
            collector.settle(at, fused, tuple(others), known)
            continue
        collector.settle(at, chosen, known=known)
        if len(found) > 1:
            doubted[at] = [one for one in found if one is not chosen]
    if kept.subtrees is None:
        for at, source in sources.of_holders(result.provenance).items():
            collector.settle(at, source)
    if not complete:
        _merge_calls(flat, result, sources.owners)
    if not complete and not collector.nested:
        # Only weights name modules, so every step of a path may be one.
        for fqn in list(result.modules):
            for above in names.ancestors(fqn):
                result.learn(above)
    result.learn("")
    _note_disagreements(result, doubted)
    return result


def _carried(flat: FlatGraph, model_metadata: Mapping[str, str], *, unchanged: bool) -> Carried:
    """What the file carries of earlier taggings; its maps are read only where they may matter."""
    models = stored_models(model_metadata)
    if unchanged and len(models) == 1 and len(flat.ops) <= (models[0].mapped or len(flat.ops)):
        return Carried(dict(models[0].modules))
    return carried(flat, models)


def _of_fused(
    recorded: Source,
    found: Sequence[Source],
    holders: Sequence[str],
    name: str,
    apart: Callable[[str, str], bool],
) -> tuple[Source, list[str]]:
    """What tells the module of an op that a rewrite put in place of several, and the other modules.

    The record is the one of the last op that was fused, and of what the op
    computes with may be nothing left of that module. Its weight, or else the
    ``name`` of the node, is that of the op it began with. ``apart`` says whether a
    module is another one than that on record::

        Conv(conv.weight) → BatchNormalization    Conv, with the record of the norm
        "/conv/Conv"      → Relu                  FusedConv "/conv/Conv", with the Relu's value
    """
    said = recorded[0].module
    if recorded[1] in ("metadata", "value") and not recorded[0].tag:
        by_weight = next((one for one in found if one[1] == "weight"), None)
        by_name = next((one for one in found if one[1] == "name" and one[2] == name), None)
        if holders and by_weight is not None:
            if all(apart(said, holder) for holder in holders):
                recorded = by_weight
        elif by_name is not None and apart(said, by_name[0].module):
            recorded = by_name
    module = recorded[0].module
    named = (scope.module for scope, rule, _ in found if rule != "weight")
    others = dict.fromkeys((said, *holders, *named))
    return recorded, [one for one in others if _apart(one, module)]


def _below(one: str, other: str) -> bool:
    """Whether ``other`` is on another branch, or deeper."""
    return not names.is_within(one, other)


def _apart(one: str, other: str) -> bool:
    return not names.is_within(one, other) and not names.is_within(other, one)


def _read(
    flat: FlatGraph,
) -> tuple[list[Provenance | None], list[tuple[Scope, ...]], frozenset[int], dict[int, Call]]:
    """What each node's metadata says: hexviz's own record, and the scopes others noted.

    The latter are left out where the former is sure. Then come the positions of
    nodes that a rewrite made, and the calls by position.
    """
    rewritten: list[int] = []
    recorded: dict[int, Call] = {}
    known: dict[Record, Provenance] = {}
    own: list[Provenance | None] = []
    scopes: list[tuple[Scope, ...]] = []
    for at, op in enumerate(flat.ops):
        notes = op.notes(_KEYS)
        if not notes:
            own.append(None)
            scopes.append(())
            continue
        if metadata.REWRITTEN in notes:
            rewritten.append(at)
        if (call := calls.call_of(notes)) is not None:
            recorded[at] = call
        why = stored_provenance(notes, known)
        own.append(why)
        scopes.append(() if why is not None and why.origin in ON_RECORD else scopes_of(notes))
    return own, scopes, frozenset(rewritten), recorded


class _Collector:
    """Writes down what is declared, and learns of modules where no list of them is given."""

    def __init__(self, result: Declarations, sources: Sources, tree: _Tree | None) -> None:
        self._result = result
        self._sources = sources
        self._tree = tree
        self._learnt: dict[int, Scope] = {}
        self._recorded: dict[str, Provenance] = {}

    @property
    def nested(self) -> bool:
        """Whether a scope was learnt that names modules in modules."""
        return any(len(scope.fqns) > 1 for scope in self._learnt.values())

    def learn(self, scope: Scope) -> None:
        """Add the modules of a scope, unless the exporter's list of modules is known."""
        if self._tree is None and id(scope) not in self._learnt:
            self._learnt[id(scope)] = scope
            for fqn, class_name in zip(scope.fqns, scope.class_names, strict=True):
                self._result.learn(fqn, class_name)

    def settle(
        self,
        at: int,
        source: Source,
        shared_by: tuple[str, ...] = (),
        known: Transferred | None = None,
    ) -> None:
        """Declare the op at a position by a source; ``known`` is what was transferred to it."""
        scope, rule, text = source
        self.learn(scope)
        module = scope.module if self._tree is None else self._tree.place(scope, rule)
        if not text and not shared_by:  # then nothing in it is of this op alone
            why = self._recorded.get(module)
            if why is None:
                why = Provenance(module, "declared", rule, kind="metadata")
                self._recorded[module] = why
        else:
            if known is not None and rule == known.rule:
                kind, confidence = known.kind, known.confidence
            else:
                kind = self._sources.kind(at, rule, text)
                confidence = CONFIDENCE[kind]
            why = Provenance(
                module=module,
                origin=RULES[rule],
                rule=rule,
                values=(text,) if text else (),
                confidence=confidence,
                shared_by=shared_by,
                kind=kind,
            )
        self._result.provenance[at] = why


class _Tree:
    """An exporter's full list of modules."""

    def __init__(self, modules: Mapping[str, ModuleInfo]) -> None:
        self._modules = modules

    @cached_property
    def by_tag(self) -> Mapping[str, str]:
        """Tag → FQN; only files of a few tools have records by tag."""
        return build_tree(self._modules).by_tag

    def place(self, scope: Scope, rule: str) -> str:
        """The module of the list that a scope is in."""
        module = self.by_tag.get(scope.tag, scope.module) if scope.tag else scope.module
        if module not in self._modules:
            first = first_call(module)
            if rule == "name" and first in self._modules and first:
                return first
        while module not in self._modules and module:
            module = names.parent(module)
        return module


def _most_specific(found: list[Source]) -> Source:
    """The first source, or a recorded one that is deeper on the same branch.

    A weight's holder may lend it to the module around it, so it is no better
    for being deeper.
    """
    best = found[0]
    for one in found[1:]:
        deeper = len(one[0].module) > len(best[0].module)
        if RULES[best[1]] == "transferred":  # made from the same names, and from more than these
            return best
        if deeper and one[1] != "weight" and not one[0].tag and not best[0].tag:
            best = one if names.is_within(one[0].module, best[0].module) else best
    return best


def _note_disagreements(result: Declarations, doubted: Mapping[int, list[Source]]) -> None:
    """Keep what other sources said as candidates, where it is not just less specific."""
    by_tag = (
        build_tree(result.modules).by_tag
        if any(scope.tag for others in doubted.values() for scope, _, _ in others)
        else {}
    )
    for at, others in doubted.items():
        why = result.provenance[at]
        candidates: dict[str, Candidate] = {}
        for scope, rule, text in others:
            module = scope.module if not scope.tag else _named_by_tag(scope.tag, by_tag)
            if _first_name(result, module) == _first_name(result, why.module):
                continue  # another name of it
            if not names.is_within(why.module, module) and first_call(module) != why.module:
                reason = f"{text or 'another record on the op'} points there, by rule {rule}"
                score = CONFIDENCE.get(rule) or TRANSFERRED[rule]
                if why.values != (text,) and rule == why.rule == "name":
                    # The value may be that of an op that was fused into this one.
                    score = CONFIDENCE["name of a value"]
                candidates.setdefault(module, Candidate(module, score, reason))
        if candidates:
            result.provenance[at] = replace(why, candidates=tuple(candidates.values()))


def _first_name(result: Declarations, fqn: str) -> str:
    known = result.modules.get(fqn)
    return (known.same_as if known else "") or fqn


def _named_by_tag(tag: str, by_tag: Mapping[str, str]) -> str:
    """The deepest module on a tag's path that the tree knows."""
    while tag not in by_tag and tag:
        tag = tag.rpartition("/")[0]
    return by_tag.get(tag, "")


def _merge_calls(flat: FlatGraph, result: Declarations, owners: Mapping[str, str]) -> None:
    """Take the scopes of a module's second and later calls for the module itself.

    ``query_1`` may be a second call of ``query`` or a module of that name. A
    file has such calls if anything in a ``query_1`` computes with a weight of
    ``query``; then every numbered scope that holds no weight itself is one. Without
    such a proof it stays what its name says, which is worth little beside a
    ``query`` that does the same.
    """
    modules = result.modules.keys() - {""}
    named = {
        at: why.module
        for at, why in result.provenance.items()
        if why.rule == "name" and first_call(why.module) in modules
    }
    if not named:
        return
    calls = any(
        owners.get(value) == first_call(module)
        for at, module in named.items()
        for value in flat.ops[at].inputs
    )
    holders = set(owners.values())
    types: dict[str, set[str]] = {}
    for at, why in result.provenance.items():
        types.setdefault(why.module, set()).add(flat.ops[at].op_type)
    for at, module in named.items():
        if module in holders:
            continue
        why, first = result.provenance[at], first_call(module)
        if calls:
            result.provenance[at] = replace(why, module=first)
            result.modules.pop(module, None)
        elif types[module] <= types.get(first, set()):
            reason = f"{why.values[0]} may be a later call of it" if why.values else "may be it"
            other = Candidate(first, CONFIDENCE["later call"], reason)
            kind = "perhaps a later call"
            result.provenance[at] = replace(
                why,
                confidence=min(why.confidence, CONFIDENCE[kind]),
                candidates=(*why.candidates, other),
                kind=kind,
            )
