"""What counts as worse than a kept run, and what does not."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from hexviz.bench.regressions import read_kept, regressions, speed_figures, tags_figures
from hexviz.errors import RunError

KIND = "hexviz bench"


def spread(median: float, by: float = 0.02) -> dict[str, float]:
    return {"median": median, "min": median * (1 - by), "max": median * (1 + by)}


def model(name: str, ratio: dict[str, float]) -> dict[str, Any]:
    return {
        "name": name,
        "ratios": {"tagging/parsing": ratio},
        "parsing": {**spread(4.0), "cpu": 4.0},
        "memory": {"kept_bytes_per_op": 1000, "parsed_bytes_per_op": 4000, "peak_mb": None},
        "stages": {"tagging": {**spread(2.0), "cpu": 2.0}, "export": spread(9.0, 0)},
        "quality": {
            "coverage": 1.0, "fallback_rate": 0.01, "mean_confidence": 0.9, "exact": 0.95,
            "on_branch": 0.99,
        },
    }  # fmt: skip


def growth(exponent: float, low: float, high: float) -> dict[str, Any]:
    return {"exponent": exponent, "low": low, "high": high, "sizes": [1, 2, 3]}


def document() -> dict[str, Any]:
    return {
        "kind": KIND,
        "machine": {"processor": "one", "packages": {"onnx": "1"}},
        "models": [model("gpt2", spread(0.5)), model("bert", spread(0.4))],
        "growth": {"names": {"tagging": growth(1.02, 0.98, 1.06)}},
        "memory_growth": {"names": {"kept": growth(1.0, 0.99, 1.01)}},
    }


def worse(now: dict[str, Any], kept: dict[str, Any], *asked: str) -> list[str]:
    return regressions(speed_figures(now), speed_figures(kept).of(asked or None))


def test_the_same_figures_are_not_worse_nor_are_better_ones() -> None:
    now = document()
    assert worse(now, document()) == []
    now["models"][0]["ratios"]["tagging/parsing"] = spread(0.1)
    now["models"][0]["quality"] |= {"exact": 0.99, "fallback_rate": 0.0}
    now["growth"]["names"]["tagging"] = growth(0.8, 0.7, 0.9)
    assert worse(now, document()) == []


def test_a_ratio_beyond_noise_is_one_line() -> None:
    now = document()
    now["models"][0]["ratios"]["tagging/parsing"] = spread(0.6)
    (line,) = worse(now, document())
    assert line.startswith("gpt2: tagging/parsing 0.6 (0.588 to 0.612), was 0.5 (0.49 to 0.51)")
    assert line.endswith("20% more, noise makes 15%")


def test_a_figure_that_is_gone_is_one_line() -> None:
    now = document()
    del now["models"][0]["ratios"]["tagging/parsing"]
    now["models"][0]["quality"]["coverage"] = None
    assert worse(now, document()) == [
        "gpt2: tagging/parsing: missing, was measured before",
        "gpt2: coverage is missing, was told before",
    ]


def test_what_the_repeats_themselves_differ_by_is_no_regression() -> None:
    now, kept = document(), document()
    now["models"][0]["ratios"]["tagging/parsing"] = spread(0.6, by=0.15)
    assert worse(now, kept) == []
    now["models"][0]["ratios"]["tagging/parsing"] = spread(0.6)
    kept["models"][0]["ratios"]["tagging/parsing"] = spread(0.5, by=0.15)
    assert worse(now, kept) == []


def test_noise_alone_does_not_fail() -> None:
    draw = random.Random(0)  # noqa: S311
    for _ in range(300):
        runs = []
        for _ in range(2):
            ratios = sorted(0.5 * draw.lognormvariate(0, 0.08) for _ in range(5))
            now = document()
            told = {"median": ratios[2], "min": ratios[0], "max": ratios[-1]}
            now["models"][0]["ratios"]["tagging/parsing"] = told
            runs.append(now)
        assert worse(runs[0], runs[1]) == []


def test_seconds_count_only_on_the_same_machine_with_the_same_packages() -> None:
    now = document()
    now["models"][1]["stages"]["tagging"] = spread(3.0)
    (line,) = worse(now, document())
    assert line.startswith("bert: seconds of tagging 3 ")
    for changed in ({"processor": "other"}, {"packages": {"onnx": "2"}}):
        other = {**now, "machine": {**now["machine"], **changed}}
        assert worse(other, document()) == []


def test_a_machine_that_was_slower_as_a_whole_is_no_regression() -> None:
    now = document()
    now["models"][1]["stages"]["tagging"] = spread(3.0)
    now["models"][1]["parsing"] = spread(5.5)
    assert worse(now, document()) == []
    now["models"][1]["stages"]["tagging"] = spread(3.3)
    (line,) = worse(now, document())
    assert line.endswith("20% more, noise makes 15%")
    now["models"][1]["parsing"] = spread(1.0)  # faster parsing makes nothing worse
    now["models"][1]["stages"]["tagging"] = spread(2.1)
    assert worse(now, document()) == []


def test_what_runs_once_is_not_compared() -> None:
    now = document()
    now["models"][0]["stages"]["export"] = spread(20.0, 0)
    assert worse(now, document()) == []


def test_memory_is_held_against_what_onnx_ir_takes() -> None:
    now = document()
    now["models"][0]["memory"] |= {"kept_bytes_per_op": 1500, "parsed_bytes_per_op": 6000}
    assert worse(now, document()) == []
    now["models"][0]["memory"]["parsed_bytes_per_op"] = 4000
    (line,) = worse(now, document())
    assert line.startswith("gpt2: bytes kept/parsed 0.375")


@pytest.mark.parametrize(("table", "figure"), [("growth", "tagging"), ("memory_growth", "kept")])
def test_growth_is_worse_when_its_interval_lies_wholly_above(table: str, figure: str) -> None:
    now = document()
    now[table]["names"][figure] = growth(1.2, 1.0, 1.4)
    assert worse(now, document()) == []
    now[table]["names"][figure] = growth(1.2, 1.1, 1.3)
    (line,) = worse(now, document())
    assert "exponent 1.20 (1.10 to 1.30)" in line


def test_growth_over_other_sizes_is_another_figure() -> None:
    now = document()
    now["growth"]["names"]["tagging"] = {**growth(1.2, 1.1, 1.3), "sizes": [1, 2, 4]}
    assert worse(now, document()) == []


@pytest.mark.parametrize(
    ("figure", "allowed", "bad"),
    [
        ("coverage", 0.999, 0.998),
        ("exact", 0.949, 0.948),
        ("on_branch", 0.989, 0.988),
        ("fallback_rate", 0.011, 0.012),
        ("mean_confidence", 0.89, 0.889),
    ],
)
def test_tags_may_be_worse_by_very_little(figure: str, allowed: float, bad: float) -> None:
    now = document()
    now["models"][1]["quality"][figure] = allowed
    assert worse(now, document()) == []
    now["models"][1]["quality"][figure] = bad
    (line,) = worse(now, document())
    assert line.startswith(f"bert: {figure} {bad:.4f}, was ")


def test_a_model_that_was_asked_for_and_is_missing_is_worse() -> None:
    now = document()
    now["models"].pop()
    assert worse(now, document()) == ["bert: missing, was measured before"]
    assert worse(now, document(), "gpt2") == []
    assert worse(now, document(), "gpt2", "bert") == ["bert: missing, was measured before"]


def test_comparing_nothing_is_a_mistake() -> None:
    with pytest.raises(RunError, match="none of these models"):
        worse(document(), document(), "another")


def tags_document() -> dict[str, Any]:
    rates = {
        "fallback_rate": 0.0, "context_fallback_rate": 0.02, "mean_confidence": 0.9,
        "confidence_p10": 0.8,
    }  # fmt: skip
    blanked = {**rates, "exact": 0.95, "on_branch": 1.0}
    one = {"model": "vit", **rates, "blanked": blanked}
    results = [{**one, "export": "dynamo"}, {**one, "export": "torchscript"}]
    # Each with a "blanked" of its own.
    return json.loads(json.dumps({"kind": "hexviz bench tags", "results": results}))  # type: ignore[no-any-return]


def test_tags_are_held_per_model_and_exporter() -> None:
    kept, now = tags_figures(tags_document()), tags_document()
    now["results"][0]["context_fallback_rate"] = 0.03
    now["results"][1]["blanked"]["exact"] = 0.9
    assert regressions(tags_figures(now), kept) == [
        "vit, dynamo: context_fallback_rate 0.0300, was 0.0200; 0.001 is allowed",
        "vit, torchscript, blanked: exact 0.9000, was 0.9500; 0.001 is allowed",
    ]
    now["results"].pop()
    assert "vit, torchscript: missing, was measured before" in regressions(tags_figures(now), kept)


def test_a_kept_run_is_read(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.write_text(json.dumps(document()))
    assert read_kept(path, KIND, speed_figures) == speed_figures(document())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file"),
        ("{", "is no JSON"),
        ('{"kind": "hexviz bench", "machine": NaN}', "is no JSON"),
        ("[]", "is no run of `hexviz bench`"),
        ('{"kind": "hexviz bench tags"}', "is no run of `hexviz bench`"),
        ('{"kind": "hexviz bench"}', "is no whole run"),
        (json.dumps({**document(), "models": [{"name": "gpt2"}]}), "is no whole run"),
        (json.dumps({**document(), "models": [model("a", {"median": "fast"})]}), "no whole run"),  # type: ignore[dict-item]
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path: Path, content: str | None, told: str) -> None:
    path = tmp_path / "kept.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(RunError, match=r"kept\.json") as caught:
        read_kept(path, KIND, speed_figures)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
