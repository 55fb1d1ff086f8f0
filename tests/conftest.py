from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from hexviz.exporters.interface import Exported
from tests.exports import export_once, forget_others
from tests.marking import marks_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# How long an example takes says nothing on a busy machine; timing is for the benchmarks.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# Two processes test side by side: threads of theirs for the same sum wait for each other, busily.
os.environ["OMP_NUM_THREADS"] = "1"

# What somebody may have set for their own terminal and servers, and changes what hexviz does.
for _name in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
    os.environ.pop(_name, None)
for _name in [one for one in os.environ if one.startswith("HEXVIZ_")]:
    del os.environ[_name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in marks_of(item):
            item.add_marker(mark)


def pytest_collection_finish() -> None:
    """All that was imported lives on: the cycle collector need not walk through it at every export.

    That alone takes a quarter of the time of tests that export.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tests neither read nor fill the cache of who runs them."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    forget_others()


@pytest.fixture(scope="session")
def exported() -> Callable[..., Exported]:
    """``exported(name, exporter="dynamo", optimize=False)``: an export, made once and kept."""

    def cached(
        name: str, exporter: str = "dynamo", optimize: bool = False, *, weights: bool = True
    ) -> Exported:
        # TorchScript has no such choice: one export serves both.
        return export_once(name, exporter, optimize and exporter == "dynamo", weights=weights)

    return cached


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a process: Playwright begins only once in it."""
    from playwright.sync_api import sync_playwright

    from tests.browser.install_chromium import find

    path = find()
    assert path, "run `make browser` first"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()
