"""Documents of figures that commands are given: what `profile --json` and `parity --json` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from hexviz.measure.documents import ParityDocument, ProfileDocument

__all__ = ["parity_document", "profile_document"]

Figures = TypeVar("Figures", "ProfileDocument", "ParityDocument")


def profile_document(path: Path) -> ProfileDocument:
    """The times in a file.

    Raises:
        MeasureError: if it cannot be read, or holds something else.
    """
    from hexviz.measure.documents import ProfileDocument

    return _document(path, ProfileDocument, "profile")


def parity_document(path: Path) -> ParityDocument:
    """The errors in a file; as :func:`profile_document`."""
    from hexviz.measure.documents import ParityDocument

    return _document(path, ParityDocument, "parity")


def _document(path: Path, kind: type[Figures], command: str) -> Figures:
    from hexviz.errors import MeasureError
    from hexviz.measure.documents import read_document

    try:
        found = read_document(path.read_bytes())
    except OSError as error:
        raise MeasureError(f"{path} cannot be read: {error.strerror}.") from error
    if not isinstance(found, kind):
        raise MeasureError(f"{path} is no document of hexviz {command} --json.")
    return found
