"""Models quantised as ONNX Runtime's tools do."""

from __future__ import annotations

import logging
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

import onnx

from hexviz.extraction.feeds import generate


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


def statically_quantised(proto: onnx.ModelProto, *, as_ops: bool) -> onnx.ModelProto:
    """The model with activations in 8 bits too: by ops on these, or by pairs around other ops."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc] # it ships no types
        def __init__(self) -> None:
            self.feeds = islice(generate(proto), 1)

        def get_next(self) -> Any:
            return next(self.feeds, None)

    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "quantised.onnx")
            kind = QuantFormat.QOperator if as_ops else QuantFormat.QDQ
            quantize_static(copy, path, Reader(), quant_format=kind)
            return onnx.load(path)
    finally:
        logging.disable(before)
