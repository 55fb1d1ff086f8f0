"""What the real command answers when its file is watched, and to whom."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from hexviz.bench.synthetic import synthetic
from tests.serving import Server
from tests.waiting import until

TOKEN = "a-token-for-the-tests"  # noqa: S105


def ask(server: Server, query: str = "n=0", **headers: str) -> tuple[int, bytes]:
    address = f"{server.printed.partition('?')[0]}watch?{query}"
    try:
        with urlopen(Request(address, headers=headers)) as answer:  # noqa: S310 - our own server
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()


def test_a_watched_file_is_told_of_behind_the_guard(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(synthetic(60, "metadata"))
    server = Server(path, tmp_path / "cache", "--watch", "--token", TOKEN)
    try:
        key = {"Authorization": f"Bearer {TOKEN}"}
        assert ask(server)[0] == 401
        assert ask(server, **key, Host="elsewhere.example")[0] == 403
        until(lambda: ask(server, **key)[0] == 200, server.process.pid)
        told = json.loads(ask(server, "n=nonsense&model=%00&before=..", **key)[1])
        assert (told["name"], told["base"], told["problem"]) == ("m.onnx", "", "")
        assert ask(server, f"n={told['n']}", **key) == (204, b"")

        path.write_bytes(synthetic(100, "metadata"))
        query = f"n=0&model={told['key']}&before={told['key']}"
        until(lambda: "changes" in json.loads(ask(server, query, **key)[1]), server.process.pid)
        after = json.loads(ask(server, query, **key)[1])
        assert after["base"] == told["key"] != after["key"]
        assert "added" in after["changes"][0]
    finally:
        assert server.stop() == ""


def test_without_the_option_there_is_nothing_to_ask(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(synthetic(60, "metadata"))
    server = Server(path, tmp_path / "cache")
    try:
        assert ask(server)[0] == 404
        with urlopen(server.printed) as page:  # noqa: S310 - our own server
            assert b'<html lang="en" data-first>' in page.read()
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ([], "There is nothing to watch"),
        (["bert-tiny"], "bert-tiny cannot be watched"),
        (["hf:some/model"], "hf:some/model cannot be watched"),
    ],
)
def test_what_does_not_change_is_not_watched(
    source: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from hexviz.cli.command import run
    from hexviz.errors import SourceError

    with pytest.raises(SourceError, match=said):
        run(["view", *source, "--watch", "--no-browser"])
