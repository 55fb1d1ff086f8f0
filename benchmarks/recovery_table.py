"""``python -m benchmarks.recovery_table PAGE.md TITLE=FOLDER...``: score, into a page's tables.

The folders are as ``python -m benchmarks.recovery make`` fills them, one for each set of models.
The tables are put between the page's markers. ``--json FILE`` keeps the figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.matching_speed import SHAPES
from benchmarks.recovery import DEFAULT, Finder, files, measure, named, summarize
from benchmarks.speed_table import put
from hexviz.bench.growth import exponent
from hexviz.model.flatten import flatten

__all__ = ["markdown", "measure_speed"]

_SIZES = (5_000, 20_000, 50_000, 100_000)
_REPEATS = 3
_GROUPS = ("as exported", "after an optimiser", "all")

Record = Mapping[str, Any]


def main() -> None:
    """Score, keep the figures, and put the tables into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("sets", nargs="+", help="TITLE=FOLDER")
    parser.add_argument("--json", type=Path, help="a file to keep the figures in")
    arguments = parser.parse_args()
    finder = named(DEFAULT)
    document: dict[str, Any] = {"sets": {}}
    for given in arguments.sets:
        title, _, folder = given.partition("=")
        document["sets"][title] = [measure(path, finder) for path in files([Path(folder)])]
    document["speed"] = measure_speed(finder, _SIZES, _say)
    if arguments.json:
        arguments.json.write_text(json.dumps(document, indent=1))
    page = arguments.page.read_text()
    arguments.page.write_text(put(page, markdown(document)))


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def measure_speed(
    finder: Finder, sizes: Iterable[int], report: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """A record per shape and size: seconds of one core, the graph being read already."""
    records: list[dict[str, Any]] = []
    for shape, make in SHAPES.items():
        for size in sizes:
            flat = flatten(make(size))
            took = []
            for _ in range(_REPEATS):
                began = time.process_time()
                found = finder(flat)
                took.append(time.process_time() - began)
            blocks = sum(1 for top in found for _ in top.walk())
            records.append(
                {
                    "shape": shape,
                    "ops": len(flat.ops),
                    "seconds": round(median(took), 3),
                    "blocks": blocks,
                }
            )
            report(f"{shape}, {len(flat.ops):,} ops: {median(took):.2f} s")
    growth = {}
    for shape in SHAPES:
        own = [one for one in records if one["shape"] == shape]
        growth[shape] = exponent([one["ops"] for one in own], [one["seconds"] for one in own])
    return {"records": records, "growth": growth}


def markdown(document: Mapping[str, Any]) -> str:
    """The tables of a run."""
    parts = [_sets(document["sets"])]
    parts += [_models(title, results) for title, results in document["sets"].items()]
    return "\n\n".join([*parts, _speed(document["speed"])])


_FIGURES = ("found", "mean_found", "extra", "mean_extra")


def _sets(sets: Mapping[str, Sequence[Record]]) -> str:
    head = ["models", "", "files", "modules", "found", "mean of models", "extra", "mean of models"]
    rows = []
    for title, results in sets.items():
        summary = {one["variant"]: one for one in summarize(list(map(dict, results)))}
        for group in _GROUPS:
            if group in summary:
                one = summary[group]
                about = [f"{one['models']} {title}", group, str(one["files"]), f"{one['asked']:,}"]
                rows.append([*about, *(_share(one[figure]) for figure in _FIGURES)])
    return _table(head, rows)


def _models(title: str, results: Sequence[Record]) -> str:
    rows = []
    for model in dict.fromkeys(one["model"] for one in results):
        own = [dict(one) for one in results if one["model"] == model]
        summary = {one["variant"]: one for one in summarize(own)}
        one = summary["all"]
        cells = [model, str(one["files"]), f"{one['asked']:,}"]
        cells += [
            _share(summary[group]["found"]) if group in summary else "" for group in _GROUPS[:2]
        ]
        rows.append([*cells, f"{one['blocks']:,}", _share(one["extra"])])
    head = ["model", "files", "modules", "found as exported", "after an optimiser"]
    return f"By model, {title}:\n\n{_table([*head, 'blocks', 'extra'], rows)}"


def _share(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.3f}"


def _speed(speed: Mapping[str, Any]) -> str:
    rows = [
        [one["shape"], f"{one['ops']:,}", f"{one['seconds']:.2f}", f"{one['blocks']:,}"]
        for one in speed["records"]
    ]
    growth = "; ".join(
        f"{shape} {one['exponent']:.2f} ({one['low']:.2f} to {one['high']:.2f})"
        for shape, one in speed["growth"].items()
    )
    table = _table(["graph", "ops", "seconds", "blocks"], rows)
    return f"{table}\n\nGrowth of the seconds as an exponent: {growth}."


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
