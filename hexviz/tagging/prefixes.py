"""What tools put before names: a word that says nothing, or the name of a whole model.

A tool that renames one node puts its word before the old name. One that puts a
model into another (``onnx.compose``, spox's inlining) puts a prefix before all
of its names, those of values and weights as well, glued as it likes::

    name in the file         reads as       because
    NhwcConv_0-/stem/Conv    stem           a word: neither values nor weights have it
    m0//fc/MatMul            m0.fc          ``m0/fc.weight`` has it too
    Inline_0__/fc/MatMul     Inline_0.fc    and so has ``Inline_0__fc.weight``

So a prefix names a subtree that holds ops and weights alike. Words of ONNX
Runtime that stand before anything are known (:func:`~hexviz.tagging.naming.without_words`).
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.size_limits import is_path
from hexviz.tagging.metadata import Scope
from hexviz.tagging.naming import Path, owner_of_weight, without_words

__all__ = ["Prefixes", "find_prefixes"]

_SEPARATORS = "/_.:- "

_NESTED = 3
"""How many models may have been put into each other, at most."""

_MOST = 64
"""Prefixes of one file, at most, as more beginnings than that are scopes; and weights that are
looked at to tell whether they have one."""

_FLAT = re.compile(r"(?<=[_.:\-])(?:node_\w|[A-Z][A-Za-z]*_\d+$)", re.MULTILINE)
"""Where an exporter's name without scopes begins: ``node_linear_3``, ``Conv_3``."""

_LAST = re.compile(r"[^.]+(?:\.\d+)*$")
"""The last attribute of an FQN, with the indices after it."""


class Prefixes:
    """The prefixes of one file; most have none, and then names are read as they are.

    ``words`` stand before scopes and say nothing. ``trees`` are the prefixes
    of whole models, with the FQN of the subtree that each names, ``""`` for
    none. ``only`` is the subtree that weights without a prefix are in.
    """

    def __init__(
        self, words: Collection[str] = (), trees: Mapping[str, str] | None = None, only: str = ""
    ) -> None:
        self._words = frozenset(words)
        self._trees = dict(trees or {})
        self._lengths = sorted({len(one) for one in self._trees}, reverse=True)
        self._only = only
        self._plain = not (self._words or self._trees)

    @property
    def are_none(self) -> bool:
        """Whether names are read as they are."""
        return self._plain

    @property
    def has_trees(self) -> bool:
        """Whether some of the prefixes are those of whole models."""
        return bool(self._trees)

    def split(self, name: str) -> tuple[Path, str]:
        """The subtree that a node or value is in, ``()`` for none of its own, and the rest.

        >>> prefixes = Prefixes({"Transpose_0_out-"}, {"m0/": "m0"})
        >>> prefixes.split("m0//fc/Gemm"), prefixes.split("Transpose_0_out-/fc/Gemm")
        ((('m0',), '/fc/Gemm'), ((), '/fc/Gemm'))
        """
        name = without_words(name)
        if self._plain:
            return (), name
        if self._words and (head := _head(name)) in self._words:
            name = name[len(head) :]
        for length in self._lengths:
            tree = self._trees.get(name[:length])
            if tree is not None:
                return tuple(tree.split(".")) if tree else (), without_words(name[length:])
        return (), name

    def owner(self, weight: str) -> str | None:
        """The FQN of the module that holds a weight of this name, or ``None``.

        >>> Prefixes((), {"m0/": "m0"}).owner("m0/fc.weight")
        'm0.fc'
        """
        if self._plain:
            return owner_of_weight(without_words(weight))
        tree, name = self.split(weight)
        owner = owner_of_weight(name.lstrip(".") if tree else name)
        if owner is None:
            return None
        return names.join((*tree, owner)) if tree else names.join((self._only, owner))

    def known_to(self, modules: Collection[str]) -> Prefixes:
        """The prefixes as a list of all modules has them: where it has none, they say nothing."""
        missing = {prefix for prefix, tree in self._trees.items() if tree not in modules}
        if not missing:
            return self
        trees = {one: "" if one in missing else tree for one, tree in self._trees.items()}
        return Prefixes(self._words, trees, self._only if self._only in modules else "")

    def within(
        self, scope: Scope, name: str, outputs: Sequence[str], values: Mapping[str, str]
    ) -> Scope:
        """A recorded scope, in the subtree that an op's name and those of its outputs put it in."""
        if not self._trees or scope.tag:
            return scope
        tree, _ = self.split(name or next((values[one] for one in outputs if one), ""))
        return _below(scope, tree) if tree else scope


