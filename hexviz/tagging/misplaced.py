"""Tags that contradict everything around their op, and where the op belongs instead.

Three steps. :mod:`hexviz.tagging.suspicion` names suspects by what speaks
against each tag, and :mod:`hexviz.tagging.verdicts` asks the rest of the graph
where they belong. Where that leads back to the tag or below it, or to nothing,
the suspect is cleared; where it leads to another branch, the tag is wrong, and
the answer is the suggestion. Where it leads to a module around the tag, the
graph only says "not so sure": that counts if the op is alone in a module that
has too much in it, and nothing is suggested.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op
from hexviz.model.wording import listed
from hexviz.tagging.finding import Finding, Severity, alike, told_apart
from hexviz.tagging.sentence import module_sentence
from hexviz.tagging.suspicion import Suspicion, off_branch, suspicions
from hexviz.tagging.verdicts import Verdict, find_verdicts

__all__ = ["misplaced"]

_SURENESS = {"error": 0.99, "branch": 0.98, "around": 0.85}
"""How likely the tag is wrong, by where all else leads: stated after the tuned models, as the next,
see docs/tagging.md."""

_SUGGESTION_SURENESS = MappingProxyType(
    {
        "named": 0.99,
        "lacking": 0.99,
        "vacancy": 0.98,
        "within": 0.97,
        "neighbours": 0.7,
        "around": 0.4,
    }
)
"""How likely the suggested module is the right one, by the ground of the verdict."""


_IMPRECISE = frozenset({"neighbours", "around", "unlisted"})
"""The grounds of verdicts that are not put together with others."""


class _Charge(NamedTuple):
    """What is wrong with an op: charges that have it all in common are one finding.

    ``ground`` is that of the verdict if it is not precise, else ``""``.
    """

    kind: str
    severity: Severity
    tagged: str
    module: str
    sureness: float
    ground: str


def misplaced(graph: TaggedGraph) -> list[Finding]:
    """Kinds ``misplaced``, ``sibling`` and ``weight``: a finding per tag and suggestion."""
    suspects = suspicions(graph)
    if not suspects:
        return []
    charges: dict[_Charge, list[Verdict]] = {}
    for verdict in find_verdicts(graph, suspects):
        tagged, signals = graph.ops[verdict.at].module, suspects[verdict.at].signals
        if off_branch(verdict.module, tagged):
            ground = "error" if {"order", "dataflow"} <= signals else "branch"
        elif {"alone", "extra"} <= signals:
            ground = "around"
        else:
            continue
        charge = _Charge(
            _kind(signals),
            "error" if ground == "error" else "warning",
            tagged,
            verdict.module,
            _SURENESS[ground],
            verdict.ground if verdict.ground in _IMPRECISE else "",
        )
        charges.setdefault(charge, []).append(verdict)
    return [
        _finding(graph, charge, found, suspects[found[0].at]) for charge, found in charges.items()
    ]


def _kind(signals: frozenset[str]) -> str:
    if "order" not in signals:
        if "weight" in signals:
            return "weight"
        if "doubles" in signals:
            return "sibling"
    return "misplaced"


def _finding(
    graph: TaggedGraph, charge: _Charge, verdicts: list[Verdict], suspicion: Suspicion
) -> Finding:
    first, *_ = verdicts
    op = graph.ops[first.at]
    nearest = graph.modules.nearest
    around = [graph.ops[one].module for one in suspicion.around]
    holder = [nearest(suspicion.holder)] if suspicion.holder else []
    names = told_apart(graph, dict.fromkeys((op.module, charge.module, *around, *holder)))
    against, *further = _against(graph, op, suspicion, names)
    if first.ground in ("lacking", "vacancy"):
        further.append(f"{names[charge.module]} has fewer {op.op_type} ops than others of its kind")
    said = graph.modules[nearest(first.why.module)]
    moved = op._replace(
        module=said.fqn, tag=said.tag, provenance=replace(first.why, module=said.fqn)
    )
    suggestion, sureness = _suggestion(graph, charge, verdicts)
    return Finding(
        kind=charge.kind,
        severity=charge.severity,
        ops=tuple(graph.ops[one.at].id for one in verdicts),
        message=f"Tagged {names[op.module]}, but {against}{alike(len(verdicts))}.",
        suggestion=suggestion,
        module=None if sureness is None else charge.module,
        sureness=charge.sureness,
        suggestion_sureness=sureness,
        details=(
            *(f"{one[0].upper()}{one[1:]}." for one in further),
            f"All else says: {module_sentence(graph, moved)}",
        ),
    )


def _suggestion(
    graph: TaggedGraph, charge: _Charge, verdicts: list[Verdict]
) -> tuple[str, float | None]:
    """What to do, and how sure it is that the module is right; ``None`` if none is suggested."""
    tag = graph.modules[charge.module].tag
    if not off_branch(charge.module, charge.tagged):
        return f"Look at it: all else only says that it is somewhere in {tag}.", None
    if charge.ground == "unlisted":
        return f"Look at it: it belongs in a part of {tag} that the file does not list.", None
    sureness = min(_SUGGESTION_SURENESS[one.ground] for one in verdicts)
    more = ", or to a part of it" if charge.ground == "around" else ""
    return f"Move to {tag}{more}.", sureness


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
        yield f"computes with a weight of {names[graph.modules.nearest(suspicion.holder)]}"
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
