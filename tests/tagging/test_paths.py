"""Numbers of FQNs say what the FQNs say; see :mod:`hexviz.model.fqn`."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hexviz.model import fqn as names
from hexviz.model.columns import Ints
from hexviz.tagging.anatomy import pattern
from hexviz.tagging.paths import HASH, ROOT, Paths
from tests.model.test_fqn import FQNS

PAIRS = st.lists(st.tuples(FQNS, FQNS), min_size=1, max_size=12)


def columns(pairs: list[tuple[str, str]]) -> tuple[Paths, Ints, Ints]:
    paths = Paths()
    ones, others = (paths.numbers(column) for column in zip(*pairs, strict=True))
    return paths, ones, others


@settings(max_examples=50)
@given(PAIRS)
def test_two_paths_meet_and_enclose_each_other_as_their_names_do(
    pairs: list[tuple[str, str]],
) -> None:
    paths, ones, others = columns(pairs)
    met = [paths.names[one] for one in paths.common(ones, others)]
    assert met == [names.common_ancestor(one, other) for one, other in pairs]
    within = [names.is_within(one, other) for one, other in pairs]
    assert paths.within(ones, others).tolist() == within
    apart = [not (names.is_within(two, one) or names.is_within(one, two)) for one, two in pairs]
    assert paths.off_branch(ones, others).tolist() == apart


@settings(max_examples=50)
@given(PAIRS)
def test_what_encloses_a_path_has_numbers_that_lead_up_to_the_root(
    pairs: list[tuple[str, str]],
) -> None:
    paths, ones, others = columns(pairs)
    parents, depths = paths.parents, paths.depths
    for at, fqn in enumerate(paths.names):
        assert paths.names[parents[at]] == names.parent(fqn)
        assert at == ROOT or parents[at] < at
        assert depths[at] == len(names.ancestors(fqn)) - 1
    lifted = [paths.names[one] for one in paths.lifted(ones, depths[others])]
    assert lifted == [
        names.ancestors(one)[min(len(names.ancestors(one)), len(names.ancestors(other))) - 1]
        for one, other in pairs
    ]


@settings(max_examples=50)
@given(st.lists(FQNS, max_size=12), st.sets(FQNS))
def test_the_nearest_member_is_the_deepest_that_encloses(fqns: list[str], known: set[str]) -> None:
    paths = Paths([*fqns, *known])
    members = np.isin(paths.names, sorted(known))
    nearest = [paths.names[one] for one in paths.nearest(members)]
    for fqn, found in zip(paths.names, nearest, strict=True):
        assert found == max({"", *known} & set(names.ancestors(fqn)), key=len)


@settings(max_examples=50)
@given(st.lists(FQNS, max_size=12))
def test_paths_that_differ_in_indices_alone_share_a_pattern(fqns: list[str]) -> None:
    paths = Paths(fqns)
    numbers, forms = paths.patterns().tolist(), [pattern(fqn) for fqn in paths.names]
    pairs = set(zip(numbers, forms, strict=True))
    assert len(pairs) == len(set(numbers)) == len(set(forms))


def test_every_step_has_a_number_and_a_path_keeps_its_own() -> None:
    paths = Paths(["encoder.layer.0"])
    assert paths.names == ["", "encoder", "encoder.layer", "encoder.layer.0"]
    assert paths.parents.tolist() == [ROOT, ROOT, 1, 2]
    assert paths.number("encoder.layer.1") == 4  # and columns that were made before are made anew
    assert paths.parents.tolist() == [ROOT, ROOT, 1, 2, 2]
    assert paths.numbers(["encoder.layer.1", None, "", "encoder.layer.0"]).tolist() == [4, -1, 0, 3]
    assert len(paths) == 5


def test_steps_have_numbers_and_lead_to_children() -> None:
    paths = Paths(["encoder.layer.0", "decoder.layer"])
    steps = paths.step_names()
    assert steps[HASH] == "#"
    known = [steps[one] if one >= 0 else None for one in paths.steps]
    assert known == [None, "encoder", "layer", "0", "decoder", "layer"]
    ends = [one for one, is_index in zip(steps, paths.decimal_steps(), strict=False) if is_index]
    assert ends == ["0"]
    layer = steps.index("layer")
    ones = paths.numbers(["encoder", "decoder", "encoder.layer"])
    assert paths.children(ones, np.full(3, layer)).tolist() == [
        paths.number("encoder.layer"),
        paths.number("decoder.layer"),
        -1,
    ]
    rows = paths.rows(paths.numbers(["decoder.layer", "encoder.layer.0", ""]), -1)
    spelled = [[steps[one] for one in row if one >= 0] for row in rows.tolist()]
    assert spelled == [["decoder", "layer"], ["encoder", "layer", "0"], []]
