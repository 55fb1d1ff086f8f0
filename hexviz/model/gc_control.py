"""Control of Python's cycle collector, which would walk through large models again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "collector_paused",
    "collector_paused_then_frozen",
    "freeze_live_objects",
    "freeze_new_objects",
]


@contextmanager
def collector_paused() -> Iterator[None]:
    """The cycle collector does not run inside the block.

    For code that makes many objects which live on: there is nothing to collect, and the
    collector would run again and again, which takes half of the time at 50,000 ops.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def collector_paused_then_frozen() -> Iterator[None]:
    """As :func:`collector_paused`; later collections skip every object made in the block.

    For the start of a program, as most of what it imports lives on.
    :func:`freeze_live_objects` looks at these objects again.
    """
    with collector_paused():
        yield
        gc.freeze()


def freeze_live_objects() -> None:
    """Collect once, and let later collections skip all objects that are left.

    For a server, because a collection during a click takes seconds, and before measuring.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def freeze_new_objects() -> None:
    """Let later collections skip what was made since the last call; for a server that opens models.

    To walk through all live objects would stop every thread for a quarter of a
    second for each open model of 20,000 ops. Models hold no references in
    circles, so their memory is freed without the collector when they are closed.
    """
    gc.collect(1)
    gc.freeze()
