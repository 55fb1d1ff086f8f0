"""The command in this process: its exit code, and what it prints."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hexviz.cli import main

__all__ = ["Run", "run"]

Run = Callable[..., tuple[int, str, str]]
"""Arguments → exit code, stdout, stderr."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def hexviz(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hexviz", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        return int(left.value.code or 0), printed.out, printed.err

    return hexviz
