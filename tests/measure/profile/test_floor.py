"""Floors: on small exports all time is placed, and where names of fused nodes tell, they agree.

The runtime names much of what it makes after an op that went into it (``val_21/MatMulAddFusion``,
``fused relu_1``, ``conv2d_nchwc``), which nothing here reads: a witness from outside.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.exports import tagged as tagged_export
from hexviz.exporters.interface import Exported
from hexviz.extraction.runtime import LEVELS, Settings
from hexviz.matching.match import match
from hexviz.matching.matching import Match, Matching
from hexviz.measure.profile.ort_trace import NodeRuns, node_runs
from hexviz.measure.profile.placing import Placed, by_id, place
from hexviz.measure.profile.run import record
from hexviz.measure.profile.trace_file import read_events
from hexviz.model.fqn import is_within
from hexviz.model.graph import TaggedGraph

Matcher = Callable[[TaggedGraph, TaggedGraph], Matching]

MOST_UNPLACED = 0.02


def placed(
    graph: TaggedGraph, folder: Path, level: str, matcher: Matcher = match
) -> list[tuple[NodeRuns, Placed]]:
    recorded = record(graph, folder, runs=2, settings=Settings(level=level), report=lambda *_: None)
    nodes = node_runs(read_events(recorded.trace)[1], last=2)
    where = place([one.key for one in nodes], graph, by_id(graph), recorded.ran, matcher=matcher)
    return [(one, where[one.key]) for one in nodes]


def unplaced(found: list[tuple[NodeRuns, Placed]]) -> float:
    """Share of the time in no module."""
    total = sum(float(one.us.sum()) for one, _ in found)
    return sum(float(one.us.sum()) for one, where in found if where.module is None) / total


def wrong(graph: TaggedGraph, found: list[tuple[NodeRuns, Placed]]) -> list[str]:
    """Nodes that are named after an op which is not in their module."""
    said = {}
    for one, where in found:
        name = one.key.name.partition("/MatMul")[0].removeprefix("fused ").removesuffix("_nchwc")
        if name != one.key.name and name in graph.positions:
            said[one.key.name] = where.module is not None and is_within(
                graph.op(name).module, where.module
            )
    return [name for name, agrees in said.items() if not agrees]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
@pytest.mark.parametrize("model", ["small-transformer", "residual-cnn"])
def test_all_time_is_placed(
    model: str, exporter: str, level: str, exported: Callable[..., Exported], tmp_path: Path
) -> None:
    graph = tagged_export(exported(model, exporter), model)
    found = placed(graph, tmp_path, level)
    assert unplaced(found) <= MOST_UNPLACED
    assert wrong(graph, found) == []


def nothing(before: TaggedGraph, after: TaggedGraph) -> Matching:
    return Matching({}, len(before.ops), len(after.ops))


def shifted(before: TaggedGraph, after: TaggedGraph) -> Matching:
    """Each op for one that runs eight later."""
    good = match(before, after)
    last = len(before.ops) - 1
    return Matching(
        {
            at: Match(tuple(min(last, one + 8) for one in found.before), found.how, 0.9)
            for at, found in good.matches.items()
        },
        good.ops_before,
        good.ops_after,
    )


def test_a_worse_matching_falls_below_the_floors(
    exported: Callable[..., Exported], tmp_path: Path
) -> None:
    graph = tagged_export(exported("small-transformer"), "small-transformer")
    assert unplaced(placed(graph, tmp_path, "all", nothing)) > MOST_UNPLACED
    assert wrong(graph, placed(graph, tmp_path, "all", shifted))
