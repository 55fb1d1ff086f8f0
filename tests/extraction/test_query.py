"""The search language, field by field; and that no text of a stranger stops the page."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexviz.errors import QueryError
from hexviz.extraction.query import _EXAMPLES, FIELDS, SearchIndex, parse_query
from tests.view.graphs import Node, build, two_layers

GRAPH = two_layers()
INDEX = SearchIndex(GRAPH)


def found(text: str) -> list[str]:
    return [GRAPH.ops[at].id for at in INDEX.ops(parse_query(text))]


@pytest.mark.parametrize(
    ("text", "ops"),
    [
        ("reshape", ["b"]),
        ("RESHAPE encoder.0", ["b"]),
        ("type:Add", ["a", "c"]),
        ("type:add,reshape", ["a", "b", "c"]),
        ("type:Re*", ["b", "d", "y"]),
        ("tag:encoder.0", ["k", "a", "b"]),
        ("tag:encoder.*", ["k", "a", "b", "c", "d"]),
        ("tag:encoder -tag:encoder.1", ["k", "a", "b"]),
        ("tag:*.1", ["c", "d"]),
        ("tag:/Model/Encoder/Layer.1", ["c", "d"]),
        ("origin:inherited", ["mask"]),
        ("rule:metadata type:Relu", ["d", "y"]),
        ("shared:yes", []),
        ("aux:yes", ["mask", "k", "b"]),
        ("aux:constants", ["k"]),
        ("aux:no tag:encoder", ["a", "c", "d"]),
        ("confidence:>=1 type:Cast", ["mask"]),
        ("confidence:<0.5", []),
        ("context:encoder", ["mask"]),
        ("op:m*", ["mask"]),
        ("value:emb", ["emb", "a"]),
        ("/^(add|cast)/", ["mask", "a", "c"]),
        ("type:/^r.*u$/", ["d", "y"]),
        ("", []),
    ],
)
def test_a_search_finds(text: str, ops: list[str]) -> None:
    assert found(text) == ops


def test_paths_are_compared_by_whole_segments() -> None:
    graph = build([Node("a", ["x"], module="layer1"), Node("b", ["a"], module="layer10")], ["b"])
    index = SearchIndex(graph)
    assert index.ops(parse_query("tag:layer1")) == [0]
    assert index.ops(parse_query("tag:layer1*")) == [0, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("typ:MatMul", "There is no field typ: Did you mean type:?"),
        ("type:", "type: needs a value, such as type:MatMul,Gemm"),
        ("shared:maybe", "shared: is yes or no, not 'maybe'"),
        ("confidence:high", "confidence: is a number from 0 to 1"),
        ("/(/", "is no regular expression"),
        ("/" + "a" * 300 + "/", "200 characters at most"),
        ('"open', "has no second one"),
    ],
)
def test_what_cannot_be_understood_is_a_clear_line(text: str, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(text)
    assert message in str(caught.value)


def test_a_pattern_made_to_be_slow_ends_the_search() -> None:
    graph = build([Node("a" * 300, ["x"])], ["a" * 300])
    with pytest.raises(QueryError, match="takes too long"):
        SearchIndex(graph).ops(parse_query("/(a|aa)+$b/"))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='ab:/*?-"\\()[]<>=., |+{}0', max_size=20))
def test_any_text_finds_something_or_says_why_not(text: str) -> None:
    with contextlib.suppress(QueryError):
        assert all(0 <= at < len(GRAPH.ops) for at in INDEX.ops(parse_query(text)))


@given(st.sampled_from(sorted(_EXAMPLES.values())))
def test_a_minus_is_the_complement(term: str) -> None:
    assert sorted([*found(term), *found(f"-{term}")]) == sorted(op.id for op in GRAPH.ops)


def test_every_field_has_an_example_that_is_understood() -> None:
    assert FIELDS.keys() == _EXAMPLES.keys()
    for example in _EXAMPLES.values():
        parse_query(example)
