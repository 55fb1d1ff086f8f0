"""The cache folder is its owner's alone, and kept tidy."""

import os
import stat
from pathlib import Path

import pytest

from hexviz.cache import BOUNDS, Bound, Cache
from hexviz.errors import WriteError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "deep" / "cache"))
    return tmp_path / "deep" / "cache" / "hexviz"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_new_folders_are_their_owners_alone(cache: Path) -> None:
    assert Cache().folder("uploads") == cache / "uploads"
    assert mode(cache) == mode(cache / "uploads") == 0o700


def test_a_folder_that_is_open_to_others_is_closed(cache: Path) -> None:
    Cache().folder("uploads")
    for folder in (cache, cache / "uploads"):
        folder.chmod(0o777)
    Cache().folder("uploads")
    assert mode(cache) == mode(cache / "uploads") == 0o700


@pytest.mark.parametrize("which", ["hexviz", "uploads"])
def test_a_link_in_place_of_a_folder_is_not_followed(
    cache: Path, tmp_path: Path, which: str
) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    place = cache if which == "hexviz" else cache / "uploads"
    place.parent.mkdir(parents=True)
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WriteError, match=f"{which} is a link: remove it, or set XDG_CACHE_HOME"):
        Cache().folder("uploads")
    assert mode(tmp_path / "elsewhere") == 0o755
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_in_place_of_a_folder_is_a_clear_line(cache: Path) -> None:
    cache.parent.mkdir(parents=True)
    cache.touch()
    with pytest.raises(WriteError, match="hexviz is no folder: remove it"):
        Cache().folder("uploads")


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are no such owners")
def test_somebody_elses_folder_is_not_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Cache().folder("uploads")
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(WriteError, match="is somebody else's: set XDG_CACHE_HOME"):
        Cache().folder("uploads")


def test_what_killed_processes_left_is_removed_at_the_start(cache: Path, tmp_path: Path) -> None:
    left = Cache().folder("uploads") / ".hexviz-abc"
    left.touch()
    os.utime(left, (1, 1))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".hexviz-abc").touch()
    os.utime(elsewhere / ".hexviz-abc", (1, 1))
    (cache / "planted").symlink_to(elsewhere)
    Cache().sweep()
    assert not left.exists()
    assert (elsewhere / ".hexviz-abc").exists()


def test_exports_are_bounded() -> None:
    cache = Cache(bounds={**BOUNDS, "exports": Bound(25)})
    for at in range(4):
        path = cache.folder("exports") / f"{at}.onnx"
        path.write_bytes(bytes(10))
        os.utime(path, (at + 1, at + 1))
    cache.sweep()
    assert sorted(path.name for path in cache.folder("exports").iterdir()) == ["2.onnx", "3.onnx"]


def test_making_a_cache_touches_no_disk(cache: Path) -> None:
    assert Cache().root == cache
    assert not cache.exists()


@pytest.mark.parametrize("name", BOUNDS)
def test_nothing_crowds_out_what_lies_in_another_folder(name: str) -> None:
    cache = Cache(bounds={**BOUNDS, name: Bound(1)})
    for folder in BOUNDS:
        (cache.folder(folder) / "kept").write_bytes(bytes(10))
    cache.sweep()
    assert [one for one in BOUNDS if not (cache.folder(one) / "kept").exists()] == [name]


def test_what_an_earlier_version_kept_is_taken_over_or_swept_away(cache: Path) -> None:
    key = "a" * 64
    for name in ("uploads", "tags", "pictures", "parts"):
        (cache / name).mkdir(parents=True)
        (cache / name / "old").write_bytes(b"?")
    for suffix in (".onnx", ".name", ".edit", ".tags"):
        (cache / "uploads" / f"{key}{suffix}").write_bytes(suffix.encode())
    Cache().sweep()
    assert (cache / "edits" / f"{key}.json").read_bytes() == b".edit"
    assert (cache / "transfers" / f"{key}.json").read_bytes() == b".tags"
    assert (cache / "uploads" / f"{key}.onnx").exists()
    assert (cache / "uploads" / f"{key}.name").exists()
    assert not {"tags", "pictures", "parts"} & {path.name for path in cache.iterdir()}


def test_a_link_in_place_of_an_earlier_folder_is_not_followed(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").touch()
    cache.mkdir(parents=True)
    (cache / "parts").symlink_to(tmp_path / "elsewhere")
    Cache().sweep()
    assert (tmp_path / "elsewhere" / "file").exists()
