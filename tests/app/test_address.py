from hypothesis import given
from hypothesis import strategies as st

from hexviz.app.address import from_query, from_store, model_in, tab_in, to_query, to_store
from hexviz.app.store import OpenModel
from hexviz.view.state import ViewState
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped, tagged

MODEL = OpenModel("ab" * 32, tagged(scoped(parse(NET), SCOPES)))
MODULES = [module.fqn for module in MODEL.graph.modules if module.fqn]
VIEWS = st.builds(
    ViewState,
    open=st.frozensets(st.sampled_from(MODULES)),
    placement=st.sampled_from(["module", "context"]),
    hidden=st.frozensets(st.sampled_from(MODULES)),
)
SELECTIONS = st.one_of(
    st.just({}),
    st.sampled_from(MODULES).map(lambda fqn: {"kind": "module", "id": fqn}),
    st.sampled_from([op.id for op in MODEL.graph.ops]).map(lambda id_: {"kind": "op", "id": id_}),
)


@given(VIEWS, SELECTIONS)
def test_a_link_brings_back_the_view_it_was_made_from(
    view: ViewState, selection: dict[str, str]
) -> None:
    stored = to_store(MODEL.key, view)
    assert from_store(stored) == view
    assert from_query(to_query(stored, selection), MODEL) == (view, selection)


def test_a_link_to_a_model_alone_gives_the_first_view() -> None:
    view, selection = from_query(f"?model={MODEL.key}", MODEL)
    assert view.open
    assert selection == {}


def test_what_a_link_names_wrongly_is_left_out() -> None:
    query = "?open=enc&open=gone&hide=gone&op=gone&module=gone&place=nowhere"
    view, selection = from_query(query, MODEL)
    assert view == ViewState(open=frozenset({"enc"}))
    assert selection == {}


def test_a_store_with_nonsense_in_it_is_an_empty_view() -> None:
    assert from_store({"open": 7, "placement": [], "hidden": [1, "enc"]}) == ViewState(
        hidden=frozenset({"enc"})
    )


def test_a_link_to_an_op_alone_opens_what_it_needs() -> None:
    view, selection = from_query("?op=r", MODEL)
    assert selection == {"kind": "op", "id": "r"}
    assert MODEL.element(view, "r") == "o:r"


def test_the_tab_is_in_the_link() -> None:
    stored = to_store(MODEL.key, ViewState())
    assert tab_in(to_query(stored, {}, "ops")) == "ops"
    assert tab_in(to_query(stored, {})) == "graph"
    assert tab_in("?tab=elsewhere") == "graph"
    assert tab_in(None) == "graph"
    assert model_in(to_query(stored, {})) == MODEL.key
