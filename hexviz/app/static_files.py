"""Styles and scripts as a browser loads them: once, under addresses that change with them.

::

    /assets/3f2a…/main.js     the digest of all files stands in the folder's place, so that modules
                              still import each other by relative paths; kept for good
    /assets/main.js           the same file, asked about each time

A page that was opened before an upgrade asks for files of a digest that is gone, and is told so,
instead of mixing the code of two versions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hexviz.app.compression import accepts_gzip, packed

__all__ = ["Static", "StaticFiles"]

_FOLDER = "/assets/"
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
_FOR_GOOD = "public, max-age=31536000, immutable"
_EACH_TIME = "no-cache"
_DIGITS = 16  # of a digest: nobody else chooses what is told apart by it


class Headers(Protocol):
    """Headers of a request by name, whatever its case."""

    def get(self, key: str, default: str, /) -> str:
        """The header's text."""


@dataclass(frozen=True, slots=True)
class Static:
    """An answer. To HEAD, everything but the body is sent."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(slots=True)
class _File:
    kind: str
    content: bytes
    tag: str
    packed: bytes | None = None


class StaticFiles:
    """The files of a folder as they were when this was made; whatever else lies there is not given.

    Packing a file takes 0.1 to 15 ms, and is done when it is first asked for.
    """

    def __init__(self, folder: Path) -> None:
        self._files = dict(_files_in(folder))
        whole = hashlib.sha256()
        for name in sorted(self._files):
            whole.update(f"{name} {self._files[name].tag}\n".encode())
        self._digest = whole.hexdigest()[:_DIGITS]

    def url(self, name: str) -> str:
        """The address of a file, by its path in the folder.

        Raises:
            KeyError: if there is no such file.
        """
        self._files[name]
        return f"{_FOLDER}{self._digest}/{name}"

    def names(self, suffix: str) -> list[str]:
        """The paths of the files at the top of the folder that end so, by name."""
        return sorted(name for name in self._files if "/" not in name and name.endswith(suffix))

    def answer(self, path: str, headers: Headers) -> Static | None:
        """The answer to GET or HEAD of a path; ``None`` if there is nothing.

        ``Range`` is not looked at: every answer is whole, as HTTP allows.
        """
        if not path.startswith(_FOLDER):
            return None
        name = path.removeprefix(_FOLDER)
        bare = name.removeprefix(f"{self._digest}/")
        file = self._files.get(bare)
        if file is None:
            return None
        told = [
            ("Cache-Control", _EACH_TIME if bare == name else _FOR_GOOD),
            ("ETag", f'W/"{file.tag}"'),  # weak, as packed and plain bytes share it
            ("Vary", "Accept-Encoding"),
        ]
        if _is_among(file.tag, headers.get("If-None-Match", "")):
            return Static(304, told, b"")
        told.append(("Content-Type", file.kind))
        body = file.content
        if accepts_gzip(headers.get("Accept-Encoding", "")):
            if file.packed is None:
                file.packed = packed(file.content)
            body = file.packed
            told.append(("Content-Encoding", "gzip"))
        told.append(("Content-Length", str(len(body))))
        return Static(200, told, body)


def _files_in(folder: Path) -> Iterable[tuple[str, _File]]:
    for path in folder.rglob("*"):
        kind = _KINDS.get(path.suffix)
        if kind is not None:
            content = path.read_bytes()
            tag = hashlib.sha256(content).hexdigest()[:_DIGITS]
            yield path.relative_to(folder).as_posix(), _File(kind, content, tag)


def _is_among(tag: str, header: str) -> bool:
    """Whether ``If-None-Match`` names a tag, or any."""
    named = {one.strip().removeprefix("W/") for one in header.split(",")}
    return f'"{tag}"' in named or "*" in named
