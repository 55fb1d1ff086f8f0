"""Times of nodes from a profile of ONNX Runtime: runs told apart, time in bodies counted once."""

import json
from typing import Any

import pytest

from hexviz.errors import MeasureError
from hexviz.measure.profile.ort_trace import NodeKey, node_runs
from hexviz.measure.profile.trace_file import read_events


def node(name: str, ts: int, dur: int, op_type: str = "Relu", tid: int = 1) -> dict[str, Any]:
    args = {"op_name": op_type, "provider": "CPUExecutionProvider", "node_index": 7}
    return {
        "cat": "Node",
        "ph": "X",
        "name": f"{name}_kernel_time",
        "tid": tid,
        "pid": 1,
        "ts": ts,
        "dur": dur,
        "args": args,
    }


def run(ts: int, dur: int, tid: int = 1) -> dict[str, Any]:
    return {"cat": "Session", "ph": "X", "name": "model_run", "ts": ts, "dur": dur, "tid": tid}


def times(*events: dict[str, Any], last: int | None = None) -> dict[str, list[float]]:
    source, read = read_events(json.dumps(events).encode())
    assert source == "ort"
    return {
        "/".join((*one.key.around, one.key.name)): one.us.tolist() for one in node_runs(read, last)
    }


def test_runs_are_told_apart_and_the_first_is_left_out() -> None:
    events = [
        *(node("a", 10, 90), node("b", 100, 5), run(0, 120)),
        *(node("a", 210, 12), node("b", 230, 5), run(200, 50)),
        *(node("a", 310, 11), node("b", 330, 4), run(300, 50)),
    ]
    assert times(*events) == {"a": [12, 11], "b": [5, 4]}
    assert times(*events, last=1) == {"a": [11], "b": [4]}
    assert times(*events[:3]) == {"a": [90], "b": [5]}


def test_what_a_body_takes_is_not_counted_twice() -> None:
    """A Loop of two turns: 50 µs, of which 30 in its body."""
    events = [
        *(node("m", 12, 10, "MatMul"), node("r", 23, 5), node("m", 30, 11, "MatMul")),
        *(node("r", 42, 4), node("z", 10, 50, "Loop"), node("y", 61, 3), run(0, 70)),
    ]
    assert times(*events) == {"z": [20], "z/m": [21], "z/r": [9], "y": [3]}


def test_nodes_of_one_name_in_different_bodies_are_two() -> None:
    events = [node("m", 12, 10), node("z", 10, 50, "Loop"), node("m", 61, 3), run(0, 70)]
    assert times(*events) == {"z": [40], "z/m": [10], "m": [3]}


def test_times_are_rounded_down_so_that_a_body_seems_to_end_after_its_owner() -> None:
    events = [node("t", 11, 8), node("y", 10, 8, "If"), run(0, 70)]
    assert times(*events) == {"y": [0], "y/t": [8]}


def test_of_two_that_took_the_same_time_the_outer_one_was_written_last() -> None:
    events = [node("t", 10, 2), node("y", 10, 2, "If"), run(0, 70)]
    assert times(*events) == {"y": [0], "y/t": [2]}


def test_runs_in_several_threads_at_once() -> None:
    events = [
        *(node("a", 10, 5, tid=1), node("a", 12, 6, tid=2), run(0, 50, 1), run(2, 50, 2)),
        *(node("a", 110, 7, tid=1), run(100, 50, 1)),
    ]
    assert times(*events) == {"a": [6, 7]}


def test_what_was_cut_off_counts_in_no_run() -> None:
    events = [
        *(node("a", 10, 90), run(0, 120)),
        *(node("a", 210, 12), node("b", 230, 5), run(200, 50)),
        node("a", 310, 99),
    ]
    assert times(*events) == {"a": [12], "b": [5]}


def test_without_events_for_runs_a_run_begins_where_a_node_comes_again() -> None:
    events = [
        *(node("a", 10, 9), node("m", 21, 2), node("m", 24, 2), node("z", 20, 10, "Loop")),
        *(node("a", 40, 8), node("m", 51, 2), node("m", 54, 3), node("z", 50, 10, "Loop")),
    ]
    assert times(*events) == {"a": [8], "z": [5], "z/m": [5]}


def test_the_same_name_with_another_type_is_another_node() -> None:
    read = read_events(json.dumps([node("a", 1, 2, "Conv"), node("a", 5, 2, "Add")]).encode())[1]
    assert [one.key for one in node_runs(read)] == [NodeKey("a", "Conv"), NodeKey("a", "Add")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "That is no trace of ONNX Runtime or torch.profiler, or it was cut short"),
        (b"no JSON", "That is no trace of ONNX Runtime or torch.profiler, or it was cut short"),
        (b"{}", "That is no trace of ONNX Runtime or torch.profiler"),
        (b"[1, 2]", "That is no trace of ONNX Runtime or torch.profiler"),
        (b'[{"cat": "Node", "name": "a_kernel_time"', "it was cut short"),
        (b'[{"cat": "Node", "ts": "1"}]', "That is no trace of ONNX Runtime"),
        (b"\xff\xfe", "That is no trace of ONNX Runtime"),
        (b"[" * 100_000, "That is no trace of ONNX Runtime"),
        (b'[{"ph": "X", "ts": 1e999}]', "That is no trace|times that are no numbers"),
        (b'[{"ph": "X", "ts": 1, "dur": -5}]', "The trace has times that are no numbers"),
        (b"[]", "The trace has no times of nodes: profile a session that ran the model at least"),
        (
            json.dumps([node("a", 10, 90), run(100, 5)]).encode(),
            "The trace was cut short within its first run: profile a whole one.",
        ),
    ],
)
def test_what_is_no_profile_is_one_line(content: bytes, message: str) -> None:
    with pytest.raises(MeasureError, match=message):
        node_runs(read_events(content)[1])


def test_runs_without_end_are_refused_before_they_take_the_memory() -> None:
    events = [run(at, 1) for at in range(5000)] + [node(f"n{at}", at, 0) for at in range(5000)]
    with pytest.raises(MeasureError, match="The trace has 5000 runs: take one of some dozens"):
        times(*events)
