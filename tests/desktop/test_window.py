"""The window of ``hexviz --desktop``: the real command and Qt, on a display of its own."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import hexviz
from hexviz.bench.synthetic import synthetic
from tests.desktop.windows import Window, alive_below, until_true
from tests.waiting import until

NAME = "net <b>&amp;.onnx"
"""With what would be markup."""


@pytest.fixture
def file(home: Path) -> Path:
    path = home / NAME
    path.write_bytes(synthetic(300, "metadata"))
    return path


@pytest.fixture
def other(home: Path) -> Path:
    path = home / "other.onnx"
    path.write_bytes(synthetic(200, "names"))
    return path


@pytest.fixture
def window(person: dict[str, str], file: Path) -> Iterator[Window]:
    found = Window(person, file)
    yield found
    if found.process.poll() is None:
        found.process.send_signal(signal.SIGTERM)
        found.ended()


def start(environ: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    """A later start, as a file manager makes it."""
    return subprocess.run(
        [sys.executable, "-m", "hexviz", "--desktop", *map(str, arguments)],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def notice(window: Window) -> str:
    return str(window.script("document.getElementById('notice-bar')?.textContent ?? ''"))


def test_it_draws_takes_clicks_and_leaves_no_process(
    window: Window, file: Path, display: str, tmp_path: Path
) -> None:
    window.ready(NAME)
    assert window.do("geometry")["title"] == NAME
    assert window.script("typeof window.pywebview + typeof window.qt") == "undefinedundefined"
    # A real click on a box selects it: the inspector shows its module.
    spot = window.script(
        "(() => { const cy = document.getElementById('graph')._cyreg.cy;"
        " const node = cy.nodes('[kind = \"module\"][!open]').first();"
        " const at = node.renderedPosition();"
        " const pane = document.getElementById('graph').getBoundingClientRect();"
        " return [pane.x + at.x, pane.y + at.y, node.data('tag')]; })()"
    )
    before = window.script("document.querySelector('#inspector, .inspector')?.textContent ?? ''")
    window.click((spot[0], spot[1]), display=display)
    shown = "document.querySelector('#inspector, .inspector')?.textContent ?? ''"
    until_true(lambda: window.script(shown) != before)
    picture = tmp_path / "screen.png"
    assert window.do("grab", str(picture))
    with Image.open(picture) as screen:
        assert screen.size == (1366, 768)
        colours = screen.resize((200, 112)).getcolors(200 * 112)
        assert len(colours or ()) > 50  # a drawing, no blank page
    below = window.below.children(recursive=True)
    assert any("WebEngine" in one.name() for one in below)
    window.do("close")
    code, errors = window.ended()
    assert code == 0
    assert "Traceback" not in errors
    until(lambda: not alive_below(below))


def test_files_are_chosen_and_saved_where_a_person_says(
    window: Window, other: Path, home: Path
) -> None:
    window.ready(NAME)
    window.do("dialogs", str(other))
    window.script("document.querySelector('[data-event=open-dialog]').click()")
    until_true(lambda: window.script("!!document.querySelector('#upload')"))
    assert (
        window.script("getComputedStyle(document.querySelector('#upload .quiet')).display")
        == "none"
    )  # no bound on its size
    window.script("document.querySelector('#upload .upload').click()")
    window.ready("other.onnx")
    assert not list((home / "cache" / "hexviz").glob("uploads/*.onnx"))  # it was read where it lies
    assert window.do("geometry")["title"] == "other.onnx"
    assert window.do("asked")[0][1] == str(home)  # where the file lies that it began with

    # What is saved goes through a dialog that begins where the last one ended.
    target = home / "saved here" / "tagged.onnx"
    target.parent.mkdir()
    target.write_bytes(b"an earlier one")
    window.do("dialogs", str(target))
    key = hashlib.sha256(other.read_bytes()).hexdigest()
    window.script(
        f"(() => {{ const a = document.createElement('a'); a.href = 'model/{key}-other.onnx.onnx';"
        " a.download = ''; a.click(); })()"
    )
    until_true(lambda: target.stat().st_size > 100)
    assert len(hexviz.load(target).ops) == len(hexviz.load(other).ops)
    assert window.do("asked")[0][1] == str(home / "other-tagged.onnx")
    until_true(lambda: "Saved" in notice(window))
    assert {one.name for one in target.parent.iterdir()} == {"tagged.onnx"}
    assert not list((home / "cache/hexviz/desktop/downloads").iterdir())

    window.do("dialogs", "")  # which is what a dialog says that was cancelled
    window.script("hexviz.send('visit', location.search)")
    window.script("document.querySelector('[data-event=save-svg]').click()")
    until_true(lambda: window.do("asked"))
    assert not list(target.parent.glob("*.svg"))


def test_a_later_start_hands_over_its_file(
    window: Window, person: dict[str, str], other: Path, home: Path
) -> None:
    window.ready(NAME)
    done = start(person, other)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    window.ready("other.onnx")
    until_true(lambda: window.do("geometry")["active"])
    assert start(person).returncode == 0  # without a file, it only comes to the front
    bad = home / "'\"<b>.onnx"
    bad.write_bytes(b"no model")
    done = start(person, bad)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    until_true(lambda: "That did not work" in notice(window))
    assert window.do("geometry")["title"] == "other.onnx"


def test_what_is_dropped_opens_where_it_lies_and_nothing_else_does(
    window: Window, other: Path, home: Path
) -> None:
    window.ready(NAME)
    ask = (
        "(() => { const asking = new XMLHttpRequest();"
        " asking.open('POST', 'window/dropped', false);"
        " asking.setRequestHeader('Content-Type', 'application/json');"
        " asking.send(JSON.stringify({ name: %r })); return asking.responseText; })()"
    )
    assert window.script(ask % str(other)) == "{}"
    assert window.script(ask % other.name) == "{}"
    window.do("drop", str(other))
    window.ready("other.onnx")
    assert window.script(ask % other.name) == "{}"  # each drop is given out once
    assert not list((home / "cache" / "hexviz").glob("uploads/*.onnx"))


def test_it_stays_with_its_own_server(window: Window, home: Path, person: dict[str, str]) -> None:
    window.ready(NAME)
    own = window.script("location.origin")
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(1)
        for address in (
            f"http://127.0.0.1:{elsewhere.getsockname()[1]}/",
            "file:///etc/passwd",
            "data:text/html,<h1>hello</h1>",
        ):
            window.script(f"(() => {{ location.href = {address!r}; }})()")
            window.script(f"(() => {{ window.open({address!r}); }})()")
        with pytest.raises(TimeoutError):  # there is no browser here that it would open in
            elsewhere.accept()
    assert window.script("location.origin") == own
    window.ready(NAME)


def test_it_comes_back_as_it_was_left(person: dict[str, str], file: Path) -> None:
    window = Window(person, file)
    window.ready(NAME)
    window.do("resize", [61, 83, 1011, 555])
    until_true(lambda: window.do("geometry")["width"] == 1011)
    window.script("document.getElementById('theme-toggle').click()")
    until_true(lambda: window.script("document.documentElement.dataset.theme") == "dark")
    left = window.do("geometry")
    window.process.send_signal(signal.SIGTERM)
    assert window.ended()[0] == 0
    window = Window(person)
    try:
        found = window.do("geometry")
        assert [found[name] for name in ("x", "y", "width", "height")] == [
            left[name] for name in ("x", "y", "width", "height")
        ]
        until_true(lambda: window.script("document.documentElement.dataset.theme") == "dark")
        # Recent files are there, although this server was not started with one.
        until_true(lambda: window.script("document.querySelector('.recent')?.textContent ?? ''"))
        assert NAME in window.script("document.querySelector('.recent').textContent")
        window.script("document.querySelector('.recent button').click()")
        window.ready(NAME)
    finally:
        os.kill(window.process.pid, signal.SIGKILL)
        window.ended()
    assert (Path(person["XDG_CACHE_HOME"]) / "hexviz/desktop/window.socket").exists()
    window = Window(person, file)  # which the socket of the killed one does not stop
    window.ready(NAME)
    window.do("close")
    assert window.ended()[0] == 0


def test_a_file_that_is_no_model_is_told_in_the_window(person: dict[str, str], home: Path) -> None:
    bad = home / "bad.onnx"
    bad.write_bytes(b"no model")
    window = Window(person, bad)
    until_true(lambda: "bad.onnx" in notice(window))
    window.do("close")
    assert window.ended()[0] == 0
