"""The module tree: FQN → class, tag, parameter count.

Only modules that can own ops are in the tree: a ``ModuleList`` never runs, so
``encoder.layer`` is no module and ``encoder.layer.0`` is a child of
``encoder``, shown as ``BertLayer.0``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from hexviz.model import fqn as names
from hexviz.model.cached import cached_property
from hexviz.model.size_limits import refuse_letters

__all__ = ["Module", "ModuleColumns", "ModuleInfo", "ModuleTree", "build_tree"]


@dataclass(frozen=True, slots=True)
class ModuleInfo:
    """What a source tells of one module: its class (``""`` if unknown) and parameter count.

    ``parameters`` counts elements of the parameters held by the module and
    everything below it; ``None`` where it is unknown. ``label`` is the last
    step of its tag where that is on record: in a part of a model, the siblings
    that it was told apart from are gone. ``same_as`` is the first FQN of the
    module, where this is another name of it. ``copies`` is 0 for a module that
    something names; one that was found in a graph that names none
    (:mod:`hexviz.tagging.recovery`) is one of so many copies. Where a person named these,
    ``found_as`` is the class name that they were found with.
    """

    class_name: str = ""
    parameters: int | None = None
    label: str = ""
    same_as: str = ""
    copies: int = 0
    found_as: str = ""


@dataclass(frozen=True, slots=True)
class Module:
    """One module of the tree; ``ops`` are the ids of its own ops, in order of execution.

    A PyTorch module with several FQNs is in the tree under each of them, with
    the ops that ran under that one; ``same_as`` of all but the first is the first.
    ``copies`` is 0 for a module that something names; one that was found in a graph that names none
    is one of so many copies, and ``found_as`` its class name before a person named these.
    """

    fqn: str
    tag: str
    class_name: str
    parent: str | None
    children: tuple[str, ...]
    ops: tuple[str, ...] = ()
    parameters: int | None = None
    same_as: str = ""
    copies: int = 0
    found_as: str = ""

    @property
    def label(self) -> str:
        """The last step of the tag, as shown in a box title: ``BertLayer.0``."""
        return self.tag.rpartition("/")[2] or "model"

    @property
    def is_recovered(self) -> bool:
        """Whether nothing names the module: it was found by what the graph repeats."""
        return self.copies > 0


class ModuleColumns(NamedTuple):
    """What all modules of a tree have, each followed by all that are below it.

    ``parents`` are numbers of modules, -1 for the root; else it is as in :class:`Module`.
    """

    fqns: Sequence[str]
    tags: Sequence[str]
    class_names: Sequence[str]
    parents: Sequence[int]
    children: Sequence[tuple[str, ...]]
    parameters: Sequence[int | None]
    same_as: Sequence[str]
    copies: Sequence[int]
    found_as: Sequence[str]


class ModuleTree:
    """All modules by FQN, each followed by all that are below it.

    Iterating yields every :class:`Module`; ``tree[fqn]`` finds one: objects that are made
    when somebody asks. ``columns`` has all of them without. The root ``""`` is always there.
    ``ops_of`` tells the ids of a module's own ops by its number.
    """

    def __init__(
        self,
        columns: ModuleColumns,
        ops_of: Callable[[int], tuple[str, ...]] | None = None,
    ) -> None:
        self.columns = columns
        self._ops_of = ops_of
        self._made: dict[int, Module] = {}

    def with_ops(self, ops_of: Callable[[int], tuple[str, ...]]) -> ModuleTree:
        """The same modules, with the ops that are told of each by its number."""
        tree = ModuleTree(self.columns, ops_of)
        tree.numbers = self.numbers
        return tree

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """FQN → number of the module, by which the columns have it."""
        return {fqn: at for at, fqn in enumerate(self.columns.fqns)}

    def __getitem__(self, fqn: str) -> Module:
        return self._module(self.numbers[fqn])

    def __iter__(self) -> Iterator[Module]:
        return map(self._module, range(len(self)))

    def __len__(self) -> int:
        return len(self.columns.fqns)

    def __contains__(self, fqn: object) -> bool:
        return fqn in self.numbers

    def _module(self, at: int) -> Module:
        made = self._made.get(at)
        if made is None:
            fqns, tags, classes, parents, children, parameters, same_as, copies, found_as = (
                self.columns
            )
            made = self._made[at] = Module(
                fqns[at],
                tags[at],
                classes[at],
                None if parents[at] < 0 else fqns[parents[at]],
                children[at],
                () if self._ops_of is None else self._ops_of(at),
                parameters[at],
                same_as[at],
                copies[at],
                found_as[at],
            )
        return made

    @cached_property
    def by_tag(self) -> Mapping[str, str]:
        """Tag → FQN."""
        return MappingProxyType(dict(zip(self.columns.tags, self.columns.fqns, strict=True)))

    def first_name(self, fqn: str) -> str:
        """The first FQN of a module, which tells whether two are names of one."""
        at = self.numbers.get(fqn)
        return fqn if at is None else self.columns.same_as[at] or fqn

    def names_of(self, fqn: str) -> tuple[str, ...]:
        """All FQNs of a module, the first one first: just its own, if it is known by no other."""
        return self._names.get(self.first_name(fqn), (fqn,))

    @cached_property
    def _names(self) -> Mapping[str, tuple[str, ...]]:
        """First FQN → all FQNs, of the modules that have several."""
        found: dict[str, list[str]] = {}
        for fqn, first in zip(self.columns.fqns, self.columns.same_as, strict=True):
            if first:
                found.setdefault(first, [first]).append(fqn)
        return {first: tuple(known) for first, known in found.items()}

    def infos(self) -> dict[str, ModuleInfo]:
        """What is known of each module, by FQN: what a tree is built from."""
        fqns, tags, classes, _, _, parameters, same_as, copies, found_as = self.columns
        labels = [tag.rpartition("/")[2] for tag in tags]
        known = map(ModuleInfo, classes, parameters, labels, same_as, copies, found_as)
        return dict(zip(fqns, known, strict=True))

    def nearest(self, fqn: str) -> str:
        """The deepest module of the tree that encloses ``fqn``."""
        while fqn not in self.numbers:
            fqn = names.parent(fqn)
        return fqn


def build_tree(infos: Mapping[str, ModuleInfo]) -> ModuleTree:
    """Build the tree, with tags, from what is known of each FQN.

    The parent of a module is its nearest *known* ancestor. Tags map one to
    one to FQNs::

        encoder            BertEncoder    /BertModel/BertEncoder
        encoder.layer.0    BertLayer      /BertModel/BertEncoder/BertLayer.0
        encoder.x, .y      Linear twice   …/Linear.x, …/Linear.y
        decoder            (no class)     /BertModel/decoder

    Raises:
        ReadError: if the tags have more characters than any model's.
    """
    known = {"": ModuleInfo(), **infos}
    children: dict[str, list[str]] = {fqn: [] for fqn in known}
    for fqn in known:
        if fqn:
            above = fqn.rpartition(".")[0]
            while above not in known:
                above = above.rpartition(".")[0]
            children[above].append(fqn)
    rows: list[tuple[str, str, int]] = []
    letters = 0
    labelled: dict[tuple[tuple[str, ...], ...], list[str]] = {}  # most modules of a kind are alike
    pending = [("", "/" + _clean(known[""].class_name), -1)]
    while pending:
        row = fqn, tag, _ = pending.pop()
        inner = children[fqn]
        if inner:
            start = len(fqn) + 1 if fqn else 0
            described = [known[child] for child in inner]
            spelling = (
                tuple([child[start:] for child in inner]),
                tuple([one.class_name for one in described]),
                tuple([one.label for one in described]),
            )
            labels = labelled.get(spelling)
            if labels is None:
                labels = labelled[spelling] = _labels(*spelling)
            base = tag.rstrip("/")
            refuse_letters(letters + len(labels) * len(base))
            at = len(rows)
            pending.extend(
                [
                    (child, f"{base}/{label}", at)
                    for child, label in zip(reversed(inner), reversed(labels), strict=True)
                ]
            )
        letters += len(tag)
        refuse_letters(letters)
        rows.append(row)
    fqns, tags, parents = map(list, zip(*rows, strict=True))
    found = [known[fqn] for fqn in fqns]
    return ModuleTree(
        ModuleColumns(
            fqns=fqns,
            tags=tags,
            class_names=[one.class_name for one in found],
            parents=parents,
            children=[tuple(children[fqn]) for fqn in fqns],
            parameters=[one.parameters for one in found],
            same_as=[one.same_as for one in found],
            copies=[one.copies for one in found],
            found_as=[one.found_as for one in found],
        )
    )


def _clean(label: str) -> str:
    # "/" separates the steps of a tag, so a step cannot hold one.
    return label.replace("/", "∕")


def _labels(
    below: Sequence[str], class_names: Sequence[str], on_record: Sequence[str]
) -> list[str]:
    """A label for each of some siblings, unique among them.

    ``below`` are their paths below their parent, ``on_record`` their labels where these are known.
    Each round spells the members of a clash out further: class, class and
    last step, class and whole path; a counter settles what is left.
    """
    classes, paths = list(map(_clean, class_names)), list(map(_clean, below))
    last = [path.rpartition(".")[2] for path in paths]

    if all(classes) and not any(on_record):
        # Mostly classes, or numbered members of lists, tell them apart already.
        plain = [
            f"{kind}.{step}" if step.isdecimal() else kind
            for kind, step in zip(classes, last, strict=True)
        ]
        if len(set(plain)) == len(plain):
            return plain

    def spelled(child: int, level: int) -> str:
        if not classes[child]:
            return paths[child]
        if level == 0 and not last[child].isdecimal():
            return classes[child]
        return f"{classes[child]}.{paths[child] if level >= 2 else last[child]}"

    level = [0] * len(paths)
    for _ in range(2):
        groups: dict[str, list[int]] = {}
        for child in range(len(paths)):
            groups.setdefault(spelled(child, level[child]), []).append(child)
        for members in groups.values():
            if len(members) > 1:
                for child in members:
                    level[child] += 1
    result: list[str] = []
    taken: set[str] = set()
    counts: dict[str, int] = {}  # thousands of siblings may have one label on record
    for child, known in enumerate(on_record):
        label = base = _clean(known) or spelled(child, level[child])
        while label in taken:
            counts[base] = counts.get(base, 1) + 1
            label = f"{base}~{counts[base]}"
        taken.add(label)
        result.append(label)
    return result
