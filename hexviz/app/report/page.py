"""The report as one HTML file, with the page's own scripts and styles and all data inside.

It is opened from a disk, so nothing else can be loaded, and the content security policy says so:
only the blocks whose digests it names may run. Names from a model are in the packed data alone,
and in the title, and reach the page as text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import islice
from typing import Any

import msgspec

from hexviz.app.graph.findings import marks
from hexviz.app.graph.recovered import found_line
from hexviz.app.graph.widgets import figures
from hexviz.app.models.measures import Measures
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.audit import audit_page
from hexviz.app.protocol import Content, Figures
from hexviz.app.report.about import about
from hexviz.app.report.measures import measure_page
from hexviz.app.report.packing import packed, whole
from hexviz.app.report.pictures import MOST_ELEMENTS, record_pictures
from hexviz.app.report.scripts import content_policy, join_modules, join_styles
from hexviz.app.report.texts import (
    call_pages,
    end_pages,
    line_items,
    module_pages,
    op_pages,
    tables,
)
from hexviz.measure.costs.costs import Costs, costs
from hexviz.measure.documents import ParityDocument, ProfileDocument
from hexviz.measure.fits import check_fits
from hexviz.model.gc_control import collector_paused
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.audit import audit
from hexviz.tagging.finding import Finding
from hexviz.tagging.summary import summarize
from hexviz.view.assets import assets_folder

__all__ = ["to_report"]

_CHUNK = 128
"""Ops, modules or values that are packed together: some 1 MB of JSON, unpacked in 20 ms."""

_NO_DIGEST = "-"  # of a graph that came from no file: documents are held against its modules

_SLOT = re.compile(r"\{\{(\w+)\}\}")


def to_report(
    graph: TaggedGraph,
    findings: Sequence[Finding] | None = None,
    *,
    most_elements: int = MOST_ELEMENTS,
    symbols: Mapping[str, int] | None = None,
    profile: ProfileDocument | None = None,
    parity: ParityDocument | None = None,
) -> str:
    """The whole report as the text of an HTML file; write it as UTF-8.

    ``findings`` are those of the audit, which is run if they are not given. ``most_elements``
    bounds how many states of the view are recorded. Costs are for the sizes in ``symbols``, else
    for one case of 128; ``profile`` and ``parity`` are documents of the model, if there are any.

    Raises:
        MeasureError: if a size is none, or a document is of another model.
    """
    for document in (profile, parity):
        if document is not None:
            check_fits(document, graph, _NO_DIGEST)
    found = audit(graph) if findings is None else findings
    with collector_paused():
        data = "\n".join(
            f'<script type="text/plain" id="{name}">{packed}</script>'
            for name, packed in _data(
                OpenModel("report", graph),
                found,
                most_elements,
                measure_page(graph, _costs(graph, symbols), profile, parity),
            )
        )
    assets = assets_folder()
    library = (assets / "vendor" / "cytoscape.min.js").read_text(encoding="utf-8")
    script = join_modules(assets / "report.js")
    style = join_styles(assets)
    slots = {
        "policy": content_policy(style, library, script),
        "title": html.escape(whole(f"{graph.name or 'model'} · hexviz report")),
        "style": style,
        "library": library,
        "script": script,
        "data": data,
    }
    return _SLOT.sub(lambda slot: slots[slot[1]], _part("report.html"))


def _costs(graph: TaggedGraph, symbols: Mapping[str, int] | None) -> Costs:
    sizes = Measures(graph, "", "").sizes(Figures()) | dict(symbols or {})
    return costs(graph, symbols=sizes)


def _data(
    model: OpenModel, findings: Sequence[Finding], most_elements: int, figures_page: Content
) -> Iterator[tuple[str, str]]:
    """The blocks of data: id, and content packed."""
    graph = model.graph
    start = {
        "title": graph.name or "model",
        "figures": figures(summarize(graph), found_line(graph)),
        "about": about(graph, model.index("module"), findings),
        "audit": audit_page(graph, findings),
        "findings": len(findings),
        "measure": figures_page,
        "marks": msgspec.to_builtins(marks(model, findings, "module")),
        "ends": end_pages(model),
        "chunk": _CHUNK,
        "tables": tables(model),
        "pictures": record_pictures(model, most=most_elements),
    }
    yield "start", packed(start)
    yield from _chunks("ops", op_pages(model, findings))
    yield from _chunks("modules", module_pages(model))
    yield from _chunks("calls", call_pages(model))
    yield from _chunks("values", line_items(model))


def _chunks(name: str, pages: Iterable[Any]) -> Iterator[tuple[str, str]]:
    pending = iter(pages)
    number = 0
    while chunk := list(islice(pending, _CHUNK)):
        yield f"{name}-{number}", packed(chunk)
        number += 1


def _part(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
