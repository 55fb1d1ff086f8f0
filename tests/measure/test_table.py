"""The table of figures by module: own and total, worst for errors; as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace

import msgspec
import pytest

from hexviz.measure.costs.costs import costs
from hexviz.measure.documents import CallError, TensorError
from hexviz.measure.table import (
    FIGURES,
    ModuleRow,
    module_table,
    natural_error,
    own_error,
    sizes_apart,
)
from hexviz.model.graph import TaggedGraph
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped, tagged
from tests.measured import CLEAN, FAULT, parity_of, profile_of


@pytest.fixture(scope="module")
def graph() -> TaggedGraph:
    return tagged(scoped(parse(NET), SCOPES))


def row_of(rows: tuple[ModuleRow, ...], fqn: str) -> ModuleRow:
    return next(row for row in rows if row.module == fqn)


def test_times_are_sums_and_shares_are_of_all_that_ran(graph: TaggedGraph) -> None:
    table = module_table(graph, profile=profile_of(graph, unplaced=4.0))
    assert [column.name for column in table.columns] == ["time_us", "share"]
    root, inner = row_of(table.rows, ""), row_of(table.rows, "enc.att")
    assert root.total["time_us"] == sum(range(1, len(graph.ops) + 1))
    assert root.total["share"] == pytest.approx(36 / 40)
    children = [row_of(table.rows, fqn).total["time_us"] for fqn in ("enc.att.q", "enc.att.k")]
    assert inner.total["time_us"] == pytest.approx(inner.own["time_us"] + sum(children))  # type: ignore[operator, arg-type]


def test_an_errors_total_is_the_worst_within_and_its_own_stays(graph: TaggedGraph) -> None:
    table = module_table(graph, parity=parity_of(graph, ("enc.att.k",)))
    att = row_of(table.rows, "enc.att")
    assert att.own["own_error"] == CLEAN
    assert att.total["own_error"] == row_of(table.rows, "").total["own_error"] == FAULT
    assert row_of(table.rows, "enc.att.q").total["own_error"] == CLEAN
    assert row_of(table.rows, "enc.emb").total["natural_error"] == CLEAN


def test_what_no_number_tells_is_worse_than_any(graph: TaggedGraph) -> None:
    call = parity_of(graph, ("enc.emb",)).modules[0]
    unknown = TensorError(max_abs_error=None, max_rel_error=None, cosine=None, sqnr_db=None)
    lost: CallError = msgspec.structs.replace(call, own=unknown, ok=False)
    assert own_error(lost) == math.inf
    assert own_error(msgspec.structs.replace(lost, ok=True)) == 0.0
    assert own_error(msgspec.structs.replace(lost, own=None)) is None
    assert natural_error(msgspec.structs.replace(lost, own=None, max_rel_error=None)) == math.inf


def test_time_per_mac_needs_both(graph: TaggedGraph) -> None:
    table = module_table(graph, costs=costs(graph), profile=profile_of(graph))
    assert [column.name for column in table.columns] == [
        name for name, column in FIGURES.items() if column.adds
    ]
    assert all(row.total["us_per_mac"] is None for row in table.rows)  # there is none to divide by


def test_time_is_divided_by_the_macs_of_the_sizes_that_ran() -> None:
    """Times of 4 cases beside the MACs of 2 would be wrong twice."""
    text = "g (float[b, 8] x) => (float[b, 4] y) <float[8, 4] w = {WEIGHTS}> { y = MatMul (x, w) }"
    dynamic = tagged(parse(text.replace("WEIGHTS", ", ".join(["1.0"] * 32))))
    figures = costs(dynamic, symbols={"b": 2})
    times = profile_of(dynamic)
    right = msgspec.structs.replace(times, symbols={"b": 2})
    table = module_table(dynamic, costs=figures, profile=right)
    assert table.rows[0].total["us_per_mac"] == pytest.approx(1.0 / (2 * 8 * 4))
    assert sizes_apart(figures, right) == ""
    other = msgspec.structs.replace(times, symbols={"b": 4})
    for apart, said in (
        (other, "Times are for b = 4; costs for b = 2."),
        (times, "For which sizes times are is not known; costs are for b = 2."),
    ):
        assert sizes_apart(figures, apart) == said
        names = [one.name for one in module_table(dynamic, costs=figures, profile=apart).columns]
        assert "time_us" in names
        assert "us_per_mac" not in names


def test_json_and_csv_have_the_same_numbers(graph: TaggedGraph) -> None:
    table = module_table(graph, parity=parity_of(graph, ("enc.att.k",)))
    document = json.loads(json.dumps(table.to_dict()))
    rows = list(csv.DictReader(io.StringIO(table.to_csv())))
    assert [row["module"] for row in rows] == [one["module"] for one in document["modules"]]
    for row, one in zip(rows, document["modules"], strict=True):
        for of in ("own", "total"):
            number = one[of]["own_error"]
            assert row[f"own_error {of}"] == ("" if number is None else f"{number:.9g}")


def test_a_name_that_a_spreadsheet_would_run_is_text(graph: TaggedGraph) -> None:
    table = module_table(graph)
    odd = replace(table, rows=(replace(table.rows[0], module="=1+1", tag="@x"),))
    assert odd.to_csv().splitlines()[1] == "'=1+1,'@x"
