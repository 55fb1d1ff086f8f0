"""What a file says of each op's module: on the op, in its names, and in its weights' names."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

import onnx

from hexviz.model import fqn as names
from hexviz.model.attributes import plain_value
from hexviz.model.auxiliary import CATEGORIES, category
from hexviz.model.flat import FlatGraph, FlatOp
from hexviz.tagging.metadata import Scope, scope_of_tag
from hexviz.tagging.naming import Path, owner_of_weight, paths_in_names, separator_of
from hexviz.tagging.scopes import find_modules

__all__ = ["CONFIDENCE", "Source", "Sources", "Weights", "named_weights", "weights_looked_up"]

CONFIDENCE = MappingProxyType(
    {
        "metadata": 1.0,
        "name of a known call": 1.0,
        "name": 0.95,
        "weight": 0.9,
        "weight in several places": 0.7,
    }
)
"""How far each declared rule is trusted: a record made while running the model,
a name of which the exporter knows the call, a name derived from one, and a
holder that need not be the one who used it, the less so where several ops use it."""

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
        self._weights = named_weights(flat)
        self._users = _weight_users(flat, self._weights)
        separator = separator_of(op.name for op in flat.ops)
        self._paths: dict[int, list[tuple[Path, str]]] = {}
        for at, op in enumerate(flat.ops):
            if op.name in calls:
                continue
            # Ids hold the values' names; most files have no scope in these.
            outputs = self._outputs(op) if "/" in "".join(op.outputs) else ()
            if (outputs or separator in op.name) and at not in settled:
                paths = list(paths_in_names(op.name, outputs, separator))
                if paths:
                    self._paths[at] = paths
        found = find_modules(
            (path for paths in self._paths.values() for path, _ in paths),
            modules or (_holders(self._weights.values()) if self._paths else ()),
        )
        self._scopes = {path: _unclassed(fqns) for path, fqns in found.items()}

    def _outputs(self, op: FlatOp) -> list[str]:
        return [self._flat.values[value] for value in op.outputs if value]

    def of(self, at: int, recorded: Iterable[Scope]) -> list[Source]:
        """All that is said of the op at this position; ``recorded`` is what its metadata says."""
        op = self._flat.ops[at]
        found: list[Source] = [(scope, "metadata", "") for scope in recorded]
        if not found:
            by_attribute = _tag_attribute(op.node)
            if by_attribute is not None:
                found.append((by_attribute, "metadata", ""))
        if op.name in self._calls:
            found.append((_unclassed((self._calls[op.name],)), "name", op.name))
        for path, text in self._paths.get(at, ()):
            found.append((self._scopes[path], "name", text))
        if op.op_type == "Constant":
            if not found and op.outputs and op.outputs[0] in self._weights:
                found.append(self._held(op.outputs[0]))
        elif op.op_type in _INFRASTRUCTURE and not op.domain:
            # An Identity restores a de-duplicated weight under the name of its user's
            # module; the weight it reads is another module's.
            for output in self._outputs(op):
                owner = owner_of_weight(output)
                if owner is not None:
                    found.append((_unclassed((owner,)), "name", output))
                    break
        else:
            for value in op.inputs:
                # A weight that different kinds of op look at (a tied embedding) was
                # lent to another module by its holder, so it names neither for sure.
                if value in self._weights and len(self._users[value]) <= 1:
                    found.append(self._held(value))
                    break
        return found

    def _held(self, value: str) -> Source:
        name = self._weights[value]
        return _unclassed((owner_of_weight(name) or "",)), "weight", name

    def confidence(self, at: int, rule: str, text: str) -> float:
        """How far a rule is trusted that read this name."""
        if rule == "name" and text in self._calls:
            return CONFIDENCE["name of a known call"]
        if rule == "weight":
            inputs = self._flat.ops[at].inputs
            used = next((value for value in inputs if self._weights.get(value) == text), None)
            if used is not None and sum(self._users[used].values()) > 1:
                return CONFIDENCE["weight in several places"]
        return CONFIDENCE[rule]


Weights = dict[str, str]
"""Value id → name of a weight."""


def named_weights(flat: FlatGraph) -> Weights:
    """Value id → name of each weight that is named for a module.

    Converters that write weights as Constant ops (Paddle's) name the value.
    """
    found = {
        value: name for value, name in flat.weights.items() if owner_of_weight(name) is not None
    }
    for op in flat.ops:
        if op.op_type == "Constant" and op.outputs and op.outputs[0]:
            name = flat.values[op.outputs[0]]
            if owner_of_weight(name) is not None:
                found[op.outputs[0]] = name
    return found


def _holders(weights: Iterable[str]) -> set[str]:
    """The modules that hold these weights, and all that enclose them."""
    found: set[str] = set()
    for name in weights:
        fqn = owner_of_weight(name) or ""
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


def _weight_users(flat: FlatGraph, weights: Collection[str]) -> dict[str, Counter[str]]:
    """Per weight how many ops of each type compute with it."""
    users: dict[str, Counter[str]] = {value: Counter() for value in weights}
    for op in flat.ops:
        for value in op.inputs:
            # Layout ops prepare a weight for its real user; a Gather is a user itself.
            if value in users and category(op.domain, op.op_type, looks_up_weight=True) is None:
                users[value][op.op_type] += 1
    return users


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
