"""The figures of `make bench-view` as Markdown, and how they stand to the targets."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["markdown", "percentile"]

OPENING_MS, OPENING_P95_MS, FRAMES = 50, 100, 55
MOVE_MS, MOVE_P95_MS = 150, 400
AGAIN_MS, AGAIN_RATIO = 1_000, 0.25
BYTES = 1_000_000
RIVAL_NAMES = ("Netron", "Model Explorer")
PAINT_RATIO = {"bert-base": 0.40, "1000": 0.45, "20000": 0.40, "100000": 0.40}
"""File to first paint, of that of the faster of the two others, never opened before."""


def markdown(document: dict[str, Any]) -> str:
    """All tables, one after the other."""
    sizes = document["sizes"]
    parts = [
        _paints(sizes),
        _openings(sizes),
        _moves(sizes),
        _frames(sizes),
        _costs(sizes),
        _targets(sizes),
        _trouble(sizes),
    ]
    return "\n".join(part for part in parts if part)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of all values does not exceed.

    >>> percentile([1, 2, 3, 4], 0.5), percentile([1, 2, 3, 4], 0.95)
    (2, 4)
    """
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"\n{title}\n", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def _name(size: str) -> str:
    return f"{int(size):,} ops" if size.isdigit() else size


def _spread(values: Sequence[float]) -> str:
    """Median, smallest and largest of milliseconds."""
    if not values:
        return "–"
    return f"{statistics.median(values):,.0f} ({min(values):,.0f}–{max(values):,.0f})"


def _cell(measured: dict[str, Any] | None, key: str = "painted") -> str:
    if measured is None:
        return "not measured"
    if "why" in measured:
        return str(measured["why"])
    return _spread([one[key] for one in measured["paints"]])


def _paints(sizes: dict[str, Any]) -> str:
    rows = []
    for size, row in sizes.items():
        ours = row["hexviz"]
        warm = {"paints": ours["warm"]["paints"][1:]} if "paints" in ours.get("warm", {}) else None
        cells = [_cell(ours), _cell(ours, "serving"), _cell(ours.get("again"))]
        cells += [_cell(warm or ours.get("warm"))]
        rows.append([_name(size), *cells, *(_cell(row.get(rival)) for rival in RIVAL_NAMES)])
    heads = ["model", "hexviz: file to first paint, cold", "of that, until it serves"]
    heads += ["opened before", "navigation to first paint, warm"]
    heads += [f"{rival}: file to first paint" for rival in RIVAL_NAMES]
    title = "First paint in ms, median (smallest–largest). Model Explorer reads no ONNX: it was "
    return _table(title + "given the same graph in its own format, made beforehand.", heads, rows)


def _openings(sizes: dict[str, Any]) -> str:
    rows = []
    for size, row in sizes.items():
        opened = row["hexviz"].get("openings")
        if opened and opened["ms"]:
            rows.append(
                [
                    _name(size),
                    str(len(opened["ms"])),
                    f"{statistics.median(opened['ms']):.0f}",
                    f"{percentile(opened['ms'], 0.95):.0f}",
                    f"{max(opened['ms']):.0f}",
                    f"{statistics.median(opened['added']):.0f} (most {max(opened['added'])})",
                    f"{statistics.median(opened['bytes']) / 1000:,.0f} kB",
                ]
            )
    heads = ["model", "n", "median", "95th percentile", "largest", "elements added", "received"]
    return _table("Click on a box to painted, in ms.", heads, rows)


def _moves(sizes: dict[str, Any]) -> str:
    rows = [
        [
            _name(size),
            str(len(times)),
            f"{statistics.median(times):.0f}",
            f"{percentile(times, 0.95):.0f}",
            f"{max(times):.0f}",
        ]
        for size, row in sizes.items()
        if (times := row["hexviz"].get("moves"))
    ]
    heads = ["model", "n", "median", "95th percentile", "largest"]
    return _table("Moving one op to another module, in ms.", heads, rows)


def _frames(sizes: dict[str, Any]) -> str:
    rows = []
    for size, row in sizes.items():
        driven = row["hexviz"].get("frames")
        if driven:
            rows.append(
                [
                    _name(size),
                    str(driven["elements"]),
                    f"{driven['pan']:.0f} (longest {driven['pan_longest_ms']:.0f} ms)",
                    f"{driven['zoom']:.0f} (longest {driven['zoom_longest_ms']:.0f} ms)",
                ]
            )
    return _table("Frames per second.", ["model", "elements", "panning", "zooming"], rows)


