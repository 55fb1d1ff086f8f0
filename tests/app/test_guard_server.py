"""The guard in a real server, over a socket: what a browser would never send."""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waitress.wasyncore import close_all

from hexviz.app import serve as serve_file
from hexviz.app.guard import Access, Guard, Token, limits
from hexviz.app.models.store import ModelStore
from hexviz.app.serve import addresses, listen, listening, serve
from hexviz.app.server import create_app
from hexviz.cli import main
from hexviz.errors import ServeError, SourceError
from tests.app.steps import NOTHING
from tests.serving import Server
from tests.waiting import CEILING

TOKEN = "a-token-for-the-tests"  # noqa: S105
Talk = Callable[..., bytes]


@pytest.fixture
def served(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Talk]]:
    """``served(token)``: starts a server; what it gives back sends bytes and returns the answer."""
    running = []

    def start(token: str | None = None) -> Talk:
        listener = listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        guard = Guard(Access(token=Token(token, port) if token else None))
        server = listening(create_app(store, guard=guard).server, listener, guard)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))

        def talk(*parts: bytes, patience: float = CEILING) -> bytes:
            with socket.create_connection(("127.0.0.1", port), timeout=patience) as line:
                for part in parts:
                    try:
                        line.sendall(part)
                    except (BrokenPipeError, ConnectionResetError):
                        break  # the answer came before all was said
                return _read(line)

        return talk

    yield start
    for server, thread in running:
        server.trigger.pull_trigger(lambda one=server: _stop(one))
        thread.join(CEILING)


def _stop(server: serve_file.Any) -> None:
    server.task_dispatcher.shutdown()
    server.close()
    close_all(server._map)


def _read(line: socket.socket) -> bytes:
    """The head of the answer and what came along with it."""
    found = b""
    try:
        while b"\r\n\r\n" not in found:
            more = line.recv(65536)
            if not more:
                break
            found += more
    except (ConnectionResetError, TimeoutError):
        pass
    return found


def head(method: str, path: str, *lines: str) -> bytes:
    told = [f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]
    return "\r\n".join(told).encode()


JSON = "Content-Type: application/json"


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_the_server_does_not_say_what_it_is(served: Callable[..., Talk]) -> None:
    answer = served()(head("GET", "/_dash-layout"))
    assert status(answer) == 200
    assert b"\r\nserver:" not in answer.lower()
    assert b"waitress" not in answer.lower()


def test_a_name_that_leads_here_is_refused(served: Callable[..., Talk]) -> None:
    talk = served()
    for line in (b"Host: evil.example", b"Host: localhost\r\nHost: evil.example", b"X: y"):
        assert status(talk(b"GET / HTTP/1.1\r\n" + line + b"\r\n\r\n")) == 403
    # Neither a proxy's header nor an absolute address stands in for the Host.
    assert status(talk(head("GET", "/", "X-Forwarded-Host: evil.example"))) == 200
    forged = b"GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    assert status(talk(forged)) == 403


def test_a_body_that_is_too_large_is_refused_at_its_head(served: Callable[..., Talk]) -> None:
    talk = served()
    for path, length in (
        ("/event", 5 << 20),
        ("/panel", 10 << 20),
        ("/_dash-update-component", 1 << 30),
    ):
        answer = talk(head("POST", path, JSON, f"Content-Length: {length}"))
        assert status(answer) == 413
    assert status(talk(head("GET", "/_dash-layout"))) == 200


