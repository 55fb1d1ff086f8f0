"""Prove a part by running it: on what crossed its border while the whole model ran.

::

    whole:  x ─▶ … ─▶ a ─▶ [ part ] ─▶ b ─▶ …      one run, which also gives back a and b
    part:             a ─▶ [ part ] ─▶ b'          b' must be b

A run need not show that ops, weights or functions of a part are no copies of
the whole's: rows of a table may not be looked up in it, one branch of an If is
not taken, and small numbers drown in the tolerance. So they are compared too.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnx

from hexviz.errors import ExtractionError
from hexviz.extraction.capture import Captured, capture
from hexviz.extraction.constants import is_random, random_functions
from hexviz.extraction.feeds import free_inputs
from hexviz.extraction.runtime import (
    open_session,
    run,
    runtime_version,
    serialized,
)
from hexviz.extraction.tolerance import OutputCheck, Tolerance, check_output, is_narrow, unit_of
from hexviz.model.bodies import graphs_in, walk
from hexviz.model.flatten import flatten
from hexviz.model.function_calls import key_of
from hexviz.model.top_graph import TopGraph

if TYPE_CHECKING:
    import onnxruntime as ort  # type: ignore[import-untyped] # it ships no types

__all__ = [
    "OutputCheck",
    "Verification",
    "compare",
    "verification_of",
    "verification_record",
    "verify",
    "verify_chain",
]

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a part gives what the whole model gives.

    ``inputs`` says where those of the whole came from, ``generated`` or
    ``given``. The digests are SHA-256 of the two models as they were run,
    without weights in other files; of several parts, of their digests.
    """

    ok: bool
    outputs: tuple[OutputCheck, ...]
    runtime: str
    message: str
    inputs: str
    whole_digest: str
    part_digest: str
    rtol: float
    atol: float

    @property
    def max_abs_error(self) -> dict[str, float]:
        """Output → its largest error, of those that were compared."""
        return {
            one.name: one.max_abs_error for one in self.outputs if one.max_abs_error is not None
        }


def verification_record(verification: Verification) -> dict[str, Any]:
    """A verification in JSON's types; an error that is no finite number is ``None``."""
    record = asdict(verification)
    for output in record["outputs"]:
        for key in ("max_abs_error", "max_rel_error"):
            if output[key] is not None and not math.isfinite(output[key]):
                output[key] = None
    return {**record, "outputs": list(record["outputs"])}


def verification_of(record: Mapping[str, Any]) -> Verification:
    """The verification of a record; what was no finite number stays ``None``."""
    outputs = tuple(OutputCheck(**one) for one in record["outputs"])
    return Verification(**{**record, "outputs": outputs})


def verify(
    whole: onnx.ModelProto,
    part: onnx.ModelProto,
    base_dir: Path | None,
    inputs: Mapping[str, Array | Sequence[Array]] | None = None,
    rtol: float = 1e-4,
    atol: float = 1e-5,
    *,
    outputs: Collection[str] = (),
) -> Verification:
    """Run the whole once and the part on what crossed its border, and compare.

    ``base_dir`` holds the weights of both. ``outputs`` are values that the part
    must give back, besides those that it does.

    Raises:
        ExtractionError: if the whole cannot be run, or ``inputs`` do not fit it.
    """
    names = [*free_inputs(part), *(one.name for one in part.graph.output), *outputs]
    captured = capture(whole, base_dir, names, inputs)
    verified = compare(part, base_dir, captured, rtol, atol, outputs=outputs)
    return _with_copies(verified, whole, [part])


def compare(
    part: onnx.ModelProto,
    base_dir: Path | None,
    captured: Captured,
    rtol: float = 1e-4,
    atol: float = 1e-5,
    *,
    outputs: Collection[str] = (),
) -> Verification:
    """Run a part on captured values and compare all that it gives back.

    An element is right if it differs by at most ``atol + rtol * |expected|``
    (integers by ``atol``), is NaN where NaN is expected, and the same infinity
    where that is. A part that does not load or run fails with a message.
    """
    return _compared([part], base_dir, captured, captured.values, outputs, rtol, atol)


def verify_chain(
    whole: onnx.ModelProto,
    parts: Sequence[onnx.ModelProto],
    base_dir: Path | None,
    inputs: Mapping[str, Array | Sequence[Array]] | None = None,
    rtol: float = 1e-4,
    atol: float = 1e-5,
) -> Verification:
    """Run the whole once, then the parts in order, and compare the model's own outputs.

    A part gets what those before it made; of the whole's run, only the inputs.

    Raises:
        ExtractionError: if the whole cannot be run, or ``inputs`` do not fit it.
    """
    captured = capture(whole, base_dir, (), inputs)
    start = {name: captured.values[name] for name in captured.fed}
    wanted = [one.name for one in whole.graph.output]
    verified = _compared(parts, base_dir, captured, start, wanted, rtol, atol, chain=True)
    return _with_copies(verified, whole, parts)


def _with_copies(
    verified: Verification, whole: onnx.ModelProto, parts: Iterable[onnx.ModelProto]
) -> Verification:
    difference = what_differs(whole, parts) if verified.ok else None
    return verified if difference is None else replace(verified, ok=False, message=difference)


