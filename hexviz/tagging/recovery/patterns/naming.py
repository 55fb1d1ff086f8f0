"""Names for stretches that repetition found, and inner stretches that their ops prove.

All that is proven anywhere in the graph is collected first. Borders of stretches move to where
proven blocks begin and end; then patterns are placed among the stretches, the largest first.

A stretch that is itself proven has that word, and so have copies of it that hold parts with the
same words. Others of its family have none, and a family of their own.
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
from hexviz.tagging.recovery.patterns.residual import find_residuals
from hexviz.tagging.recovery.patterns.squeeze_excite import find_squeeze_excite
from hexviz.tagging.recovery.patterns.stages import name_stages
from hexviz.tagging.recovery.patterns.transformer import find_layers
from hexviz.tagging.recovery.patterns.tree import Node, Tree
from hexviz.tagging.recovery.patterns.words import BLOCKS, PARTS, SURE
from hexviz.tagging.recovery.stretch import Stretch

__all__ = ["find_patterns", "name_stretches"]


_LITTLE = 3
"""Ops that move besides: a norm, a sum, a nonlinearity after it."""


def name_stretches(flat: FlatGraph, stretches: list[Stretch]) -> list[Stretch]:
    """The stretches with names where their ops prove one, and with inner stretches so proven."""
    flow = Dataflow(flat)
    patterns = find_patterns(flow)
    for words in (BLOCKS, PARTS):
        whole = [one.ops for one in patterns if one.word in words]
        stretches = move_borders(stretches, whole, flow.still)
    tree = Tree(stretches, flow.still)
    families = _families(flow, patterns, 1 + max((one.family for one in tree.nodes), default=0))
    for one in sorted(patterns, key=lambda pattern: (-len(pattern.ops), min(pattern.ops))):
        tree.place(one, families[one], is_block=one.word in BLOCKS)
    _tidy(tree)
    _name(tree, 1 + max(families.values(), default=max(one.family for one in tree.nodes)))
    name_stages(flow, tree)
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


def _tidy(tree: Tree) -> None:
    """Take away what says nothing beside what is proven.

    Halves that a feed-forward part repeats are nothing to a reader, nor is what adds a norm and a
    sum to a part of a layer. A stretch around a single block whose copies are such blocks was cut
    too wide.
    """
    proven: dict[int, Counter[str]] = defaultdict(Counter)
    for node in tree.nodes[1:]:
        if node.proof is not None:
            proven[node.family][node.proof.word] += 1
    for number in tree.numbers():
        node = tree.nodes[number]
        if node.proof is not None:
            continue
        outer = tree.nodes[node.parent].proof
        if outer is not None and (outer.word not in BLOCKS or _adds_little(tree, node)):
            tree.dissolve(number)
            continue
        blocks = [
            one
            for one in node.inner
            if (proof := tree.nodes[one].proof) is not None and proof.word in BLOCKS
        ]
        if len(blocks) == 1:
            inner = tree.nodes[blocks[0]]
            if inner.proof is not None and proven[node.family][inner.proof.word]:
                inner.family = node.family
                tree.dissolve(number)


def _adds_little(tree: Tree, node: Node) -> bool:
    """Whether a node is a single part of a layer and at most a few ops around it."""
    inner = [tree.nodes[one] for one in node.inner]
    parts = [one for one in inner if one.proof is not None and one.proof.word in PARTS]
    around = node.moving - sum(one.moving for one in inner if one.proof is not None)
    return len(parts) == 1 and around <= _LITTLE


def _name(tree: Tree, first: int) -> None:
    """Name nodes by what they are proven to be, or else by copies that hold the same parts."""
    numbers = sorted(tree.numbers())
    proven: dict[tuple[int, tuple[str, ...]], str] = {}
    for number in numbers:
        node = tree.nodes[number]
        if node.proof is not None:
            proven[node.family, _parts(tree, node)] = node.proof.word
    split: dict[tuple[int, str], int] = {}
    for number in numbers:
        node = tree.nodes[number]
        if node.proof is not None:
            node.name = node.proof.word
            node.confidence = SURE[node.name]
        elif parts := _parts(tree, node):
            node.name = proven.get((node.family, parts), "")
    largest: dict[int, str] = {}
    for family, words in _words(tree, numbers).items():
        largest[family] = max(sorted(words), key=words.__getitem__)
    for number in numbers:
        node = tree.nodes[number]
        if node.name != largest[node.family]:
            key = (node.family, node.name)
            node.family = split.setdefault(key, first + len(split))


def _words(tree: Tree, numbers: Sequence[int]) -> dict[int, Counter[str]]:
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for number in numbers:
        found[tree.nodes[number].family][tree.nodes[number].name] += 1
    return found


def _parts(tree: Tree, node: Node) -> tuple[str, ...]:
    """The words of what is right inside a node."""
    proofs = [tree.nodes[one].proof for one in node.inner]
    return tuple(sorted(proof.word for proof in proofs if proof is not None))
