"""The introduction to a model, in words: what it is, what it is built of, how well it is tagged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from hexviz.app import html
from hexviz.app.graph.recovered import found_line
from hexviz.app.panels.inspector.module import ends
from hexviz.app.panels.parts import heading, mix, section
from hexviz.app.protocol import Content
from hexviz.model.graph import TaggedGraph
from hexviz.model.wording import counted
from hexviz.tagging.finding import SEVERITIES, Finding
from hexviz.view.index import Index

__all__ = ["RULE_WORDS", "about"]

_MOST_STACKS = 3
_MOST_BARS = 7
RULE_WORDS: Mapping[str, str] = {
    "metadata": "exporter's own record",
    "name": "name of the node",
    "weight": "weight it uses",
    "same": "same op before the file was rewritten",
    "value": "value that kept its name",
    "renamed": "same op by another name",
    "fused": "ops that were fused into it",
    "inserted": "op that it was inserted for",
    "run": "same value when both files ran",
    "trace": "order the ops ran in",
    "consumers": "what it feeds",
    "producers": "what feeds it",
    "pattern": "what the graph repeats",
    "root": "nothing, so the root",
    "override": "a person's word",
}


def about(graph: TaggedGraph, index: Index, findings: Sequence[Finding]) -> list[Content]:
    """What the report shows while nothing is selected."""
    return [
        heading("About this model", "report"),
        _what(graph),
        _built(graph, index),
        _tagged(graph),
        _auxiliary(graph),
        _audited(findings),
        section("Model inputs", ends(graph.inputs)),
        section("Model outputs", ends(graph.outputs)),
        html.P(
            "Click an op to see how it got its module; a double click on a box, or a click on its "
            "chevron, opens and closes it.",
            className="quiet",
        ),
    ]


def _section(title: str, text: Sequence[str], bars: Sequence[tuple[str, int]] = ()) -> html.Section:
    words = html.P(" ".join(text)) if text else None
    return section(title, words, mix(dict(bars), _MOST_BARS) if bars else None)


def _what(graph: TaggedGraph) -> html.P:
    root = graph.modules[""]
    kind = root.class_name or "model"
    ops, modules = counted(len(graph.ops), "op"), counted(len(graph.modules), "module")
    text = [f"{_an(kind)} exported to ONNX: {ops} in {modules}."]
    if root.parameters is not None:
        text.append(f"It has {root.parameters:,} parameters.")
    left_out = len(graph.weights_left_out)
    if left_out:
        text.append(f"{counted(left_out, 'weight')} were exported without their data.")
    text.append(found_line(graph))
    return html.P(" ".join(filter(None, text)), className="sentence")


def _built(graph: TaggedGraph, index: Index) -> html.Section:
    total = max(1, len(graph.ops))
    stacks = sorted(index.stacks.values(), key=lambda box: -box.count)[:_MOST_STACKS]
    text = [
        f"{box.label.rpartition(' / ')[2]} is a block that repeats: "
        f"{len(box.members)} times {counted(box.count // len(box.members), 'op')}, "
        f"{box.count / total:.0%} of the graph."
        for box in stacks
    ]
    parts = [
        (graph.modules[child].label, graph.subtree(graph.modules[child]).ops)
        for child in graph.modules[""].children
    ]
    own = len(graph.modules[""].ops)
    if own:
        parts.append((f"{graph.modules[''].label} itself", own))
    return _section("How it is built", text, [part for part in parts if part[1]])


def _tagged(graph: TaggedGraph) -> html.Section:
    rules = Counter(op.provenance.rule for op in graph.ops)
    text = ["Each op has a module and a reason for it. Decided by:"]
    return _section("How ops got their module", text, [
        (RULE_WORDS[rule], count) for rule, count in rules.most_common()
    ])  # fmt: skip


def _auxiliary(graph: TaggedGraph) -> html.Section:
    ops = [op for op in graph.ops if op.auxiliary]
    if not ops:
        return _section("Auxiliary ops", ["There are none: every op is a module's own arithmetic."])
    serving = sum(bool(op.context and op.context.module) for op in ops)
    kinds = Counter(op.auxiliary or "" for op in ops)
    text = (
        f"{counted(len(ops), 'op')} ({len(ops) / len(graph.ops):.0%}) compute shapes, types, "
        f"constants or layout. For {serving / len(ops):.0%} of them it is known which module "
        "below the root they serve."
    )
    return _section("Auxiliary ops", [text], kinds.most_common())


def _audited(findings: Sequence[Finding]) -> html.Section:
    if not findings:
        return _section("Audit", ["The audit found nothing to doubt."])
    counts = Counter(finding.severity for finding in findings)
    parts = [
        f"{counts[severity]:,} info" if severity == "info" else counted(counts[severity], severity)
        for severity in reversed(SEVERITIES)
        if counts[severity]
    ]
    kinds = Counter(finding.kind for finding in findings)
    return _section(
        "Audit", [f"{counted(len(findings), 'finding')}: {', '.join(parts)}."], kinds.most_common()
    )


def _an(noun: str) -> str:
    return f"An {noun}" if noun[:1].lower() in "aeiou" else f"A {noun}"
