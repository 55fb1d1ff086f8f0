from hypothesis import given
from hypothesis import strategies as st

from hexviz.model import fqn as names

SEGMENTS = st.sampled_from(["a", "b", "layer1", "layer10", "0", "1"])
FQNS = st.lists(SEGMENTS, max_size=5).map(".".join)


@given(FQNS, FQNS)
def test_the_common_ancestor_encloses_both_and_is_the_deepest(one: str, two: str) -> None:
    meeting = names.common_ancestor(one, two)
    shared = set(names.ancestors(one)) & set(names.ancestors(two))
    assert meeting == max(shared, key=len)


@given(FQNS, FQNS, FQNS)
def test_meeting_is_associative_and_commutative(one: str, two: str, three: str) -> None:
    meet = names.common_ancestor
    assert meet(one, two) == meet(two, one)
    assert meet(meet(one, two), three) == meet(one, meet(two, three))


@given(FQNS, FQNS)
def test_within_means_being_an_ancestor(one: str, two: str) -> None:
    assert names.is_within(one, two) == (two in names.ancestors(one))


@given(FQNS)
def test_parent_is_the_last_ancestor_but_one(fqn: str) -> None:
    if fqn:
        assert names.parent(fqn) == names.ancestors(fqn)[-2]
    else:
        assert names.parent(fqn) == ""


def test_a_segment_is_never_split() -> None:
    assert not names.is_within("layer10", "layer1")
    assert names.common_ancestor("layer1.x", "layer10.x") == ""


def test_join_drops_empty_parts() -> None:
    assert names.join(["", "a", "", "b.0"]) == "a.b.0"
