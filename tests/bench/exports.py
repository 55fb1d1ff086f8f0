"""The benchmark's models that floors are held on, each exported once in a run of the tests."""

from __future__ import annotations

import functools

from benchmarks.models import build
from hexviz.exporters.export import export_model
from hexviz.exporters.interface import Exported

__all__ = ["FLOOR_MODELS", "export_floor_model"]

FLOOR_MODELS = ("distilbert", "vit", "whisper-encoder", "u-net")
"""Models that no rule was tuned on, and that are quick to export."""


@functools.cache
def export_floor_model(name: str, exporter: str, *, optimize: bool) -> Exported:
    source = build(name)
    return export_model(
        source.model, source.args, source.kwargs, exporter=exporter, optimize=optimize, name=name
    )
