import hashlib
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from hexviz.app.models.model_key import ModelKey
from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.cache import BOUNDS, Bound, Cache
from hexviz.errors import ReadError, SourceError
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.tag import tag


def test_an_upload_is_kept_by_its_digest_and_read_again_after_a_restart(
    store: ModelStore, net: bytes, tmp_path: Path
) -> None:
    key = store.add_upload(net, "net.onnx")
    assert key == f"{hashlib.sha256(net).hexdigest()}-net.onnx"
    again = ModelStore(Cache(tmp_path))
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
    store = ModelStore(Cache(tmp_path))
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
    assert not (tmp_path / "uploads").exists()


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
    store = ModelStore(Cache(tmp_path), capacity=1)
    key = store.add_file(path)
    store.add_upload(net + b"\x1a\x01u", "other.onnx")
    path.write_bytes(net + b"\x1a\x01c")
    with pytest.raises(SourceError, match=r"m\.onnx has changed since it was opened"):
        store.get(key)


def variant(net: bytes, at: int) -> bytes:
    """The same graph as another content: with a producer's name in the file."""
    return net + b"\x12\x03" + f"{at:03d}".encode()


def test_models_give_way_by_their_bytes_as_well(net: bytes, tmp_path: Path) -> None:
    alone = ModelStore(Cache(tmp_path))
    alone.add_upload(variant(net, 9), "m.onnx")
    room = 3 * alone._taken()
    store = ModelStore(Cache(tmp_path), capacity=100, budget=room)
    keys = [store.add_upload(variant(net, at), "m.onnx") for at in range(5)]
    assert [key in store._open for key in keys] == [False, False, True, True, True]


def test_the_newest_model_stays_however_large_it_is(net: bytes, tmp_path: Path) -> None:
    store = ModelStore(Cache(tmp_path), budget=1)
    keys = [store.add_upload(variant(net, at), "m.onnx") for at in range(2)]
    assert list(store._open) == keys[1:]
    assert store.get(keys[1]) is store.get(keys[1])


def test_what_an_edit_shares_with_its_file_counts_once(net: bytes, tmp_path: Path) -> None:
    store = ModelStore(Cache(tmp_path))
    model = store.get(store.add_upload(net, "m.onnx"))
    alone = store._taken()
    edited = store.edit(model, {"q": "enc.att.k"})
    assert store._taken() == alone + edited.own_cost
    assert edited.own_cost < model.shared_cost


def test_a_model_costs_more_the_more_is_asked_of_it(model: OpenModel) -> None:
    before = model.own_cost
    model.index("module")
    assert model.own_cost > before


def test_what_is_read_ahead_and_never_asked_for_is_let_go(net: bytes, tmp_path: Path) -> None:
    store = ModelStore(Cache(tmp_path))
    keys = []
    for at in range(9):
        path = tmp_path / f"{at}.onnx"
        path.write_bytes(variant(net, at))
        keys.append(store.read_ahead(path))
    assert len(store._ahead) == 2
    assert store.get(keys[0]).graph.name == "0.onnx"


def test_one_model_that_is_slow_to_open_keeps_no_other_waiting(
    net: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ModelStore(Cache(tmp_path))
    slow, quick = (store.add_upload(variant(net, at), f"{at}.onnx") for at in range(2))
    store = ModelStore(Cache(tmp_path))
    tagging, go_on = threading.Event(), threading.Event()

    def hold(file: Any, **more: Any) -> TaggedGraph:
        if file.name == "0.onnx":
            tagging.set()
            assert go_on.wait(10)
        return tag(file, **more)

    monkeypatch.setattr("hexviz.tagging.opened.tag", hold)
    waiting = threading.Thread(target=store.get, args=[slow])
    waiting.start()
    assert tagging.wait(10)
    assert store.get(quick).graph.name == "1.onnx"
    go_on.set()
    waiting.join()
    assert store._opening == {}


def test_many_threads_on_many_models_with_room_for_one(net: bytes, tmp_path: Path) -> None:
    keys = [
        ModelStore(Cache(tmp_path)).add_upload(variant(net, at), f"{at}.onnx") for at in range(4)
    ]
    store = ModelStore(Cache(tmp_path), capacity=1)
    wrong: list[object] = []

    def work(number: int) -> None:
        for turn in range(25):
            at = (number * 7 + turn) % len(keys)
            model = store.get(keys[at])
            if turn % 5 == 0:
                edited = store.edit(model, {"q": f"enc.att.{'qk'[number % 2]}"})
                if edited.base != model.key:
                    wrong.append((number, turn, "base"))
                model = store.get(edited.key)
            drawn = model.render(model.first_view(), "light")
            if model.graph.name != f"{at}.onnx" or not drawn.shown or not model.searching:
                wrong.append((number, turn, at))

    threads = [threading.Thread(target=work, args=[at]) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(store._open) == 1
    assert store._opening == {}


def test_what_several_threads_ask_for_is_made_once(
    model: OpenModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []

    def slow(graph: TaggedGraph) -> str:
        made.append(graph)
        time.sleep(0.05)
        return "index"

    monkeypatch.setattr("hexviz.app.models.open_model.SearchIndex", slow)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(model.searching)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["index"] * 4
    assert len(made) == 1


def file_of(folder: Path, key: str) -> Path:
    return folder / "uploads" / f"{ModelKey.of(key).digest}.onnx"


def test_uploads_are_bounded_and_those_in_memory_stay(net: bytes, tmp_path: Path) -> None:
    bounds = {**BOUNDS, "uploads": Bound(2 * len(variant(net, 0)))}
    store = ModelStore(Cache(tmp_path, bounds), capacity=1)
    keys = []
    for at in range(3):
        keys.append(store.add_upload(variant(net, at), "m.onnx"))
        os.utime(file_of(tmp_path, keys[-1]), (at + 1, at + 1))
    assert [file_of(tmp_path, key).exists() for key in keys] == [False, True, True]
    store = ModelStore(Cache(tmp_path, bounds), capacity=1)
    store.get(keys[1])
    os.utime(file_of(tmp_path, keys[1]), (1, 1))  # the oldest, and open
    store.add_upload(variant(net, 3), "m.onnx")
    assert file_of(tmp_path, keys[1]).exists()
    assert not file_of(tmp_path, keys[2]).exists()


def test_steps_that_a_person_took_are_bounded(net: bytes, tmp_path: Path) -> None:
    store = ModelStore(Cache(tmp_path, {**BOUNDS, "edits": Bound(1 << 20, files=2)}))
    model = store.get(store.add_upload(net, "m.onnx"))
    for op in ("q", "k", "r"):
        model = store.edit(model, {op: "head"})
    assert len(list((tmp_path / "edits").iterdir())) == 2
    assert ModelStore(Cache(tmp_path)).get(model.key).edit == model.edit


def test_a_damaged_upload_is_not_shown(store: ModelStore, net: bytes, tmp_path: Path) -> None:
    key = store.add_upload(net, "m.onnx")
    file_of(tmp_path, key).write_bytes(variant(net, 1))
    with pytest.raises(SourceError, match="damaged on the server: upload it again"):
        ModelStore(Cache(tmp_path)).get(key)


def test_a_link_among_the_uploads_is_not_followed(net: bytes, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(net)
    key = hashlib.sha256(net).hexdigest()
    (tmp_path / "uploads").mkdir()
    (tmp_path / "uploads" / f"{key}.onnx").symlink_to(tmp_path / "secret")
    with pytest.raises(SourceError, match="not open on the server"):
        ModelStore(Cache(tmp_path)).get(key)
