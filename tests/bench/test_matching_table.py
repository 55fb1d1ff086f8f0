"""The tables of the benchmark of matching say what was measured, split by split."""

from typing import Any

from benchmarks.matching_table import markdown


def record(tool: str, form: str, *, reported: bool, exact: float = 1.0) -> dict[str, Any]:
    return {
        "model": "bert",
        "exporter": "dynamo",
        "tool": tool,
        "form": form,
        "reported": reported,
        "ops": 1200,
        "exact": exact,
        "on_branch": 1.0,
        "all": {"ops": 1250, "exact": exact, "on_branch": 1.0},
        "matched": 1.0,
        "lies": 0.0,
        "left_out": {"trivial": 30},
    }


def document() -> dict[str, Any]:
    results = [
        record("ORT all", form, reported=reported, exact=exact)
        for reported in (True, False)
        for form, exact in (("as written", 1.0), ("nameless", 0.9876))
    ]
    about = {"model": "t5", "exporter": "torchscript", "tool": "onnxsim", "form": "as written"}
    results.append({**about, "reported": False, "error": "ValueError: No."})
    pair = {"model": "bert", "before": "dynamo", "after": "torchscript", "reported": True}
    pair |= {"ops": 60, "paired": 0.95, "same_module": 1.0}
    speed = {"shape": "encoder", "ops": 20000, "seconds": 2.1, "exact": 1.0, "bytes_per_op": None}
    growth = {"encoder": {"exponent": 1.05, "low": 1.0, "high": 1.1}}
    return {
        "results": results,
        "pairs": [pair],
        "speed": {"records": [speed], "growth": growth},
    }


def test_both_splits_have_a_table() -> None:
    text = markdown(document())
    first, second = (text.index(split) for split in ("1 models reported only", "1 models tuned on"))
    assert first < second
    row = "| ORT all | 1 | 1,200 | 1.0000 | 1.0000 | 0.0000 | 1 | 0.9876 | 1.0000 | 0.0000 |"
    assert text.count(f"{row} 0.988 bert |") == 2
    assert "Asked are 1,200 ops of these files; left out are 80: 50 several modules" in text


def test_failures_pairs_and_growth_are_told() -> None:
    text = markdown(document())
    assert "- t5 (torchscript): onnxsim: ValueError: No." in text
    assert "| dynamo → torchscript, 1 models reported only | 60 | 0.9500 | 1.0000 |" in text
    assert "encoder 1.05 (1.00 to 1.10)" in text
