from pathlib import Path

import pytest
from dash import html

from hexviz.app.guard import limits
from hexviz.app.models.store import ModelStore
from hexviz.app.serve import listen, serve
from hexviz.app.server import create_app
from hexviz.cache import Cache
from hexviz.errors import ReadError, ServeError
from hexviz.view.assets import assets_folder
from tests.app.steps import send


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_two_apps_live_in_one_process(store: ModelStore, tmp_path: Path) -> None:
    other = ModelStore(Cache(tmp_path / "other"))
    for app in (create_app(store), create_app(other)):
        client = app.server.test_client()
        assert client.get("/").status_code == 200
        outputs = [entry["output"] for entry in client.get("/_dash-dependencies").get_json()]
        assert "part-made.data" in outputs
        assert client.post("/event", json={}).status_code == 400


def test_the_page_asks_no_other_host_for_anything(store: ModelStore) -> None:
    shown = create_app(store).server.test_client().get("/").get_data(as_text=True)
    assert "https://" not in shown
    assert 'src="//' not in shown
    assert "main.js" in shown


def test_the_cache_folder_is_for_its_owner_alone(store: ModelStore, tmp_path: Path) -> None:
    create_app(store)
    assert (tmp_path / "cache" / "hexviz").stat().st_mode & 0o077 == 0


def test_a_request_larger_than_any_upload_is_refused(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits._LARGEST, limits.UPLOADING, 1 << 20)
    client = create_app(store).server.test_client()
    body = b'{"x": "' + b"a" * (1 << 21) + b'"}'
    answer = client.post("/_dash-update-component", data=body, content_type="application/json")
    assert answer.status_code == 413


def test_assets_are_found() -> None:
    assert (assets_folder() / "main.js").is_file()
    assert (assets_folder() / "hexviz.css").is_file()


def test_a_port_that_is_taken_is_a_clear_line() -> None:
    taken = listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    with taken, pytest.raises(ServeError, match=rf"Cannot serve on 127\.0\.0\.1:{port} .* --port"):
        listen("127.0.0.1", port)


def test_a_file_that_is_no_model_stops_before_anything_is_served(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(b"nonsense")
    with pytest.raises(ReadError, match="is not an ONNX model"):
        serve(path, host="127.0.0.1", port=0, open_browser=False)


def test_an_address_without_a_model_means_the_one_named_at_the_start(
    store: ModelStore, net: bytes
) -> None:
    key = store.add_upload(net, "a.onnx")
    client = create_app(store, first=key).server.test_client()
    assert '<html lang="en" data-first' in client.get("/").text
    assert send(client, "visit", "?model=")["at"]["model"] == key
    assert send(client, "visit", "?model=&tab=ops") == send(
        client, "visit", f"?model={key}&tab=ops"
    )
    client = create_app(store).server.test_client()
    assert '<html lang="en">' in client.get("/").text
    assert "error" in send(client, "visit", "?model=")


def test_dash_counts_clicks_on_buttons_alone(store: ModelStore) -> None:
    """It would put each click on the graph into its store, once for every box around it."""
    boxes = [
        part
        for part in create_app(store).layout._traverse()
        if getattr(part, "_namespace", "") == html.Div._namespace and hasattr(part, "id")
    ]
    counted = [part for part in boxes if not getattr(part, "disable_n_clicks", False)]
    assert len(boxes) > 100
    assert counted
    assert all(isinstance(part, html.Button) for part in counted)
