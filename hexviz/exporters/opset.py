"""Conversion to another opset, and what the exporter had noted on each node before it.

ONNX's own converter rebuilds every node and drops its metadata, where the
exporter notes modules. It keeps the names of values, and finds them by that::

    before      MatMul → "linear_3"   name_scopes: encoder, encoder.fc, linear_3
    after       MatMul → "linear_3"   (nothing)

What was noted is put back before the exporter's optimiser runs, which hands
metadata on to the ops that it fuses, and taken off at last: the file is the
one that PyTorch writes, byte for byte.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import onnx
import onnx_ir as ir
from onnxscript import version_converter

from hexviz.errors import ExportError
from hexviz.exporters.foreign_errors import first_line
from hexviz.exporters.weightless import declare_external, forget_data
from hexviz.model.flatten import flatten
from hexviz.tagging.metadata import KEYS

__all__ = ["Conversion", "Notes", "notes_kept", "refuse_other_opset", "take_notes"]

Notes = dict[str, dict[str, str]]
"""Op id → metadata of its node."""

_TRANSLATED_TO = 18
"""The oldest opset that PyTorch translates to; it converts to what is older."""

_Place = tuple[str, ...]
"""The names that lead to a body (value, attribute, value, …), and a value's own."""


class Conversion(logging.Handler):
    """What became of a conversion; listens for the error that the converter only logs."""

    dropped = False
    """Whether the notes on all nodes were dropped, and put back."""

    reason = ""
    """Why it failed, in a sentence."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what ONNX says of itself, which comes after where in its own code it says so."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self.reason = first_line(error).rpartition(" failed: ")[2]


@contextlib.contextmanager
def notes_kept() -> Iterator[Conversion]:
    """While inside, what a conversion takes off the nodes of a model is put back after it.

    PyTorch converts between translating and optimising, where nothing else
    gets at the model, so the converter itself is replaced for the time.
    """
    original = version_converter.convert_version
    conversion = Conversion()

    def convert(model: ir.Model | onnx.ModelProto, target_version: int, **options: Any) -> None:
        if not isinstance(model, ir.Model) or _opset(model) == target_version:
            original(model, target_version, **options)
            return
        notes = {place: found for place, node in _nodes(model) if (found := _notes(node))}
        # The converter asks for the bytes of small weights, which fake ones do not have.
        declare_external(model, forget_data(model))
        original(model, target_version, **options)
        nodes = list(_nodes(model))
        if not any(_notes(node) for _, node in nodes):
            conversion.dropped = True
            for place, node in nodes:
                node.metadata_props.update(notes.get(place, {}))

    logger = logging.getLogger(version_converter.__name__)
    logger.addHandler(conversion)
    version_converter.convert_version = convert
    try:
        yield conversion
    finally:
        version_converter.convert_version = original
        logger.removeHandler(conversion)


def refuse_other_opset(model: ir.Model, opset: int, reason: str) -> None:
    """Refuse a model that could not be converted, of which PyTorch itself only logs a warning.

    Raises:
        ExportError: if it is not in the opset asked for.
    """
    found = _opset(model)
    if found == opset:
        return
    if opset < _TRANSLATED_TO:
        advice = f"Ask for {_TRANSLATED_TO} or a newer one, or take the torchscript exporter."
    else:
        advice = f"Ask for an older one, from {_TRANSLATED_TO} up, or for none."
    why = f" ({reason.rstrip('.')})" if reason else ""
    raise ExportError(
        f"PyTorch could not convert the model to opset {opset} and left it at {found}{why}. "
        f"{advice}"
    )


def take_notes(proto: onnx.ModelProto) -> Notes:
    """Take what was noted off all nodes again; the same, by op id."""
    notes = {}
    for op in flatten(proto).ops:
        found = op.notes(KEYS)
        if found:
            notes[op.id] = found
            kept = [entry for entry in op.node.metadata_props if entry.key not in KEYS]
            del op.node.metadata_props[:]
            op.node.metadata_props.extend(kept)
    return notes


def _opset(model: ir.Model) -> int | None:
    """The version of ONNX's own operators that a model is written in."""
    return model.graph.opset_imports.get("")


def _notes(node: ir.Node) -> dict[str, str]:
    return {key: text for key, text in node.metadata_props.items() if key in KEYS}


def _nodes(model: ir.Model) -> Iterator[tuple[_Place, ir.Node]]:
    """Every node of the graph and its bodies that makes a value, with its place."""
    stack: list[tuple[_Place, ir.Graph]] = [((), model.graph)]
    while stack:
        path, graph = stack.pop()
        for node in graph:
            name = next((one.name for one in node.outputs if one.name), None)
            if name is None:
                continue
            yield (*path, name), node
            for attribute in node.attributes.values():
                if attribute.type is ir.AttributeType.GRAPH:
                    stack.append(((*path, name, attribute.name), attribute.as_graph()))
                elif attribute.type is ir.AttributeType.GRAPHS:
                    stack.extend(
                        ((*path, name, attribute.name, str(at)), body)
                        for at, body in enumerate(attribute.as_graphs())
                    )