def test_chunks_end_at_the_limit(
    served: Callable[..., Talk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_MESSAGE", 1 << 16)
    chunk = b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
    answer = served()(head("POST", "/event", JSON, "Transfer-Encoding: chunked"), *[chunk] * 20)
    assert status(answer) == 413


def test_a_length_that_lies_reaches_nobody(served: Callable[..., Talk]) -> None:
    talk = served()
    # More than it says: what is left over is another request, and none.
    body = json.dumps(NOTHING).encode()
    answer = talk(head("POST", "/event", JSON, f"Content-Length: {len(body)}") + body + b"GET /x")
    assert status(answer) == 200
    for told in ("-1", f"{len(body)}, 3", f"0x{len(body):x}", "1e3", "²"):
        assert status(talk(head("POST", "/event", JSON, f"Content-Length: {told}"), body)) == 400
    both = head("POST", "/event", JSON, "Content-Length: 2", "Transfer-Encoding: chunked")
    assert status(talk(both, b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))) in {200, 400}


def test_a_body_that_never_comes_is_waited_for_and_given_up(store: ModelStore) -> None:
    listener = listen("127.0.0.1", 0)
    guard = Guard()
    server = listening(create_app(store).server, listener, guard, silence=1)
    server.adj.cleanup_interval = 1
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    with socket.create_connection(listener.getsockname(), timeout=CEILING) as line:
        line.sendall(head("POST", "/event", JSON, "Content-Length: 100") + b"{")
        # Meanwhile others are answered.
        with socket.create_connection(listener.getsockname(), timeout=CEILING) as other:
            other.sendall(head("GET", "/_dash-layout"))
            assert status(_read(other)) == 200
        assert line.recv(10) == b""  # closed
    server.trigger.pull_trigger(lambda: _stop(server))
    thread.join(CEILING)


def test_a_head_that_is_too_large_is_refused(served: Callable[..., Talk]) -> None:
    talk = served()
    assert status(talk(head("GET", "/", "X-Much: " + "a" * 70_000))) == 431
    assert status(talk(head("GET", "/?" + "a" * 70_000))) == 431
    assert status(talk(head("GET", "/?" + "a" * 30_000))) == 200


def test_who_has_no_token_cannot_fill_the_disk(served: Callable[..., Talk]) -> None:
    """waitress keeps a body before anybody looks at the request."""
    talk = served(TOKEN)
    upload = "/_dash-update-component"
    length = "Content-Length: 1000000"
    assert status(talk(head("POST", upload, JSON, length))) == 413
    assert status(talk(head("POST", upload, JSON, length, "Authorization: Bearer wrong"))) == 413
    right = head("POST", upload, JSON, length, f"Authorization: Bearer {TOKEN}")
    assert talk(right, patience=1) == b""  # its body is waited for
    assert status(talk(head("POST", upload, JSON, "Content-Length: 2"), b"{}")) == 401


def test_guesses_at_the_head_count_as_well(served: Callable[..., Talk]) -> None:
    """Else whether a large body is waited for would tell right from wrong."""
    talk = served(TOKEN)
    asked = ["Content-Length: 1000000", "Authorization: Bearer "]
    for n in range(10):
        talk(head("POST", "/_dash-update-component", JSON, asked[0], f"{asked[1]}guess{n}"))
    right = head("POST", "/_dash-update-component", JSON, asked[0], f"{asked[1]}{TOKEN}")
    assert status(talk(right)) == 413


def test_a_guess_counts_once_at_its_head_and_at_its_route(served: Callable[..., Talk]) -> None:
    talk = served(TOKEN)

    def guess(n: int) -> int:
        asked = ["Content-Length: 2", f"Authorization: Bearer guess{n}"]
        return status(talk(head("POST", "/_dash-update-component", JSON, *asked), b"{}"))

    assert [guess(n) for n in range(12)] == [401] * 10 + [429] * 2


def test_chunks_do_not_pass_as_the_length_that_they_say(served: Callable[..., Talk]) -> None:
    told = ["Transfer-Encoding: chunked", "Content-Length: 2"]
    chunk = b"4000\r\n" + b"a" * 0x4000 + b"\r\n"
    answer = served(TOKEN)(head("POST", "/_dash-update-component", JSON, *told), *[chunk] * 20)
    assert status(answer) in {400, 413}


# The command


@pytest.mark.parametrize(
    ("address", "near", "far"),
    [
        ("127.0.0.1", "http://127.0.0.1:80/", "http://127.0.0.1:80/"),
        ("::1", "http://[::1]:80/", "http://[::1]:80/"),
        ("0.0.0.0", "http://127.0.0.1:80/", "http://box:80/"),  # noqa: S104
        ("::", "http://[::1]:80/", "http://box:80/"),
    ],
)
def test_what_address_is_printed(
    monkeypatch: pytest.MonkeyPatch, address: str, near: str, far: str
) -> None:
    monkeypatch.setattr(serve_file.socket, "gethostname", lambda: "Box")
    assert addresses(address, 80, None) == (near, far)
    assert addresses(address, 80, "secret") == (f"{near}?token=secret", f"{far}?token=secret")


def started(tmp_path: Path, *options: str, **environment: str) -> str:
    """The line that the command prints first."""
    server = Server(None, tmp_path, *options, **environment)
    server.stop()
    return server.line


def test_the_command_prints_a_token_exactly_where_one_is_asked_for(tmp_path: Path) -> None:
    assert "token" not in started(tmp_path)
    assert f"/?token={TOKEN} " in started(tmp_path, "--token", TOKEN)
    assert f"/?token={TOKEN} " in started(tmp_path, HEXVIZ_TOKEN=TOKEN)


@pytest.mark.parametrize("options", [[], ["--token", ""]])
def test_a_token_that_is_set_and_empty_does_not_leave_the_page_open(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    """As from ``HEXVIZ_TOKEN=$(failed)``."""
    monkeypatch.setenv("HEXVIZ_TOKEN", "")
    monkeypatch.setattr(serve_file, "listen", lambda *_: pytest.fail("served"))
    monkeypatch.setattr(sys, "argv", ["hexviz", "view", "--no-browser", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "The token has 0 characters and needs 16" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "line"),
    [
        ("no.such.host.invalid", "no address is known for that name: give --host"),
        ("a..b", "no address is known for that name: give --host"),
        ("192.0.2.1", "that is no address of this machine: give --host"),
    ],
)
def test_a_host_that_cannot_be_served_on_is_told_as_that(host: str, line: str) -> None:
    with pytest.raises(ServeError, match=line) as error:
        listen(host, 0)
    assert "--port" not in str(error.value)


def test_a_port_that_is_taken_is_told_as_that() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(ServeError, match="another with --port"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_another_host_has_a_token_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bind is told as another one: nothing here listens beyond this machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(serve_file, "is_loopback", lambda _: False)
    seen: list[Guard] = []

    class Stopped:
        run = close = staticmethod(lambda: None)

    def listens(_app: object, listener: socket.socket, guard: Guard) -> Stopped:
        listener.close()
        seen.append(guard)
        return Stopped()

    monkeypatch.setattr(serve_file, "listening", listens)
    for _ in range(2):
        serve(None, host="127.0.0.1", port=0, open_browser=False)
    tokens = re.findall(r"\?token=([\w-]{43}) ", capsys.readouterr().out)
    assert len(set(tokens)) == 2
    assert all(guard._access.token is not None for guard in seen)


def test_what_cannot_be_served_with_is_a_clear_line(tmp_path: Path) -> None:
    def asked(**told: serve_file.Any) -> None:
        serve(None, host="127.0.0.1", port=0, open_browser=False, **told)

    with pytest.raises(ServeError, match="needs 16 at least"):
        asked(token="short")  # noqa: S106
    with pytest.raises(ServeError, match="is no host name"):
        asked(allowed=["http://x"])
    with pytest.raises(SourceError, match=r"missing is no folder: --root takes one"):
        asked(roots=[tmp_path / "missing"])
