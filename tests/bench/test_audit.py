"""The audit's benchmark: mistakes are mistakes, and the floors hold on models never tuned on."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from statistics import mean
from typing import Any

import pytest

from benchmarks.audit import accusations, bench_audit, measure, summarize
from benchmarks.idioms import IDIOMS
from benchmarks.planting import WAYS, plant
from benchmarks.sorting import SORTS, resort
from benchmarks.suggestions import judge, suggestion_tables
from hexviz.bench.exports import ALL
from hexviz.exporters.export import export_model
from hexviz.exporters.interface import Exported
from hexviz.model import fqn as names
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging import misplaced, suspicion
from hexviz.tagging.anatomy import pattern
from hexviz.tagging.audit import audit
from hexviz.tagging.finding import Finding, accused_ops
from hexviz.tagging.module_calls import Calls
from hexviz.tagging.tag import tag
from hexviz.tagging.vacancies import Vacancies
from hexviz.tagging.verdicts import find_verdicts
from tests.exports import FLOOR_MODELS, export_once, kept_export
from tests.tagging.test_audit import net


def graph_of(name: str, exporter: str, *, optimize: bool = False) -> TaggedGraph:
    exported = export_once(name, exporter, optimize=optimize)
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
    from benchmarks import audit as bench

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


def _measured(kind: str) -> list[dict[str, Any]]:
    """What is measured of each floor model, exported in one way."""
    exporter, _, optimize = kind.partition(", ")
    return [
        {"model": name, "export": kind, "known": "tree", "reported": True, **record}
        for name in FLOOR_MODELS
        for record in measure(graph_of(name, exporter, optimize=bool(optimize)))
    ]


def _row(rows: Iterable[dict[str, Any]], key: str, value: object) -> dict[str, Any]:
    return next(row for row in rows if row[key] == value)


@pytest.mark.parametrize("kind", ["dynamo", "torchscript", "dynamo, optimised"])
def test_the_audit_on_models_never_tuned_on(kind: str) -> None:
    """90 % of the mistakes are found, and nobody is accused where nothing is wrong.

    What it suggests is right.
    """
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    results = _measured(kind)
    for record in results:
        if record["way"] == "untouched":
            assert (record["accused_ops"], record["error_ops"]) == (0, 0)
        else:
            found[record["way"]].append(record["found"])
    assert mean(mean(shares) for shares in found.values()) >= 0.9
    hold_suggestions(results)


def hold_suggestions(results: Iterable[dict[str, Any]]) -> None:
    """90 % of errors' suggestions are right, 80 % of warnings', sure ones as often as they say.

    Most suggestions are sure.
    """
    tables = suggestion_tables(results)
    assert _row(tables["severity"], "severity", "error")["exact"] >= 0.9
    assert _row(tables["severity"], "severity", "warning")["exact"] >= 0.8
    sure = [row for row in tables["suggestion_sureness"] if (row["suggestion_sureness"] or 0) > 0.9]
    assert sum(row["ops"] for row in sure) >= 0.8 * sum(
        row["ops"] for row in tables["suggestion_sureness"]
    )
    for row in sure:
        assert row["exact"] >= row["suggestion_sureness"] - 0.05


@pytest.mark.parametrize("worse", ["vague", "parent"])
def test_a_worse_rule_for_suggestions_is_seen(worse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what fellows have, or with what encloses the right module, floors break."""
    if worse == "vague":
        monkeypatch.setattr(Vacancies, "of", lambda *_: {})
    else:
        monkeypatch.setattr(
            misplaced,
            "find_verdicts",
            lambda graph, suspects: [
                replace(one, module=graph.modules.nearest(names.parent(one.module)))
                for one in find_verdicts(graph, suspects)
            ],
        )
    with pytest.raises(AssertionError):
        hold_suggestions(_measured("torchscript"))


def test_what_a_suggestion_is_worth_is_counted() -> None:
    """Exact, around, wrong or none, over all ops and by model; who was accused before is aside."""
    graph = net()
    wrong = plant(graph, "sibling", share=0.3, seed=0)
    first, second, third = wrong.mistakes.items()
    found = [
        Finding("misplaced", "error", (first[0],), "", "", first[1], suggestion_sureness=0.9),
        Finding("misplaced", "error", (second[0],), "", "", "net", suggestion_sureness=0.9),
        Finding("misplaced", "error", (third[0], "y"), "", "", third[0], suggestion_sureness=0.9),
        Finding("fallback", "warning", ("y",), ""),
        Finding("low-confidence", "info", ("y",), ""),
    ]
    about = {"model": "it", "export": "dynamo", "known": "tree", "way": "sibling", "reported": True}
    judged = list(judge(graph, wrong, found, frozenset()))
    tables = suggestion_tables([{**about, "suggestions": judged}])
    error, warning = tables["severity"]
    assert (error["ops"], error["tag_wrong"], error["suggested"]) == (4, 0.75, 1)
    assert (error["exact"], error["around"], error["wrong"]) == (0.25, 0.25, 0.5)
    assert (warning["ops"], warning["suggested"], warning["exact"]) == (1, 0, None)
    (again, _) = judge(graph, wrong, found, frozenset({"y", *wrong.mistakes}))
    assert (again["ops"], again["mistakes"]) == (3, 3)


