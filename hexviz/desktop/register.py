"""hexviz among a person's programs: its icon, and that .onnx files are for it.

::

    ~/.local/share/applications/hexviz.desktop                  its entry, and what it opens
                   icons/hicolor/scalable/apps/hexviz.svg       its icon
                   mime/packages/hexviz.xml                     *.onnx is application/x-onnx

These are the desktop's own formats (Desktop Entry, Shared MIME-info), read by GNOME, KDE, Xfce
and others. Which program opens a kind of file by default stays as it is where one does already.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hexviz.cache import user_data_folder
from hexviz.desktop.window import ICON
from hexviz.errors import DesktopError, WriteError
from hexviz.model.files import write_atomically

__all__ = ["desktop_entry", "quoted", "register", "unregister"]

MIME_TYPE = "application/x-onnx"

_MIME = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="{MIME_TYPE}">
    <comment>ONNX model</comment>
    <icon name="hexviz"/>
    <glob pattern="*.onnx"/>
  </mime-type>
</mime-info>
"""

_ELSEWHERE = {
    "Darwin": "In the Finder, choose Open With for an .onnx file and a script that runs "
    "`hexviz --desktop` with it.",
    "Windows": "In the Explorer, choose Open with for an .onnx file and hexviz.exe, which lies "
    "in the Scripts folder of its Python.",
}

_RESERVED = frozenset(" \t\n\"'\\><~|&;$*?#()`")  # what the format wants quotes around
_ESCAPED = frozenset('"`$\\')


def quoted(argument: str) -> str:
    """An argument as it stands in ``Exec``.

    >>> quoted("/opt/my env/100%/hexviz")
    '"/opt/my env/100%%/hexviz"'
    """
    plain = argument.replace("%", "%%")
    if not _RESERVED & set(plain):
        return plain
    escaped = "".join(f"\\{one}" if one in _ESCAPED else one for one in plain)
    return '"' + escaped.replace("\\", "\\\\") + '"'  # as any string in the file


def desktop_entry(command: Sequence[str]) -> str:
    """The entry of a program that is started by a command.

    Raises:
        DesktopError: if the command cannot stand in one, because it has line ends.
    """
    if not all(one.isprintable() for one in command):
        raise DesktopError(
            "The path of hexviz has characters that no .desktop file can hold: install it in "
            "another folder."
        )
    return "\n".join([
        "[Desktop Entry]",
        "Type=Application",
        "Name=hexviz",
        "GenericName=ONNX Viewer",
        "Comment=See which PyTorch module each op of an ONNX graph belongs to",
        f"Exec={' '.join(map(quoted, command))} --desktop %f",
        "Icon=hexviz",
        f"MimeType={MIME_TYPE};",
        "Categories=Development;",
        "Keywords=onnx;pytorch;model;graph;",
        "Terminal=false",
        "StartupNotify=true",
        "StartupWMClass=hexviz",
        "",
    ])  # fmt: skip


def register(say: Callable[[str], None]) -> None:
    """Write the entry, the icon and the kind of file, and have the desktop read them.

    ``say`` gets a line for each file, and for what is left to do.

    Raises:
        DesktopError: if this desktop knows none of that; it says what to do.
        WriteError: if a file cannot be written.
    """
    _check_system()
    entry = desktop_entry(_command())
    for path, content in zip(_paths(), (entry, ICON.read_text(), _MIME), strict=True):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WriteError(f"Cannot make the folder {path.parent}: {error.strerror}.") from error
        write_atomically(path, [content.encode()])
        say(f"{path}")
    _refresh(say)
    say(
        "Where another program opens .onnx files by default, `xdg-mime default hexviz.desktop "
        f"{MIME_TYPE}` makes it hexviz."
    )


def unregister(say: Callable[[str], None]) -> None:
    """Remove what :func:`register` wrote.

    Raises:
        DesktopError: if this desktop knows none of that.
        WriteError: if a file cannot be removed.
    """
    _check_system()
    there = [path for path in _paths() if path.is_file()]
    for path in there:
        try:
            path.unlink()
        except OSError as error:
            raise WriteError(f"Cannot remove {path}: {error.strerror}.") from error
        say(f"{path} is removed")
    if there:
        _refresh(say)
    else:
        say("hexviz is not registered here.")


def _check_system() -> None:
    system = platform.system()
    if system != "Linux":
        how = _ELSEWHERE.get(
            system, "Tell your desktop to open .onnx files with `hexviz --desktop`."
        )
        raise DesktopError(f"hexviz registers itself on Linux alone. {how}")


def _paths() -> tuple[Path, Path, Path]:
    data = user_data_folder()
    return (
        data / "applications" / "hexviz.desktop",
        data / "icons" / "hicolor" / "scalable" / "apps" / "hexviz.svg",
        data / "mime" / "packages" / "hexviz.xml",
    )


def _command() -> list[str]:
    """What starts this very hexviz: its script, else its interpreter."""
    script = Path(sys.executable).with_name("hexviz")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "hexviz"]


def _refresh(say: Callable[[str], None]) -> None:
    """Have the desktop's indexes made anew; where its tools are missing, that is said."""
    data = user_data_folder()
    for tool, folder, package in (
        ("update-desktop-database", data / "applications", "desktop-file-utils"),
        ("update-mime-database", data / "mime", "shared-mime-info"),
    ):
        found = shutil.which(tool)
        if found is None:
            say(f"{tool} is not there, so the desktop may not notice: install {package}.")
            continue
        done = subprocess.run([found, str(folder)], capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            say(f"{tool} failed: {last}")
