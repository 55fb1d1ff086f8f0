"""The table of figures by module: its columns, and a row for each module in the tree's order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hexviz.measure.table import Column, FigureTable, ModuleRow
from hexviz.model.modules import ModuleTree
from hexviz.model.units import FORMATS

__all__ = ["columns", "in_order", "rows"]

_WIDTHS = {"count": 68, "error": 88}
_WIDTH = 76
_INFINITE = 1e308  # what no number tells sorts above all numbers, and JSON knows no infinity


def columns(table: FigureTable, shown: str) -> list[dict[str, Any]]:
    """The columns: the module; for each figure its total and its own, the ``shown`` one first."""
    first = {
        "field": "module",
        "headerName": "module",
        "cellRenderer": "ModuleName",
        "pinned": "left",
        "width": 200,
        "minWidth": 120,
        "sortingOrder": ["asc", "desc", None],
    }
    figures = in_order(table.columns, shown)
    return [first, *(_group(column, column.name == shown) for column in figures)]


def in_order(columns: Sequence[Column], shown: str) -> list[Column]:
    """The columns with the shown one first, and then those about the same."""
    family = _family(next((one.unit for one in columns if one.name == shown), ""))
    return sorted(columns, key=lambda one: (one.name != shown, _family(one.unit) != family))


def _family(unit: str) -> str:
    """What figures are about: costs, time, or errors."""
    return (
        "time" if unit in ("us", "share", "us_per_mac") else "error" if unit == "error" else "cost"
    )


def _group(column: Column, is_shown: bool) -> dict[str, Any]:
    total, own = ("total", "own") if column.adds else ("worst in it", "its own")
    width = _WIDTHS.get(column.unit, _WIDTH)
    return {
        "headerName": column.title,
        "groupId": column.name,
        "marryChildren": True,
        "children": [
            {
                "colId": f"{column.name} {kind}",
                "field": f"{column.name} {kind}",
                "headerName": name,
                "cellRenderer": "FigureCell",
                "type": "rightAligned",
                "width": width,
                "cellClass": "figure-shown" if is_shown else "",
            }
            for kind, name in (("total", total), ("own", own))
        ],
    }


def rows(table: FigureTable, tree: ModuleTree) -> list[dict[str, Any]]:
    """A row for each module: numbers to sort by, and beside each what is written."""
    return [_row(row, table, tree) for row in table.rows]


def _row(row: ModuleRow, table: FigureTable, tree: ModuleTree) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": f"m:{row.module}",
        "module": row.module,
        "label": tree[row.module].label,
        "tag": row.tag,
        "depth": row.depth,
    }
    for column in table.columns:
        for kind, figures in (("total", row.total), ("own", row.own)):
            number = figures.get(column.name)
            if number is None:
                continue
            found[f"{column.name} {kind}"] = _INFINITE if math.isinf(number) else number
            found[f"{column.name} {kind} text"] = FORMATS[column.unit](number)
    return found
