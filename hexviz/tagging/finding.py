"""What an audit says: one finding per mistake, or per group of ops with the same one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from hexviz.model.graph import TaggedGraph

__all__ = [
    "DOUBTING",
    "KINDS",
    "SEVERITIES",
    "SURE_ENOUGH",
    "Finding",
    "Severity",
    "accused_ops",
    "alike",
    "finding_record",
    "findings_document",
    "takes_at_once",
    "told_apart",
]

Severity = Literal["info", "warning", "error"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""How bad a finding is, least first."""

KINDS = {
    "missing-value": "An op reads, or the model puts out, a value that nothing makes.",
    "shadowed-value": "A body makes a value whose name can be seen in it already.",
    "misplaced": "The tag contradicts everything around the op.",
    "sibling": "The op's doubles in sibling modules have another tag.",
    "weight": "The op computes with a weight of a module on another branch.",
    "sources": "The file's own sources name modules on different branches.",
    "shared-constant": "A constant that several modules use carries the scope of one of them.",
    "lost-tags": "The file lists modules, and its ops do not say which is theirs.",
    "unknown-module": "The file names a module that its own tree does not have.",
    "unread-module": "The file names a module by a path that is too long to be read.",
    "fallback": "Nothing is known of the op's module.",
    "recovered": "Nothing names the op's module: it was found by what the graph repeats.",
    "split-chain": "A chain of auxiliary ops leaves a module and comes back to it.",
    "low-confidence": "The tag is a guess.",
    "empty-module": "No op of the graph belongs to the module.",
}
"""Kind of finding → what it says."""

DOUBTING = frozenset({"misplaced", "sibling", "weight", "sources"})
"""Kinds that say of an op's tag that it is wrong."""


SURE_ENOUGH = 0.9
"""How sure a suggestion has to be to be taken with all others at once."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of an audit.

    ``ops`` are the ids of the ops it is about; none for a module without ops.
    ``module`` is the FQN that ``suggestion`` would move all of them to, or
    ``None`` where the audit does not know better. ``sureness`` is in 0..1: how likely the
    finding is right, and ``suggestion_sureness`` how likely ``module`` is the right one, ``None``
    without a module. ``message`` and ``suggestion`` are sentences of at most
    25 words; ``details`` are further ones, for whoever wants to know more.
    """

    kind: str
    severity: Severity
    ops: tuple[str, ...]
    message: str
    suggestion: str = ""
    module: str | None = None
    sureness: float = 1.0
    details: tuple[str, ...] = ()
    suggestion_sureness: float | None = None


def finding_record(finding: Finding) -> dict[str, Any]:
    """A finding as plain JSON; the keys are those of the public contract, and four more."""
    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "ops": list(finding.ops),
        "message": finding.message,
        "suggestion": finding.suggestion,
        "module": finding.module,
        "sureness": finding.sureness,
        "suggestion_sureness": finding.suggestion_sureness,
        "details": list(finding.details),
    }


def told_apart(graph: TaggedGraph, modules: Iterable[str]) -> dict[str, str]:
    """FQN → what a module is called in a sentence: short, or by its tag where others are too."""
    labels = {fqn: graph.modules[fqn].label for fqn in modules}
    counts = Counter(labels.values())
    return {
        fqn: label if counts[label] == 1 else graph.modules[fqn].tag
        for fqn, label in labels.items()
    }


def alike(count: int) -> str:
    """At the end of a sentence about the first of some ops: that it holds of the others too."""
    return f"; {count - 1:,} more like it" if count > 1 else ""


def accused_ops(findings: Iterable[Finding]) -> frozenset[str]:
    """The ids of the ops that findings at warning level or above are about."""
    return frozenset(op for one in findings if one.severity != "info" for op in one.ops)


def takes_at_once(finding: Finding) -> bool:
    """Whether the suggestion of a finding is taken where a person accepts all of them.

    It is one of a warning or an error, and sure enough (:data:`SURE_ENOUGH`).
    """
    sureness = finding.suggestion_sureness
    return finding.severity != "info" and sureness is not None and sureness >= SURE_ENOUGH


def findings_document(graph: TaggedGraph, findings: Sequence[Finding]) -> dict[str, Any]:
    """The document of ``hexviz audit --json``.

    ``counts`` has every severity; ``accused`` counts the ops that a warning or
    an error is about, each once.
    """
    counts = Counter(finding.severity for finding in findings)
    return {
        "model": graph.name,
        "ops": len(graph.ops),
        "findings": [finding_record(finding) for finding in findings],
        "counts": {severity: counts[severity] for severity in SEVERITIES},
        "accused": len(accused_ops(findings)),
    }
