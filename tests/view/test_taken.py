"""Where something is drawn already: boxes and lines, held against looking at all of them."""

from math import floor

from hypothesis import given
from hypothesis import strategies as st

from hexviz.view.svg.curve import Curve
from hexviz.view.taken import Rectangle, Taken
from hexviz.view.tracks import trace

far = st.integers(-300, 300).map(float)
points = st.tuples(far, far)
rectangles = st.tuples(far, far, st.integers(1, 200), st.integers(1, 60)).map(
    lambda at: (at[0], at[1], at[0] + at[2], at[1] + at[3])
)
curves = st.one_of(
    st.tuples(points, points), st.tuples(points, points, points, points, points)
).map(lambda found: Curve(found, (), found[1]))


def shared(one: Rectangle, other: Rectangle) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, width) * max(0.0, height)


@given(st.lists(rectangles, max_size=8, unique=True), rectangles)
def test_a_place_is_covered_by_what_lies_on_it(boxes: list[Rectangle], place: Rectangle) -> None:
    taken = Taken(boxes[1:], trace([], 12))
    for box in boxes[:1]:
        taken.add(box)
    area = sum(shared(place, box) for box in boxes)
    assert taken.covered(place) == area
    assert taken.is_covered(place) == (area > 0)


@given(st.lists(curves, min_size=1, max_size=6), rectangles)
def test_lines_run_under_a_place_whose_cells_they_enter(
    lines: list[Curve], place: Rectangle
) -> None:
    tracks = trace(lines, 12)
    inside = set()
    for number in range(1, len(lines)):
        for at in range(tracks.bounds[number], tracks.bounds[number + 1]):
            x, y = (floor(c / 16) for c in tracks.ends[at])
            left, top, right, bottom = (floor(c / 16) for c in place)
            if left <= x <= right and top <= y <= bottom:
                inside.add(number)
    count = Taken([], tracks).lines_under(place, own=0)
    assert len(inside) <= count < len(lines)


def test_spots_are_at_shares_of_the_length() -> None:
    straight = Curve(((0.0, 0.0), (0.0, 100.0)), (), (0.0, 50.0))
    corner = Curve(((0.0, 0.0), (50.0, 0.0), (100.0, 0.0), (100.0, 0.0), (100.0, 0.0)), (), (0, 0))
    first, second = trace([straight, corner], 12).at((0.5, 0.1))
    assert [spot.place for spot in first] == [(0.0, 50.0), (0.0, 10.0)]
    assert [spot.upright for spot in first] == [True, True]
    assert first[0].length == 100.0
    assert [(round(x), round(y)) for (x, y), _, _ in second] == [(50, 0), (10, 0)]
    assert not second[0].upright


def test_a_line_without_length_has_spots() -> None:
    dot = Curve(((5.0, 5.0), (5.0, 5.0)), (), (5.0, 5.0))
    (spots,) = trace([dot], 12).at((0.5,))
    assert spots[0].place == (5.0, 5.0)
    assert trace([], 12).at((0.5,)) == []
