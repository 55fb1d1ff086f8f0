"""The tour: every stop is a place that can be shown, and says what is so of this model."""

from collections.abc import Callable

import onnx
import pytest
from hypothesis import given, settings

from hexviz.app.address import from_query, to_query
from hexviz.app.graph.picture import draw
from hexviz.app.graph.tour import card, stops
from hexviz.app.models.store import OpenModel
from hexviz.app.protocol import EventAnswer, ExtractChoice, PageState
from hexviz.exporters.interface import Exported
from hexviz.extraction.selection import ModuleSelection
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from tests.app.steps import move, wired
from tests.build import tagged
from tests.tagging.random_graphs import models


@pytest.fixture
def bert(exported: Callable[..., Exported]) -> OpenModel:
    one = exported("bert-tiny")
    return OpenModel("0" * 64, tag(from_proto(one.proto, name="bert"), modules=one.modules))


def test_it_tells_what_the_model_is_how_it_is_built_and_what_is_wrong(bert: OpenModel) -> None:
    told = {stop.title: stop.text for stop in stops(bert)}
    assert list(told) == [
        "What it is",
        "How it is built",
        "How the tags are known",
        "Where auxiliary ops come from",
        "Made once, used by many",
        "What the audit found",
        "Go on from here",
    ]
    assert told["What it is"].startswith("BertModel: 256 ops in 47 modules and 4,385,920 param")
    assert told["How it is built"] == (
        "BertLayer comes 2 times; the first is /BertModel/BertEncoder/BertLayer.0, with 3 modules "
        "directly in it."
    )
    assert told["How the tags are known"].startswith("The colours say it: 256 declared.")
    assert "190 ops only prepare shapes" in told["Where auxiliary ops come from"]
    assert told["What the audit found"].startswith("No tag contradicts what is around its op")


def test_one_goes_on_back_and_out(bert: OpenModel) -> None:
    state = move(bert, PageState(redo=("a",)), "tour", "start")
    assert (state.tour, state.redo) == (0, ("a",))
    assert move(bert, state, "tour", "back").tour == 0
    seen = [state]
    for _ in range(9):
        seen.append(move(bert, seen[-1], "tour", "next"))
    assert [one.tour for one in seen] == [0, 1, 2, 3, 4, 5, 6, 6, 6, 6]
    assert "'Done'" in str(card(bert, seen[-1]))
    assert move(bert, seen[3], "tour", "end").tour == -1
    assert move(bert, seen[3], "escape", None).tour == -1
    assert move(bert, seen[3], "tour", "start").tour == 0
    assert move(bert, seen[3], "tour", "end").tour == -1
    assert card(bert, PageState()) == []
    choice = ExtractChoice(ModuleSelection(frozenset({"encoder.layer.0"})))
    assert move(bert, PageState(choice=choice), "tour", "start").choice == choice


def test_a_stop_is_in_the_address(bert: OpenModel) -> None:
    state = move(bert, move(bert, PageState(), "tour", "start"), "tour", "next")
    assert from_query(to_query(bert.key, state), bert).tour == 1
    assert wired(state) == state
    for nonsense in ("x", "-1", "1" * 20):
        assert from_query(f"?tour={nonsense}", bert).tour == -1
    assert card(bert, PageState(tour=99)) == []


@settings(deadline=None, max_examples=15)
@given(models())
def test_every_stop_can_be_shown(proto: onnx.ModelProto) -> None:
    model = OpenModel("0" * 64, tagged(proto))
    for stop in stops(model):
        assert stop.text.endswith(".")
        answer = EventAnswer(n=0)
        draw(answer, model, None, stop.state, "light")
        assert answer.graph
        kind, what = stop.state.selection
        assert kind != "op" or what in model.graph.positions
