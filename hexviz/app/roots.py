"""The folders whose models the page may open, as named by ``--root`` when the server started.

A file in them is told by the number of its folder and its path below that::

    --root /data/models --root /home/ann/nets      "1/bert/large.onnx"
           0            1                          /home/ann/nets/bert/large.onnx

What is checked is where a path leads once all links are followed, and the path
given out is that one. Who can exchange a folder for a link between the check and
the opening can write into the folders already: they are trusted with that.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from hexviz.errors import SourceError

__all__ = ["RootFile", "Roots"]

_MOST_FILES = 2000  # listed: a search narrows them down, more would make the list itself slow
_MOST_ENTRIES = 50_000  # looked at: a second on a slow disk, so that `--root /` ends as well
_DEPTH = 8  # folders below a root; deeper files are not listed, and still open by their path


class RootFile(NamedTuple):
    """A file that can be opened: how to tell it, and how people call it."""

    told: str
    """What :meth:`Roots.find` takes."""
    label: str
    """The folder's own name and the path below it."""


@dataclass(frozen=True)
class Roots:
    """Folders, by their place once links are followed.

    Raises:
        SourceError: if one of them is no folder.
    """

    folders: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "folders", tuple(_folder(one) for one in self.folders))

    def files(self) -> list[RootFile]:
        """The models below the folders, by name; at most some thousand, not too deep."""
        found: list[RootFile] = []
        for number, folder in enumerate(self.folders):
            for path in _walk(folder):
                if len(found) == _MOST_FILES:
                    break
                if self.holds(path):
                    below = path.relative_to(folder).as_posix()
                    found.append(RootFile(f"{number}/{below}", f"{folder.name}/{below}"))
        return sorted(found, key=lambda one: one.label)

    def find(self, told: str) -> Path:
        """The file that a browser asks for, with all links followed; to be opened right away.

        Raises:
            SourceError: if it is no model below one of the folders. Whether there is
                something of that name elsewhere is not told.
        """
        number, _, below = told.partition("/")
        parts = PurePosixPath(below).parts
        if number.isdecimal() and number.isascii() and len(number) < 4 and _is_plain(parts):
            folder = next(iter(self.folders[int(number) :][:1]), None)
            if folder is not None:
                path = folder.joinpath(*parts)
                if self.holds(path):
                    return path.resolve()
        raise SourceError("No such model in the folders given by --root: choose one of the list.")

    def holds(self, path: Path) -> bool:
        """Whether a path leads to a regular ``.onnx`` file below a folder, and nothing hidden."""
        try:
            real = path.resolve(strict=True)
            if not real.is_file():
                return False
        except (OSError, RuntimeError, ValueError):  # not there, links in a circle, a zero byte
            return False
        return any(
            real.is_relative_to(folder) and _is_plain(real.relative_to(folder).parts)
            for folder in self.folders
        )


def _folder(told: Path) -> Path:
    try:
        path = told.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise SourceError(f"{told} is no folder: --root takes one that is there.") from error
    if not path.is_dir():
        raise SourceError(f"{told} is no folder: --root takes one, not a file.")
    return path


def _is_plain(parts: tuple[str, ...]) -> bool:
    """Whether a path below a folder is of a model, and neither leaves the folder nor is hidden."""
    return (
        bool(parts)
        and parts[-1].endswith(".onnx")
        and not any(part.startswith((".", "/")) or not part.isprintable() for part in parts)
    )


def _walk(folder: Path) -> Iterator[Path]:
    """The files below a folder that are named like models; folders that cannot be read are not."""
    seen = 0
    for here, folders, names in os.walk(folder):
        seen += len(folders) + len(names)
        if seen > _MOST_ENTRIES:
            return
        depth = len(Path(here).relative_to(folder).parts)
        folders[:] = sorted(one for one in folders if one[0] != ".") if depth < _DEPTH else []
        yield from (Path(here, name) for name in sorted(names) if name.endswith(".onnx"))
