"""Recovered blocks: stretches of a graph that are kept, each with a name of its own.

The name is made of words, as that of a module is made of classes and indices::

    stretch        word           FQN                   path
    family 0       Block          Block.0, Block.1, …   ("Block",)
      family 1     FeedForward    Block.0.FeedForward   ("Block", "FeedForward")
      family 2     Block          Block.0.Block         ("Block", "Block")
    family 3       Block2         Block2                ("Block2",)

Several of one family in one parent are numbered, a single one is not, and families of one word in
one parent are told apart by a number behind the word. A path has no indices: all copies share it,
and it is what a person renames (:mod:`hexviz.tagging.recovery.names`).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hexviz.model.modules import ModuleInfo
from hexviz.tagging.recovery.names import WordPath
from hexviz.tagging.recovery.stretch import Stretch
from hexviz.tagging.structure import Mask

__all__ = ["UNKNOWN", "Block", "blocks_of", "infos_of"]

UNKNOWN = "Block"
"""The word for what no pattern names."""

_FREE = 0.8
"""Share of a stretch that nothing else may name: a guess never replaces what the file says."""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch that is kept: the number of the block around it (-1 for none), and its names.

    ``word`` is what it was found as, ``class_name`` that or what a person calls it.
    """

    stretch: Stretch
    parent: int
    depth: int
    fqn: str
    word: str
    class_name: str
    path: WordPath


def blocks_of(
    stretches: Iterable[Stretch],
    free: Mask,
    declared: Iterable[str],
    renamed: Mapping[WordPath, str],
) -> list[Block]:
    """The blocks of a graph, each before those in it, siblings in order of execution.

    ``free`` says of each op whether nothing names its module, ``declared`` are the FQNs that
    something names, and ``renamed`` what a person calls blocks. Of a stretch that is not kept,
    those in it may be: one that the file names in part, or one that is neither known by a word nor
    has a copy, as nothing speaks for it.
    """
    found: list[Block] = []
    stretches = list(stretches)
    copies = Counter(one.family for top in stretches for one in top.walk() if _is_free(one, free))
    at_root = {fqn.partition(".")[0] for fqn in declared}
    pending: list[tuple[int, list[Stretch]]] = [(-1, stretches)]
    while pending:
        parent, inner = pending.pop()
        start = len(found)
        taken = at_root if parent < 0 else set()
        above = None if parent < 0 else found[parent]
        found.extend(_siblings(_kept(inner, free, copies), parent, above, taken, renamed))
        pending.extend(
            (at, found[at].stretch.inner)
            for at in range(len(found) - 1, start - 1, -1)
            if found[at].stretch.inner
        )
    return found


def infos_of(blocks: Sequence[Block]) -> dict[str, ModuleInfo]:
    """What is known of each block as a module, by FQN, in the order of execution."""
    copies: dict[int, int] = {}
    for block in blocks:
        copies[block.stretch.family] = copies.get(block.stretch.family, 0) + 1
    return {
        block.fqn: ModuleInfo(
            block.class_name,
            copies=copies[block.stretch.family],
            found_as=block.word if block.word != block.class_name else "",
        )
        for block in blocks
    }


def _is_free(stretch: Stretch, free: Mask) -> bool:
    return bool(free[stretch.ops].mean() >= _FREE)


def _kept(stretches: list[Stretch], free: Mask, copies: Mapping[int, int]) -> list[Stretch]:
    """Those to be blocks, in order; those in one that is none stand in its place.

    ``copies`` are how many free stretches there are, by family.
    """
    found: list[Stretch] = []
    pending = list(stretches)
    while pending:
        one = pending.pop()
        if _is_free(one, free) and (one.name or copies[one.family] > 1):
            found.append(one)
        else:
            pending.extend(one.inner)
    return sorted(found, key=_end)


def _end(stretch: Stretch) -> int:
    # Not where it begins: some files list the constants of all blocks before their first op.
    return int(stretch.ops[-1])


def _siblings(
    stretches: Sequence[Stretch],
    parent: int,
    above: Block | None,
    taken: Collection[str],
    renamed: Mapping[WordPath, str],
) -> Iterator[Block]:
    """The blocks of one parent; ``taken`` are words that mean other modules there."""
    groups: dict[tuple[int, str], list[Stretch]] = {}
    for one in stretches:
        groups.setdefault((one.family, one.name or UNKNOWN), []).append(one)
    path, base, depth = ((), "", 0) if above is None else (above.path, above.fqn + ".", above.depth)
    used = set(taken)
    words: dict[tuple[int, str], str] = {}
    for key in groups:
        word = next(one for one in _numbered(key[1]) if one not in used)
        words[key] = word
        used.add(word)
    shown: dict[tuple[int, str], str] = {}
    for key, word in words.items():
        wanted = renamed.get((*path, word), word)
        # Since it was renamed, the file may have changed: then the word may be another block's now.
        shown[key] = wanted if wanted == word or wanted not in used else word
        used.add(shown[key])
    numbers = {key: itertools.count() for key in groups}
    for one in stretches:
        key = (one.family, one.name or UNKNOWN)
        word, name = words[key], shown[key]
        index = f".{next(numbers[key])}" if len(groups[key]) > 1 else ""
        yield Block(one, parent, depth + 1, f"{base}{name}{index}", word, name, (*path, word))


def _numbered(word: str) -> Iterator[str]:
    yield word
    for number in itertools.count(2):
        yield f"{word}{number}"
