"""What a server does before Dash is there: it answers, refuses, and shows a first picture."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import onnx
import pytest
from werkzeug.test import Client

from hexviz.app.front import Front
from hexviz.app.guard import Access, Gate, Guard, Token
from hexviz.app.index_html import FirstPicture
from hexviz.app.models.first_model import FirstModel
from hexviz.app.models.first_picture import FirstPictures
from hexviz.app.models.kept_pictures import FileState, KeptPictures
from hexviz.app.models.roots import Roots
from hexviz.app.models.store import ModelStore
from hexviz.app.routes import own_server
from hexviz.app.server import create_app
from hexviz.bench.synthetic import synthetic
from hexviz.cache import Cache
from hexviz.errors import ReadError
from hexviz.view.assets import assets_folder
from tests.app.steps import send
from tests.build import parse
from tests.serving import Server
from tests.waiting import CEILING, finished

TOKEN = "a-token-for-the-tests"  # noqa: S105
SIZE = (820, 630)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "m.onnx"
    path.write_bytes(synthetic(200, "metadata"))
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def watched(model: FirstModel, size: tuple[int, int] | None = SIZE) -> list[str | FirstPicture]:
    """All that a page is told that asks while the model is on its way."""
    found: list[str | FirstPicture] = []
    page = threading.Thread(target=lambda: found.extend(model.watch(size)))
    page.start()
    model.draw()
    page.join(CEILING)
    assert not page.is_alive()
    return found


def delivered(model: FirstModel, cache: Cache) -> tuple[str, ModelStore]:
    """The key of a model that a store has taken over, and the store."""
    stored: Future[ModelStore] = Future()
    stored.set_result(ModelStore(cache))
    model.deliver(stored)
    return model.key(), stored.result()


# Stages and pictures


def test_a_page_is_told_each_stage_and_then_the_picture(path: Path, cache: Cache) -> None:
    *stages, picture = watched(FirstModel(path, KeptPictures(cache)))
    assert stages == ["Reading m.onnx…", "Tagging 243 ops…", "Laying out…"]
    assert isinstance(picture, FirstPicture)
    assert 'id="first-picture"' in picture.svg


def test_who_comes_later_is_told_the_same_and_each_size_has_its_own(
    path: Path, cache: Cache
) -> None:
    model = FirstModel(path, KeptPictures(cache))
    first = watched(model)
    assert list(model.watch((825, 635))) == first  # of one class
    assert list(model.watch((2000, 1400)))[-1] != first[-1]


def test_a_file_opened_before_is_shown_before_it_is_read(path: Path, cache: Cache) -> None:
    model = FirstModel(path, KeptPictures(cache))
    picture = watched(model)[-1]
    key, _ = delivered(model, cache)
    again = FirstModel(path, KeptPictures(cache))
    assert watched(again) == [picture]
    assert again._beginning is None
    assert delivered(again, cache)[0] == key


def test_another_size_than_the_kept_one_is_drawn(path: Path, cache: Cache) -> None:
    model = FirstModel(path, KeptPictures(cache))
    watched(model)
    delivered(model, cache)
    *stages, picture = watched(FirstModel(path, KeptPictures(cache)), (2000, 1400))
    assert stages
    assert isinstance(picture, FirstPicture)


def test_a_file_that_was_written_to_is_read_again(path: Path, cache: Cache) -> None:
    model = FirstModel(path, KeptPictures(cache))
    watched(model)
    before, _ = delivered(model, cache)
    status = path.stat()
    other = path.read_bytes().replace(b"MatMul", b"MatMuk")
    path.write_bytes(other)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # as some tools copy files
    assert path.stat().st_size == status.st_size
    again = FirstModel(path, KeptPictures(cache))
    assert len(watched(again)) > 1
    assert delivered(again, cache)[0] != before


def test_a_kept_picture_of_another_content_is_no_more_than_a_picture(
    path: Path, cache: Cache
) -> None:
    """What a click finds is of the file as it is, whatever was believed of it."""
    kept = KeptPictures(cache)
    model = FirstModel(path, kept)
    (*_, picture) = watched(model)
    before, _ = delivered(model, cache)
    path.write_bytes(synthetic(300, "names"))
    kept.saw(FileState.of(path), before[:64])
    again = FirstModel(path, kept)
    assert watched(again) == [picture]
    key, store = delivered(again, cache)
    assert key != before
    assert len(store.get(key).graph.ops) > 243
    assert kept.digest_of(FileState.of(path)) == key[:64]


def test_a_file_that_changes_between_picture_and_digest_is_opened_as_it_is(
    path: Path, cache: Cache
) -> None:
    model = FirstModel(path, KeptPictures(cache))
    watched(model)
    path.write_bytes(synthetic(300, "names"))
    key, store = delivered(model, cache)
    assert len(store.get(key).graph.ops) > 243


# What it becomes


def test_what_was_begun_is_the_model_that_a_store_opens(path: Path, cache: Cache) -> None:
    model = FirstModel(path, KeptPictures(cache))
    watched(model)
    key, store = delivered(model, cache)
    usual = ModelStore(cache)
    assert usual.add_file(path) == key
    answers = []
    for one in (store, usual):
        client = create_app(one).server.test_client()
        visit = send(client, "visit", f"?model={key}")
        box = next(
            node["data"]["id"] for node in visit["graph"] if node["data"]["id"].startswith("m:")
        )
        answers.append((visit, send(client, "toggle", box, visit["at"])))
    assert answers[0] == answers[1]
    assert store.get(key).graph.to_bytes() == usual.get(key).graph.to_bytes()


def test_large_weights_are_in_memory_once_the_picture_is_out(tmp_path: Path, cache: Cache) -> None:
    proto = parse("g (float[2, 600000] x) => (float[2, 600000] y) { y = Mul (x, w) }")
    weight = np.arange(600_000, dtype=np.float32)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(weight, "w"))
    path = tmp_path / "large.onnx"
    path.write_bytes(proto.SerializeToString())
    model = FirstModel(path, KeptPictures(cache))
    watched(model)
    assert model._beginning is not None
    assert not model._beginning.graph.proto.graph.initializer[0].raw_data
    key, store = delivered(model, cache)
    path.write_bytes(b"")
    graph = store.get(key).graph
    assert onnx.numpy_helper.to_array(graph.proto.graph.initializer[0]).tolist() == weight.tolist()
    assert not graph.has_external_data


# What cannot be read


def test_a_link_to_the_first_model_waits_until_its_key_is_known(path: Path, cache: Cache) -> None:
    store, model = ModelStore(cache), FirstModel(path, KeptPictures(cache))
    model.draw()
    stored: Future[ModelStore] = Future()
    stored.set_result(store)

    def first() -> str:
        if not model.is_delivered:
            model.deliver(stored)
        return model.key()

    client = own_server(store, FirstPictures(store, cache), Roots(), first).test_client()
    key = f"{hashlib.sha256(path.read_bytes()).hexdigest()}-{path.name}"
    assert send(client, "visit", f"?model={key}")["model"]["key"] == key
    assert "not open" in send(client, "visit", f"?model={'0' * 64}-other.onnx")["error"]


def test_what_only_reading_shows_is_an_error_for_all_who_ask(tmp_path: Path, cache: Cache) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(BROKEN)
    model = FirstModel(path, KeptPictures(cache))
    assert watched(model) == ["Reading broken.onnx…"]
    stored: Future[ModelStore] = Future()
    model.deliver(stored)
    with pytest.raises(ReadError, match=r"broken\.onnx is not an ONNX model"):
        model.key()
    store = ModelStore(cache)
    client = own_server(store, FirstPictures(store, cache), Roots(), model.key).test_client()
    assert "is not an ONNX model" in send(client, "visit", "?model=")["error"]


def _broken() -> bytes:
    """A model whose fields at the top are in order, and one further in is not."""
    whole = parse("g (float[2] x) => (float[2] y) { y = Neg (x) }")
    whole.graph.doc_string = "Z" * 50
    return whole.SerializeToString().replace(b"\x52\x32" + b"Z" * 50, b"\x52\x7f" + b"Z" * 50)


BROKEN = _broken()


def test_a_server_that_cannot_read_its_model_ends_with_a_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(BROKEN)
    server = Server(path, tmp_path / "cache")
    assert server.process.wait(30) == 2
    (line,) = finished(server.process)[1].splitlines()
    assert line.startswith("hexviz: broken.onnx is not an ONNX model")


def test_a_page_that_waits_for_a_model_is_told_instead(tmp_path: Path, cache: Cache) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(BROKEN)
    unseen, seen = (FirstModel(path, KeptPictures(cache)) for _ in range(2))
    assert unseen.failure is None  # it was not read yet
    unseen.draw()
    assert "is not an ONNX model" in str(unseen.failure)
    watched(seen)
    assert seen.failure is None


# Before Dash


def fronted(guard: Guard, first: FirstModel | None = None) -> Client:
    """A server of which nothing but the front is there yet."""
    return Client(Gate(guard, Front(assets_folder(), first)))


def test_the_guard_refuses_before_dash_is_there() -> None:
    locked = fronted(Guard(Access(token=Token(TOKEN, 80))))
    for path in ("/event", "/_dash-layout", "/assets/main.js", "/model/x.onnx"):
        assert locked.get(path).status_code == 401
        assert locked.get(path, headers={"Host": "evil.example"}).status_code == 403
        assert locked.get(path, headers={"Origin": "http://evil.example"}).status_code == 403
    assert locked.get("/").status_code == 401
    assert locked.get(f"/?token={TOKEN}").status_code == 303
    assert locked.get("/").status_code == 200  # by the cookie
    told = {"Authorization": f"Bearer {TOKEN}"}
    assert locked.post("/event", data=b"x=1", headers=told).status_code == 415


def test_a_page_that_is_streamed_has_the_headers_of_all_answers(path: Path, cache: Cache) -> None:
    model = FirstModel(path, KeptPictures(cache))
    threading.Thread(target=model.draw).start()
    answer = fronted(Guard(), model).get("/", buffered=True)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.text.index("Reading m.onnx…") < answer.text.index('id="first-picture"')
    assert answer.text.rstrip().endswith("</html>")


def test_scripts_are_given_out_at_once() -> None:
    answer = fronted(Guard()).get("/assets/main.js")
    assert answer.status_code == 200
    assert answer.mimetype == "text/javascript"


SCRIPT = """
import json, sys, threading
from pathlib import Path
import hexviz.cli.command
from hexviz.app.guard import Gate, Guard
from hexviz.app.serve import Front, assets_folder
from hexviz.app.models.first_model import FirstModel
from hexviz.app.models.kept_pictures import KeptPictures
from hexviz.cache import Cache

