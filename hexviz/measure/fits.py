"""Whether a document of figures is of the model that it is held against."""

from __future__ import annotations

from hexviz.errors import MeasureError
from hexviz.measure.documents import Document, ProfileDocument
from hexviz.model.graph import TaggedGraph

__all__ = ["check_fits"]


def check_fits(document: Document, graph: TaggedGraph, digest: str) -> None:
    """Hold a document against the model that it is said to be of.

    One of the very file fits, and so does one of which most modules below the root are the
    model's: the same model, exported or tagged again.

    Raises:
        MeasureError: if it is of another model.
    """
    if document.digest == digest:
        return
    named = {one.module for one in document.modules} - {""}
    there = sum(name in graph.modules for name in named)
    if named and 2 * there > len(named):
        return
    what = "profile" if isinstance(document, ProfileDocument) else "comparison of numbers"
    told = (
        f"of its {len(named)} modules, {there or 'none'} {'are' if there > 1 else 'is'} in this one"
        if named
        else "it names no module"
    )
    raise MeasureError(
        f"That {what} is of another model ({_short(document.model)}): {told}. "
        "Use it with that model."
    )


def _short(name: str, most: int = 60) -> str:
    return " ".join(name[:most].split()) or "without a name"
