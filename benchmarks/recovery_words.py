"""``python -m benchmarks.recovery_words FILE|FOLDER...``: are blocks called what they are?

The truth is that of :mod:`benchmarks.recovery`. A named stretch is *right* if a module that it
overlaps by half has a class or an attribute name that the word is for, by :data:`CLASSES`;
*wrong*, if it overlaps others only; *alone*, if it overlaps none. ``by 0.8`` asks for that
overlap. What a layer does in its own ``forward``, with no module around, is alone even if the
word is right.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from benchmarks.recovery import FOUND, OVERLAP, Finder, Overlaps, files, named
from benchmarks.recovery_truth import TrueModule, Truth, restore
from hexviz.model.flatten import flatten
from hexviz.tagging.recovery.stretch import Stretch

__all__ = ["CLASSES", "judge"]

DEFAULT = "hexviz.tagging.recovery.find:find_stretches"

CLASSES: dict[str, str] = {
    "MultiHeadAttention": r"(?i)(attention|attn|MHA)",
    "Attention": r"(?i)(attention|attn|MHA)",
    "FeedForward": r"(?i)(mlp|ffn|feed_?forward|denseact|layerff|intermediate|output)",
    "TransformerLayer": r"(?i)(layer|block|group|partitionattention)",
    "ConformerLayer": r"(?i)(conformer|layer)",
    "DecoderLayer": r"(?i)(decoder|layer|block)",
    "LayerNorm": r"(?i)(layer_?norm|groupnorm)",
    "RMSNorm": r"(?i)(rms_?norm|layer_?norm)",
    "GroupNorm": r"(?i)group_?norm",
    "GELU": r"(?i)gelu",
    "SqueezeExcite": r"(?i)(squeeze|^se|selayer)",
    "InvertedResidual": r"(?i)(inverted|mb_?conv|mobilenetlayer)",
    "Bottleneck": r"(?i)(bottle|neck|^RegNet.Layer|ResNetBottle)",
    "ResidualBlock": r"(?i)(resi|basic|block|bottle|resnet)",
    "ConvNorm": r"(?i)(conv)",
    "Stage": r"(?i)(stage|sequential|encoder|modulelist|^$)",
    "DenseLayer": r"(?i)dense",
}
"""Word → the classes that it is for, by their names."""


def judge(truth: Truth, top: Iterable[Stretch]) -> dict[str, Counter[str]]:
    """By word: how many stretches are right, wrong, and alone, and what the wrong ones are."""
    counts = np.ones(truth.ops, dtype=np.bool_)
    counts[list(truth.unsure)] = False
    overlaps = Overlaps(truth.modules, counts)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for one in (stretch for outer in top for stretch in outer.walk()):
        word = one.name or "(none)"
        overlap = overlaps.of(one)
        near = np.flatnonzero(overlap >= OVERLAP).tolist()
        tally = found[word]
        tally["all"] += 1
        tally["sure"] += round(1000 * one.confidence)
        if not near:
            tally["alone"] += 1
            continue
        tally["0.8"] += bool(overlap.max() >= FOUND)
        wanted = re.compile(CLASSES.get(one.name, ""))
        right = [at for at in near if wanted.search(_called(truth.modules[at]))]
        if right:
            tally["right"] += 1
            tally["right 0.8"] += max(overlap[right]) >= FOUND
        else:
            best = max(near, key=overlap.__getitem__)
            tally["wrong"] += 1
            tally[f"wrong: {truth.modules[best].class_name}"] += 1
    return found


def _called(module: TrueModule) -> str:
    """Its class and what it is called in the one around, as an ``mlp`` may be any Sequential."""
    return f"{module.class_name} {module.fqn.rpartition('.')[2]}"


def measure(path: Path, finder: Finder) -> dict[str, Counter[str]]:
    """The words of one file."""
    document: dict[str, Any] = json.loads(path.with_suffix(".json").read_bytes())
    flat = flatten(onnx.load(path, load_external_data=False))
    return judge(restore(document), finder(flat))


def table(words: dict[str, Counter[str]], details: bool) -> str:
    """One line for each word."""
    lines = [f"{'word':20}  all  alone  right  wrong  right of both  by 0.8  stated"]
    for word, tally in sorted(words.items()):
        both = tally["right"] + tally["wrong"]
        share = tally["right"] / both if both else float("nan")
        exact = tally["right 0.8"] / tally["all"]
        sure = tally["sure"] / 1000 / tally["all"]
        lines.append(
            f"{word:20}{tally['all']:5}{tally['alone']:7}{tally['right']:7}{tally['wrong']:7}"
            f"{share:15.3f}{exact:8.3f}{sure:8.3f}"
        )
        if details:
            wrong = [(n, what) for what, n in tally.items() if what.startswith("wrong:")]
            lines += [f"    {n} {what}" for n, what in sorted(wrong, reverse=True)]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge the files, and print how it went."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recovery_words")
    parser.add_argument("paths", type=Path, nargs="+", help="files, or folders of them")
    parser.add_argument("--with", dest="finder", default=DEFAULT, help="MODULE:FUNCTION")
    parser.add_argument("--only", default="", help="a part of the names of the files to judge")
    parser.add_argument("--details", action="store_true", help="list the classes of wrong ones")
    chosen = parser.parse_args(arguments)
    finder = named(chosen.finder)
    words: dict[str, Counter[str]] = defaultdict(Counter)
    for path in files(chosen.paths):
        if chosen.only in str(path):
            for word, tally in measure(path, finder).items():
                words[word].update(tally)
    sys.stdout.write(table(words, chosen.details))


if __name__ == "__main__":
    main()
