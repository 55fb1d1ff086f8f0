"""What a window is made of, without one: drops, what is remembered, browsers, obstacles."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hexviz.app.guard.access import Token
from hexviz.app.models.store import ModelStore
from hexviz.app.own_window import register
from hexviz.app.server import create_app
from hexviz.bench.synthetic import synthetic
from hexviz.cache import Cache
from hexviz.cli.plain_view import plain_view
from hexviz.desktop.app_window import BROWSERS, AppWindow, BrowserTab, app_browser
from hexviz.desktop.drops import Drops
from hexviz.desktop.instance import Instance
from hexviz.desktop.obstacles import qt_obstacle
from hexviz.desktop.remembered import Remembered, Screen, load, save
from hexviz.desktop.run import show
from hexviz.desktop.window import notice_script
from hexviz.errors import ReadError

SCREENS = [Screen(0, 0, 1366, 768), Screen(1366, 0, 1920, 1080)]


# Drops


def test_a_drop_is_given_out_once_and_not_for_long() -> None:
    drops = Drops()
    drops.put([Path("/data/a.onnx"), Path("/data/b.onnx")])
    assert drops.take("c.onnx") is None
    assert drops.take("/data/a.onnx") is None
    assert drops.take("a.onnx") == Path("/data/a.onnx")
    assert drops.take("a.onnx") is None
    drops.put([Path("/data/c.onnx")])
    assert drops.take("b.onnx") is None  # of the drop before
    short = Drops(lasts=0)
    short.put([Path("/data/a.onnx")])
    assert short.take("a.onnx") is None


class Dialogs:
    """A window's dialogs, in which a person has chosen, or dropped, a file."""

    def __init__(self, chosen: Path | None, *dropped: Path) -> None:
        self._chosen = chosen
        self._drops = Drops()
        self._drops.put(dropped)

    def choose(self) -> Path | None:
        return self._chosen

    def take_dropped(self, name: str) -> Path | None:
        return self._drops.take(name)

    def say(self, message: str) -> None:
        raise AssertionError(message)


def test_the_page_names_no_path(tmp_path: Path) -> None:
    file, bad = tmp_path / "a.onnx", tmp_path / "bad.onnx"
    file.write_bytes(synthetic(100, "names"))
    bad.write_bytes(b"no model")
    store = ModelStore(Cache(tmp_path / "cache"))
    server = create_app(store).server
    register(server, store, Dialogs(None, file, bad))
    client = server.test_client()
    assert client.post("/window/choose", json={"path": str(file), "name": str(file)}).json == {}
    for name in (str(file), "../a.onnx", f"{tmp_path.name}/a.onnx", ""):
        assert client.post("/window/dropped", json={"name": name}).json == {}
    for body in ({}, {"name": 3}, [], "a.onnx"):
        assert client.post("/window/dropped", json=body).status_code == 400
    key = client.post("/window/dropped", json={"name": "a.onnx"}).json["key"]
    assert key.endswith("-a.onnx")
    assert store.get(key).path == file
    assert "bad.onnx" in client.post("/window/dropped", json={"name": "bad.onnx"}).json["error"]
    refused = client.post(
        "/window/choose", json={}, headers={"Origin": "http://evil.example", "Host": "localhost"}
    )
    assert refused.status_code == 403


def test_without_a_window_there_are_no_such_routes(tmp_path: Path) -> None:
    client = create_app(ModelStore(Cache(tmp_path))).server.test_client()
    assert client.post("/window/choose", json={}).status_code in (404, 405)


def test_what_is_said_is_text_to_a_script() -> None:
    said = notice_script("a", "\"); evil(); //\u2028</script>'\n", "red")
    assert said.isascii()
    assert "\n" not in said
    assert said.count('\\"') == 1


# The token of a window


def test_a_token_for_one_use_opens_once() -> None:
    token = Token("x" * 20, 8050, once=True)
    assert token.fits("me", "y" * 20) == "shut"
    assert token.fits("me", "x" * 20) == "open"
    assert token.fits("me", "x" * 20) == "shut"
    assert token.fits_cookie("me", token.cookie) == "open"
    usual = Token("x" * 20, 8050)
    assert [usual.fits("me", "x" * 20) for _ in range(2)] == ["open", "open"]


# How the window was left


