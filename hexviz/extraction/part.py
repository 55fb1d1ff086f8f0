"""A part of a model: the cut, what it is made of, the proof that it runs, and its file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx

from hexviz.errors import ExtractionError, WriteError
from hexviz.extraction.cut import cut, shown
from hexviz.extraction.report import report
from hexviz.extraction.selection import ModuleSelection, selection
from hexviz.extraction.subgraph import Policy, Subgraph, known_policy, subgraph
from hexviz.model.cached import cached_property
from hexviz.model.files import is_there, write_atomically
from hexviz.model.gc_control import collector_paused
from hexviz.model.graph import TaggedGraph, Value
from hexviz.model.reader import WEIGHTS_LEFT_OUT, tensors
from hexviz.model.writer import PREFIX, serialized, short_digest, spare_weights

if TYPE_CHECKING:
    import numpy.typing as npt

    from hexviz.extraction.check import Checks
    from hexviz.extraction.verify import Verification

__all__ = ["Part", "extract"]


class Part:
    """Some modules of a model, cut out as a model of their own.

    ``model`` is the cut, ``selected`` what was asked for, ``subgraph`` what that
    keeps by the ``policy``, and ``whole`` the graph that it was cut from.
    ``verification`` is the result of the last :meth:`verify`.
    """

    def __init__(
        self, whole: TaggedGraph, selected: ModuleSelection, policy: Policy, kept: Subgraph
    ) -> None:
        self.whole = whole
        self.selected = selected
        self.policy = policy
        self.subgraph = kept
        self.model: onnx.ModelProto = cut(whole, kept)
        self.verification: Verification | None = None

    @property
    def inputs(self) -> tuple[Value, ...]:
        """What the part is run with: values of the whole, by their names there."""
        wanted = frozenset(self.subgraph.inputs)
        return self._shown(one for one in self.model.graph.input if one.name in wanted)

    @property
    def outputs(self) -> tuple[Value, ...]:
        """What the part gives back: values of the whole, by their names there."""
        return self._shown(self.model.graph.output)

    def _shown(self, values: Iterable[onnx.ValueInfoProto]) -> tuple[Value, ...]:
        given, weights = self.whole.top.inputs, self.subgraph.weights
        return tuple(
            shown(
                one,
                kind="input"
                if one.name in given
                else "initializer"
                if one.name in weights
                else "value",
            )
            for one in values
        )

    @cached_property
    def checks(self) -> Checks:
        """What ONNX's checker, with full shape inference, and ONNX Runtime say of it.

        What the checker says of the whole model as well is told apart, as not judged.
        """
        from hexviz.extraction.check import check

        return check(self.model, self.whole.base_dir, self.whole.proto)

    @property
    def report(self) -> dict[str, Any]:
        """The certificate as plain data: what is kept and why, what crosses, what was checked."""
        return report(
            self.whole,
            self.selected,
            self.policy,
            self.subgraph,
            self.model,
            values={value.name: value for value in (*self.inputs, *self.outputs)},
            checks=self.checks,
            verification=self.verification,
        )

    @property
    def certified(self) -> onnx.ModelProto:
        """A copy of the model that carries the report as metadata.

        It stands under ``hexviz.part.`` and a digest, so that two parts can be merged.

        Raises:
            ExtractionError: if the checker or the runtime finds it wrong.
        """
        if not self.checks.sound:
            wrong = self.checks.checker or self.checks.runtime
            raise ExtractionError(f"The part is not valid: {wrong}")
        result = onnx.ModelProto()
        result.CopyFrom(self.model)
        text = json.dumps(self.report, ensure_ascii=False)
        result.metadata_props.add(key=f"{PREFIX}part.{short_digest(text)}", value=text)
        return result

    def verify(
        self,
        inputs: Mapping[str, npt.NDArray[Any]] | None = None,
        rtol: float = 1e-4,
        atol: float = 1e-5,
    ) -> Verification:
        """Run the whole once and the part on what crossed its border then, and compare.

        ``inputs`` are those of the *whole* model, by name; they are generated
        if left out. An output is right if it differs by at most
        ``atol + rtol * |expected|`` everywhere.

        Raises:
            ExtractionError: if the whole cannot be run, or ``inputs`` do not fit it.
        """
        from hexviz.extraction.verify import verify

        self.verification = verify(
            self.whole.proto,
            self.model,
            self.whole.base_dir,
            inputs,
            rtol,
            atol,
            outputs=self.subgraph.outputs,
        )
        return self.verification

    def save(self, path: str | Path) -> None:
        """Check the part and write it, with its report in the metadata.

        Weights in other files stay there if ``path`` is in the same folder;
        elsewhere, those that the part needs are written to one file beside it.

        Raises:
            ExtractionError: if the checker or the runtime finds it wrong.
            WriteError: if a file cannot be written, or holds weights of the
                whole; old ones are kept.
        """
        spare_weights(Path(path), self.whole.proto, self.whole.base_dir)
        save(self.certified, Path(path), self.whole.base_dir)


def extract(
    graph: TaggedGraph,
    modules: Iterable[str] = (),
    exclude: Iterable[str] = (),
    policy: str = "include_context",
    *,
    ops: Iterable[str] = (),
    fill_holes: bool = False,
) -> Part:
    """Cut modules out of a model; see :mod:`hexviz.extraction.subgraph` for what the policies keep.

    ``modules`` and ``exclude`` are FQNs, tags, or patterns of either, as
    :func:`hexviz.extraction.selection.selection` reads them; ``ops`` are ids of
    ops to take besides. ``fill_holes`` also takes what dataflow goes through
    when it leaves the selection and enters it again.

    Raises:
        SelectionError: if a name means nothing, nothing is left, or there is no such policy.
        UnknownOpError: if there is no such op.
        ExtractionError: if nothing tells the type of a value at the border.
    """
    chosen = known_policy(policy)
    with collector_paused():  # tables of the whole graph are made, of objects that stay
        selected = selection(graph, modules, exclude, ops)
        kept = subgraph(graph, selected, chosen, fill_holes=fill_holes)
        return Part(graph, selected, chosen, kept)


_ALIGNED = 4096
"""Weights start at multiples of this many bytes, so that they can be mapped into memory."""

_CHUNK = 1 << 24  # bytes copied at a time: weights can be larger than memory


def save(proto: onnx.ModelProto, path: Path, base_dir: Path | None) -> None:
    """Write a model whose external data, if any, is in ``base_dir``.

    In that folder it refers to the same files. Elsewhere, the bytes that it
    refers to are gathered in ``NAME.data`` beside it, each once.

    Raises:
        WriteError: if a file cannot be written; old ones are kept.
    """
    if base_dir is None or base_dir == path.parent.resolve() or not _external(proto):
        write_atomically(path, [serialized(proto, str(path))])
        return
    gathered = onnx.ModelProto()
    gathered.CopyFrom(proto)
    data = path.with_name(f"{path.name}.data")
    if is_there(data):
        raise WriteError(f"{data} is in the way: move it, or write to another folder.")
    ranges: dict[_Range, int] = {}
    end = 0
    for tensor in _external(gathered):
        wanted = _range(tensor, base_dir)
        if wanted not in ranges:
            ranges[wanted] = end
            end += -(-wanted[2] // _ALIGNED) * _ALIGNED
        del tensor.external_data[:]
        for key, value in (
            ("location", data.name),
            ("offset", ranges[wanted]),
            ("length", wanted[2]),
        ):
            tensor.external_data.add(key=key, value=str(value))
    content = serialized(gathered, str(path))
    write_atomically(data, _gather(ranges))
    try:
        write_atomically(path, [content])
    except BaseException:  # also an interrupt: the weights alone are of no use
        data.unlink(missing_ok=True)
        raise


_Range = tuple[Path, int, int]
"""A file, the first byte, and how many."""


def _external(proto: onnx.ModelProto) -> list[onnx.TensorProto]:
    return [
        tensor
        for tensor in tensors(proto)
        if tensor.data_location == onnx.TensorProto.EXTERNAL
        and not any(entry.value == WEIGHTS_LEFT_OUT for entry in tensor.external_data)
    ]


def _range(tensor: onnx.TensorProto, base_dir: Path) -> _Range:
    """Where the data of a tensor is.

    Raises:
        WriteError: if the file has no such bytes.
    """
    entries = {entry.key: entry.value for entry in tensor.external_data}
    path = base_dir / entries["location"]
    try:
        offset = int(entries.get("offset", 0))
        size = path.stat().st_size
        length = int(entries["length"]) if "length" in entries else size - offset
    except (ValueError, OSError) as error:
        raise WriteError(f"The weights of {tensor.name!r} cannot be read: {error}.") from error
    if not 0 <= offset <= offset + length <= size:
        raise WriteError(
            f"{path} is too short for the weights of {tensor.name!r}: download or export it again."
        )
    return path, offset, length


def _gather(ranges: dict[_Range, int]) -> Iterator[bytes]:
    at = 0
    for (path, offset, length), start in ranges.items():
        yield bytes(start - at)
        try:
            with path.open("rb") as file:
                file.seek(offset)
                left = length
                while left:
                    chunk = file.read(min(left, _CHUNK))
                    if not chunk:
                        raise WriteError(f"{path} became shorter while it was read: try again.")
                    left -= len(chunk)
                    yield chunk
        except OSError as error:
            raise WriteError(f"Cannot copy the weights in {path}: {error.strerror}.") from error
        at = start + length
