"""CSV and Parquet: what is read back is what the graph says; a stranger's name is no formula."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import hexviz.extras
from hexviz.api import TaggedGraph
from hexviz.convert.op_table import op_table
from hexviz.convert.options import Options
from hexviz.errors import ExtraError
from hexviz.measure.documents import NodeTime, ProfileDocument
from hexviz.tagging.summary import op_record
from tests.convert.graphs import hostile, layers

COLUMNS = [
    *("index", "body", "id", "name", "op_type", "domain", "module", "tag", "origin", "rule"),
    *("kind", "confidence", "evidence", "shared_by", "auxiliary", "call", "call_target"),
    *("context", "context_tag", "context_rule", "context_evidence", "context_users"),
    *("inputs", "outputs"),
]


@pytest.fixture(scope="module")
def graph() -> TaggedGraph:
    return layers()


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def same(row: dict[str, Any], record: dict[str, Any]) -> None:
    """A row of Parquet beside the record of the op in ``analyze --json --ops``."""
    context = record.pop("context") or {}
    call = record.pop("call") or {}
    flat = record | {
        "call": call.get("name"),
        "call_target": call.get("target"),
        "context": context.get("module"),
        "context_tag": context.get("tag"),
        "context_rule": context.get("rule"),
        "context_evidence": context.get("evidence", []),
        "context_users": context.get("users", []),
    }
    assert {name: row[name] for name in flat} == flat


def test_parquet_has_what_analyze_says_of_each_op(graph: TaggedGraph, tmp_path: Path) -> None:
    done = graph.convert(tmp_path / "ops.parquet")
    table = pq.read_table(tmp_path / "ops.parquet")
    assert table.column_names == COLUMNS
    assert done.format == "Parquet"
    assert done.ops == table.num_rows == len(graph.ops)
    for row, op in zip(table.to_pylist(), graph.ops, strict=True):
        same(row, op_record(op))
        assert (row["inputs"], row["outputs"]) == (list(op.inputs), list(op.outputs))


def test_csv_has_the_same(graph: TaggedGraph, tmp_path: Path) -> None:
    graph.convert(tmp_path / "ops.csv")
    content = (tmp_path / "ops.csv").read_bytes()
    assert content.startswith(",".join(COLUMNS).encode() + b"\r\n")
    graph.convert(tmp_path / "ops.parquet")
    typed = pq.read_table(tmp_path / "ops.parquet").to_pylist()
    for row, other in zip(read_csv(tmp_path / "ops.csv"), typed, strict=True):
        for name, cell in row.items():
            value = other[name]
            if isinstance(value, list):
                assert json.loads(cell) == value
            elif isinstance(value, float):
                assert float(cell) == pytest.approx(value)
            else:
                assert cell == ("" if value is None else str(value))


def test_costs_and_times_are_columns_behind(graph: TaggedGraph, tmp_path: Path) -> None:
    profile = ProfileDocument(
        model=graph.name,
        modules=(),
        nodes=(NodeTime(id="f", op_type="F", module=None, us=6.0, ops=graph.ids[:2]),),
        total_us=6.0,
        unplaced_us=0.0,
        runs=1,
        provider="CPU",
        device="",
        digest="-",
    )
    graph.convert(tmp_path / "ops.parquet", costs=True, profile=profile)
    table = pq.read_table(tmp_path / "ops.parquet")
    costs = ["parameters", "weight_bytes", "macs", "flops", "activation_bytes", "peak_bytes"]
    assert table.column_names[: len(COLUMNS) + 6] == COLUMNS + costs
    assert table.column_names[-1] == "time_us"
    times = table.column("time_us").to_pylist()
    assert times[:2] == [3.0, 3.0]  # a fused node's time is shared evenly
    assert set(times[2:]) == {None}
    assert sum(table.column("macs").to_pylist()) > 0


def test_a_name_is_no_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    graph = hostile()
    graph.convert(tmp_path / "ops.csv")
    rows = read_csv(tmp_path / "ops.csv")
    assert rows[1]["name"] == "'=cmd()|'/c calc'!A0"
    for row in rows:
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())
    graph.convert(tmp_path / "ops.parquet")
    assert pq.read_table(tmp_path / "ops.parquet")["name"][1].as_py() == "=cmd()|'/c calc'!A0"


def test_rows_come_some_at_a_time() -> None:
    graph = layers(9_000)
    table = op_table(graph, Options())
    sizes = [len(rows) for rows in table.batches]
    assert len(sizes) == 2
    assert sum(sizes) == len(graph.ops)


def test_without_pyarrow_there_is_a_line_that_says_how_to_get_it(
    graph: TaggedGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = hexviz.extras.find_spec
    monkeypatch.setattr(
        hexviz.extras, "find_spec", lambda name: None if name == "pyarrow" else there(name)
    )
    with pytest.raises(ExtraError, match="Writing Parquet needs pyarrow, which is not installed: "):
        graph.convert(tmp_path / "ops.parquet")
    assert not list(tmp_path.iterdir())


def test_pyarrow_is_loaded_for_parquet_alone() -> None:
    script = "import hexviz.convert.formats, sys; assert 'pyarrow' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)
