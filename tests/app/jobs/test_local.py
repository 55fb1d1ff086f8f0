"""Jobs of one machine, asked for as a page does."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hexviz.app.jobs import child, local
from hexviz.app.jobs.local import LocalManager
from hexviz.app.models.store import ModelStore
from hexviz.app.server import create_app
from hexviz.cache import Cache
from hexviz.errors import ExportError, WriteError
from tests.app.jobs.orders import ENDLESS, QUICK, children, order
from tests.app.jobs.pages import Asked, wanting
from tests.waiting import until

RUNNING = "Running the whole model and the part"


class Server:
    """A web server's app in this process, with a folder of its own."""

    def __init__(self, folder: Path, store: ModelStore) -> None:
        self.manager = LocalManager(folder)
        self.store = store
        self.client: FlaskClient = create_app(store, manager=self.manager).server.test_client()

    def key(self, folder: Path, text: str) -> str:
        path = Path(order(folder, text)["source"]["path"])
        return self.store.add_upload(path.read_bytes(), path.name)


@pytest.fixture
def server(tmp_path: Path, store: ModelStore) -> Iterator[Server]:
    (tmp_path / "jobs").mkdir()
    found = Server(tmp_path / "jobs", store)
    yield found
    found.manager.close()
    until(lambda: not children())


def running(asked: Asked) -> bool:
    asked.look()
    return RUNNING in asked.stages


def test_a_verdict_comes_with_progress(server: Server, tmp_path: Path) -> None:
    asked = Asked(server.client, wanting(server.key(tmp_path, QUICK)))
    assert "verdict right" in json.dumps(asked.wait())


