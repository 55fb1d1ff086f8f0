"""One person at the page for :mod:`benchmarks.soak`: what their browser sends, how long it takes.

Speaks to the server as the page's scripts do: events go to ``/event`` one after
the other, ``/panel`` answers what stands beside the graph, and between one thing
and the next a person looks and thinks.
"""

from __future__ import annotations

import base64
import http.client
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

__all__ = ["Person", "Timed"]

_THINKING = (0.7, 0.6)
"""Mean and deviation of the logarithm of seconds: two in the middle, a tenth above 4.3."""
_THINKING_BOUNDS = (0.3, 15.0)  # seconds

_TIMEOUT = 120.0  # seconds without an answer that count as an error
_POLLED = 0.3  # seconds between two looks at a job, as in the page

_WORDS = ("Mat", "MatMul", "type:Add", "aux:true", "origin:inherited", "encoder", "type:/^R/", "-")

# What a person does next, and how often out of a hundred times.
_HABITS = {
    "toggle": 28,
    "select": 22,
    "search": 12,
    "reveal": 6,
    "tick": 8,
    "table": 5,
    "colour": 4,
    "audit": 2,
    "edit": 4,
    "extract": 4,
    "upload": 1,
    "reload": 4,
}


@dataclass(frozen=True, slots=True)
class Timed:
    """One request: its kind, when it was sent (seconds since 1970), how long it took, its error."""

    kind: str
    at: float
    seconds: float
    error: str = ""


