"""Every file opens, or is refused in one clear line; see docs/hostile.md for the large run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.crafted import CHEAP
from tests.hostile.mutate import KINDS
from tests.hostile.planted import FAULTS
from tests.hostile.run import Case, mutated_cases, run, tabled
from tests.hostile.seeds import shipped
from tests.hostile.watch import Watched

SPOILT = 300
STEPS = ("explain", "networkx", "save", "search", "inspect", "cut", "convert")
"""What is done with the crafted files here; the large run does the rest as well."""


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    child = Watched()
    yield child
    child.stop()


def test_spoilt_files(watched: Watched) -> None:
    ended = list(run(mutated_cases(SPOILT, 7, shipped()), watched, None))
    assert {case.name: one.faults for case, one in ended if one.outcome == "defect"} == {}
    outcomes = {one.outcome for _, one in ended}
    assert outcomes == {"opened", "refused"}
    assert {case.kind for case, _ in ended} == set(KINDS)


SLOW = frozenset(
    {
        *("auxiliary ladder", "auxiliary ladder that is read", "one shape with 20000 readers"),
        *("attributes 100000", "a chain of 50000 ops backwards", "one value with 50000 readers"),
        *("a cycle of 50000 ops", "modules 20000 in one", "initializers 100000"),
    }
)
"""Seconds of tagging, or of what follows: in the large run only."""


@pytest.mark.parametrize("name", sorted(CHEAP.keys() - SLOW))
def test_crafted_files(watched: Watched, tmp_path: Path, name: str) -> None:
    ended = watched.open(CHEAP[name](tmp_path), steps=STEPS)
    assert ended.faults == {}
    if ended.outcome == "refused":
        assert ended.message


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a pipe", "a pipe or a device"),
        ("a link to a device", "a pipe or a device"),
        ("a folder", "is a folder"),
        ("nothing there", "does not exist"),
        ("weights above", "outside its folder"),
        ("weights of a whole path", "outside its folder"),
        ("weights through a link", "through a link out of its folder"),
        ("weights through a linked folder", "through a link out of its folder"),
        ("weights in a pipe", "missing"),
        ("a cycle", "contains a cycle"),
        ("one output made twice", "made twice"),
        ("a gzipped model", "is not an ONNX model"),
        ("a checkpoint", "is not an ONNX model"),
    ],
)
def test_what_is_refused_says_why(watched: Watched, tmp_path: Path, name: str, told: str) -> None:
    ended = watched.open(CHEAP[name](tmp_path))
    assert ended.outcome == "refused"
    assert told in ended.message


def test_a_seed_makes_the_same_files_again(tmp_path: Path) -> None:
    def contents() -> list[bytes]:
        cases = mutated_cases(2 * len(KINDS), 3, shipped())
        return [case.write(tmp_path).read_bytes() for case in cases]

    assert contents() == contents()


@pytest.mark.parametrize("fault", FAULTS)
def test_the_watch_finds_what_it_is_there_for(tmp_path: Path, fault: str) -> None:
    child = Watched(["tests.hostile.planted"], seconds=1, memory=1 << 27)
    path = tmp_path / "planted.onnx"
    path.write_bytes(fault.encode())
    fine = tmp_path / "fine.onnx"
    fine.write_bytes(shipped()[0])
    cases = [Case(fault, str(at), lambda _, p=one: p) for at, one in enumerate((path, fine))]
    (_, bad), (_, good) = ended = list(run(iter(cases), child, tmp_path / "kept"))
    child.stop()
    assert bad.outcome == "defect", bad
    assert bad.faults["open"]
    assert good.outcome == "opened", good  # by another child, where the first one died
    assert [one.name for one in (tmp_path / "kept").iterdir()] == [f"{fault} 0.onnx"]
    assert f"| {fault} | 2 | 1 | 0 | 1 |" in "\n".join(tabled(ended))
