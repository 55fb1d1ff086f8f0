"""Tensors in a temporary folder, so that a run of a large model need not hold what it made."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

__all__ = ["Spill"]

Array = npt.NDArray[Any]

_SMALL = 1 << 12  # bytes: a file for each of those would cost more than keeping them


class Spill:
    """Tensors by key: :meth:`store` writes one, :meth:`load` reads it again.

    A context manager: the folder goes when it ends. Types that numpy cannot write (bfloat16 and
    the other ones of ``ml_dtypes``) are written as the integers of their size.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hexviz-")
        self._small: dict[str, Array] = {}
        self._large: dict[str, tuple[Path, np.dtype[Any]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __contains__(self, key: object) -> bool:
        return key in self._small or key in self._large

    def store(self, key: str, array: Array) -> None:
        """Keep a tensor as it is now: what is done to the array later changes nothing."""
        if array.nbytes <= _SMALL:
            self._small[key] = array.copy()
            return
        known = self._large.get(key)
        path = known[0] if known else Path(self._folder.name) / f"{len(self._large)}.npy"
        plain = array if array.dtype.isbuiltin == 1 else array.view(f"u{array.itemsize}")
        np.save(path, plain, allow_pickle=False)
        self._large[key] = (path, array.dtype)

    def load(self, key: str) -> Array:
        """The tensor, a copy of its own for whoever asks."""
        if key in self._small:
            return self._small[key].copy()
        path, dtype = self._large[key]
        found: Array = np.load(path, allow_pickle=False)
        return found if found.dtype == dtype else found.view(dtype)

    def close(self) -> None:
        """Delete the folder with everything in it."""
        self._small.clear()
        self._large.clear()
        self._folder.cleanup()
