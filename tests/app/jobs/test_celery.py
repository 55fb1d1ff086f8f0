"""Jobs of a team: a real Redis, real workers, and web servers that share a folder with them."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from hexviz.app.jobs import celery as shared
from hexviz.app.jobs.manager import job_manager
from hexviz.app.models.store import ModelStore
from hexviz.app.server import create_app
from hexviz.cache import Cache
from hexviz.errors import JobError
from tests.app.jobs.install_redis import find
from tests.app.jobs.orders import ENDLESS, QUICK, children, order
from tests.app.jobs.pages import ENDPOINT, Asked, wanting
from tests.serving import ignoring
from tests.waiting import finished, until

RUNNING = "Running the whole model and the part"


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Redis of these tests alone."""
    server = find()
    assert server, "no redis-server: make redis"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    folder = tmp_path_factory.mktemp("redis")
    with subprocess.Popen([*command, "--dir", str(folder)], stdout=subprocess.DEVNULL) as process:
        url = f"redis://127.0.0.1:{port}/0"
        client = redis.Redis.from_url(url)

        def answers() -> bool:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

        until(answers)
        yield url
        client.close()
        process.terminate()


@pytest.fixture
def start(queue: str) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start a worker; all end with the test."""
    started = []

    def worker() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "hexviz", "worker"],
            env=os.environ | {"HEXVIZ_JOBS": queue},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=ignoring(),  # noqa: PLW1509 - it says only which signals are ignored
        )
        started.append(process)
        assert process.stdout is not None
        assert "does the jobs" in process.stdout.readline()
        return process

    yield worker
    for process in started:
        process.kill()
        process.communicate()
    redis.Redis.from_url(queue).flushall()


class Web:
    """A web server's app in this process."""

    def __init__(self, queue: str) -> None:
        self.store = ModelStore(Cache())
        manager = job_manager(queue)
        self.client = create_app(self.store, manager=manager).server.test_client()

    def key(self, folder: Path, text: str) -> str:
        path = Path(order(folder, text)["source"]["path"])
        return self.store.add_upload(path.read_bytes(), path.name)


@pytest.fixture
def web(queue: str) -> Web:
    return Web(queue)


def running(asked: Asked) -> bool:
    assert asked.look() is None
    return RUNNING in asked.stages


def test_a_worker_does_what_a_page_asks_for(
    web: Web, queue: str, tmp_path: Path, start: Callable[[], subprocess.Popen[str]]
) -> None:
    start()
    key = web.key(tmp_path, QUICK)
    assert "verdict right" in json.dumps(Asked(web.client, wanting(key)).wait())
    # Any web server of the team answers, and gives out what the worker has made.
    other = Web(queue)
    asked = Asked(web.client, wanting(key, "part"))
    until(lambda: asked.ask(other.client) is not None or time.sleep(0.2))
    made = Asked(other.client, wanting(key, "part")).wait()
    with other.client.get(f"/part/{made['file']}") as answer:
        assert b'"verification": {"ok": true' in answer.data
    assert "No such" not in json.dumps(Asked(web.client, wanting("0" * 64)).wait())
    # Jobs of a model that lies elsewhere on the machine, as a web server was told at its start.
    file = Path(order(tmp_path, QUICK.replace("Neg", "Exp"))["source"]["path"])
    opened = Asked(web.client, wanting(web.store.add_file(file)))
    assert "verdict right" in json.dumps(opened.wait())
    # Nothing that is unpickled goes through Redis.
    stored = redis.Redis.from_url(queue)
    for name in stored.keys("celery-task-meta-*"):
        json.loads(stored.get(name))


def test_a_cancelled_job_ends_in_the_worker(
    web: Web, tmp_path: Path, start: Callable[[], subprocess.Popen[str]]
) -> None:
    worker = start()
    asked = Asked(web.client, wanting(web.key(tmp_path, ENDLESS)))
    until(lambda: running(asked))
    assert children(worker.pid)
    asked.cancel()
    until(lambda: not children(worker.pid))
    # The worker is as good as before.
    quick = Asked(web.client, wanting(web.key(tmp_path, QUICK)))
    assert "verdict right" in json.dumps(quick.wait())


