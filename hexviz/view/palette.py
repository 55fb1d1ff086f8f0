"""A colour for each class of module: equal layers look equal, others differ, and boxes stand apart.

::

    page ┌ BertModel's own ops: grey ────────────────┐      lightness: a ladder of steps, each
         │ BertEncoder  step 1 ┌ BertLayer  step 2 ──┐      1.5:1 from the next and the page;
         │                     │ BertOutput  step 1  │      no class has the step of the class
         │                     └─────────────────────┘      around it, or of its neighbour
         └───────────────────────────────────────────┘      hue: one of 24, by the class's name

Hue says which class it is, lightness where one box ends and the next begins: a
projector washes hues out and keeps differences of lightness. Only the module
tree decides, so a model has the same colours in every run, whatever is open; a
class asks for the hue of its name, so it mostly keeps it from model to model.
"""

from __future__ import annotations

import math
import random
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np

from hexviz.model.columns import Ints
from hexviz.model.modules import Module, ModuleTree
from hexviz.view.module_numbers import Modules, in_its_like
from hexviz.view.oklch import contrast, hex_at, hex_of

__all__ = ["APART", "PAGE", "Palette", "Swatch", "Theme", "kind_of", "neighbours"]

Theme = Literal["light", "dark"]

PAGE: Mapping[Theme, str] = {"light": "#fbfbfc", "dark": "#14161a"}
"""The colour behind the graph: ``--page`` of the page's own stylesheet."""

APART = 1.5
"""The least contrast of a fill with the page, and with the fills around and beside it."""

_STEP = 1.525  # a little more, as a channel has 256 values only
_STEPS = 6  # so many fit between the page and where neither black nor white text is left
_HUES = 24
_ORDERS, _MANY = 60, 120  # orders tried, and kinds from which there is no time for it
_NEAR = 3  # hues that neighbours are kept apart, where there are enough
_CHROMA = (0.06, 0.08, 0.1, 0.11, 0.11, 0.1)
_TEXT, _SHAPE = 4.6, 3.05  # WCAG 2.2 asks for 4.5 (1.4.3) and 3 (1.4.11)


@dataclass(frozen=True, slots=True)
class Swatch:
    """The colours of one module, each ``#rrggbb``.

    ``fill`` is the background of its box and ``ink`` the text on it; ``border``
    outlines the box and its ops; ``solid`` is the background of its ops with
    ``solid_ink`` as text; ``soft`` that of its auxiliary ops, with ``soft_ink``.
    """

    fill: str
    border: str
    ink: str
    solid: str
    solid_ink: str
    soft: str
    soft_ink: str


def kind_of(module: Module) -> str:
    """What modules of one colour have in common: their class or, unknown, their path less numbers.

    The root has a colour of its own, and is of the kind ``""``. Recovered modules in others of one
    name are of another kind than these.
    """
    if module.parent is None:
        return ""
    if module.is_recovered:
        return in_its_like(module.fqn, module.class_name)
    return module.class_name or re.sub(r"\d+", "#", module.fqn)


def neighbours(tree: ModuleTree) -> dict[str, set[str]]:
    """For each kind the others that its boxes lie in, around or beside, in order of the tree.

    A module whose only child shares its box may have that child right in what
    is around it. Beside it is what comes before and after it. A module without ops
    has no box.
    """
    return _survey(*_modules_of(tree))[0]


def _modules_of(tree: ModuleTree) -> tuple[Modules, Ints]:
    """The modules of a tree by number, and how many ops each has by itself."""
    return Modules(tree), np.array([len(module.ops) for module in tree], np.int64)


