"""Marks are found out: by fixtures, by what a test calls, and by what that calls."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from hexviz.exporters.interface import Exported
from tests.marking import marks_of


def run() -> str:
    return subprocess.run(
        [sys.executable, "-c", ""], check=True, text=True, capture_output=True
    ).stdout


@contextmanager
def running() -> Iterator[str]:
    yield run()


def test_what_does_neither_has_no_mark(request: pytest.FixtureRequest) -> None:
    assert marks_of(request.node) == set()


def test_a_process_that_a_function_of_a_function_starts(request: pytest.FixtureRequest) -> None:
    assert marks_of(request.node) == {"process"}
    with running() as said:
        assert said == ""


def test_an_export_that_a_fixture_makes(
    request: pytest.FixtureRequest, exported: Callable[..., Exported]
) -> None:
    assert marks_of(request.node) == {"export"}
    assert request.node.get_closest_marker("export") is not None


@pytest.mark.parametrize("name", ["torch"])
def test_torch_is_what_exports_are_made_with(request: pytest.FixtureRequest, name: str) -> None:
    def uses() -> None:
        import torch  # noqa: F401

    assert marks_of(request.node) == {"export"}