@functools.lru_cache(maxsize=1 << 12)
def _below(scope: Scope, tree: Path) -> Scope:
    """A scope of a model that is a subtree of another.

    >>> _below(Scope(("", "fc"), ("Net", "Linear")), ("m0",)).fqns
    ('', 'm0', 'm0.fc')
    """
    above = [".".join(tree[:end]) for end in range(len(tree))]
    below = [names.join((*tree, fqn)) for fqn in scope.fqns]
    return Scope((*above, *below), ("",) * len(above) + scope.class_names)


class _Named(NamedTuple):
    """The name of an op, and those of the values it makes."""

    name: str
    made: list[str]

    def without(self, prefix: str) -> _Named:
        start = len(prefix)
        return _Named(
            self.name[start:] if self.name.startswith(prefix) else self.name,
            [one[start:] if one.startswith(prefix) else one for one in self.made],
        )


def find_prefixes(flat: FlatGraph) -> Prefixes:
    """The prefixes of a file, from the names of its ops, values and weights. Linear."""
    values = flat.values
    if not _may_have_any(flat.columns.names, values.values()):
        return Prefixes()
    ops = [
        _Named(without_words(op.name), [without_words(values[one]) for one in op.outputs if one])
        for op in flat.ops
    ]
    held = {without_words(name) for name in flat.weights.values()}
    for op, named in zip(flat.ops, ops, strict=True):
        if op.op_type == "Constant":
            held.update(name for name in named.made if "." in name)
    # Most initializers of some files are constants with an op's name.
    parts = [one.rpartition(".") for one in held]
    weights = sorted("".join(one) for one in parts if one[1] and one[2].isidentifier())
    words, trees, only = _found(ops, weights)
    waiting = [prefix for prefix, tree in trees.items() if tree]
    for _ in range(_NESTED - 1):
        outer, waiting = waiting, []
        for prefix in outer if len(trees) <= _MOST else ():
            inner = [op.without(prefix) for op in ops if op.name.startswith(prefix)]
            if any(op.name.startswith("/") for op in inner):
                continue
            for below, tree in _found(inner, list(_inside(prefix, weights)))[1].items():
                if tree:
                    trees[prefix + below] = f"{trees[prefix]}.{tree}"
                    waiting.append(prefix + below)
    return Prefixes(words, trees if len(trees) <= _MOST else {}, only)


def _may_have_any(ops: Sequence[str], values: Iterable[str]) -> bool:
    """Whether it is worth looking: hardly any file has a prefix."""
    if _are_headed(ops) or _are_headed(values):
        return True
    flat = [name for name in ops if not name.startswith(("/", "node_"))]
    return _FLAT.search("\n".join(flat)) is not None


def _are_headed(names: Iterable[str]) -> bool:
    """Whether something stands before the first ``/`` of any of some names."""
    return "/" in "\n".join([name for name in names if name[:1] != "/"])


def _found(ops: Sequence[_Named], weights: Sequence[str]) -> tuple[set[str], dict[str, str], str]:
    """The words and the prefixes before some names, and the prefix that weights go without."""
    groups: dict[str, list[_Named]] = {}
    before_values: set[str] = set()
    bare: list[_Named] = []
    for op in ops:
        head = _beginning(op)
        if head:
            groups.setdefault(head, []).append(op)
        elif op.name.startswith("/") or any(one.startswith("/") for one in op.made):
            bare.append(op)
        before_values.update(map(_head, op.made))
    trees: dict[str, str] = {}
    words: set[str] = set()
    for head, group in groups.items():
        prefix = _prefix(head, group, bare, weights)
        tree = _fqn(prefix)
        if tree and is_path(tree):
            trees[prefix] = tree
        elif head.endswith("/"):
            trees[head] = ""
        elif head[-1] in _SEPARATORS:
            words.add(head)
    for head in before_values - groups.keys() - {""}:
        # Where the ops go without it, the values and weights mean the same model.
        if bare and any(map(owner_of_weight, islice(_inside(head, weights), _MOST))):
            trees[head] = ""
        elif head[-1] in _SEPARATORS:
            words.add(head)
    only = ""
    if len(groups) == 1 and not bare:
        ((head, group),) = groups.items()
        renamed = all(one.startswith(head) for op in group for one in op.made if "/" in one)
        if renamed and _go_without(head, group, weights):
            only = trees[head] = _fqn(head)
            words.discard(head)
    return words, trees, only


