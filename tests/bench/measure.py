"""How long tagging takes beside parsing and exporting: ``make bench-tagging``.

Prints Markdown: for synthetic graphs the ratio of inheritance and context to
parsing, per size and flavour (median of repeats and their range), with the
exponents of growth; for two models the share of tagging in a bare export.
"""

from __future__ import annotations

import gc
import math
import statistics
import sys
import time

import numpy as np

from hexviz.exporters.export import export_model
from hexviz.exporters.sources import open_source
from hexviz.model.reader import from_proto, parse
from hexviz.tagging.tag import tag
from tests.bench.synthetic import FLAVOURS, synthetic

SIZES = (1_000, 5_000, 20_000, 100_000, 200_000)


def one_run(content: bytes) -> tuple[float, float]:
    """Seconds of parsing, and of inheritance (with declaring) and context together."""
    gc.collect()
    started = time.perf_counter()
    file = parse(content, name="synthetic")
    parsed = time.perf_counter() - started
    stages = tag(file).timings
    return parsed, stages["inheritance"] + stages["context"]


def growth(seconds: list[float]) -> float:
    """The exponent of a power law fitted to seconds over sizes."""
    logs = [math.log(size) for size in SIZES]
    return float(np.polyfit(logs, [math.log(one) for one in seconds], 1)[0])


def main(repeats: int = 3) -> None:
    print("| the file says | " + " | ".join(f"{size:,} ops" for size in SIZES), end="")
    print(" | exponent | parsing's |")
    print("|---" * (len(SIZES) + 3) + "|")
    for flavour in FLAVOURS:
        cells, medians, parsings = [], [], []
        for size in SIZES:
            content = synthetic(size, flavour)
            runs = [one_run(content) for _ in range(repeats)]
            ratios = sorted(tagging / parsing for parsing, tagging in runs)
            medians.append(statistics.median(tagging for _, tagging in runs))
            parsings.append(statistics.median(parsing for parsing, _ in runs))
            cells.append(f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})")
        cells += [f"{growth(medians):.2f}", f"{growth(parsings):.2f}"]
        print(f"| {flavour} | {' | '.join(cells)} |", flush=True)
    print()
    for name in ("bert-tiny", "resnet-50"):
        source = open_source(name)
        shares = []
        for _ in range(repeats):
            started = time.perf_counter()
            exported = export_model(source.model, source.args, source.kwargs, name=name)
            export = time.perf_counter() - started
            started = time.perf_counter()
            tag(from_proto(exported.proto, name=name), modules=exported.modules)
            shares.append((time.perf_counter() - started) / export)
        print(
            f"{name}: tagging adds {statistics.median(shares):.1%} to the bare export", flush=True
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
