"""A server is killed and started again: the same links show the same, whatever they lead to."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.soak_person import Person
from hexviz.bench.synthetic import synthetic
from tests.serving import Server


@contextmanager
def running(cache: Path, *arguments: str) -> Iterator[Person]:
    """The real command, and somebody at its page; it is killed at the end, without a warning."""
    server = Server(None, cache, *arguments)
    try:
        person = Person(0, server.url, [], [])
        person.load_page()
        yield person
        person.close()
    finally:
        server.kill()


def shown(person: Person, query: str) -> dict[str, str]:
    """All that a visit puts on the page."""
    person.leave()
    answer = person.event("visit", query)
    assert "graph" in answer, answer
    return {name: json.dumps(answer[name], sort_keys=True) for name in answer if name != "n"}


def first_key(person: Person) -> str:
    """The key of the model that the server was started with."""
    return str(person.event("visit", "?model=")["at"]["model"])


def refused(person: Person, query: str) -> str:
    person.leave()
    answer = person.event("visit", query)
    assert "graph" not in answer
    return str(answer["error"])


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A file to start with, one that was exported, one in a root, one anywhere else."""
    places = {
        "first": tmp_path / "first.onnx",
        "export": tmp_path / "cache" / "hexviz" / "exports" / "sample.onnx",
        "root": tmp_path / "models" / "deep" / "root.onnx",
        "other": tmp_path / "other" / "other.onnx",
    }
    for at, path in enumerate(places.values()):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(synthetic(100 + 50 * at, "metadata"))
    return places


def test_links_outlive_a_server_that_is_killed(tmp_path: Path, files: dict[str, Path]) -> None:
    cache, roots = tmp_path / "cache", ("--root", str(tmp_path / "models"))
    keys = {}
    for name in ("export", "root", "other"):  # each was named to some server once
        with running(cache, str(files[name])) as person:
            keys[name] = first_key(person)
    with running(cache, str(files["first"]), *roots) as person:
        keys["first"] = first_key(person)
        keys["upload"] = person.send_file("sent.onnx", synthetic(400, "names"))
        for name in ("root", "upload"):
            shown(person, f"?model={keys[name]}")
            op = person.one("op")
            assert op is not None
            answer = person.event(
                "move-ops", {"kind": "op", "what": op["op"], "to": "encoder.layer.0"}
            )
            keys[f"edit of {name}"] = answer["at"]["model"]
        part = "&tab=extract&keep=encoder.layer.0.attention&open=encoder"
        links = {
            f"{name}{more}": f"?model={key}{more}"
            for name, key in keys.items()
            for more in ("", "&op=v1&colour=origin", part)
            if name != "other"
        }
        before = {name: shown(person, link) for name, link in links.items()}
        assert "may not open other.onnx again" in refused(person, f"?model={keys['other']}")
    with running(cache, str(files["first"]), *roots) as person:
        for name, link in links.items():
            again = shown(person, link)
            assert [one for one in again if again[one] != before[name].get(one)] == [], name
        assert "may not open other.onnx again" in refused(person, f"?model={keys['other']}")
    with running(cache) as person:
        assert shown(person, links["export"]) == before["export"]
        assert shown(person, links["edit of upload"]) == before["edit of upload"]
        for name in ("first", "root", "edit of root"):
            assert "may not open" in refused(person, f"?model={keys[name]}")
