"""What runs after what it needs, as close to the listed order as it can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexviz.model.ordering import CycleError, execution_order

needs = st.integers(0, 12).flatmap(
    lambda size: st.tuples(
        st.permutations(range(size)),
        st.lists(st.sets(st.integers(0, max(size - 1, 0))), min_size=size, max_size=size),
    )
)


@given(needs)
def test_each_comes_after_what_it_needs(drawn: tuple[list[int], list[set[int]]]) -> None:
    places, several = drawn
    # In the order of `places`, each may need what comes before it: so there is no cycle.
    rank = {one: at for at, one in enumerate(places)}
    wanted = [[need for need in several[one] if rank[need] < rank[one]] for one in range(len(rank))]
    order = execution_order(wanted)
    assert sorted(order) == list(range(len(wanted)))
    place = {one: at for at, one in enumerate(order)}
    assert all(place[need] < place[one] for one in place for need in wanted[one])
    if all(need < at for at, several in enumerate(wanted) for need in several):
        assert order == list(range(len(wanted)))


def test_a_long_chain_listed_backwards_is_turned_round() -> None:
    length = 100_000
    order = execution_order([[at + 1] for at in range(length - 1)] + [[]])
    assert order == list(reversed(range(length)))


def test_a_cycle_is_an_error_that_names_one_on_it() -> None:
    with pytest.raises(CycleError) as told:
        execution_order([(), (2,), (3,), (2,)])
    assert told.value.number in (2, 3)
