"""Transfers for the samples through each tool: the module of each op with arithmetic.

``golden_transfers.json`` has, for a sample and a tool, per module the ops of each type; it is
written anew by ``python -m tests.matching.test_golden_transfers`` and read through before it is
kept. What a file is called in plays no part: a copy without names has the same modules.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.nameless import nameless
from benchmarks.rewriters import REWRITERS, installed
from hexviz.exporters.interface import Exported
from hexviz.matching.transfer import transfer
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

GOLDEN = Path(__file__).with_name("golden_transfers.json")
SAMPLES = ("custom-auxiliary", "bert-tiny", "residual-cnn", "small-transformer")
Modules = dict[str, dict[str, int]]


def transferred(sample: Exported, tool: str, *, names: bool = True) -> TaggedGraph:
    """What a tool makes of a sample's export, with the export's tags and nothing of its own."""
    after = REWRITERS[tool](sample.proto)
    after.ClearField("metadata_props")
    for node in after.graph.node:
        node.ClearField("metadata_props")
    after = after if names else nameless(after)
    before = tag(from_proto(sample.proto, name="exported"), modules=sample.modules)
    return transfer(before, tag(from_proto(after, name="rewritten")))


def modules(graph: TaggedGraph) -> Modules:
    """Module → type of its ops with arithmetic → how many; without lookups."""
    found: Modules = {}
    for op in graph.ops:
        # Whether a Gather looks up a weight is told by names as well.
        if op.auxiliary is None and op.op_type != "Gather":
            types = found.setdefault(op.module, {})
            types[op.op_type] = types.get(op.op_type, 0) + 1
    return {module: dict(sorted(types.items())) for module, types in sorted(found.items())}


@pytest.mark.parametrize("names", [True, False], ids=["as written", "nameless"])
@pytest.mark.parametrize("tool", REWRITERS)
@pytest.mark.parametrize("name", SAMPLES)
def test_modules_go_with_the_model_through_each_tool(
    exported: Callable[..., Exported], name: str, tool: str, names: bool
) -> None:
    if tool not in set(installed()):
        pytest.skip(f"{tool} is not installed")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    graph = transferred(exported(name), tool, names=names)
    assert {op.provenance.origin for op in graph.ops} == {"transferred"}
    assert modules(graph) == golden[name][tool]


def _write() -> None:
    from tests.exports import export_once

    golden = {
        name: {
            tool: modules(transferred(export_once(name, "dynamo", False), tool))
            for tool in installed()
        }
        for name in SAMPLES
    }
    GOLDEN.write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
