"""The files of a factory's source: a person's own Python, and the line of it that failed."""

from __future__ import annotations

import sys
import sysconfig
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from hexviz.exporters.foreign_errors import plain

__all__ = ["first_lines", "source_files"]

_MOST_LINES = 8
_LONGEST = 200  # characters of a line


def source_files(factory: str) -> list[Path]:
    """The files of Python that are imported and a person's own, the factory's first.

    A person's own are those below the current folder and below the folder that the factory's
    package lies in, but for what is installed there.
    """
    own = _file(sys.modules.get(factory.rpartition(":")[0]))
    found = {path for path in map(_file, list(sys.modules.values())) if path is not None}
    if own is not None:
        found.add(own)
    roots = _roots(factory)
    return sorted((path for path in found if _is_own(path, roots)), key=lambda one: one != own)


def first_lines(error: BaseException, factory: str) -> str:
    """What Python says of an error of a factory's source, with the line of it that is to blame.

    Exporters wrap what a model raises: the error that was raised first in a person's own file is
    told and, if none was, the ``error`` itself.
    """
    roots = _roots(factory)
    blamed, line = error, ""
    for one in _causes(error):
        frames = [frame for frame in _frames(one) if _is_own(Path(frame.filename), roots)]
        if frames or isinstance(one, SyntaxError):
            blamed = one
            at = frames[-1] if frames and not isinstance(one, SyntaxError) else None
            line = f"{Path(at.filename).name}, line {at.lineno}: {at.line}" if at else ""
    said = [text for part in traceback.format_exception_only(blamed) for text in _lines(part)]
    told = [line, *said] if line else said
    return "\n".join(text[:_LONGEST] for text in told[:_MOST_LINES])


def _lines(text: str) -> list[str]:
    return plain(text).rstrip().splitlines()


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    return list(traceback.extract_tb(error.__traceback__))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what it was raised from, and so on."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _file(module: ModuleType | None) -> Path | None:
    name = getattr(module, "__file__", None)
    if not isinstance(name, str) or not name.endswith(".py"):
        return None
    try:
        path = Path(name).resolve()
        return path if path.is_file() else None  # some modules of torch name files there are not
    except (OSError, RuntimeError):
        return None


_INSTALLED = tuple(
    Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")
)
_HEXVIZ = Path(__file__).resolve().parents[2]


def _roots(factory: str) -> set[Path]:
    top = _file(sys.modules.get(factory.rpartition(":")[0].partition(".")[0]))
    return {Path.cwd().resolve(), *([top.parent] if top is not None else [])}


def _is_own(path: Path, roots: Iterable[Path]) -> bool:
    is_below = any(path.is_relative_to(root) for root in roots)
    return is_below and not any(path.is_relative_to(one) for one in (*_INSTALLED, _HEXVIZ))
