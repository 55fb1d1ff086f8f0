"""Which stage an export is in, for progress bars and for what is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from hexviz.stages import stage

__all__ = ["Progress", "Stages", "stages_of"]

Progress = Callable[[str, float], None]
"""Called with a stage's name as it begins and the share of stages behind it, in 0..1."""


class Stages:
    """Walks through named stages in order, measuring each and reporting its beginning.

    The fraction reported is the share of *stages* done, not of time: how long
    the rest takes is not known. A stage that never begins is simply skipped.
    """

    def __init__(self, names: Sequence[str], progress: Progress | None) -> None:
        self._names = tuple(names)
        self._progress = progress
        self._current: str | None = None
        self._running = ExitStack()

    def enter(self, name: str) -> None:
        """End the current stage, if any, and begin ``name``; entering it twice changes nothing."""
        if name == self._current:
            return
        self.end()
        self._current = name
        if self._progress is not None:
            self._progress(name, self._names.index(name) / len(self._names))
        self._running.enter_context(stage(name))

    def end(self) -> None:
        """End the current stage, if any."""
        self._running.close()
        self._current = None


@contextmanager
def stages_of(names: Sequence[str], progress: Progress | None) -> Iterator[Stages]:
    """Stages to walk through; the last one ends with the block, which ``"done"`` then reports.

    A block that raises reports nothing.
    """
    stages = Stages(names, progress)
    try:
        yield stages
    finally:
        stages.end()
    if progress is not None:
        progress("done", 1.0)
