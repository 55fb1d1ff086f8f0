"""One window for each person: files are handed over, a killed one's socket is in nobody's way."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hexviz.desktop.instance import Instance, hand_over_or_listen
from hexviz.errors import ServeError


@pytest.fixture
def instance(home: Path) -> Iterator[Instance]:
    found = hand_over_or_listen(home, None)
    assert found is not None
    yield found
    found.close()


def test_a_later_start_hands_over_its_file(instance: Instance, home: Path) -> None:
    taken: list[Path | None] = []
    instance.take_with(taken.append)
    odd = Path(os.fsdecode(b"/data/\xff\n.onnx"))
    for wanted in (Path("/data/a.onnx"), odd, None):
        assert hand_over_or_listen(home, wanted) is None
    assert taken == [Path("/data/a.onnx"), odd, None]


def test_a_path_means_the_same_to_the_window(
    instance: Instance, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taken: list[Path | None] = []
    instance.take_with(taken.append)
    monkeypatch.chdir(tmp_path)
    hand_over_or_listen(home, Path("a.onnx"))
    assert taken == [tmp_path / "a.onnx"]


def test_who_comes_before_the_window_is_there_waits(instance: Instance, home: Path) -> None:
    later = threading.Thread(target=hand_over_or_listen, args=[home, Path("/a.onnx")])
    later.start()
    taken: list[Path | None] = []
    instance.take_with(taken.append)
    later.join(10)
    assert taken == [Path("/a.onnx")]


def test_the_last_way_to_take_files_counts(instance: Instance, home: Path) -> None:
    earlier: list[Path | None] = []
    later: list[Path | None] = []
    instance.take_with(earlier.append)
    instance.take_with(later.append)
    for _ in range(8):
        hand_over_or_listen(home, None)
    assert (earlier, len(later)) == ([], 8)


def test_what_failed_is_told_to_both(instance: Instance, home: Path) -> None:
    instance.take_with(lambda path: f"{path} is no model.")
    with pytest.raises(ServeError, match=r"^/a.onnx is no model.$"):
        hand_over_or_listen(home, Path("/a.onnx"))


def test_a_window_that_ends_meanwhile_is_said(home: Path) -> None:
    with socket.socket(socket.AF_UNIX) as window:
        window.bind(os.fspath(home / "window.socket"))
        window.listen()

        def end() -> None:
            window.accept()[0].close()

        ending = threading.Thread(target=end)
        ending.start()
        with pytest.raises(ServeError, match="does not answer: close it, and try again"):
            hand_over_or_listen(home, None)
        ending.join()


@pytest.mark.parametrize(
    "sent", [b"", b"{}\n", b"[]\n", b"\xff\n", b'{"open": 3}\n', b"x" * 100_000]
)
def test_what_is_no_message_changes_nothing(instance: Instance, home: Path, sent: bytes) -> None:
    taken: list[Path | None] = []
    instance.take_with(taken.append)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.fspath(home / "window.socket"))
        connection.settimeout(5)
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):  # what it did not read to the end
            assert connection.recv(10) == b""
    assert taken == []
    assert hand_over_or_listen(home, None) is None


def test_the_socket_is_its_owners_alone(instance: Instance, home: Path) -> None:
    assert stat.S_IMODE((home / "window.socket").stat().st_mode) == 0o600


KILLED = """
import sys, time
from pathlib import Path
from hexviz.desktop.instance import hand_over_or_listen
kept = hand_over_or_listen(Path(sys.argv[1]), None)
print("listens", flush=True)
time.sleep(60)
"""


def test_a_killed_windows_socket_is_taken_over(home: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, home], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert (home / "window.socket").exists()
    instance = hand_over_or_listen(home, None)
    assert instance is not None
    instance.close()
    assert not (home / "window.socket").exists()


def test_of_two_starts_at_once_one_is_the_window(home: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from hexviz.desktop.instance import hand_over_or_listen\n"
        "found = hand_over_or_listen(Path(sys.argv[1]), Path('/a.onnx'))\n"
        "print('window' if found else 'handed over', flush=True)\n"
        "if found:\n"
        "    found.take_with(lambda path: None)\n"
        "    sys.stdin.read()\n"
    )
    several = [
        subprocess.Popen(
            [sys.executable, "-c", script, home],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    said = [one.stdout.readline().strip() for one in several if one.stdout is not None]
    for one in several:
        one.communicate()
    assert sorted(said) == ["handed over", "handed over", "window"]


def test_without_sockets_each_start_has_its_window(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = home / ("long" * 40)
    deep.mkdir()
    for folder in (deep, deep):  # where a path is longer than a socket may have
        found = hand_over_or_listen(folder, None)
        assert found is not None
        found.take_with(lambda _: None)
        found.close()
    monkeypatch.delattr(socket, "AF_UNIX")
    for _ in range(2):
        assert hand_over_or_listen(home, None) is not None


def test_messages_are_json(instance: Instance, home: Path) -> None:
    instance.take_with(lambda _: "né\n")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.fspath(home / "window.socket"))
        connection.sendall(b'{"open": null}\n')
        assert json.loads(connection.makefile().readline()) == {"error": "né\n"}
