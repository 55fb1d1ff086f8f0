"""A name belongs to a link and not to the content: nobody renames somebody else's model."""

import hashlib
import json
import os
import sys
from pathlib import Path

import pytest

from hexviz.app.models.edits import Edit, Edits
from hexviz.app.models.roots import Roots
from hexviz.app.models.store import ModelStore
from hexviz.app.server import create_app
from hexviz.cache import Cache
from hexviz.errors import SourceError
from tests.app.steps import send


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def restarted(tmp_path: Path) -> ModelStore:
    return ModelStore(Cache(tmp_path), roots=Roots((tmp_path,)))


def title(store: ModelStore, key: str) -> str:
    """What the page calls the model of a link."""
    answer = send(create_app(store).server.test_client(), "visit", f"?model={key}")
    return str(answer["parts"]["model-title"])


def test_two_people_send_the_same_bytes_and_both_keep_their_name(
    store: ModelStore, net: bytes, tmp_path: Path
) -> None:
    ann = store.add_upload(net, "ann.onnx")
    bob = store.add_upload(net, "bob.onnx")
    for server in (store, restarted(tmp_path)):
        assert (title(server, ann), title(server, bob)) == ("ann.onnx", "bob.onnx")
        assert (server.source(ann).name, server.source(bob).name) == ("ann.onnx", "bob.onnx")
    assert len(list((tmp_path / "uploads").iterdir())) == 1


def test_a_correction_keeps_the_name_of_the_model_that_was_corrected(
    store: ModelStore, net: bytes, tmp_path: Path
) -> None:
    ann = store.add_upload(net, "ann.onnx")
    edited = store.edit(store.get(ann), {"q": "enc.att.k"}).key
    store.add_upload(net, "bob.onnx")
    for server in (store, restarted(tmp_path)):
        assert server.get(edited).graph.name == "ann.onnx"
        assert server.source(edited).name == "ann.onnx"


def test_files_with_the_same_bytes_keep_their_names(
    store: ModelStore, net: bytes, tmp_path: Path
) -> None:
    keys = []
    for name in ("one (1).onnx", "two.onnx"):
        (tmp_path / name).write_bytes(net)
        keys.append(store.add_file(tmp_path / name))
    uploaded = store.add_upload(net, "three.onnx")
    for server in (store, restarted(tmp_path)):
        names = [server.get(key).graph.name for key in (*keys, uploaded)]
        assert names == ["one (1).onnx", "two.onnx", "three.onnx"]


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
def test_a_name_that_is_no_text_is_shown_as_far_as_it_is(
    store: ModelStore, net: bytes, tmp_path: Path
) -> None:
    path = tmp_path / os.fsdecode(b"n\xff.onnx")
    path.write_bytes(net)
    key = store.add_file(path)
    for server in (store, ModelStore(Cache(tmp_path), trusted=True)):
        assert title(server, key) == "n_.onnx"
        assert server.source(key).path == path


def test_a_file_that_goes_leaves_the_link_to_the_same_bytes_elsewhere(
    store: ModelStore, net: bytes, tmp_path: Path
) -> None:
    for name in ("one.onnx", "two.onnx"):
        (tmp_path / name).write_bytes(net)
    one, two = (store.add_file(tmp_path / name) for name in ("one.onnx", "two.onnx"))
    (tmp_path / "two.onnx").unlink()
    again = restarted(tmp_path)
    assert again.get(one).graph.name == "one.onnx"
    assert again.get(two).graph.name == "two.onnx"


def test_a_file_that_may_not_be_opened_hides_none_that_may(net: bytes, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    for path in (tmp_path / "root" / "m.onnx", tmp_path / "secret.onnx"):
        path.write_bytes(net)
    key = ModelStore(Cache(tmp_path)).add_file(tmp_path / "root" / "m.onnx")
    ModelStore(Cache(tmp_path)).add_file(tmp_path / "secret.onnx")
    again = ModelStore(Cache(tmp_path), roots=Roots((tmp_path / "root",)))
    assert again.source(key).path == tmp_path / "root" / "m.onnx"


def test_what_is_saved_is_called_as_the_link_says(store: ModelStore, net: bytes) -> None:
    client = create_app(store).server.test_client()
    for name in ("ann 1.onnx", "größe.onnx", ".."):
        key = store.add_upload(net, f"x/{name}" if name == ".." else name)
        answer = client.get(f"/model/{key}.onnx")
        assert answer.status_code == 200, name
    assert (
        'filename="gr-e-tagged.onnx"'
        in client.get(f"/model/{store.add_upload(net, 'größe.onnx')}.onnx").headers[
            "Content-Disposition"
        ]
    )


def test_links_of_the_earlier_form_still_open(
    store: ModelStore, net: bytes, tmp_path: Path
) -> None:
    """The digest alone: of an upload with its name beside it, of a file, and of corrections."""
    digest = hashlib.sha256(net).hexdigest()
    uploads = Cache(tmp_path).folder("uploads")
    (uploads / f"{digest}.onnx").write_bytes(net)
    (uploads / f"{digest}.name").write_text("sent.onnx")
    edit = Edit(digest, digest, {"q": "enc.att.k"})
    (uploads / f"{edit.key}.edit").write_bytes(edit.content)
    Cache(tmp_path).sweep()
    again = restarted(tmp_path)
    assert title(again, digest) == "sent.onnx"
    assert again.get(edit.key).graph.name == "sent.onnx"
    assert Edits(Cache(tmp_path)).find(edit.key) == edit

    other = net + b"\x1a\x01c"
    path = tmp_path / "file.onnx"
    path.write_bytes(other)
    digest = hashlib.sha256(other).hexdigest()
    status = path.stat()
    record = {"path": str(path), "size": status.st_size, "time": status.st_mtime_ns}
    (tmp_path / "places").mkdir()
    (tmp_path / "places" / f"{digest}.json").write_text(json.dumps(record))
    Cache(tmp_path).sweep()
    assert title(restarted(tmp_path), digest) == "file.onnx"
    (tmp_path / "places" / f"{digest}.json").write_bytes(b"[" * 10_000)
    with pytest.raises(SourceError, match="not open on the server any more"):
        restarted(tmp_path).get(digest)
    store.add_file(path)
    assert title(restarted(tmp_path), digest) == "file.onnx"


def test_a_link_names_whatever_it_likes_and_moves_nothing(store: ModelStore, net: bytes) -> None:
    ann = store.add_upload(net, "ann.onnx")
    assert store.get(f"{ann[:64]}-else.onnx").graph.name == "else.onnx"
    assert store.get(ann).graph.name == "ann.onnx"
