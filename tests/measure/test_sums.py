"""Totals over the module tree: each figure once in every module around it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hexviz.measure.sums import sums_by_module, totals
from hexviz.model.fqn import is_within
from hexviz.model.modules import ModuleInfo, build_tree

_TREE = build_tree({one: ModuleInfo() for one in ("a", "a.b", "a.b.c", "a.d", "e")})


def test_a_total_is_the_own_figure_and_those_below() -> None:
    own = sums_by_module(_TREE, [("a", 1), ("a.b", 2), ("a.b.c", 3), ("a.d", 3), ("a.b", 4)], 0)
    assert own == {"": 0, "a": 1, "a.b": 6, "a.b.c": 3, "a.d": 3, "e": 0}
    assert totals(_TREE, own, 0) == {"": 13, "a": 13, "a.b": 9, "a.b.c": 3, "a.d": 3, "e": 0}


def test_a_module_that_the_tree_has_not_counts_in_the_nearest_around_it() -> None:
    assert sums_by_module(_TREE, [("a.b.x.y", 2), ("nowhere", 5)], 0)["a.b"] == 2
    assert totals(_TREE, {"e": 5}, 0)[""] == 5


def test_arrays_add_up_run_by_run_and_are_not_changed() -> None:
    own = {"a": np.array([1.0, 2.0]), "a.b": np.array([3.0, 5.0])}
    assert totals(_TREE, own, np.zeros(2))["a"].tolist() == [4.0, 7.0]
    assert own["a"].tolist() == [1.0, 2.0]


@given(st.lists(st.tuples(st.sampled_from(["", "a", "a.b", "a.b.c", "e"]), st.integers(0, 9))))
def test_every_figure_counts_once_in_every_module_around_it(
    figures: list[tuple[str, int]],
) -> None:
    found = totals(_TREE, sums_by_module(_TREE, figures, 0), 0)
    for module in _TREE:
        inside = [one for fqn, one in figures if is_within(fqn, module.fqn)]
        assert found[module.fqn] == sum(inside)
