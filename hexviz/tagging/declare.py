"""What a file itself says of each op's module, and the module tree that follows from it.

Most ops of a file are plain: a record or a name says where they are, and nothing else says
anything different. These are settled all at once, by the few different records and paths that they
have. What several things are said of is weighed op by op.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hexviz.model import fqn as names
from hexviz.model.cached import cached_property
from hexviz.model.columns import CallColumns
from hexviz.model.flat import FlatGraph
from hexviz.model.modules import ModuleInfo, build_tree
from hexviz.model.op import ON_RECORD, RULES, Candidate, Provenance
from hexviz.model.size_limits import refuse_letters
from hexviz.tagging.earlier_records import CONFIDENCE as TRANSFERRED
from hexviz.tagging.earlier_records import Transferred, from_notes
from hexviz.tagging.from_map import Carried, carried, moved
from hexviz.tagging.layer_annotations import are_modules, scope_of_layer
from hexviz.tagging.metadata import Scope, spelled
from hexviz.tagging.module_sources import CONFIDENCE, NOTHING, Source, Sources
from hexviz.tagging.naming import first_call
from hexviz.tagging.notes import Notes, read_notes
from hexviz.tagging.prefixes import Prefixes
from hexviz.tagging.reasons import Reasons, Shared
from hexviz.tagging.recovery.names import WordPath, renamed_paths, without_recovered
from hexviz.tagging.scopes import Found
from hexviz.tagging.stored import stored_models

__all__ = ["Declarations", "declare"]


@dataclass(slots=True)
class Declarations:
    """Per op position what is declared of it and its call, and what is known of each module."""

    provenance: Reasons
    calls: CallColumns
    modules: dict[str, ModuleInfo] = field(default_factory=dict)
    prefixes: Prefixes | None = None
    """What tools put before the names of the file."""
    renamed: dict[WordPath, str] = field(default_factory=dict)
    """What a person called blocks that were recovered in the file before."""
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
    *,
    recover: bool = True,
) -> Declarations:
    """Collect what metadata, names and weights declare.

    ``modules`` is an exporter's full list of modules. With it, a declared FQN
    that is not in the list (a container that never runs) counts for its
    nearest ancestor; without it the tree is made of what is declared.
    ``running`` maps names of nodes to the module that was running, and ``notes``
    op ids to what the exporter noted on nodes before it dropped that. Without ``recover``, what was
    recovered when the file was tagged counts for nothing.
    """
    size = len(flat.columns.ids)
    read = read_notes(flat)
    kept, own, listed = _kept(flat, model_metadata, read.own, modules, recover=recover)
    result = Declarations(Reasons(size), read.calls, listed, renamed=renamed_paths(kept.modules))
    complete = bool(result.modules)
    recorded = spelled(flat, read.scopes, read.numbers, result.modules)
    _take_own(result, own, kept)
    settled = set(result.provenance)
    sources = Sources(flat, settled, result.modules, running or {})
    result.prefixes = sources.prefixes
    recorded, numbers = _with_layers(read, recorded, settled, sources, result.modules)
    transferred = from_notes(flat, notes, result.modules) if notes else kept.found
    result.calls = read.calls.with_others(
        {at: one.call for at, one in transferred.items() if one.call}
    )
    tree = _Tree(result.modules) if complete else None
    collector = _Collector(result, sources, tree, flat.columns.names)
    doubted: dict[int, list[Source]] = {}

    def weigh(at: int) -> None:
        """Settle an op of which several things may be said."""
        known = transferred.get(at)
        if kept.subtrees is None:
            found = sources.of(at, recorded[numbers[at]], known)
        else:  # names and other tools' records mean the model that was merged, wherever it is now
            found = [] if known is None else [(known.scope, known.rule, known.name)]
        if not found:
            return
        chosen = _most_specific(found) if len(found) > 1 else found[0]
        if at in read.rewritten or (known is not None and known.fused):
            # Of a type of its own, it is surely no longer the op whose record it has.
            apart = _apart if at in read.rewritten else _below
            name = flat.columns.names[at]
            fused, others = _of_fused(chosen, found, sources.holders(at), name, apart)
            collector.learn(chosen[0])
            collector.settle(at, fused, tuple(others), known)
            return
        collector.settle(at, chosen, known=known)
        if len(found) > 1:
            doubted[at] = [one for one in found if one is not chosen]

    if kept.subtrees is None:
        _settle_plain(
            size, collector, recorded, numbers, settled, {*read.rewritten, *transferred}, weigh
        )
    else:
        for at in range(size):
            if at not in settled:
                weigh(at)
    if kept.subtrees is None:
        for at, source in sources.of_holders(result.provenance).items():
            collector.settle(at, source)
    if not complete:
        _merge_calls(flat, result, sources.owners)
    if not complete and not collector.nested:
        _learn_steps(result)
    result.learn("")
    _note_disagreements(result, doubted)
    return result


def _learn_steps(result: Declarations) -> None:
    """Take every step of a path for a module: nothing but weights names any."""
    for fqn in list(result.modules):
        for above in names.ancestors(fqn):
            result.learn(above)


def _with_layers(
    read: Notes,
    recorded: Sequence[tuple[Scope, ...]],
    settled: Collection[int],
    sources: Sources,
    modules: Collection[str],
) -> tuple[Sequence[tuple[Scope, ...]], list[int]]:
    """The records, and each op's number of one, with annotations of layers where they name modules.

    An op with another record keeps that.
    """
    wanted = {
        at: text
        for at, text in read.layers.items()
        if at not in settled and not recorded[read.numbers[at]]
    }
    if not wanted or not are_modules(wanted, _said_elsewhere(sources), modules):
        return recorded, read.numbers
    scopes = {text: scope_of_layer(text) for text in dict.fromkeys(wanted.values())}
    known = {text: at for at, text in enumerate(scopes, len(recorded))}
    numbers = list(read.numbers)
    for at, text in wanted.items():
        numbers[at] = known[text]
    return [*recorded, *(() if one is None else (one,) for one in scopes.values())], numbers


def _said_elsewhere(sources: Sources) -> Iterator[tuple[int, Sequence[str]]]:
    """Positions with the modules that an op's name, or the weights it reads, tell."""
    paths = sources.modules_of_paths()
    for at, number in enumerate(sources.path_numbers):
        if number >= 0:
            yield at, paths[number].fqns[-1:]
    yield from sources.reading_weights


