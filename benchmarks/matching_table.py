"""``python -m benchmarks.matching_table WORK PAGE.md``: measure matching, into a page's tables.

WORK is a folder that keeps exports, rewritten files and truths (see
:mod:`benchmarks.matching_cases`); the first run fills it, which takes an hour.
The tables are put between the page's markers. ``--json FILE`` keeps the figures.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.matching import FORMS
from benchmarks.matching_exporters import summarize_pairs
from benchmarks.matching_run import bench_matching
from benchmarks.matching_speed import measure_speed
from benchmarks.matching_tools import MATCHING_TOOLS, QDQ
from benchmarks.speed_table import put

__all__ = ["markdown"]

_SIZES = (5_000, 10_000, 20_000, 50_000, 100_000)
_SPLITS = {True: "reported only", False: "tuned on"}

Record = Mapping[str, Any]


def main() -> None:
    """Measure, keep the figures, and put the tables into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("page", type=Path)
    parser.add_argument("--json", type=Path, help="a file to keep the figures in")
    arguments = parser.parse_args()
    document = bench_matching(work=arguments.work, report=_say)
    document["speed"] = measure_speed(list(_SIZES))
    if arguments.json:
        arguments.json.write_text(json.dumps(document, indent=1))
    page = arguments.page.read_text()
    arguments.page.write_text(put(page, markdown(document)))


def _say(what: str, share: float) -> None:
    sys.stderr.write(f"{share:6.1%} {what}\n")


def markdown(document: Mapping[str, Any]) -> str:
    """The tables of a run."""
    results = document["results"]
    parts = [*_tools(results), _failures(results), _pairs(document["pairs"])]
    parts += [_speed(document["speed"])]
    return "\n\n".join(part for part in parts if part)


def _tools(results: Sequence[Record]) -> Iterator[str]:
    for reported, split in _SPLITS.items():
        asked = [one for one in results if one["reported"] == reported and one.get("ops")]
        if not asked:
            continue
        models = len({one["model"] for one in asked})
        head = ["tool", "files", "ops", "exact", "on branch", "sure and wrong", "least exact"]
        head += ["nameless: exact", "on branch", "sure and wrong", "least exact"]
        rows = [
            _row(tool, [one for one in asked if one["tool"] == tool]) for tool in MATCHING_TOOLS
        ]
        rows.append(_row(f"all but {QDQ}", [one for one in asked if one["tool"] != QDQ]))
        yield f"{models} models {split}, through both exporters:\n\n{_table(head, rows)}"
        yield _left_out([one for one in asked if one["form"] == FORMS[0]])


def _row(tool: str, group: Sequence[Record]) -> list[str]:
    by_form = {form: [one for one in group if one["form"] == form] for form in FORMS}
    first = by_form[FORMS[0]]
    cells = [tool, str(len(first)), f"{sum(one['ops'] for one in first):,}"]
    for form in FORMS:
        files = by_form[form]
        if not files:
            cells += [""] * 4
            continue
        worst = min(files, key=lambda one: one["exact"])
        cells += [f"{mean(one[figure] for one in files):.4f}" for figure in ("exact", "on_branch")]
        cells += [f"{mean(one['lies'] for one in files):.4f}"]
        cells += ["1" if worst["exact"] == 1 else f"{worst['exact']:.3f} {worst['model']}"]
    return cells


def _left_out(files: Iterable[Record]) -> str:
    counted: Counter[str] = Counter()
    asked = 0
    for one in files:
        counted.update(one["left_out"])
        counted["several modules, and told apart by their types"] += one["all"]["ops"] - one["ops"]
        asked += one["ops"]
    why = ", ".join(f"{count:,} {reason}" for reason, count in counted.most_common())
    return f"Asked are {asked:,} ops of these files; left out are {counted.total():,}: {why}."


def _failures(results: Iterable[Record]) -> str:
    failed: dict[str, list[str]] = {}
    for one in results:
        if "error" in one and one["form"] == FORMS[0]:
            failed.setdefault(f"{one['tool']}: {one['error']}", []).append(
                f"{one['model']} ({one['exporter']})"
            )
    lines = [f"- {', '.join(models)}: {error}" for error, models in failed.items()]
    return "Not measured, because the tool failed:\n\n" + "\n".join(lines) if lines else ""


def _pairs(pairs: Sequence[Record]) -> str:
    rows = [
        [
            f"{row['before']} → {row['after']}, {row['models']} models {_SPLITS[row['reported']]}",
            f"{row['ops']:,}",
            f"{row['paired']:.4f}",
            f"{row['same_module']:.4f}",
        ]
        for row in summarize_pairs(pairs)
    ]
    head = ["", "ops with arithmetic", "paired", "of these, in the same module"]
    return f"Both exporters of a model against each other:\n\n{_table(head, rows)}" if rows else ""


def _speed(speed: Mapping[str, Any]) -> str:
    rows = [
        [
            one["shape"],
            f"{one['ops']:,}",
            f"{one['seconds']:.2f}",
            "" if one["bytes_per_op"] is None else f"{one['bytes_per_op']:,}",
            f"{one['exact']:.4f}",
        ]
        for one in speed["records"]
    ]
    head = ["graph, against its nameless copy", "ops", "seconds", "bytes an op of both", "exact"]
    growth = "; ".join(
        f"{shape} {one['exponent']:.2f} ({one['low']:.2f} to {one['high']:.2f})"
        for shape, one in speed["growth"].items()
    )
    return f"{_table(head, rows)}\n\nGrowth of the seconds as an exponent: {growth}."


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
