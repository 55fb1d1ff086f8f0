"""The folders whose models the page may open, as named by ``--root`` when the server started.

A browser names a file in them by the number of its folder and its path below that::

    --root /data/models --root /home/ann/nets      "1/bert/large.onnx"
           0            1                          /home/ann/nets/bert/large.onnx

What is checked is where a path leads once all links are followed, and the path
given out is that one. Whoever can exchange a folder for a link between the check and
the opening can write into the folders already: they are trusted with that.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from hexviz.errors import SourceError

__all__ = ["RootFile", "Roots"]


class RootFile(NamedTuple):
    """A file that can be opened."""

    reference: str
    """What :meth:`Roots.find` takes."""
    label: str
    """The folder's own name and the path below it; more of the folder's path among namesakes."""


@dataclass(frozen=True)
class Roots:
    """Folders, with all links followed, and how much of them is listed.

    ``most_files`` are listed in all, because a search narrows them down and more would
    be slow. In each folder, ``most_entries`` are looked at, a second on a slow disk, so
    that ``--root /`` ends as well. Files that lie more than ``depth`` folders deep are
    not listed, and still open by their path.

    Raises:
        SourceError: if one of them is no folder.
    """

    folders: tuple[Path, ...] = ()
    most_files: int = 2000
    most_entries: int = 50_000
    depth: int = 8

    def __post_init__(self) -> None:
        folders = dict.fromkeys(_folder(folder) for folder in self.folders)
        object.__setattr__(self, "folders", tuple(folders))

    def files(self) -> list[RootFile]:
        """The models below the folders, by name; at most some thousand, not too deep.

        Folders share that evenly. If there are more, the first entry is a line that says
        so: :meth:`find` finds nothing by it.
        """
        names = _names(self.folders)
        walks = [self._walk(folder) for folder in self.folders]
        shares = _shares([len(walk.paths) for walk in walks], self.most_files)
        found: list[RootFile] = []
        there = 0
        for number, (folder, name, walk, share) in enumerate(
            zip(self.folders, names, walks, shares, strict=True)
        ):
            until = len(found) + share
            there += len(walk.paths)
            for path in walk.paths:
                if len(found) == until:
                    break
                if self.holds(path):
                    below = path.relative_to(folder).as_posix()
                    label = PurePosixPath(name, below).as_posix()
                    found.append(RootFile(f"{number}/{below}", label))
                else:
                    there -= 1
        found.sort(key=lambda file: file.label)
        ended = all(walk.ended for walk in walks)
        if len(found) < there or not ended:
            found.insert(0, _more(len(found), there, ended=ended))
        return found

    def _walk(self, folder: Path) -> _Walk:
        """Look through a folder; what cannot be read is passed over."""
        found: list[Path] = []
        seen = 0
        for here, folders, names in os.walk(folder):
            seen += len(folders) + len(names)
            if seen > self.most_entries:
                return _Walk(found, ended=False)
            is_deep = len(Path(here).relative_to(folder).parts) >= self.depth
            folders[:] = [] if is_deep else sorted(name for name in folders if name[0] != ".")
            found += (Path(here, name) for name in sorted(names) if _is_plain((name,)))
        return _Walk(found, ended=True)

    def find(self, reference: str) -> Path:
        """The file that a browser asks for, with all links followed; to be opened right away.

        Raises:
            SourceError: if it is no model below one of the folders. Whether there is
                something of that name elsewhere is not said.
        """
        number, _, below = reference.partition("/")
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


def _folder(given: Path) -> Path:
    try:
        path = given.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise SourceError(f"{given} is no folder: --root takes one that is there.") from error
    if not path.is_dir():
        raise SourceError(f"{given} is no folder: --root takes one, not a file.")
    return path


def _is_plain(parts: tuple[str, ...]) -> bool:
    """Whether a path below a folder is of a model, and neither leaves the folder nor is hidden."""
    return (
        bool(parts)
        and parts[-1].endswith(".onnx")
        and not any(part.startswith((".", "/")) or not part.isprintable() for part in parts)
    )


def _more(listed: int, there: int, *, ended: bool) -> RootFile:
    """The entry that says that there are more files than are listed."""
    of = f"{there:,}" if ended else f"more than {there:,}" if there else "what was looked at"
    return RootFile("…", f"The first {listed:,} of {of}: for others, name their folder by --root")


def _shares(wanted: Sequence[int], most: int) -> list[int]:
    """How much of ``most`` each gets: as much as the others, less only if it wants less.

    >>> _shares([5000, 30, 4000], 2000)
    [985, 30, 985]
    """
    shares = [0] * len(wanted)
    by_want = sorted(range(len(wanted)), key=wanted.__getitem__)
    for others, at in zip(range(len(wanted), 0, -1), by_want, strict=True):
        shares[at] = min(wanted[at], most // others)
        most -= shares[at]
    return shares


def _names(folders: Sequence[Path]) -> list[str]:
    """What to call each folder: its name, with as much of its path as tells it from the others.

    None begins with another, else a path below the one could read as one below the other.

    >>> _names([Path("/data/a/nets"), Path("/data/b/nets"), Path("/data/c")])
    ['a/nets', 'b/nets', 'c']
    """
    lengths = [1] * len(folders)
    while True:
        names = [folder.parts[-length:] for folder, length in zip(folders, lengths, strict=True)]
        longer = {
            at
            for first, ours in enumerate(names)
            for second, theirs in enumerate(names)
            if first != second and theirs[: len(ours)] == ours
            for at in (first, second)
            if lengths[at] < len(folders[at].parts)
        }
        if not longer:
            return [PurePosixPath(*parts).as_posix() for parts in names]
        for at in longer:
            lengths[at] += 1


class _Walk(NamedTuple):
    """The files below a folder that are named like models, and whether those are all."""

    paths: list[Path]
    ended: bool
