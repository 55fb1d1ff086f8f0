"""Rule ``metadata``: the module that an exporter or another tool wrote on a node.

Keys, most specific first: PyTorch's ``name_scopes`` with
``class_hierarchy`` (torch/onnx/_internal/exporter/_core.py writes them),
``namespace`` (the same, as one string), and ``winml.hierarchy.tag``.

torch.export may write ``name@1`` for a second call of ``name``, and has
bookkeeping scopes of its own. A key of a ModuleDict can be just that::

    d.x@2      class Linear; the file has a weight d.x@2.weight       the module d.x@2
    d.x@2      class Linear, as d.x, and nothing is called d.x@2      the third call of d.x

The exporter's list of modules decides; without it, the names of weights and
classes that differ do.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hexviz.model import fqn as names
from hexviz.model.flat import FlatGraph
from hexviz.model.fqn import join
from hexviz.model.size_limits import LONGEST_CLASS, is_path

__all__ = [
    "KEYS",
    "PATH_KEYS",
    "REWRITTEN",
    "Scope",
    "Telling",
    "as_written",
    "inside",
    "last_entry",
    "only_plain",
    "read",
    "recorded",
    "scope_of_tag",
    "scopes_of",
    "spelled",
    "telling",
    "too_long",
]

KEYS = frozenset(
    {
        "pkg.torch.onnx.name_scopes",
        "pkg.torch.onnx.class_hierarchy",
        "namespace",
        "winml.hierarchy.tag",
    }
)
"""What :func:`scopes_of` looks at."""

PATH_KEYS = ("pkg.torch.onnx.name_scopes", "winml.hierarchy.tag")
"""Those under which :func:`too_long` looks for paths."""

REWRITTEN = "pkg.onnxscript.rewriter.rule_name"
"""Key of the rules by which onnxscript's optimiser made a node out of others."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The modules that enclose an op, outermost first, each with its class name (or ``""``).

    ``tag`` is the path in class names where that is all a source tells; the
    FQNs are then made of it. ``written`` are the names and classes as they
    stand there, if PyTorch's notation was taken out of them (``name@1``), which
    may as well be what somebody called a module: see :func:`as_written`.
    """

    fqns: tuple[str, ...]
    class_names: tuple[str, ...]
    tag: str = ""
    written: tuple[tuple[str, str], ...] = ()

    @property
    def module(self) -> str:
        """FQN of the innermost module."""
        return self.fqns[-1]


# PyTorch's bookkeeping for nodes that came from no module.
_PSEUDO = "_empty_nn_module_stack"

# The module that torch.export wraps what it traced in, which no one wrote.
_EXPORT_ROOT = "_export_root"

_MOST_SCOPES = 1 << 16
"""Scopes that are remembered: ops of one module stand side by side, but not all of them."""

_LONGEST_LITERAL = 1 << 18
"""Longest list that is parsed, in characters: Python's parser takes a hundred times that memory."""

_PLAIN_LIST = re.compile(r"\['[^'\\]*'(?:, '[^'\\]*')*\]")

# A module that is called a second time appears as ``name@1``.
_CALL_COUNT = re.compile(r"@\d+")


def scopes_of(metadata: Mapping[str, str]) -> tuple[Scope, ...]:
    """The scopes that a node's metadata declares, most trustworthy first, each once."""
    return read(telling(metadata)) if metadata else ()


class Telling(NamedTuple):
    """What a node's metadata says of modules, without what it says of the node alone."""

    scopes: str
    classes: str
    namespace: str
    tag: str


def telling(metadata: Mapping[str, str]) -> Telling:
    """What is read of a node's metadata: the same for all ops of a module."""
    return Telling(
        _without_last(metadata.get("pkg.torch.onnx.name_scopes", "")),
        _without_last(metadata.get("pkg.torch.onnx.class_hierarchy", "")),
        metadata.get("namespace", "").rpartition("/")[0],
        metadata.get("winml.hierarchy.tag", ""),
    )


def read(told: Telling) -> tuple[Scope, ...]:
    """The scopes that it declares, most trustworthy first."""
    found = recorded(told.scopes, told.classes, told.namespace)
    by_tag = scope_of_tag(told.tag) if told.tag else None
    return found if by_tag is None else (*found, by_tag)


