"""Which tests export a model, start a process or need a browser: found out, not remembered."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

import pytest

__all__ = ["marks_of"]

_CALLED = {
    "export": {"export_model", "export_once", "kept_export", "produce", "torch", "transformers"},
    "process": {"subprocess", "Popen", "Server", "Watched", "multiprocessing"},
}
"""Names in the code of a test, of its fixtures, or of functions beside it that they call."""
_FIXTURES = {"export": {"exported", "bert"}, "browser": {"browser"}, "process": {"browser"}}
_FOLDERS = {
    "export": ("tests/exporters/", "tests/sample_models/", "tests/bench/"),
    "process": ("tests/app/jobs/", "tests/desktop/test_window.py", "tests/desktop/test_app"),
}
"""Where nearly all tests do; the few others there belong to them."""


def marks_of(item: pytest.Item) -> set[str]:
    """``browser``, ``export`` and ``process``, as far as they apply."""
    wanted = set(getattr(item, "fixturenames", ()))
    marks = {mark for mark, names in _FIXTURES.items() if names & wanted}
    marks |= {mark for mark, folders in _FOLDERS.items() if item.nodeid.startswith(folders)}
    definitions = getattr(item, "_fixtureinfo", None)
    fixtures = definitions.name2fixturedefs.values() if definitions is not None else ()
    functions = [getattr(item, "function", None), *(one.func for some in fixtures for one in some)]
    seen: set[Any] = set()
    names = {name for function in functions for name in _names(function, seen)}
    return marks | {mark for mark, called in _CALLED.items() if called & names}


def _names(function: Any, seen: set[Any]) -> Iterator[str]:
    """All names that a function uses, and those in functions of tests and benchmarks it calls."""
    function = inspect.unwrap(function) if callable(function) else None
    if not isinstance(function, FunctionType) or function in seen:
        return
    seen.add(function)
    for name in _of_code(function.__code__):
        yield name
        called = function.__globals__.get(name)
        if str(getattr(called, "__module__", "")).startswith(("tests.", "benchmarks.")):
            yield from _names(called, seen)


def _of_code(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _of_code(constant)