def page(model):
    threading.Thread(target=model.draw).start()
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": "localhost"}
    app = Gate(Guard(), Front(assets_folder(), model))
    return b"".join(app(environ, lambda *_: None)).decode()

cache = Cache(Path(sys.argv[2]))
kept = KeptPictures(cache)
model = FirstModel(Path(sys.argv[1]), kept)
shown = page(model)
print(json.dumps({"picture": 'id="first-picture"' in shown, "modules": sorted(sys.modules)}))
if sys.argv[3:]:
    from concurrent.futures import Future
    from hexviz.app.models.store import ModelStore
    stored = Future()
    stored.set_result(ModelStore(cache))
    model.deliver(stored)
"""

SLOW = frozenset({
    *("dash", "flask", "werkzeug", "onnx_ir", "sympy", "onnxruntime", "networkx", "pandas"),
    *("torch", "plotly", "diskcache", "celery", "psutil", "rich", "jinja2"),
})  # fmt: skip


def test_nothing_slow_is_imported_before_the_first_picture(path: Path, tmp_path: Path) -> None:
    def shown(*more: str) -> set[str]:
        command = [sys.executable, "-c", SCRIPT, str(path), str(tmp_path / "cache"), *more]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[0])
        assert found["picture"]
        return {name.partition(".")[0] for name in found["modules"]}

    first = shown("keep")
    assert {"numpy", "onnx"} <= first
    assert not first & SLOW
    assert not shown() & (SLOW | {"numpy", "onnx", "google"})  # a kept one takes no model


def test_requests_for_what_never_comes_are_told_so() -> None:
    front = Front(assets_folder(), None)
    front.give_up()
    client = Client(Gate(Guard(), front))
    for path in ("/event", "/_dash-layout"):
        answer = client.get(path)
        assert (answer.status_code, answer.text.count("\n")) == (500, 1)
    assert client.get("/?model=" + "0" * 64).status_code == 200  # without a picture
