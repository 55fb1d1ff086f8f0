"""From the scopes in node names to modules: how the TorchScript exporter shortens paths.

It names a scope by the last attribute of its module's FQN, list indices
included, and opens one only for a module that is called. So a step repeats
the container it is in if that is called (a ``Sequential``), and containers
that never are (``ModuleList``, ``ModuleDict``) are missing::

    node name              module        because
    /seq/seq.0/Conv        seq.0         the container ``seq`` is called itself
    /ls.0/fc/Gemm          ls.0.fc       ``ls`` is not: the step has its name and index
    /h.0/mlp/Gemm          t.h.0.mlp     of ``t`` only weights tell: ``t.h.0.mlp.weight``

Called past the modules around them, several modules have one scope, and a later
call may have that of another module. Then the weights decide that are computed
with there, for each scope is one call::

    /proj/Gemm, /proj_1/Gemm       image.proj, text.proj     image.proj.weight, text.proj.weight
    /fc/Gemm, /fc_1/Gemm           fc twice, beside a fc_1   fc.weight in both
    /enc/Relu, /enc_1/Relu         image.enc, text.enc       /enc/fc and /enc/fc_1 are these' fc

Source: ``_unqualified_variable_name`` in torch 2.13.0,
torch/onnx/_internal/torchscript_exporter/utils.py.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from typing import NamedTuple

from hexviz.model import fqn as names
from hexviz.model.cached import cached_property
from hexviz.model.size_limits import refuse_letters
from hexviz.tagging.naming import Path, first_call
from hexviz.tagging.scope_calls import MOST, Call, join_calls, settle_by_number

__all__ = ["Found", "find_modules"]

_INDEX = re.compile(r"\d+(?:\.\d+)*(?:_\d+)?")

_INDICES = re.compile(r"(?:\.\d+)+$")

_NESTED = 4
"""How many containers that are never called may lie in each other, at most."""


class Found(NamedTuple):
    """The FQNs of the modules that a path leads through, root first.

    It is not ``sure`` where several modules fit and no weight tells which:
    then the last is what encloses them all. ``other`` is a second module with
    ops in the path: the exporter does not see that the second call of ``fc``
    and the first of a ``fc_1`` get one name.
    """

    fqns: tuple[str, ...]
    sure: bool = True
    other: str = ""


def find_modules(
    paths: Iterable[Path],
    known: Collection[str],
    held: Mapping[Path, Collection[str]] | None = None,
) -> dict[Path, Found]:
    """For each path the modules it leads through.

    ``known`` are FQNs that are sure to exist: a file's weights tell of them,
    or the exporter's list of modules. ``held`` are those that hold the weights
    which are computed with in a path.

    >>> paths = [("seq", "seq.0"), ("h.0", "mlp")]
    >>> find_modules(paths, {"t", "t.h", "t.h.0", "t.h.0.mlp"})[("seq", "seq.0")].fqns
    ('', 'seq', 'seq.0')
    >>> find_modules(paths, {"t", "t.h", "t.h.0", "t.h.0.mlp"})[("h.0", "mlp")].fqns
    ('', 't.h.0', 't.h.0.mlp')
    """
    held = held or {}
    root = Call("", None)
    ends: dict[Path, Call] = {}
    for path in paths:
        if path not in ends:
            ends[path] = root.descend(path)
            ends[path].holders = frozenset(held.get(path, ()))
    if not ends:
        return {}
    modules = _Modules(known, frozenset(fqn for fqns in held.values() for fqn in fqns))
    letters = 0
    pending = [root]
    repeated: list[Call] = []
    while pending:
        around = pending.pop()
        inside = around.children.values()
        for scope in inside:
            modules.settle(scope, around)
            letters += len(scope.fqn)
            refuse_letters(letters)
        pending.extend([scope for scope in inside if scope.children])
        repeated.extend(join_calls(around))
    settle_by_number(repeated)
    return {path: Found(end.fqns(), end.sure, _other(end)) for path, end in ends.items()}


def _other(scope: Call) -> str:
    if not scope.holders or len(scope.holders) < 2:
        return ""
    first = first_call(scope.fqn)
    return first if {first, scope.fqn} <= scope.holders else ""


class _Modules:
    """The modules that are sure to exist, and which of them a scope may be."""

    def __init__(self, known: Collection[str], holders: frozenset[str]) -> None:
        self._known = known
        self._holders = holders
        self._hidden: dict[str, dict[str, list[str]]] = {}
        self._fitting: dict[tuple[int, str], tuple[str, frozenset[str]]] = {}

    def settle(self, scope: Call, around: Call) -> None:
        """Find the module of a scope: what its name says, or whose weights it computes with."""
        if around.alone is not None and not (around.step and scope.step.startswith(around.step)):
            # Mostly its name says it: a module that is sure to exist, called once.
            fqn = f"{around.fqn}.{scope.step}" if around.fqn else scope.step
            if fqn in self._known and (not scope.holders or fqn in scope.holders):
                scope.fqn = scope.alone = fqn
                return
        scope.fqn, scope.several = self._named(scope.step, around)
        by_weight = self._by_weight(scope, around)
        if by_weight is not None:
            scope.fqn = by_weight
        elif scope.several:
            scope.meeting, scope.sure = scope.fqn, False
        later = "" if scope.fqn in self._known else first_call(scope.fqn)
        scope.within = frozenset({later or scope.fqn}) if scope.sure else scope.several

    def _named(self, step: str, around: Call) -> tuple[str, frozenset[str]]:
        """The module of the scope named ``step``; if several fit, what encloses them, and all."""
        known, none = self._known, frozenset[str]()
        if len(around.within) > 1:
            return self._in_several(step, around)
        outside = f"{around.fqn}.{step}" if around.fqn else step
        member = _member(step, around, around.fqn)
        # A list may be called what the module that holds it is called.
        if member and (member in known or outside not in known):
            return member, none
        if outside in known:
            return outside, none
        called = first_call(step) or step
        # A member of a list that has no weights itself is where the list is.
        for name in dict.fromkeys((step, called, _INDICES.sub("", called))):
            if names.join((around.fqn, name)) in known:
                return outside, none
            meeting, fitting = self._fit(around, name)
            if len(fitting) == 1:
                return meeting + step[len(name) :], none
            if fitting:
                return meeting, fitting
        return outside, none

    def _in_several(self, step: str, around: Call) -> tuple[str, frozenset[str]]:
        """As :meth:`_named`, where the scope around it may be any of several modules."""
        called = first_call(step) or step
        if len(around.within) > MOST:
            return around.meeting, around.within
        inside = [
            _member(called, around, one) or names.join((one, called)) for one in around.within
        ]
        known = [one for one in inside if one in self._known] or inside
        if len(known) == 1:
            return known[0], frozenset()
        return around.meeting, frozenset(known)

    def _by_weight(self, scope: Call, around: Call) -> str | None:
        """The module whose weights a scope computes with, where that is not what its name says.

        A module that holds no weight in the file may compute with those of
        another, which are the same.
        """
        if not scope.holders or scope.fqn in scope.holders:
            return None
        first = first_call(scope.step)
        if not scope.several:
            if scope.fqn in self._known and scope.fqn not in self._holders:
                return None
            if scope.fqn not in self._known and first_call(scope.fqn) in scope.holders:
                return None  # a later call, which is told from a module by the whole file
        fitting = [
            fqn
            for fqn in scope.holders
            if _last(fqn) in (scope.step, first)
            and not around.within.isdisjoint(names.ancestors(fqn))
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _fit(self, around: Call, name: str) -> tuple[str, frozenset[str]]:
        """The modules of this name that lie in containers inside a scope; what encloses them."""
        if name not in self._by_name:
            return "", frozenset()
        key = (id(around), name)
        if key not in self._fitting:
            if name not in self._hidden:
                self._hidden[name] = _below_containers(self._by_name[name])
            found = frozenset(
                fqn
                for fqn in self._hidden[name].get(around.fqn, ())
                if not any(_last(one) in around.children for one in _between(around.fqn, fqn))
            )
            self._fitting[key] = reduce(names.common_ancestor, found) if found else "", found
        return self._fitting[key]

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[str]]:
        """Name of a scope → all modules that are called so."""
        found: dict[str, list[str]] = {}
        for fqn in self._known:
            found.setdefault(_last(fqn), []).append(fqn)
        return found


def _member(step: str, around: Call, fqn: str) -> str:
    """The member of a container that is called itself, as ``seq.0`` in ``seq``, else ``""``."""
    if not around.step or not step.startswith(around.step + "."):
        return ""
    index = step[len(around.step) + 1 :]
    return f"{fqn}.{index}" if _INDEX.fullmatch(index) else ""


def _below_containers(fqns: Collection[str]) -> dict[str, list[str]]:
    """Enclosing FQN → those of these modules that are in it, some containers further down."""
    found: dict[str, list[str]] = {}
    for fqn in fqns:
        container = fqn[: -len(_last(fqn)) - 1]
        for _ in range(_NESTED):
            if not container:
                break
            container = names.parent(container)
            found.setdefault(container, []).append(fqn)
    return found


def _between(outer: str, inner: str) -> Sequence[str]:
    """The FQNs between two, those of the list that ``inner`` is a member of left out."""
    found = []
    fqn = inner[: -len(_last(inner)) - 1]
    while len(fqn) > len(outer):
        found.append(fqn)
        fqn = names.parent(fqn)
    return found


def _last(fqn: str) -> str:
    """What a scope is named for its module: its last attribute, with the indices after it.

    >>> _last("encoder.layer.0.1"), _last("encoder.fc"), _last("0.1")
    ('layer.0.1', 'fc', '0.1')
    """
    end = len(fqn)
    while True:
        start = fqn.rfind(".", 0, end) + 1
        if not start or not fqn[start:end].isnumeric():
            return fqn[start:]
        end = start - 1
