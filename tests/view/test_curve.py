import math
from typing import Any

import pytest

from hexviz.view.drawing import Box
from hexviz.view.elements import _relative
from hexviz.view.stylesheet import stylesheet
from hexviz.view.svg.cascade import Cascade
from hexviz.view.svg.curve import Curve, curve_of

ABOVE, BELOW = Box(100, 20, 60, 30), Box(180, 220, 80, 40)


def curve(**data: Any) -> Curve:
    style = Cascade(stylesheet("light")).style({"source": "a", "target": "b", "width": 2, **data})
    return curve_of(style, ABOVE, BELOW)


def test_a_straight_line_runs_from_bottom_to_top_and_stops_short_of_the_tip() -> None:
    line = curve()
    assert line.points[0] == (100, 35)
    assert line.arrow[1] == pytest.approx((180, 200))
    assert math.dist(line.points[-1], (180, 200)) == pytest.approx(2 * 0.75 * 2)
    assert line.points[-1][1] < 200


def test_a_line_may_enter_beside_the_middle() -> None:
    line = curve(enter="25.00% -50%")
    assert (line.points[0], line.arrow[1]) == ((100, 35), pytest.approx((200, 200)))


def test_a_line_beside_runs_from_side_to_side_without_a_head() -> None:
    line = curve(beside=1)
    assert line.points == ((130, 20), (140, 220))
    assert line.arrow == ()


def test_a_curve_passes_the_middles_between_its_control_points() -> None:
    bends = [(100.0, 60.0), (140.0, 90.0), (180.0, 150.0)]
    distances, weights = _relative(bends, ABOVE, BELOW)
    line = curve(bends=3, distances=distances, weights=weights)
    assert line.points[0] == (100, 35)
    for found, wanted in zip(line.points[1::2], bends, strict=True):
        assert found == pytest.approx(wanted, abs=0.05)
    assert line.points[2] == pytest.approx((120, 75), abs=0.05)
    assert line.points[4] == pytest.approx((160, 120), abs=0.05)
    assert line.points[-1] == pytest.approx((180, 197), abs=0.05)
    assert line.middle[1] == pytest.approx((75 + 2 * 90 + 120) / 4, abs=0.05)


def test_the_head_points_where_the_line_goes() -> None:
    left, tip, right = curve(bends=1, distances=[0], weights=[0.5]).arrow
    back = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
    size = max((2 * 13.37) ** 0.9, 29) * 0.75
    assert math.dist(back, tip) == pytest.approx(0.3 * size)
    assert math.dist(left, right) == pytest.approx(0.3 * size)
    assert back[1] < tip[1]


def test_a_curve_that_bulges_tells_how_far() -> None:
    bulge = Curve(((0, 0), (100, 50), (0, 100)), (), (0, 0))
    assert max(x for x, _ in bulge.extremes()) == pytest.approx(50)


def test_ends_in_one_place_do_not_divide_by_nothing() -> None:
    style = Cascade(stylesheet("light")).style({"source": "a", "width": 1})
    same = Box(0, 0, 0, 0)
    assert all(math.isfinite(x + y) for x, y in curve_of(style, same, same).points)
