"""The accuracy benchmark: it counts right, and inference keeps its floors on unseen models."""

from statistics import mean
from typing import Any

import pytest

from benchmarks.border_styles import BORDER_STYLES
from benchmarks.calibration import calibrate
from benchmarks.inheritance import CONDITIONS, compare, consumers_only, summarize, totals
from benchmarks.models import MODELS
from hexviz.bench.blanking import Score, know
from hexviz.bench.exports import Export
from hexviz.bench.quality import earlier_rule
from hexviz.exporters.model_source import Source
from hexviz.model.flatten import flatten
from hexviz.tagging import borders
from tests.build import parse, scoped
from tests.exports import FLOOR_MODELS, export_once


def test_answers_are_counted_by_how_near_they_are() -> None:
    score = Score()
    for answer in ("a.b", "a", "a.b.c", "", "a.c", "ab"):
        score.add(answer, "a.b", fallback=answer == "")
    assert score.record() == {
        "ops": 6,
        "exact": round(1 / 6, 4),
        "on_branch": round(4 / 6, 4),
        "wrong_branch": round(2 / 6, 4),
        "fallback": round(1 / 6, 4),
    }
    assert Score().record()["exact"] is None


GRAPH = scoped(
    parse("""g (float[2] x) => (float[2] y) {
    a = Neg (x)
    r = Identity (a)
    y = Exp (r)
    k = Identity (x)
}"""),
    {"a": "enc", "y": "dec.out", "k": "dec"},
)


def test_the_rules_it_is_measured_against_do_what_they_say() -> None:
    flat = flatten(GRAPH)
    assert earlier_rule(flat, {0: "enc", 2: "dec.out"}) == {1: "enc", 3: "enc"}
    assert earlier_rule(flat, {2: "dec.out"}) == {0: "dec.out", 1: "dec.out", 3: "dec.out"}
    assert consumers_only(flat, {0: "enc", 2: "dec.out"}) == {1: "dec.out", 3: ""}


def test_only_what_is_blanked_is_asked() -> None:
    truth = know(GRAPH)
    assert truth.modules == {"a": "enc", "y": "dec.out", "k": "dec"}
    records = list(compare(truth, CONDITIONS[0]))
    assert [(one["rule"], one["ops"]) for one in records] == [
        ("hexviz", 1),
        ("earlier", 1),
        ("consumers", 1),
    ]
    for part in ("op_types", "confidences"):
        (counted,) = totals(records, part).values()
        assert counted == {"ops": 1, "exact": 0, "wrong_branch": 0}  # the root, for dec


def test_what_is_stated_is_compared_with_what_is_exact() -> None:
    """By kind, over all that it states as well; auxiliary ops apart from the other conditions."""

    def record(condition: str, **stated: tuple[int, float]) -> dict[str, Any]:
        scores = {
            label: {"ops": ops, "exact": exact, "wrong_branch": 0.0}
            for label, (ops, exact) in stated.items()
        }
        return {"reported": False, "condition": condition, "confidences": scores}

    rows = calibrate(
        [
            record("auxiliary", **{"doubles 0.90": (10, 0.8)}),
            record("60 %", **{"doubles 0.90": (10, 1.0), "doubles 0.80": (30, 0.9)}),
            record("30 %", **{"doubles 0.90": (10, 0.8)}),
            {"reported": False, "condition": "30 %", "rule": "earlier"},
        ],
        "auxiliary",
    )
    assert [(row["condition"], row["stated"], row["ops"], row["exact"]) for row in rows] == [
        ("auxiliary", 0.9, 10, 8),
        ("others", 0.8, 30, 27),
        ("others", 0.9, 20, 18),
        ("others", None, 50, 45),
    ]
    assert [row["off"] for row in rows] == [-0.1, 0.1, 0.0, 0.06]


def test_tuned_and_reported_models_are_kept_apart() -> None:
    asked = {"bert-tiny", "resnet-50", "gpt2", "sam-vit", "albert", "vit"}
    reported = {
        "distilbert",
        "qwen3",
        "clip-vision",
        "whisper-encoder",
        "u-net",
        "gpt-neox",
    }
    assert asked <= {name for name, model in MODELS.items() if not model.reported}
    assert reported <= {name for name, model in MODELS.items() if model.reported}


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
def test_accuracy_on_models_never_tuned_on(exporter: str) -> None:
    results = []
    for name in FLOOR_MODELS:
        exported = export_once(name, exporter, optimize=False)
        truth = know(exported.proto, exported.modules)
        results += [
            {"model": name, "exporter": exporter, "reported": True, **record}
            for condition in CONDITIONS
            for record in compare(truth, condition)
        ]
    figures = {(row["condition"], row["rule"]): row for row in summarize(results)}
    for condition in CONDITIONS:
        mine, earlier = (figures[condition.name, rule] for rule in ("hexviz", "earlier"))
        assert mine["exact"] > earlier["exact"]
        assert mine["wrong_branch"] < earlier["wrong_branch"]
        assert mine["fallback"] == 0
    assert figures["auxiliary", "hexviz"]["exact"] >= 0.965
    assert figures["auxiliary", "hexviz"]["on_branch"] >= 0.995
    assert figures["auxiliary, shuffled", "hexviz"]["exact"] >= 0.95
    wrong = mean(row["wrong_branch"] for (_, rule), row in figures.items() if rule == "hexviz")
    assert wrong <= 0.01


def test_borders_keep_their_floor_and_a_rule_that_leaves_all_at_the_bound_breaks_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Models written to have many ops at borders; weights are fitted on them as well."""
    truths = []
    for name in ("segmenter", "hybrid", "windowed", "perceiver"):
        model, args = BORDER_STYLES[name]()
        exported = Export("torchscript", "torchscript").make(Source(model, args, name=name), name)
        truths.append(know(exported.proto, exported.modules))

    def exact() -> float:
        asked = [next(compare(truth, CONDITIONS[0])) for truth in truths]
        assert all(one["wrong_branch"] <= 0.005 for one in asked)
        return float(mean(one["exact"] for one in asked))

    assert exact() >= 0.93
    monkeypatch.setattr(borders, "WEIGHTS", {"bound": 9.0})
    assert exact() < 0.9
