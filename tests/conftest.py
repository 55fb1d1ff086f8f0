from __future__ import annotations

import functools
import os
from collections.abc import Callable

import pytest
from hypothesis import settings

from hexviz.exporters.interface import Exported

# How long an example takes says nothing on a busy machine; timing is for the benchmarks.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# What somebody may have set for their own terminal and servers, and changes what hexviz does.
for _name in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
    os.environ.pop(_name, None)
for _name in [one for one in os.environ if one.startswith("HEXVIZ_")]:
    del os.environ[_name]


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tests neither read nor fill the cache of who runs them."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@functools.cache
def export_once(name: str, exporter: str, optimize: bool) -> Exported:
    from hexviz.exporters.export import export_model
    from hexviz.exporters.sources import open_source

    source = open_source(name)
    return export_model(
        source.model,
        source.args,
        source.kwargs,
        exporter=exporter,
        optimize=optimize,
        name=source.name,
    )


@pytest.fixture(scope="session")
def exported() -> Callable[..., Exported]:
    """``exported(name, exporter="dynamo", optimize=False)``: a sample's export, made once."""

    def cached(name: str, exporter: str = "dynamo", optimize: bool = False) -> Exported:
        # TorchScript has no such choice: one export serves both.
        return export_once(name, exporter, optimize and exporter == "dynamo")

    return cached
