"""The icicle of a figure: modules below the module around them, as wide as what they take.

::

    ┌──────────── BertModel 90 ms ────────────┐     width     the figure, where it adds up; for
    ├───────────── encoder 85 ms ──────────┬──┤               errors the number of ops
    ├─ layer.0 43 ms ──┬─ layer.1 42 ms ───┤  │     colour    the figure; of errors as in the graph
    └──────────────────┴───────────────────┘  │     the rest  what a module has of its own

The graph's scale of sums ends at the largest box in sight, which may be an op: nearly all of the
chart is more than that. So the chart's own ends at the largest module that has no more than half of
the whole: those with more are around nearly everything, and differ in nothing but their name.

Widths are own figures that add up, and not totals: a weight that two modules share is in both, and
once in the total of what is around them, which plotly would refuse to draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hexviz.measure.table import FIGURES, Figure, FigureTable, ModuleRow
from hexviz.model.modules import ModuleTree
from hexviz.model.units import FORMATS
from hexviz.view.modes import Coloured
from hexviz.view.palette import Theme
from hexviz.view.performance.chart import INKS, figure, in_words
from hexviz.view.ramp import Ramp

__all__ = ["MOST", "chart_ramp", "icicle"]

MOST = 1500
"""Modules that are drawn; the smallest others are a part of what is around them."""

_LEAST = 1 / 4000  # of the whole: narrower is no pixel


def chart_ramp(table: FigureTable, shown: Coloured, ramp: Ramp) -> Ramp:
    """The scale of the chart's colours; ``ramp`` is the graph's."""
    if not FIGURES[shown].adds:
        return ramp
    totals = [row.total.get(shown) or 0.0 for row in table.rows]
    whole = max(totals, default=0.0)
    parts = [total for total in totals if total <= whole / 2]
    return Ramp(0.0, max(parts, default=0.0) or whole, "sum", FIGURES[shown].unit)


def icicle(
    table: FigureTable, tree: ModuleTree, shown: Coloured, ramp: Ramp, theme: Theme
) -> dict[str, Any] | None:
    """The figure for plotly; ``None`` where all widths are zero.

    ``customdata`` of each sector is its FQN, tag, and the shown figure's total and own as text.
    """
    scale = chart_ramp(table, shown, ramp)
    own = {row.module: _own_width(row, shown, tree) for row in table.rows}
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
    swatches = [scale.swatch(row.total.get(shown), theme) for row in rows]
    inks = INKS[theme]
    inside = [swatch.solid_ink for swatch in swatches]
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
        # The first sector takes the second of these.
        "insidetextfont": {"size": 11, "color": inside},
        "outsidetextfont": {"size": 11, "color": inside},
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


def _own_width(row: ModuleRow, shown: Coloured, tree: ModuleTree) -> float:
    if FIGURES[shown].adds:
        return float(row.own.get(shown) or 0.0)
    # A fault may be in a module that takes no time and has no MACs, and is to be seen.
    return float(len(tree[row.module].ops))


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
