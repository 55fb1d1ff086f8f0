import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexviz.errors import SelectionError
from hexviz.extraction.selection import EVERYTHING, Selection, selection
from hexviz.model.fqn import ancestors
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped, tagged

FQNS = st.lists(st.sampled_from(["layer1", "layer10", "a", "0"]), max_size=4).map(".".join)


@given(st.frozensets(FQNS), st.frozensets(FQNS), FQNS)
def test_holding_goes_by_ancestors(
    include: frozenset[str], exclude: frozenset[str], fqn: str
) -> None:
    above = set(ancestors(fqn))
    expected = bool(above & include) and not above & exclude
    assert Selection(include, exclude).holds(fqn) == expected


@given(FQNS)
def test_everything_holds_everything(fqn: str) -> None:
    assert EVERYTHING.holds(fqn)


GRAPH = tagged(scoped(parse(NET), SCOPES))


def test_a_selection_is_checked_against_the_model() -> None:
    part = selection(GRAPH, ["enc"], exclude=["enc.att"])
    assert [op.id for op in GRAPH.ops if part.holds(op.module)] == ["a"]


def test_an_unknown_module_suggests_near_names() -> None:
    with pytest.raises(SelectionError, match=r"No module is called 'enc\.at'; near ones: enc\.att"):
        selection(GRAPH, ["enc.at"])


def test_an_empty_selection_is_refused() -> None:
    with pytest.raises(SelectionError, match="holds no op: select more, or exclude less"):
        selection(GRAPH, ["enc"], exclude=["enc"])
