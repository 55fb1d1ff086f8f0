"""The table of ops: its columns, and the rows of what the graph does not hide."""

from __future__ import annotations

import dash_ag_grid as dag

from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import PageState, Table
from hexviz.tagging.summary import op_record
from hexviz.view.state import is_hidden

__all__ = ["grid", "table"]

_FIELDS = ("id", "op_type", "tag", "origin", "rule", "confidence", "auxiliary")
"""What the table shows of an op, beside its call and context."""

_PATH = {"cellRenderer": "Path"}  # of assets/panels/table.js: cut in the middle

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


def grid() -> dag.AgGrid:
    """The table of ops; the browser puts it on the page when it is first looked at."""
    return dag.AgGrid(
        id="ops",
        columnDefs=_COLUMNS,
        rowData=[],
        getRowId="params.data.id",
        defaultColDef={"sortable": True, "filter": True, "resizable": True},
        dashGridOptions={
            "rowSelection": {
                "mode": "singleRow",
                "checkboxes": False,
                "enableClickSelection": True,
            },
            "animateRows": False,
            "rowHeight": 30,
            "headerHeight": 34,
            "theme": {"function": "themeQuartz"},
        },
        style={"height": "100%", "width": "100%"},
    )


def table(model: OpenModel, state: PageState, *, filled: bool) -> Table:
    """What changes in the table of ops; rows that are there already (``filled``) are left out.

    What is hidden in the graph is not in the table either.
    """
    hidden = state.view.hidden
    changes = Table()
    if not filled:
        changes.rowData = [
            {name: record[name] for name in _FIELDS}
            | {"call": op.call.function if op.call else None}
            | {"context": op.context.tag if op.context else None}
            for op, record in ((op, op_record(op)) for op in model.graph.ops)
            if not hidden or not is_hidden(op.module, hidden)
        ]
    kind, what = state.selection
    if kind == "op":
        changes.selectedRows = {"ids": [what]}
        changes.scrollTo = {"rowId": what}
    return changes
