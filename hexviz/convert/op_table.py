"""The ops of a graph as a table: the columns of ``analyze --json --ops``, flat, and figures.

::

    index body id name op_type … context context_tag … parameters … time_us …
    └ always these, in this order                      └ where they were measured
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields
from itertools import islice
from typing import Any, Literal, NamedTuple

from hexviz.convert.options import Options, figures_of_ops
from hexviz.convert.text import legal
from hexviz.measure.costs.costs import Cost
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op

__all__ = ["Column", "OpTable", "op_table"]

Kind = Literal["text", "texts", "int", "float"]


class Column(NamedTuple):
    """A column: its name, and what its cells hold besides ``None``."""

    name: str
    kind: Kind


_FIXED = (
    Column("index", "int"),
    Column("body", "text"),
    Column("id", "text"),
    Column("name", "text"),
    Column("op_type", "text"),
    Column("domain", "text"),
    Column("module", "text"),
    Column("tag", "text"),
    Column("origin", "text"),
    Column("rule", "text"),
    Column("kind", "text"),
    Column("confidence", "float"),
    Column("evidence", "texts"),
    Column("shared_by", "texts"),
    Column("auxiliary", "text"),
    Column("call", "text"),
    Column("call_target", "text"),
    Column("context", "text"),
    Column("context_tag", "text"),
    Column("context_rule", "text"),
    Column("context_evidence", "texts"),
    Column("context_users", "texts"),
    Column("inputs", "texts"),
    Column("outputs", "texts"),
)
_COSTS = tuple(Column(field.name, "int") for field in fields(Cost))
_BATCH = 8192  # rows at a time: 10 MB of a graph of any size


class OpTable(NamedTuple):
    """A table of ops: its columns, and its rows some at a time, so that none holds all of them."""

    columns: tuple[Column, ...]
    batches: Iterator[list[tuple[Any, ...]]]


def op_table(graph: TaggedGraph, options: Options) -> OpTable:
    """One row for each op, in execution order."""
    measured = options.measured
    costs = measured.costs if measured is not None else ()
    figures = figures_of_ops(graph, measured)
    by_cost = {column.name for column in _COSTS} if costs else set()
    apart = [name for name in figures if name not in by_cost]
    columns = _FIXED + (_COSTS if costs else ()) + tuple(Column(name, "float") for name in apart)

    def rows() -> Iterator[tuple[Any, ...]]:
        for at, op in enumerate(graph.ops):
            cost = tuple(asdict(costs[at]).values()) if costs else ()
            yield _row(op) + cost + tuple(figures[name].get(at) for name in apart)

    def batches() -> Iterator[list[tuple[Any, ...]]]:
        whole = rows()
        while some := list(islice(whole, _BATCH)):
            yield some

    return OpTable(columns, batches())


def _row(op: Op) -> tuple[Any, ...]:
    why, context, call = op.provenance, op.context, op.call
    return (
        op.index,
        legal(op.body),
        legal(op.id),
        legal(op.name),
        legal(op.op_type),
        legal(op.domain),
        legal(op.module),
        legal(op.tag),
        why.origin,
        why.rule,
        why.kind,
        why.confidence,
        list(map(legal, why.evidence)),
        list(map(legal, op.shared_by)),
        op.auxiliary,
        None if call is None else legal(call.name),
        None if call is None else legal(call.target),
        None if context is None else legal(context.module),
        None if context is None else legal(context.tag),
        None if context is None else context.rule,
        [] if context is None else list(map(legal, context.evidence)),
        [] if context is None else list(map(legal, context.users)),
        list(map(legal, op.inputs)),
        list(map(legal, op.outputs)),
    )
