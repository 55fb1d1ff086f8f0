"""The rows of the table of ops: what the graph does not hide."""

from __future__ import annotations

from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import PageState, Table
from hexviz.tagging.summary import op_record
from hexviz.view.state import is_hidden

__all__ = ["table"]

_FIELDS = ("id", "op_type", "tag", "origin", "rule", "confidence", "auxiliary")
"""What the table shows of an op, beside its call and context."""


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
