"""What a file says of each op's module: on the op, in its names, and in its weights' names."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

import onnx

from hexviz.model import fqn as names
from hexviz.model.attributes import plain_value
from hexviz.model.flat import FlatGraph, FlatOp
from hexviz.model.function_calls import find_calls
from hexviz.model.op import CATEGORIES, Provenance
from hexviz.tagging.earlier_records import Transferred
from hexviz.tagging.function_weights import modules_of_calls, passed_weights
from hexviz.tagging.metadata import Scope, scope_of_tag
from hexviz.tagging.naming import Path, call_number, paths_in_names, separator_of
from hexviz.tagging.prefixes import Prefixes, find_prefixes
from hexviz.tagging.scopes import Found, find_modules
from hexviz.tagging.weight_readers import Readers, called_by_holder, may_be_merged

__all__ = [
    "CONFIDENCE",
    "Source",
    "Sources",
    "Weights",
    "named_weights",
    "owners_of_weights",
    "weights_looked_up",
]

CONFIDENCE = MappingProxyType(
    {
        "metadata": 1.0,
        "name of a known call": 1.0,
        "name": 0.95,
        "name of a value": 0.8,
        "name of several modules": 0.6,
        "perhaps a later call": 0.6,
        "later call": 0.5,
        "weight": 0.9,
        "weight in several places": 0.7,
        "weights of several modules": 0.7,
    }
)
"""How far each kind of declaration is trusted: a record made while running the model,
a name of which the exporter knows the call, a name derived from one, that of a
value whose node has another (of a candidate), what encloses the modules that a name
fits, a numbered name that may be a later call of another module (and that module, as a
candidate), a holder that need not be the one who used it, the less so where several ops
use it, and where the weights that are passed to a function meet."""

_INFRASTRUCTURE = CATEGORIES["infrastructure"]

Source = tuple[Scope, str, str]
"""A scope, the rule that found it, and the name it was read from (``""`` for metadata)."""


class Sources:
    """What the file says of each op, most trustworthy first, from all of its names at once."""

    def __init__(
        self,
        flat: FlatGraph,
        settled: Collection[int],
        modules: Collection[str],
        calls: Mapping[str, str],
    ) -> None:
        self._flat = flat
        self._calls = calls
        self._prefixes = find_prefixes(flat)
        if modules:
            self._prefixes = self._prefixes.known_to(modules)
        self.owners = owners_of_weights(flat, self._prefixes)
        """Value id → the module that a weight is named for."""
        calls_made = find_calls(flat)
        self._passing = calls_made.callee.keys()
        self._stands_for = {
            formal: meant for formal, meant in calls_made.passed.items() if formal in self.owners
        }
        self._weights = {value: self._name(value) for value in self.owners}
        self._by_chance: dict[str, bool] = {}
        self._readers = Readers(
            flat,
            self._weights,
            {formal: meant[0] for formal, meant in self._stands_for.items() if len(meant) == 1},
            self._passing,
        )
        self._called = modules_of_calls(flat, calls_made, self.owners, self._readers.of_one_kind)
        separator = separator_of(op.name for op in flat.ops)
        self._paths: dict[int, list[tuple[Path, str]]] = {}
        for at, op in enumerate(flat.ops):
            if op.name in calls:
                continue
            # Ids hold the values' names; most files have no scope in these.
            outputs = self._outputs(op) if "/" in "".join(op.outputs) else ()
            if (outputs or separator in op.name) and at not in settled:
                paths = list(paths_in_names(op.name, outputs, separator, self._prefixes.split))
                if paths:
                    self._paths[at] = paths
        found = find_modules(
            (path for paths in self._paths.values() for path, _ in paths),
            modules or (_holders(self.owners.values()) if self._paths else ()),
            self._held_in_paths(),
        )
        self._scopes = {path: _unclassed(one.fqns) for path, one in found.items()}
        self._unsure = {path for path, one in found.items() if not one.sure}
        self._of_others = self._apart({path: one for path, one in found.items() if one.other})

    def _held_in_paths(self) -> dict[Path, set[str]]:
        """Path → the modules that hold the weights which its ops compute with."""
        held: dict[Path, set[str]] = {}
        for at, paths in self._paths.items():
            for value in self._flat.ops[at].inputs:
                if value in self.owners:
                    for path, _ in paths:
                        held.setdefault(path, set()).add(self.owners[value])
        return held

    def _apart(self, doubled: Mapping[Path, Found]) -> dict[int, str]:
        """Position → the second module of a path, for its ops in paths of two modules.

        Nodes of one type are numbered in a path, so those of one call have one number.
        """
        calls: dict[tuple[Path, int], list[int]] = {}
        for at, paths in self._paths.items() if doubled else ():
            for path, _ in paths:
                if path in doubled:
                    op = self._flat.ops[at]
                    number = call_number(op.name.rpartition("/")[2], op.op_type)
                    calls.setdefault((path, number), []).append(at)
        found: dict[int, str] = {}
        for (path, _), ops in calls.items():
            held = {
                self.owners[value]
                for at in ops
                for value in self._flat.ops[at].inputs
                if value in self.owners
            }
            if doubled[path].fqns[-1] not in held and doubled[path].other in held:
                found.update(dict.fromkeys(ops, doubled[path].other))
        return found

    def _name(self, value: str) -> str:
        """The name of a weight, or of the first one that a function's input stands for."""
        return self._flat.values[self._stands_for.get(value, (value,))[0]]

    def _outputs(self, op: FlatOp) -> list[str]:
        return [self._flat.values[value] for value in op.outputs if value]

    def of(
        self, at: int, recorded: Iterable[Scope], transferred: Transferred | None = None
    ) -> list[Source]:
        """All that is said of the op at this position.

        ``recorded`` is what its metadata says, and ``transferred`` what was
        recorded of it before a tool dropped that.
        """
        op = self._flat.ops[at]
        found: list[Source] = [
            (self._prefixes.within(scope, op, self._flat.values), "metadata", "")
            for scope in recorded
        ]
        if transferred is not None:
            found.append((transferred.scope, transferred.rule, transferred.name))
        if not found:
            by_attribute = _tag_attribute(op.node)
            if by_attribute is not None:
                found.append((by_attribute, "metadata", ""))
        if op.name in self._calls:
            found.append((_unclassed((self._calls[op.name],)), "name", op.name))
        for path, text in self._paths.get(at, ()):
            other = self._of_others.get(at)
            found.append((_unclassed((other,)) if other else self._scopes[path], "name", text))
        if op.op_type == "Constant":
            if not found and op.outputs and op.outputs[0] in self._weights:
                found.append(self._held(op.outputs[0]))
        elif op.op_type in _INFRASTRUCTURE and not op.domain:
            # An Identity restores a de-duplicated weight under the name of its user's
            # module; the weight it reads is another module's.
            for output in self._outputs(op):
                owner = self._prefixes.owner(output)
                if owner is not None:
                    found.append((_unclassed((owner,)), "name", output))
                    break
        elif at in self._passing:
            if at in self._called:
                module, weight = self._called[at]
                found.append((_unclassed((module,)), "weight", self._weights[weight]))
        else:
            value = self._own_weight(at)
            # A weight that others compute with as well tells nothing by itself, see of_holders.
            if value is not None and (
                self._readers.alone(value, at) or (found and not self._is_by_chance(value))
            ):
                found.append(self._held(value))
        return found

    def _is_by_chance(self, value: str) -> bool:
        """Whether other modules may have had a weight of the same numbers."""
        known = self._by_chance.get(value)
        if known is None:
            stored = self._stands_for.get(value, (value,))[0]
            known = self._by_chance[value] = may_be_merged(self._flat.tensors.get(stored))
        return known

    def _own_weight(self, at: int) -> str | None:
        """The weight that tells most of an op: one that it alone computes with, if there is one.

        A weight that different kinds of op look at (a tied embedding) was lent to
        another module by its holder, so it names neither for sure.
        """
        readers = self._readers
        telling = [
            value
            for value in self._flat.ops[at].inputs
            if value in self._weights and readers.of_one_kind(value, at)
        ]
        return min(telling, key=lambda value: not readers.alone(value, at), default=None)

    def holders(self, at: int) -> list[str]:
        """The modules that hold the weights which an op alone computes with, each once."""
        held = [
            self.owners[value]
            for value in self._flat.ops[at].inputs
            if value in self.owners and self._readers.alone(value, at)
        ]
        return list(dict.fromkeys(held))

    def of_holders(self, declared: Mapping[int, Provenance]) -> dict[int, Source]:
        """What weights tell of ops of which nothing else does, where several compute with them."""
        candidates: dict[int, tuple[str, str]] = {}
        for at, op in enumerate(self._flat.ops):
            if at in declared or op.op_type in _INFRASTRUCTURE or op.op_type == "Constant":
                continue
            if at in self._passing:
                continue
            value = self._own_weight(at)
            if value is not None:
                candidates[at] = value, self.owners[value]
        if not candidates:
            return {}
        chance = {value for value, _ in candidates.values() if self._is_by_chance(value)}
        return {
            at: self._held(candidates[at][0])
            for at in called_by_holder(self._flat, declared, candidates, chance)
        }

    def _held(self, value: str) -> Source:
        return _unclassed((self.owners[value],)), "weight", self._weights[value]

    def kind(self, at: int, rule: str, text: str) -> str:
        """The kind of reason that a rule gives which read this name."""
        if rule == "name" and text in self._calls:
            return "name of a known call"
        if rule == "name" and any(
            path in self._unsure for path, name in self._paths.get(at, ()) if name == text
        ):
            return "name of several modules"
        if rule == "weight":
            if at in self._passing:
                module, weight = self._called[at]
                sure = self.owners[weight] == module
                return "weight" if sure else "weights of several modules"
            inputs = self._flat.ops[at].inputs
            used = next((value for value in inputs if self._weights.get(value) == text), None)
            if used is not None and (
                not self._readers.alone(used, at) or len(self._stands_for.get(used, ())) > 1
            ):
                return "weight in several places"
        return rule


