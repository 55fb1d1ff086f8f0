import pytest

from hexviz.app.graph.search import search
from hexviz.app.models.store import OpenModel
from hexviz.errors import QueryError


def test_every_word_has_to_be_there(model: OpenModel) -> None:
    found = search(model.searching, "reshape att")
    assert [hit.id for hit in found.hits] == ["r"]
    assert found.ops == (model.graph.positions["r"],)
    assert search(model.searching, "reshape head").hits == ()
    assert search(model.searching, "   ").hits == ()


def test_modules_are_found_by_attribute_and_come_with_their_tag(model: OpenModel) -> None:
    hits = search(model.searching, "att").hits
    assert (hits[0].kind, hits[0].id) == ("module", "enc.att")
    assert hits[0].detail == model.graph.modules["enc.att"].tag


def test_exact_names_come_first_and_the_number_is_bounded(model: OpenModel) -> None:
    assert search(model.searching, "m", most=3).hits[0].id == "m"
    found = search(model.searching, "e", most=3)
    assert len(found.hits) == 3
    assert len(found.ops) + len(found.modules) > 3


def test_a_field_asks_about_ops_alone(model: OpenModel) -> None:
    found = search(model.searching, "tag:enc.att")
    assert found.modules == ()
    assert {model.graph.ops[at].id for at in found.ops} == {"q", "k", "r", "m"}


def test_what_cannot_be_understood_is_said(model: OpenModel) -> None:
    with pytest.raises(QueryError, match="Did you mean origin:"):
        search(model.searching, "orign:inherited")
