"""Tags that contradict everything around their op, and where the op belongs instead.

Two steps. :mod:`hexviz.tagging.suspicion` names suspects by what speaks
against each tag. Then the suspects' tags are set aside, all of them at once,
and inherited from the rest of the graph. Where that leads back to the tag or
below it, or to nothing, the suspect is cleared; where it leads to another
branch, the tag is wrong, and the answer is the suggestion. Where it leads to a
module around the tag, the graph only says "not so sure": that counts if the op
is alone in a module that has too much in it, after the suspects without hard
evidence were heard as well. A weight that another module holds decides by
itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from hexviz.model import fqn
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op, Provenance
from hexviz.model.wording import listed
from hexviz.tagging.conclusions import fields_of
from hexviz.tagging.finding import Finding, Severity, alike, told_apart
from hexviz.tagging.inherit import conclude
from hexviz.tagging.sentence import module_sentence
from hexviz.tagging.suspicion import Suspicion, off_branch, places_of, suspicions

__all__ = ["misplaced"]

_SURENESS = {"error": 0.99, "branch": 0.98, "around": 0.75}
"""How likely it is that the tag is wrong (not that the suggestion is right), by where all else
leads: stated after the tuned models, see docs/tagging.md."""

_HARD = frozenset({"order", "doubles", "weight"})
"""Signals that an op hardly ever sets off because of a wrong neighbour alone."""


@dataclass(frozen=True, slots=True)
class _Charge:
    """One accused op: what speaks against it, and what all the rest says."""

    at: int
    suspicion: Suspicion
    verdict: Provenance
    module: str

    def kind(self) -> str:
        signals = self.suspicion.signals
        if "order" not in signals:
            if "weight" in signals:
                return "weight"
            if "doubles" in signals:
                return "sibling"
        return "misplaced"


def misplaced(graph: TaggedGraph) -> list[Finding]:
    """Kinds ``misplaced``, ``sibling`` and ``weight``: a finding per tag and suggestion."""
    suspects = suspicions(graph)
    if not suspects:
        return []
    groups: dict[tuple[str, Severity, str, str], list[_Charge]] = {}
    for charge in _charges(graph, suspects):
        severity, _ = _weighed(graph, charge)
        key = (charge.kind(), severity, graph.ops[charge.at].module, charge.module)
        groups.setdefault(key, []).append(charge)
    return [
        _finding(graph, kind, severity, charges)
        for (kind, severity, _, _), charges in groups.items()
    ]


def _charges(graph: TaggedGraph, suspects: dict[int, Suspicion]) -> Iterator[_Charge]:
    verdicts = _without(graph, suspects)
    unclear = {
        at
        for at, suspicion in suspects.items()
        if suspicion.signals & _HARD and not _decides(graph, at, verdicts[at])
    }
    if unclear:
        # Too much was set aside around them: suspects without hard evidence get their say.
        hard = [at for at, suspicion in suspects.items() if suspicion.signals & _HARD]
        again = _without(graph, hard)
        verdicts |= {at: again[at] for at in unclear if _decides(graph, at, again[at])}
    for at, suspicion in suspects.items():
        verdict = verdicts[at]
        if suspicion.holder:
            verdict = Provenance(
                suspicion.holder, "declared", "weight", values=(suspicion.weight,), kind="weight"
            )
        module, tagged = graph.modules.nearest(verdict.module), graph.ops[at].module
        if fqn.is_within(module, tagged) or verdict.origin == "fallback":
            continue
        if graph.modules.first_name(module) == graph.modules.first_name(tagged):
            continue  # another name of it
        alone = "alone" in suspicion.signals and suspicion.signals & {"extra", "apart"}
        if off_branch(module, tagged) or alone:
            yield _Charge(at, suspicion, verdict, module)


def _without(graph: TaggedGraph, suspects: Collection[int]) -> dict[int, Provenance]:
    """What the rest of the graph says of suspects, all of their tags set aside."""
    if len(suspects) == len(graph.columns.modules):
        nothing = Provenance(*fields_of("nothing known", ""))
        return dict.fromkeys(suspects, nothing)
    known = places_of(graph)
    known.where[list(suspects)] = -1
    concluded, _ = conclude(graph.flat, known, graph.modules.infos())
    return {at: Provenance(*concluded.fields(at)) for at in suspects}


def _decides(graph: TaggedGraph, at: int, verdict: Provenance) -> bool:
    """Whether a verdict clears the op's tag or leads to another branch."""
    module, tagged = graph.modules.nearest(verdict.module), graph.ops[at].module
    return fqn.is_within(module, tagged) or off_branch(module, tagged)


def _weighed(graph: TaggedGraph, charge: _Charge) -> tuple[Severity, float]:
    if not off_branch(charge.module, graph.ops[charge.at].module):
        return "warning", _SURENESS["around"]
    if {"order", "dataflow"} <= charge.suspicion.signals:
        return "error", _SURENESS["error"]
    return "warning", _SURENESS["branch"]


def _finding(graph: TaggedGraph, kind: str, severity: Severity, charges: list[_Charge]) -> Finding:
    first = charges[0]
    op = graph.ops[first.at]
    around = dict.fromkeys(graph.ops[one].module for one in first.suspicion.around)
    names = told_apart(
        graph,
        dict.fromkeys((op.module, first.module, *around, *filter(None, [first.suspicion.holder]))),
    )
    against, *further = _against(graph, op, first.suspicion, names)
    target = graph.modules[first.module]
    moved = op._replace(
        module=first.module,
        tag=target.tag,
        provenance=replace(first.verdict, module=first.module),
    )
    return Finding(
        kind=kind,
        severity=severity,
        ops=tuple(graph.ops[charge.at].id for charge in charges),
        message=f"Tagged {names[op.module]}, but {against}{alike(len(charges))}.",
        suggestion=f"Move to {target.tag}.",
        module=first.module,
        sureness=_weighed(graph, first)[1],
        details=(
            *(f"{one[0].upper()}{one[1:]}." for one in further),
            f"All else says: {module_sentence(graph, moved)}",
        ),
    )


def _against(
    graph: TaggedGraph, op: Op, suspicion: Suspicion, names: Mapping[str, str]
) -> Iterable[str]:
    """What speaks against a tag, the weightiest first, in words."""
    signals = suspicion.signals
    own = names[op.module]
    kind = graph.modules[op.module].class_name or "module of its kind"
    if "order" in signals:
        around = list(dict.fromkeys(names[graph.ops[one].module] for one in suspicion.around))
        yield f"ran between {'two ops' if len(around) == 1 else 'ops'} of {listed(around)}"
    if "weight" in signals:
        yield f"computes with a weight of {names[suspicion.holder]}"
    if suspicion.doubles is not None:
        some = [f"“{graph.ops[one].id}”" for one in suspicion.doubles.some]
        yield f"its doubles in sibling modules, {listed(some)}, are elsewhere"
    if "dataflow" in signals:
        yield "what it is connected to meets on another branch"
    if "apart" in signals:
        yield f"nothing near it is of {own}, whose other ops are elsewhere"
    elif "alone" in signals:
        yield f"nothing near it is of {own}"
    if "foreign" in signals:
        yield f"no other {kind} has the type {op.op_type}"
    elif "extra" in signals:
        yield f"no other {kind} has as many {op.op_type} ops"
