"""The cache folder is its owner's alone, and kept tidy."""

import os
import stat
from pathlib import Path

import pytest

from hexviz.app import folders
from hexviz.app.folders import exports_folder, tidy, uploads_folder
from hexviz.errors import WriteError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "deep" / "cache"))
    return tmp_path / "deep" / "cache" / "hexviz"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_new_folders_are_their_owners_alone(cache: Path) -> None:
    assert uploads_folder() == cache / "uploads"
    assert mode(cache) == mode(cache / "uploads") == 0o700


def test_a_folder_that_is_open_to_others_is_closed(cache: Path) -> None:
    uploads_folder()
    for folder in (cache, cache / "uploads"):
        folder.chmod(0o777)
    uploads_folder()
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
        uploads_folder()
    assert mode(tmp_path / "elsewhere") == 0o755
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_in_place_of_a_folder_is_a_clear_line(cache: Path) -> None:
    cache.parent.mkdir(parents=True)
    cache.touch()
    with pytest.raises(WriteError, match="hexviz is no folder: remove it"):
        uploads_folder()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are no such owners")
def test_somebody_elses_folder_is_not_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads_folder()
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(WriteError, match="is somebody else's: set XDG_CACHE_HOME"):
        uploads_folder()


def test_what_killed_processes_left_is_removed_at_the_start(cache: Path, tmp_path: Path) -> None:
    left = uploads_folder() / ".hexviz-abc"
    left.touch()
    os.utime(left, (1, 1))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".hexviz-abc").touch()
    os.utime(elsewhere / ".hexviz-abc", (1, 1))
    (cache / "planted").symlink_to(elsewhere)
    tidy()
    assert not left.exists()
    assert (elsewhere / ".hexviz-abc").exists()


def test_exports_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_EXPORTS", 25)
    for at in range(4):
        path = exports_folder() / f"{at}.onnx"
        path.write_bytes(bytes(10))
        os.utime(path, (at + 1, at + 1))
    tidy()
    assert sorted(path.name for path in exports_folder().iterdir()) == ["2.onnx", "3.onnx"]
