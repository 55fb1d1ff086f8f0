"""What a benchmark ran on: figures of two machines, or of two sets of packages, are two things."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

__all__ = ["about_machine"]

_PACKAGES = ("onnx", "onnx-ir", "protobuf", "numpy", "networkx", "pygraphviz", "torch")


def about_machine() -> dict[str, Any]:
    """Processor, cores, memory in GB (10^9 bytes), system, Python, and versions of packages.

    ``memory_gb`` is ``None`` where the system does not tell.
    """
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": _memory_gb(),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    """Its name; Linux keeps that in a file of its own."""
    told = Path("/proc/cpuinfo")
    if told.is_file():
        for line in told.read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _memory_gb() -> float | None:
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", ()):  # Windows has no such names
        return None
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
