"""A colour for each module: children share a part of their parent's hue range.

The scheme is Tennekes and de Jonge's tree colours (2014)::

    hue  20°──────────────────────────────380°     the whole circle
         ├─embeddings─┤├───encoder────┤├─pooler─┤  split among the children,
                        ├layer.0┤├layer.1┤         with a gap left between them

Only the module tree decides, so a module has the same colours in every run,
whatever is open. Lightness and chroma are quiet and go with depth; each ink
and border is then moved until its contrast is enough.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from hexviz.model.modules import ModuleTree
from hexviz.view.oklch import contrast, hex_of

__all__ = ["PAGE", "Palette", "Swatch", "Theme", "hues"]

Theme = Literal["light", "dark"]

PAGE: Mapping[Theme, str] = {"light": "#ffffff", "dark": "#14171c"}
"""The colour behind the graph."""

_GAP = 0.18
_TEXT, _SHAPE = 4.6, 3.05  # WCAG 2.2 asks for 4.5 (1.4.3) and 3 (1.4.11)


@dataclass(frozen=True, slots=True)
class Swatch:
    """The colours of one module, each ``#rrggbb``.

    ``fill`` is the background of its box and ``ink`` the text on it;
    ``border`` outlines the box and its ops; ``solid`` is the background of its
    ops with ``solid_ink`` as text; ``soft`` that of its auxiliary ops, on
    which ``ink`` is readable as well.
    """

    fill: str
    border: str
    ink: str
    solid: str
    solid_ink: str
    soft: str


def hues(tree: ModuleTree) -> dict[str, tuple[float, int]]:
    """For each FQN its hue in degrees, and its depth below the root."""
    sizes = {module.fqn: 1 for module in tree}
    for module in reversed(list(tree)):
        if module.parent is not None:
            sizes[module.parent] += sizes[module.fqn]
    ranges = {"": (20.0, 380.0)}
    result: dict[str, tuple[float, int]] = {}
    for module in tree:
        low, high = ranges[module.fqn]
        depth = 0 if module.parent is None else result[module.parent][1] + 1
        result[module.fqn] = ((low + high) / 2 % 360, depth)
        if not module.children:
            continue
        # A lone child keeps the range whole; one of many must not get a sliver.
        weights = [1 + math.log2(sizes[child]) for child in module.children]
        unit = (high - low) / sum(weights)
        gap = 0.0 if len(weights) == 1 else _GAP
        for child, weight in zip(module.children, weights, strict=True):
            width = weight * unit
            ranges[child] = (low + width * gap / 2, low + width * (1 - gap / 2))
            low += width
    return result


class Palette(Mapping[str, Swatch]):
    """The colours of every module of a tree in one theme, by FQN; worked out when asked for."""

    def __init__(self, tree: ModuleTree, theme: Theme) -> None:
        self.theme = theme
        self._tree = tree
        self._swatches: dict[str, Swatch] = {}

    @cached_property
    def _hues(self) -> dict[str, tuple[float, int]]:
        return hues(self._tree)

    def __getitem__(self, fqn: str) -> Swatch:
        swatch = self._swatches.get(fqn)
        if swatch is None:
            swatch = self._swatches[fqn] = _swatch(*self._hues[fqn], self.theme)
        return swatch

    def __iter__(self) -> Iterator[str]:
        return iter(self._hues)

    def __len__(self) -> int:
        return len(self._hues)


@lru_cache(maxsize=4096)  # one takes a millisecond, and an edited model has the same again
def _swatch(hue: float, depth: int, theme: Theme) -> Swatch:
    page = PAGE[theme]
    tint = min(depth, 6)
    vivid = 0.0 if depth == 0 else 1.0  # what belongs to the root stays grey
    if theme == "light":
        fill = hex_of(0.978 - 0.009 * tint, (0.012 + 0.004 * tint) * vivid, hue)
        solid = hex_of(0.875 - 0.006 * tint, 0.062 * vivid + 0.004, hue)
        soft = hex_of(0.995 - 0.003 * tint, 0.006 * vivid, hue)
        border = _until(page, (fill, solid, soft), _steps(0.62, 0.30, 0.085 * vivid, hue))
        ink = _until(page, (fill, soft), _steps(0.40, 0.10, 0.06 * vivid, hue), _TEXT)
        solid_ink = _until(solid, (), _steps(0.30, 0.05, 0.05 * vivid, hue), _TEXT)
    else:
        fill = hex_of(0.225 + 0.013 * tint, (0.014 + 0.003 * tint) * vivid, hue)
        solid = hex_of(0.385 + 0.006 * tint, 0.062 * vivid + 0.004, hue)
        soft = hex_of(0.262 + 0.013 * tint, 0.012 * vivid, hue)
        border = _until(page, (fill, soft), _steps(0.62, 0.97, 0.085 * vivid, hue))
        ink = _until(page, (fill, soft), _steps(0.86, 0.99, 0.035 * vivid, hue), _TEXT)
        solid_ink = _until(solid, (), _steps(0.94, 1.0, 0.02 * vivid, hue), _TEXT)
    return Swatch(fill, border, ink, solid, solid_ink, soft)


def _steps(start: float, stop: float, chroma: float, hue: float) -> Iterator[str]:
    for step in range(21):
        yield hex_of(start + (stop - start) * step / 20, chroma, hue)


def _until(
    page: str, others: tuple[str, ...], candidates: Iterator[str], least: float = _SHAPE
) -> str:
    """The first candidate that stands out enough from the page and all ``others``."""
    colour = page
    for colour in candidates:
        if all(contrast(colour, other) >= least for other in (page, *others)):
            break
    return colour
