"""Rules ``name`` and ``weight``: modules that the names in a file give away.

The TorchScript exporter names a node by the scope it ran in,
``/encoder/layer.0/attention/self/MatMul``, and its outputs after the node;
other producers use the same ``/``. A weight is named for the module that holds
it, ``encoder.layer.0.attention.self.query.weight``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["first_call", "owner_of_weight", "scope_in_name", "scope_in_names"]

_LATER_CALL = re.compile(r"_\d+$")

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


def scope_in_name(name: str) -> tuple[str, ...]:
    """The FQNs of the scopes in a node or value name, root first; empty if it has none.

    >>> scope_in_name("/encoder/layer.0/attention/MatMul")
    ('', 'encoder', 'encoder.layer.0', 'encoder.layer.0.attention')
    >>> scope_in_name("/Add")
    ('',)
    >>> scope_in_name("Conv_173")
    ()
    """
    if "/" not in name:
        return ()
    steps = [step for step in name.rpartition("/")[0].split("/") if step]
    return tuple(".".join(steps[:end]) for end in range(len(steps) + 1))


def scope_in_names(name: str, outputs: Iterable[str]) -> tuple[tuple[str, ...], str] | None:
    """The scopes in a node's name, else in the first output name that has any.

    Returns the FQNs and the name they were read from.
    """
    for text in (name, *outputs):
        fqns = scope_in_name(text)
        if fqns:
            return fqns, text
    return None


def first_call(fqn: str) -> str:
    """The FQN without the number that the TorchScript exporter adds to a later call's scope.

    Without such a number it is ``""``, which is no call of anything.

    >>> first_call("layers.0.query_2"), first_call("layers.0.query")
    ('layers.0.query', '')
    """
    shortened, numbered = _LATER_CALL.subn("", fqn)
    return shortened if numbered else ""


def owner_of_weight(name: str) -> str | None:
    """The FQN of the module that holds a parameter of this name, or ``None``.

    >>> owner_of_weight("encoder.layer.0.dense.weight")
    'encoder.layer.0.dense'
    >>> owner_of_weight("onnx::MatMul_342") is None
    True
    """
    owner, dot, attribute = name.rpartition(".")
    steps = owner.split(".")
    if not dot or not _IDENTIFIER.fullmatch(attribute) or "/" in name or "::" in name:
        return None
    return owner if all(re.fullmatch(r"\w+", step) for step in steps) else None
