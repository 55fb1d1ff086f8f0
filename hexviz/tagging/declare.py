"""What a file itself says of each op's module, and the module tree that follows from it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import onnx_ir as ir

from hexviz.model import fqn as names
from hexviz.model.auxiliary import category
from hexviz.model.flat import FlatGraph, FlatOp
from hexviz.model.modules import ModuleInfo, build_tree
from hexviz.model.op import ORIGINS, RULES, Candidate, Provenance
from hexviz.model.writer import PREFIX
from hexviz.tagging.metadata import Scope, scope_of, scope_of_tag
from hexviz.tagging.naming import first_call, owner_of_weight, scope_in_names, separator_of

__all__ = ["CONFIDENCE", "Declarations", "declare", "weights_looked_up"]

CONFIDENCE = MappingProxyType(
    {"metadata": 1.0, "name": 0.95, "weight": 0.9, "weight in several places": 0.7}
)
"""How far each declared rule is trusted: a record made while running the model,
a name derived from one, and a holder that need not be the one who used it,
the less so where several ops use it."""


@dataclass(slots=True)
class Declarations:
    """Per op position what is declared of it, and what is known of each module."""

    provenance: dict[int, Provenance] = field(default_factory=dict)
    modules: dict[str, ModuleInfo] = field(default_factory=dict)

    def learn(self, fqn: str, class_name: str = "") -> None:
        """Add a module, or its class name where only its path was known."""
        known = self.modules.get(fqn)
        if known is None or (class_name and not known.class_name):
            self.modules[fqn] = ModuleInfo(class_name, known.parameters if known else None)


def declare(
    flat: FlatGraph,
    model_metadata: Mapping[str, str],
    modules: Mapping[str, ModuleInfo] | None = None,
) -> Declarations:
    """Collect what metadata, names and weights declare.

    ``modules`` is an exporter's full list of modules. With it, a declared FQN
    that is not in the list (a container that never runs) counts for its
    nearest ancestor; without it the tree is made of what is declared.
    """
    result = Declarations(modules=dict(_stored_modules(model_metadata)))
    if modules is not None:
        result.modules = dict(modules)
    complete = bool(result.modules)
    by_tag = build_tree(result.modules).by_tag if complete else {}
    # Tags of our own that were concluded or given up on hold for the graph they
    # were made for; in one that has changed since, only what was declared counts.
    stored_tags = [_stored(op) for op in flat.ops]
    unchanged = None not in stored_tags
    weight_users = _weight_users(flat)
    separator = separator_of(op.name for op in flat.ops)
    scopes: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
    for at, op in enumerate(flat.ops):
        stored = stored_tags[at]
        if stored is not None and (unchanged or stored.origin in ("declared", "manual")):
            result.learn(stored.module)
            result.provenance[at] = stored
            continue
        found = list(_sources(flat, op, weight_users, separator))
        if not found:
            continue
        scope, rule, source = found[0]
        module = scope.module
        if complete:
            module = by_tag.get(scope.tag, module)
            first = first_call(module)
            if (
                rule == "name"
                and first
                and module not in result.modules
                and first in result.modules
            ):
                module = first
            while module not in result.modules and module:
                module = names.parent(module)
        elif (scope.fqns, scope.class_names) not in scopes:
            scopes.add((scope.fqns, scope.class_names))
            for fqn, class_name in zip(scope.fqns, scope.class_names, strict=True):
                result.learn(fqn, class_name)
        result.provenance[at] = Provenance(
            module=module,
            origin="declared",
            rule=rule,
            values=(source,) if source else (),
            candidates=tuple(_disagreements(module, found[1:])),
            confidence=_confidence(flat, op, rule, source, weight_users),
        )
    if not complete:
        _merge_calls(flat, result)
    if not complete and not any(len(fqns) > 1 for fqns, _ in scopes):
        # Nothing but weights tells of modules, so every step of a path may be one.
        for fqn in list(result.modules):
            for above in names.ancestors(fqn):
                result.learn(above)
    result.learn("")
    return result


def _merge_calls(flat: FlatGraph, result: Declarations) -> None:
    """Take the scopes of a module's second and later calls for the module itself.

    ``query_1`` may be a second call of ``query`` or a module of that name. A
    file has such calls if anything in a ``query_1`` computes with a weight of
    ``query``; then every numbered scope that holds no weight itself is one.
    """
    modules = result.modules.keys() - {""}
    named = {
        at: why.module
        for at, why in result.provenance.items()
        if why.rule == "name" and first_call(why.module) in modules
    }
    if not named:
        return
    owners = {owner_of_weight(name) for name in flat.weights.values()}
    calls = any(
        owner_of_weight(flat.weights.get(value, "")) == first_call(module)
        for at, module in named.items()
        for value in flat.ops[at].inputs
    )
    if calls:
        for at, module in named.items():
            if module not in owners:
                why = result.provenance[at]
                result.provenance[at] = replace(why, module=first_call(module))
                result.modules.pop(module, None)


def _confidence(
    flat: FlatGraph,
    op: FlatOp,
    rule: str,
    source: str,
    weight_users: Mapping[str, Mapping[str, int]],
) -> float:
    if rule == "weight":
        used = next(value for value in op.inputs if flat.weights.get(value) == source)
        if sum(weight_users[used].values()) > 1:
            return CONFIDENCE["weight in several places"]
    return CONFIDENCE[rule]


Source = tuple[Scope, str, str]
"""A scope, the rule that found it, and the name it was read from (``""`` for metadata)."""


def _sources(
    flat: FlatGraph,
    op: FlatOp,
    weight_users: Mapping[str, Mapping[str, int]],
    separator: str,
) -> Iterator[Source]:
    recorded = scope_of(op.metadata) or _tag_attribute(op.node)
    if recorded is not None:
        yield recorded, "metadata", ""
    outputs = [flat.values[value].name or "" for value in op.outputs if value]
    named = scope_in_names(op.name, outputs, separator)
    if named is not None:
        yield _unclassed(named[0]), "name", named[1]
    if category(op.domain, op.op_type) == "infrastructure":
        # An Identity restores a de-duplicated weight under the name of its user's
        # module; the weight it reads is another module's.
        aliased = next(filter(None, (owner_of_weight(output) for output in outputs)), None)
        if aliased is not None:
            yield _unclassed((aliased,)), "name", outputs[0]
        return
    for value in op.inputs:
        if value not in flat.weights:
            continue
        owner = owner_of_weight(flat.weights[value])
        # A weight that different kinds of op look at (a tied embedding) was
        # lent to another module by its holder, so it names neither for sure.
        if owner is not None and len(weight_users[value]) <= 1:
            yield _unclassed((owner,)), "weight", flat.weights[value]
            return


def _unclassed(fqns: tuple[str, ...]) -> Scope:
    return Scope(fqns, ("",) * len(fqns))


def _tag_attribute(node: ir.Node) -> Scope | None:
    attribute = node.attributes.get("hierarchy_tag")
    if attribute is None or attribute.is_ref() or not isinstance(attribute.value, str):
        return None
    return scope_of_tag(attribute.value)


def _weight_users(flat: FlatGraph) -> dict[str, Counter[str]]:
    """Per weight how many ops of each type compute with it."""
    users: dict[str, Counter[str]] = {value: Counter() for value in flat.weights}
    for op in flat.ops:
        # Layout ops prepare a weight for its real user; a Gather is a user itself.
        if category(op.domain, op.op_type, looks_up_weight=True) is None:
            for value in op.inputs:
                if value in users:
                    users[value][op.op_type] += 1
    return users


def weights_looked_up(flat: FlatGraph) -> frozenset[int]:
    """Positions of ops whose first input is a module's own weight, also through Identity."""
    owned = {value for value, name in flat.weights.items() if owner_of_weight(name) is not None}
    found = set()
    for at in flat.order:
        op = flat.ops[at]
        if op.inputs and op.inputs[0] in owned:
            found.add(at)
            if op.op_type == "Identity":
                owned.update(op.outputs)
    return frozenset(found)


def _disagreements(module: str, others: list[Source]) -> Iterator[Candidate]:
    for scope, rule, source in others:
        other = scope.module
        if not names.is_within(other, module) and not names.is_within(module, other):
            yield Candidate(other, CONFIDENCE[rule], f"{source} points there, by rule {rule}")


def _stored(op: FlatOp) -> Provenance | None:
    """The provenance that hexviz itself wrote, or ``None`` if there is none to believe."""
    metadata = op.metadata
    module, origin = metadata.get(PREFIX + "module"), metadata.get(PREFIX + "origin")
    rule = metadata.get(PREFIX + "rule", "")
    if module is None or origin not in ORIGINS or RULES.get(rule) != origin:
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


def _stored_modules(metadata: Mapping[str, str]) -> Iterator[tuple[str, ModuleInfo]]:
    stored = _json(metadata.get(PREFIX + "modules"))
    if not isinstance(stored, dict):
        return
    for fqn, entry in stored.items():
        if isinstance(entry, dict):
            class_name, parameters = entry.get("class"), entry.get("parameters")
            yield (
                fqn,
                ModuleInfo(
                    class_name if isinstance(class_name, str) else "",
                    parameters if isinstance(parameters, int) else None,
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
