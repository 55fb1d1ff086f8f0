import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexviz.errors import SelectionError, UnknownOpError
from hexviz.extraction.selection import EVERYTHING, ModuleSelection, selection
from hexviz.model.fqn import ancestors
from hexviz.model.modules import ModuleInfo
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped, tagged

FQNS = st.lists(st.sampled_from(["layer1", "layer10", "a", "0"]), max_size=4).map(".".join)


@given(st.frozensets(FQNS), st.frozensets(FQNS), FQNS)
def test_holding_goes_by_ancestors(
    include: frozenset[str], exclude: frozenset[str], fqn: str
) -> None:
    above = set(ancestors(fqn))
    expected = bool(above & include) and not above & exclude
    assert ModuleSelection(include, exclude).holds(fqn) == expected


@given(FQNS)
def test_everything_holds_everything(fqn: str) -> None:
    assert EVERYTHING.holds(fqn)


GRAPH = tagged(scoped(parse(NET), SCOPES))
LISTED = tagged(scoped(parse(NET), {op: f"net.{fqn}.0.in" for op, fqn in SCOPES.items()}))
NAMES = sorted({name for module in LISTED.modules for name in ancestors(module.fqn)})


@given(st.frozensets(st.sampled_from(NAMES)), st.frozensets(st.sampled_from(NAMES)))
def test_the_selected_ops_are_those_of_modules_that_are_held(
    include: frozenset[str], exclude: frozenset[str]
) -> None:
    part = ModuleSelection(include, exclude)
    held = [at for at, op in enumerate(LISTED.ops) if part.holds(op.module)]
    assert part.positions(LISTED) == held


def test_a_selection_is_checked_against_the_model() -> None:
    part = selection(GRAPH, ["enc"], exclude=["enc.att"])
    assert [op.id for op in GRAPH.ops if part.holds(op.module)] == ["a"]


def test_an_unknown_module_suggests_near_names() -> None:
    with pytest.raises(SelectionError, match=r"No module is called 'enc\.at'; near ones: enc\.att"):
        selection(GRAPH, ["enc.at"])


def test_an_empty_selection_is_refused() -> None:
    with pytest.raises(SelectionError, match="holds no op: select more, or exclude less"):
        selection(GRAPH, ["enc"], exclude=["enc"])


def test_why_a_selection_is_empty_is_said_and_where_ops_are() -> None:
    with pytest.raises(SelectionError, match=r"\(nothing is left without enc\)"):
        selection(GRAPH, ["enc.att"], exclude=["enc"])
    text = "g (float[2] x) => (float[2] z) { y = Neg (x)  z = Exp (y) }"
    told = {name: ModuleInfo("M") for name in ("", "a", "a.b", "a.b.drop", "a.c")}
    graph = tagged(scoped(parse(text), {"y": "a.c", "z": "a.c"}), modules=told)
    with pytest.raises(
        SelectionError, match=r"no op of this graph is of a\.b\.drop: .*; a, which is around it"
    ):
        selection(graph, ["a.b.drop"])


def held(names: list[str], exclude: tuple[str, ...] = ()) -> list[str]:
    chosen = selection(GRAPH, names, exclude)
    return [op.id for op in GRAPH.ops if chosen.holds(op.module)]


def test_patterns_go_by_segment() -> None:
    assert held(["enc.*"]) == ["a", "q", "k", "r", "m"]
    assert held(["enc.att.?"]) == held(["enc.*.*"]) == ["q", "k"]
    assert held(["**.q"]) == held(["**.att.**.q"]) == held(["enc.**.q"]) == ["q"]
    assert held(["enc.*"], exclude=("enc.*.q", "enc.emb")) == ["k", "r", "m"]
    assert held(["e*.e*"]) == ["a"]


def test_a_hostile_pattern_takes_no_time() -> None:
    with pytest.raises(SelectionError, match="No module matches"):
        selection(GRAPH, ["*e" * 40 + "x", "**.a." * 40 + "x"])


def test_a_tag_names_a_module_too() -> None:
    tag = GRAPH.modules["enc.att"].tag
    assert held([tag]) == held(["enc.att"])
    assert held([tag.rpartition("/")[0] + "/*"]) == held(["enc.*"])


def test_one_name_need_not_be_a_list() -> None:
    assert selection(GRAPH, "enc.att") == selection(GRAPH, ["enc.att"])


def test_a_pattern_that_matches_nothing_suggests_near_names() -> None:
    with pytest.raises(SelectionError, match=r"No module matches 'enc\.\*\.w'; near ones: enc\."):
        selection(GRAPH, ["enc.*.w"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("qqqqqqq", r"No module is called 'qqqqqqq'; there are: enc, "),
        ("qqq.*.qqq", r"No module matches 'qqq\.\*\.qqq'; there are: enc, "),
        ("/0/1/2/3/4", r"No module is called '/0/1/2/3/4'; there are: /"),
    ],
)
def test_a_name_with_no_near_one_is_told_what_there_is(name: str, said: str) -> None:
    with pytest.raises(SelectionError, match=said):
        selection(GRAPH, [name])


def test_ops_are_selected_besides() -> None:
    chosen = selection(GRAPH, ["enc.att.q"], ops=["y"])
    assert [GRAPH.ops[at].id for at in chosen.positions(GRAPH)] == ["q", "y"]
    with pytest.raises(UnknownOpError, match="No op has the id 'zz': an id is the first value"):
        selection(GRAPH, ops=["zz"])


def test_a_module_whose_work_was_fused_into_anothers_op_is_led_to_it() -> None:
    proto = parse("""g (float[1,1,4,4] x) => (float[1,1,4,4] y)
    <float[1,1,1,1] "net.conv.weight" = {3}> {
        h = Conv (x, "net.conv.weight")
        y = Relu (h)
    }""")
    rule = "FuseBatchNormIntoConv"
    proto.graph.node[0].metadata_props.add(key="pkg.onnxscript.rewriter.rule_name", value=rule)
    graph = tagged(scoped(proto, {"h": "net.norm", "y": "net.act"}))
    with pytest.raises(SelectionError, match=r"net\.norm is done by Conv “h” of net\.conv: select"):
        selection(graph, ["net.norm"])
