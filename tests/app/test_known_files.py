"""Links outlive the server: where a model lay that was opened by path, and who may open it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hexviz.app.models.first_picture import FirstPictures
from hexviz.app.models.known_files import KnownFile, KnownFiles
from hexviz.app.models.model_key import ModelKey
from hexviz.app.models.roots import Roots
from hexviz.app.models.store import ModelStore
from hexviz.cache import Bound, Cache
from hexviz.errors import SourceError

A = "a" * 64


@pytest.fixture
def here(tmp_path: Path, net: bytes) -> Path:
    """A machine: a cache with a folder for exports, and a folder of models with one in it."""
    for name in ("exports", "models"):
        (tmp_path / name).mkdir()
    (tmp_path / "models" / "m.onnx").write_bytes(net)
    return tmp_path


def start(here: Path, *, trusted: bool = False, roots: tuple[Path, ...] = ()) -> ModelStore:
    """A server, or a process that works for it, that knows only what is on the disk."""
    return ModelStore(Cache(here), roots=Roots(roots), trusted=trusted)


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
    assert start(here).get(key).graph.name == "m.onnx"


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
        b'{"path": "L20=", "size": 1, "time": 1}',
        b'[{"path": 1, "size": 1, "time": 1}]',
        b'[{"path": "L20=", "size": 1, "time": "late"}]',
        b'[{"path": "bS5vbm54", "size": 1, "time": 1}]',  # m.onnx
        b'[{"path": "L2EAYg==", "size": 1, "time": 1}]',  # /a, a zero byte, b
    ],
)
def test_a_damaged_record_counts_as_none(here: Path, record: bytes) -> None:
    Cache(here).records("known").put("a" * 64, record)
    with pytest.raises(SourceError, match="not open on the server any more"):
        start(here, trusted=True).get("a" * 64)


def test_a_record_that_names_another_file_opens_nothing_else(here: Path, net: bytes) -> None:
    other = here / "models" / "other.onnx"
    other.write_bytes(net + b"\x1a\x01c")
    KnownFiles(Cache(here)).keep("a" * 64, KnownFile.of(other))
    with pytest.raises(SourceError, match="has changed"):
        start(here, trusted=True).get("a" * 64)


def test_so_many_files_are_remembered(here: Path) -> None:
    cache = Cache(here, {"known": Bound(1 << 20, files=3)})
    known, found = KnownFiles(cache), KnownFile.of(here)
    keys = [str(at) * 64 for at in range(5)]
    for at, key in enumerate(keys):
        known.keep(key, found)
        for path in (here / "known").iterdir():
            if path.stat().st_mtime > 1000:
                os.utime(path, (at + 1, at + 1))
    assert [bool(known.find(key)) for key in keys] == [False, False, True, True, True]


def test_a_server_without_room_for_known_files_still_opens_the_file(
    here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (here / "known").write_bytes(b"in the way")
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
    known, sent = ModelKey.of(by_path).digest, ModelKey.of(uploaded).digest
    expected = {
        by_path: (str(here / "models" / "m.onnx"), known, "m.onnx", {}, None, [], False),
        uploaded: (str(here / "uploads" / f"{sent}.onnx"), sent, "sent.onnx", {}, None, [], False),
        edited: (
            str(here / "models" / "m.onnx"),
            known,
            "m.onnx",
            {"q": "enc.att.k"},
            None,
            [],
            False,
        ),
        twice: (
            str(here / "uploads" / f"{sent}.onnx"),
            sent,
            "sent.onnx",
            {"q": "enc.att.k", "k": "head"},
            None,
            [],
            False,
        ),
    }
    script = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from hexviz.app.models.store import ModelStore\n"
        "from hexviz.cache import Cache\n"
        "store = ModelStore(Cache(Path(sys.argv[1])), trusted=True)\n"
        "found = {key: store.source(key) for key in sys.argv[2:]}\n"
        "assert not store._open\n"
        "print(json.dumps({key: [str(one.path), *one[1:]] for key, one in found.items()}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(here), *expected], capture_output=True, check=True
    )
    found = json.loads(done.stdout)
    assert {key: tuple(one) for key, one in found.items()} == expected


@pytest.mark.parametrize(
    "key",
    ["", "../m", None, 7, "A" * 64, "a" * 64 + "-../m", "a" * 64 + "-", "a" * 64 + "-" + "n" * 121],
)
def test_what_is_no_digest_has_no_source(here: Path, key: object) -> None:
    with pytest.raises(SourceError, match="no link to a model"):
        start(here).source(key)


def test_an_edit_of_a_file_that_is_gone_says_which_file(here: Path, net: bytes) -> None:
    web = start(here)
    key = web.add_upload(net, "sent.onnx")
    edited = web.edit(web.get(key), {"q": "enc.att.k"}).key
    (here / "uploads" / f"{ModelKey.of(key).digest}.onnx").unlink()
    again = start(here)
    for ask in (again.get, again.source):
        with pytest.raises(SourceError, match="The file that these tags were corrected in is not"):
            ask(edited)


def test_the_first_picture_is_shown_after_a_restart_too(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = start(here, roots=(here / "models",))
    key = web.add_file(here / "models" / "m.onnx")
    canvas = (800, 600)
    FirstPictures(web, Cache(here), worth=0).keep(f"?model={key}", "light", canvas, b'{"graph": 1}')
    again = start(here, roots=(here / "models",))
    pictures = FirstPictures(again, Cache(here), worth=0)
    assert pictures.recall(f"?model={key}", "light", canvas) == b'{"graph": 1}'
    assert again.opened(key) is None
    nowhere = FirstPictures(start(here), Cache(here), worth=0)
    assert nowhere.recall(f"?model={key}", "light", canvas) is None


def names(store: ModelStore) -> list[str]:
    return [file.name for file in store.recent()]


def test_recent_files_are_those_this_server_may_open_newest_first(here: Path, net: bytes) -> None:
    (here / "exports" / "e.onnx").write_bytes(net + b"\x1a\x01e")
    (here / "other.onnx").write_bytes(net + b"\x1a\x01o")
    store = start(here)
    for at, path in enumerate(("models/m.onnx", "exports/e.onnx", "other.onnx")):
        store.add_file(here / path)
        for record in (here / "known").glob("*.record"):  # a day before those that follow
            if record.stat().st_mtime > 1e9:
                os.utime(record, (at, at))
    assert names(store) == ["other.onnx", "e.onnx", "m.onnx"]
    assert names(store) == ["other.onnx", "e.onnx", "m.onnx"]  # looking is no use of them
    assert len(store.recent(most=2)) == 2
    assert names(start(here)) == ["e.onnx"]  # which named none of the others
    assert names(start(here, roots=(here / "models",))) == ["e.onnx", "m.onnx"]
    newest = store.recent()[0]
    assert (newest.size, newest.opened) == (len(net) + 3, 2)
    assert store.get(newest.key).graph.name == "other.onnx"


def test_a_file_that_changed_or_went_is_no_recent_one(here: Path, net: bytes) -> None:
    store = start(here)
    path = here / "models" / "m.onnx"
    store.add_file(path)
    path.write_bytes(net + b"\x1a\x01x")
    assert names(store) == []
    store.add_file(path)
    assert names(store) == ["m.onnx"]
    path.unlink()
    assert names(store) == []


def test_damaged_and_earlier_records_are_no_recent_files(here: Path) -> None:
    store = start(here)
    store.add_file(here / "models" / "m.onnx")
    folder = here / "known"
    (folder / f"{A}.record").write_bytes(b"x" * 50)
    earlier = [{"path": "L20=", "size": 1, "time": 1}]  # before they said of what they are
    Cache(here).records("known").put_json(A, earlier)
    assert names(store) == ["m.onnx"]
