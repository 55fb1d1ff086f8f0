"""What leaves the page of a part: the model with its report in it, and the report alone."""

from __future__ import annotations

from typing import Any

from hexviz.app.panels.filter.filtered import Filtered
from hexviz.errors import ExtractionError
from hexviz.model.writer import serialized

__all__ = ["part_file", "part_report"]


def part_file(kept: Filtered) -> bytes:
    """The part as a file, checked, with its report in its metadata.

    Raises:
        ExtractionError: if it is not valid, cannot be built, or has its weights in other files.
        WriteError: if it is too large for one file.
    """
    if kept.graph.has_external_data:
        raise ExtractionError(
            "The weights of this model are in other files: save the part with `hexviz extract`."
        )
    return serialized(kept.part().certified, "The part")


def part_report(kept: Filtered) -> dict[str, Any]:
    """The report of a part, with what the checks found.

    Raises:
        ExtractionError: if the part cannot be built.
    """
    return kept.part().report
