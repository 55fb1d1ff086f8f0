"""What was measured when a file was exported, kept on this machine by the file's digest.

It is no part of the file: the same model exported twice gives the same bytes,
however long that took. Whoever opens the file later on this machine sees how
it came about::

    export ──▶ OUT.onnx ──digest──▶ cache ──▶ the figures on the page
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import msgspec

from hexviz.cache import Cache, Records
from hexviz.errors import WriteError
from hexviz.model.graph import TaggedGraph
from hexviz.stages import Measured, Stage, recorded, stage

__all__ = ["keep_measured", "kept_measured", "save_and_keep"]

_LOGGER = logging.getLogger(__name__)

_EXPORTING = ("build model", "export", "serialise")
"""The outermost stages that are kept: tagging is measured again whenever the file is opened."""

# A damaged record must not break the page: what makes no sense counts as not kept.
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
_Memory = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]  # it can have shrunk


class _StageRecord(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    start: _Seconds
    seconds: _Seconds
    cpu_seconds: _Seconds
    depth: Annotated[int, msgspec.Meta(ge=0)]
    blocks: _Memory
    peak: _Memory | None
    kept: _Memory | None


class _Record(msgspec.Struct, forbid_unknown_fields=True):
    stages: list[_StageRecord]
    modules: dict[str, _Seconds]


def save_and_keep(graph: TaggedGraph, path: Path) -> Measured:
    """Write a graph that was just exported, and keep what was measured; returns that.

    To what the graph knows, the stage ``serialise`` is added. A cache that
    cannot be written is a line in the log of this module and does no harm.

    Raises:
        WriteError: if the graph itself cannot be written.
    """
    with recorded() as record, stage("serialise"):
        graph.save(path)
    measured = graph.measured.followed_by(record.stages)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        keep_measured(digest, Measured(_of_the_export(measured), measured.modules))
    except (OSError, WriteError) as error:
        _LOGGER.warning("What was measured is not kept: %s", error)
    return measured


def keep_measured(digest: str, measured: Measured) -> None:
    """Keep what was measured of the file with this digest.

    Raises:
        WriteError: if that fails.
        ValueError: if it is no digest.
    """
    stages = [_StageRecord(**asdict(part)) for part in measured.stages]
    _records().put_json(digest, _Record(stages, dict(measured.modules)))


def kept_measured(digest: str) -> Measured | None:
    """What was measured of the file with this digest; ``None`` if nothing usable is kept.

    Raises:
        ValueError: if it is no digest.
    """
    found = _records().get_json(digest, _Record)
    if found is None:
        return None
    stages = tuple(Stage(**msgspec.structs.asdict(part)) for part in found.stages)
    return Measured(stages, MappingProxyType(found.modules))


def _records() -> Records:
    return Cache().records("results", "export times")


def _of_the_export(measured: Measured) -> tuple[Stage, ...]:
    kept: list[Stage] = []
    inside = False
    for part in measured.stages:  # one that lies in another comes after it
        if not part.depth:
            inside = part.name in _EXPORTING
        if inside:
            kept.append(part)
    return tuple(kept)
