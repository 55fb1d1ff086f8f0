"""Results kept on disk: found again, never wrong, never too many."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from hexviz.cache import Bound, Cache, Records
from hexviz.errors import WriteError

ONE, OTHER = "a" * 64, "b" * 64


def records(root: Path, recipe: str = "r", most: int = 10_000) -> Records:
    return Cache(root, {"kept": Bound(most)}).records("kept", recipe)


def files(root: Path) -> list[Path]:
    return list((root / "kept").iterdir())


def test_what_was_put_is_found_again(tmp_path: Path) -> None:
    records(tmp_path).put(ONE, b"result")
    found = records(tmp_path).get(ONE)
    assert found is not None
    assert bytes(found) == b"result"
    assert records(tmp_path).get(OTHER) is None


def test_a_result_of_another_recipe_is_not_found(tmp_path: Path) -> None:
    records(tmp_path, "rules of yesterday").put(ONE, b"result")
    assert records(tmp_path, "rules of today").get(ONE) is None


@pytest.mark.parametrize("at", [0, 31, 32, 37])
def test_a_damaged_result_counts_as_missing_and_is_removed(tmp_path: Path, at: int) -> None:
    records(tmp_path).put(ONE, b"result")
    (path,) = files(tmp_path)
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    assert records(tmp_path).get(ONE) is None
    assert not files(tmp_path)


@pytest.mark.parametrize("length", [0, 5, 33])
def test_a_result_that_was_cut_short_counts_as_missing(tmp_path: Path, length: int) -> None:
    records(tmp_path).put(ONE, b"result")
    (path,) = files(tmp_path)
    path.write_bytes(path.read_bytes()[:length])
    assert records(tmp_path).get(ONE) is None


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    kept = records(tmp_path, most=1_000)
    keys = [str(at) * 64 for at in range(4)]
    for age, key in enumerate(keys[:3]):
        kept.put(key, bytes(260))
        for path in files(tmp_path):
            if path.stat().st_mtime > 1_000_000:
                os.utime(path, (1_000 + age, 1_000 + age))
    assert kept.get(keys[0]) is not None  # used now, so the second is the oldest
    kept.put(keys[3], bytes(260))
    assert [kept.get(key) is not None for key in keys] == [True, False, True, True]
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 1_000


def test_a_result_larger_than_all_that_may_be_kept_is_not_kept(tmp_path: Path) -> None:
    kept = records(tmp_path, most=100)
    kept.put(ONE, bytes(50))
    kept.put(OTHER, bytes(101))
    assert kept.get(ONE) is not None
    assert kept.get(OTHER) is None


def test_only_a_digest_is_a_key(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no digest"):
        records(tmp_path).get("../../etc/passwd")


def test_many_who_write_and_read_at_once_see_whole_results_only(tmp_path: Path) -> None:
    """Threads, and another process that makes room all the time."""
    script = """
import sys
from pathlib import Path
from hexviz.cache import Bound, Cache
kept = Cache(Path(sys.argv[1]), {"kept": Bound(30_000)}).records("kept", "r")
for at in range(200):
    kept.put(f"{at % 7:x}" * 64, bytes([at % 7]) * 9_000)
"""
    other = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])
    kept = records(tmp_path, most=30_000)
    wrong: list[bytes] = []

    def work(first: int) -> None:
        for at in range(first, first + 100):
            number = at % 7
            kept.put(f"{number:x}" * 64, bytes([number]) * 9_000)
            found = kept.get(f"{number:x}" * 64)
            if found is not None and bytes(found) != bytes([number]) * 9_000:
                wrong.append(bytes(found))

    threads = [threading.Thread(target=work, args=[first]) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert other.wait(60) == 0
    assert not wrong
    assert not [path for path in files(tmp_path) if path.suffix != ".record"]


class Figures(msgspec.Struct):
    ops: int
    names: list[str]


def test_plain_data_comes_back_typed(tmp_path: Path) -> None:
    records(tmp_path).put_json(ONE, Figures(3, ["a"]))
    assert records(tmp_path).get_json(ONE, Figures) == Figures(3, ["a"])
    assert records(tmp_path).get_json(OTHER, Figures) is None


@pytest.mark.parametrize(
    "content", [b"", b"[" * 100_000, b"\xff", b"7", b'{"ops": 1}', b'{"ops": "1", "names": []}']
)
def test_what_is_no_such_data_counts_as_missing(tmp_path: Path, content: bytes) -> None:
    records(tmp_path).put(ONE, content)
    assert records(tmp_path).get_json(ONE, Figures) is None


def test_a_folder_that_cannot_be_used_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"no folder")
    assert records(tmp_path).get(ONE) is None
    with pytest.raises(WriteError, match="kept is no folder"):
        records(tmp_path).put(ONE, b"result")