def _kept(
    flat: FlatGraph,
    model_metadata: Mapping[str, str],
    own: Mapping[int, Provenance],
    modules: Mapping[str, ModuleInfo] | None,
    *,
    recover: bool,
) -> tuple[Carried, Mapping[int, Provenance], dict[str, ModuleInfo]]:
    """What the file carries of earlier taggings, which records it has of ops, and its modules.

    Records of what was concluded, recovered or given up on hold for the graph they were made
    for; in one that has changed since, only what was declared counts. So it is where blocks that
    were recovered are to count for nothing.
    """
    unchanged = len(own) == len(flat.columns.ids)
    kept = _carried(flat, model_metadata, unchanged=unchanged) if modules is None else Carried()
    listed = dict(kept.modules if modules is None else modules)
    if unchanged and (recover or all(why.origin != "recovered" for why in own.values())):
        return kept, own, listed
    believed = {at: why for at, why in own.items() if why.origin in ON_RECORD}
    return kept, believed, without_recovered(listed, {why.module for why in believed.values()})


def _take_own(result: Declarations, own: Mapping[int, Provenance], kept: Carried) -> None:
    """Take the module of an op from hexviz's own record, by position."""
    for at, record in sorted(own.items()):
        why: Provenance | None = record
        if kept.subtrees is not None:
            why = moved(record, kept.subtrees[at]) if at in kept.subtrees else None
        if why is not None:
            result.learn(why.module)
            result.provenance[at] = why


def _settle_plain(
    size: int,
    collector: _Collector,
    recorded: Sequence[tuple[Scope, ...]],
    numbers: Sequence[int],
    settled: Collection[int],
    doubtful: set[int],
    weigh: Callable[[int], None],
) -> None:
    """Settle plain ops by what they have in common, and let all others be weighed, in order.

    ``numbers`` are those of each op's records in ``recorded``; the ops at ``doubtful`` are not
    plain, whatever is said of them.
    """
    sources = collector.sources
    paths = sources.modules_of_paths()
    # What is said of an op as one number: 0 for nothing, then records, then paths.
    records, in_names = np.array(numbers, np.int64), np.array(sources.path_numbers, np.int64)
    table = [collector.recorded(scopes) for scopes in recorded]
    table += [collector.named(found) for found in paths]
    several = np.array([len(scopes) > 1 for scopes in recorded])
    is_weighed = several[records] | ((records > 0) & (in_names != NOTHING))
    is_weighed[list(doubtful | sources.apart(numbers))] = True
    found = np.where(in_names < 0, records, len(recorded) + in_names)
    found[is_weighed] = 0
    said = found.tolist()
    weighed = set(np.flatnonzero(is_weighed).tolist())
    for at, owners in sources.reading_weights:
        why = table[said[at]]
        # A weight that is named for a module around that one says nothing else.
        if why is None or not all(names.is_within(why.module, owner) for owner in set(owners)):
            weighed.add(at)
            said[at] = 0
    weighed.difference_update(settled)
    for at in settled:
        said[at] = 0
    first = dict(zip(reversed(said), range(size - 1, -1, -1), strict=True))
    for at in sorted({*first.values(), *weighed}):
        if at in weighed:
            weigh(at)
        elif 0 < said[at] < len(recorded):
            for scope in recorded[said[at]]:  # one, or none where what is on record names no module
                collector.learn(scope)
        elif said[at]:
            collector.learn_path(paths[said[at] - len(recorded)].fqns)
    collector.settle_all([table[one] for one in said])


