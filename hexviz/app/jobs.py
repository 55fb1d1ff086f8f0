"""Work outside the web process: exporting a sample, with progress, and a way to cancel it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diskcache
from dash import DiskcacheManager

from hexviz.app.folders import exports_folder, jobs_folder
from hexviz.app.measured import save_and_keep
from hexviz.errors import ExportError, HexvizError

__all__ = ["exported_path", "job_manager", "run_export"]

_LOG = 20_000  # characters of a log that are shown


def job_manager() -> DiskcacheManager:
    """Dash's manager for background callbacks on one machine.

    Its cache holds JSON only: diskcache's default unpickles what it finds
    (CVE-2025-69872).
    """
    return DiskcacheManager(diskcache.Cache(str(jobs_folder()), disk=diskcache.JSONDisk))


def exported_path(sample: str, *, optimize: bool) -> Path:
    """Where the export of a sample is kept."""
    return exports_folder() / f"{sample}{'-optimized' if optimize else ''}.onnx"


def run_export(
    sample: str, *, optimize: bool, report: Callable[[tuple[str, float]], None]
) -> dict[str, Any]:
    """Export a sample into its file; returns plain JSON: the sample and seconds by outermost stage.

    If it failed, that is an ``error`` line and the end of the exporter's ``log``.

    ``report`` gets a stage and how far the export is, in percent. An error is
    returned, not raised: a raised one would reach the browser with its traceback.
    """
    from hexviz.exporters.produce import produce

    report((f"Loading PyTorch and {sample}", 3.0))
    try:
        graph = produce(
            sample,
            optimize=optimize,
            progress=lambda stage, done: report((f"{sample}: {stage}", 5 + 85 * done)),
        )
        report((f"{sample}: writing {len(graph.ops):,} ops", 95.0))
        measured = save_and_keep(graph, exported_path(sample, optimize=optimize))
    except ExportError as error:
        return {"error": str(error), "log": error.log[-_LOG:]}
    except HexvizError as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - whatever a model's code raises must not escape
        return {
            "error": f"{sample} failed: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
        }
    return {"sample": sample, "optimize": optimize, "stages": dict(measured.timings)}
