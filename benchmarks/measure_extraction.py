"""CPU seconds of a cut by the sizes of model and part, beside ``onnx.utils.extract_model``.

``first`` is the first cut of a model that was just opened: the tables of who
reads what are made for it. ``file`` is from a file to a file, checks included,
as both do it: hexviz also tags the model and loads the part in a runtime.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import onnx.utils

from hexviz.bench.synthetic import synthetic
from hexviz.extraction.part import extract
from hexviz.model.gc_control import freeze_live_objects
from hexviz.model.reader import parse
from hexviz.tagging.tag import load, tag

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
PARTS = {"one layer": ["encoder.layer.3"], "a tenth": ["encoder.layer.1*"], "all": ["encoder"]}


def seconds(run: Callable[[], object], times: int = 3) -> float:
    found = []
    for _ in range(times):
        started = time.process_time()
        run()
        found.append(time.process_time() - started)
    return statistics.median(found)


def measure(ops: int) -> dict[str, object]:
    """One size; the model says what shape each value has, as the dynamo exporter's do."""
    model = onnx.shape_inference.infer_shapes(onnx.load_from_string(synthetic(ops, "metadata")))
    content = model.SerializeToString()
    parsed = seconds(lambda: parse(content, name="synthetic"), 1)
    graph = tag(parse(content, name="synthetic"))
    freeze_live_objects()
    row: dict[str, object] = {"ops": len(graph.ops), "parse": parsed}
    row["first"] = seconds(lambda: extract(graph, PARTS["one layer"]), 1)
    for name, modules in PARTS.items():
        part = extract(graph, modules)
        kept = part.subgraph
        inputs, outputs = list(kept.inputs), list(kept.outputs)
        ours = seconds(lambda modules=modules: extract(graph, modules))  # type: ignore[misc]
        theirs = seconds(
            lambda inputs=inputs, outputs=outputs: onnx.utils.Extractor(  # type: ignore[misc]
                graph.proto
            ).extract_model(inputs, outputs)
        )
        row[name] = {"nodes": len(kept.why), "hexviz": ours, "onnx.utils": theirs}
    kept = extract(graph, PARTS["one layer"]).subgraph
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "whole.onnx")
        path.write_bytes(content)
        row["file"] = from_file_to_file(path, list(kept.inputs), list(kept.outputs))
    return row


def from_file_to_file(path: Path, inputs: list[str], outputs: list[str]) -> dict[str, object]:
    """CPU seconds of a cut of one layer, checks included: of calls in this process, in turns, and
    of whole processes, of which the second finds what the first has kept.
    """
    target, folder = path.with_name("part.onnx"), path.parent

    def ours() -> None:
        target.unlink(missing_ok=True)
        extract(load(path), PARTS["one layer"]).save(target)

    def theirs() -> None:
        onnx.utils.extract_model(path, target, inputs, outputs)

    turns = [(cpu_seconds(ours), cpu_seconds(theirs)) for _ in range(3)]
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "hexviz",
        "extract",
        path,
        "-o",
        folder / "cli.onnx",
    ]
    script = (
        f"import onnx.utils as u; u.extract_model(*{(str(path), str(target), inputs, outputs)})"
    )
    cache = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}

    def process(*arguments: str | Path) -> float:
        return cpu_seconds(
            lambda: subprocess.run(arguments, check=True, env=cache, stdout=subprocess.DEVNULL)
        )

    return {
        "hexviz": min(one for one, _ in turns),
        "onnx.utils": min(other for _, other in turns),
        "ratio": min(one / other for one, other in turns),
        "first process": process(*command, "--module", *PARTS["one layer"]),
        "next process": process(*command, "--module", *PARTS["one layer"]),
        "process of onnx.utils": process(sys.executable, "-c", script),
    }


def cpu_seconds(run: Callable[[], object]) -> float:
    """What a call takes of this process and of those that it waits for."""
    before = os.times()
    run()
    return sum(os.times()[:4]) - sum(before[:4])


def exponent(rows: list[dict[str, object]], part: str, size: Callable[[Any], int]) -> float:
    """Slope of log seconds over the log of a size, by least squares."""
    points = [
        (math.log(size(row)), math.log(row[part]["hexviz"]))  # type: ignore[index]
        for row in rows
    ]
    return statistics.linear_regression(*zip(*points, strict=True)).slope


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    rows = [measure(size) for size in parser.parse_args().sizes]
    exponents = {
        "cut of all, by its nodes": exponent(rows, "all", lambda row: row["all"]["nodes"]),
        "file to file, by ops": exponent(rows, "file", lambda row: row["ops"]),
    }
    print(json.dumps({"rows": rows, "exponents": exponents}, indent=2))


if __name__ == "__main__":
    main()
