"""A view without a notebook around it: what code reads and sets, and what pages are answered."""

import gc
import json
import weakref
from typing import Any

import pytest

from hexviz.api import TaggedGraph
from hexviz.errors import HexvizError, SelectionError, SourceError
from hexviz.notebook import place
from hexviz.notebook.page import notebook_page
from hexviz.notebook.selection import Selection, resolve
from hexviz.notebook.widget import View
from tests.build import parse, scoped, tagged
from tests.notebook.conftest import Channel


def test_what_a_person_selects_is_read_in_code(view: View, channel: Channel) -> None:
    assert view.selection is None
    assert view.op is None
    channel.ask("event", event={"type": "visit", "value": ""})
    channel.event("reveal", "m")
    assert view.selection == "m"
    assert view.selection.kind == "op"
    assert view.op is not None
    assert view.op.op_type == "Mul"
    assert view.module is not None
    assert view.module.fqn == "enc.att"
    assert view.graph.explain(view.selection).module == "enc.att"
    channel.event("reveal-module", "head")
    assert (view.selection, view.selection.kind, view.op) == ("head", "module", None)
    channel.event("clear")
    assert view.selection is None


def test_code_selects_and_pages_ask_where_the_view_is(view: View, channel: Channel) -> None:
    channel.says({"kind": "hello", "view": "p"})
    channel.ask("event", event={"type": "visit", "value": ""})
    view.selection = "k"
    assert channel.said("moved") == [{"kind": "moved", "besides": ""}]
    answer = channel.ask("event", event={"type": "redraw"}, at=None)
    assert answer["at"]["state"]["selection"] == ["op", "k"]
    assert any(
        one["data"].get("op") == "k" for one in answer["graph"]
    )  # the boxes around it are open
    view.selection = None
    assert view.selection is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("m", ("m", "op")),
        ("enc.att", ("enc.att", "module")),
        ("", ("", "module")),
        ("x", ("x", "value")),
        (["q", "k"], ('["q", "k"]', "ops")),
        (["q"], ("q", "op")),
    ],
)
def test_names_of_all_kinds(view: View, name: Any, meant: tuple[str, str]) -> None:
    view.selection = name
    assert (view.selection, view.selection.kind) == meant


def test_tags_and_the_things_themselves(view: View) -> None:
    graph = view.graph
    view.selection = graph.modules["enc.att"].tag
    assert view.selection == "enc.att"
    view.selection = graph.op("q")
    assert view.selection.ops == ("q",)
    view.selection = graph.modules["head"]
    assert (view.selection, view.selection.ops) == ("head", ())


def test_what_is_not_there_is_said_with_near_names(view: View) -> None:
    view.selection = "m"
    with pytest.raises(SelectionError, match=r"no op, module, input or output 'enc\.at'.*enc\.att"):
        view.selection = "enc.at"
    assert view.selection == "m"
    with pytest.raises(SelectionError, match=r"no module 'enc\.at' .*did you mean enc\.att"):
        view.open("enc.at")
    with pytest.raises(SelectionError, match="holds 1 to 500 ops"):
        view.selection = []


def test_what_may_be_two_things_is_asked_back() -> None:
    graph = tagged(scoped(parse("g (float[1] x) => (float[1] y) { y = Neg (x) }"), {"y": "y"}))
    with pytest.raises(SelectionError, match=r"'y' is an op and a module: say graph\.op\('y'\)"):
        resolve(graph, "y")
    assert resolve(graph, graph.op("y")).kind == "op"
    assert resolve(graph, graph.modules["y"]).kind == "module"


def test_boxes_open_and_close(view: View) -> None:
    session = view._session
    assert session is not None
    view.close("enc")
    assert "enc" not in session.at.state.view.open
    view.open("enc.att")
    assert {"enc", "enc.att"} <= session.at.state.view.open
    assert view.selection == "enc.att"
    view.open("enc.att")  # again changes nothing
    view.close("enc.att")
    assert "enc.att" not in session.at.state.view.open


