"""The study of recovered blocks: what it asks for, what it counts as found, and how much is."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from benchmarks.exports import tagged as bench_tagged
from benchmarks.nameless import nameless
from benchmarks.recovery import Finder, score, static, summarize, table, told
from benchmarks.recovery_cuts import cuts_of
from benchmarks.recovery_cuts import table as cuts_table
from benchmarks.recovery_truth import TrueModule, Truth, know, members, record, restore
from hexviz.extraction.subgraph import POLICIES
from hexviz.model.flat import FlatGraph
from hexviz.model.flatten import flatten
from hexviz.tagging.recovery import find
from hexviz.tagging.recovery.find import find_stretches
from hexviz.tagging.recovery.stretch import Stretch
from tests.build import parse, scoped, tagged
from tests.exports import FLOOR_MODELS, export_once

BLOCKS = Truth(
    (
        TrueModule("", "Model", tuple(range(12))),
        TrueModule("layers.0", "Layer", (0, 1, 2, 3, 4), member=True),
        TrueModule("layers.1", "Layer", (5, 6, 7, 8, 9), member=True),
        TrueModule("layers.1.norm", "Norm", (5, 6)),
    ),
    12,
    frozenset(),
)
NOTHING_LOOSE = np.zeros(12, dtype=np.bool_)


def stretch(*ops: int, family: int = 0, inner: Sequence[Stretch] = ()) -> Stretch:
    return Stretch(np.array(ops, dtype=np.int64), family, 1.0, inner=list(inner))


def test_members_are_those_of_lists_of_one_class() -> None:
    kinds = {
        "layer.0": ("Layer", 9),
        "layer.1": ("Layer", 9),
        "layer.1.mlp.0": ("Linear", 5),  # of one class, but layers of PyTorch
        "layer.1.mlp.1": ("Linear", 5),
        "stages.0": ("Stage", 9),
        "stages.1": ("Down", 9),
        "stages.2": ("Stage", 9),
        "stages.5": ("Stage", 9),  # too far from the others
        "block1": ("Sequential", 9),
        "block2": ("Sequential", 9),
        "block3": ("Sequential", 9),
        "ffn1": ("Mlp", 9),  # two parts
        "ffn2": ("Mlp", 9),
        "small.0": ("Layer", 3),
        "small.1": ("Layer", 3),
        "single.0": ("Layer", 9),
    }
    found = members(kinds)
    assert found == {"layer.0", "layer.1", "stages.0", "stages.2", "block1", "block2", "block3"}


def test_a_stretch_finds_a_module_with_four_fifths_of_both() -> None:
    found = score(BLOCKS, [stretch(0, 1, 2, 3), stretch(5, 6, 7)], NOTHING_LOOSE)
    assert (found["asked"], found["found"], found["blocks"], found["extra"]) == (2, 1, 2, 0)
    (missed,) = found["missed"]
    assert (missed["fqn"], missed["overlap"]) == ("layers.1", 0.6)


def test_inner_stretches_count_and_single_ones_are_no_blocks() -> None:
    whole = stretch(*range(12), family=1, inner=[stretch(*range(5)), stretch(*range(5, 10))])
    found = score(BLOCKS, [whole], NOTHING_LOOSE)
    assert (found["found"], found["blocks"], found["extra"]) == (2, 2, 0)


def test_blocks_that_are_no_module_are_extra() -> None:
    found = score(BLOCKS, [stretch(3, 4, 5, 6, 7), stretch(8, 9, 10, 11)], NOTHING_LOOSE)
    assert (found["found"], found["extra"]) == (0, 2)
    said = "\n".join(told({"file": "x", **found}))
    assert "missed layers.0 (Layer), 5 ops, 0 to 4" in said
    assert "extra  5 ops, 3 to 7, family 0 : nearest layers.1 0.429" in said


def test_ops_that_nothing_tells_of_count_for_nothing() -> None:
    truth = Truth(BLOCKS.modules, 12, frozenset({4, 9}))
    found = score(truth, [stretch(0, 1, 2, 3, 10), stretch(5, 6, 7, 8)], NOTHING_LOOSE)
    assert found["found"] == 2


def test_loose_ops_count_but_not_in_the_second_figure() -> None:
    loose = np.zeros(12, dtype=np.bool_)
    loose[[0, 1]] = True
    found = score(BLOCKS, [stretch(2, 3, 4), stretch(*range(5, 10))], loose)
    assert (found["found"], found["found_moving"]) == (1, 2)


def test_static_ops_are_those_that_no_input_reaches() -> None:
    proto = parse(
        """g (float[2, 3] x) => (float[n] z) <int64 zero = {0}> {
            shape = Shape(x)
            size = Gather(shape, zero)
            y = Reshape(x, size)
            nought = Cast<to = 1>(zero)
            z = Add(y, nought)
        }"""
    )
    flat = flatten(proto)
    assert static(flat).tolist() == [True, True, False, True, False]


def test_a_module_that_is_called_again_stands_once_for_each_call() -> None:
    kinds = ["Relu", "Tanh", "Sigmoid", "Exp"] * 2
    lines = [f"v{at + 1} = {kind}(v{at})" for at, kind in enumerate(kinds)]
    proto = parse(f"g (float[2] v0) => (float[2] v8) {{ {' '.join(lines)} }}")
    truth = know(tagged(scoped(proto, {f"v{at + 1}": "layer" for at in range(8)})))
    calls = {one.fqn: one.ops for one in truth.modules if "#" in one.fqn}
    assert calls["layer#0"] == (0, 1, 2, 3)
    assert calls["layer#1"] == (4, 5, 6, 7)


def test_a_truth_comes_back_as_it_was_kept() -> None:
    assert restore(record(BLOCKS)) == BLOCKS


def test_shares_are_pooled_and_meant_over_models() -> None:
    about = {"variant": "dynamo", "seconds": 0.1}
    good = score(BLOCKS, [stretch(*range(5)), stretch(*range(5, 10))], NOTHING_LOOSE)
    bad = score(BLOCKS, [stretch(*range(5))], NOTHING_LOOSE)
    results = [
        {**about, "model": "a", **good},
        {**about, "model": "a", **good},
        {**about, "model": "b", **bad},
    ]
    whole = summarize(results)[-1]
    assert (whole["models"], whole["found"], whole["mean_found"]) == (2, 0.8333, 0.75)
    assert "as exported" in table(results)


CASES = [
    *((model, exporter, False) for model in FLOOR_MODELS for exporter in ("dynamo", "torchscript")),
    *((model, "dynamo", True) for model in ("residual-cnn", "small-transformer", "bert-tiny")),
]
FLOOR = 0.9
"""Share of the modules of these exports that is found; docs/recovery.md has many more models."""
MOST_EXTRA = 0.15


@functools.cache
def case(model: str, exporter: str, optimize: bool) -> tuple[Truth, FlatGraph]:
    exported = export_once(model, exporter, optimize)
    truth = know(bench_tagged(exported, model))
    return truth, flatten(nameless(exported.proto))


def scores(finder: Finder) -> dict[str, Any]:
    results = []
    for model, exporter, optimize in CASES:
        truth, flat = case(model, exporter, optimize)
        about = {"model": model, "variant": exporter, "seconds": 0.0}
        results.append({**about, **score(truth, finder(flat), static(flat))})
    return summarize(results)[-1]


def test_most_modules_of_nameless_exports_are_found() -> None:
    whole = scores(find_stretches)
    assert whole["asked"] > 40
    assert whole["found"] >= FLOOR
    assert whole["mean_found"] >= FLOOR
    assert whole["extra"] <= MOST_EXTRA


@pytest.mark.parametrize("model", ["small-transformer", "residual-cnn"])
def test_every_recovered_block_can_be_cut_out_and_verifies(model: str, tmp_path: Path) -> None:
    path = tmp_path / "nameless.onnx"
    onnx.save(nameless(export_once(model, "dynamo").proto), path)
    cuts = cuts_of(path)
    assert {cut["policy"] for cut in cuts} == set(POLICIES)
    assert len(cuts) >= 6
    assert {cut["outcomes"]["hexviz"] for cut in cuts} == {"equal"}
    assert cuts_table(cuts).startswith("exclude_safe")


def test_floors_notice_worse_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words alone find too little, and borders two ops off are those of no module."""

    def later(flat: FlatGraph) -> list[Stretch]:
        size = len(flat.columns.ids)
        found = [one for top in find_stretches(flat) for one in top.walk()]
        moved = [np.unique(np.minimum(one.ops + 2, size - 1)) for one in found]
        return [
            Stretch(ops, one.family, one.confidence) for one, ops in zip(found, moved, strict=True)
        ]

    shifted = scores(later)
    assert shifted["found"] < FLOOR
    assert shifted["extra"] > MOST_EXTRA
    monkeypatch.setattr(find, "find_repeats", lambda _: [])
    assert scores(find_stretches)["found"] < FLOOR
