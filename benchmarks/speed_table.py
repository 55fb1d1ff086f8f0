"""``python -m benchmarks.speed_table RUN.json PAGE.md``: a run of ``hexviz bench``.

As a page's tables.

They are put between the page's markers ``<!-- bench -->`` and ``<!-- /bench -->``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["markdown", "put"]

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


def markdown(run: Mapping[str, Any]) -> str:
    """What a run is made on, ratios and seconds of each model, growth, and the rule beside ours."""
    machine, models = run["machine"], run["models"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    memory = "" if machine["memory_gb"] is None else f", {machine['memory_gb']:.0f} GB"
    made = (
        f"hexviz {run['version']} on {machine['processor']}, {machine['cores']} cores{memory}, "
        f"{machine['system']}, {machine['python']}; {versions}. Medians of {run['repeats']} runs; "
        "ratios (smallest to largest) are made within a run."
    )
    parts = [
        made,
        _ratios(models),
        _stages(models),
        _exports(models),
        _growth(run),
    ]
    return "\n\n".join(part for part in parts if part)


def put(page: str, tables: str) -> str:
    """The page with the tables between its markers.

    Raises:
        ValueError: if it has no markers.
    """
    before, found, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError(f"the page has no {BEGIN} … {END} to put the tables between")
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def _ratios(models: Iterable[Mapping[str, Any]]) -> str:
    rows, names = [], dict[str, None]()
    for one in models:
        names |= dict.fromkeys(one["ratios"])
        memory = one["memory"]
        rows.append(
            [
                one["name"],
                f"{one['ops']:,}",
                *(_spread(one["ratios"][name]) for name in names),
                f"{memory['kept_bytes_per_op']:,} / {memory['parsed_bytes_per_op']:,}",
            ]
        )
    return _table(["model", "ops", *names, "bytes per op, hexviz / onnx-ir"], rows)


def _stages(models: Iterable[Mapping[str, Any]]) -> str:
    shown = ("read", "tagging", "audit", "save", "open tagged", "repeat", "index", "layout")
    rows = [
        [
            one["name"],
            _seconds(one["parsing"]["median"]),
            *(_seconds(one["stages"][name]["median"]) for name in shown),
        ]
        for one in models
    ]
    return _table(["seconds", "parsing", *shown], rows)


def _exports(models: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        [
            one["name"],
            f"{one['stages']['export']['median']:.1f} s",
            f"{one['stages']['tagging']['median'] / one['stages']['export']['median']:.2%}",
            f"{one['quality']['exact']:.3f} / {one['quality']['on_branch']:.3f}",
            _seconds(one["quality"]["blanked_seconds"]["median"]),
            f"{one['earlier']['exact']:.3f} / {one['earlier']['on_branch']:.3f}",
            _seconds(one["earlier"]["seconds"]["median"]),
        ]
        for one in models
        if one["earlier"] is not None
    ]
    heads = ["auxiliary ops blanked", "export", "tagging by export", "exact / on branch", "s"]
    return _table([*heads, "earlier rule", "s"], rows)


def _growth(run: Mapping[str, Any]) -> str:
    tables = (run["growth"], run["memory_growth"])
    flavours = list(run["growth"])
    figures = [
        (table, name) for table in tables for name in (next(iter(table.values())) if table else ())
    ]
    rows = [
        [
            flavour,
            *(
                f"{told['exponent']:.2f} ({told['low']:.2f}–{told['high']:.2f})"
                for table, name in figures
                for told in (table[flavour][name],)
            ),
        ]
        for flavour in flavours
    ]
    heads = [name if table is tables[0] else f"bytes {name}" for table, name in figures]
    return _table(["exponents of growth (95 % interval)", *heads], rows)


def _table(heads: list[str], rows: list[list[str]]) -> str:
    if not rows:
        return ""
    lines = [heads, ["---", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _spread(told: Mapping[str, float]) -> str:
    return f"{told['median']:.2f} ({told['min']:.2f}–{told['max']:.2f})"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3g}"


def main() -> None:
    run, page = map(Path, sys.argv[1:])
    tables = markdown(json.loads(run.read_text()))
    page.write_text(put(page.read_text(), tables))


if __name__ == "__main__":
    main()
