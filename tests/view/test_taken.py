"""Where something is drawn already: boxes and lines, held against looking at all of them."""

from hypothesis import given
from hypothesis import strategies as st

from hexviz.view.svg.curve import Curve
from hexviz.view.taken import Rectangle, Taken
from hexviz.view.tracks import trace

_CELL = (-16, -16, 16, 16)

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


@given(st.lists(curves, min_size=1, max_size=6), rectangles, st.sampled_from([0.0, 6.0]))
def test_lines_run_under_a_place_that_they_enter(
    lines: list[Curve], place: Rectangle, margin: float
) -> None:
    """Those that pass it by more than a cell do not."""
    tracks = trace(lines, 12)
    taken = Taken([], tracks)

    def within(wider: float) -> set[int]:
        left, top, right, bottom = place
        return {
            number
            for number in range(len(lines))
            for x, y in tracks.ends[tracks.bounds[number] : tracks.bounds[number + 1]].tolist()
            if left - wider < x < right + wider and top - wider < y < bottom + wider
        }

    under, near = taken.lines_under(place, margin)
    assert within(0) <= under <= near
    assert within(margin) <= near
    left, top, right, bottom = (edge + side for edge, side in zip(place, _CELL, strict=True))
    for number in under:
        points = [lines[number].points[0], *lines[number].extremes()]
        assert min(x for x, _ in points) < right
        assert max(x for x, _ in points) > left
        assert min(y for _, y in points) < bottom
        assert max(y for _, y in points) > top


def test_an_upright_line_beside_a_place_is_near_it_only() -> None:
    taken = Taken([], trace([Curve(((5.0, 0.0), (5.0, 90.0)), (), (5.0, 45.0))], 12))
    assert taken.lines_under((8.0, 20.0, 40.0, 34.0), 6.0) == (set(), {0})
    assert taken.lines_under((4.0, 20.0, 40.0, 34.0), 6.0) == ({0}, {0})
    assert taken.lines_under((12.0, 20.0, 40.0, 34.0), 6.0) == (set(), set())


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
