"""The module tree: FQN → class, tag, parameter count.

Only modules that can own ops are in the tree: a ``ModuleList`` never runs, so
``encoder.layer`` is no module and ``encoder.layer.0`` is a child of
``encoder``, shown as ``BertLayer.0``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hexviz.model import fqn as names
from hexviz.model.cached import cached_property
from hexviz.model.size_limits import refuse_letters

__all__ = ["Module", "ModuleInfo", "ModuleTree", "build_tree"]


@dataclass(frozen=True, slots=True)
class ModuleInfo:
    """What a source tells of one module: its class (``""`` if unknown) and parameter count.

    ``parameters`` counts elements of the parameters held by the module and
    everything below it; ``None`` where it is unknown. ``label`` is the last
    step of its tag where that is on record: in a part of a model, the siblings
    that it was told apart from are gone. ``same_as`` is the first FQN of the
    module, where this is another name of it.
    """

    class_name: str = ""
    parameters: int | None = None
    label: str = ""
    same_as: str = ""


@dataclass(frozen=True, slots=True)
class Module:
    """One module of the tree; ``ops`` are the ids of its own ops, in order of execution.

    A PyTorch module with several FQNs is in the tree under each of them, with
    the ops that ran under that one; ``same_as`` of all but the first is the first.
    """

    fqn: str
    tag: str
    class_name: str
    parent: str | None
    children: tuple[str, ...]
    ops: tuple[str, ...] = ()
    parameters: int | None = None
    same_as: str = ""

    @property
    def label(self) -> str:
        """The last step of the tag, as shown in a box title: ``BertLayer.0``."""
        return self.tag.rpartition("/")[2] or "model"


class ModuleTree:
    """All modules by FQN, each followed by all that are below it.

    Iterating yields every :class:`Module`; ``tree[fqn]`` finds one. The root
    ``""`` is always there.
    """

    def __init__(self, modules: Iterable[Module]) -> None:
        self._modules = {module.fqn: module for module in modules}
        self._by_tag = {module.tag: module.fqn for module in self._modules.values()}

    def __getitem__(self, fqn: str) -> Module:
        return self._modules[fqn]

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __len__(self) -> int:
        return len(self._modules)

    def __contains__(self, fqn: object) -> bool:
        return fqn in self._modules

    @property
    def by_tag(self) -> Mapping[str, str]:
        """Tag → FQN."""
        return MappingProxyType(self._by_tag)

    def first_name(self, fqn: str) -> str:
        """The first FQN of a module, which tells whether two are names of one."""
        module = self._modules.get(fqn)
        return (module.same_as if module else "") or fqn

    def names_of(self, fqn: str) -> tuple[str, ...]:
        """All FQNs of a module, the first one first: just its own, if it is known by no other."""
        return self._names.get(self.first_name(fqn), (fqn,))

    @cached_property
    def _names(self) -> Mapping[str, tuple[str, ...]]:
        """First FQN → all FQNs, of the modules that have several."""
        found: dict[str, list[str]] = {}
        for module in self._modules.values():
            if module.same_as:
                found.setdefault(module.same_as, [module.same_as]).append(module.fqn)
        return {first: tuple(known) for first, known in found.items()}

    def infos(self) -> dict[str, ModuleInfo]:
        """What is known of each module, by FQN: what a tree is built from."""
        return {
            one.fqn: ModuleInfo(
                one.class_name, one.parameters, one.tag.rpartition("/")[2], one.same_as
            )
            for one in self
        }

    def nearest(self, fqn: str) -> str:
        """The deepest module of the tree that encloses ``fqn``."""
        while fqn not in self._modules:
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
    known = {"": infos.get("", ModuleInfo())} | {fqn: info for fqn, info in infos.items() if fqn}
    children: dict[str, list[str]] = {fqn: [] for fqn in known}
    parents: dict[str, str] = {}
    for fqn in known:
        if fqn:
            above = names.parent(fqn)
            while above not in known:
                above = names.parent(above)
            parents[fqn] = above
            children[above].append(fqn)
    tags = {"": "/" + _clean(known[""].class_name)}
    letters = 0
    modules: list[Module] = []
    pending = [""]
    while pending:
        fqn = pending.pop()
        if children[fqn]:
            labels = _labels(fqn, children[fqn], known)
            base = tags[fqn].rstrip("/")
            refuse_letters(letters + len(labels) * len(base))
            tags.update({child: f"{base}/{label}" for child, label in labels.items()})
        letters += len(tags[fqn])
        refuse_letters(letters)
        modules.append(
            Module(
                fqn=fqn,
                tag=tags[fqn],
                class_name=known[fqn].class_name,
                parent=parents.get(fqn),
                children=tuple(children[fqn]),
                parameters=known[fqn].parameters,
                same_as=known[fqn].same_as,
            )
        )
        pending.extend(reversed(children[fqn]))
    return ModuleTree(modules)


def _clean(label: str) -> str:
    # "/" separates the steps of a tag, so a step cannot hold one.
    return label.replace("/", "∕")


def _labels(parent: str, children: list[str], known: Mapping[str, ModuleInfo]) -> dict[str, str]:
    """A label for each child, unique among its siblings.

    Each round spells the members of a clash out further: class, class and
    last step, class and whole path; a counter settles what is left.
    """
    classes = {child: _clean(known[child].class_name) for child in children}
    paths = {child: _clean(child[len(parent) + 1 if parent else 0 :]) for child in children}
    last = {child: path.rpartition(".")[2] for child, path in paths.items()}

    if all(classes.values()) and not any(known[child].label for child in children):
        # Mostly classes, or numbered members of lists, tell them apart already.
        plain = [
            f"{classes[child]}.{last[child]}" if last[child].isdecimal() else classes[child]
            for child in children
        ]
        if len(set(plain)) == len(plain):
            return dict(zip(children, plain, strict=True))

    def spelled(child: str, level: int) -> str:
        if not classes[child]:
            return paths[child]
        if level == 0 and not last[child].isdecimal():
            return classes[child]
        return f"{classes[child]}.{paths[child] if level >= 2 else last[child]}"

    level = dict.fromkeys(children, 0)
    for _ in range(2):
        groups: dict[str, list[str]] = {}
        for child in children:
            groups.setdefault(spelled(child, level[child]), []).append(child)
        for members in groups.values():
            if len(members) > 1:
                for child in members:
                    level[child] += 1
    result: dict[str, str] = {}
    taken: set[str] = set()
    counts: dict[str, int] = {}  # thousands of siblings may have one label on record
    for child in children:
        label = base = _clean(known[child].label) or spelled(child, level[child])
        while label in taken:
            counts[base] = counts.get(base, 1) + 1
            label = f"{base}~{counts[base]}"
        taken.add(label)
        result[child] = label
    return result
