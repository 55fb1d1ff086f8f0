"""``HEXVIZ_LOG``: lines of JSON about the stages of a command."""

import json
import logging
from datetime import datetime
from pathlib import Path

import pytest

from hexviz import cli
from hexviz.cli.log import LOG_VARIABLE
from hexviz.tagging.summary import summarize
from hexviz.tagging.tag import load
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    path.write_bytes(scoped(parse(NET), SCOPES).SerializeToString())
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["hexviz", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def lines_of(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_command_adds_its_stages_to_the_file(
    monkeypatch: pytest.MonkeyPatch, net: Path, tmp_path: Path
) -> None:
    log = tmp_path / "stages.jsonl"
    monkeypatch.setenv(LOG_VARIABLE, str(log))
    assert run(monkeypatch, "analyze", net) == 0
    once = lines_of(log.read_text())
    outermost = [one["name"] for one in once if one["depth"] == 0]
    assert outermost == list(summarize(load(net))["stages"])
    assert all(datetime.fromisoformat(str(one["time"])).tzinfo is not None for one in once)
    assert run(monkeypatch, "tag", net, "-o", tmp_path / "out.onnx") == 0
    assert len(lines_of(log.read_text())) > len(once)


def test_a_dash_is_stderr_and_stdout_stays_one_document(
    monkeypatch: pytest.MonkeyPatch, net: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(LOG_VARIABLE, "-")
    assert run(monkeypatch, "analyze", net, "--json") == 0
    printed = capsys.readouterr()
    assert "read" in [one["name"] for one in lines_of(printed.err)]
    assert json.loads(printed.out)["ops"] == 8


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_variable_nothing_is_logged(
    monkeypatch: pytest.MonkeyPatch,
    net: Path,
    capsys: pytest.CaptureFixture[str],
    value: str | None,
) -> None:
    monkeypatch.delenv(LOG_VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(LOG_VARIABLE, value)
    assert run(monkeypatch, "analyze", net) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("missing/stages.jsonl", "No such file or directory"),
        (".", "Is a directory"),
        pytest.param(
            "/dev/full",
            "No space left on device",
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full"),
        ),
    ],
)
def test_a_file_that_cannot_be_written_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch,
    net: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    place: str,
    reason: str,
) -> None:
    monkeypatch.setenv(LOG_VARIABLE, str(tmp_path / place))
    assert run(monkeypatch, "analyze", net, "--json") == 2
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert line.startswith("hexviz: Cannot write the log to ")
    assert reason in line
    assert line.endswith("Set HEXVIZ_LOG to another file, or to - for stderr.")
    assert printed.out == ""


def test_the_logger_is_as_before_when_a_command_has_ended(
    monkeypatch: pytest.MonkeyPatch, net: Path, tmp_path: Path
) -> None:
    logger = logging.getLogger("hexviz.stages")
    before = (logger.level, list(logger.handlers))
    monkeypatch.setenv(LOG_VARIABLE, str(tmp_path / "log"))
    assert run(monkeypatch, "analyze", net.with_name("missing.onnx")) == 2
    assert (logger.level, list(logger.handlers)) == before
