"""Python's cycle collector, kept from walking through large models again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "collector_rests",
    "collector_spares",
    "leave_out_what_is_new",
    "leave_out_what_lives",
]


@contextmanager
def collector_rests() -> Iterator[None]:
    """Keep the cycle collector from running inside of the block.

    What is made there lives on, so there is nothing to collect; it would run
    whenever many objects are made, which takes half of the time at 50,000 ops.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def collector_spares() -> Iterator[None]:
    """As :func:`collector_rests`, and the first collection after the block skips all there is.

    For the start of a program: most of what it imports lives on.
    :func:`leave_out_what_lives` looks at the rest.
    """
    with collector_rests():
        yield
        gc.freeze()


def leave_out_what_lives() -> None:
    """Collect once, then exempt all that is left: a collection amid a click takes seconds.

    For work that is to be timed: nothing is left that a collection could come upon.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def leave_out_what_is_new() -> None:
    """Exempt what was made since the last call; for a server that opens one model after the other.

    Walking through all that lives would stop every thread for a quarter of a
    second for each model of 20,000 ops that is open. Models hold no references
    in circles: what is given up goes by itself, exempt or not.
    """
    gc.collect(1)
    gc.freeze()
