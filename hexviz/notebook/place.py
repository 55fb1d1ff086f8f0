"""Where code runs: in a notebook or not, and in which of its cells."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

__all__ = ["Run", "current_run", "in_notebook"]


class Run(NamedTuple):
    """One run of one cell, by names that a notebook gives them."""

    cell: str
    run: str

    def is_again(self, other: Run | None) -> bool:
        """Whether this is a later run of the cell that ``other`` is a run of."""
        return other is not None and other.cell == self.cell and other.run != self.run


def in_notebook() -> bool:
    """Whether what a cell ends with is shown by a page: a kernel of Jupyter's, or marimo."""
    marimo = sys.modules.get("marimo")
    if marimo is not None and marimo.running_in_notebook():
        return True
    return getattr(_shell(), "kernel", None) is not None


def current_run() -> Run | None:
    """The run of a cell that is going on; ``None`` where nothing tells."""
    parent: dict[str, Any] = getattr(_shell(), "get_parent", dict)() or {}
    cell = (parent.get("metadata") or {}).get("cellId")
    run = (parent.get("header") or {}).get("msg_id")
    return Run(str(cell), str(run)) if cell and run else None


def _shell() -> Any:
    """IPython's shell, if there is one; a program that never imported IPython has none."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None
