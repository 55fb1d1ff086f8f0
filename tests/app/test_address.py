from hypothesis import given
from hypothesis import strategies as st

from hexviz.app.address import from_query, model_in, to_query
from hexviz.app.graph.events import next_state
from hexviz.app.models.store import OpenModel
from hexviz.app.protocol import NOTHING, TABS, GatherNumbers, PageState, Trace
from hexviz.view.modes import COLOURINGS
from hexviz.view.state import MOST_COLUMNS, ViewState
from tests.app.conftest import NET, SCOPES
from tests.app.steps import wired
from tests.build import parse, scoped, tagged

MODEL = OpenModel("ab" * 32, tagged(scoped(parse(NET), SCOPES)))
MODULES = [module.fqn for module in MODEL.graph.modules if module.fqn]
OPS = [op.id for op in MODEL.graph.ops]
UNKNOWN = ("numbers", "compared", "time_us", "own_error", "natural_error", "effect")
"""What nothing can be coloured by before it is there."""
VIEWS = st.builds(
    ViewState,
    open=st.frozensets(st.sampled_from(MODULES)),
    placement=st.sampled_from(["module", "context"]),
    hidden=st.frozensets(st.sampled_from(MODULES)),
    columns=st.integers(1, MOST_COLUMNS),
    colour=st.sampled_from([mode for mode in COLOURINGS if mode not in UNKNOWN]),
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
    PageState,
    VIEWS,
    SELECTIONS,
    TRACES,
    st.frozensets(st.sampled_from(MODULES)),
    compared=OTHERS,
    tab=st.sampled_from(TABS),
)


@given(PLACES)
def test_a_link_brings_back_the_place_it_was_made_from(state: PageState) -> None:
    assert wired(state) == state
    assert from_query(to_query(MODEL.key, state), MODEL) == state


def test_a_link_to_a_model_alone_gives_the_first_view() -> None:
    state = from_query(f"?model={MODEL.key}", MODEL)
    assert state.view.open
    assert state.selection == NOTHING


def test_what_a_link_names_wrongly_is_left_out() -> None:
    query = "?open=enc&open=gone&hide=gone&op=gone&module=gone&place=nowhere&up=gone"
    query += "&colour=loud&numbers=gone&apart=gone"
    assert from_query(query, MODEL) == PageState(ViewState(open=frozenset({"enc"})))


def test_a_link_to_an_op_alone_opens_what_it_needs() -> None:
    state = from_query("?op=r", MODEL)
    assert state.selection == ("op", "r")
    assert {"enc", "enc.att"} <= state.view.open


def test_a_link_by_numbers_that_are_gone_is_by_module() -> None:
    assert from_query("?open=&colour=numbers&numbers=gone", MODEL).view.colour == "module"


def test_how_closed_boxes_gather_numbers_is_in_the_link() -> None:
    MODEL.numbers.put("mine", {0: 1.0})
    state = PageState(ViewState(colour="numbers"), numbers="mine")
    summed = next_state(MODEL, state, GatherNumbers("sum"))
    assert summed.view.gather == "sum"
    for one in (state, summed):
        assert from_query(to_query(MODEL.key, one), MODEL) == one


def test_the_tab_is_in_the_link() -> None:
    for tab in TABS:
        state = PageState(tab=tab)
        assert from_query(to_query(MODEL.key, state), MODEL).tab == tab
    for old in ("?tab=elsewhere", "?tab=performance", "?tab=ops&tab=audit", ""):
        assert from_query(old, MODEL).tab == "graph"
    assert model_in(to_query(MODEL.key, PageState())) == MODEL.key
