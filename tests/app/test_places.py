"""Links outlive the server: where a model lay that was opened by path, and who may open it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hexviz.app.models.first_picture import FirstSight, pictures_in
from hexviz.app.models.known_files import Places, Remembered
from hexviz.app.models.roots import Roots
from hexviz.app.models.store import ModelStore
from hexviz.errors import SourceError


@pytest.fixture
def here(tmp_path: Path, net: bytes) -> Path:
    """A machine: folders for uploads, places, exports and models, with one model in it."""
    for name in ("uploads", "places", "exports", "models"):
        (tmp_path / name).mkdir()
    (tmp_path / "models" / "m.onnx").write_bytes(net)
    return tmp_path


def start(here: Path, *, trusted: bool = False, roots: tuple[Path, ...] = ()) -> ModelStore:
    """A server, or a process that works for it, that knows only what is on the disk."""
    places = Places(here / "places", here / "exports", trusted)
    return ModelStore(here / "uploads", places=places, roots=Roots(roots))


def test_a_file_in_a_root_is_opened_again_by_its_link(here: Path) -> None:
    key = start(here).add_file(here / "models" / "m.onnx")
    again = start(here, roots=(here / "models",))
    assert again.get(key).graph.name == "m.onnx"


def test_an_export_is_opened_again_by_its_link(here: Path, net: bytes) -> None:
    (here / "exports" / "e.onnx").write_bytes(net)
    key = start(here).add_file(here / "exports" / "e.onnx")
    assert start(here).get(key).graph.name == "e.onnx"


def test_a_file_that_nobody_names_this_time_is_not_opened(here: Path) -> None:
    key = start(here).add_file(here / "models" / "m.onnx")
    again = start(here)
    for ask in (again.get, again.source):
        with pytest.raises(SourceError, match=r"may not open m\.onnx again: .*--root"):
            ask(key)
    assert again.name(key) is None
    again.read_ahead(here / "models" / "m.onnx")
    assert again.get(key).graph.name == "m.onnx"


def test_an_upload_of_the_same_content_is_opened_where_the_file_may_not_be(
    here: Path, net: bytes
) -> None:
    first = start(here)
    key = first.add_file(here / "models" / "m.onnx")
    first.add_upload(net, "sent.onnx")
    assert start(here).get(key).graph.name == "sent.onnx"


def test_a_link_out_of_the_exports_is_not_taken_for_one(here: Path) -> None:
    (here / "exports" / "e.onnx").symlink_to(here / "models" / "m.onnx")
    key = start(here).add_file(here / "exports" / "e.onnx")
    with pytest.raises(SourceError, match="may not open"):
        start(here).get(key)


def test_a_changed_file_is_refused_after_a_restart_too(here: Path, net: bytes) -> None:
    path = here / "models" / "m.onnx"
    key = start(here).add_file(path)
    path.write_bytes(net + b"\x1a\x01c")
    again = start(here, roots=(here / "models",))
    with pytest.raises(SourceError, match=r"m\.onnx has changed since it was opened"):
        again.get(key)
    assert again.name(key) is None


def test_a_removed_file_is_a_clear_line(here: Path) -> None:
    path = here / "models" / "m.onnx"
    key = start(here).add_file(path)
    path.unlink()
    with pytest.raises(SourceError, match="not open on the server any more"):
        start(here, trusted=True).source(key)


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"[" * 30_000,
        b"\xff",
        b"7",
        b'{"path": 1, "size": 1, "time": 1}',
        b'{"path": "m.onnx", "size": 1, "time": 1}',
        b'{"path": "/a\\u0000b", "size": 1, "time": 1}',
    ],
)
def test_a_damaged_record_counts_as_none(here: Path, record: bytes) -> None:
    (here / "places" / f"{'a' * 64}.json").write_bytes(record)
    with pytest.raises(SourceError, match="not open on the server any more"):
        start(here, trusted=True).get("a" * 64)


def test_a_record_that_names_another_file_opens_nothing_else(here: Path, net: bytes) -> None:
    other = here / "models" / "other.onnx"
    other.write_bytes(net + b"\x1a\x01c")
    Places(here / "places", here / "exports").keep("a" * 64, Remembered.of(other))
    with pytest.raises(SourceError, match="has changed"):
        start(here, trusted=True).get("a" * 64)


def test_so_many_places_are_remembered(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hexviz.app.models.known_files._MOST", 3)
    places, found = Places(here / "places", here / "exports"), Remembered.of(here / "places")
    for at in range(5):
        path = here / "places" / f"{str(at) * 64}.json"
        places.keep(str(at) * 64, found)
        os.utime(path, (at + 1, at + 1))
    assert sorted(path.name[0] for path in (here / "places").iterdir()) == ["2", "3", "4"]


def test_a_server_without_room_for_places_still_opens_the_file(
    here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (here / "places").rmdir()
    store = start(here)
    key = store.add_file(here / "models" / "m.onnx")
    assert store.get(key).graph.name == "m.onnx"
    assert "Links to m.onnx end with this server" in caplog.text


def test_every_key_has_a_source_in_another_process(here: Path, net: bytes) -> None:
    web = start(here)
    by_path = web.add_file(here / "models" / "m.onnx")
    uploaded = web.add_upload(net + b"\x1a\x01u", "sent.onnx")
    edited = web.edit(web.get(by_path), {"q": "enc.att.k"}).key
    twice = web.edit(web.edit(web.get(uploaded), {"q": "enc.att.k"}), {"k": "head"}).key
    expected = {
        by_path: (str(here / "models" / "m.onnx"), by_path, "m.onnx", {}, None),
        uploaded: (str(here / "uploads" / f"{uploaded}.onnx"), uploaded, "sent.onnx", {}, None),
        edited: (str(here / "models" / "m.onnx"), by_path, "m.onnx", {"q": "enc.att.k"}, None),
        twice: (
            str(here / "uploads" / f"{uploaded}.onnx"),
            uploaded,
            "sent.onnx",
            {"q": "enc.att.k", "k": "head"},
            None,
        ),
    }
    script = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from hexviz.app.models.known_files import Places\n"
        "from hexviz.app.models.store import ModelStore\n"
        "here = Path(sys.argv[1])\n"
        "places = Places(here / 'places', here / 'exports', trusted=True)\n"
        "store = ModelStore(here / 'uploads', places=places)\n"
        "found = {key: store.source(key) for key in sys.argv[2:]}\n"
        "assert not store._open\n"
        "print(json.dumps({key: [str(one.path), *one[1:]] for key, one in found.items()}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(here), *expected], capture_output=True, check=True
    )
    found = json.loads(done.stdout)
    assert {key: tuple(one) for key, one in found.items()} == expected


@pytest.mark.parametrize("key", ["", "../m", None, 7, "A" * 64])
def test_what_is_no_digest_has_no_source(here: Path, key: object) -> None:
    with pytest.raises(SourceError, match="no link to a model"):
        start(here).source(key)


def test_an_edit_of_a_file_that_is_gone_says_which_file(here: Path, net: bytes) -> None:
    web = start(here)
    key = web.add_upload(net, "sent.onnx")
    edited = web.edit(web.get(key), {"q": "enc.att.k"}).key
    (here / "uploads" / f"{key}.onnx").unlink()
    again = start(here)
    for ask in (again.get, again.source):
        with pytest.raises(SourceError, match="The file that these tags were corrected in is not"):
            ask(edited)


def test_the_first_picture_is_shown_after_a_restart_too(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hexviz.app.models.first_picture._WORTH", 0.0)
    web = start(here, roots=(here / "models",))
    key = web.add_file(here / "models" / "m.onnx")
    FirstSight(web, pictures_in(here)).keep(f"?model={key}", "light", '{"graph": 1}')
    again = start(here, roots=(here / "models",))
    sight = FirstSight(again, pictures_in(here))
    assert sight.recall(f"?model={key}", "light") == {"graph": 1}
    assert again.opened(key) is None
    nowhere = FirstSight(start(here), pictures_in(here))
    assert nowhere.recall(f"?model={key}", "light") is None
