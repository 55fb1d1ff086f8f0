"""When a file counts as finished, from nothing but looks at it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hexviz.app.models.kept_pictures import FileState
from hexviz.app.watching.settling import PATIENCE, QUIET, Look, Phase, Settling, look_at


def at(size: int, time: int = 1) -> FileState:
    return FileState("6d", size, time, time)


def phases(settling: Settling, looks: list[tuple[float, Look]]) -> list[Phase]:
    return [settling.see(look, now) for now, look in looks]


def test_a_finished_write_settles_once_it_was_quiet() -> None:
    settling = Settling((at(5),))
    new: Look = (at(9),)
    assert phases(settling, [(0, (at(5),)), (1, new), (1.1, new), (1.5, new)]) == [
        *("same", "writing", "writing", "settled")
    ]
    settling.accept()
    assert settling.see(new, 9) == "same"


def test_a_file_written_slowly_settles_after_its_last_piece() -> None:
    settling = Settling((at(1),))
    pieces: list[tuple[float, Look]] = [(k * 0.1, (at(2 + k, k),)) for k in range(30)]
    assert set(phases(settling, pieces)) == {"writing"}
    last = pieces[-1][1]
    assert settling.see(last, 2.95 + QUIET) == "settled"


def test_what_cannot_be_read_is_tried_again_and_then_stuck_until_it_changes() -> None:
    settling = Settling((at(5),))
    half: Look = (at(7),)
    times = [0, QUIET, 1, PATIENCE - 0.1, PATIENCE, PATIENCE + 0.1, 60]
    assert phases(settling, [(now, half) for now in times]) == [
        *("writing", "settled", "writing", "writing", "settled", "stuck", "stuck")
    ]
    whole: Look = (at(9),)
    assert phases(settling, [(61, whole), (62, whole)]) == ["writing", "settled"]


def test_a_file_deleted_for_a_moment_is_the_same_and_for_long_is_stuck() -> None:
    settling = Settling((at(5),))
    assert phases(settling, [(0, (None,)), (1, (None,)), (2, (at(5),))]) == [
        *("writing", "writing", "same")
    ]
    assert phases(settling, [(3, (None,)), (3 + PATIENCE, (None,))]) == ["writing", "stuck"]
    assert settling.see((at(5),), 9) == "same"


def test_every_file_of_several_has_to_be_quiet() -> None:
    settling = Settling((at(5), at(1)))
    assert phases(settling, [(k * 0.1, (at(6), at(k))) for k in range(1, 5)])[-1] == "writing"


@pytest.mark.parametrize("how", ["in place", "by rename", "through a link"])
def test_looks_tell_every_way_to_replace_a_file(how: str, tmp_path: Path) -> None:
    file, other = tmp_path / "m.onnx", tmp_path / "n.onnx"
    file.write_bytes(b"aaaa")
    other.write_bytes(b"bbbb")
    watched = file
    if how == "through a link":
        watched = tmp_path / "latest.onnx"
        watched.symlink_to(file)
    before = look_at([watched])
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    if how == "in place":
        file.write_bytes(b"cccc")
        os.utime(file, ns=times)  # a tool that keeps times does not hide it
    elif how == "by rename":
        os.utime(other, ns=times)
        other.replace(file)
    else:
        watched.unlink()
        watched.symlink_to(other)
    assert look_at([watched]) != before


def test_what_is_not_there_or_goes_in_circles_is_none(tmp_path: Path) -> None:
    circle = tmp_path / "a"
    circle.symlink_to(circle)
    assert look_at([tmp_path / "m.onnx", circle]) == (None, None)
