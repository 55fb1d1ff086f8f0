"""Shapes as edge labels."""

from __future__ import annotations

__all__ = ["spelled_shape"]


def spelled_shape(shape: tuple[int | str, ...] | None) -> str:
    """A shape as people write it on an edge.

    >>> spelled_shape((2, "seq", 128)), spelled_shape(()), spelled_shape(None)
    ('2×seq×128', 'scalar', '')
    """
    if shape is None:
        return ""
    return "×".join(map(str, shape)) if shape else "scalar"
