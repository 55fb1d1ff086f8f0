"""What is measured, how stages nest, and that nothing is measured unless somebody asks."""

import json
import logging
import threading
import time
import tracemalloc
from datetime import datetime

import pytest

from hexviz.stages import Measured, Stage, recorded, stage, staged
from tests.waiting import CEILING

MB = 1_000_000


def named(stages: tuple[Stage, ...]) -> list[tuple[str, int]]:
    return [(one.name, one.depth) for one in stages]


def took(name: str, start: float, seconds: float, depth: int = 0) -> Stage:
    return Stage(name, start, seconds, seconds, depth, 0)


def test_stages_tell_how_deep_they_lie_in_the_order_in_which_they_began() -> None:
    with recorded() as record:
        with stage("read"), stage("parse"), stage("names"):
            pass
        with stage("tag"):
            pass
    assert named(record.stages) == [("read", 0), ("parse", 1), ("names", 2), ("tag", 0)]
    starts = [one.start for one in record.stages]
    assert starts == sorted(starts)
    assert starts[0] == 0.0


def test_waiting_takes_time_and_no_work() -> None:
    with recorded() as record, stage("outer"), stage("inner"):
        time.sleep(0.05)
    outer, inner = record.stages
    assert outer.seconds >= inner.seconds >= 0.05
    assert outer.cpu_seconds < 0.05


def test_allocated_blocks_are_those_that_stay() -> None:
    with recorded() as record:
        with stage("keeps"):
            kept = [object() for _ in range(5000)]
        with stage("drops"):
            [object() for _ in range(5000)]
    keeps, drops = record.stages
    assert keeps.blocks >= len(kept)
    assert drops.blocks < 1000
    with recorded(blocks=False) as record, stage("keeps"):
        kept += [object() for _ in range(5000)]
    assert record.stages[0].blocks == 0


def test_a_staged_function_is_measured_at_each_call_and_stays_itself() -> None:
    @staged("double")
    def double(number: int) -> int:
        """Twice as much."""
        return 2 * number

    assert (double(2), double.__doc__) == (4, "Twice as much.")
    with recorded() as record:
        assert [double(number) for number in (1, 2)] == [2, 4]
    assert named(record.stages) == [("double", 0)] * 2


def test_nothing_is_made_while_nobody_asks() -> None:
    assert stage("one") is stage("another")
    with recorded() as record:
        assert stage("one") is not stage("another")
    assert stage("one") is stage("another")
    assert record.stages == ()


def test_memory_is_measured_only_if_asked_for() -> None:
    with recorded() as record, stage("read"):
        assert not tracemalloc.is_tracing()
    assert (record.stages[0].peak, record.stages[0].kept) == (None, None)
    with recorded(memory=True), stage("read"):
        assert tracemalloc.is_tracing()
    assert not tracemalloc.is_tracing()


def test_the_peak_of_a_nested_stage_reaches_the_outer_one() -> None:
    with recorded(memory=True) as record, stage("outer"):
        with stage("high"):
            bytearray(4 * MB)
        with stage("low"):
            kept = bytearray(MB)
    outer, high, low = record.stages
    assert outer.peak is not None
    assert high.peak is not None
    assert low.peak is not None
    assert outer.kept is not None
    assert outer.peak >= high.peak >= 4 * MB > low.peak >= len(kept)
    assert 4 * MB > outer.kept >= len(kept)


def test_what_was_allocated_before_is_not_the_stages_own() -> None:
    with recorded(memory=True) as record:
        before = bytearray(4 * MB)
        with stage("small"):
            pass
    assert record.stages[0].peak is not None
    assert record.stages[0].peak < len(before) / 10


def test_a_recorder_in_another_keeps_its_own_stages_and_passes_the_peak_on() -> None:
    with recorded(memory=True) as outer, stage("all"):
        with recorded() as inner, stage("part"):
            bytearray(4 * MB)
        with stage("after"):
            pass
    assert named(inner.stages) == [("part", 0)]
    assert named(outer.stages) == [("all", 0), ("after", 1)]
    assert inner.stages[0].peak is not None, "memory is measured inside as well"
    assert outer.stages[0].peak is not None
    assert outer.stages[0].peak >= 4 * MB


def test_a_stage_that_raises_is_measured_and_what_it_raised_goes_on() -> None:
    with recorded() as record:
        with pytest.raises(KeyError, match="lost"), stage("outer"), stage("fails"):
            raise KeyError("lost")
        with stage("next"):
            pass
    assert named(record.stages) == [("outer", 0), ("fails", 1), ("next", 0)]


def test_threads_do_not_mix() -> None:
    found: dict[str, tuple[Stage, ...]] = {}
    both = threading.Barrier(2, timeout=CEILING)

    def work(name: str) -> None:
        with recorded() as record:
            both.wait()
            with stage(name):
                both.wait()
        found[name] = record.stages

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    with recorded() as record:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert record.stages == ()
    assert {name: named(stages) for name, stages in found.items()} == {
        "one": [("one", 0)],
        "two": [("two", 0)],
    }


def test_each_stage_is_logged_as_a_line_of_json(caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.DEBUG, "hexviz.stages"),
        recorded() as record,
        stage("read"),
        stage("two\nlines"),
    ):
        pass
    lines = [entry.getMessage() for entry in caplog.records]
    assert all("\n" not in line for line in lines)
    inner, outer = map(json.loads, lines)
    assert (inner["name"], inner["depth"], outer["name"], outer["depth"]) == (
        "two\nlines", 1, "read", 0,
    )  # fmt: skip
    assert datetime.fromisoformat(outer["time"]).tzinfo is not None
    assert outer["seconds"] == record.stages[0].seconds


def test_no_line_is_built_while_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    def built(_: object) -> str:
        raise AssertionError("a line was built")

    monkeypatch.setattr("hexviz.stages._Line.__str__", built)
    with recorded(), stage("read"):
        pass


def test_timings_are_the_outermost_stages_summed_up_in_order() -> None:
    first, inside = took("read", 0.0, 1.0), took("parse", 0.1, 0.5, 1)
    measured = Measured((first, inside, took("tag", 1.0, 2.0), took("read", 3.0, 4.0)))
    assert list(measured.timings.items()) == [("read", 5.0), ("tag", 2.0)]


def test_later_stages_start_where_the_earlier_ones_ended() -> None:
    before = Measured((took("export", 0.0, 3.0), took("tracing", 1.0, 1.5, 1)), {"": 0.5})
    after = before.followed_by((took("tag", 0.0, 1.0), took("save", 2.0, 1.0)))
    assert [(one.name, one.start) for one in after.stages] == [
        ("export", 0.0),
        ("tracing", 1.0),
        ("tag", 3.0),
        ("save", 5.0),
    ]
    assert after.modules == before.modules
    assert Measured().followed_by(before.stages).stages == before.stages