def test_how_it_was_left_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert load(cache) == Remembered()
    left = Remembered(900, 700, 5, 6, True, "/data", "theme=dark&canvas=816x627")
    save(cache, left)
    assert load(cache) == left
    assert stat.S_IMODE((tmp_path / "desktop" / "window.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"width": "wide"}', b"\xff", b'{"x": 1e400}']
)
def test_what_cannot_be_read_is_forgotten(tmp_path: Path, content: bytes) -> None:
    cache = Cache(tmp_path)
    (cache.folder("desktop") / "window.json").write_bytes(content)
    assert load(cache) == Remembered()


def test_a_look_that_is_no_cookie_is_forgotten(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    save(cache, Remembered(look="theme=dark; path=/\r\nSet-Cookie: a=b"))
    assert load(cache).look == ""


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.write_text("no folder")
    save(Cache(folder), Remembered())


@pytest.mark.parametrize(
    ("left", "found"),
    [
        (Remembered(800, 600, 100, 100), (800, 600, 100, 100)),
        (Remembered(800, 600, 2000, 300), (800, 600, 2000, 300)),  # on the second screen
        (Remembered(800, 600, 4000, 300), (800, 600, None, None)),  # on one that is gone
        (Remembered(800, 600, -750, 10), (800, 600, None, None)),  # too little of it to be moved
        (Remembered(800, 600, 100, -300), (800, 600, None, None)),
        (Remembered(5000, 5000, 0, 0), (1366, 768, 0, 0)),
        (Remembered(-3, 0), (480, 320, None, None)),
    ],
)
def test_a_window_comes_back_in_sight(
    left: Remembered, found: tuple[int, int, int | None, int | None]
) -> None:
    shown = left.on(SCREENS)
    assert (shown.width, shown.height, shown.x, shown.y) == found
    assert left.on([]) == left


# Which window there can be


@pytest.mark.parametrize(
    ("arguments", "source"),
    [
        (["--desktop"], None),
        (["--desktop", "a b.onnx"], Path("a b.onnx")),
        (["view", "a.onnx", "--desktop"], Path("a.onnx")),
    ],
)
def test_what_desktops_call_needs_no_typer(arguments: list[str], source: Path | None) -> None:
    plain = plain_view(arguments)
    assert plain is not None
    assert (plain.desktop, plain.source) == (True, source)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--desktop", "gpt2"],
        ["--desktop", "a.onnx", "b.onnx"],
        ["--desktop", "--desktop"],
        ["--desktop", "a.onnx", "--port", "1"],
        ["--desktop", "-a.onnx"],
        ["a.onnx"],
    ],
)
def test_all_else_is_left_to_typer(arguments: list[str]) -> None:
    plain = plain_view(arguments)
    assert plain is None or not plain.desktop


def test_a_later_start_loads_neither_typer_nor_dash_nor_qt(home: Path) -> None:
    script = (
        "import sys\n"
        "from hexviz.cli.main import main\n"
        "from hexviz.cli.plain_view import plain_view\n"
        "import hexviz.desktop.run\n"
        "print(sorted({'typer', 'dash', 'flask', 'webview', 'qtpy', 'onnx', 'torch'}"
        " & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_first_of_the_known_browsers_is_taken() -> None:
    assert app_browser({"brave": "/b/brave", "msedge": "/b/msedge"}.get) == "/b/msedge"
    assert app_browser(lambda _: None) is None
    assert len(BROWSERS) == len(set(BROWSERS))


def test_an_app_window_has_a_profile_of_its_own(tmp_path: Path) -> None:
    window = AppWindow(Cache(tmp_path), Instance(None, tmp_path), "/bin/chromium")
    command = window.command("http://127.0.0.1:1/?token=t")
    assert command[:2] == ["/bin/chromium", "--app=http://127.0.0.1:1/?token=t"]
    assert f"--user-data-dir={tmp_path}/desktop/browser" in command
    assert not any("sandbox" in one for one in command)
    assert window.dialogs is None


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "no display"),
        ({"DISPLAY": ":1"}, "does not run as root"),
        ({"DISPLAY": ":1", "QTWEBENGINE_CHROMIUM_FLAGS": "--no-sandbox"}, None),
        ({"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"}, None),
    ],
)
def test_what_is_in_the_way_of_qt_is_said_before_it_aborts(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str | None
) -> None:
    for name in (
        *("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"),
        *("QTWEBENGINE_CHROMIUM_FLAGS", "QTWEBENGINE_DISABLE_SANDBOX"),
    ):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    found = qt_obstacle()
    assert found is None if said is None else said in str(found)


SANDBOX = """
import os
import qtpy.QtCore as core
class Arch:
    productType = staticmethod(lambda: "arch")
core.QSysInfo = Arch
from hexviz.desktop.qt_window import import_backend
{}
print(os.environ.get("QTWEBENGINE_CHROMIUM_FLAGS"))
"""


@pytest.mark.parametrize(
    ("call", "flags"),
    [
        ("import_backend()", "--mine"),
        ("import webview.platforms.qt", "--mine --no-sandbox --no-sandbox"),  # what it would be
    ],
)
def test_the_sandbox_stays_on(call: str, flags: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SANDBOX.format(call)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"QTWEBENGINE_CHROMIUM_FLAGS": "--mine"},
    )
    assert done.stdout.strip() == flags


def test_a_file_that_cannot_be_read_is_an_error_where_no_window_can_say_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    monkeypatch.setattr("hexviz.desktop.run._window", lambda _, instance, __: BrowserTab(instance))
    with pytest.raises(ReadError):
        show(home / "nothing.onnx")
    assert not (home / "hexviz" / "desktop" / "window.socket").exists()
