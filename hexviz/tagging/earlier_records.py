"""Rules ``value`` and ``renamed``: what was recorded of an op before a tool took the record away.

An exporter that converts a model to a lower opset drops the metadata of every
node; so do optimisers and converters of tagged files. What was recorded is
kept beside the graph, by the names of values, and finds its op again::

    recorded   "linear_3" ── MatMul ── encoder.fc
    now        "linear_3" ── Gemm   ── (nothing)      → encoder.fc, by rule value
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hexviz.model.flat import FlatGraph
from hexviz.model.op import Call
from hexviz.tagging.calls import call_of
from hexviz.tagging.metadata import Scope, as_written, scopes_of

__all__ = ["CONFIDENCE", "Transferred", "from_notes"]

CONFIDENCE = MappingProxyType({"value": 0.98, "renamed": 0.9})
"""How far each rule is trusted to have found the op that was recorded; how sure the record itself
was is multiplied with it."""

_KINDS = MappingProxyType({"value": "record by value", "renamed": "record by structure"})
"""Rule → the kind of reason; the same rules transfer tags from another graph for other reasons."""


@dataclass(frozen=True, slots=True)
class Transferred:
    """What another state of the graph recorded of an op.

    ``name`` is the value it is known by there, ``sureness`` the record's own confidence.
    ``fused``: an op of another type made that value there, so a tool made this one of several.
    ``call`` is the call of a function that it was made for.
    """

    scope: Scope
    rule: str
    name: str
    sureness: float = 1.0
    fused: bool = False
    call: Call | None = None

    @property
    def kind(self) -> str:
        """The kind of reason: how the op was found again."""
        return _KINDS[self.rule]

    @property
    def confidence(self) -> float:
        """How far it is trusted, in 0..1."""
        return CONFIDENCE[self.rule] * self.sureness


def from_notes(
    flat: FlatGraph, notes: Mapping[str, Mapping[str, str]], modules: Container[str]
) -> dict[int, Transferred]:
    """Position → what the exporter noted on the op before it dropped its own notes.

    ``notes`` maps op ids to the metadata that a node had; ``modules`` is the exporter's list.
    """
    found = {}
    for at, op in enumerate(flat.ops):
        scopes = scopes_of(notes[op.id]) if op.id in notes else ()
        if scopes:
            scope = as_written(scopes[0], modules)
            name = flat.values.get(op.id, op.id)
            found[at] = Transferred(scope, "value", name, call=call_of(notes[op.id]))
    return found
