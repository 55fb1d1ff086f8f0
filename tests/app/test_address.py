from hypothesis import given
from hypothesis import strategies as st

from hexviz.app.address import from_query, from_store, model_in, tab_in, to_query, to_store
from hexviz.app.models.store import OpenModel
from hexviz.app.page_state import NOTHING, Place, Trace
from hexviz.view.colouring import COLOURINGS
from hexviz.view.state import ViewState
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped, tagged

MODEL = OpenModel("ab" * 32, tagged(scoped(parse(NET), SCOPES)))
MODULES = [module.fqn for module in MODEL.graph.modules if module.fqn]
OPS = [op.id for op in MODEL.graph.ops]
VIEWS = st.builds(
    ViewState,
    open=st.frozensets(st.sampled_from(MODULES)),
    placement=st.sampled_from(["module", "context"]),
    hidden=st.frozensets(st.sampled_from(MODULES)),
    colour=st.sampled_from([mode for mode in COLOURINGS if mode not in ("numbers", "compared")]),
)
SELECTIONS = st.one_of(
    st.just(NOTHING),
    st.tuples(st.just("module"), st.sampled_from(MODULES)),
    st.tuples(st.just("op"), st.sampled_from(OPS)),
    st.tuples(st.just("edge"), st.text(min_size=1)),
)
TRACES = st.one_of(
    st.none(),
    st.builds(Trace, st.sampled_from(["up", "down"]), st.sampled_from(OPS)),
    st.builds(Trace, st.just("between"), st.sampled_from(OPS), st.sampled_from(OPS)),
)
OTHERS = st.sampled_from(["", f"after:{'cd' * 32}", f"before:{'ef' * 32}"])
PLACES = st.builds(
    Place,
    VIEWS,
    SELECTIONS,
    TRACES,
    st.frozensets(st.sampled_from(MODULES)),
    compared=OTHERS,
)


@given(PLACES)
def test_a_link_brings_back_the_place_it_was_made_from(place: Place) -> None:
    assert from_store(to_store(MODEL.key, place)) == place
    assert from_query(to_query(MODEL.key, place), MODEL) == place


@given(
    st.dictionaries(
        st.sampled_from([*to_store("", Place())]),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=4), lambda one: st.lists(one, max_size=4)
        ),
    )
)
def test_whatever_a_browser_sends_is_some_place(stored: dict[str, object]) -> None:
    assert isinstance(from_store(stored), Place)


def test_a_link_to_a_model_alone_gives_the_first_view() -> None:
    place = from_query(f"?model={MODEL.key}", MODEL)
    assert place.view.open
    assert place.selection == NOTHING


def test_what_a_link_names_wrongly_is_left_out() -> None:
    query = "?open=enc&open=gone&hide=gone&op=gone&module=gone&place=nowhere&up=gone"
    query += "&colour=loud&numbers=gone&apart=gone"
    assert from_query(query, MODEL) == Place(ViewState(open=frozenset({"enc"})))


def test_a_store_with_nonsense_in_it_is_an_empty_place() -> None:
    assert from_store({"open": 7, "placement": [], "hidden": [1, "enc"]}) == Place(
        ViewState(hidden=frozenset({"enc"}))
    )


def test_a_link_to_an_op_alone_opens_what_it_needs() -> None:
    place = from_query("?op=r", MODEL)
    assert place.selection == ("op", "r")
    assert {"enc", "enc.att"} <= place.view.open


def test_a_link_by_numbers_that_are_gone_is_by_module() -> None:
    assert from_query("?open=&colour=numbers&numbers=gone", MODEL).view.colour == "module"


def test_the_tab_is_in_the_link() -> None:
    assert tab_in(to_query(MODEL.key, Place(), "ops")) == "ops"
    assert tab_in(to_query(MODEL.key, Place())) == "graph"
    assert tab_in("?tab=elsewhere") == "graph"
    assert tab_in(None) == "graph"
    assert model_in(to_query(MODEL.key, Place())) == MODEL.key
