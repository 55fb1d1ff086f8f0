"""What a file says of each op's module: on the op, in its names, and in its weights' names."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

import onnx

from hexviz.model import fqn as names
from hexviz.model.attributes import plain_value
from hexviz.model.cached import cached_property
from hexviz.model.flat import FlatGraph
from hexviz.model.function_calls import find_calls
from hexviz.model.op import CATEGORIES, Provenance
from hexviz.model.size_limits import is_path
from hexviz.tagging.earlier_records import Transferred
from hexviz.tagging.function_weights import modules_of_calls, passed_weights
from hexviz.tagging.metadata import Scope, scope_of_tag
from hexviz.tagging.naming import (
    Path,
    are_plain,
    call_number,
    owner_of_weight,
    paths_in_names,
    separator_of,
    steps_of,
)
from hexviz.tagging.prefixes import Prefixes, find_prefixes
from hexviz.tagging.scopes import Found, find_modules
from hexviz.tagging.weight_readers import Readers, called_by_holder, may_be_merged

__all__ = [
    "CONFIDENCE",
    "NOTHING",
    "SEVERAL",
    "Source",
    "Sources",
    "owners_of_weights",
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

_TAG = "hierarchy_tag"
"""The attribute in which some tools write a path in class names."""

NOTHING, SEVERAL = -1, -2
"""What stands for the number of a path, where there is none, or more than one."""

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
        self._ops = flat.columns
        self._calls = calls
        self.prefixes = find_prefixes(flat)
        """Those of the file."""
        self._prefixes = self.prefixes.known_to(modules) if modules else self.prefixes
        self.owners = owners_of_weights(flat, self._prefixes)
        """Value id → the module that a weight is named for."""
        calls_made = find_calls(flat)
        self._passing = calls_made.callee.keys()
        self._stands_for = {
            formal: meant for formal, meant in calls_made.passed.items() if formal in self.owners
        }
        first = {value: meant[0] for value, meant in self._stands_for.items()}
        values = flat.values
        # The name of a weight, or of the first one that a function's input stands for.
        self._weights = {value: values[first.get(value, value)] for value in self.owners}
        self._by_chance: dict[str, bool] = {}
        self._with_tag = frozenset(flat.with_attribute(_TAG))
        self._readers = Readers(
            flat,
            self._weights,
            {formal: meant[0] for formal, meant in self._stands_for.items() if len(meant) == 1},
            self._passing,
        )
        self._called = modules_of_calls(flat, calls_made, self.owners, self._readers.of_one_kind)
        self.path_numbers = [NOTHING] * len(self._ops.ids)
        """By position the number of the path that the op's own name alone has."""
        self._paths: dict[int, list[tuple[Path, str]]] = {}
        """Position → the paths in an op's names, with these, where there are several."""
        self._plain_paths: list[Path] = []
        ordered = self._read_names(settled)
        found = find_modules(
            ordered,
            modules or (_holders(self.owners.values()) if ordered else ()),
            self._held_in_paths(),
        )
        self._found = found
        self._of_others = self._apart({path: one for path, one in found.items() if one.other})

    def _read_names(self, settled: Collection[int]) -> list[Path]:
        """Read the paths in all names; the different ones in the order of the ops."""
        names, outputs, values = self._ops.names, self._ops.outputs, self._flat.values
        separator = separator_of(names)
        in_values = "/" in "\n".join(values.values())  # most files have no scope in these
        known: dict[str, int] = {}
        numbers: dict[Path, int] = {}
        ordered: dict[Path, None] = {}
        direct = self._prefixes.are_none and are_plain(names)
        for at, name in enumerate(names):
            if at in settled or name in self._calls:
                continue
            head, has_path, _ = name.rpartition(separator)
            # The TorchScript exporter names an output after its node, which says nothing new.
            known_by = name if direct and has_path and separator == "/" else "\n"
            scoped = in_values and any(
                "/" in values[one] and not values[one].startswith(known_by)
                for one in outputs[at]
                if one
            )
            if not (has_path or scoped):
                continue
            if direct and not scoped and is_path(name):
                number = known.get(head)
                if number is None:
                    path = steps_of(head, separator)
                    number = known[head] = numbers.setdefault(path, len(numbers))
                    ordered[path] = None
                self.path_numbers[at] = number
                continue
            made = self._outputs(at) if scoped else ()
            paths = list(paths_in_names(name, made, separator, self._prefixes.split))
            if len(paths) == 1 and paths[0][1] == name:
                path = paths[0][0]
                self.path_numbers[at] = numbers.setdefault(path, len(numbers))
                ordered[path] = None
            elif paths:
                self.path_numbers[at] = SEVERAL
                self._paths[at] = paths
                ordered.update(dict.fromkeys(path for path, _ in paths))
        self._plain_paths = list(numbers)
        return list(ordered)

    def paths_at(self, at: int) -> Sequence[tuple[Path, str]]:
        """The paths in the names of the op at a position, each with the name it was read from."""
        number = self.path_numbers[at]
        if number >= 0:
            return ((self._plain_paths[number], self._ops.names[at]),)
        return self._paths.get(at, ())

    def modules_of_paths(self) -> list[Found]:
        """The modules that each numbered path leads through."""
        return [self._found[path] for path in self._plain_paths]

    def apart(self, recorded: Sequence[int]) -> set[int]:
        """The positions of ops of which more than one thing has to be looked at, weights aside.

        ``recorded`` are numbers of what each op's metadata says, 0 for nothing.
        """
        ops = self._ops
        found = {*self._passing, *self._of_others, *self._paths}
        if self._prefixes.has_trees:
            found.update(at for at, number in enumerate(recorded) if number)
        if self._calls:
            found.update(at for at, name in enumerate(ops.names) if name in self._calls)
        found.update(at for at in self._with_tag if not recorded[at])
        names = self._flat.values
        for at, op_type in enumerate(ops.op_types):
            if op_type == "Constant":
                if ops.outputs[at] and ops.outputs[at][0] in self._weights:
                    found.add(at)
            elif op_type in _INFRASTRUCTURE and any(
                "." in names[value] for value in ops.outputs[at] if value
            ):
                found.add(at)
        return found

    @cached_property
    def reading_weights(self) -> Sequence[tuple[int, list[str]]]:
        """Positions of the ops that read weights, with the modules that these are named for."""
        owners, inputs = self.owners, self._ops.inputs
        return [
            (at, [owners[value] for value in inputs[at] if value in owners])
            for at in self._readers.positions
        ]

    def _held_in_paths(self) -> dict[Path, set[str]]:
        """Path → the modules that hold the weights which its ops compute with."""
        held: dict[Path, set[str]] = {}
        for at, modules in self.reading_weights:
            for path, _ in self.paths_at(at):
                held.setdefault(path, set()).update(modules)
        return held

    def _apart(self, doubled: Mapping[Path, Found]) -> dict[int, str]:
        """Position → the second module of a path, for its ops in paths of two modules.

        Nodes of one type are numbered in a path, so those of one call have one number.
        """
        calls: dict[tuple[Path, int], list[int]] = {}
        for at in range(len(self._ops.ids)) if doubled else ():
            for path, _ in self.paths_at(at):
                if path in doubled:
                    step = self._ops.names[at].rpartition("/")[2]
                    number = call_number(step, self._ops.op_types[at])
                    calls.setdefault((path, number), []).append(at)
        found: dict[int, str] = {}
        for (path, _), ops in calls.items():
            held = {
                self.owners[value]
                for at in ops
                for value in self._ops.inputs[at]
                if value in self.owners
            }
            if doubled[path].fqns[-1] not in held and doubled[path].other in held:
                found.update(dict.fromkeys(ops, doubled[path].other))
        return found

    def _outputs(self, at: int) -> list[str]:
        return [self._flat.values[value] for value in self._ops.outputs[at] if value]

    def of(
        self, at: int, recorded: Iterable[Scope], transferred: Transferred | None = None
    ) -> list[Source]:
        """All that is said of the op at this position.

        ``recorded`` is what its metadata says, and ``transferred`` what was
        recorded of it before a tool dropped that.
        """
        ops = self._ops  # no object of an op: many ops of a file without names come here
        name, op_type, outputs = ops.names[at], ops.op_types[at], ops.outputs[at]
        found: list[Source] = [
            (self._prefixes.within(scope, name, outputs, self._flat.values), "metadata", "")
            for scope in recorded
        ]
        if transferred is not None:
            found.append((transferred.scope, transferred.rule, transferred.name))
        if not found and at in self._with_tag:
            by_attribute = _tag_attribute(ops.nodes[at])
            if by_attribute is not None:
                found.append((by_attribute, "metadata", ""))
        if name in self._calls:
            found.append((_unclassed((self._calls[name],)), "name", name))
        for path, text in self.paths_at(at):
            other = self._of_others.get(at)
            fqns = (other,) if other else self._found[path].fqns
            found.append((_unclassed(fqns), "name", text))
        if op_type == "Constant":
            if not found and outputs and outputs[0] in self._weights:
                found.append(self._held(outputs[0]))
        elif op_type in _INFRASTRUCTURE and not ops.domains[at]:
            # An Identity restores a de-duplicated weight under the name of its user's
            # module; the weight it reads is another module's.
            for output in self._outputs(at):
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
            for value in self._ops.inputs[at]
            if value in self._weights and readers.of_one_kind(value, at)
        ]
        if len(telling) == 1:
            return telling[0]
        return min(telling, key=lambda value: not readers.alone(value, at), default=None)

    def holders(self, at: int) -> list[str]:
        """The modules that hold the weights which an op alone computes with, each once."""
        held = [
            self.owners[value]
            for value in self._ops.inputs[at]
            if value in self.owners and self._readers.alone(value, at)
        ]
        return list(dict.fromkeys(held))

    def of_holders(self, declared: Mapping[int, Provenance]) -> dict[int, Source]:
        """What weights tell of ops of which nothing else does, where several compute with them."""
        candidates: dict[int, tuple[str, str]] = {}
        for at in self._readers.positions:
            op_type = self._ops.op_types[at]
            if at in declared or op_type in _INFRASTRUCTURE or op_type == "Constant":
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
            not self._found[path].sure for path, name in self.paths_at(at) if name == text
        ):
            return "name of several modules"
        if rule == "weight":
            if at in self._passing:
                module, weight = self._called[at]
                sure = self.owners[weight] == module
                return "weight" if sure else "weights of several modules"
            inputs = self._ops.inputs[at]
            used = next((value for value in inputs if self._weights.get(value) == text), None)
            if used is not None and (
                not self._readers.alone(used, at) or len(self._stands_for.get(used, ())) > 1
            ):
                return "weight in several places"
        return rule


def owners_of_weights(flat: FlatGraph, prefixes: Prefixes | None = None) -> dict[str, str]:
    """Value id → FQN of the module that a weight is named for.

    Converters that write weights as Constant ops (Paddle's) name the value. An
    input of a function stands for the weights that are passed for it.
    """
    prefixes = prefixes or find_prefixes(flat)
    plain = prefixes.are_none and are_plain(flat.weights.values())
    owner_of = owner_of_weight if plain else prefixes.owner
    named = {value: owner_of(name) for value, name in flat.weights.items()}
    ops = flat.columns
    for op_type, outputs in zip(ops.op_types, ops.outputs, strict=True):
        if op_type == "Constant" and outputs and outputs[0]:
            named[outputs[0]] = prefixes.owner(flat.values[outputs[0]])
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
        if attribute.name == _TAG:
            value = plain_value(attribute)
            return scope_of_tag(value) if isinstance(value, str) else None
    return None