def test_callbacks_hear_persons_and_code_until_they_are_ended(view: View, channel: Channel) -> None:
    heard: list[Any] = []
    stop = view.on_select(heard.append)
    channel.ask("event", event={"type": "visit", "value": ""})
    channel.event("reveal", "m")
    view.selection = "q"
    view.selection = "q"
    assert heard == ["m", "q"]
    stop()
    stop()
    view.selection = "k"
    assert heard == ["m", "q"]


def test_a_callback_that_fails_is_seen_by_who_clicked(
    view: View, channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    channel.ask("event", event={"type": "visit", "value": ""})
    view.on_select(lambda _: 1 / 0)
    channel.event("reveal", "m")
    assert "ZeroDivisionError" in caplog.text  # ipywidgets writes the traceback into its log
    assert "ZeroDivisionError" in channel.said("say")[0]["text"]
    assert view.selection == "m"  # and the click was answered
    assert channel.sent[-2][0]["kind"] == "answer"


def test_corrections_made_in_the_view_are_in_its_graph(view: View, channel: Channel) -> None:
    before = view.graph
    channel.ask("event", event={"type": "visit", "value": ""})
    answer = channel.event("move-ops", {"kind": "op", "what": "m", "to": "head"})
    assert answer["edited"]
    assert view.graph.op("m").module == "head"
    assert isinstance(view.graph, TaggedGraph)
    assert before.op("m").module == "enc.att"
    channel.event("undo")
    assert view.graph is before
    channel.event("redo")
    assert view.graph.op("m").module == "head"


def test_panels_are_answered(view: View, channel: Channel) -> None:
    at = channel.ask("event", event={"type": "visit", "value": ""})["at"]
    answer = channel.ask("panel", at=at, query="type:Mul")
    assert "1 op" in json.dumps(answer["parts"]["hits"])
    assert answer["marks"]["counts"] is not None
    assert "inspector" in answer["parts"]


def test_several_pages_of_a_view_follow_each_other(view: View, channel: Channel) -> None:
    for page in ("p", "q"):
        channel.says({"kind": "hello", "view": page})
    assert [one["view"] for one in channel.said("hello")] == ["p", "q"]
    channel.ask("event", event={"type": "visit", "value": ""})
    channel.sent.clear()
    channel.event("reveal", "m", page="p")
    assert channel.said("moved") == [{"kind": "moved", "besides": "p"}]
    channel.says({"kind": "left", "view": "q"})
    channel.sent.clear()
    channel.event("reveal", "k", page="p")
    assert channel.said("moved") == []


def test_the_page_is_sent_when_it_is_asked_for_and_is_no_state(
    view: View, channel: Channel
) -> None:
    channel.says({"kind": "page", "view": "p"})
    assert channel.sent[-1][1] == [notebook_page().content]
    assert len(notebook_page().content) < 250_000
    assert len(json.dumps(view.get_state(), default=str)) < 20_000


BAD_MESSAGES: list[Any] = [
    None,
    "hello",
    [],
    {},
    {"kind": "run", "view": "p", "code": "1"},
    {"kind": "hello", "view": "<b>"},
    {"kind": "event", "view": "p", "id": -1, "body": "{}"},
    {"kind": "event", "view": "p", "id": 1, "body": 5},
]


@pytest.mark.parametrize("content", BAD_MESSAGES)
def test_messages_that_do_not_fit_are_told_so(
    view: View, channel: Channel, content: Any, caplog: pytest.LogCaptureFixture
) -> None:
    channel.says(content)
    (told,) = channel.said("say")
    assert told["text"].startswith("That message cannot be understood")
    assert view.selection is None


BAD_REQUESTS: list[str] = [
    "",
    "[]",
    "{",
    '{"n": 1}',
    '{"n": 1, "event": {"type": "exec", "value": "1"}}',
    '{"n": 1, "event": {"type": "reveal", "value": 5}}',
    '{"n": 1, "event": {"type": "numbers", "value": "\ud800"}}',
]


@pytest.mark.parametrize("body", BAD_REQUESTS)
def test_requests_that_do_not_fit_are_refused(view: View, channel: Channel, body: str) -> None:
    channel.says({"kind": "event", "view": "p", "id": 1, "body": body})
    (told,) = channel.said("refused")
    assert told["text"].startswith("That request cannot be understood")


def test_what_the_graph_has_not_is_refused(view: View, channel: Channel) -> None:
    at = channel.ask("event", event={"type": "visit", "value": ""})["at"]
    wrong = {**at, "state": {**at["state"], "selection": ["op", "nothing"]}}
    refused = channel.ask("event", event={"type": "close-all"}, at=wrong)
    assert "no op 'nothing'" in refused["text"]
    refused = channel.ask("event", event={"type": "close-all"}, at={**at, "model": "f" * 64})
    assert "hexviz.compare" in refused["error"]
    assert "no op 'nothing'" in channel.ask("panel", at=wrong)["text"]


def test_what_nobody_expected_is_told_and_logged(
    view: View,
    channel: Channel,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(view._session, "answer_event", broken)
    channel.ask("event", event={"type": "visit", "value": ""})
    assert "ZeroDivisionError" in caplog.text
    assert channel.said("refused")[0]["text"].startswith("Something went wrong in hexviz")


def test_views_of_one_graph_share_what_is_made_of_it(view: View, graph: TaggedGraph) -> None:
    other = View(graph)
    assert other._session is not None
    assert view._session is not None
    assert other._session.base is view._session.base
    other.selection = "m"
    assert view.selection is None
    other.close()


def test_a_closed_view_says_so(view: View, channel: Channel) -> None:
    view.close()
    assert "closed" in channel.said("end")[0]["text"]
    assert repr(view) == "<hexviz view, closed>"
    with pytest.raises(SourceError, match="was closed: show the graph again"):
        _ = view.graph
    with pytest.raises(SourceError, match="was closed"):
        view.open("enc")
    channel.says({"kind": "event", "view": "p", "id": 1, "body": "{}"})
    assert channel.said("refused")
    view.close()


def test_a_cell_that_runs_again_closes_its_views_and_frees_them(
    graph: TaggedGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = place.Run("cell", "0")
    monkeypatch.setattr("hexviz.notebook.widget.current_run", lambda: run)
    kept: list[View] = []  # as IPython keeps whatever a cell has shown
    models: list[weakref.ref[Any]] = []
    for number in range(50):
        run = place.Run("cell", str(number))
        again = TaggedGraph.of(graph)  # a file that is opened anew
        first, second = View(again), View(again)
        for one in (first, second):
            one.selection = "m"
            assert one._session is not None
            models.append(weakref.ref(one._session.base))
        kept += [first, second]
        del again, first, second, one
    gc.collect()
    assert sum(model() is not None for model in models) == 2  # both of the last run, which share
    assert len(View._views) == 2
    run = place.Run("another cell", "51")
    other = View(graph)
    assert len(View._views) == 3
    for one in (*kept[-2:], other):
        one.close()
    assert not View._views


def test_without_closing_they_would_stay(graph: TaggedGraph) -> None:
    """The guard of the test before: views outlive the names that code had for them."""
    views = [View(TaggedGraph.of(graph)) for _ in range(3)]
    models = [weakref.ref(view._session.base) for view in views if view._session is not None]
    gc.collect()
    assert all(model() is not None for model in models)
    for view in views:
        view.close()
    gc.collect()
    assert all(model() is None for model in models)


def test_a_selection_is_a_name_that_says_what_it_names() -> None:
    import copy

    chosen = Selection("enc", "module")
    assert repr(chosen) == "Selection('enc', 'module')"
    assert copy.deepcopy(chosen).kind == "module"
    assert issubclass(SelectionError, HexvizError)
