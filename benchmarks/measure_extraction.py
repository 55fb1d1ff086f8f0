"""Seconds of a cut by the size of the model and of the part, beside ``onnx.utils.extract_model``.

``first`` is the first cut of a model that was just opened: the tables of who
reads what are made for it. ``file`` is from a file to a file, checks included,
as both do it: hexviz also tags the model and loads the part in a runtime.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

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
        started = time.perf_counter()
        run()
        found.append(time.perf_counter() - started)
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
    with tempfile.TemporaryDirectory() as folder:
        path, target = Path(folder, "whole.onnx"), Path(folder, "part.onnx")
        path.write_bytes(content)
        part = extract(graph, PARTS["one layer"])
        row["file"] = {
            "hexviz": seconds(lambda: extract(load(path), PARTS["one layer"]).save(target), 1),
            "onnx.utils": seconds(
                lambda: onnx.utils.extract_model(
                    path, target, list(part.subgraph.inputs), list(part.subgraph.outputs)
                ),
                1,
            ),
        }
    return row


def exponent(rows: list[dict[str, object]], part: str) -> float:
    """Slope of log seconds over log nodes of the part, by least squares."""
    points = [
        (math.log(row[part]["nodes"]), math.log(row[part]["hexviz"]))  # type: ignore[index]
        for row in rows
    ]
    return statistics.linear_regression(*zip(*points, strict=True)).slope


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    rows = [measure(size) for size in parser.parse_args().sizes]
    print(json.dumps({"rows": rows, "exponent": exponent(rows, "all")}, indent=2))


if __name__ == "__main__":
    main()
