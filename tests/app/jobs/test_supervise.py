"""Jobs that end well, are stopped, die, or lose their supervisor; nothing of them stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from hexviz.app.jobs.results import Results
from hexviz.app.jobs.supervise import sweep
from hexviz.model.reader import digest
from tests.app.jobs.orders import ENDLESS, GREEDY, QUICK, children, do, order
from tests.waiting import CEILING, until

RUNNING = "Running the whole model and the part"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the jobs of a test have their scratch."""
    (tmp_path / "jobs").mkdir()
    return tmp_path / "jobs"


@pytest.fixture(autouse=True)
def _nothing_stays(folder: Path) -> Any:
    yield
    assert not children()
    assert list(folder.iterdir()) == []


def test_a_job_tells_how_far_it_is_and_what_came_out(folder: Path, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    result = do(folder, "verify", order(tmp_path, QUICK), report=told.append)
    assert result["verification"]["ok"]
    assert [stage for stage, _ in told] == ["Opening the model", RUNNING]
    assert [percent for _, percent in told] == sorted(percent for _, percent in told)


def test_a_part_is_a_file_by_its_digest_and_says_that_it_was_verified(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    told = order(tmp_path, QUICK)
    part = do(folder, "part", told)
    path = Results().path(part["file"])
    assert path is not None
    assert digest(path.read_bytes()) == path.stem
    assert part["name"] == "net-part.onnx"
    assert b'"verification": null' in path.read_bytes()
    do(folder, "verify", told)
    again = Results().path(do(folder, "part", told)["file"])
    assert again is not None
    assert b'"verification": {"ok": true' in again.read_bytes()
    other = do(folder, "report", {**told, "part": "keep=net&policy=include_all"})
    report = Results().path(other["file"])
    assert report is not None
    assert json.loads(report.read_text())["verification"] is None


def test_what_a_person_meets_is_the_error_itself(folder: Path, tmp_path: Path) -> None:
    told = order(tmp_path, QUICK, part="keep=nothing")
    assert do(folder, "part", told)["error"].startswith("The selection holds no op")
    told["source"]["digest"] = "0" * 64
    assert do(folder, "part", told)["error"].startswith("net.onnx has changed")


def test_a_model_that_never_ends_is_stopped(folder: Path, tmp_path: Path) -> None:
    result = do(folder, "verify", order(tmp_path, ENDLESS), seconds=4)
    assert result["error"] == "It took more than 4 seconds, and was stopped."


def test_a_model_that_takes_all_memory_is_stopped(folder: Path, tmp_path: Path) -> None:
    result = do(folder, "verify", order(tmp_path, GREEDY), memory=1 << 30)
    assert result["error"].startswith("It took more than 1.1 GB of memory, and was stopped")


def test_a_job_that_nobody_wants_any_more_is_stopped(folder: Path, tmp_path: Path) -> None:
    stages: list[str] = []
    result = do(
        folder,
        "verify",
        order(tmp_path, ENDLESS),
        report=lambda told: stages.append(told[0]),
        wanted=lambda: RUNNING not in stages,
    )
    assert result == {"error": "It was cancelled.", "cancelled": True}


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_that_is_killed_is_told_as_that(
    folder: Path, tmp_path: Path, by: signal.Signals
) -> None:
    def kill(told: tuple[str, float]) -> None:
        if told[0] == RUNNING:
            (job,) = children()
            job.send_signal(by)

    result = do(folder, "verify", order(tmp_path, ENDLESS), report=kill)
    assert result["error"].startswith(f"The process that worked on this was killed ({by.name})")


def test_a_job_that_fails_leaves_its_traceback_in_the_log_alone(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    result = do(folder, "verify", {"nothing": "told"})
    assert result["error"] == (
        "The process that worked on this failed (exit code 1): see the server's log."
    )
    assert "KeyError: 'source'" in caplog.text


SUPERVISOR = """
import json, sys
from pathlib import Path
from tests.app.jobs.orders import do
folder, told = Path(sys.argv[1]), json.loads(sys.argv[2])
do(folder, "verify", told, report=lambda one: print(one[0], flush=True))
"""


def test_a_job_whose_supervisor_is_killed_ends_and_is_swept_away(
    folder: Path, tmp_path: Path
) -> None:
    told = json.dumps(order(tmp_path, ENDLESS))
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(folder), told], stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        until(lambda: RUNNING in supervisor.stdout.readline())  # type: ignore[union-attr]
        (job,) = children(supervisor.pid)
        sweep(folder)
        assert list(folder.iterdir()), "what is in use stays"
        os.kill(supervisor.pid, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(job.pid) or job.status() == psutil.STATUS_ZOMBIE)
    assert list(folder.iterdir())
    sweep(folder)


def test_several_jobs_at_once_do_not_meet(folder: Path, tmp_path: Path) -> None:
    results: dict[str, Any] = {}

    def one(text: str, seconds: float) -> None:
        results[text] = do(folder, "verify", order(tmp_path, text), seconds=seconds)

    threads = [
        threading.Thread(target=one, args=pair) for pair in ((QUICK, CEILING), (ENDLESS, 5.0))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results[QUICK]["verification"]["ok"]
    assert "was stopped" in results[ENDLESS]["error"]


@pytest.fixture
def stubborn(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let a script of a test do the jobs."""

    def instead(script: str) -> None:
        start = subprocess.Popen

        def popen(_: object, **options: Any) -> subprocess.Popen[bytes]:
            return start([sys.executable, "-c", script], **options)

        monkeypatch.setattr("hexviz.app.jobs.supervise.subprocess.Popen", popen)

    return instead


def test_a_job_that_does_not_listen_is_stopped(
    folder: Path, stubborn: Callable[[str], None]
) -> None:
    stubborn("import time; time.sleep(1e6)")
    result = do(folder, "verify", {"long": "x" * 1_000_000}, seconds=1)
    assert "was stopped" in result["error"]


def test_a_job_that_prints_without_end_is_stopped(
    folder: Path, stubborn: Callable[[str], None]
) -> None:
    stubborn("import sys\nwhile True: sys.stderr.write('x' * 1_000_000)")
    assert do(folder, "verify", {})["error"] == "It printed without end, and was stopped."


def test_what_is_left_of_a_job_does_not_hold_up_its_supervisor(
    folder: Path, tmp_path: Path, stubborn: Callable[[str], None]
) -> None:
    # A grandchild in a session of its own that keeps the pipe open.
    left = tmp_path / "left"
    stubborn(
        "import os, time\nif not os.fork():\n    os.setsid()\n"
        f"    open({str(left)!r}, 'w').write(str(os.getpid()))\n    time.sleep(1e6)"
    )
    assert "error" in do(folder, "verify", {}, seconds=2)
    until(lambda: left.exists() and left.read_text())
    grandchild = psutil.Process(int(left.read_text()))
    assert grandchild.status() != psutil.STATUS_ZOMBIE
    grandchild.kill()
