"""Long work on large models is done in turn; nothing on a small one waits for it."""

import threading

import pytest

from hexviz.app.models import long_work as turns
from hexviz.app.models.long_work import taking_turns
from hexviz.model.graph import TaggedGraph
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped, tagged


@pytest.fixture(scope="module")
def graph() -> TaggedGraph:
    return tagged(scoped(parse(NET), SCOPES))


def is_let_in(graph: TaggedGraph) -> bool:
    """Whether another thread can work on the graph now."""
    entered = threading.Event()

    def work() -> None:
        with taking_turns(graph):
            entered.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(0.2)
    return entered.is_set()


def test_work_on_a_large_model_waits_for_its_turn(
    graph: TaggedGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_LARGE", 1)
    with taking_turns(graph):
        with taking_turns(graph):  # a part of it waits for nobody
            pass
        assert not is_let_in(graph)
    assert is_let_in(graph)


def test_a_turn_ends_with_an_error(graph: TaggedGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_LARGE", 1)
    with pytest.raises(ValueError, match="no"), taking_turns(graph):
        raise ValueError("no")
    assert is_let_in(graph)


def test_work_on_a_small_model_waits_for_nobody(
    graph: TaggedGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_LARGE", len(graph.ops))
    with taking_turns(graph):
        monkeypatch.setattr(turns, "_LARGE", len(graph.ops) + 1)
        assert is_let_in(graph)