def test_a_part_is_fetched_by_its_digest(server: Server, tmp_path: Path) -> None:
    made = Asked(server.client, wanting(server.key(tmp_path, QUICK), "part")).wait()
    assert made["n"] == 1
    answer = server.client.get(f"/part/{made['file']}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    answer.close()
    for other in ("0" * 64 + ".onnx", "..%2fjobs%2fcache.db", "cache.db"):
        assert server.client.get(f"/part/{other}").status_code == 404


def test_what_makes_no_sense_is_a_clear_line_or_nothing(server: Server, tmp_path: Path) -> None:
    key = server.key(tmp_path, QUICK)
    for wanted in (wanting("0" * 64), wanting("../" + key)):
        assert "error" in Asked(server.client, wanted).wait()
    nothing = Asked(server.client, wanting(key, part="keep=nowhere")).wait()
    assert "The selection holds no op" in json.dumps(nothing)
    for task in ("export", "os.system", "__init__"):
        assert Asked(server.client, wanting(key, task)).wait() == {}
    assert not children()


def test_two_people_who_ask_for_the_same_are_both_answered(server: Server, tmp_path: Path) -> None:
    wanted = wanting(server.key(tmp_path, QUICK))
    both = [Asked(server.client, wanted), Asked(server.client, wanted)]
    assert both[0].handles != both[1].handles
    assert all("verdict right" in json.dumps(one.wait()) for one in both)


def test_a_cancelled_job_is_gone(server: Server, tmp_path: Path) -> None:
    asked = Asked(server.client, wanting(server.key(tmp_path, ENDLESS)))
    until(lambda: running(asked))
    asked.cancel()
    until(lambda: not children())


def test_a_killed_job_is_told(server: Server, tmp_path: Path) -> None:
    asked = Asked(server.client, wanting(server.key(tmp_path, ENDLESS)))
    until(lambda: running(asked))
    (job,) = children()
    job.kill()
    assert "was killed (SIGKILL)" in json.dumps(asked.wait())


def test_a_job_that_no_page_asks_for_any_more_is_stopped(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(server.client, wanting(server.key(tmp_path, ENDLESS)))
    until(lambda: running(asked))
    monkeypatch.setattr(local, "ABANDONED", 0.5)
    until(lambda: not children())


def test_what_a_restarted_server_knows_nothing_of_is_told(server: Server, tmp_path: Path) -> None:
    asked = Asked(server.client, wanting(server.key(tmp_path, ENDLESS)))
    until(lambda: running(asked))
    again = Server(tmp_path / "jobs", server.store)
    assert "The server was started anew" in json.dumps(asked.ask(again.client))


def test_a_handle_that_was_not_given_out_does_nothing(server: Server, tmp_path: Path) -> None:
    asked = Asked(server.client, wanting(server.key(tmp_path, ENDLESS)))
    until(lambda: running(asked))
    name, _, _ = asked.handles["job"].partition("~")
    right, asked.handles["job"] = asked.handles["job"], f"{name}~{'0' * 64}"
    asked.cancel()
    (job,) = children()
    asked.handles["job"] = right
    assert asked.look() is None
    assert job.is_running()


def test_jobs_wait_for_each_other(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, other = server.key(tmp_path, ENDLESS), server.key(tmp_path, QUICK)
    first = [Asked(server.client, wanting(key)) for _ in range(local.SLOTS)]
    until(lambda: len(children()) == local.SLOTS)
    waiting = Asked(server.client, wanting(other))
    until(lambda: waiting.look() is None and "Waiting for others to finish" in waiting.stages)
    assert len(children()) == local.SLOTS
    monkeypatch.setattr(local, "WAITING", 0)
    refused = Asked(server.client, wanting(other)).wait()
    assert "Too many others wait" in json.dumps(refused)
    first[0].cancel()
    assert "verdict right" in json.dumps(waiting.wait())


def test_answers_of_two_apps_in_a_process_do_not_mix(server: Server, tmp_path: Path) -> None:
    """Dash knows callbacks by their source, which is the same in both."""
    (tmp_path / "other").mkdir()
    other = Server(tmp_path / "other", ModelStore(Cache(tmp_path / "other")))
    key = server.key(tmp_path, QUICK)
    assert "verdict right" in json.dumps(Asked(server.client, wanting(key)).wait())
    assert "error" in Asked(other.client, wanting(key)).wait()


def test_a_failed_export_hands_on_its_line_and_the_end_of_its_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(*_: object) -> dict[str, object]:
        raise ExportError("It failed.", log="early " * 10_000 + "the cause")

    monkeypatch.setattr(child, "TASKS", {"export": failing})
    result = child.done("export", {}, io.StringIO())
    assert result["error"] == "It failed."
    assert result["log"].endswith("the cause")
    assert len(result["log"]) == 20_000


def test_what_a_job_tells_while_it_is_looked_at_is_told_next_time(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a page shows the stage before for as long as the next one lasts."""
    kept = server.manager.handle
    name = server.manager._make_progress_key("key")
    later = [["next", 2.0]]

    def then_more(read: Callable[..., object]) -> Callable[..., object]:
        def reading(*arguments: object, **options: object) -> object:
            found = read(*arguments, **options)
            if later:
                kept.set(name, later.pop())
            return found

        return reading

    kept.set(name, ["first", 1.0])
    for read in ("get", "pop"):
        monkeypatch.setattr(kept, read, then_more(getattr(kept, read)))
    assert server.manager.get_progress("key") == ["first", 1.0]
    assert server.manager.get_progress("key") == ["next", 2.0]
    assert server.manager.get_progress("key") is None


def test_what_is_kept_is_json_and_for_the_owner_alone(server: Server, tmp_path: Path) -> None:
    server.manager.handle.set("a", {"plain": [1]})
    assert server.manager.handle.get("a") == {"plain": [1]}
    with pytest.raises(TypeError):
        server.manager.handle.set("b", object())


def test_an_answer_that_cannot_be_kept_is_told_as_that(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    asked = Asked(server.client, wanting(server.key(tmp_path, QUICK)))
    monkeypatch.setattr(server.manager.handle, "set", full)
    assert "could not be kept" in json.dumps(asked.wait())


def test_damaged_answers_are_made_anew(server: Server, tmp_path: Path, store: ModelStore) -> None:
    key = server.key(tmp_path, QUICK)
    server.manager.handle.close()
    (tmp_path / "jobs" / "cache.db").write_bytes(b"no database at all, but long enough" * 200)
    again = Server(tmp_path / "jobs", store)
    assert "verdict right" in json.dumps(Asked(again.client, wanting(key)).wait())


def test_a_folder_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(local.diskcache, "Cache", full)
    with pytest.raises(WriteError, match=r"Cannot use the cache folder .*unable to open"):
        LocalManager(tmp_path)


def test_what_signs_outlives_all_answers(tmp_path: Path) -> None:
    first = LocalManager(tmp_path)
    secret = first.get_or_create_signing_secret(lambda: b"one")
    first.handle.clear()
    assert LocalManager(tmp_path).get_or_create_signing_secret(lambda: b"two") == secret
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0
