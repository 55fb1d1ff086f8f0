"""Columns of reasons are the mapping that they stand for."""

import pytest

from hexviz.model.op import Provenance
from hexviz.tagging.reasons import Reasons

WHY = Provenance("a.b", "declared", "metadata", kind="metadata")


def test_fields_become_a_provenance_when_somebody_looks() -> None:
    reasons = Reasons(3)
    reasons.settle(1, ("a.b", "declared", "metadata", (), (), (), 1.0, (), (), "metadata"))
    assert reasons.modules == [None, "a.b", None]
    assert reasons[1] == WHY
    assert reasons[1] is reasons[1]


def test_it_is_a_mapping_of_what_is_known() -> None:
    reasons = Reasons(3)
    reasons[2] = WHY
    assert dict(reasons) == {2: WHY}
    assert [at in reasons for at in (2, 0, 7, -1)] == [True, False, False, False]
    with pytest.raises(KeyError):
        reasons[0]
    with pytest.raises(KeyError):
        reasons[-1]
    del reasons[2]
    assert not reasons
    with pytest.raises(KeyError):
        del reasons[2]
