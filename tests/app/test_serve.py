"""A server ends when it is told to, however it was started, and leaves nothing of what it did."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from benchmarks.soak_person import Person
from tests.app.jobs.orders import ENDLESS, children, order
from tests.app.jobs.pages import ENDPOINT, Asked, wanting
from tests.serving import SIGNALS, Server, ignoring
from tests.waiting import until


@pytest.mark.parametrize(
    ("by", "ignored"),
    [
        *((by, ()) for by in SIGNALS),
        (signal.SIGTERM, SIGNALS),
    ],
    ids=["SIGTERM", "SIGHUP", "SIGINT", "SIGTERM where all were ignored"],
)
def test_a_server_that_is_stopped_leaves_no_job_and_no_word(
    tmp_path: Path, by: signal.Signals, ignored: tuple[signal.Signals, ...]
) -> None:
    source, cache = Path(order(tmp_path, ENDLESS)["source"]["path"]), tmp_path / "cache"
    server = Server(source, cache, before=ignoring(*ignored))
    person = Person(0, server.url, [], [])
    key = person.event("visit", "?model=")["at"]["model"]
    person.ask("job", "POST", ENDPOINT, Asked.body(wanting(key)))
    until(lambda: children(server.process.pid))
    (job,) = children(server.process.pid)
    assert server.stop(by) == ""
    assert server.process.returncode == 0
    assert not job.is_running()
    assert not list((cache / "hexviz" / "jobs").glob("job-*"))
    person.close()


def test_what_was_ignored_at_the_start_stays_ignored(tmp_path: Path) -> None:
    """Else ``nohup`` were of no use."""
    server = Server(None, tmp_path, before=ignoring(signal.SIGINT, signal.SIGHUP))
    for one in (signal.SIGINT, signal.SIGHUP):
        server.process.send_signal(one)
    person = Person(0, server.url, [], [])
    person.load_page()
    assert [one.error for one in person.timed if one.error] == []
    person.close()
    server.stop()
    assert server.process.returncode == 0
