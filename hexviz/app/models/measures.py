"""What was measured of an open model: its costs, and documents that a job or a person brought.

::

    page state: profile ab12…, parity cd34…, sizes (("sequence", 128),)
        │             └─ kept files, checked to be of this model
        ▼
    costs (at once, or from a job's record) ─▶ one table by module ─▶ icicle, table, colours
"""

from __future__ import annotations

import json
import re
from dataclasses import replace

from hexviz.app.jobs.results import Results
from hexviz.app.models.long_work import one_by_one
from hexviz.app.models.model_key import ModelKey
from hexviz.app.protocol import Figures
from hexviz.errors import MeasureError
from hexviz.measure.costs.costs import Costs, default_sizes
from hexviz.measure.costs.costs import costs as work_out
from hexviz.measure.documents import (
    Document,
    ParityDocument,
    ProfileDocument,
    read_document,
    to_dict,
)
from hexviz.measure.fits import check_fits
from hexviz.measure.table import module_table
from hexviz.model.graph import TaggedGraph
from hexviz.view.cache import LayoutCache
from hexviz.view.figures import Measured

__all__ = [
    "AT_ONCE",
    "Measures",
    "is_document",
    "is_trace",
    "keep_document",
]

AT_ONCE = 1000
"""Ops up to which costs are worked out at once: a second. Of more, a job does it."""

_KEPT = 4


class Measures:
    """The figures of one open model, each made when first needed.

    ``key`` is that of the model, ``base`` that of the file that it is of. Costs of more than
    ``at_once`` ops are left to a job.
    """

    def __init__(self, graph: TaggedGraph, key: str, base: str, *, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._graph = graph
        self._key = key
        self._base = base
        self._documents: LayoutCache[str, Document] = LayoutCache(_KEPT)
        self._costs: LayoutCache[tuple[tuple[str, int], ...], Costs] = LayoutCache(_KEPT)
        self._found: LayoutCache[tuple[Figures, bool], Measured] = LayoutCache(_KEPT)

    def sizes(self, figures: Figures) -> dict[str, int]:
        """Open dimension of an input → its size: what a person says, else a default."""
        return default_sizes(self._graph) | dict(figures.symbols)

    def costs(self, figures: Figures) -> Costs | None:
        """The costs for the sizes of a state; ``None`` where a job has to work them out first.

        Raises:
            MeasureError: if they cannot be told.
        """
        sizes = tuple(sorted(self.sizes(figures).items()))
        known = self._costs.get(sizes)
        if known is None:
            known = Results().costs(self._key, sizes, Costs)
            if known is None and len(self._graph.ops) <= self._at_once:
                with one_by_one(self._graph):
                    known = work_out(self._graph, symbols=dict(sizes))
            if known is not None:
                self._costs.put(sizes, known)
        return known

    def profile(self, figures: Figures) -> ProfileDocument | None:
        """The times of a state."""
        found = self._document(figures.profile)
        return found if isinstance(found, ProfileDocument) else None

    def parity(self, figures: Figures) -> ParityDocument | None:
        """The errors of a state."""
        found = self._document(figures.parity)
        return found if isinstance(found, ParityDocument) else None

    def known(self, figures: Figures) -> Figures:
        """Of figures that an address names, those that are here."""
        if figures.profile and self.profile(figures) is None:
            figures = replace(figures, profile="")
        if figures.parity and self.parity(figures) is None:
            figures = replace(figures, parity="")
        return figures

    def take(self, content: bytes) -> str:
        """Keep a document that somebody brought; returns its kind and name.

        Raises:
            MeasureError: if it cannot be read, or is of another model.
            WriteError: if it cannot be kept.
        """
        document = read_document(content.lstrip(_BLANKS))
        check_fits(document, self._graph, self._digest)
        return keep_document(document, self._graph.name)

    @property
    def _digest(self) -> str:
        return ModelKey.of(self._base).digest

    def of(self, figures: Figures) -> Measured:
        """All that is known for a state."""
        costs = self.costs(figures)
        key = (figures, costs is not None)
        known = self._found.get(key)
        if known is None:
            profile, parity = self.profile(figures), self.parity(figures)
            table = module_table(self._graph, costs=costs, profile=profile, parity=parity)
            known = Measured(table, costs.ops if costs else (), profile, parity)
            self._found.put(key, known)
        return known

    def _document(self, name: str) -> Document | None:
        """A document that is kept here, of this model; ``None`` if there is none."""
        if not name:
            return None
        known = self._documents.get(name)
        if known is None:
            path = Results().path(f"{name}.json")
            if path is None:
                return None
            try:
                known = read_document(path.read_bytes())
                check_fits(known, self._graph, self._digest)
            except (OSError, MeasureError):
                return None
            self._documents.put(name, known)
        return known


_KIND = re.compile(rb'"kind"\s*:\s*"hexviz (?:profile|parity)"')
_EVENT = re.compile(rb'"(cat|ph)"\s*:')  # of every event, in both
_EVENTS = re.compile(rb'"traceEvents"\s*:\s*\[')


def is_document(content: bytes) -> bool:
    """Whether the bytes of a file say that they are one of hexviz's own measurements."""
    return content.lstrip(_BLANKS)[:1] == b"{" and _KIND.search(content) is not None


def is_trace(content: bytes) -> bool:
    """Whether they look like a trace: ONNX Runtime's is a list of events, torch's has one."""
    start = content.lstrip(_BLANKS)[:1]
    if start == b"[":
        return _EVENT.search(content) is not None
    return start == b"{" and _EVENTS.search(content) is not None


_BLANKS = b"\xef\xbb\xbf \t\r\n"  # a mark of UTF-8 in front is none of JSON's


def keep_document(document: Document, model: str) -> str:
    """Keep a document of the model that is called so; returns its kind and name.

    Raises:
        WriteError: if that fails.
    """
    kind = "profile" if isinstance(document, ProfileDocument) else "parity"
    content = json.dumps(to_dict(document)).encode()
    file = Results().keep_file(content, model, f"{kind}.json")["file"]
    return f"{kind}:{file.removesuffix('.json')}"
