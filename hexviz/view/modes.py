"""What a graph can be coloured by: the names, as links and requests have them."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["COLOURED", "COLOURINGS", "Coloured", "Mode", "figure_of", "policy_of"]

Coloured = Literal[
    "time_us",
    "macs",
    "parameters",
    "weight_bytes",
    "activation_bytes",
    "own_error",
    "natural_error",
    "effect",
]
"""The figures that a graph can be coloured by."""

COLOURED: tuple[Coloured, ...] = get_args(Coloured)

Mode = Literal[
    "module",
    "origin",
    "rule",
    "confidence",
    "finding",
    "category",
    "dtype",
    "numbers",
    Coloured,
    "compared",
    "what-if consumers",
    "what-if producers",
    "what-if ancestor",
    "what-if inference",
]

COLOURINGS: tuple[Mode, ...] = get_args(Mode)
"""What a graph can be coloured by."""


def policy_of(mode: Mode) -> str | None:
    """The policy that a mode asks about; ``None`` for all but the what-ifs.

    >>> policy_of("what-if consumers"), policy_of("origin")
    ('consumers', None)
    """
    asked, _, policy = mode.partition(" ")
    return policy if asked == "what-if" else None


def figure_of(mode: Mode) -> Coloured | None:
    """The figure that a mode colours by; ``None`` for all but those.

    >>> figure_of("macs"), figure_of("origin")
    ('macs', None)
    """
    return next((figure for figure in COLOURED if figure == mode), None)
