"""Everything that rewrites an export in the benchmark of matching.

Beside the tools of :mod:`benchmarks.rewriters` those that change numbers, ops
or whole files: quantisation, half precision, fusion by kind of model, functions
inlined (those that ONNX itself defines as well, so that one op becomes many), and a
second model joined to the first.
"""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import onnx
import onnx.compose
import onnx.inliner

from benchmarks.rewriters import REWRITERS, Rewriter
from hexviz.extraction.feeds import Feed, generate

__all__ = ["MATCHING_TOOLS", "NOISY", "QDQ", "quiet"]

QDQ = "static QDQ"
"""The tool whose numbers are so coarse that its truths are reported apart."""

NOISY = frozenset({QDQ, "dynamic quantisation", "float16"})
"""Tools after which values are only near those before."""

_CALIBRATIONS = 4  # runs from which ranges of values are read


def _copy(proto: onnx.ModelProto) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    return copy


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what tools print and log."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(before)


def _fused_as(kind: str) -> Rewriter:
    """ONNX Runtime's own optimiser for one kind of transformer, without its runtime's passes."""

    def rewrite(proto: onnx.ModelProto) -> onnx.ModelProto:
        from onnxruntime.transformers import optimizer  # type: ignore[import-untyped]

        with quiet():
            result: onnx.ModelProto = optimizer.optimize_model(
                _copy(proto), model_type=kind, opt_level=0
            ).model
        return result

    return rewrite


def _written(write: Callable[[onnx.ModelProto, str], Any]) -> Rewriter:
    """A tool that only writes files."""

    def rewrite(proto: onnx.ModelProto) -> onnx.ModelProto:
        with tempfile.TemporaryDirectory(prefix="hexviz-") as folder, quiet():
            path = str(Path(folder, "rewritten.onnx"))
            write(_copy(proto), path)
            return onnx.load(path)

    return rewrite


def _quantised_dynamically(proto: onnx.ModelProto, path: str) -> None:
    from onnxruntime.quantization import quantize_dynamic  # type: ignore[import-untyped]

    quantize_dynamic(proto, path)


def _quantised_statically(proto: onnx.ModelProto, path: str) -> None:
    from onnxruntime.quantization import CalibrationDataReader, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc] # it ships no types
        def __init__(self) -> None:
            seeds = range(_CALIBRATIONS)
            self.feeds = iter([next(islice(generate(proto, seed=seed), 1)) for seed in seeds])

        def get_next(self) -> Feed | None:
            return next(self.feeds, None)

    quantize_static(proto, path, Reader())


def _halved(proto: onnx.ModelProto) -> onnx.ModelProto:
    from onnxruntime.transformers import float16

    with quiet():
        result: onnx.ModelProto = float16.convert_float_to_float16(_copy(proto))
    return result


def _optimised_by_onnxscript(proto: onnx.ModelProto) -> onnx.ModelProto:
    import onnxscript.optimizer

    with quiet():
        result: onnx.ModelProto = onnxscript.optimizer.optimize(_copy(proto))
    return result


def _inlined(proto: onnx.ModelProto) -> onnx.ModelProto:
    """All functions written out, also the ops that ONNX defines by simpler ones.

    The inliner asks for the types of initializers where others look at the data.
    """
    copy = _copy(proto)
    known = {one.name for one in (*copy.graph.value_info, *copy.graph.input)}
    copy.graph.value_info.extend(
        onnx.helper.make_tensor_value_info(one.name, one.data_type, one.dims)
        for one in copy.graph.initializer
        if one.name not in known
    )
    return onnx.inliner.inline_selected_functions(
        copy, [], exclude=True, inline_schema_functions=True
    )


def _merged(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A second model behind the first, and a prefix before every name."""
    output = proto.graph.output[0]
    kind = output.type.tensor_type
    more = onnx.helper.make_graph(
        [onnx.helper.make_node("Neg", ["x"], ["y"])],
        "more",
        [onnx.helper.make_tensor_value_info("x", kind.elem_type, None)],
        [onnx.helper.make_tensor_value_info("y", kind.elem_type, None)],
    )
    second = onnx.helper.make_model(
        more, ir_version=proto.ir_version, opset_imports=proto.opset_import
    )
    second.graph.input[0].type.CopyFrom(output.type)
    second.graph.output[0].type.CopyFrom(output.type)
    return onnx.compose.merge_models(
        proto, second, io_map=[(output.name, "x")], prefix1="one/", prefix2="two/"
    )


MATCHING_TOOLS: Mapping[str, Rewriter] = MappingProxyType(
    {
        **{name: tool for name, tool in REWRITERS.items() if name != "printed and parsed"},
        "transformers bert": _fused_as("bert"),
        "transformers gpt2": _fused_as("gpt2"),
        "dynamic quantisation": _written(_quantised_dynamically),
        QDQ: _written(_quantised_statically),
        "float16": _halved,
        "onnxscript": _optimised_by_onnxscript,
        "inliner": _inlined,
        "merge_models": _merged,
    }
)
"""Name → tool."""
