"""Tools that rewrite an ONNX file: what others make of an export, with all they drop of it.

ONNX Runtime and ONNX are hexviz's own dependencies; onnxslim and onnxsim are
used where they are installed (the ``dev`` extra has them).
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import onnx
import onnx.parser
import onnx.printer
import onnx.version_converter

__all__ = ["REWRITERS", "Rewriter", "installed"]

Rewriter = Callable[[onnx.ModelProto], onnx.ModelProto]
"""Makes another model of one; the one that is given stays as it is."""


def _optimised(level: str) -> Rewriter:
    """ONNX Runtime's optimiser, up to a level; what it writes has no metadata on nodes."""

    def rewrite(proto: onnx.ModelProto) -> onnx.ModelProto:
        import onnxruntime  # type: ignore[import-untyped] # it ships no types

        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = getattr(
            onnxruntime.GraphOptimizationLevel, f"ORT_ENABLE_{level.upper()}"
        )
        options.log_severity_level = 4
        with tempfile.TemporaryDirectory(prefix="hexviz-") as folder:
            path = str(Path(folder, "rewritten.onnx"))
            options.optimized_model_filepath = path
            onnxruntime.InferenceSession(
                proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
            return onnx.load(path)

    return rewrite


def _converted(proto: onnx.ModelProto) -> onnx.ModelProto:
    """One opset up, by ONNX's converter."""
    version = next(one.version for one in proto.opset_import if one.domain in ("", "ai.onnx"))
    return onnx.version_converter.convert_version(proto, version + 1)


def _printed(proto: onnx.ModelProto) -> onnx.ModelProto:
    """ONNX's text format and back."""
    return onnx.parser.parse_model(onnx.printer.to_text(proto))


def _slimmed(proto: onnx.ModelProto) -> onnx.ModelProto:
    import onnxslim

    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    with contextlib.redirect_stdout(io.StringIO()):
        result: onnx.ModelProto = onnxslim.slim(copy)
    return result


def _simplified(proto: onnx.ModelProto) -> onnx.ModelProto:
    import onnxsim

    result: onnx.ModelProto = onnxsim.simplify(proto)[0]
    return result


REWRITERS: Mapping[str, Rewriter] = MappingProxyType(
    {
        "ORT basic": _optimised("basic"),
        "ORT extended": _optimised("extended"),
        "ORT all": _optimised("all"),
        "version converter": _converted,
        "printed and parsed": _printed,
        "onnxslim": _slimmed,
        "onnxsim": _simplified,
    }
)
"""Name → tool."""


def installed() -> Iterator[str]:
    """The names of the tools that can be run here."""
    for name in REWRITERS:
        if not name.startswith("onnx") or importlib.util.find_spec(name) is not None:
            yield name