def scope_of_tag(tag: str) -> Scope | None:
    """The scope of a path in class names, ``/BertModel/BertEncoder/BertLayer.0``.

    Such a path has no attribute names, so the steps below the root stand in
    for them: ``BertEncoder.BertLayer.0``.

    >>> scope_of_tag("/BertModel/BertEncoder/BertLayer.0").fqns
    ('', 'BertEncoder', 'BertEncoder.BertLayer.0')
    """
    steps = [step for step in tag.split("/") if step] if is_path(tag) else []
    if not steps:
        return None
    fqns = ["", *(".".join(steps[1 : end + 1]) for end in range(1, len(steps)))]
    class_names = tuple(step.partition(".")[0] for step in steps)
    return Scope(tuple(fqns), class_names, "/" + "/".join(steps))


def _without_last(text: str) -> str:
    """The list without its last entry, which names the FX node.

    That makes nearly every list unique in a file while the rest repeats, so
    cutting it off lets the cache work.
    """
    around, comma, last = text.rpartition(", '")
    if comma and last.endswith("']") and last.count("'") == 1 and "\\" not in last:
        return around + "]"
    return repr(list(_entries(text)[:-1])) if text else text


def last_entry(text: str) -> str:
    """The last entry of such a list, which names the FX node or its function; ``""`` for none."""
    last = text[text.rfind(", '") + 3 : -2]
    if text.endswith("']") and ", '" in text and "'" not in last and "\\" not in last:
        return last  # nearly always, and without looking at the rest
    return (_entries(text) or ("",))[-1]


@functools.lru_cache(maxsize=_MOST_SCOPES)
def _entries(text: str) -> tuple[str, ...]:
    if not text:
        return ()
    if _PLAIN_LIST.fullmatch(text):  # nearly always, and ten times as fast as Python's parser
        return tuple(text[2:-2].split("', '"))
    if len(text) > _LONGEST_LITERAL:
        return ()
    try:
        parsed = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    if not isinstance(parsed, list | tuple):
        return ()
    return tuple(entry for entry in parsed if isinstance(entry, str) and _is_text(entry))


def _is_text(entry: str) -> bool:
    try:
        entry.encode()
    except UnicodeEncodeError:  # a lone surrogate can be parsed and never written
        return False
    return True


@functools.lru_cache(maxsize=_MOST_SCOPES)
def recorded(scopes: str, classes: str, namespace: str) -> tuple[Scope, ...]:
    """What PyTorch's two keys say: one scope if they agree, as they nearly always do."""
    fqns, class_names = _entries(scopes), _entries(classes)
    if len(class_names) != len(fqns):
        class_names = ("",) * len(fqns)
    named = _scope(zip(fqns, class_names, strict=True))
    if namespace == "/".join(map(": ".join, zip(fqns, class_names, strict=True))):
        return () if named is None else (named,)
    steps = (step.partition(": ") for step in namespace.split("/")) if namespace else ()
    spaced = _scope((name, class_name) for name, _, class_name in steps)
    if named is not None and spaced is not None and named.fqns == spaced.fqns:
        return (named,)
    return tuple(scope for scope in (named, spaced) if scope is not None)


def only_plain(found: tuple[Scope, ...], scopes: str, classes: str, namespace: str) -> Scope | None:
    """The one scope that :func:`recorded` found, if all three texts say just that."""
    if len(found) != 1 or found[0].written:
        return None
    fqns, class_names = _entries(scopes), _entries(classes)
    if len(fqns) != len(class_names):
        return None
    pairs = zip(fqns, class_names, strict=True)
    return found[0] if namespace == "/".join(map(": ".join, pairs)) else None


def inside(outer: Scope, name: str, class_name: str) -> Scope | None:
    """The scope of a module in another; ``None`` if its name may not be all that it seems."""
    step = None if not name or _is_doubtful(name) else _step(name, class_name)
    if step is None or not step[0]:
        return None
    return Scope((*outer.fqns, step[0]), (*outer.class_names, step[1]))


