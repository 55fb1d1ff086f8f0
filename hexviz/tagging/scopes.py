"""From the scopes in node names to modules: how the TorchScript exporter shortens paths.

It names a scope by the last attribute of its module's FQN, list indices
included, and opens one only for a module that is called. So a step repeats
the container it is in if that is called (a ``Sequential``), and containers
that never are (``ModuleList``, ``ModuleDict``) are missing::

    node name              module        because
    /seq/seq.0/Conv        seq.0         the container ``seq`` is called itself
    /ls.0/fc/Gemm          ls.0.fc       ``ls`` is not: the step has its name and index
    /h.0/mlp/Gemm          t.h.0.mlp     of ``t`` only weights tell: ``t.h.0.mlp.weight``

Source: ``_unqualified_variable_name`` in torch 2.13.0,
torch/onnx/_internal/torchscript_exporter/utils.py.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from hexviz.model import fqn as names
from hexviz.model.limits import refuse_letters
from hexviz.tagging.naming import Path, first_call

__all__ = ["find_modules"]

_INDEX = re.compile(r"\d+(?:\.\d+)*(?:_\d+)?")

_INDICES = re.compile(r"(?:\.\d+)+$")

_NESTED = 4
"""How many containers that are never called may lie in each other, at most."""


def find_modules(paths: Iterable[Path], known: Collection[str]) -> dict[Path, tuple[str, ...]]:
    """For each path the FQNs of the modules it leads through, root first.

    ``known`` are FQNs that are sure to exist: a file's weights tell of them,
    or the exporter's list of modules.

    >>> paths = [("seq", "seq.0"), ("h.0", "mlp")]
    >>> find_modules(paths, {"t", "t.h", "t.h.0", "t.h.0.mlp"})[("seq", "seq.0")]
    ('', 'seq', 'seq.0')
    >>> find_modules(paths, {"t", "t.h", "t.h.0", "t.h.0.mlp"})[("h.0", "mlp")]
    ('', 't.h.0', 't.h.0.mlp')
    """
    root = _Scope("", None)
    ends: dict[Path, _Scope] = {}
    for path in paths:
        if path not in ends:
            ends[path] = root.descend(path)
    if not ends:
        return {}
    hidden = _below_containers(known)
    letters = 0
    pending = [root]
    while pending:
        scope = pending.pop()
        for step, child in scope.children.items():
            child.fqn = _module_of(scope, step, known, hidden)
            letters += len(child.fqn)
            refuse_letters(letters)
            pending.append(child)
    return {path: end.fqns() for path, end in ends.items()}


class _Scope:
    """One scope of the file, with those opened in it."""

    __slots__ = ("_fqns", "children", "fqn", "parent", "step")

    def __init__(self, step: str, parent: _Scope | None) -> None:
        self.step = step
        self.parent = parent
        self.children: dict[str, _Scope] = {}
        self.fqn = ""
        self._fqns: tuple[str, ...] | None = None

    def descend(self, path: Path) -> _Scope:
        here = self
        for step in path:
            below = here.children.get(step)
            if below is None:
                below = here.children[step] = _Scope(step, here)
            here = below
        return here

    def fqns(self) -> tuple[str, ...]:
        """The FQNs from the root to here."""
        if self._fqns is None:
            above: list[str] = []
            scope: _Scope | None = self
            while scope is not None:
                above.append(scope.fqn)
                scope = scope.parent
            self._fqns = tuple(reversed(above))
        return self._fqns


def _module_of(
    scope: _Scope, step: str, known: Collection[str], hidden: dict[tuple[str, str], list[str]]
) -> str:
    """The module of the scope named ``step`` inside ``scope``."""
    outside = f"{scope.fqn}.{step}" if scope.fqn else step
    if scope.step and step.startswith(scope.step + "."):
        index = step[len(scope.step) + 1 :]
        member = f"{scope.fqn}.{index}"
        # A list may be called what the module that holds it is called.
        if _INDEX.fullmatch(index) and (member in known or outside not in known):
            return member
    if outside in known:
        return outside
    called = first_call(step) or step
    # A member of a list that has no weights itself is where the list is.
    for name in dict.fromkeys((step, called, _INDICES.sub("", called))):
        if names.join((scope.fqn, name)) in known:
            return outside
        found = [
            fqn
            for fqn in hidden.get((scope.fqn, name), ())
            if not any(_last(one) in scope.children for one in _between(scope.fqn, fqn))
        ]
        if len(found) == 1:
            return found[0] + step[len(name) :]
    return outside


def _below_containers(known: Collection[str]) -> dict[tuple[str, str], list[str]]:
    """(enclosing FQN, name of a scope) → the modules it may be, some containers further down."""
    found: dict[tuple[str, str], list[str]] = {}
    for fqn in known:
        last = _last(fqn)
        container = fqn[: -len(last) - 1]
        for _ in range(_NESTED):
            if not container:
                break
            container = names.parent(container)
            found.setdefault((container, last), []).append(fqn)
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
