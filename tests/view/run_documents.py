"""Documents as ``hexviz bench -o`` writes them, with figures that are easy to tell apart."""

from __future__ import annotations

import json
from typing import Any

SIZES = (1_000, 5_000, 20_000, 100_000)


def span(seconds: float, spread: float = 0.1) -> dict[str, float]:
    return {
        "median": seconds,
        "min": seconds * (1 - spread),
        "max": seconds * (1 + spread),
        "cpu": seconds,
    }


def synthetic(ops: int, by: float = 1.0) -> dict[str, Any]:
    """A model whose stages take ``by`` times 10 µs for each op."""
    second = ops * 1e-5 * by
    return {
        "name": f"synthetic-{ops}",
        "kind": "synthetic",
        "says": "layers",
        "ops": ops,
        "auxiliary": ops // 3,
        "modules": ops // 10,
        "depth": 6,
        "bytes": ops * 400,
        "stages": {
            "read": span(second),
            "graph context": span(second / 2),
            "inheritance": span(second * 2),
            "provenance": span(second / 2),
            "layout": span(0.02),
            "serialise": span(0.004),
        },
        "parsing": span(second),
        "ratios": {"tagging/parsing": span(3.0)},
        "memory": {
            "parsed_bytes_per_op": 3000 + 100 * (ops % 7),
            "kept_bytes_per_op": 6000 * by,
            "peak_mb": ops * 0.02,
        },
        "quality": {},
        "earlier": {},
    }


def fit(unit: str, amounts: list[float]) -> dict[str, Any]:
    """What grows as the number of ops does."""
    return {"exponent": 1.02, "low": 0.97, "high": 1.07, "sizes": list(SIZES), unit: amounts}


def document(by: float = 1.0, **more: Any) -> dict[str, Any]:
    """A run on one machine, everything in it ``by`` times slower than it might be."""
    export = synthetic(256, by) | {"name": "bert-tiny", "kind": "export", "says": None}
    export["stages"] |= {"build model": span(0.4 * by), "export": span(6.0 * by)}
    return {
        "kind": "hexviz bench",
        "version": "0.1.0",
        "machine": {
            "processor": "A processor",
            "cores": 2,
            "memory_gb": 7.8,
            "system": "Linux 6",
            "python": "CPython 3.11.9",
            "packages": {"onnx": "1.19"},
        },
        "repeats": 5,
        "models": [export, *(synthetic(ops, by) for ops in SIZES)],
        "growth": {
            "layers": {
                "tagging": fit("seconds", [ops * 3e-5 * by for ops in SIZES]),
                "parsing": fit("seconds", [ops * 1e-5 * by for ops in SIZES]),
            }
        },
        "memory_growth": {"layers": {"kept": fit("bytes", [ops * 6000 * by for ops in SIZES])}},
    } | more


def content(by: float = 1.0, **more: Any) -> bytes:
    """The file of such a run."""
    return json.dumps(document(by, **more)).encode()
