"""What no real model comes near, so that a file beyond it is not worth minutes and gigabytes.

The largest graphs that people export have some 100,000 ops, modules nest
about 20 deep, and their paths have some 200 characters. What a file names is
repeated at each step of a path, so the work for it would be quadratic in depth.
"""

from __future__ import annotations

from hexviz.errors import ReadError

__all__ = [
    "LONGEST_CLASS",
    "LONGEST_PATH",
    "MOST_BODIES",
    "MOST_ENDS",
    "MOST_LETTERS",
    "MOST_LINKS",
    "MOST_OPS",
    "MOST_STEPS",
    "MOST_WEIGHTS",
    "is_path",
    "refuse_letters",
]

MOST_OPS = 400_000
"""Ops of a model, those of its bodies and functions included."""

MOST_BODIES = 50_000
"""Functions, and bodies of ops, of a model."""

MOST_WEIGHTS = 500_000
"""Initializers of a model, those of its bodies included."""

MOST_LINKS = 4_000_000
"""Inputs and outputs of all ops."""

MOST_ENDS = 500_000
"""Inputs and outputs of a model and of its bodies."""

MOST_STEPS = 128
"""Steps of a module's path; what is deeper names no module."""

LONGEST_PATH = 4096
"""Characters of a module's path; what is longer names no module."""

LONGEST_CLASS = 512
"""Characters of a class name; a longer one counts as unknown."""

MOST_LETTERS = 1 << 26
"""Characters of the paths, or of the tags, of all modules of a model."""


def is_path(text: str) -> bool:
    """Whether a text can be a module's path by its length and its number of steps.

    >>> is_path("encoder.layer.0"), is_path("a." * 1000)
    (True, False)
    """
    return len(text) < MOST_STEPS or (
        len(text) <= LONGEST_PATH and text.count(".") + text.count("/") < MOST_STEPS
    )


def refuse_letters(letters: int) -> None:
    """That the paths or tags of all modules have no more characters than a model may have.

    Raises:
        ReadError: if they have.
    """
    if letters > MOST_LETTERS:
        raise ReadError(
            f"The modules that the file names have over {MOST_LETTERS:,} characters in all, "
            "which is beyond any model: export it again."
        )
