"""Long work on large models is done one by one; nothing on a small one waits for it."""

import threading

import pytest

from hexviz.app.models.long_work import one_by_one
from hexviz.model.graph import TaggedGraph
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped, tagged


@pytest.fixture(scope="module")
def graph() -> TaggedGraph:
    return tagged(scoped(parse(NET), SCOPES))


def is_let_in(graph: TaggedGraph, large: int = 1) -> bool:
    """Whether another thread can work on the graph now."""
    entered = threading.Event()

    def work() -> None:
        with one_by_one(graph, large):
            entered.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(0.2)
    return entered.is_set()


def test_work_on_a_large_model_waits_for_other_work(graph: TaggedGraph) -> None:
    with one_by_one(graph, 1):
        with one_by_one(graph, 1):  # a part of it waits for nobody
            pass
        assert not is_let_in(graph)
    assert is_let_in(graph)


def test_an_error_lets_others_in(graph: TaggedGraph) -> None:
    with pytest.raises(ValueError, match="no"), one_by_one(graph, 1):
        raise ValueError("no")
    assert is_let_in(graph)


def test_work_on_a_small_model_waits_for_nobody(graph: TaggedGraph) -> None:
    with one_by_one(graph, len(graph.ops)):
        assert is_let_in(graph, len(graph.ops) + 1)
