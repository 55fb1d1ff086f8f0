"""The search language, field by field; and that no text of a stranger stops the page."""

import contextlib
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hexviz.errors import QueryError, SelectionError
from hexviz.extraction.query import parse_query
from hexviz.extraction.search_budget import Budget
from hexviz.extraction.search_fields import EXAMPLES, FIELDS
from hexviz.extraction.search_index import SearchIndex
from hexviz.extraction.selection import selection
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped, tagged
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
        ("tag:/Model/Encoder", ["k", "a", "b", "c", "d"]),
        ("tag:/Model/Encoder/", ["k", "a", "b", "c", "d"]),
        ("tag:Model/Encoder", ["k", "a", "b", "c", "d"]),
        ("tag:/model/*/layer.?", ["k", "a", "b", "c", "d"]),
        ("tag:**.1", ["c", "d"]),
        ("tag:/er\\.1$/", ["c", "d"]),
        ("context:/Model/Encoder", ["mask"]),
        ("context:/^encod/", ["mask"]),
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
        ("type:", "type: needs a value, such as type:MatMul,Gemm"),
        ("shared:maybe", "shared: is yes or no, not 'maybe'"),
        ("confidence:high", "confidence: is a number from 0 to 1"),
        ("/(/", "is no regular expression"),
        ("/" + "a" * 300 + "/", "200 characters at most"),
        ("a" * 6000, "5,000 characters at most"),
        ('"open', "has no second one"),
    ],
)
def test_what_cannot_be_understood_is_a_clear_line(text: str, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(text)
    assert message in str(caught.value)


def test_a_word_with_a_colon_is_a_field_or_part_of_a_name() -> None:
    graph = build([Node("onnx::Add_7", ["in:0"], module="layer")], ["onnx::Add_7"])
    index = SearchIndex(graph)
    assert index.ops(parse_query("onnx::Add_7")) == [0]
    assert index.ops(parse_query("in:0")) == [0]
    assert index.ops(parse_query("-in:0")) == []
    with pytest.raises(QueryError, match="There is no field typ: Did you mean type:"):
        index.ops(parse_query("typ:MatMul"))


def test_what_the_graph_writes_beside_names_is_no_part_of_them() -> None:
    graph = build([Node("a_long_name_1", ["x"], module="layer1")], ["a_long_name_1"])
    index = SearchIndex(graph)
    for text in ("a_long_name_1 +1", "layer1 ×12", "layer1 · 1,204 ops", "layer1 / a_l…me_1"):
        assert index.ops(parse_query(text)) == [0], text
    assert index.ops(parse_query("+1")) == []


@pytest.mark.parametrize("field", ["tag", "context"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("encodr", r"No module is called 'encodr'; near ones: encoder"),
        ("/Model/Encodr", r"No module is called '/Model/Encodr'; near ones: /Model/Encoder"),
        ("*oder.0.?", r"No module matches '\*oder\.0\.\?'; near ones: encoder\.0"),
        ("/enc.*/", r"A regular expression has one of \^ \$ .* between the slashes"),
    ],
)
def test_a_name_that_means_no_module_suggests_near_ones(
    field: str, name: str, message: str
) -> None:
    with pytest.raises(QueryError, match=f"{field}: .*{message}"):
        found(f"{field}:{name}")


NET_GRAPH = tagged(scoped(parse(NET), SCOPES))
NAMES = st.sampled_from(
    ["enc", "enc.att", "enc.*", "**.q", "e*c.?tt", "enc.[a]tt", "**", "nothing",
     *(module.tag for module in NET_GRAPH.modules), NET_GRAPH.modules["enc.att"].tag + "/*",
     NET_GRAPH.modules["enc.att"].tag[1:] + "/"]
)  # fmt: skip


@given(NAMES)
def test_a_search_for_modules_finds_what_a_selection_of_them_holds(name: str) -> None:
    query = parse_query(f"tag:{name}")
    try:
        selected = selection(NET_GRAPH, [name]).positions(NET_GRAPH)
    except SelectionError as error:
        with pytest.raises(QueryError, match=re.escape(f"tag: {error}")):
            SearchIndex(NET_GRAPH).ops(query)
    else:
        assert SearchIndex(NET_GRAPH).ops(query) == selected


def test_brackets_stand_for_themselves() -> None:
    graph = build([Node("a[0]", ["x"]), Node("a0", ["a[0]"])], ["a0"])
    index = SearchIndex(graph)
    assert index.ops(parse_query("op:a[0]*")) == [0]


SLOW = build([Node("a" * 300 + str(at), ["x"]) for at in range(300)], ["a" * 300 + "0"])


@pytest.mark.parametrize(
    "text",
    [
        "/(a|aa)+$b/",
        " ".join(f"-/(a|aa)+{at}$b/" for at in range(20)),
        " ".join(f"-op:/(a*)*{at}$b/" for at in range(20)),
    ],
)
def test_all_of_a_search_made_to_be_slow_has_one_budget(text: str) -> None:
    start = time.thread_time()
    with pytest.raises(QueryError, match="takes too long"):
        SearchIndex(SLOW).ops(parse_query(text), Budget(0.2))
    assert time.thread_time() - start < 0.5


def test_searching_modules_and_ops_shares_the_budget() -> None:
    spent = Budget(0.0)
    query = parse_query("a")
    for found_by in (SearchIndex(SLOW).ops, SearchIndex(SLOW).modules):
        with pytest.raises(QueryError, match="takes too long"):
            found_by(query, spent)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='ab:/*?-"\\()[]<>=., |+{}0', max_size=20))
def test_any_text_finds_something_or_says_why_not(text: str) -> None:
    with contextlib.suppress(QueryError):
        assert all(0 <= at < len(GRAPH.ops) for at in INDEX.ops(parse_query(text)))


@given(st.sampled_from(sorted(EXAMPLES.values())))
def test_a_minus_is_the_complement(term: str) -> None:
    assert sorted([*found(term), *found(f"-{term}")]) == sorted(op.id for op in GRAPH.ops)


def test_every_field_has_an_example_that_is_understood() -> None:
    assert FIELDS.keys() == EXAMPLES.keys()
    for example in EXAMPLES.values():
        parse_query(example)
