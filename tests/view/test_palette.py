import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from hexviz.model.modules import ModuleInfo, ModuleTree, build_tree
from hexviz.view.oklch import contrast, hex_of
from hexviz.view.palette import (
    APART,
    PAGE,
    Palette,
    Swatch,
    Theme,
    kind_of,
    neighbours,
)
from tests.view.graphs import random_graph, seeds, two_layers

BERT = [
    "embeddings",
    "embeddings.LayerNorm",
    "encoder",
    *(
        f"encoder.layer.{layer}{part}"
        for layer in range(12)
        for part in ("", ".attention", ".attention.self", ".attention.self.query", ".output")
    ),
    "pooler",
]


def bert() -> ModuleTree:
    return build_tree({fqn: ModuleInfo() for fqn in BERT})


def swatches(tree: ModuleTree, theme: Theme) -> dict[str, Swatch]:
    """By kind of module; the root, which has no box, left out."""
    palette = Palette(tree, theme)
    return {kind_of(one): palette[one.fqn] for one in tree if one.parent is not None}


def faults(palette: Mapping[str, Swatch], beside: Mapping[str, set[str]], theme: Theme) -> set[str]:
    """What can not be told apart or read, in words."""
    found = set()
    for kind, swatch in palette.items():
        fills = (swatch.fill, swatch.solid, swatch.soft)
        inks = (swatch.ink, swatch.solid_ink, swatch.soft_ink)
        if min(contrast(fill, PAGE[theme]) for fill in fills) < APART:
            found.add(f"{kind} and the page")
        if min(contrast(*pair) for pair in zip(fills, inks, strict=True)) < 4.5:
            found.add(f"text of {kind}")
        if min(contrast(swatch.fill, inside) for inside in fills[1:]) < APART:
            found.add(f"{kind} and its ops")
        if contrast(swatch.border, swatch.fill) < 3:
            found.add(f"border of {kind}")
        for other in beside[kind] & palette.keys():
            if contrast(swatch.fill, palette[other].fill) < APART:
                found.add(f"{kind} and {other}")
    return found


def check(tree: ModuleTree, theme: Theme) -> None:
    assert not faults(swatches(tree, theme), neighbours(tree), theme)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_boxes_text_and_ops_of_sample_trees_stand_apart(theme: Theme) -> None:
    check(bert(), theme)
    check(two_layers().modules, theme)
    root = Palette(bert(), theme)[""]
    assert contrast(root.solid, PAGE[theme]) >= APART
    assert contrast(root.soft, PAGE[theme]) >= APART


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_boxes_text_and_ops_of_random_trees_stand_apart(seed: int) -> None:
    tree = random_graph(seed, n_ops=30, n_modules=25).modules
    check(tree, "light")
    check(tree, "dark")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("count", [1, 2, 5, 12, 24, 90])
def test_many_classes_stand_apart(count: int, theme: Theme) -> None:
    """A chain of different classes, each in one, beside two others."""
    infos = {}
    for at in range(count):
        infos[f"m{at}"] = ModuleInfo(f"Outer{at}")
        infos[f"m{at}.a"] = ModuleInfo(f"Left{at}")
        infos[f"m{at}.b"] = ModuleInfo("Shared")
    tree = build_tree(infos)
    check(tree, theme)
    if count <= 24:  # as many hues as there are
        fills = {swatch.fill for swatch in swatches(tree, theme).values()}
        assert len(fills) == 2 * count + 1


def test_the_guard_sees_a_palette_that_a_projector_washes_out() -> None:
    """What boxes looked like when hue alone told them apart, at nearly the page's lightness."""
    tree = bert()
    pale = {
        kind: replace(swatch, fill=hex_of(0.96, 0.03, 50 * at))
        for at, (kind, swatch) in enumerate(swatches(tree, "light").items())
    }
    found = faults(pale, neighbours(tree), "light")
    assert "encoder and the page" in found
    assert "encoder and encoder.layer.#" in found
    dark_ink = {kind: replace(one, ink=one.fill) for kind, one in swatches(tree, "light").items()}
    assert "text of encoder" in faults(dark_ink, neighbours(tree), "light")


def test_equal_classes_look_equal_and_others_do_not() -> None:
    palette = Palette(bert(), "light")
    assert len({palette[f"encoder.layer.{at}"] for at in range(12)}) == 1
    kinds = swatches(bert(), "light")
    assert len({swatch.fill for swatch in kinds.values()}) == len(kinds)


def test_a_class_keeps_its_hue_from_model_to_model_where_it_is_free() -> None:
    """Alone in a model or among others: only its lightness follows what is around it."""

    def hue(*classes: str) -> int:
        tree = build_tree({f"m{at}": ModuleInfo(name) for at, name in enumerate(classes)})
        return Palette(tree, "light")._places["Linear"][1]

    assert hue("Linear") == hue("Linear", "Conv2d", "ReLU")


def test_large_boxes_stay_near_the_page() -> None:
    places = Palette(bert(), "light")._places
    assert max(places[kind][0] for kind in ("encoder", "encoder.layer.#")) <= 1


def test_colours_do_not_depend_on_the_hash_seed() -> None:
    script = (
        "from tests.view.test_palette import bert\n"
        "from hexviz.view.palette import Palette\n"
        "print([(k, v) for k, v in Palette(bert(), 'light').items()])"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_out_of_range_colours_keep_their_lightness() -> None:
    assert hex_of(0.9, 0.4, 264) != "#ffffff"
    assert (
        abs(contrast(hex_of(0.5, 0.4, 264), "#ffffff") - contrast(hex_of(0.5, 0, 0), "#ffffff")) < 2
    )
