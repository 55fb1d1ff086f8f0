"""Which of the names that look like PyTorch's own notation are names of modules.

torch.export may write ``name@1`` for a second call of ``name``, and has
bookkeeping scopes of its own. A key of a ModuleDict can be just that::

    d.x@2      class Linear; the file has a weight d.x@2.weight       the module d.x@2
    d.x@2      class Linear, as d.x, and nothing is called d.x@2      the third call of d.x

The exporter's list of modules decides; without it, the names of weights and
classes that differ do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.tagging.metadata import Scope, as_written

__all__ = ["spelled"]


def spelled(
    flat: FlatGraph, records: Sequence[tuple[Scope, ...]], modules: Collection[str]
) -> Sequence[tuple[Scope, ...]]:
    """The scopes recorded of each op, with every module called what it is called.

    ``modules`` is the exporter's list, or empty.
    """
    doubtful = {scope for scopes in records for scope in scopes if scope.written}
    if not doubtful:
        return records
    known = modules or _named_by_weights(flat) | _of_other_classes(records, doubtful)
    read = {scope: as_written(scope, known) for scope in doubtful}
    return [tuple(read.get(scope, scope) for scope in scopes) for scopes in records]


def _named_by_weights(flat: FlatGraph) -> frozenset[str]:
    """What weights are named for, and all around it, where that looks like notation."""
    owners = {name.rpartition(".")[0] for name in flat.weights.values()}
    return frozenset(
        above for owner in owners if "@" in owner or owner[:1] == "_" for above in _around(owner)
    )


def _around(fqn: str) -> Iterable[str]:
    return names.ancestors(fqn)[1:]


def _of_other_classes(
    records: Sequence[tuple[Scope, ...]], doubtful: Iterable[Scope]
) -> frozenset[str]:
    """Names that would be calls of a module which has another class."""
    classes: Mapping[str, str] = {
        fqn: kind
        for scopes in records
        for scope in scopes
        if not scope.written
        for fqn, kind in zip(scope.fqns, scope.class_names, strict=True)
    }
    found: set[str] = set()
    for scope in doubtful:
        for fqn, kind in zip(scope.fqns, scope.class_names, strict=True):
            if kind and classes.get(fqn, kind) != kind:
                found.update(
                    name for name, written in scope.written if written.rpartition(".")[2] == kind
                )
    return frozenset(found)
