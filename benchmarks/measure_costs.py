"""Seconds that the costs of a graph take, by its size, beside ONNX's inference of its types.

``python -m benchmarks.measure_costs [OPS]...``: medians of three, in time of the processor.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

from hexviz.bench.synthetic import synthetic
from hexviz.measure.costs.costs import costs
from hexviz.model.reader import parse
from hexviz.model.types import infer_types
from hexviz.tagging.tag import tag

_SIZES = (1_000, 5_000, 20_000, 100_000)


def main(sizes: list[int]) -> None:
    print(f"{'ops':>8} {'inference':>10} {'costs':>10}")
    for ops in sizes:
        graph = tag(parse(synthetic(ops, "names"), name="synthetic"))
        order = graph.flat.run_order
        inference = _seconds(lambda: infer_types(graph.proto, order))  # noqa: B023
        whole = _seconds(lambda: costs(graph))  # noqa: B023
        print(f"{len(graph.ops):8,} {inference:9.2f} s {whole - inference:+9.2f} s")


def _seconds(work: Callable[[], object], *, repeats: int = 3) -> float:
    taken = []
    for _ in range(repeats):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return statistics.median(taken)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or list(_SIZES))
