"""The benchmark's own parts that need no browser: its tables, and what it gives another viewer."""

import json
from pathlib import Path
from typing import Any

from benchmarks.page.report import markdown
from benchmarks.page.rivals import as_graph_json
from hexviz.bench.synthetic import synthetic

PAINTED = {"serving": 400.0, "painted": 1_000.0}
VISIT: dict[str, Any] = {
    "paints": [PAINTED],
    "again": {"paints": [{"painted": 800.0, "serving": 300.0}]},
    "warm": {"paints": [{"painted": 900.0}, {"painted": 500.0}]},
    "first_load": {"bodies": 5_000_000, "wire": 1_200_000},
    "first_elements": 120,
    "memory_first": {"heap_mb": 15, "renderer_mb": 200, "nodes": 700, "server_mb": 180},
    "moves": [100.0, 140.0, 450.0],
    "openings": {"ms": [40.0, 45.0, 210.0], "added": [3, 9, 4], "bytes": [9e3] * 3, "failed": []},
    "frames": {"elements": 200, "pan": 60, "zoom": 50, "pan_longest_ms": 17, "zoom_longest_ms": 40},
    "console_errors": ["a line"],
}


def test_the_tables_tell_what_was_met_and_what_was_missed() -> None:
    netron = {"paints": [{"painted": 5_000.0, "serving": 200.0}]}
    sizes = {"bert-base": {"load": 0.1, "hexviz": VISIT, "Netron": netron}}
    told = markdown({"sizes": sizes})
    row = "| bert-base | 1,000 (1,000–1,000) | 400 (400–400) | 800 (800–800) | 500 (500–500) |"
    assert row in told
    assert "opening, median ms: 45, target at most 50: met" in told
    assert "opening, 95th percentile ms: 210, target at most 100: **missed**" in told
    assert "frames per second: 50, target at least 55: **missed**" in told
    assert "moving an op, median ms: 140, target at most 150: met" in told
    assert "moving, 95th percentile ms: 450, target at most 400: **missed**" in told
    assert "bytes before any input: 1200000, target at most 1000000: **missed**" in told
    assert "opened before, ms: 800, target at most 1000: met" in told
    assert "opened before, of Netron's first paint: 0.16, target at most 0.25: met" in told
    assert "file to first paint, of Netron's first paint: 0.20, target at most 0.4: met" in told
    assert "- bert-base: a line" in told


def test_what_was_not_painted_is_said_so() -> None:
    late = {"why": "not within 120 s"}
    sizes = {"20000": {"load": 0.1, "hexviz": late, "Model Explorer": {"why": "not installed"}}}
    told = markdown({"sizes": sizes})
    assert (
        "| 20,000 ops | not within 120 s | not within 120 s | not measured | not measured |" in told
    )
    assert "not measured | not installed |" in told


def test_another_viewer_gets_the_same_graph(tmp_path: Path) -> None:
    source = tmp_path / "model.onnx"
    source.write_bytes(synthetic(17, "metadata"))
    (graph,) = json.loads(as_graph_json(source).read_text())["graphs"]
    nodes = {node["id"]: node for node in graph["nodes"]}
    assert len(nodes) == 53  # with the input and the output
    query = nodes["v9"]
    assert {"key": "module", "value": "encoder.layer.0.attention.self.query"} in query["attrs"]
    assert query["incomingEdges"][0]["sourceNodeId"] == "input input"
    assert all(
        edge["sourceNodeId"] in nodes
        for node in nodes.values()
        for edge in node.get("incomingEdges", ())
    )
