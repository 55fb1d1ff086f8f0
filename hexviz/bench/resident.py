"""``python -m hexviz.bench.resident FILE``: by how much a process grows that opens the file.

A process of its own, because one that has opened other models has memory left
over from them. Prints bytes, or ``null`` where the system keeps no such count.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from hexviz.tagging.tag import load

__all__ = ["growth_on_opening"]

_STATUS = Path("/proc/self/status")  # Linux; getrusage would tell of the process that started this


def growth_on_opening(path: str) -> int | None:
    """The largest resident memory while opening a file, above that before."""
    before = _bytes("VmRSS")
    load(path)
    peak = _bytes("VmHWM")
    return None if before is None or peak is None else peak - before


def _bytes(name: str) -> int | None:
    if not _STATUS.is_file():
        return None
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
    return int(lines[name].split()[0]) * 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(growth_on_opening(sys.argv[1])))