def _survey(modules: Modules, own: Ints) -> tuple[dict[str, set[str]], dict[str, int]]:
    """The :func:`neighbours` of each kind, and how many ops its largest module has in all.

    ``own`` is how many ops each module has by itself. In a tree without ops, modules count.
    """
    kinds, names = modules.kinds
    parents = np.array(modules.parents, np.int64)
    totals = np.array(modules.totals(own if own.any() else np.ones_like(own)), np.int64)
    largest = np.zeros(len(names), np.int64)
    np.maximum.at(largest, kinds, totals)
    boxes = np.flatnonzero(totals[1:]) + 1
    is_alone = np.bincount(parents[boxes], minlength=len(parents)) == 1
    pairs = []
    inner, around = boxes, parents[boxes]
    while len(inner):
        pairs.append(np.stack([kinds[inner], kinds[around]]))
        goes_on = is_alone[around] & (around > 0)
        inner, around = inner[goes_on], parents[around[goes_on]]
    row = boxes[np.argsort(parents[boxes], kind="stable")]
    beside = np.stack([row[:-1], row[1:]])
    beside = beside[:, parents[beside[0]] == parents[beside[1]]]
    beside = beside[:, kinds[beside[0]] != kinds[beside[1]]]
    pairs.append(kinds[beside])
    # Kinds come in the order in which the tree leads to them: a module, then its children, which
    # stand beside each other, then what is below these.
    met = np.full(len(names), 2 * len(kinds) ** 2)
    np.minimum.at(met, kinds, 2 * len(kinds) * np.arange(len(kinds)))
    np.minimum.at(met, kinds[beside], len(kinds) * (2 * parents[beside] + 1) + beside)
    found: dict[str, set[str]] = {names[at]: set() for at in np.argsort(met).tolist()}
    ends = np.concatenate(pairs, axis=1)
    for pair in np.unique(ends[0] * len(names) + ends[1]).tolist():
        one, other = divmod(pair, len(names))
        if one != other:
            found[names[one]].add(names[other])
            found[names[other]].add(names[one])
    return found, dict(zip(names, largest.tolist(), strict=True))


def _places(modules: Modules, own: Ints) -> dict[str, tuple[int, int]]:
    """Step and hue of each kind, both numbers; the root has none: its ops are grey."""
    beside, largest = _survey(modules, own)
    kinds = [kind for kind in beside if kind]
    steps = _steps(kinds, beside, largest)
    hues = _hues(kinds, beside, steps)
    return {kind: (steps[kind], hues[kind]) for kind in kinds}


def _steps(
    kinds: Sequence[str], beside: Mapping[str, AbstractSet[str]], sizes: Mapping[str, int]
) -> dict[str, int]:
    """A step for each kind that none of its neighbours has, so that as few as can be are far down.

    Each takes the first step that is free; of several orders in which they may take
    them, the one counts by which large boxes come out nearest to the page.
    """
    shuffled = random.Random(0)  # noqa: S311 - the same orders each time, nothing to guess
    best: dict[str, int] = {}
    least = math.inf
    order = list(kinds)
    for _ in range(_ORDERS if len(kinds) <= _MANY else 1):
        steps: dict[str, int] = {}
        for kind in order:
            taken = [steps[other] for other in beside[kind] if other in steps]
            counts = [taken.count(step) for step in range(_STEPS)]
            steps[kind] = counts.index(min(counts))
        weight = sum(step**2 * sizes[kind] for kind, step in steps.items())
        if weight < least:
            best, least = steps, weight
        shuffled.shuffle(order)
    return best


def _hues(
    kinds: Sequence[str], beside: Mapping[str, AbstractSet[str]], steps: Mapping[str, int]
) -> dict[str, int]:
    """For each kind the hue nearest to the one its name asks for that is free and off neighbours'.

    Where there are more kinds than hues, some are used again, on other steps first.
    """
    result: dict[str, int] = {}
    used = [0] * _HUES
    twins: Counter[tuple[int, int]] = Counter()
    for kind in kinds:
        near = [result[other] for other in beside[kind] if other in result]
        wish = zlib.crc32(kind.encode(errors="surrogatepass")) % _HUES
        crowds = [sum(max(0, _NEAR - _between(hue, one)) for one in near) for hue in range(_HUES)]
        same = [twins[steps[kind], hue] for hue in range(_HUES)]
        costs = [
            (100 * twin + crowd + 2 * uses, _between(hue, wish), hue)
            for hue, (twin, crowd, uses) in enumerate(zip(same, crowds, used, strict=True))
        ]
        hue = min(costs)[2]
        used[hue] += 1
        twins[steps[kind], hue] += 1
        result[kind] = hue
    return result