def _compared(
    parts: Sequence[onnx.ModelProto],
    base_dir: Path | None,
    captured: Captured,
    start: Mapping[str, ort.OrtValue],
    required: Collection[str],
    rtol: float,
    atol: float,
    *,
    chain: bool = False,
) -> Verification:
    made: dict[str, ort.OrtValue] = {}
    random: set[str] = set()
    digests = []
    failure = ""
    kept = []  # sessions own the memory of outputs that are constants
    for number, part in enumerate(parts, start=1):
        which = f"Part {number}" if chain else "The part"
        try:
            content = serialized(part)
            digests.append(hashlib.sha256(content).hexdigest())
            if failure:
                continue
            kept.append(open_session(part, base_dir, content=content))
            gives = [one.name for one in part.graph.output]
            if not gives:
                raise ExtractionError("It has no outputs.")
            made |= dict(zip(gives, run(kept[-1], gives, {**start, **made}), strict=True))
            random |= _random_outputs(part, random)
        except ExtractionError as error:
            failure = f"{which} cannot be run: {error}"
    names = list(dict.fromkeys(required if chain else [*made, *required]))
    fed = [start[name] for part in parts for name in free_inputs(part) if name in start]
    tolerance = Tolerance(rtol, atol, _narrowest([*fed, *made.values()]))
    checks = tuple(
        check_output(name, made, captured.values, random, tolerance)
        for name in ([] if failure else names)
    )
    return Verification(
        ok=not failure and all(one.ok for one in checks) and not _nothing_compared(checks),
        outputs=checks,
        runtime=runtime_version(),
        message=failure or _message(checks, rtol, atol),
        inputs=captured.inputs,
        whole_digest=captured.whole_digest,
        part_digest=_joint(digests),
        rtol=rtol,
        atol=atol,
    )


def _joint(digests: Sequence[str]) -> str:
    """The digest of one model, or one for several."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _nothing_compared(checks: Iterable[OutputCheck]) -> bool:
    return all(one.ok and one.max_abs_error is None for one in checks)


def _message(checks: Sequence[OutputCheck], rtol: float, atol: float) -> str:
    wrong = [one for one in checks if not one.ok]
    count = _outputs(len(checks))
    if wrong:
        first = f"{wrong[0].name}: {wrong[0].note}"
        return f"{len(wrong)} of {count} not as in the whole model ({first})."
    compared = [one.max_abs_error for one in checks if one.max_abs_error is not None]
    if not compared:
        return f"Nothing was compared ({checks[0].note if checks else 'there are no outputs'})."
    left = len(checks) - len(compared)
    compared_outputs = f"{len(compared)} of {count} compared" if left else f"{count} compared"
    return (
        f"{compared_outputs}, equal to the whole model's: largest error {max(compared):.3g}, "
        f"allowed {atol:g} + {rtol:g} of each element."
    )


def _outputs(count: int) -> str:
    return f"{count} output" if count == 1 else f"{count} outputs"


def _narrowest(values: Iterable[ort.OrtValue]) -> np.dtype[Any] | None:
    """The coarsest floating-point type of under 32 bits among tensors."""
    kinds = {one.element_type() for one in values if one.has_value() and one.is_tensor()}
    narrow = [kind for kind in map(onnx.helper.tensor_dtype_to_np_dtype, kinds) if is_narrow(kind)]
    return max(narrow, key=unit_of, default=None)


def _random_outputs(part: onnx.ModelProto, before: Collection[str]) -> set[str]:
    """The values that depend on a random op in this part, or on ``before``."""
    drawing = random_functions(part)
    found = set(before)
    top = TopGraph.of(flatten(part), part.graph)
    for node, reads, makes in zip(part.graph.node, top.reads, top.makes, strict=True):
        of_shape = node.op_type in ("Shape", "Size")
        if is_random(node, drawing) or (not of_shape and not found.isdisjoint(reads)):
            found.update(makes)
    return found


def what_differs(whole: onnx.ModelProto, parts: Iterable[onnx.ModelProto]) -> str | None:
    """A line about the first op, weight or function in a part that is no copy, or ``None``.

    Metadata and documentation do not count.
    """
    weights = {tensor.name: tensor for tensor in whole.graph.initializer}
    sparse = {tensor.values.name: tensor for tensor in whole.graph.sparse_initializer}
    nodes = {_name(node): node for node in whole.graph.node}
    functions = {key_of(one): one for one in whole.functions}
    for part in parts:
        for tensor in part.graph.initializer:
            if weights.get(tensor.name) != tensor:
                return f"The weight {tensor.name!r} is not the one of the whole model."
        for one in part.graph.sparse_initializer:
            if sparse.get(one.values.name) != one:
                return f"The weight {one.values.name!r} is not the one of the whole model."
        for node in part.graph.node:
            original = nodes.get(_name(node))
            if original is None or _bare([node]) != _bare([original]):
                return f"The op {_name(node)!r} is not as in the whole model."
        for function in part.functions:
            known = functions.get(key_of(function))
            if known is None or _bare(function.node) != _bare(known.node):
                return f"The function {function.name!r} is not as in the whole model."
    return None


def _name(node: onnx.NodeProto) -> str:
    return next((name for name in node.output if name), node.name)


def _bare(nodes: Iterable[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """Copies of nodes without metadata and documentation, in all their bodies.

    In bodies, and in the list itself, they are sorted by name: a part has them in an order in
    which they can run, a file in any.
    """
    copies = []
    for node in sorted(nodes, key=_name):
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copies.append(copy)
    for node in walk(copies):
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
        for attribute in node.attribute:
            attribute.ClearField("doc_string")
        for body in graphs_in(node):
            listed = onnx.GraphProto()
            listed.node.extend(sorted(body.node, key=_name))
            del body.node[:]
            body.node.extend(listed.node)
    return copies
