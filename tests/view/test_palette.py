import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings

from hexviz.model.modules import ModuleInfo, ModuleTree, build_tree
from hexviz.view.oklch import contrast, hex_of
from hexviz.view.palette import PAGE, Palette, Theme, hues
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


def check(tree: ModuleTree, theme: Theme) -> None:
    for fqn, swatch in Palette(tree, theme).items():
        assert contrast(swatch.ink, swatch.fill) >= 4.5, fqn
        assert contrast(swatch.ink, swatch.soft) >= 4.5, fqn
        assert contrast(swatch.solid_ink, swatch.solid) >= 4.5, fqn
        assert contrast(swatch.border, swatch.fill) >= 3, fqn
        assert contrast(swatch.border, PAGE[theme]) >= 3, fqn


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast_of_sample_trees(theme: Theme) -> None:
    check(bert(), theme)
    check(two_layers().modules, theme)


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_contrast_of_random_trees(seed: int) -> None:
    tree = random_graph(seed, n_ops=30, n_modules=25).modules
    check(tree, "light")
    check(tree, "dark")


def test_children_share_their_parents_range_and_differ() -> None:
    found = hues(bert())
    layers = [found[f"encoder.layer.{at}"][0] for at in range(12)]
    assert len({round(hue) for hue in layers}) == 12
    outside = [found["embeddings"][0], found["pooler"][0]]
    assert all(min(layers) < hue < max(layers) for hue in [found["encoder"][0]])
    assert not any(min(layers) <= hue <= max(layers) for hue in outside)


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