Weights = dict[str, str]
"""Value id → name of a weight."""


def named_weights(flat: FlatGraph) -> Weights:
    """Value id → name of each weight that is named for a module."""
    return {value: flat.values[value] for value in owners_of_weights(flat)}


def owners_of_weights(flat: FlatGraph, prefixes: Prefixes | None = None) -> dict[str, str]:
    """Value id → FQN of the module that a weight is named for.

    Converters that write weights as Constant ops (Paddle's) name the value. An
    input of a function stands for the weights that are passed for it.
    """
    owner_of = (prefixes or find_prefixes(flat)).owner
    named = {value: owner_of(name) for value, name in flat.weights.items()}
    for op in flat.ops:
        if op.op_type == "Constant" and op.outputs and op.outputs[0]:
            named[op.outputs[0]] = owner_of(flat.values[op.outputs[0]])
    found = {value: owner for value, owner in named.items() if owner is not None}
    return found | passed_weights(find_calls(flat), found)


def _holders(owners: Iterable[str]) -> set[str]:
    """The modules that hold weights, and all that enclose them."""
    found: set[str] = set()
    for owner in owners:
        fqn = owner
        while fqn and fqn not in found:
            found.add(fqn)
            fqn = names.parent(fqn)
    return found


@functools.lru_cache(maxsize=65536)  # a module holds several weights
def _unclassed(fqns: tuple[str, ...]) -> Scope:
    return Scope(fqns, ("",) * len(fqns))


def _tag_attribute(node: onnx.NodeProto) -> Scope | None:
    for attribute in node.attribute[:]:
        if attribute.name == "hierarchy_tag":
            value = plain_value(attribute)
            return scope_of_tag(value) if isinstance(value, str) else None
    return None


def weights_looked_up(flat: FlatGraph) -> frozenset[int]:
    """Positions of ops whose first input is a module's own weight, also through Identity."""
    owned = set(named_weights(flat))
    found = set()
    for at in flat.order:
        op = flat.ops[at]
        if op.inputs and op.inputs[0] in owned:
            found.add(at)
            if op.op_type == "Identity":
                owned.update(op.outputs)
    return frozenset(found)
