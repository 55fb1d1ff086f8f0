"""What a model shows first is kept, and shown the next time before the model has opened."""

from pathlib import Path
from typing import Any

import pytest

from hexviz.app.models import first_picture
from hexviz.app.models.first_picture import FirstPictures
from hexviz.app.models.store import ModelStore
from hexviz.app.server import create_app
from hexviz.cache import Cache
from tests.app.steps import send


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def server(folder: Path, path: Path, worth: float = 0) -> tuple[ModelStore, str, Any]:
    """A fresh server that was told to open a file: its store, the model's key, a client."""
    store = ModelStore(Cache(folder))
    key = store.read_ahead(path)
    app = create_app(store, FirstPictures(store, Cache(folder), worth=worth))
    return store, key, app.server.test_client()


def visit(client: Any, query: str, theme: str = "light", n: int = 1) -> dict[str, Any]:
    return send(client, "visit", query, n=n, theme=theme)


@pytest.fixture
def path(net: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "m.onnx"
    path.write_bytes(net)
    return path


def test_the_kept_picture_is_the_one_that_was_drawn_and_nothing_is_opened_for_it(
    path: Path, tmp_path: Path
) -> None:
    _, key, client = server(tmp_path, path)
    drawn = visit(client, f"?model={key}")
    assert drawn["graph"]
    store, _, client = server(tmp_path, path)
    assert visit(client, f"?model={key}", n=7) == drawn | {"n": 7}
    assert store.opened(key) is None


def test_what_is_done_next_opens_the_model(path: Path, tmp_path: Path) -> None:
    _, key, client = server(tmp_path, path)
    visit(client, f"?model={key}")
    store, _, client = server(tmp_path, path)
    first = visit(client, f"?model={key}")
    assert send(client, "close-all", None, first["at"])["graph"]
    assert store.opened(key) is not None


@pytest.mark.parametrize("more", ["&tab=ops", "&colour=origin"])
def test_a_visit_that_asks_for_more_is_drawn(path: Path, tmp_path: Path, more: str) -> None:
    _, key, client = server(tmp_path, path)
    visit(client, f"?model={key}{more}")
    visit(client, f"?model={key}")
    store, _, client = server(tmp_path, path)
    visit(client, f"?model={key}{more}")
    assert store.opened(key) is not None


def test_each_theme_and_each_name_of_the_file_has_its_own(path: Path, tmp_path: Path) -> None:
    _, key, client = server(tmp_path, path)
    visit(client, f"?model={key}")
    store, _, client = server(tmp_path, path)
    visit(client, f"?model={key}", theme="dark")
    assert store.opened(key) is not None
    other = path.rename(tmp_path / "other.onnx")
    _, key, client = server(tmp_path, other)
    assert visit(client, f"?model={key}")["parts"]["model-title"] == "other.onnx"


def test_each_class_of_canvas_has_its_own(path: Path, tmp_path: Path) -> None:
    _, key, client = server(tmp_path, path)
    event = {"type": "visit", "value": f"?model={key}"}

    def visited(client: Any, canvas: list[int]) -> dict[str, Any]:
        request = {"n": 1, "event": event, "theme": "light", "canvas": canvas}
        return dict(client.post("/event", json=request).get_json())

    visited(client, [820, 630])
    store, _, client = server(tmp_path, path)
    assert visited(client, [830, 640])["graph"]  # of the same class: nothing is opened for it
    assert store.opened(key) is None
    visited(client, [1310, 939])
    assert store.opened(key) is not None


def test_a_model_that_is_not_here_is_not_shown(path: Path, tmp_path: Path) -> None:
    _, key, client = server(tmp_path, path)
    visit(client, f"?model={key}")
    store = ModelStore(Cache(tmp_path))
    client = create_app(store, FirstPictures(store, Cache(tmp_path), worth=0)).server.test_client()
    answer = visit(client, f"?model={key}")
    assert "graph" not in answer
    assert "error" in answer


def test_pictures_of_other_code_are_not_shown(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, key, client = server(tmp_path, path)
    visit(client, f"?model={key}")
    monkeypatch.setattr(first_picture, "code_in", lambda *_: "of another day")
    store, _, client = server(tmp_path, path)
    visit(client, f"?model={key}")
    assert store.opened(key) is not None


def test_what_opens_at_once_is_not_kept(path: Path, tmp_path: Path) -> None:
    _, key, client = server(tmp_path, path, worth=1e9)
    visit(client, f"?model={key}")
    assert not list(Cache(tmp_path).folder("results").iterdir())
