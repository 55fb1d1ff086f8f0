"""What was measured when a file was exported, kept on this machine by the file's digest.

It is no part of the file: the same model exported twice gives the same bytes,
however long that took. Whoever opens the file later on this machine sees how
it came about::

    export ──▶ OUT.onnx ──digest──▶ measured/<digest>.json ──▶ the page's figures

What is read back is checked, because a damaged file must not break the page:
what is not exactly what is written here counts as nothing kept.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from dataclasses import asdict, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hexviz.app.folders import measured_folder
from hexviz.errors import WriteError
from hexviz.model.eviction import make_room
from hexviz.model.files import write_atomically
from hexviz.model.graph import TaggedGraph
from hexviz.stages import Measured, Stage, recorded, stage

__all__ = ["keep_measured", "kept_measured", "measured_of", "measured_record", "save_and_keep"]

_LOGGER = logging.getLogger(__name__)

_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEPT = 500  # files
_LARGEST = 8 * 1024**2  # bytes of a file that is read; 40,000 modules take half of it
_LONGEST = 1e9  # seconds that a stage can have taken
_BYTES = 2**63  # that memory can have grown or shrunk by

_EXPORTING = ("build model", "export", "serialise")
"""The outermost stages that are kept: tagging is measured again whenever the file is opened."""


def save_and_keep(graph: TaggedGraph, path: Path) -> Measured:
    """Write a graph that was just exported, and keep what was measured; returns that.

    To what the graph knows, the stage ``serialise`` is added. A cache that
    cannot be written is told in the log of this module and does no harm.

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
    """Keep what was measured of the file with this digest; only the newest ones stay.

    Raises:
        WriteError: if that fails.
        ValueError: if it is no digest.
    """
    folder = measured_folder()
    content = json.dumps(measured_record(measured), allow_nan=False).encode()
    write_atomically(_path(folder, digest), [content], private=True)
    make_room(folder, "*.json", most_files=_KEPT)


def kept_measured(digest: str) -> Measured | None:
    """What was measured of the file with this digest; ``None`` if nothing usable is kept.

    Raises:
        WriteError: if there is no cache folder and none can be made.
        ValueError: if it is no digest.
    """
    try:
        with _path(measured_folder(), digest).open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError:
        return None
    if len(content) > _LARGEST:
        return None
    try:
        return measured_of(json.loads(content))
    except (ValueError, RecursionError):  # no text, no JSON, or lists in lists without end
        return None


def measured_record(measured: Measured) -> dict[str, Any]:
    """As plain JSON: ``stages``, a list with the fields of each, and ``modules``."""
    return {
        "stages": [asdict(one) for one in measured.stages],
        "modules": dict(measured.modules),
    }


def measured_of(record: object) -> Measured | None:
    """The inverse of :func:`measured_record`; ``None`` for anything that it does not write."""
    if not isinstance(record, dict) or record.keys() != {"stages", "modules"}:
        return None
    stages, modules = record["stages"], record["modules"]
    if not isinstance(stages, list) or not all(map(_is_stage, stages)):
        return None
    if not isinstance(modules, dict) or not all(map(_is_duration, modules.values())):
        return None
    return Measured(tuple(Stage(**one) for one in stages), MappingProxyType(modules))


def _is_stage(record: object) -> bool:
    return (
        isinstance(record, dict)
        and record.keys() == {field.name for field in fields(Stage)}
        and isinstance(record["name"], str)
        and all(_is_duration(record[one]) for one in ("start", "seconds", "cpu_seconds"))
        and _is_whole(record["depth"])
        and record["depth"] >= 0
        and _is_whole(record["blocks"])
        and all(record[one] is None or _is_whole(record[one]) for one in ("peak", "kept"))
    )


def _is_duration(value: object) -> bool:
    # true and false are numbers to Python; "not a number" is at neither side of a limit.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -_BYTES <= value <= _BYTES


def _of_the_export(measured: Measured) -> tuple[Stage, ...]:
    kept: list[Stage] = []
    inside = False
    for one in measured.stages:  # one that lies in another comes after it
        if not one.depth:
            inside = one.name in _EXPORTING
        if inside:
            kept.append(one)
    return tuple(kept)


def _path(folder: Path, digest: str) -> Path:
    if not _DIGEST.fullmatch(digest):
        raise ValueError(f"{digest!r} is no digest")
    return folder / f"{digest}.json"