def _between(one: int, other: int) -> int:
    """How far apart two hues are on the circle."""
    return min((one - other) % _HUES, (other - one) % _HUES)


class Palette(Mapping[str, Swatch]):
    """The colours of every module of a tree in one theme, by FQN; worked out when asked for.

    ``twin`` is that of the same tree in the other theme: of steps and hues, there is one set.
    ``counted`` are the modules by number, and how many ops each has, where that is known already.
    """

    def __init__(
        self,
        tree: ModuleTree,
        theme: Theme,
        *,
        twin: Palette | None = None,
        counted: tuple[Modules, Ints] | None = None,
    ) -> None:
        self.theme = theme
        self._tree = tree
        self._twin = twin
        self._counted = counted

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        if self._twin is not None:
            return self._twin._places
        return _places(*(self._counted or _modules_of(self._tree)))

    def __getitem__(self, fqn: str) -> Swatch:
        kind = kind_of(self._tree[fqn])
        if not kind:
            return _swatch(0, 0, 0.0, self.theme)
        step, hue = self._places[kind]
        return _swatch(step, hue * 360 / _HUES, 1.0, self.theme)

    def __iter__(self) -> Iterator[str]:
        return (module.fqn for module in self._tree)

    def __len__(self) -> int:
        return len(self._tree)


@lru_cache(maxsize=4096)  # one takes a millisecond, and an edited model has the same again
def _swatch(step: int, hue: float, vivid: float, theme: Theme) -> Swatch:
    """The colours of a step and a hue; ``vivid`` is 0 for grey."""
    page = PAGE[theme]
    fill = _filled(step, _CHROMA[step] * vivid, hue, theme)
    inner = 1 if step == 0 else 0  # an op stands apart from the box it lies in
    solid = _filled(inner, 0.12 * vivid, hue, theme)
    soft = _filled(inner, 0.03 * vivid, hue, theme)
    return Swatch(
        fill=fill,
        border=_border(page, (fill, solid, soft), 0.09 * vivid, hue),
        ink=_ink(fill, 0.05 * vivid, hue),
        solid=solid,
        solid_ink=_ink(solid, 0.05 * vivid, hue),
        soft=soft,
        soft_ink=_ink(soft, 0.05 * vivid, hue),
    )


def _filled(step: int, chroma: float, hue: float, theme: Theme) -> str:
    """The colour of a step of the ladder that leads away from the page."""
    ratio = _STEP ** (step + 1)
    page = PAGE[theme]
    return hex_at(page, ratio if theme == "dark" else 1 / ratio, chroma, hue)


def _ink(fill: str, chroma: float, hue: float) -> str:
    """Text on a fill: dark or light, whichever reads better, with as much colour as it can have."""
    dark = contrast("#000000", fill) >= contrast("#ffffff", fill)
    start, stop = (0.25, 0.0) if dark else (0.97, 1.0)
    return _until((fill,), _shades(start, stop, chroma, hue), _TEXT)


def _border(page: str, fills: tuple[str, ...], chroma: float, hue: float) -> str:
    """An outline that is seen on the page and on all fills or, if none is, on the box's own."""
    dark_page = contrast("#000000", page) < contrast("#ffffff", page)
    away, back = ((0.6, 1.0), (0.4, 0.0)) if dark_page else ((0.55, 0.0), (0.7, 1.0))
    found = _until((page, *fills), _shades(*away, chroma, hue), _SHAPE)
    if contrast(found, fills[0]) >= _SHAPE:
        return found
    return _until(fills[:1], _shades(*back, chroma, hue), _SHAPE)


def _shades(start: float, stop: float, chroma: float, hue: float) -> Iterator[str]:
    for step in range(21):
        yield hex_of(start + (stop - start) * step / 20, chroma, hue)


def _until(others: tuple[str, ...], candidates: Iterator[str], least: float) -> str:
    """The first candidate that stands out enough from all others; else the last."""
    colour = others[0]
    for colour in candidates:
        if all(contrast(colour, other) >= least for other in others):
            break
    return colour
