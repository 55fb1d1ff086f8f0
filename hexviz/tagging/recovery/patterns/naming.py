"""Names for stretches that repetition found, and inner stretches that their ops prove.

All that is proven anywhere in the graph is collected first, then placed, the largest first. A word
is for a family: its copies get the one that most of them prove, if none of them proves another.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from hexviz.model.flat import FlatGraph
from hexviz.tagging.recovery.patterns.activations import find_activations
from hexviz.tagging.recovery.patterns.attention import find_attention
from hexviz.tagging.recovery.patterns.blocks import find_blocks
from hexviz.tagging.recovery.patterns.borders import move_borders
from hexviz.tagging.recovery.patterns.dataflow import Dataflow
from hexviz.tagging.recovery.patterns.feed_forward import find_feed_forward
from hexviz.tagging.recovery.patterns.norms import find_norms
from hexviz.tagging.recovery.patterns.pattern import Pattern
from hexviz.tagging.recovery.patterns.placing import Tree
from hexviz.tagging.recovery.patterns.residual import find_residuals
from hexviz.tagging.recovery.patterns.squeeze_excite import find_squeeze_excite
from hexviz.tagging.recovery.patterns.transformer import find_layers
from hexviz.tagging.recovery.stretch import Stretch

__all__ = ["find_patterns", "name_stretches"]

_BLOCKS = frozenset(
    {"TransformerLayer", "DecoderLayer", "Bottleneck", "InvertedResidual", "ResidualBlock"}
)
"""What a network is a sequence of."""

_MOST_OF = 0.5
"""The share of a family's copies that has to prove its word."""


def name_stretches(flat: FlatGraph, stretches: list[Stretch]) -> list[Stretch]:
    """The stretches with names where their ops prove one, and with inner stretches so proven."""
    flow = Dataflow(flat)
    patterns = find_patterns(flow)
    blocks = [one.ops for one in patterns if one.word in _BLOCKS]
    tree = Tree(flow, move_borders(stretches, blocks, flow.still))
    families = _families(flow, patterns, 1 + max((one.family for one in tree.nodes), default=0))
    for one in sorted(patterns, key=lambda pattern: (-len(pattern.ops), min(pattern.ops))):
        tree.place(one, families[one])
    _name(tree)
    return tree.stretches()


def find_patterns(flow: Dataflow) -> list[Pattern]:
    """All that is proven of any ops of a graph."""
    gates = [*find_squeeze_excite(flow)]
    parts = [*find_attention(flow), *find_feed_forward(flow)]
    residuals = [*find_residuals(flow)]
    blocks = find_blocks(flow, residuals, frozenset(at for one in gates for at in one.ops))
    layers = find_layers(flow, residuals, parts)
    return [*layers, *blocks, *parts, *gates, *find_norms(flow), *find_activations(flow)]


def _families(flow: Dataflow, patterns: Sequence[Pattern], first: int) -> dict[Pattern, int]:
    """Patterns of one word with the same kinds of moving ops are copies of each other."""
    numbers: dict[tuple[str, tuple[str, ...]], int] = {}
    found = {}
    for one in patterns:
        kinds = tuple(sorted(flow.types[at] for at in one.ops if not flow.still[at]))
        found[one] = numbers.setdefault((one.word, kinds), first + len(numbers))
    return found


def _name(tree: Tree) -> None:
    """Name the stretches of each family by what most of them prove."""
    proven: dict[int, Counter[str]] = defaultdict(Counter)
    sizes: Counter[int] = Counter()
    for node in tree.nodes[1:]:
        sizes[node.family] += 1
        if node.patterns:  # the largest came first
            proven[node.family][node.patterns[0].word] += 1
    for node in tree.nodes[1:]:
        words = proven[node.family]
        if len(words) == 1 and words.total() >= _MOST_OF * sizes[node.family]:
            node.name = next(iter(words))
