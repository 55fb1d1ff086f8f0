"""The synthetic graphs are valid, the same each time, and like what they stand for."""

import numpy as np
import onnx
import onnxruntime
import pytest

from hexviz.bench.synthetic import FLAVOURS, synthetic
from hexviz.model.reader import parse
from hexviz.tagging.tag import tag


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_graph_is_valid_runs_and_comes_out_the_same_each_time(flavour: str) -> None:
    content = synthetic(100, flavour)
    assert content == synthetic(100, flavour)
    onnx.checker.check_model(content, full_check=True)
    session = onnxruntime.InferenceSession(content)
    (made,) = session.run(None, {"input": np.ones((1, 1, 2, 2), np.float32)})
    assert made.shape == (1, 1, 2, 2)
    assert np.isfinite(made).all()


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_there_are_as_many_ops_as_asked_for_and_half_are_auxiliary(flavour: str) -> None:
    graph = tag(parse(synthetic(1000, flavour), name="synthetic"))
    assert 1000 <= len(graph.ops) < 1048
    share = sum(op.auxiliary is not None for op in graph.ops) / len(graph.ops)
    assert 0.5 <= share <= 0.6


def test_each_flavour_says_what_it_is_named_for() -> None:
    rules = {
        flavour: {
            op.provenance.rule for op in tag(parse(synthetic(500, flavour), name="synthetic")).ops
        }
        for flavour in FLAVOURS
    }
    assert rules["metadata"] == {"metadata"}
    assert rules["names"] == {"name"}
    assert {"name", "weight", "trace"} <= rules["names, 60 % blanked"]
    assert {"pattern"} <= rules["nothing"] <= {"pattern", "root"}  # it repeats itself


def test_metadata_and_names_tell_of_the_same_modules() -> None:
    by_metadata, by_names = (
        [op.module for op in tag(parse(synthetic(200, flavour), name="synthetic")).ops]
        for flavour in ("metadata", "names")
    )
    assert by_metadata == by_names
    assert "encoder.layer.3.attention.self.query" in by_metadata
