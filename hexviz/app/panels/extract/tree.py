"""The Extract tab's own tree: the model's modules, with a tick each.

::

    ▾ ☐ BertModel            340        it is there whatever the graph shows or hides, so a
      ▸ ☐ BertEmbeddings      24        tick here never means what one beside the graph means
      ▾ ▣ BertEncoder        288
        ▾ ▣ layer             ×2        a list of modules, which is none itself
            ☑ BertLayer.0    144
            ☐ BertLayer.1    144
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from hexviz.app import html
from hexviz.app.graph.recovered import copies_line
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.extract.ticks import Tick, Ticks, ticks
from hexviz.app.panels.parts import FOUND, name_cell
from hexviz.app.protocol import PageState
from hexviz.model.fqn import parent

__all__ = ["Row", "pick_tree", "rows"]

_MOST = 400  # rows; whatever is below them can be named in the field
_FIRST = 12  # rows of a tree that nobody has touched


@dataclass(frozen=True, slots=True)
class Row:
    """A module or a list of modules, by its FQN; ``is_open`` is ``None`` if nothing is in it.

    ``found`` says how it was found, where nothing names it.
    """

    fqn: str
    label: str
    level: int
    ops: int
    tick: Tick
    is_open: bool | None
    tag: str
    found: str = ""


def rows(model: OpenModel, marks: Ticks, turned: Collection[str]) -> list[Row]:
    """The rows from top to bottom; ``turned`` are those that a person has folded or unfolded."""
    return list(_rows(model, marks, frozenset(turned)))


def pick_tree(model: OpenModel, state: PageState, turned: Collection[str]) -> list[Any]:
    """The tree as content, with the row marked of what is selected in the graph."""
    kept = model.extracted(state.choice)
    marks = ticks(model.graph, kept.chosen if kept else (), model.totals)
    kind, what = state.selection
    current = what if kind == "module" else None
    listed = rows(model, marks, turned)
    content: list[Any] = [_line(row, row.fqn == current, at == 0) for at, row in enumerate(listed)]
    if len(listed) == _MOST:
        content.append(html.Div("More: name them in the field below", className="quiet"))
    return content


def _rows(model: OpenModel, marks: Ticks, turned: frozenset[str]) -> Iterator[Row]:
    modules, total = model.graph.modules, model.totals
    first = _unfolded(model)
    pending = [("", 1)]
    count = 0
    while pending and count < _MOST:
        fqn, level = pending.pop()
        inside = _inside(model, fqn)
        is_open = (fqn in first) != (fqn in turned) if inside else None
        is_list = fqn not in modules
        label = f"{fqn.rpartition('.')[2]} ×{len(inside)}" if is_list else modules[fqn].label
        tag = "" if is_list else modules[fqn].tag
        first_in = modules[inside[0] if is_list else fqn]
        found = copies_line(first_in) if first_in.is_recovered else ""
        count += 1
        yield Row(fqn, label, level, total[fqn], marks.of([fqn]), is_open, tag, found)
        if is_open:
            pending.extend((child, level + 1) for child in reversed(inside))


def _inside(model: OpenModel, fqn: str) -> list[str]:
    """What stands below a module or a list, in order: modules that have ops, and lists of them."""
    modules, total = model.graph.modules, model.totals
    if fqn not in modules:
        around = modules[modules.nearest(fqn)].children
        return [one for one in around if parent(one) == fqn and total[one]]
    children = [one for one in modules[fqn].children if total[one]]
    lists = [parent(one) for one in children]
    found = (
        stem if stem != fqn and lists.count(stem) > 1 else one
        for one, stem in zip(children, lists, strict=True)
    )
    return list(dict.fromkeys(found))


def _unfolded(model: OpenModel) -> set[str]:
    """What is open from the start: level by level, the largest first, as long as rows are few."""
    opened: set[str] = set()
    count, level = 1, [""]
    while level:
        below: list[str] = []
        for fqn in sorted(level, key=lambda fqn: -model.totals[fqn]):
            inside = _inside(model, fqn)
            if inside and count + len(inside) <= _FIRST:
                opened.add(fqn)
                count += len(inside)
                below.extend(inside)
        level = below
    return opened | {""}


def _line(row: Row, is_current: bool, is_first: bool) -> html.Div:
    """A row with what the keyboard and a screen reader need: a click anywhere on it ticks it."""
    chevron = {"data-event": "fold", "data-value": row.fqn} if row.is_open is not None else {}
    expanded = {} if row.is_open is None else {"aria-expanded": str(row.is_open).lower()}
    return html.Div(
        [
            html.Span(className="chevron", **chevron, **{"aria-hidden": "true"}),
            html.Span(className=f"mark-box shown-{row.tick}", **{"aria-hidden": "true"}),
            name_cell(row.label, row.found),
            html.Span(f"{row.ops:,}", className="quiet count"),
        ],
        className="row-line pick current" if is_current else "row-line pick",
        role="treeitem",
        tabIndex=0 if is_first else -1,
        style={"paddingLeft": f"{(row.level - 1) * 12}px"},
        title="\n".join(filter(None, (row.tag, row.fqn))),
        **{
            "data-event": "tick",
            "data-value": row.fqn,
            "aria-level": str(row.level),
            "aria-checked": row.tick,
            "aria-label": f"{row.label}, {row.ops} ops{FOUND if row.found else ''}",
            **expanded,
        },
    )