def _carried(flat: FlatGraph, model_metadata: Mapping[str, str], *, unchanged: bool) -> Carried:
    """What the file carries of earlier taggings; its maps are read only where they may matter."""
    models = stored_models(model_metadata)
    if (
        unchanged
        and len(models) == 1
        and len(flat.columns.ids) <= (models[0].mapped or len(flat.columns.ids))
    ):
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


class _Collector:
    """Writes down what is declared, and learns of modules where no list of them is given."""

    def __init__(
        self, result: Declarations, sources: Sources, tree: _Tree | None, names: Sequence[str]
    ) -> None:
        self.sources = sources
        self.nested = False
        """Whether something was learnt that names modules in modules."""
        self._result = result
        self._tree = tree
        self._learnt: dict[int, Scope] = {}
        self._recorded: dict[str, Shared] = {}
        self._names = names

    def learn(self, scope: Scope) -> None:
        """Add the modules of a scope, unless the exporter's list of modules is known."""
        if self._tree is None and id(scope) not in self._learnt:
            self._learnt[id(scope)] = scope
            self.nested = self.nested or len(scope.fqns) > 1
            modules = self._result.modules
            for fqn, class_name in zip(scope.fqns, scope.class_names, strict=True):
                known = modules.get(fqn)
                if known is None or not known.class_name:
                    self._result.learn(fqn, class_name)

    def learn_path(self, fqns: Sequence[str]) -> None:
        """Add the modules of a path, of which nothing tells the classes; as :meth:`learn`."""
        if self._tree is None:
            self.nested = self.nested or len(fqns) > 1
            for fqn in fqns:
                if fqn not in self._result.modules:
                    self._result.learn(fqn)

    def recorded(self, scopes: Sequence[Scope]) -> Shared | None:
        """What an op has whose only record is this scope; ``None`` if there is not just one."""
        if len(scopes) != 1:
            return None
        return self._of_record(self._placed(scopes[0], "metadata"), "metadata")

    def named(self, found: Found) -> Shared:
        """What an op has whose name alone leads to these modules."""
        module = found.fqns[-1]
        if self._tree is not None:
            module = self._tree.place(Scope(found.fqns, ("",) * len(found.fqns)), "name")
        kind = "name" if found.sure else "name of several modules"
        fields = (module, RULES["name"], "name", (), (), (), CONFIDENCE[kind], (), (), kind)
        return Shared(fields, names=self._names)

    def settle_all(self, found: Sequence[Shared | None]) -> None:
        """Declare many ops at once, by position; ``None`` leaves one as it is."""
        self._result.provenance.settle_all(found)

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
        module = self._placed(scope, rule)
        if not text and not shared_by:  # then nothing in it is of this op alone
            self._result.provenance.settle(at, self._of_record(module, rule))
            return
        if known is not None and rule == known.rule:
            kind, confidence = known.kind, known.confidence
        else:
            kind = self.sources.kind(at, rule, text)
            confidence = CONFIDENCE[kind]
        values = (text,) if text else ()
        self._result.provenance.settle(
            at, (module, RULES[rule], rule, (), values, (), confidence, (), shared_by, kind)
        )

    def _placed(self, scope: Scope, rule: str) -> str:
        return scope.module if self._tree is None else self._tree.place(scope, rule)

    def _of_record(self, module: str, rule: str) -> Shared:
        known = self._recorded.get(module)
        if known is None:
            fields = (module, "declared", rule, (), (), (), 1.0, (), (), "metadata")
            known = self._recorded[module] = Shared(fields)
        return known


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
    later = {one for one in set(result.provenance.modules) if one and first_call(one) in modules}
    if not later:
        return
    named = {
        at: why.module
        for at, why in result.provenance.items()
        if why.module in later and why.rule == "name"
    }
    if not named:
        return
    calls = any(
        owners.get(value) == first_call(module)
        for at, module in named.items()
        for value in flat.columns.inputs[at]
    )
    holders = set(owners.values())
    types: dict[str, set[str]] = {}
    for known, op_type in zip(result.provenance.modules, flat.columns.op_types, strict=True):
        if known is not None:
            types.setdefault(known, set()).add(op_type)
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
