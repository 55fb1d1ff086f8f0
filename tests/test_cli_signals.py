"""A signal ends a command with what it has begun cleaned up, also where no handler is called."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hexviz.cli.signals import ended_by_signals
from tests.app.jobs.orders import ENDLESS, order
from tests.waiting import finished


def test_a_signal_is_an_exit_that_cleans_up() -> None:
    before = [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGHUP)]
    done = []

    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # an impatient one does not interrupt this
            done.append("cleaned up")

    with pytest.raises(SystemExit) as ended, ended_by_signals():
        work()
    assert ended.value.code == 128 + signal.SIGTERM
    assert done == ["cleaned up"]
    assert [signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGHUP)] == before


def test_sighup_is_ignored_where_it_was() -> None:
    usual = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, usual)


STUCK = """
import sys, numpy, onnxruntime
from hexviz.cli.signals import ended_by_signals
with ended_by_signals(grace=0.2):
    session = onnxruntime.InferenceSession(sys.argv[1])
    print("ready", flush=True)
    session.run(None, {"x": numpy.zeros(4, numpy.float32)})
"""


def test_a_main_thread_that_is_in_a_library_for_ever_ends_as_well(tmp_path: Path) -> None:
    model = order(tmp_path, ENDLESS)["source"]["path"]
    with subprocess.Popen(
        [sys.executable, "-c", STUCK, model], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        finished(process)
    assert process.returncode == 128 + signal.SIGTERM


WRITING = """
import sys
from hexviz.model import files
from hexviz import cli
def slow(path, chunks, **options):
    def more():
        yield from chunks
        print("written", flush=True)
        while True:
            yield b""
    return write(path, more(), **options)
write = files.write_atomically
files.write_atomically = slow
from hexviz.model import writer
writer.write_atomically = slow
cli.main()
"""


def test_a_command_that_is_ended_while_it_writes_leaves_nothing_half_written(
    tmp_path: Path,
) -> None:
    model = order(tmp_path, ENDLESS)["source"]["path"]
    target = tmp_path / "out" / "tagged.onnx"
    target.parent.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", WRITING, "tag", model, "-o", str(target)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        assert len(list(target.parent.iterdir())) == 1
        process.terminate()
        said = finished(process)
    assert process.returncode == 128 + signal.SIGTERM
    assert said == ("", "")
    assert list(target.parent.iterdir()) == []
