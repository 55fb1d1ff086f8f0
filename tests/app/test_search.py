from hexviz.app.search import search
from hexviz.app.store import OpenModel


def test_every_word_has_to_be_there(model: OpenModel) -> None:
    assert [hit.id for hit in search(model.graph, "reshape att")] == ["r"]
    assert search(model.graph, "reshape head") == []
    assert search(model.graph, "   ") == []


def test_modules_are_found_by_attribute_and_come_with_their_tag(model: OpenModel) -> None:
    hits = search(model.graph, "att")
    assert (hits[0].kind, hits[0].id) == ("module", "enc.att")
    assert hits[0].detail == model.graph.modules["enc.att"].tag


def test_exact_names_come_first_and_the_number_is_bounded(model: OpenModel) -> None:
    assert search(model.graph, "m", most=3)[0].id == "m"
    assert len(search(model.graph, "e", most=3)) == 3