def test_a_killed_job_and_a_killed_worker_are_told(
    web: Web,
    tmp_path: Path,
    start: Callable[[], subprocess.Popen[str]],
) -> None:
    worker = start()
    key = web.key(tmp_path, ENDLESS)
    asked = Asked(web.client, wanting(key))
    until(lambda: running(asked))
    (job,) = children(worker.pid)
    job.kill()
    assert "was killed (SIGKILL)" in json.dumps(asked.wait())

    again = Asked(web.client, wanting(key))
    until(lambda: running(again))
    (job,) = children(worker.pid)
    os.kill(worker.pid, signal.SIGKILL)
    until(lambda: not job.is_running())  # it ends with its worker
    assert "The worker that did this was killed" in json.dumps(again.wait())


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGHUP])
def test_a_worker_that_is_stopped_ends_its_jobs_and_says_so(
    web: Web, tmp_path: Path, start: Callable[[], subprocess.Popen[str]], by: signal.Signals
) -> None:
    worker = start()
    asked = Asked(web.client, wanting(web.key(tmp_path, ENDLESS)))
    until(lambda: running(asked))
    worker.send_signal(by)
    said, _ = finished(worker)
    assert worker.returncode == 0, said
    assert "Traceback" not in said
    assert not list(Cache().folder("jobs").glob("job-*"))
    assert "The worker that did this was stopped: try again." in json.dumps(asked.wait())


def test_without_a_worker_a_clear_line_comes(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_SILENCE", 1)
    monkeypatch.setattr(shared, "_DOUBT", 1.0)
    asked = Asked(web.client, wanting(web.key(tmp_path, QUICK)))
    assert "No worker answers" in json.dumps(asked.wait())


def test_what_a_job_tells_is_told_once(web: Web, queue: str) -> None:
    manager = shared.SharedManager(shared.celery_app(queue))
    client = redis.Redis.from_url(queue)
    client.set(manager._make_progress_key("key"), '["stage", 1.0]')
    client.close()
    assert manager.get_progress("key") == ["stage", 1.0]
    assert manager.get_progress("key") is None


def test_without_a_redis_a_clear_line_comes() -> None:
    with pytest.raises(JobError, match=r"No Redis answers at 127\.0\.0\.1:1/0"):
        job_manager("redis://user:secret@127.0.0.1:1/0")
    with pytest.raises(JobError, match="No Redis answers at nonsense"):
        job_manager("nonsense")


def test_what_waits_tells_nothing_of_the_person_and_is_limited(
    web: Web, queue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = web.key(tmp_path, QUICK)
    client = redis.Redis.from_url(queue)
    client.delete("hexviz")  # what earlier tests left waiting
    web.client.set_cookie("private", "of-a-person")
    Asked(web.client, wanting(key))
    (waiting,) = client.lrange("hexviz", 0, -1)
    body = base64.b64decode(json.loads(waiting)["body"])
    assert key.encode() in body
    assert b"of-a-person" not in body
    assert json.loads(waiting)["content-type"] == "application/json"
    monkeypatch.setattr(shared, "WAITING", 1)
    assert "Too many others wait" in json.dumps(Asked(web.client, wanting(key)).wait())
    client.delete("hexviz")
    client.close()


def test_a_worker_goes_on_when_the_queue_comes_back(
    queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    class Client:
        def set(self, name: str, *_: object, **__: object) -> None:
            said.append(name)
            if len(said) == 1:
                raise redis.ConnectionError("away")
            if len(said) == 3:
                raise KeyboardInterrupt

    celery = shared.celery_app(queue)
    monkeypatch.setattr(type(celery.backend), "client", Client())
    monkeypatch.setattr(shared, "_BEAT", 0.0)
    with pytest.raises(KeyboardInterrupt):
        shared.beat_for_ever(celery)
    assert said == ["hexviz-workers"] * 3


def test_a_queue_that_is_gone_is_a_clear_line(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = web.key(tmp_path, QUICK)

    class Gone:
        def __getattr__(self, name: str) -> Callable[..., None]:
            def gone(*_: object, **__: object) -> None:
                raise redis.ConnectionError("away")

            return gone

    monkeypatch.setattr(shared.SharedManager, "_redis", Gone())
    body = Asked.body(wanting(key))
    answer = web.client.post(ENDPOINT, json=body)
    assert (answer.status_code, answer.mimetype) == (503, "text/plain")
    assert answer.text.startswith("The queue of jobs does not answer")
