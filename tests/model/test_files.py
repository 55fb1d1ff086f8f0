"""A file is written whole or not at all, and only where it was asked for."""

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hexviz.errors import WriteError
from hexviz.model.files import inside, remove_leftovers, write_atomically


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_is_open_to_whom_any_new_file_is(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_atomically(tmp_path / "new", [b"a", b"b"])
    assert (tmp_path / "new").read_bytes() == b"ab"
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_private_file_is_its_owners_alone(tmp_path: Path) -> None:
    write_atomically(tmp_path / "new", [b""], private=True)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600


def test_a_file_that_is_replaced_leaves_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "old").touch(mode=0o600)
    (tmp_path / "old").chmod(0o640)
    write_atomically(tmp_path / "old", [b"new"])
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o640


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "out").symlink_to(tmp_path / "secret")
    write_atomically(tmp_path / "out", [b"new"])
    assert (tmp_path / "secret").read_bytes() == b"secret"
    assert not (tmp_path / "out").is_symlink()
    assert (tmp_path / "out").read_bytes() == b"new"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="is no file: give the name of one"):
        write_atomically(tmp_path, [b""])


@pytest.mark.parametrize("step", ["write", "fsync", "replace", "chmod"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_whatever_fails_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    (tmp_path / "out").write_bytes(b"old")

    def fails(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    def chunks() -> Iterator[bytes]:
        yield b"new"
        if step == "write":
            fails()

    if step == "fsync":
        monkeypatch.setattr(os, "fsync", fails)
    elif step != "write":
        monkeypatch.setattr(Path, step, fails)
    with pytest.raises(WriteError, match=rf"Cannot write .*out: {os.strerror(number)}\.$"):
        write_atomically(tmp_path / "out", chunks())
    monkeypatch.undo()
    assert (tmp_path / "out").read_bytes() == b"old"
    assert names(tmp_path) == ["out"]


def test_an_interrupt_keeps_the_old_file(tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"new"
        raise KeyboardInterrupt

    (tmp_path / "out").write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "out", chunks())
    assert (tmp_path / "out").read_bytes() == b"old"
    assert names(tmp_path) == ["out"]


def test_a_process_that_is_killed_while_it_writes_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"old")
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from hexviz.model.files import write_atomically\n"
        "def chunks():\n"
        "    for _ in range(10**9):\n"
        "        yield bytes(100_000)\n"
        "        print('wrote', flush=True)\n"
        "write_atomically(Path(sys.argv[1]), chunks())\n"
    )
    writing = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "out")], stdout=subprocess.PIPE
    )
    assert writing.stdout is not None
    assert writing.stdout.readline() == b"wrote\n"
    writing.send_signal(signal.SIGKILL)
    writing.wait()
    writing.stdout.close()
    assert (tmp_path / "out").read_bytes() == b"old"
    (left,) = [name for name in names(tmp_path) if name != "out"]
    remove_leftovers(tmp_path)
    assert left in names(tmp_path)  # another process may be at it
    os.utime(tmp_path / left, (time.time() - 4000,) * 2)
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ["out"]


def test_only_what_hexviz_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"")
    for name in (".hexviz-folder", "notes", ".other"):
        (tmp_path / name).mkdir() if name.endswith("folder") else (tmp_path / name).touch()
    (tmp_path / ".hexviz-link").symlink_to(tmp_path / "victim")
    for path in tmp_path.iterdir():
        os.utime(path, (1, 1), follow_symlinks=False)
    before = names(tmp_path)
    remove_leftovers(tmp_path)
    assert names(tmp_path) == before


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out", ""])
def test_a_name_cannot_lead_out_of_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(WriteError, match="outside of"):
        inside(tmp_path, name)


def test_nothing_is_written_through_a_linked_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "sub").symlink_to(tmp_path)
    with pytest.raises(WriteError, match="sub is a link: nothing is written through it"):
        inside(tmp_path / "folder", "sub/weights.bin")


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    assert inside(tmp_path, "a/b/weights.bin") == tmp_path / "a" / "b" / "weights.bin"
    assert (tmp_path / "a" / "b").is_dir()
