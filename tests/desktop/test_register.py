"""What ``hexviz desktop --install`` writes, held against the desktop's own tools."""

from __future__ import annotations

import platform
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from hexviz.desktop.register import desktop_entry, quoted
from hexviz.errors import DesktopError
from tests.command import Run, run  # noqa: F401 - a fixture


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data of mine"
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    return folder


def test_it_is_registered_and_taken_back(run: Run, data: Path) -> None:  # noqa: F811
    code, out, err = run("desktop", "--install")
    assert (code, out) == (0, "")
    entry = data / "applications" / "hexviz.desktop"
    icon = data / "icons" / "hicolor" / "scalable" / "apps" / "hexviz.svg"
    kind = data / "mime" / "packages" / "hexviz.xml"
    for path in (entry, icon, kind):
        assert str(path) in err
    assert "xdg-mime default hexviz.desktop application/x-onnx" in err
    subprocess.run(["desktop-file-validate", str(entry)], check=True)
    assert "application/x-onnx:*.onnx" in (data / "mime" / "globs").read_text()
    assert "application/x-onnx=hexviz.desktop" in (entry.parent / "mimeinfo.cache").read_text()
    assert ET.parse(icon).getroot().tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - ours
    assert run("desktop", "--install")[0] == 0  # again, over what is there

    code, out, err = run("desktop", "--uninstall")
    assert (code, out) == (0, "")
    assert not any(path.exists() for path in (entry, icon, kind))
    assert "x-onnx" not in (data / "mime" / "globs").read_text()
    assert "is not registered" in run("desktop", "--uninstall")[2]


def test_a_tool_that_is_not_there_is_said(
    run: Run,  # noqa: F811
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    code, _, err = run("desktop", "--install")
    assert code == 0
    assert "update-mime-database is not there" in err
    assert "install shared-mime-info" in err


@pytest.mark.parametrize("system", ["Darwin", "Windows", "Plan 9"])
def test_elsewhere_one_line_says_what_to_do(
    run: Run,  # noqa: F811
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    system: str,
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    for option in ("--install", "--uninstall"):
        code, _, err = run("desktop", option)
        assert code == 2
        assert err.count("\n") == 1
        assert "hexviz --desktop" in err or "hexviz.exe" in err
    assert not data.exists()


def test_one_of_the_two_is_to_be_given(run: Run) -> None:  # noqa: F811
    for options in ([], ["--install", "--uninstall"]):
        code, _, err = run("desktop", *options)
        assert code == 2
        assert "`hexviz --desktop [FILE]` opens the window" in err


@pytest.mark.parametrize(
    "path", ["/opt/my env/hexviz", "/opt/a$b`c\"d'e/hexviz", "/opt/100%/hexviz", "/opt/a\\b/hexviz"]
)
def test_any_path_stands_in_an_entry(path: str, tmp_path: Path) -> None:
    entry = tmp_path / "hexviz.desktop"
    entry.write_text(desktop_entry([path]))
    done = subprocess.run(
        ["desktop-file-validate", str(entry)], capture_output=True, text=True, check=False
    )
    assert "Exec" not in done.stdout + done.stderr
    assert _as_read(entry.read_text()) == path


def _as_read(entry: str) -> str:
    """The program of an entry, by the rules of the format: a string first, then its quotes."""
    line = next(one for one in entry.splitlines() if one.startswith("Exec="))
    value = line.removeprefix("Exec=").removesuffix(" --desktop %f").replace("\\\\", "\0")
    value = value.replace("\0", "\\")
    if value.startswith('"'):
        inner, plain = value[1:-1], ""
        while inner:
            step = 2 if inner[0] == "\\" else 1
            plain += inner[step - 1]
            inner = inner[step:]
        value = plain
    return value.replace("%%", "%")


def test_what_no_entry_can_hold_is_refused() -> None:
    with pytest.raises(DesktopError, match="install it in another folder"):
        desktop_entry(["/opt/a\nExec=evil/hexviz"])
    assert quoted("plain") == "plain"
