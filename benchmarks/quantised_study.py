"""How well the modules of quantised models are ranked: ``make bench-quantised``.

Rows go into a file, one model and way of quantising each, so that a second run goes on where the
first was stopped; then it prints the tables of docs/parity.md. See :mod:`benchmarks.quantised`.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.exports import is_reported
from benchmarks.quantised import WAYS, Ranking, measured, original_of
from hexviz.errors import HexvizError

MODELS = (
    *("bert-tiny", "small-transformer", "residual-cnn", "custom-auxiliary", "mobilenet-v2"),
    *("t5-encoder", "llama", "swin"),
    *("distilbert", "vit", "convnext", "segformer", "clip-vision", "electra", "qwen3", "u-net"),
)

HOWS = ("effect", "own error", "own noise", "natural error")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is not in the file yet, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="rows as JSON, one per line")
    parser.add_argument("models", nargs="*", default=MODELS)
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    rows = _rows(options.file)
    known = {(row["model"], row["way"]) for row in rows}
    options.file.parent.mkdir(parents=True, exist_ok=True)
    with options.file.open("a") as file:
        for row in _measured(options.models, known):
            rows.append(row)
            file.write(json.dumps(row) + "\n")
            file.flush()
            print(_line(row), file=sys.stderr, flush=True)
    print(table(rows))


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _measured(models: Iterable[str], known: set[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    for model in models:
        ways = [way for way in WAYS if (model, way) not in known]
        if not ways:
            continue
        try:
            original = original_of(model)
        except HexvizError as error:
            yield from ({"model": model, "way": way, "failed": str(error)} for way in ways)
            continue
        for way in ways:
            try:
                yield _row(measured(model, way, original))
            except Exception as error:  # noqa: BLE001 (the quantiser raises anything)
                yield {"model": model, "way": way, "failed": f"{type(error).__name__}: {error}"}


def _row(ranking: Ranking) -> dict[str, Any]:
    brute = dict(zip(ranking.modules, ranking.brute, strict=True))
    told = dict(zip(ranking.modules, ranking.told["effect"], strict=True))
    first = max(brute, key=lambda fqn: brute[fqn])
    return {
        "model": ranking.model,
        "way": ranking.way,
        "modules": len(ranking.modules),
        "pairs": ranking.pairs,
        "outputs": ranking.outputs,
        "first": max(told, key=lambda fqn: told[fqn]) == first,
        "agreement": {how: ranking.agreement(how) for how in ranking.told},
        "brute": brute,
        "effect": told,
    }


def _line(row: Mapping[str, Any]) -> str:
    if "failed" in row:
        return f"{row['model']}, {row['way']}: {row['failed'][:200]}"
    return f"{row['model']}, {row['way']}: {row['agreement']['effect']:.3f}"


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The models with their figures, tuned and reported apart, in Markdown."""
    parts = []
    for title, reported in (("Tuned on", False), ("Only reported", True)):
        some = [row for row in rows if is_reported(row["model"]) == reported]
        if not some:
            continue
        heads = (title, "quantised", "modules", "paired", "effect", "first", *HOWS[1:])
        lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
        for row in some:
            if "failed" in row:
                lines.append(f"| {row['model']} | {row['way']} | {row['failed'][:60]} ||||||||")
                continue
            figures = " | ".join(f"{row['agreement'][how]:.2f}" for how in HOWS[1:])
            lines.append(
                f"| {row['model']} | {row['way']} | {row['modules']} | {row['pairs']} of "
                f"{row['outputs']} | **{row['agreement']['effect']:.3f}** "
                f"| {'yes' if row['first'] else 'no'} | {figures} |"
            )
        for way in WAYS:
            figures_of = [
                row["agreement"]["effect"]
                for row in some
                if row["way"] == way and "failed" not in row
            ]
            if figures_of:
                median, least = statistics.median(figures_of), min(figures_of)
                lines.append(
                    f"| *all* | {way} |  |  | median {median:.3f}, least {least:.3f} |||||"
                )
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()
