"""The op table as CSV (RFC 4180): a heading, lines that end in CR LF, UTF-8.

A list is JSON in its cell, and what is not known is an empty one. A spreadsheet takes a cell that
begins with ``=`` for a formula, and a model's file is a stranger's: such a text gets an apostrophe
in front, as spreadsheets write it themselves. Parquet has every name as it is.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from hexviz.convert.op_table import op_table
from hexviz.convert.options import Options
from hexviz.measure.table import safe_cell
from hexviz.model.graph import TaggedGraph

__all__ = ["to_csv"]


def to_csv(graph: TaggedGraph, options: Options) -> Iterator[bytes]:
    """The file, some rows at a time."""
    table = op_table(graph, options)
    yield _lines([[column.name for column in table.columns]])
    for rows in table.batches:
        yield _lines([list(map(_cell, row)) for row in rows])


def _lines(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return safe_cell(value)
        case list():
            return json.dumps(value, ensure_ascii=False)
        case float():
            return f"{value:.9g}"
    return str(value)