def _costs(sizes: dict[str, Any]) -> str:
    rows = []
    for size, row in sizes.items():
        ours = row["hexviz"]
        if "memory_first" not in ours:
            continue
        first, last = ours["memory_first"], ours.get("memory_last", ours["memory_first"])
        rows.append(
            [
                _name(size),
                str(ours["first_elements"]),
                f"{ours['first_load']['wire'] / 1e6:.2f} MB",
                f"{ours['first_load']['bodies'] / 1e6:.2f} MB",
                *(f"{first[key]:,.0f} → {last[key]:,.0f} MB" for key in ("heap_mb", "renderer_mb")),
                f"{first['nodes']:,.0f} → {last['nodes']:,.0f}",
                f"{last['server_mb']:,.0f} MB",
            ]
        )
    heads = ["model", "elements at first", "on the wire before any input", "bodies"]
    heads += ["heap", "browser process", "DOM nodes", "server process"]
    return _table("Bytes and memory, after the first load → after the openings.", heads, rows)


def _targets(sizes: dict[str, Any]) -> str:
    lines = ["\nTargets\n"]
    for size, row in sizes.items():
        ours = row["hexviz"]
        times = ours.get("openings", {}).get("ms")
        if times:
            median, late = statistics.median(times), percentile(times, 0.95)
            lines.append(_line(f"{_name(size)}, opening, median ms", median, OPENING_MS))
            lines.append(_line(f"{_name(size)}, opening, 95th percentile ms", late, OPENING_P95_MS))
        if "frames" in ours:
            slower = min(ours["frames"]["pan"], ours["frames"]["zoom"])
            lines.append(_line(f"{_name(size)}, frames per second", slower, FRAMES, most=False))
        moved = ours.get("moves")
        if moved:
            median, late = statistics.median(moved), percentile(moved, 0.95)
            lines.append(_line(f"{_name(size)}, moving an op, median ms", median, MOVE_MS))
            lines.append(_line(f"{_name(size)}, moving, 95th percentile ms", late, MOVE_P95_MS))
        if "first_load" in ours:
            wire = ours["first_load"]["wire"]
            lines.append(_line(f"{_name(size)}, bytes before any input", wire, BYTES))
        again = ours.get("again", {}).get("paints")
        if again:
            median = statistics.median(one["painted"] for one in again)
            lines.append(_line(f"{_name(size)}, opened before, ms", median, AGAIN_MS))
            lines += _ratio(row, f"{_name(size)}, opened before", median, AGAIN_RATIO)
        if size in PAINT_RATIO and "paints" in ours:
            median = statistics.median(one["painted"] for one in ours["paints"])
            lines += _ratio(row, f"{_name(size)}, file to first paint", median, PAINT_RATIO[size])
    return "\n".join(lines)


def _ratio(row: dict[str, Any], what: str, ours: float, target: float) -> Iterable[str]:
    """A time of ours as a share of the first paint of the fastest of the others."""
    others = {
        name: statistics.median(one["painted"] for one in row[name]["paints"])
        for name in RIVAL_NAMES
        if "paints" in row.get(name, {})
    }
    if others:
        fastest = min(others, key=others.__getitem__)
        yield _line(f"{what}, of {fastest}'s first paint", ours / others[fastest], target)
    elif any(name in row for name in RIVAL_NAMES):
        yield f"- {what}: no other viewer painted it"


def _line(what: str, value: float, target: float, *, most: bool = True) -> str:
    met = value <= target if most else value >= target
    shown = f"{value:.2f}" if target < 1 else f"{value:.0f}"
    word = "at most" if most else "at least"
    return f"- {what}: {shown}, target {word} {target}: {'met' if met else '**missed**'}"


def _trouble(sizes: dict[str, Any]) -> str:
    lines = []
    for size, row in sizes.items():
        ours = row["hexviz"]
        found = [*ours.get("openings", {}).get("failed", ()), *ours.get("console_errors", ())]
        found += [ours[key] for key in ("why", "broke") if key in ours]
        lines += [f"- {_name(size)}: {one}" for one in found]
    return "\n".join(["\nWhat went wrong\n", *lines]) if lines else ""
