"""Styles and scripts as a browser loads them: addresses, encodings, what is kept."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from dash import Dash
from flask.testing import FlaskClient

from hexviz.app import compression
from hexviz.app.compression import accepts_gzip, packed, packed_once
from hexviz.app.models.store import ModelStore
from hexviz.app.server import START, create_app
from hexviz.app.static_files import Static, StaticFiles

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "canvas").mkdir()
    (tmp_path / "main.js").write_text('import "./canvas/draw.js";\n' * 99)
    (tmp_path / "canvas" / "draw.js").write_text("export {};\n")
    (tmp_path / "page.css").write_text("p { margin: 0 }\n")
    (tmp_path / "protocol.d.ts").write_text("export {};\n")
    return tmp_path


def answered(files: StaticFiles, path: str, **headers: str) -> tuple[Static, dict[str, str]]:
    found = files.answer(path, {name.replace("_", "-"): told for name, told in headers.items()})
    assert found is not None
    return found, dict(found.headers)


def test_an_address_changes_with_any_file(folder: Path) -> None:
    before = StaticFiles(folder).url("main.js")
    assert StaticFiles(folder).url("main.js") == before
    (folder / "canvas" / "draw.js").write_text("export { a };\n")
    after = StaticFiles(folder).url("main.js")
    assert after != before
    assert all(re.fullmatch(r"/assets/[0-9a-f]{16}/main\.js", one) for one in (before, after))


def test_a_module_finds_another_beside_it(folder: Path) -> None:
    files = StaticFiles(folder)
    here = files.url("main.js").rpartition("/")[0]
    assert f"{here}/canvas/draw.js" == files.url("canvas/draw.js")


def test_what_an_address_with_a_digest_gives_is_kept_for_good(folder: Path) -> None:
    files = StaticFiles(folder)
    _, told = answered(files, files.url("main.js"))
    assert told["Cache-Control"] == "public, max-age=31536000, immutable"
    assert told["Content-Type"] == "text/javascript; charset=utf-8"
    _, told = answered(files, "/assets/main.js")
    assert told["Cache-Control"] == "no-cache"


def test_an_address_from_before_an_upgrade_leads_nowhere(folder: Path) -> None:
    old = StaticFiles(folder).url("main.js")
    (folder / "main.js").write_text("")
    assert StaticFiles(folder).answer(old, {}) is None


def test_a_file_is_packed_once_and_for_who_takes_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = StaticFiles(folder)
    whole = (folder / "main.js").read_bytes()
    for _ in range(2):
        found, told = answered(files, files.url("main.js"), Accept_Encoding="gzip")
        assert told["Content-Encoding"] == "gzip"
        assert told["Content-Length"] == str(len(found.body))
        assert len(found.body) < len(whole) / 4
        assert gzip.decompress(found.body) == whole
        monkeypatch.setattr("hexviz.app.static_files.packed", None)  # the second time is kept
    found, told = answered(files, files.url("main.js"))
    assert found.body == whole
    assert "Content-Encoding" not in told
    assert told["Vary"] == "Accept-Encoding"


def test_what_a_browser_has_is_not_sent_again(folder: Path) -> None:
    files = StaticFiles(folder)
    _, told = answered(files, "/assets/main.js")
    for header in (told["ETag"], told["ETag"].removeprefix("W/"), f'"x", {told["ETag"]}', "*"):
        found, again = answered(files, "/assets/main.js", If_None_Match=header)
        assert (found.status, found.body) == (304, b"")
        assert again["ETag"] == told["ETag"]
    assert answered(files, "/assets/main.js", If_None_Match='W/"0"')[0].status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/assets/none.js",
        "/assets/",
        "/assets",
        "/other/main.js",
        "/assets/../assets/main.js",
        "/assets/protocol.d.ts",
        "/assets/canvas",
        "/assets//main.js",
        "/assets/\0",
    ],
)
def test_nothing_else_is_given(folder: Path, path: str) -> None:
    assert StaticFiles(folder).answer(path, {}) is None


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("gzip", True),
        ("GZIP;Q=0.5", True),
        ("br;q=1, gzip;q=0.2, *;q=0", True),
        ("*", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("gzip;q=nan", False),
        ("gzip;q=1e9", False),
        ("gzip;q=", False),
        ("gzip;level=9", False),
        ("gzipped", False),
        (",;,q=1;;" * 4000, False),
        ("\xff\0 gzip", False),
    ],
)
def test_who_takes_gzip(header: str, takes: bool) -> None:
    assert accepts_gzip(header) is takes


def test_packed_bytes_are_the_same_each_time() -> None:
    kept: dict[bytes, bytes] = {}
    assert packed_once(b"a" * 999, kept) == packed(b"a" * 999) == packed_once(b"a" * 999, kept)
    assert len(kept) == 1


# The page's own


@pytest.fixture
def app(store: ModelStore) -> Dash:
    return create_app(store)


@pytest.fixture
def asking(app: Dash) -> FlaskClient:
    return app.server.test_client()


def addresses(asking: FlaskClient) -> list[str]:
    """What the page loads, and then Dash."""
    shown = asking.get("/").text + asking.get(START).text
    return re.findall(r'(?:src|href)="([^"]+)"', shown)


def test_all_that_the_page_loads_at_the_start_is_kept_and_packed(asking: FlaskClient) -> None:
    files = [one for one in addresses(asking) if one.startswith("/")]
    assert len(files) > 60
    for address in files:
        answer = asking.get(address, headers=GZIP)
        assert answer.status_code == 200, address
        assert "max-age=31536000" in answer.headers["Cache-Control"], address
        if len(gzip.decompress(answer.data)) >= 1024:
            assert answer.headers["Content-Encoding"] == "gzip", address
        assert answer.headers["Vary"] == "Accept-Encoding", address
        assert "default-src" in answer.headers["Content-Security-Policy"], address


def test_what_only_a_tab_or_a_dialog_needs_is_not_loaded_at_the_start(asking: FlaskClient) -> None:
    loaded = " ".join(addresses(asking))
    for later in ("ag_grid", "plotly", "dash_table", "polyfill"):
        assert later not in loaded
    assert "prefetch" not in asking.get("/").text


def test_head_tells_what_get_sends(app: Dash, asking: FlaskClient) -> None:
    address = next(one for one in addresses(asking) if one.endswith("/main.js"))
    got, told = (asking.open(address, method=method, headers=GZIP) for method in ("GET", "HEAD"))
    assert told.data == b""
    assert told.headers["Content-Length"] == got.headers["Content-Length"] == str(len(got.data))
    assert asking.post(address, json={}).status_code == 405


def test_a_part_of_a_file_is_answered_with_the_whole(asking: FlaskClient) -> None:
    answer = asking.get("/assets/main.js", headers={"Range": "bytes=0-10"})
    assert answer.status_code == 200
    assert len(answer.data) > 1000


def test_answers_are_packed_where_they_are_long(app: Dash) -> None:
    app.server.add_url_rule("/long", "long", view_func=lambda: {"a": "b" * 2000})
    app.server.add_url_rule("/short", "short", view_func=lambda: {"a": "b"})
    asking = app.server.test_client()
    long = asking.get("/long", headers=GZIP)
    assert long.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(long.data).count(b"b") == 2000
    assert long.headers["Content-Length"] == str(len(long.data))
    assert "Content-Encoding" not in asking.get("/long").headers
    assert "Content-Encoding" not in asking.get("/short", headers=GZIP).headers
    refused = asking.get("/event", headers=GZIP)
    assert refused.status_code == 404
    assert "Content-Encoding" not in refused.headers


def test_models_are_not_packed(
    asking: FlaskClient, store: ModelStore, net: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights hardly get smaller, and there are gigabytes of them."""

    def never(*_: Any) -> bytes:
        raise AssertionError

    monkeypatch.setattr(compression, "packed", never)
    key = store.add_upload(net, "net.onnx")
    answer = asking.get(f"/model/{key}.onnx", headers=GZIP)
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers
