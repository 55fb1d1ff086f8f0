import hashlib
import threading
from pathlib import Path
from typing import Any

import pytest

from hexviz.app.store import ModelStore, OpenModel
from hexviz.errors import ReadError, SourceError
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.tag import tag


def test_an_upload_is_kept_by_its_digest_and_read_again_after_a_restart(
    store: ModelStore, net: bytes, tmp_path: Path
) -> None:
    key = store.add_upload(net, "net.onnx")
    assert key == hashlib.sha256(net).hexdigest()
    again = ModelStore(tmp_path / "uploads")
    assert again.get(key).graph.name == "net.onnx"
    assert again.get(key) is again.get(key)


def test_what_is_evicted_is_read_again(store: ModelStore, net: bytes, tmp_path: Path) -> None:
    files = []
    for at in range(3):
        path = tmp_path / f"{at}.onnx"
        path.write_bytes(net + b"\x1a\x01" + bytes([65 + at]))
        files.append(store.add_file(path))
    assert len(set(files)) == 3
    assert len(store._open) == 2
    assert store.get(files[0]).graph.name == "0.onnx"


def test_who_asks_for_a_model_that_is_being_opened_waits_for_it(
    net: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(net)
    store = ModelStore(tmp_path)
    tagging, go_on = threading.Event(), threading.Event()
    calls = []

    def slow(*given: Any, **more: Any) -> TaggedGraph:
        calls.append(given)
        tagging.set()
        assert go_on.wait(10)
        return tag(*given, **more)

    monkeypatch.setattr("hexviz.tagging.opened.tag", slow)
    key = store.read_ahead(path)
    assert calls == []
    found: list[OpenModel] = []
    threads = [threading.Thread(target=lambda: found.append(store.get(key))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert tagging.wait(10)
    assert found == []
    go_on.set()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert len(found) == 3
    assert len({id(model) for model in found}) == 1


def test_the_same_bytes_from_another_folder_are_opened_anew(
    store: ModelStore, net: bytes, tmp_path: Path
) -> None:
    for name in ("a.onnx", "b.onnx"):
        (tmp_path / name).write_bytes(net)
        key = store.add_file(tmp_path / name)
    assert store.get(key).graph.name == "b.onnx"


def test_a_broken_upload_leaves_nothing_behind(store: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(ReadError):
        store.add_upload(b"not a model", "x.onnx")
    assert list((tmp_path / "uploads").iterdir()) == []


def test_the_name_of_an_upload_cannot_leave_its_folder(store: ModelStore, net: bytes) -> None:
    key = store.add_upload(net, "../../<b>etc</b>/pass\x00wd")
    assert store.get(key).graph.name == "pass_wd"


def test_an_unknown_model_is_a_clear_line(store: ModelStore) -> None:
    with pytest.raises(SourceError, match="not open on the server any more: open it again"):
        store.get("0" * 64)


@pytest.mark.parametrize("key", ["", "../secret", "a" * 63 + "/", 7, None, ["a"]])
def test_what_is_no_digest_opens_nothing(
    store: ModelStore, net: bytes, tmp_path: Path, key: object
) -> None:
    (tmp_path / "secret.onnx").write_bytes(net)
    (tmp_path / "secret.name").write_text("secret")
    with pytest.raises(SourceError, match="no link to a model"):
        store.get(key)


def test_a_file_that_has_changed_is_not_shown_under_its_old_link(
    net: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(net)
    store = ModelStore(tmp_path, capacity=1)
    key = store.add_file(path)
    store.add_upload(net + b"\x1a\x01u", "other.onnx")
    path.write_bytes(net + b"\x1a\x01c")
    with pytest.raises(SourceError, match=r"m\.onnx has changed since it was opened"):
        store.get(key)
