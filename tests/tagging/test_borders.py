"""Ops between two modules go where most speaks for, and each fact can be the one that decides."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.borders import Choice, fitted, weights_source
from hexviz.model.graph import TaggedGraph
from hexviz.tagging import border_weights, borders
from hexviz.tagging.explain import explain
from tests.build import parse, scoped, tagged

PATCHES = """g (float[1,3,8,8] x, float[4,3,2,2] w, float[4,4] s) => (float[1,16,4] y) {
    c = Conv <kernel_shape = [2, 2], strides = [2, 2]> (x, w)
    to = Constant <value_ints = [1, 4, 16]> ()
    r = Reshape (c, to)
    t = Transpose <perm = [0, 2, 1]> (r)
    y = MatMul (t, s)
}"""


def patches(module: str) -> TaggedGraph:
    """An image cut into patches by a layer, before the next one."""
    return tagged(scoped(parse(PATCHES), {"c": module, "y": "embeddings.next"}))


def test_a_module_that_wraps_a_layer_does_what_the_layer_does_not() -> None:
    graph = patches("embeddings.patches.projection")
    for op in ("r", "t"):
        why = graph.explain(op)
        assert (why.module, why.kind) == ("embeddings.patches", "only work at the end")
        assert "embeddings" in [one.module for one in why.candidates]
        assert "would only call others" in explain(graph, op).sentence
    # The shape goes with the op that it is for, and is no surer.
    shape, reshape = graph.explain("to"), graph.explain("r")
    assert (shape.module, shape.confidence) == (reshape.module, reshape.confidence)


def test_a_layer_alone_leaves_the_layout_to_who_calls_it() -> None:
    graph = patches("embeddings.projection")
    assert {graph.op(op).module for op in ("to", "r", "t")} == {"embeddings"}


def test_what_undoes_a_transpose_lies_in_the_same_module() -> None:
    graph = tagged(
        scoped(
            parse("""g (float[1,3,8,8] x, float[3,3,1,1] w, float[3] s) => (float[1,3,8,8] y) {
            a = Conv (x, w)
            t = Transpose <perm = [0, 2, 3, 1]> (a)
            n = LayerNormalization (t, s)
            u = Transpose <perm = [0, 3, 1, 2]> (n)
            b = Conv (u, w)
            y = Relu (b)
        }"""),
            {"a": "one", "n": "norm", "b": "two", "y": ""},
        )
    )
    assert [graph.explain(op).module for op in ("t", "u")] == ["norm", "norm"]
    why = graph.explain("u")
    assert why.kind == "pair at the end"
    assert [step.relation for step in why.steps] == ["feeds it", "undoes it"]
    assert "undoes it" in explain(graph, "u").sentence


def test_no_op_lies_left_of_the_one_before_it() -> None:
    worth = np.array([[0.0, 1.0, 0.0], [0.9, 0.0, 0.5], [0.0, 0.2, 0.1]])
    assert borders._in_order(worth) == [1, 2, 2]
    assert borders._in_order(worth[::-1]) == [0, 0, 1]


def test_a_likely_wrong_branch_is_worse_than_an_ancestor(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = patches("embeddings.patches.projection")
    monkeypatch.setattr(borders, "_WRONG", 1e6)
    monkeypatch.setattr(
        borders, "WEIGHTS", {"end wrapper": 1.0, "begin type transpose": 0.5, "bound": 0.0}
    )
    cautious = patches("embeddings.patches.projection")
    assert graph.op("t").module == "embeddings.patches"
    assert cautious.op("t").module == "embeddings"


def test_weights_follow_from_choices_and_stand_in_the_package() -> None:
    found = [
        Choice("one", None, (("bound",), ("end wrapper",)), 1),
        Choice("one", None, (("bound",), ("end list",)), 0),
    ] * 20
    weights = fitted(found)
    assert weights["end wrapper"] > weights["bound"] > weights["end list"]
    path = Path(border_weights.__file__)
    assert weights_source(dict(border_weights.WEIGHTS), path) == path.read_text()
    assert '"end wrapper"' not in weights_source({"bound": 1.0}, path)
