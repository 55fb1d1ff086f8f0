"""The two tables as components of Dash: of ops, and of modules with their figures.

What stands in them is worked out elsewhere, without Dash: ``panels/table.py``,
``panels/measure/grid.py``.
"""

from __future__ import annotations

import dash_ag_grid as dag

__all__ = ["module_grid", "op_grid"]

_PATH = {"cellRenderer": "Path"}  # of assets/panels/table.js: cut in the middle

_ONE_ROW = {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True}

_COLUMNS = [
    {"field": "id", "headerName": "op", "flex": 2, "minWidth": 140} | _PATH,
    {"field": "op_type", "headerName": "type", "flex": 1, "minWidth": 110},
    {"field": "tag", "headerName": "module", "flex": 4, "minWidth": 240} | _PATH,
    {"field": "origin", "headerName": "origin", "flex": 1, "minWidth": 115},
    {"field": "rule", "headerName": "rule", "flex": 1, "minWidth": 95},
    {
        "field": "confidence",
        "headerName": "confidence",
        "flex": 1,
        "minWidth": 95,
        "filter": "agNumberColumnFilter",
    },
    {"field": "auxiliary", "headerName": "auxiliary", "flex": 1, "minWidth": 120},
    {"field": "call", "headerName": "call", "flex": 1, "minWidth": 110},
    {"field": "context", "headerName": "serves", "flex": 4, "minWidth": 240} | _PATH,
]


def op_grid() -> dag.AgGrid:
    """The table of ops; the browser puts it on the page when it is first looked at."""
    return dag.AgGrid(
        id="ops",
        columnDefs=_COLUMNS,
        rowData=[],
        getRowId="params.data.id",
        defaultColDef={"sortable": True, "filter": True, "resizable": True},
        dashGridOptions={
            "rowSelection": _ONE_ROW,
            "animateRows": False,
            "rowHeight": 30,
            "headerHeight": 34,
            "theme": {"function": "themeQuartz"},
        },
        style={"height": "100%", "width": "100%"},
    )


def module_grid() -> dag.AgGrid:
    """The empty table; the browser puts it on the page when it is first looked at."""
    return dag.AgGrid(
        id="module-figures",
        columnDefs=[],
        rowData=[],
        getRowId="params.data.id",
        defaultColDef={"sortable": True, "resizable": True, "sortingOrder": ["desc", "asc", None]},
        dashGridOptions={
            "rowSelection": _ONE_ROW,
            "animateRows": False,
            "rowHeight": 26,
            "headerHeight": 26,
            "groupHeaderHeight": 24,
            "suppressColumnVirtualisation": True,
            "theme": {"function": "themeQuartz"},
        },
        style={"height": "100%", "width": "100%"},
    )
