"""Models quantised as ONNX Runtime's tools do."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

import onnx


def quantised(proto: onnx.ModelProto, **options: Any) -> onnx.ModelProto:
    """The model with its matrices in 8 bits, and activations quantised as it runs."""
    from onnxruntime.quantization import quantize_dynamic  # type: ignore[import-untyped]

    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "quantised.onnx")
            quantize_dynamic(copy, path, **options)
            return onnx.load(path)
    finally:
        logging.disable(before)
