"""The icicle of a figure: modules below the module around them, as wide as what they take.

::

    ┌──────────── BertModel 90 ms ────────────┐     width     the figure, where it adds up; for
    ├───────────── encoder 85 ms ──────────┬──┤               errors the time, MACs or ops
    ├─ layer.0 43 ms ──┬─ layer.1 42 ms ───┤  │     colour    the figure, on the graph's own scale
    └──────────────────┴───────────────────┘  │     the rest  what a module has of its own

Widths are own figures that add up, and not totals: a weight that two modules share is in both, and
once in the total of what is around them, which plotly would refuse to draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hexviz.measure.table import FIGURES, Figure, FigureTable, ModuleRow
from hexviz.model.modules import ModuleTree
from hexviz.view.figures import Coloured
from hexviz.view.palette import Theme
from hexviz.view.performance.chart import INKS, figure, in_words
from hexviz.view.ramp import Ramp
from hexviz.view.units import FORMATS

__all__ = ["MOST", "icicle", "width_of"]

MOST = 1500
"""Modules that are drawn; the smallest others are a part of what is around them."""

_WIDTHS: tuple[Figure, ...] = ("time_us", "macs", "parameters", "activation_bytes")
_LEAST = 1 / 4000  # of the whole: narrower is no pixel


def width_of(table: FigureTable, shown: Coloured) -> Figure | None:
    """The figure that says how wide modules are; ``None`` for the number of their ops."""
    if FIGURES[shown].adds:
        return shown
    known = {column.name for column in table.columns}
    root = table.rows[0].total if table.rows else {}
    return next((one for one in _WIDTHS if one in known and root.get(one)), None)


def icicle(
    table: FigureTable, tree: ModuleTree, shown: Coloured, ramp: Ramp, theme: Theme
) -> dict[str, Any] | None:
    """The figure for plotly; ``None`` where all widths are zero.

    ``customdata`` of each sector is its FQN, tag, and the shown figure's total and own as text.
    """
    width = width_of(table, shown)
    own = {row.module: _own_width(row, width, tree) for row in table.rows}
    total = dict(own)
    for row in reversed(table.rows):  # those below a module come after it
        parent = tree[row.module].parent
        if parent is not None:
            total[parent] += total[row.module]
    whole = total.get("", 0.0)
    if not whole > 0:
        return None
    drawn = _drawn(table, total, whole * _LEAST)
    for row in reversed(table.rows):  # what is not drawn belongs to what is around it
        parent = tree[row.module].parent
        if row.module not in drawn and parent is not None:
            own[parent] += own[row.module]
    rows = [row for row in table.rows if row.module in drawn]
    swatches = [ramp.swatch(row.total.get(shown), theme) for row in rows]
    inks = INKS[theme]
    sectors = {
        "type": "icicle",
        "ids": [f"m:{row.module}" for row in rows],
        "labels": [in_words(tree[row.module].label) for row in rows],
        "parents": [
            "" if (parent := tree[row.module].parent) is None else f"m:{parent}" for row in rows
        ],
        "values": [own[row.module] for row in rows],
        "text": [_text(row.total, shown) for row in rows],
        "customdata": [
            [
                row.module,
                in_words(row.tag),
                _text(row.total, shown) or "unknown",
                _text(row.own, shown) or "unknown",
            ]
            for row in rows
        ],
        "branchvalues": "remainder",
        "leaf": {"opacity": 1},
        "sort": False,
        "tiling": {"orientation": "v", "pad": 1},
        "pathbar": {"visible": False},
        "textinfo": "label+text",
        "textposition": "middle center",
        "insidetextfont": {"size": 11, "color": [swatch.solid_ink for swatch in swatches]},
        "marker": {
            "colors": [swatch.solid for swatch in swatches],
            "line": {"width": 0.5, "color": inks.surface},
        },
        "hovertemplate": _hover(shown),
    }
    chart = figure([sectors], theme, height=0)
    chart["layout"] |= {
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "uniformtext": {"minsize": 9, "mode": "hide"},
    }
    del chart["layout"]["height"]  # as high as its place
    return chart


def _own_width(row: ModuleRow, width: Figure | None, tree: ModuleTree) -> float:
    if width is None:
        return float(len(tree[row.module].ops))
    return float(row.own.get(width) or 0.0)


def _drawn(table: FigureTable, total: Mapping[str, float], least: float) -> set[str]:
    """The modules that are wide enough to be seen; the one around is as wide at least."""
    wide = [row.module for row in table.rows if total[row.module] > least or not row.module]
    # Of two that are equally wide, the outer one comes first.
    return set(sorted(wide, key=lambda fqn: -total[fqn])[:MOST])


def _text(figures: Mapping[Figure, float | None], shown: Coloured) -> str:
    number = figures.get(shown)
    return "" if number is None else FORMATS[FIGURES[shown].unit](number)


def _hover(shown: Coloured) -> str:
    column = FIGURES[shown]
    if column.adds:
        figures = f"{column.title} %{{customdata[2]}}, own %{{customdata[3]}}"
    else:
        figures = f"{column.title} %{{customdata[3]}}, worst within %{{customdata[2]}}"
    return f"<b>%{{label}}</b><br>{figures}<br>%{{customdata[1]}}<extra></extra>"
