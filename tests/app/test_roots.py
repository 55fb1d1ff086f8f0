"""From the browser one can open what lies in the folders named at start, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hexviz.app.models.roots import Roots
from hexviz.app.models.store import ModelStore
from hexviz.app.server import create_app
from hexviz.errors import SourceError
from tests.app.steps import call


@pytest.fixture
def folder(tmp_path: Path, net: bytes) -> Path:
    root = tmp_path / "nets"
    (root / "deep" / "er").mkdir(parents=True)
    (root / ".hidden").mkdir()
    (root / "folder.onnx").mkdir()
    for name in ("a.onnx", "deep/er/b.onnx", ".c.onnx", ".hidden/d.onnx", "e.txt", "f.ONNX"):
        (root / name).write_bytes(net)
    (tmp_path / "outside.onnx").write_bytes(net)
    (root / "out.onnx").symlink_to(tmp_path / "outside.onnx")
    (root / "up").symlink_to(tmp_path)
    (root / "in.onnx").symlink_to("deep/er/b.onnx")
    (root / "text.onnx").symlink_to("e.txt")
    (root / "veiled.onnx").symlink_to(".hidden/d.onnx")
    (root / "round.onnx").symlink_to("round.onnx")
    os.mkfifo(root / "pipe.onnx")
    return root


def test_models_are_listed_and_nothing_else(folder: Path) -> None:
    listed = Roots((folder,)).files()
    assert [one.reference for one in listed] == ["0/a.onnx", "0/deep/er/b.onnx", "0/in.onnx"]
    assert [one.label for one in listed] == [
        "nets/a.onnx", "nets/deep/er/b.onnx", "nets/in.onnx",
    ]  # fmt: skip


def test_what_is_listed_is_found_by_where_it_really_is(folder: Path) -> None:
    roots = Roots((folder,))
    for one in roots.files():
        assert roots.holds(roots.find(one.reference))
    assert roots.find("0/in.onnx") == (folder / "deep/er/b.onnx").resolve()


@pytest.mark.parametrize(
    "told",
    [
        "0/../outside.onnx", "0/deep/../../outside.onnx", "0//etc/passwd", "0//etc/x.onnx",
        "/etc/passwd", "0/out.onnx", "0/up/outside.onnx", "0/up/nets/.c.onnx", "0/.c.onnx",
        "0/.hidden/d.onnx", "0/veiled.onnx", "0/e.txt", "0/text.onnx", "0/f.ONNX", "0/folder.onnx",
        "0/pipe.onnx", "0/round.onnx", "0/missing.onnx", "0/", "0", "", "1/a.onnx", "-1/a.onnx",
        "x/a.onnx", "²/a.onnx", "0/a.onnx\0", "0/a\0.onnx", "0/" + "a/" * 5000 + "a.onnx",
        "0/..\\outside.onnx", "os:system", "hf:gpt2", "~/a.onnx", "9999/a.onnx",
    ],
)  # fmt: skip
def test_no_other_path_opens_anything(folder: Path, told: str) -> None:
    with pytest.raises(SourceError, match="No such model in the folders given by --root") as error:
        Roots((folder,)).find(told)
    assert str(folder) not in str(error.value)


def test_a_file_exchanged_for_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    """What was listed is checked again when it is opened."""
    roots = Roots((folder,))
    assert roots.find("0/a.onnx")
    (folder / "a.onnx").unlink()
    (folder / "a.onnx").symlink_to(tmp_path / "outside.onnx")
    with pytest.raises(SourceError):
        roots.find("0/a.onnx")
    assert not roots.holds(folder / "a.onnx")


def test_a_root_may_be_a_link_and_there_may_be_several(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    roots = Roots((tmp_path / "link", folder / "deep"))
    assert roots.find("0/a.onnx") == folder.resolve() / "a.onnx"
    assert roots.find("1/er/b.onnx").name == "b.onnx"
    assert roots.holds(folder / "a.onnx")
    assert not Roots().holds(folder / "a.onnx")
    assert Roots().files() == []


def test_a_root_that_is_no_folder_is_a_clear_line(folder: Path) -> None:
    for path in (folder / "missing", folder / "a.onnx", folder / "round.onnx"):
        with pytest.raises(SourceError, match=r"is no folder: --root takes one"):
            Roots((path,))


def test_a_listing_ends(folder: Path) -> None:
    more, *listed = Roots((folder,), most_files=2).files()
    assert len(listed) == 2
    assert more.label.startswith("The first 2 of ")
    with pytest.raises(SourceError, match="choose one of the list"):
        Roots((folder,)).find(more.reference)
    assert "0/deep/er/b.onnx" not in [one.reference for one in Roots((folder,), depth=1).files()]
    (more,) = Roots((folder,), most_entries=1).files()
    assert more.label.startswith("The first 0 of what was looked at: ")


def test_roots_of_one_name_are_told_apart(tmp_path: Path, net: bytes) -> None:
    """Also where a path below the one would read like a path below the other."""
    folders = [tmp_path / one for one in ("q/a", "z/a/b", "y/c/b", "y/c/d")]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "m.onnx").write_bytes(net)
    (tmp_path / "q/a/b").mkdir()
    (tmp_path / "q/a/b/m.onnx").write_bytes(net)
    listed = Roots((*folders, folders[0])).files()  # the same folder twice is one
    assert [one.label for one in listed] == [
        "c/b/m.onnx", "d/m.onnx", "q/a/b/m.onnx", "q/a/m.onnx", "z/a/b/m.onnx",
    ]  # fmt: skip


def test_a_full_root_leaves_room_for_the_others(tmp_path: Path, net: bytes) -> None:
    for name, many in (("full", 9), ("also", 8), ("few", 1)):
        (tmp_path / name).mkdir()
        for n in range(many):
            (tmp_path / name / f"{n}.onnx").write_bytes(net)
    folders = tuple(tmp_path / one for one in ("full", "also", "few"))
    more, *listed = Roots(folders, most_files=6).files()
    assert more.label.startswith("The first 6 of 18: ")
    assert sorted(one.reference[0] for one in listed) == ["0", "0", "0", "1", "1", "2"]
    assert len(Roots(folders, most_files=18).files()) == 18


# From the browser


def test_the_page_lists_the_folders_and_opens_from_them(store: ModelStore, folder: Path) -> None:
    client = create_app(store, roots=Roots((folder,))).server.test_client()
    listed = call(client, "files.data", opener__opened=True).get_json()["response"]
    assert listed["files-box"] == {"hidden": False}
    assert {"value": "0/a.onnx", "label": "nets/a.onnx"} in listed["files"]["data"]
    opened = call(client, "uploaded.data", files__value="0/a.onnx").get_json()["response"]
    assert store.get(opened["uploaded"]["data"]).graph.ops


@pytest.mark.parametrize("told", ["0/up/outside.onnx", "/etc/passwd", "os:system", "../a.onnx"])
def test_the_page_opens_nothing_else(store: ModelStore, folder: Path, told: str) -> None:
    client = create_app(store, roots=Roots((folder,))).server.test_client()
    answer = call(client, "uploaded.data", files__value=told).get_json()["response"]
    assert "uploaded" not in answer
    (notice,) = answer["notices"].popitem()[1]
    assert "No such model" in notice["message"]


def test_without_folders_the_page_opens_none(store: ModelStore, folder: Path) -> None:
    client = create_app(store).server.test_client()
    shown = call(client, "files.data", opener__opened=True).get_json()
    assert "files" not in shown.get("response", {})
    answer = call(client, "uploaded.data", files__value=str(folder / "a.onnx"))
    assert "uploaded" not in answer.get_json()["response"]
