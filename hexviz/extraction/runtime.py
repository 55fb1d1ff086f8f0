"""ONNX Runtime, as far as hexviz needs it: load a model, run it, and hand values in and out.

Optimisation is off, unless somebody wants to know how fast a model runs: whole and part shall
run the same kernels, so that they differ only if the part is wrong. numpy knows neither all types
of values (bfloat16, 4-bit integers, texts as the runtime has them) nor sequences, so those go
through raw memory or tiny models.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnx
from google.protobuf.message import EncodeError

from hexviz.errors import ExtractionError
from hexviz.model.reader import WEIGHTS_LEFT_OUT, external_locations, tensors

if TYPE_CHECKING:
    import onnxruntime as ort  # type: ignore[import-untyped] # it ships no types

__all__ = [
    "IN_MEMORY",
    "LEVELS",
    "Settings",
    "available_providers",
    "elements",
    "is_unsupported",
    "one_line",
    "open_session",
    "output_types",
    "refusals",
    "run",
    "runtime_version",
    "serialized",
    "to_array",
    "to_value",
    "without_weights",
]

IN_MEMORY = "*/hexviz/in memory"
"""Where a weight says that its data is which :func:`open_session` gets as a value."""

LEVELS = MappingProxyType(
    {
        "disable": "ORT_DISABLE_ALL",
        "basic": "ORT_ENABLE_BASIC",
        "extended": "ORT_ENABLE_EXTENDED",
        "all": "ORT_ENABLE_ALL",
    }
)
"""How much the runtime rewrites a graph before it runs it → what it calls that level itself."""

_CPU = "CPUExecutionProvider"
_THREADS = 4  # at most: the page serves others meanwhile
_LONGEST = 300  # characters of a message
_KINDS = MappingProxyType(
    {f"tensor({name.lower()})": kind for name, kind in onnx.TensorProto.DataType.items()}
)
"""What the runtime calls a type → ONNX's number for it."""
_UNSUPPORTED = re.compile(
    r"not a registered function/op|No Op registered|No opset import for domain"
    r"|Could not find an implementation"
    r"|not currently registered or supported|input parameter \(.*\) of operator .* is invalid"
    r"|Unsupported model IR version|is under development and support for this is limited"
)


def runtime_version() -> str:
    """What runs models here, ``onnxruntime 1.32.0``."""
    import onnxruntime as ort

    return f"onnxruntime {ort.__version__}"


def available_providers() -> tuple[str, ...]:
    """The execution providers of the runtime that is installed here."""
    import onnxruntime as ort

    return tuple(ort.get_available_providers())


@dataclass(frozen=True, slots=True)
class Settings:
    """How a session is to run as it does for people, and not as a proof needs it.

    ``level`` is one of :data:`LEVELS`. ``provider`` is the execution provider, the CPU does what it
    cannot. ``threads`` work on one op, 0 for as many as the runtime takes by itself. With
    ``profile`` the runtime notes the time of every node in a file whose name begins so. At
    ``optimized`` it writes the model that it runs, large weights beside it.
    """

    level: str = "all"
    provider: str = _CPU
    threads: int = 0
    profile: Path | None = None
    optimized: Path | None = None


def _with_settings(options: ort.SessionOptions, settings: Settings) -> None:
    import onnxruntime as ort

    level = getattr(ort.GraphOptimizationLevel, LEVELS[settings.level])
    options.graph_optimization_level = level
    options.intra_op_num_threads = settings.threads
    options.enable_cpu_mem_arena = True
    if settings.profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(settings.profile)
    if settings.optimized is not None:
        options.optimized_model_filepath = str(settings.optimized)
        prefix = "session.optimized_model_external_initializers_"
        weights = settings.optimized.with_suffix(".weights").name
        options.add_session_config_entry(f"{prefix}file_name", weights)
        options.add_session_config_entry(f"{prefix}min_size_in_bytes", "1024")