def test_a_module_without_ops_is_forgotten_unless_it_is_listed() -> None:
    graph = net(r0="net.1.act", s0="net.1.act")
    (seed, *_) = [
        seed
        for seed in range(50)
        if {"a0", "m0"} == set(plant(graph, "block", share=0.2, seed=seed).mistakes)
    ]
    kept = plant(graph, "block", share=0.2, seed=seed).graph.modules
    forgotten = plant(graph, "block", share=0.2, seed=seed, listed=False).graph.modules
    assert "net.0.fc" in kept
    assert "net.0.fc" not in forgotten


@pytest.mark.parametrize("kind", ["dynamo", "torchscript", "dynamo, optimised"])
def test_the_order_of_the_nodes_is_nobodys_fault(kind: str) -> None:
    """At most one op in a thousand is accused once a tool has sorted them; no error is."""
    exporter, _, optimize = kind.partition(", ")
    for sort in SORTS:
        records = []
        for name in ("distilbert", "u-net"):
            exported = export_once(name, exporter, optimize=bool(optimize))
            proto = resort(exported.proto, sort)
            records.append(accusations(tag(from_proto(proto, name=name), modules=exported.modules)))
        assert sum(one["accused_ops"] for one in records) <= 0.001 * sum(
            one["ops"] for one in records
        )


FAST_IDIOMS = (
    "shared activation",
    "shared dropout",
    "lent activation",
    "two names",
    "recursion",
    "late embedding",
    "lent parameter",
    "out of order",
    "heads",
    "adapter",
    "convolutions",
    "lenet",
    "mlp",
    "layer and activation",
)


def _idiom(name: str, exporter: str) -> Exported:
    source = IDIOMS[name]()
    return export_model(source.model, source.args, source.kwargs, exporter=exporter, name=name)


@pytest.fixture(scope="module")
def idioms() -> list[tuple[str, TaggedGraph]]:
    """Some idioms by both exporters, with the exporter's list of modules and without."""
    graphs = []
    for name in FAST_IDIOMS:
        for exporter in ("dynamo", "torchscript"):
            exported = kept_export(f"idiom-{name}-{exporter}", partial(_idiom, name, exporter))
            file = from_proto(exported.proto, name=name)
            with_tree = tag(file, modules=exported.modules, calls=exported.calls)
            graphs += [(name, with_tree), (name, tag(file))]
    return graphs


def test_rare_and_right_is_not_wrong(idioms: list[tuple[str, TaggedGraph]]) -> None:
    """Small graphs are no statistics: not one warning."""
    said = [
        (name, finding.message)
        for name, graph in idioms
        for finding in audit(graph)
        if finding.severity != "info"
    ]
    assert said == []


@pytest.mark.parametrize("blind", ["calls", "combinations"])
def test_what_keeps_the_audit_quiet_can_be_seen_to_do_so(
    blind: str, idioms: list[tuple[str, TaggedGraph]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the calls of modules, or with any signal enough, idioms are accused."""
    if blind == "calls":
        monkeypatch.setattr(Calls, "_was_closed", lambda *_: False)
        monkeypatch.setattr(Calls, "one_type", lambda *_: False)
    else:
        monkeypatch.setattr(suspicion, "accused", lambda signals, **_: bool(signals))
    assert any(accused_ops(audit(graph)) for _, graph in idioms)


def test_a_source_of_ones_own_counts_as_reported() -> None:
    told: list[str] = []
    document = bench_audit(
        ["custom-auxiliary"], ways=ALL[:1], report=lambda what, _: told.append(what)
    )
    assert told == ["custom-auxiliary, dynamo"]
    assert {row["known"] for row in document["summary"]} == {"tree", "file"}
    assert {row["way"] for row in document["summary"]} == {"untouched", *SORTS, *WAYS}
    assert not any(row["reported"] for row in document["summary"])
    assert document["failed"] == []
