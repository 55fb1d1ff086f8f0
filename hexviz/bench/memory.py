"""What an opened model takes: bytes of Python's objects per op, and the growth of a process.

The protobuf itself lies outside of Python's allocator and is counted in
neither figure per op: every reader of the file has it.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import onnx_ir as ir

from hexviz.tagging.tag import load

__all__ = ["measure_memory"]


def peak_mb(path: Path) -> float | None:
    """By how many megabytes (10^6 bytes) a fresh process grows at most while it opens a file."""
    done = subprocess.run(  # noqa: S603 - this very interpreter and module
        [sys.executable, "-m", "hexviz.bench.resident", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    grown = json.loads(done.stdout)
    return None if grown is None else round(grown / 1e6, 1)


def measure_memory(
    content: bytes, path: Path, ops: int, *, peak: Callable[[Path], float | None] = peak_mb
) -> dict[str, Any]:
    """A pass of its own, because watching allocations makes all work two to four times slower.

    ``parsed_bytes_per_op`` is what onnx-ir's objects for the model take,
    ``kept_bytes_per_op`` what an opened graph of hexviz's does. ``peak_mb``
    (10^6 bytes) is by how much a fresh process grows at most while it opens
    the file, protobuf included; ``None`` where the system does not tell.
    """
    proto = onnx.ModelProto()
    proto.ParseFromString(content)
    tracemalloc.start()
    try:
        before = _held()
        parsed = ir.from_proto(proto)
        parsed_bytes = _held() - before
        del parsed
        before = _held()
        graph = load(path)
        kept_bytes = _held() - before
        del graph
    finally:
        tracemalloc.stop()
    return {
        "parsed_bytes_per_op": round(parsed_bytes / ops),
        "kept_bytes_per_op": round(kept_bytes / ops),
        "peak_mb": peak(path),
    }


def _held() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
