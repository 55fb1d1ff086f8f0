"""What the commands about one file's tags print: summary, explanation, findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from hexviz.cli.console import console, facts, listing, many, module_name, text
from hexviz.tagging.finding import SEVERITIES

if TYPE_CHECKING:
    from hexviz.model.graph import TaggedGraph
    from hexviz.tagging.explain import Explanation, Part, Step

__all__ = ["print_explanation", "print_findings", "print_summary"]

_COLOURS = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_FIRST_OPS = 3  # ids of a finding's ops that are printed


def print_summary(document: Mapping[str, Any]) -> None:
    """The document of ``hexviz analyze --json``."""
    out = console()
    auxiliary = document["auxiliary"]
    out.print(Text.assemble(text(document["model"], "bold"), f": {document['ops']} ops"))
    out.print(f"coverage   {document['coverage']:.1%} of ops have a module")
    if recovered := document["origins"].get("recovered"):
        share = f"{recovered / document['ops']:.1%}"
        out.print(f"recovered  {share} of ops, in blocks that the graph repeats and nothing names")
    out.print("origins    " + _counts(document["origins"]))
    out.print("rules      " + _counts(document["rules"]))
    out.print(
        f"auxiliary  {auxiliary['ops']} ops, {auxiliary['context_inherited']} with a context "
        "below the root"
    )
    if document["tags_lost"]:
        out.print("tags       lost: the file lists modules, and its ops do not say which is theirs")
    if document["weights_left_out"]:
        out.print(f"weights    {document['weights_left_out']} left out: it cannot be run")
    stages = [_stage(one) for one in document["stage_details"] if not one["depth"]]
    if stages:
        out.print(text("stages     " + ", ".join(stages)))
    modules = [(one["module"], one["tag"], str(one["ops"])) for one in document["modules"]]
    out.print(listing(("module", "tag", "ops"), modules, figures={"ops"}))
    if "nodes" in document:
        nodes = (
            (
                node["id"],
                node["op_type"],
                node["tag"],
                node["rule"],
                node["context"]["tag"] if node["context"] else "",
            )
            for node in document["nodes"]
        )
        out.print(listing(("op", "type", "module", "rule", "context"), nodes))


def print_explanation(graph: TaggedGraph, explanation: Explanation) -> None:
    """Why an op has its module and its context: the sentence, and all it is made of."""
    from hexviz.tagging.sentence import source_file

    op, why = explanation.op, explanation.op.provenance
    out = console()
    out.print(text(f"{op.op_type} {op.id}", "bold"))
    out.print(text(explanation.sentence))
    out.print()
    about = {
        "module": module_name(op.module),
        "tag": op.tag,
        "origin": why.origin,
        "rule": why.rule,
        "confidence": _confidence(why.confidence, explanation.confidence),
        "shared by": ", ".join(map(module_name, op.shared_by)),
        "call": f"{op.call.name} ({op.call.target})" if op.call else "",
    }
    out.print(facts(about))
    _print_steps(out, "evidence", graph, explanation.steps)
    if explanation.counterparts:
        there = [(one.op_type, one.op, one.relation) for one in explanation.counterparts]
        out.print()
        out.print(listing(("type", "op", "how"), there, title=f"in {source_file(graph)}"))
    _print_steps(out, "witnesses", graph, explanation.witnesses)
    # What an op's other sources said is kept as its rejected candidates.
    if explanation.disagreeing:
        said = [(module_name(module), reason) for module, reason in explanation.disagreeing]
        out.print()
        out.print(listing(("module", "why"), said, title="other sources say"))
    elif why.candidates:
        rejected = [
            (module_name(one.module), f"{one.score:g}", one.reason) for one in why.candidates
        ]
        out.print()
        out.print(listing(("module", "score", "why"), rejected, title="rejected"))
    if op.context is not None and explanation.context_sentence is not None:
        context = {
            "serves": module_name(op.context.module),
            "tag": op.context.tag,
            "rule": op.context.rule,
            "users": ", ".join(map(module_name, op.context.users)) if op.context.users[1:] else "",
        }
        out.print()
        out.print(text(explanation.context_sentence))
        out.print()
        out.print(facts(context))
        _print_steps(out, "chain", graph, explanation.context_steps)


def print_findings(document: Mapping[str, Any]) -> None:
    """The document of ``hexviz audit --json``: a table, worst first, and a line that sums it up."""
    out = console()
    rows = [
        (
            text(severity, _COLOURS[severity]),
            finding["kind"],
            f"{finding['sureness']:.0%}",
            _first_ops(finding["ops"]),
            _what(finding),
        )
        for severity in reversed(SEVERITIES)
        for finding in document["findings"]
        if finding["severity"] == severity
    ]
    if not rows:
        line = f"{document['model']}: no findings on {many(document['ops'], 'op')}."
        out.print(text(line), soft_wrap=True)
        return
    out.print(listing(("severity", "kind", "sure", "ops", "what, and what to do"), rows))
    out.print()
    counts = ", ".join(
        many(document["counts"][one], one)
        for one in reversed(SEVERITIES)
        if document["counts"][one]
    )
    line = (
        f"{document['model']}: {counts}. Warnings and errors accuse {document['accused']} of "
        f"{many(document['ops'], 'op')}."
    )
    out.print(text(line), soft_wrap=True)


def _print_steps(out: Console, title: str, graph: TaggedGraph, steps: Sequence[Step]) -> None:
    rows = []
    for number, step in enumerate(steps, start=1):
        at = graph.positions.get(step.op)
        kind, tag = ("", "") if at is None else (graph.ops[at].op_type, graph.ops[at].tag)
        how = f"{step.relation}: {', '.join(step.values)}" if step.values else step.relation
        rows.append((str(number), kind, step.op, how, tag))
    if rows:
        out.print()
        out.print(listing(("", "type", "op", "how", "tag"), rows, title=title))


def _confidence(whole: float, parts: Sequence[Part]) -> str:
    product = " × ".join(f"{part.factor:g} ({part.reason})" for part in parts)
    return product if len(parts) == 1 else f"{whole:.3g} = {product}"


def _what(finding: Mapping[str, Any]) -> Text:
    what = text(finding["message"])
    for detail in finding["details"]:
        what.append("\n").append_text(text(detail))
    suggestion, sureness = finding["suggestion"], finding["suggestion_sureness"]
    if not suggestion:
        return what
    sure = "" if sureness is None else f" ({sureness:.0%} sure)"
    return what.append("\n").append_text(text(f"→ {suggestion}{sure}"))


def _first_ops(ops: Sequence[str]) -> str:
    more = ", …" if len(ops) > _FIRST_OPS else ""
    return f"{len(ops)}: {', '.join(ops[:_FIRST_OPS])}{more}" if ops else "none"


def _stage(one: Mapping[str, Any]) -> str:
    peak = one["peak_memory_mb"]
    memory = "" if peak is None else f" (peak {peak:.1f} MB)"
    return f"{one['stage']} {one['seconds']:.3f} s{memory}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
