"""Results kept on disk: found again, never wrong, never too many."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hexviz.model.shelf import Shelf

ONE, OTHER = "a" * 64, "b" * 64


def shelf(folder: Path, recipe: str = "r", most: int = 10_000) -> Shelf:
    return Shelf(folder, recipe, most)


def test_what_was_put_is_found_again(tmp_path: Path) -> None:
    shelf(tmp_path).put(ONE, b"result")
    found = shelf(tmp_path).get(ONE)
    assert found is not None
    assert bytes(found) == b"result"
    assert shelf(tmp_path).get(OTHER) is None


def test_a_result_of_another_recipe_is_not_found(tmp_path: Path) -> None:
    shelf(tmp_path, "rules of yesterday").put(ONE, b"result")
    assert shelf(tmp_path, "rules of today").get(ONE) is None


@pytest.mark.parametrize("at", [0, 31, 32, 37])
def test_a_damaged_result_counts_as_missing_and_is_removed(tmp_path: Path, at: int) -> None:
    shelf(tmp_path).put(ONE, b"result")
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    assert shelf(tmp_path).get(ONE) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("length", [0, 5, 33])
def test_a_result_that_was_cut_short_counts_as_missing(tmp_path: Path, length: int) -> None:
    shelf(tmp_path).put(ONE, b"result")
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:length])
    assert shelf(tmp_path).get(ONE) is None


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    kept = shelf(tmp_path, most=1_000)
    keys = [str(at) * 64 for at in range(4)]
    for age, key in enumerate(keys[:3]):
        kept.put(key, bytes(260))
        for path in tmp_path.iterdir():
            if path.stat().st_mtime > 1_000_000:
                os.utime(path, (1_000 + age, 1_000 + age))
    assert kept.get(keys[0]) is not None  # used now, so the second is the oldest
    kept.put(keys[3], bytes(260))
    assert [kept.get(key) is not None for key in keys] == [True, False, True, True]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 1_000


def test_a_result_larger_than_all_that_may_be_kept_is_not_kept(tmp_path: Path) -> None:
    kept = shelf(tmp_path, most=100)
    kept.put(ONE, bytes(50))
    kept.put(OTHER, bytes(101))
    assert kept.get(ONE) is not None
    assert kept.get(OTHER) is None


def test_only_a_digest_is_a_key(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no digest"):
        shelf(tmp_path).get("../../etc/passwd")


def test_many_who_write_and_read_at_once_see_whole_results_only(tmp_path: Path) -> None:
    """Threads, and another process that makes room all the time."""
    script = """
import sys
from pathlib import Path
from hexviz.model.shelf import Shelf
kept = Shelf(Path(sys.argv[1]), "r", 30_000)
for at in range(200):
    kept.put(f"{at % 7:x}" * 64, bytes([at % 7]) * 9_000)
"""
    other = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])
    kept = shelf(tmp_path, most=30_000)
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
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".kept"]