def open_session(
    proto: onnx.ModelProto,
    base_dir: Path | None,
    *,
    content: bytes | None = None,
    outputs: Iterable[str] = (),
    weights: Mapping[str, ort.OrtValue] | None = None,
    settings: Settings | None = None,
    once: bool = False,
) -> ort.InferenceSession:
    """Load a model; ``base_dir`` is the folder of the files that hold its weights.

    ``content`` is the serialized model, if it is at hand. ``outputs`` are
    values of the top graph to give back besides the model's own outputs.
    ``weights`` are initializers whose data lies :data:`IN_MEMORY`: they are
    not copied, and must live as long as the session. ``settings`` are for who wants to know how
    fast it runs. With ``once`` no weights are laid out anew for faster runs, which takes a copy of
    each and longer than a single run gains.

    Raises:
        ExtractionError: if the runtime refuses it, or weights are not there.
    """
    import onnxruntime as ort

    if without_weights(proto):
        raise ExtractionError("The weights were left out of the model, so it cannot be run.")
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4  # refusals come back as exceptions
    options.intra_op_num_threads = min(_THREADS, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # the arena would keep all memory that was ever used
    if settings is not None:
        _with_settings(options, settings)
    else:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if once:
        options.add_session_config_entry("session.disable_prepacking", "1")
    if weights:
        options.add_external_initializers(list(weights), list(weights.values()))
    if base_dir is not None:
        options.add_session_config_entry(
            "session.model_external_initializers_file_folder_path", str(base_dir.resolve())
        )
    elif locations := external_locations(proto) - {IN_MEMORY}:
        # Without a folder the runtime would look in the one that happens to be the current one.
        raise ExtractionError(
            f"The weights are in another file ({min(locations)}), which was not given: "
            "open the model from its folder."
        )
    provider = _CPU if settings is None else settings.provider
    session = _opened(content or serialized(proto), options, outputs, provider)
    session._model_bytes = b""  # kept to load again on another device: all weights once more
    return session


def output_types(
    proto: onnx.ModelProto, names: Iterable[str]
) -> dict[str, tuple[int, list[int | str | None]]]:
    """Element type and shape of tensors of the top graph, as far as the runtime can tell.

    It folds constants first, so that it knows what chains of shape ops make.
    Tensors without dimensions are left out: it says the same of those and of
    those whose rank it does not know.

    Raises:
        ExtractionError: if the runtime refuses the model.
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 4
    own = {one.name for one in proto.graph.output}
    more = [name for name in names if name not in own]
    session = _opened(serialized(proto), options, more)
    wanted = set(names)
    return {
        one.name: (_KINDS[one.type], one.shape)
        for one in session.get_outputs()
        if one.name in wanted and one.type in _KINDS and one.shape
    }


def _opened(
    content: bytes, options: ort.SessionOptions, outputs: Iterable[str], provider: str = _CPU
) -> ort.InferenceSession:
    import onnxruntime as ort

    more = onnx.ModelProto()
    for name in outputs:
        more.graph.output.add(name=name)
    # Serialized messages merge when they are joined: no copy of the weights is changed for this.
    joined = content + more.SerializeToString()
    try:
        providers = list(dict.fromkeys((provider, _CPU)))
        return ort.InferenceSession(joined, options, providers=providers)
    except refusals() as error:
        raise ExtractionError(one_line(error)) from error


def serialized(proto: onnx.ModelProto) -> bytes:
    """The bytes of a model, the same every time.

    Raises:
        ExtractionError: if it has more than 2 GB without its external data.
    """
    try:
        content: bytes = proto.SerializeToString(deterministic=True)
    except (EncodeError, ValueError) as error:
        raise ExtractionError(
            "The model is too large or too deeply nested to be one file: "
            "save it with external data."
        ) from error
    return content


def without_weights(proto: onnx.ModelProto) -> bool:
    """Whether weights were deliberately left out of a model."""
    return any(
        entry.value == WEIGHTS_LEFT_OUT
        for tensor in tensors(proto)
        if tensor.data_location == onnx.TensorProto.EXTERNAL
        for entry in tensor.external_data
    )


def run(
    session: ort.InferenceSession, names: Sequence[str], feed: Mapping[str, ort.OrtValue]
) -> list[ort.OrtValue]:
    """The values of these outputs; what is fed and no input of the model is left out.

    Raises:
        ExtractionError: if an input is missing or does not fit, or an op fails.
    """
    wanted = [one.name for one in session.get_inputs()]
    missing = [name for name in wanted if name not in feed]
    if missing:
        raise ExtractionError(f"Nothing is given for the input {missing[0]!r}.")
    try:
        return list(session.run_with_ort_values(list(names), {name: feed[name] for name in wanted}))
    except refusals() as error:
        raise ExtractionError(one_line(error)) from error


def is_unsupported(error: ExtractionError) -> bool:
    """Whether the runtime only lacks an op, a kernel or a type; the graph may be right then."""
    return _UNSUPPORTED.search(str(error)) is not None


@cache
def refusals() -> tuple[type[Exception], ...]:
    """Everything ONNX Runtime raises: its exceptions have no base class of their own."""
    from onnxruntime.capi import (  # type: ignore[import-untyped]
        onnxruntime_pybind11_state as state,
    )

    own = [
        one for one in vars(state).values() if isinstance(one, type) and issubclass(one, Exception)
    ]
    return (*own, RuntimeError, ValueError)


_CODE = re.compile(r"\S+\.(?:cc|cpp|h|hpp):\d+ ")


def one_line(error: Exception) -> str:
    """What a refusal says, without error codes and places in the runtime's source.

    >>> one_line(RuntimeError("[ONNXRuntimeError] : 1 : FAIL : /src/a.cc:7 void A::b(int) No.\\n"))
    'No.'
    """
    text = " ".join(str(error).split())
    text = re.sub(r"\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)
    while (place := _CODE.search(text)) is not None:
        text = text[: place.start()] + _after_signature(text[place.end() :])
    text = text.replace("Name:'' ", "").replace("Status Message: ", "")
    text = text.replace("Non-zero status code returned while running", "Failed in") or "It failed."
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _after_signature(text: str) -> str:
    """What follows ``void A::b(int) const [with T = int]``, or the bare name of a function."""
    head, opening, _ = text.partition("(")
    if not opening or "::" not in head:
        return text.partition(" ")[2]
    depth = 0
    for at in range(len(head), len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0 and text[at] == ")" and text[at + 1 : at + 2] in ("", " "):
            rest = re.sub(r"^(const )?(\[with [^\]]*\] ?)?", "", text[at + 1 :].lstrip())
            return re.sub(r"^::<lambda\([^)]*\)> ", "", rest)
        if depth == 0 and text.startswith("::<lambda(", at + 1):
            return text[at:].partition("> ")[2]
    return ""


Array = npt.NDArray[Any]

_STRING = onnx.TensorProto.STRING


def to_value(given: Array | Sequence[Array]) -> ort.OrtValue:
    """An array, of any type ONNX knows, or a list of them (a sequence) for the runtime.

    Raises:
        ExtractionError: if the runtime has no such type.
    """
    import onnxruntime as ort

    if not isinstance(given, np.ndarray):
        return _sequence(given)
    try:
        kind = onnx.helper.np_dtype_to_tensor_dtype(given.dtype)
    except (KeyError, ValueError) as error:
        raise ExtractionError(f"ONNX has no type {given.dtype} for an input.") from error
    try:
        if kind == _STRING:
            return _strings(given)
        if given.dtype.isbuiltin == 1:
            return ort.OrtValue.ortvalue_from_numpy(np.asarray(given, order="C"))
        raw = onnx.numpy_helper.from_array(given).raw_data
        value = ort.OrtValue.ortvalue_from_shape_and_type(list(given.shape), kind)
        ctypes.memmove(value.data_ptr(), raw, len(raw))
    except refusals() as error:
        raise ExtractionError(one_line(error)) from error
    return value


def to_array(value: ort.OrtValue) -> Array:
    """The elements of a tensor; types that numpy has not come as those of ``ml_dtypes``."""
    kind = value.element_type()
    if kind == _STRING or onnx.helper.tensor_dtype_to_np_dtype(kind).isbuiltin == 1:
        return np.asarray(value.numpy())
    size = value.tensor_size_in_bytes()
    raw = ctypes.string_at(value.data_ptr(), size) if size else b""
    return onnx.numpy_helper.to_array(
        onnx.TensorProto(data_type=kind, dims=value.shape(), raw_data=raw)
    )


def elements(sequence: ort.OrtValue) -> list[ort.OrtValue]:
    """The tensors of a sequence.

    Raises:
        ExtractionError: if the runtime cannot take it apart.
    """
    kind = onnx.helper.make_sequence_type_proto(
        onnx.helper.make_tensor_type_proto(sequence.element_type(), None)
    )
    counting = _model([onnx.helper.make_node("SequenceLength", ["s"], ["n"])], {"s": kind})
    taking = _model(
        [onnx.helper.make_node("SequenceAt", ["s", "i"], ["t"])],
        {"s": kind, "i": onnx.helper.make_tensor_type_proto(onnx.TensorProto.INT64, [])},
    )
    session = open_session(taking, None, outputs=["t"])
    [length] = run(open_session(counting, None, outputs=["n"]), ["n"], {"s": sequence})
    return [
        run(session, ["t"], {"s": sequence, "i": to_value(np.array(at, np.int64))})[0]
        for at in range(int(to_array(length)))
    ]


def _sequence(parts: Sequence[Array]) -> ort.OrtValue:
    if not parts:
        raise ExtractionError("An empty sequence has no type: give at least one array.")
    feed = {f"t{at}": to_value(part) for at, part in enumerate(parts)}
    kinds = {
        name: onnx.helper.make_tensor_type_proto(value.element_type(), None)
        for name, value in feed.items()
    }
    model = _model([onnx.helper.make_node("SequenceConstruct", list(feed), ["s"])], kinds)
    return run(open_session(model, None, outputs=["s"]), ["s"], feed)[0]


def _strings(given: Array) -> ort.OrtValue:
    """Text goes in as a constant: the runtime's Python takes none directly as a value."""
    constant = onnx.TensorProto(name="c", data_type=_STRING, dims=given.shape)
    constant.string_data.extend(str(one).encode() for one in given.ravel().tolist())
    model = _model([onnx.helper.make_node("Identity", ["c"], ["t"])], {})
    model.graph.initializer.append(constant)
    return run(open_session(model, None, outputs=["t"]), ["t"], {})[0]


def _model(nodes: Sequence[onnx.NodeProto], inputs: Mapping[str, onnx.TypeProto]) -> Any:
    takes = [onnx.helper.make_value_info(name, kind) for name, kind in inputs.items()]
    graph = onnx.helper.make_graph(nodes, "values", takes, [])
    return onnx.helper.make_model(
        graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 17)]
    )
