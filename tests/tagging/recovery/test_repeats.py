"""Blocks that graphs without names repeat are found; what only looks like it is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from hexviz.model.flat import FlatGraph
from hexviz.tagging.recovery import repeats
from hexviz.tagging.recovery.bags import Bags
from hexviz.tagging.recovery.laminar import Laminar
from hexviz.tagging.recovery.moving import find_moving
from hexviz.tagging.recovery.repeats import find_repeats
from hexviz.tagging.recovery.runs import Candidates, find_candidates
from hexviz.tagging.recovery.scales import Scales
from hexviz.tagging.recovery.stretch import Stretch
from tests.tagging.recovery.graphs import graph, transformer


def _ranges(stretches: Sequence[Stretch]) -> list[tuple[int, int]]:
    return [(int(one.ops[0]), int(one.ops[-1]) + 1) for one in stretches]


def _bottlenecks(count: int, *, wide: Sequence[int] = ()) -> FlatGraph:
    """A stem, and residual blocks of three convolutions; those in ``wide`` have a fourth."""
    weights = {"w": (8, 8, 1, 1)}
    lines, at = ["s0 = Conv(x, w)", "s = Tanh(s0)"], "s"
    for number in range(count):
        p = f"b{number}_"
        lines += [
            f"{p}a = Conv({at}, w)",
            f"{p}b = Relu({p}a)",
            f"{p}c = Conv({p}b, w)",
            f"{p}d = Relu({p}c)",
            f"{p}e = Conv({p}d, w)",
        ]
        skip = at
        if number in wide:
            skip = f"{p}f"
            lines.append(f"{skip} = Conv({at}, w)")
        lines += [f"{p}g = Add({p}e, {skip})", f"{p}h = Relu({p}g)"]
        at = f"{p}h"
    lines.append(f"y = Softmax({at})")
    return graph(lines, weights)


def test_blocks_in_a_row_are_copies_of_one_family() -> None:
    found = find_repeats(_bottlenecks(5))
    assert _ranges(found) == [(2 + 7 * at, 9 + 7 * at) for at in range(5)]
    assert len({one.family for one in found}) == 1


def test_a_block_with_a_shortcut_of_its_own_is_a_copy_as_well() -> None:
    found = find_repeats(_bottlenecks(5, wide=(0, 3)))
    assert _ranges(found) == [(2, 10), (10, 17), (17, 24), (24, 32), (32, 39)]
    assert len({one.family for one in found}) == 1


@pytest.mark.parametrize("norm_first", [True, False])
def test_layers_begin_where_one_value_goes_on(norm_first: bool) -> None:
    flat = transformer(4, norm_first=norm_first)
    found = find_repeats(flat)
    assert len(found) == 4
    for one in found[1:]:
        assert len(flat.entering(one.ops.tolist())) == 1


def test_what_two_blocks_alone_repeat_is_less_sure() -> None:
    assert {one.confidence for one in find_repeats(_bottlenecks(2))} == {0.4}
    assert {one.confidence for one in find_repeats(_bottlenecks(3))} == {0.7}


def test_branches_side_by_side_are_copies() -> None:
    lines = ["r = Conv(x, w)"]
    for number in range(3):
        p = f"e{number}_"
        lines += [f"{p}a = Conv(r, w)", f"{p}b = Relu({p}a)", f"{p}c = Conv({p}b, w)"]
    lines.append("y = Concat<axis = 1>(e0_c, e1_c, e2_c)")
    found = find_repeats(graph(lines, {"w": (8, 8, 1, 1)}))
    assert _ranges(found) == [(1, 4), (4, 7), (7, 10)]


def test_neighbours_of_one_width_are_a_stage() -> None:
    lines, at = [], "x"
    for number, width in enumerate((4, 4, 6, 6, 8, 8)):
        p = f"b{number}_"
        lines += [
            f"{p}a = Conv({at}, w{width})",
            f"{p}b = BatchNormalization({p}a, n{width}, n{width}, n{width}, n{width})",
            f"{p}c = Relu({p}b)",
            f"{p}d = Conv({p}c, w{width})",
            f"{p}e = BatchNormalization({p}d, n{width}, n{width}, n{width}, n{width})",
            f"{p}f = Sigmoid({p}e)",
        ]
        at = f"{p}f"
    lines.append(f"y = Softmax({at})")
    weights: dict[str, tuple[int, ...]] = {f"w{width}": (width, 2, 1, 1) for width in (4, 6, 8)}
    found = find_repeats(
        graph(lines, {**weights, **{f"n{width}": (width,) for width in (4, 6, 8)}})
    )
    assert _ranges(found) == [(0, 12), (12, 24), (24, 36)]
    for stage in found:
        assert len(stage.inner) == 2


def test_reshapes_and_sums_that_come_again_are_no_blocks() -> None:
    lines, at = ["s = Relu(x)"], "s"
    for number in range(12):
        lines += [
            f"r{number} = Reshape({at}, i)",
            f"t{number} = Transpose({'r' + str(number)})",
            f"a{number} = Add(t{number}, b)",
        ]
        at = f"a{number}"
    assert find_repeats(graph(lines, {"i": (2,), "b": (8,)})) == []


def test_constants_that_one_block_uses_are_in_it_and_those_of_all_in_none() -> None:
    lines, at = ["one = Shape(x)", "mask = Cast<to = 1>(one)"], "x"
    for number in range(4):
        p = f"b{number}_"
        lines += [
            f"{p}o = Relu(v)",
            f"{p}a = MatMul({at}, {p}o)",
            f"{p}m = Add({p}a, mask)",
            f"{p}b = Tanh({p}m)",
            f"{p}c = MatMul({p}b, w)",
            f"{p}d = Add({p}c, {at})",
        ]
        at = f"{p}d"
    lines.append(f"y = Softmax({at})")
    found = find_repeats(graph(lines, {"w": (8, 8), "v": (8, 8)}))
    assert _ranges(found) == [(2 + 6 * at, 8 + 6 * at) for at in range(4)]


def test_worse_borders_are_found_where_what_crosses_them_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flat = _bottlenecks(6, wide=(0, 2, 4))
    right = {(begin, end) for begin, end in _ranges(find_repeats(flat))}
    monkeypatch.setattr("hexviz.tagging.recovery.runs._COST_OF_EXCESS", -20.0)
    assert {(begin, end) for begin, end in _ranges(find_repeats(flat))} != right


@pytest.mark.parametrize("kinds", [2, 6])
def test_few_candidates_of_a_graph_without_blocks_are_looked_at_one_by_one(
    kinds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(1)
    names = ["MatMul", "Relu", "Tanh", "Exp", "Abs", "Neg"][:kinds]
    lines, at, size = [], "x", 1500
    for number in range(size):
        kind = names[draw.integers(kinds)]
        lines.append(f"v{number} = {kind}({at}{', w' if kind == 'MatMul' else ''})")
        at = f"v{number}"
    flat = graph(lines, {"w": (8, 8)})
    moving = find_moving(flat)
    assert len(find_candidates(moving, Bags(moving.tokens), Scales(moving)).score) > size / 2
    looked_at = 0
    whole = Candidates.spans

    def counted(self: Candidates, at: int) -> list[tuple[int, int]]:
        nonlocal looked_at
        looked_at += 1
        return whole(self, at)

    monkeypatch.setattr(repeats.Candidates, "spans", counted)
    find_repeats(flat)
    assert looked_at < size


def test_a_single_op_and_a_row_of_one_kind_are_no_blocks() -> None:
    assert find_repeats(graph(["y = Relu(x)"])) == []
    assert (
        find_repeats(graph([f"v{at} = Relu({f'v{at - 1}' if at else 'x'})" for at in range(99)]))
        == []
    )


def test_candidates_of_the_same_stretches_are_one() -> None:
    moving = find_moving(_bottlenecks(6))
    found = find_candidates(moving, Bags(moving.tokens), Scales(moving))
    families = [tuple(found.spans(at)) for at in range(len(found.score))]
    assert len(families) == len(set(families))
    assert (np.diff(found.score) <= 0).all()


def test_stretches_lie_in_one_another_or_apart() -> None:
    chosen = Laminar(30)
    chosen.choose([(0, 10), (10, 20), (20, 30)])
    chosen.choose([(5, 15), (15, 25)])  # across, and half of each is left: not taken
    chosen.choose([(1, 4), (4, 7), (12, 15), (15, 18)])
    assert chosen.spans == [(0, 10), (10, 20), (20, 30), (1, 4), (4, 7), (12, 15), (15, 18)]
    assert chosen.parents == [-1, -1, -1, 0, 0, 1, 1]
    assert chosen.families == [0, 0, 0, 1, 1, 1, 1]
    assert chosen.lists == [0, 0, 0, 1, 1, 2, 2]


def test_what_juts_out_of_a_block_a_little_is_cut_at_its_border() -> None:
    chosen = Laminar(20)
    chosen.choose([(0, 10), (10, 20)])
    chosen.choose([(2, 6), (6, 11)])
    assert chosen.spans[2:] == [(2, 6), (6, 10)]


def test_what_joins_two_members_of_a_list_is_no_block() -> None:
    chosen = Laminar(16)
    chosen.choose([(0, 4), (4, 8), (8, 12), (12, 16)])
    chosen.choose([(0, 8), (8, 16)])
    assert len(chosen.spans) == 4
    chosen.choose([(0, 8), (8, 16)], joins=True)
    assert chosen.parents == [4, 4, 5, 5, -1, -1]


def test_what_cannot_fit_any_more_is_known_for_many_at_once() -> None:
    chosen = Laminar(20)
    chosen.choose([(0, 10), (10, 20)])
    starts, ends = np.array([2, 5, 8, 0]), np.array([8, 15, 19, 20])
    assert chosen.may_fit(starts, ends).tolist() == [True, True, False, True]
