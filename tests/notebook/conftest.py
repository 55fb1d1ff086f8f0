from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from hexviz.api import TaggedGraph
from hexviz.notebook.widget import View
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped, tagged


@pytest.fixture
def graph() -> TaggedGraph:
    """A small graph with a tree three levels deep."""
    return TaggedGraph.of(tagged(scoped(parse(NET), SCOPES)))


@pytest.fixture(autouse=True)
def nothing_open() -> Iterator[None]:
    """Close what a test left open: views know of each other."""
    yield
    for view in tuple(View._views):
        view.close()


class Channel:
    """A view without a kernel: what it sends, and what a page would send it."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        self._n = 0
        self.view.send = lambda content, buffers=(): self.sent.append((content, list(buffers)))

    def says(self, content: Any) -> None:
        """Let a page send something."""
        self.view._handle_custom_msg(content, [])

    def said(self, kind: str) -> list[dict[str, Any]]:
        """What was sent of a kind."""
        return [content for content, _ in self.sent if content["kind"] == kind]

    def ask(self, kind: str, page: str = "p", **request: Any) -> dict[str, Any]:
        """The answer to a request, or the refusal."""
        self._n += 1
        body = json.dumps({"n": self._n, **request})
        self.says({"kind": kind, "view": page, "id": self._n, "body": body})
        content, buffers = next(one for one in reversed(self.sent) if one[0].get("id") == self._n)
        assert content["view"] == page
        return json.loads(buffers[0]) if content["kind"] == "answer" else content

    def event(self, kind: str, value: Any = None, page: str = "p") -> dict[str, Any]:
        """The answer to what a person does."""
        event = {"type": kind} if value is None else {"type": kind, "value": value}
        session = self.view._session
        assert session is not None
        at = json.loads(json.dumps(_at(session)))
        return self.ask("event", page, event=event, at=at, shown=session.at.model)


def _at(session: Any) -> Any:
    import msgspec

    return msgspec.to_builtins(session.at)


@pytest.fixture
def view(graph: TaggedGraph) -> Iterator[View]:
    found = View(graph)
    yield found
    found.close()


@pytest.fixture
def channel(view: View) -> Channel:
    return Channel(view)
