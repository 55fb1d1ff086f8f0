"""The audit's benchmark: mistakes are mistakes, and the floors hold on models never tuned on."""

from statistics import mean

import pytest

from hexviz.bench import run
from hexviz.bench.audit import measure, summarize
from hexviz.bench.planting import WAYS, plant
from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.anatomy import pattern
from hexviz.tagging.tag import tag
from tests.bench.exports import FLOOR_MODELS, export_floor_model
from tests.tagging.test_audit import net


def graph_of(name: str, exporter: str, *, optimize: bool = False) -> TaggedGraph:
    exported = export_floor_model(name, exporter, optimize=optimize)
    return tag(from_proto(exported.proto, name=name), modules=exported.modules)


@pytest.mark.parametrize("way", WAYS)
def test_a_planted_mistake_is_on_another_branch_and_says_nothing_of_it(way: str) -> None:
    graph = net()
    for seed in range(20):
        planted = plant(graph, way, share=0.3, seed=seed)
        assert len(planted.mistakes) == 3
        for op in planted.graph.ops:
            right = planted.mistakes.get(op.id)
            if right is None:
                assert op.module == graph.op(op.id).module
                continue
            assert right == graph.op(op.id).module
            assert not names.is_within(op.module, right)
            assert not names.is_within(right, op.module)
            assert (op.provenance.rule, op.provenance.candidates) == ("metadata", ())
            if way == "sibling":
                assert names.parent(op.module) == names.parent(right)
            if way == "block":
                assert pattern(op.module) == pattern(right)
    assert (
        plant(graph, way, share=0.3, seed=1).mistakes
        == plant(graph, way, share=0.3, seed=1).mistakes
    )


def test_a_blind_audit_finds_nothing_and_one_that_accuses_all_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from hexviz.bench import audit as bench
    from hexviz.tagging.finding import Finding

    monkeypatch.setattr(bench, "audit", lambda _: [])
    assert [one.get("found", one.get("accused")) for one in measure(net())] == [0, 0, 0, 0]

    def everything(graph: TaggedGraph) -> list[Finding]:
        return [Finding("misplaced", "warning", tuple(op.id for op in graph.ops), "It is.")]

    monkeypatch.setattr(bench, "audit", everything)
    untouched, *planted = measure(net())
    assert untouched["accused"] == 1
    assert [one["right"] for one in planted] == [1, 1, 1]  # who was accused before does not count


def test_means_count_each_model_once_and_name_the_worst() -> None:
    about = {"reported": True, "export": "dynamo", "known": "tree", "way": "block"}
    results = [
        {**about, "model": "one", "planted": 9, "found": 1.0, "right": 1.0},
        {**about, "model": "two", "planted": 1, "found": 0.5, "right": None},
    ]
    (row,) = summarize(results)
    assert (row["found"], row["right"], row["planted"]) == (0.75, 1.0, 10)
    assert (row["worst"], row["worst_figure"]) == ("two", 0.5)


@pytest.mark.parametrize("kind", ["dynamo", "torchscript", "dynamo, optimised"])
def test_the_audit_on_models_never_tuned_on(kind: str) -> None:
    """What the issue asks for: 90 % of the mistakes found, 3 % of an untouched export accused."""
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    for name in FLOOR_MODELS:
        exporter, _, optimize = kind.partition(", ")
        graph = graph_of(name, exporter, optimize=bool(optimize))
        for record in measure(graph):
            if record["way"] == "untouched":
                assert record["accused"] <= 0.03
            else:
                found[record["way"]].append(record["found"])
    assert mean(mean(shares) for shares in found.values()) >= 0.9


def test_a_source_of_ones_own_counts_as_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(run, "_ALL", run._ALL[:1])
    document = run.bench_audit(["custom-auxiliary"], report=lambda what, _: told.append(what))
    assert told == ["custom-auxiliary, dynamo"]
    assert {row["known"] for row in document["summary"]} == {"tree", "file"}
    assert {row["way"] for row in document["summary"]} == {"untouched", *WAYS}
    assert not any(row["reported"] for row in document["summary"])
    assert document["failed"] == []
