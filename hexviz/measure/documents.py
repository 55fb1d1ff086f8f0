"""The documents of ``hexviz profile --json`` and ``hexviz parity --json``, written and read.

A document is read from a file of somebody else's, too (the page takes one that is dropped on it),
so all of it is checked. A number that is not finite is ``null`` in JSON and ``None`` here.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from hexviz.errors import MeasureError

__all__ = [
    "CallError",
    "ModuleTime",
    "NodeTime",
    "ParityDocument",
    "ProfileDocument",
    "TensorError",
    "Unpaired",
    "WeightError",
    "read_document",
    "to_dict",
]

Microseconds = Annotated[float, Meta(ge=0, le=1e13)]
"""A time; at most some months."""

Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]


class NodeTime(Struct, frozen=True, kw_only=True):
    """One node as the runtime ran it, fused ones too.

    ``id`` is the op's id in the graph that was profiled where the node is that op, else the name
    the runtime gave it. ``ops`` are the ids of the ops that it stands for, in order of execution.
    ``module`` is the deepest module that holds all of them, ``None`` where nothing tells. ``us`` is
    the median over the runs of its time in one run of the model, ``low`` and ``high`` are the
    quartiles.
    """

    id: str
    op_type: str
    module: str | None
    us: Microseconds
    provider: str = ""
    ops: tuple[str, ...] = ()
    low: Microseconds = 0.0
    high: Microseconds = 0.0


class ModuleTime(Struct, frozen=True, kw_only=True):
    """The time of a module: its own nodes (``self_us``), and with all modules below (``total_us``).

    ``share`` is that of ``total_us`` in the whole, ``runs`` the number of runs it was seen in, and
    ``low`` and ``high`` are the quartiles of its total over the runs.
    """

    module: str
    tag: str
    self_us: Microseconds
    total_us: Microseconds
    share: Share
    runs: Count
    low: Microseconds = 0.0
    high: Microseconds = 0.0


class ProfileDocument(Struct, frozen=True, kw_only=True, tag_field="kind", tag="hexviz profile"):
    """Where the time of a run went; times in microseconds.

    ``total_us`` is the sum of all nodes, which is that of all modules and ``unplaced_us``.
    ``optimization`` is the runtime's level (``disable``, ``basic``, ``extended``, ``all``), ``""``
    where a trace does not tell. ``source`` says where the times are from: ``run``, ``ort`` (a
    profile that ONNX Runtime wrote) or ``torch`` (a trace of torch.profiler). ``symbols`` are the
    sizes that the open dimensions of inputs had, named as costs name them, where they are known.
    ``digest`` is the SHA-256 of the file that was profiled, ``notes`` are what a reader should
    know.
    """

    model: str
    modules: tuple[ModuleTime, ...]
    nodes: tuple[NodeTime, ...]
    total_us: Microseconds
    unplaced_us: Microseconds
    runs: Count
    provider: str
    device: str
    runtime: str = ""
    optimization: str = ""
    source: str = "run"
    symbols: dict[str, Count] = {}
    digest: str = ""
    notes: tuple[str, ...] = ()


class TensorError(Struct, frozen=True, kw_only=True):
    """How far a tensor is from the reference's.

    ``max_abs_error`` is the largest difference of two elements, ``max_rel_error`` that divided by
    the reference's largest magnitude, ``cosine`` the cosine of the angle between both, ``sqnr_db``
    the reference's energy over that of the difference, in decibels. ``None`` where there is no such
    number: for two equal tensors ``sqnr_db`` is infinite.
    """

    max_abs_error: float | None
    max_rel_error: float | None
    cosine: float | None
    sqnr_db: float | None


class CallError(Struct, frozen=True, kw_only=True):
    """What one call of a module gave, beside what the reference's gave.

    The four figures are the *natural* error: as the graph ran. ``own`` is the error in a run in
    which everything that the module reads had the reference's numbers: what the module adds by
    itself; ``None`` where that cannot be told. ``ok`` judges ``own`` (``natural`` where there is no
    own error). ``call`` counts the calls of the module from 0, ``output`` which of its outputs it
    is. ``value`` is the id of the value in the graph, ``how`` says what paired it: ``only``,
    ``shape``, ``order``, ``numbers``, ``same`` (shared with another module's output), ``transfer``,
    ``repaired``. ``noise`` is what the reference's own precision explains (relative, as
    ``max_rel_error``). ``effect`` is the relative error that the module's own error alone makes in
    the model's outputs, where that was measured. ``modules`` are other modules that the fault may
    be in as well: a folded BatchNorm's, or the other owners of a tied weight. ``handed_to`` is set
    for what the module made for another one to read (a mask) and did not give to its caller.
    """

    module: str
    tag: str
    call: Count
    value: str
    max_abs_error: float | None
    max_rel_error: float | None
    cosine: float | None
    sqnr_db: float | None
    ok: bool
    output: Count = 0
    own: TensorError | None = None
    noise: float | None = None
    effect: float | None = None
    how: str = ""
    modules: tuple[str, ...] = ()
    handed_to: str = ""


class Unpaired(Struct, frozen=True, kw_only=True):
    """An output of a module's call that no value of the graph was found for.

    ``reason`` says why; ``stretch`` are the modules of which it is unknown, for this, whether an
    error between the paired values around it is theirs.
    """

    module: str
    call: Count
    output: Count
    reason: str
    stretch: tuple[str, ...] = ()


class WeightError(Struct, frozen=True, kw_only=True):
    """A weight that both have by name and that differs; errors as in :class:`TensorError`."""

    name: str
    module: str
    max_abs_error: float | None
    max_rel_error: float | None
    has_effect: bool


class ParityDocument(Struct, frozen=True, kw_only=True, tag_field="kind", tag="hexviz parity"):
    """A graph beside its reference, call by call of its modules, in the order they ran.

    ``divergences`` are positions in ``modules`` of what is not ok by itself, in that order;
    ``first_divergence`` is the first, and ``path`` the FQNs of the modules around it, the root
    first. ``message`` says all of it in one line. ``inputs`` tells where the inputs came from:
    ``given``, ``example`` (the source's own) or ``made``. ``digest`` is the SHA-256 of the file.
    """

    model: str
    reference: str
    modules: tuple[CallError, ...]
    first_divergence: CallError | None
    message: str
    rtol: float
    atol: float
    runtime: str
    path: tuple[str, ...] = ()
    divergences: tuple[Count, ...] = ()
    unpaired: tuple[Unpaired, ...] = ()
    weights: tuple[WeightError, ...] = ()
    inputs: str = ""
    digest: str = ""
    notes: tuple[str, ...] = ()


Document = ProfileDocument | ParityDocument


def to_dict(document: Document) -> dict[str, Any]:
    """The document in JSON's types; in ``first_divergence`` also its ``path``."""
    found: dict[str, Any] = msgspec.to_builtins(document)
    if isinstance(document, ParityDocument):
        path = list(found.pop("path"))
        if found["first_divergence"] is not None:
            found["first_divergence"]["path"] = path
    return found


def read_document(content: bytes) -> Document:
    """A document from the bytes of a file.

    Raises:
        MeasureError: if it is none.
    """
    try:
        raw = msgspec.json.decode(content)
        if isinstance(raw, dict) and isinstance(raw.get("first_divergence"), dict):
            raw["path"] = raw["first_divergence"].pop("path", [])
        found: Document = msgspec.convert(raw, Document)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MeasureError(
            f"That is no document of hexviz profile --json or hexviz parity --json: {_said(error)}"
        ) from error
    if isinstance(found, ProfileDocument):
        _check_sums(found)
    return found


def _said(error: Exception) -> str:
    """What the parser says, with the field in front and without its own spelling of paths."""
    what, _, where = str(error).replace("`", "").partition(" - at $")
    where = where.lstrip(".")
    if not where or "..." in where:
        return what
    return f"{where}: {what[:1].lower()}{what[1:]}"


_ROUNDING = 1.01


def _check_sums(profile: ProfileDocument) -> None:
    """That no part of a profile takes longer than the whole.

    Raises:
        MeasureError: if one does.
    """
    most = profile.total_us * _ROUNDING + 1.0
    times = [("modules", one.module, max(one.self_us, one.total_us)) for one in profile.modules]
    times += [("nodes", one.id, one.us) for one in profile.nodes]
    for kind, name, us in times:
        if us > most:
            raise MeasureError(
                f"That is no document of hexviz profile --json: in its {kind}, {name[:60]!r} takes "
                f"{us:.6g} µs, and the whole model {profile.total_us:.6g} µs."
            )