@dataclass
class Person:
    """Works with one model after the other until told to stop; ``files`` are names and contents.

    ``opened`` are the keys of the models that somebody has seen already, shared by all people.
    """

    number: int
    url: str
    models: list[str]
    files: list[tuple[str, bytes]]
    opened: set[str] = field(default_factory=set)
    timed: list[Timed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.number)  # noqa: S311 - nothing to guess
        self._host = urlsplit(self.url).netloc
        self._connection: http.client.HTTPConnection | None = None
        self._callbacks: dict[str, dict[str, Any]] = {}
        self._count = 0
        self._at: dict[str, Any] | None = None
        self._holds: dict[str, str] = {}
        self._model = ""
        self._nodes: list[dict[str, Any]] = []

    def work(self, is_over: Callable[[], bool]) -> None:
        """Open models and do what people do, until it is over."""
        self.load_page()
        while not is_over():
            self.visit(self._random.choice(self.models))
            for _ in range(self._random.randint(8, 25)):
                self._think()
                if is_over():
                    break
                habit = self._random.choices([*_HABITS], [*_HABITS.values()])[0]
                getattr(self, f"_{habit}")()

    # What goes over the wire

    def ask(self, kind: str, method: str, path: str, sent: object = None) -> Any:
        """One request and its answer: JSON if it is that, else bytes; ``None`` if it failed."""
        body = None if sent is None else json.dumps(sent).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        at, start = time.time(), time.perf_counter()
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(self._host, timeout=_TIMEOUT)
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            content = answer.read()
            status, is_json = answer.status, "json" in answer.getheader("Content-Type", "")
        except (OSError, http.client.HTTPException) as error:
            self._connection = None
            self._note(kind, at, start, f"{type(error).__name__}: {error}")
            return None
        if status not in (200, 204):
            self._note(kind, at, start, f"{status} {content[:200]!r}")
            return None
        self._note(kind, at, start)
        if not content:
            return {}
        return json.loads(content) if is_json else content

    def _note(self, kind: str, at: float, start: float, error: str = "") -> None:
        self.timed.append(Timed(kind, at, time.perf_counter() - start, error))

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()

    def event(self, kind: str, value: object = None) -> dict[str, Any]:
        """What a person did, and then what the page asks for once that is painted."""
        self._count += 1
        sent = {
            "n": self._count,
            "event": {"type": kind} | ({} if value is None else {"value": value}),
            "shown": self._model or None,
            "at": self._at,
        }
        named = f"event {kind}"
        if kind == "visit" and str(value).removeprefix("?model=") not in self.opened:
            named = "open"  # requests for the same model meanwhile wait for the same
        answer = self.ask(named, "POST", "/event", sent) or {}
        if kind == "visit" and "graph" not in answer:
            self.timed.append(Timed("event visit", time.time(), 0.0, str(answer)[:300]))
        if "graph" in answer:
            self._nodes = [one["data"] for one in answer["graph"] if "source" not in one["data"]]
        if "at" in answer:
            self._at = answer["at"]
            self._model = answer["at"]["model"]
            self.opened.add(self._model)
            self.panel()
        return answer

    def panel(self, query: str = "") -> dict[str, Any]:
        """What stands beside the graph, as far as the page does not hold it."""
        sent = {"n": self._count, "at": self._at, "holds": self._holds, "query": query}
        tab = self._at["state"]["tab"] if self._at else ""
        answer = self.ask(f"panel {tab}", "POST", "/panel", sent) or {}
        self._holds |= answer.get("holds", {})
        return answer

    def call(self, name: str, values: dict[str, Any], kind: str = "") -> Any:
        """Ask the callback that fills ``name``; ``values`` are by component."""
        told = self._callbacks[name]
        pick = [
            [
                one | {"value": values.get(f"{one['id']}.{one['property']}", values.get(one["id"]))}
                for one in told[part]
            ]
            for part in ("inputs", "state")
        ]
        sent = {
            "output": told["output"],
            "outputs": _outputs(told["output"]),
            "inputs": pick[0],
            "state": pick[1],
            "changedPropIds": [f"{one['id']}.{one['property']}" for one in told["inputs"]][:1],
        }
        path = "/_dash-update-component"
        answer = self.ask(kind or f"callback {name}", "POST", path, sent)
        # A background callback answers with its job, and then when it is done.
        while isinstance(answer, dict) and "job" in answer and "response" not in answer:
            time.sleep(_POLLED)
            query = urlencode({"cacheKey": answer["cacheKey"], "job": answer["job"]})
            more = self.ask("job poll", "POST", f"{path}?{query}", sent)
            if more is None:
                return None
            answer = more if "response" in more else answer
        return answer

    def load_page(self) -> None:
        """Fetch the page, and learn which callbacks there are."""
        for path in ("/", "/_dash-layout"):
            self.ask("page", "GET", path)
        for told in self.ask("page", "GET", "/_dash-dependencies"):
            if told["clientside_function"] is None:
                first = told["output"].strip(".").partition("...")[0]
                self._callbacks.setdefault(first.partition(".")[0], told)

    # What a person does

    def visit(self, key: str) -> None:
        """Open a model by its link."""
        self.leave()
        self.event("visit", f"?model={key}")

    def leave(self) -> None:
        """Forget the model on the page, as a new tab."""
        self._at, self._holds, self._model = None, {}, ""

    def _reload(self) -> None:
        self.visit(self._model or self.models[0])

    def _think(self) -> None:
        low, high = _THINKING_BOUNDS
        time.sleep(min(max(self._random.lognormvariate(*_THINKING), low), high))

    def one(self, *kinds: str) -> dict[str, Any] | None:
        """One of the nodes on the page of these kinds."""
        found = [one for one in self._nodes if one["kind"] in kinds]
        return self._random.choice(found) if found else None

    def _toggle(self) -> None:
        box = self.one("module")
        if box is not None:
            self.event("toggle", box["id"].removeprefix("m:"))

    def _select(self) -> None:
        op = self.one("op")
        if op is not None:
            self.event("op", op["op"])

    def _search(self) -> None:
        query = self._random.choice(_WORDS)
        for end in sorted({min(3, len(query)), len(query)}):  # the page waits for a pause in typing
            self.panel(query[:end])

    def _reveal(self) -> None:
        self.event("search", self._random.choice(_WORDS[:3]))

    def _table(self) -> None:
        self.event("tab", "ops")

    def _audit(self) -> None:
        self.event("tab", "audit")

    def _colour(self) -> None:
        self.event("colour", self._random.choice(["origin", "rule", "confidence", "module"]))

    def _edit(self) -> None:
        op, to = self.one("op"), self.one("module")
        if op is None or to is None:
            return
        answer = self.event("move-ops", {"kind": "op", "what": op["op"], "to": to["fqn"]})
        if answer.get("edited") and self._random.random() < 0.5:
            self._think()
            self.event("undo")

    def _tick(self) -> bool:
        module = self.one("module")
        if module is None or self._at is None:
            return False
        if self._at["state"]["tab"] != "extract":
            self.event("tab", "extract")
        self.event("keep", module["fqn"] or "/")
        return bool(self._at["state"]["choice"]["selected"]["modules"])

    def _extract(self) -> None:
        if not self._tick():
            return
        self._think()
        extract(self, self._random.choice(["part", "report", "verify"]))

    def _upload(self) -> None:
        name, content = self._random.choice(self.files)
        # As another file of the same graph: content of its own, in the producer's version.
        version = f"{self.number}-{self._count}".encode()
        key = self.send_file(name, content + b"\x1a" + bytes([len(version)]) + version)
        if key:
            self.visit(key)

    def send_file(self, name: str, content: bytes) -> str:
        """Upload a file; returns its key, "" if that failed."""
        told = "data:application/octet-stream;base64," + base64.b64encode(content).decode()
        values = {"upload": told, "upload.filename": name}
        answer = self.call("uploaded", values, "upload")
        found: str = (answer or {}).get("response", {}).get("uploaded", {}).get("data", "")
        return found


def extract(person: Person, task: str) -> None:
    """Have a part made or verified, and take it away: a background job, and then a download."""
    query = person.panel()["extract"]["query"]
    wanted = {"task": task, "model": person._model, "part": query, "n": person._count}
    at, start = time.time(), time.perf_counter()
    answer = person.call("part-made", {"part-wanted": wanted}, "job start")
    made = (answer or {}).get("response", {}).get("part-made", {}).get("data") or {}
    person.timed.append(Timed(f"job {task}", at, time.perf_counter() - start))
    if "error" in made:
        person.timed.append(Timed(f"refused {task}", at, 0.0))
    if "file" in made:
        person.ask("part download", "GET", f"/part/{made['file']}")


def _outputs(told: str) -> object:
    def one(output: str) -> dict[str, str]:
        component, _, prop = output.rpartition(".")
        return {"id": component, "property": prop}

    if told.startswith(".."):
        return [one(output) for output in told.strip(".").split("...")]
    return one(told)