def as_written(scope: Scope, known: Container[str]) -> Scope:
    """The scope with what looks like PyTorch's notation kept in names of ``known`` modules."""
    if not scope.written:
        return scope
    return _scope(scope.written, known) or scope


def too_long(metadata: Mapping[str, str]) -> str | None:
    """A module's path in a node's metadata that is beyond what is read, or ``None``."""
    paths = _entries(_without_last(metadata.get("pkg.torch.onnx.name_scopes", "")))
    tag = metadata.get("winml.hierarchy.tag", "")
    return next((one for one in (*paths, tag) if not is_path(one)), None)


@functools.lru_cache(maxsize=_MOST_SCOPES)
def _step(name: str, class_name: str) -> tuple[str, str] | None:
    """FQN and class name of one entry, ``None`` for one that is no module."""
    return _read(name, class_name, ())


def _read(name: str, class_name: str, known: Container[str]) -> tuple[str, str] | None:
    if not is_path(name) or (name.startswith(_PSEUDO) and name.partition(".")[0] not in known):
        return None
    steps: list[str] = []
    for at, step in enumerate(name.split(".")):
        if at == 0 and step == _EXPORT_ROOT and step not in known:
            continue
        whole = join((*steps, step))
        steps.append(step if "@" not in step or whole in known else _CALL_COUNT.sub("", step))
    class_name = class_name.rpartition(".")[2]
    return join(steps), class_name if len(class_name) <= LONGEST_CLASS else ""


def _is_doubtful(name: str) -> bool:
    return "@" in name or name.startswith((_PSEUDO, _EXPORT_ROOT))


def _scope(pairs: Iterable[tuple[str, str]], known: Container[str] = ()) -> Scope | None:
    pairs = tuple(pairs)
    steps = [
        step
        for pair in pairs
        if (step := _read(*pair, known) if known else _step(*pair)) is not None
    ]
    if not steps:
        return None
    fqns, class_names = zip(*steps, strict=True)
    if "" in fqns[1:]:  # above the root there is only what wrapped it
        root = len(fqns) - 1 - fqns[::-1].index("")
        fqns, class_names = fqns[root:], class_names[root:]
    written = pairs if any(_is_doubtful(name) for name, _ in pairs) else ()
    return Scope(fqns, class_names, written=written)


def spelled(
    flat: FlatGraph,
    records: Sequence[tuple[Scope, ...]],
    numbers: Sequence[int],
    modules: Collection[str],
) -> Sequence[tuple[Scope, ...]]:
    """The different scopes that are recorded, with every module called what it is called.

    ``numbers`` are those of each op's in ``records``; ``modules`` is the exporter's list, or empty.
    """
    doubtful = {scope for scopes in records for scope in scopes if scope.written}
    if not doubtful:
        return records
    by_op = [records[number] for number in numbers]
    known = modules or _named_by_weights(flat) | _of_other_classes(by_op, doubtful)
    read = {scope: as_written(scope, known) for scope in doubtful}
    return [tuple(read.get(scope, scope) for scope in scopes) for scopes in records]


def _named_by_weights(flat: FlatGraph) -> frozenset[str]:
    """What weights are named for, and all around it, where that looks like notation."""
    owners = {name.rpartition(".")[0] for name in flat.weights.values()}
    return frozenset(
        above for owner in owners if "@" in owner or owner[:1] == "_" for above in _around(owner)
    )


def _around(fqn: str) -> Iterable[str]:
    return names.ancestors(fqn)[1:]


def _of_other_classes(
    records: Sequence[tuple[Scope, ...]], doubtful: Iterable[Scope]
) -> frozenset[str]:
    """Names that would be calls of a module which has another class."""
    classes: Mapping[str, str] = {
        fqn: kind
        for scopes in records
        for scope in scopes
        if not scope.written
        for fqn, kind in zip(scope.fqns, scope.class_names, strict=True)
    }
    found: set[str] = set()
    for scope in doubtful:
        for fqn, kind in zip(scope.fqns, scope.class_names, strict=True):
            if kind and classes.get(fqn, kind) != kind:
                found.update(
                    name for name, written in scope.written if written.rpartition(".")[2] == kind
                )
    return frozenset(found)
