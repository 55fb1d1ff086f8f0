"""Files by digest: kept once, found by name, read whole or not at all, never too many."""

import hashlib
import os
from pathlib import Path

import pytest

from hexviz.cache import Blobs, Bound, Cache
from hexviz.errors import WriteError

SMALL = Bound(100)


def blobs(root: Path, bound: Bound = SMALL) -> Blobs:
    return Cache(root, {"kept": bound}).blobs("kept")


def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    name = blobs(tmp_path).put(b"one", ".onnx")
    assert name == f"{hashlib.sha256(b'one').hexdigest()}.onnx"
    assert blobs(tmp_path).put(b"one", ".onnx") == name
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [name]
    assert blobs(tmp_path).read(name) == b"one"


@pytest.mark.parametrize(
    "name", ["", "a.onnx", f"../{'a' * 61}.onnx", "a" * 64, f"{'A' * 64}.json"]
)
def test_no_other_name_becomes_a_path(tmp_path: Path, name: str) -> None:
    assert blobs(tmp_path).find(name) is None
    assert blobs(tmp_path).read(name) is None
    assert not (tmp_path / "kept").exists()


def test_damage_counts_as_missing(tmp_path: Path) -> None:
    name = blobs(tmp_path).put(b"one", ".json")
    (tmp_path / "kept" / name).write_bytes(b"two")
    assert blobs(tmp_path).read(name) is None


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    name = blobs(tmp_path).put(b"one", ".json")
    path = tmp_path / "kept" / name
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert blobs(tmp_path).find(name) is None


def test_what_was_used_least_recently_goes_and_what_is_spared_stays(tmp_path: Path) -> None:
    kept = blobs(tmp_path)
    names = [kept.put(bytes([at]) * 40, ".onnx") for at in range(2)]
    for age, name in enumerate(names):
        os.utime(tmp_path / "kept" / name, (age + 1, age + 1))
    kept.find(names[0])  # is used by that
    third = kept.put(bytes([3]) * 40, ".onnx")
    assert [kept.find(name) is not None for name in (*names, third)] == [True, False, True]
    os.utime(tmp_path / "kept" / names[0], (1, 1))
    kept.put(bytes([4]) * 40, ".onnx", {names[0]})
    assert kept.find(names[0]) is not None
    assert kept.find(third) is None


def test_files_are_counted_as_well(tmp_path: Path) -> None:
    kept = blobs(tmp_path, Bound(1000, files=2))
    for at in range(4):
        kept.put(bytes([at]), ".json")
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_others_may_evict_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = blobs(tmp_path, Bound(1000, files=1))
    kept.put(b"one", ".json")
    listed = Path.iterdir

    def with_a_ghost(folder: Path) -> list[Path]:
        return [*listed(folder), folder / "ghost.json"]

    monkeypatch.setattr(Path, "iterdir", with_a_ghost)
    kept.put(b"two", ".json")
    monkeypatch.undo()
    assert len(list((tmp_path / "kept").iterdir())) == 1


def test_a_folder_that_cannot_be_used_is_a_clear_line(tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    with pytest.raises(WriteError, match="kept is no folder: remove it"):
        blobs(tmp_path).put(b"one", ".json")
    assert blobs(tmp_path).find("a" * 64 + ".json") is None
