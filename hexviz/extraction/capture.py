"""Run a whole model once, and keep what its values were."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.errors import ExtractionError
from hexviz.extraction.feeds import Feed, generate, given
from hexviz.extraction.runtime import open_session, run, serialized, to_array, to_value
from hexviz.extraction.tolerance import is_float

if TYPE_CHECKING:
    import onnxruntime as ort  # type: ignore[import-untyped] # it ships no types

__all__ = ["Captured", "capture"]

Array = npt.NDArray[Any]

_MORE_RUNS = 3  # that are tried for one whose outputs are numbers


@dataclass(frozen=True, slots=True)
class Captured:
    """What a run of a whole model showed: ``values`` of its top graph by name, and ``fed``."""

    values: Mapping[str, ort.OrtValue]
    fed: Feed
    inputs: str
    whole_digest: str
    session: ort.InferenceSession  # owns the memory of values that are constants of the model


def capture(
    whole: onnx.ModelProto,
    base_dir: Path | None,
    names: Collection[str],
    inputs: Mapping[str, Array | Sequence[Array]] | None = None,
) -> Captured:
    """Run a whole model once and keep values of its top graph, its inputs among them.

    Names that the model has not are left out. If no inputs are given, some are
    generated until one run succeeds, best one whose outputs are not all NaN.

    Raises:
        ExtractionError: if it does not run, or the given inputs do not fit.
    """
    graph = whole.graph
    own = [one.name for one in graph.output]
    known = {name for node in graph.node for name in node.output}
    known |= {tensor.name for tensor in graph.initializer}
    known |= {tensor.values.name for tensor in graph.sparse_initializer}
    more = [name for name in dict.fromkeys(names) if name in known and name not in own]
    feeds = iter([given(whole, inputs)]) if inputs is not None else generate(whole)
    source = "generated" if inputs is None else "given"
    content = serialized(whole)
    try:
        session = open_session(whole, base_dir, content=content, outputs=more)
    except ExtractionError as error:
        raise ExtractionError(f"The whole model cannot be run: {error}") from error
    wanted = list(dict.fromkeys([*own, *more]))
    best: Captured | None = None
    first_error: ExtractionError | None = None
    runs = 0
    for feed in feeds:
        try:
            fed = {name: to_value(one) for name, one in feed.items()}
            values = dict(zip(wanted, run(session, wanted, fed), strict=True))
        except ExtractionError as error:
            first_error = first_error or error
            continue
        runs += 1
        meaningful = _is_meaningful(values[name] for name in own)
        if best is None or meaningful:
            best = Captured(
                values={**values, **fed},
                fed=feed,
                inputs=source,
                whole_digest=hashlib.sha256(content).hexdigest(),
                session=session,
            )
        if meaningful or runs > _MORE_RUNS:
            break
    if best is None:
        advice = ": give inputs that it runs on" if inputs is None else ""
        reason = str(first_error or "there is nothing to try").rstrip(".")
        raise ExtractionError(f"The whole model fails on the {source} inputs ({reason}){advice}.")
    return best


def _is_meaningful(values: Iterable[ort.OrtValue]) -> bool:
    """Whether the outputs that are floats are numbers, at least one of them in part."""
    seen = False
    for value in values:
        if value.is_tensor() and value.has_value():
            array = to_array(value)
            if is_float(array.dtype):
                seen = True
                if not np.isnan(array.astype(np.float64)).all():
                    return True
    return not seen
