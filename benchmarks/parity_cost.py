"""What parity of bert-base takes, beside one run of each side: processor time and peak memory.

Each is measured in a process of its own: the PyTorch model run once, the file run once in ONNX
Runtime, and parity of both. Random weights, 128 tokens, dynamo's export, which is kept in the
folder that is named. Reading (building the model, opening the session) is measured apart;
parity opens the file itself.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

__all__ = ["bert_base"]

_TOKENS = 128


def bert_base() -> tuple[Any, dict[str, Any]]:
    """bert-base as published, with random weights, and a call of it; a factory for the command."""
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.BertConfig()
    config._attn_implementation = "eager"
    model = transformers.BertModel(config).eval()
    ids = torch.randint(0, config.vocab_size, (1, _TOKENS))
    mask = torch.ones(1, _TOKENS, dtype=torch.int64)
    mask[:, -_TOKENS // 4 :] = 0
    return model, {"input_ids": ids, "attention_mask": mask}


def _torch(_path: Path) -> dict[str, float]:
    import torch

    began = time.process_time()
    model, inputs = bert_base()
    read = time.process_time()
    with torch.no_grad():
        model(**inputs)
        warm = time.process_time()
        model(**inputs)
    return {"reading": read - began, "run": time.process_time() - warm}


def _runtime(path: Path) -> dict[str, float]:
    import numpy as np
    import onnxruntime as ort  # type: ignore[import-untyped] # it ships no types

    began = time.process_time()
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    read = time.process_time()
    draw = np.random.default_rng(0)
    feed = {
        one.name: draw.integers(0, 2, (1, _TOKENS)).astype(np.int64) for one in session.get_inputs()
    }
    session.run(None, feed)
    warm = time.process_time()
    session.run(None, feed)
    return {"reading": read - began, "run": time.process_time() - warm}


def _parity(path: Path) -> dict[str, float]:
    import hexviz

    began = time.process_time()
    source = bert_base()
    read = time.process_time()
    found = hexviz.parity(path, source)  # as the command does, so that weights stay in the file
    print(found.message, file=sys.stderr)
    return {"reading": read - began, "run": time.process_time() - read}


def _peak_mb() -> float:
    # Not getrusage: what that says of a child begins with what its parent had.
    status = Path("/proc/self/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


_MEASURES = {"torch": _torch, "runtime": _runtime, "parity": _parity}


def main() -> None:
    """Print one line of figures for each side, and for parity."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--one", choices=list(_MEASURES))
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    path = given.work / "bert-base.onnx"
    if given.one is not None:
        figures = _MEASURES[given.one](path)
        print(json.dumps(figures | {"peak_mb": _peak_mb()}))
        return
    if not path.exists():
        import hexviz

        model, inputs = bert_base()
        given.work.mkdir(parents=True, exist_ok=True)
        hexviz.export(model, (), inputs).save(path)
    size = path.stat().st_size / (1 << 20)
    print(f"the file has {size:.0f} MB")
    for name in _MEASURES:
        command = [sys.executable, "-m", "benchmarks.parity_cost", str(given.work), "--one", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        print(name, done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