def _prefix(
    head: str, group: Sequence[_Named], bare: Sequence[_Named], weights: Sequence[str]
) -> str:
    """The prefix of a model that a beginning of names is, or ``""``."""
    apart = head[-1] in _SEPARATORS
    prefix = head if apart else head + "/"
    some = islice(_inside(prefix, weights), _MOST)
    held = any(owner_of_weight(one.lstrip(".")) for one in some)
    if not apart:
        if held:
            return prefix
        glued = [one for one in islice(_inside(head, weights), _MOST) if one[:1].isalnum()]
        return head if _fit(head, group, glued) else ""
    # A word before one node is not before what that node makes.
    made = [one for op in group for one in op.made if one != op.name]
    named = len(group) > 1 and 2 * sum(one.startswith(head) for one in made) >= len(made) > 0
    if any(op.name.startswith(head) and "/" not in op.name[len(head) - 1 :] for op in group):
        named = named and held  # names without scopes may begin with anything
    return head if (held or named) and not _fills_gaps(head, group, bare) else ""


def _fqn(prefix: str) -> str:
    """The FQN of the subtree that a prefix names.

    >>> _fqn("If_0_then_branch__Inline_0__"), _fqn("merged/m0_")
    ('If_0_then_branch__Inline_0', 'merged.m0')
    """
    return prefix.strip(_SEPARATORS).replace("/", ".")


def _inside(prefix: str, weights: Sequence[str]) -> Iterator[str]:
    """What follows a prefix in the names of weights, which are sorted."""
    for at in range(bisect_left(weights, prefix), len(weights)):
        if not weights[at].startswith(prefix):
            return
        yield weights[at][len(prefix) :]


def _fit(head: str, group: Sequence[_Named], weights: Sequence[str]) -> bool:
    """Whether most holders of some weights are scopes behind a beginning of names."""
    steps = {step for op in group for step in op.name[len(head) :].split("/")[:-1]}
    owners = [owner for one in weights if (owner := owner_of_weight(one)) is not None]
    fitting = sum(_LAST.findall(one)[-1] in steps for one in owners)
    return 2 * fitting > len(owners) > 0


def _go_without(head: str, group: Sequence[_Named], weights: Sequence[str]) -> bool:
    """Whether the weights lack what all names begin with."""
    first = head.strip(_SEPARATORS)
    return not any(one.startswith(first) for one in weights) and _fit(head, group, weights)


def _fills_gaps(head: str, group: Sequence[_Named], bare: Sequence[_Named]) -> bool:
    """Whether names with this beginning and names without one make one model together."""
    inside = {op.name[len(head) :] for op in group}
    outside = {op.name for op in bare}
    scopes = {one.rpartition("/")[0] for one in inside} - {""}
    shared = scopes & {one.rpartition("/")[0] for one in outside}
    return 2 * len(shared) > len(scopes) and 10 * len(inside & outside) < len(inside)


def _beginning(op: _Named) -> str:
    """What stands before the scopes in an op's name, or before a name without any."""
    if "/" in op.name or not op.name:
        return _head(op.name or next(iter(op.made), ""))
    found = None if op.name.startswith("node_") else _FLAT.search(op.name)
    return op.name[: found.start()] if found else ""


def _head(name: str) -> str:
    """What stands before the scopes in a name, which begin with ``/``."""
    at = name.find("/")
    if at <= 0:
        return ""
    return name[: at + 1] if name.startswith("//", at) else name[:at]
