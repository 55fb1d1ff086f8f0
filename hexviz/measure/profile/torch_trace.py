"""A trace of torch.profiler, laid on modules by the scopes that stand in it.

With ``with_modules`` and ``with_stack`` each call of a module is an event ``nn.Module: Linear_1``:
its class, and a number in the order in which modules of that class were first called. The events
form a tree, and so do the modules; both are gone down side by side::

    nn.Module: M_0                M                     in M the first B is layers.0, the second
      nn.Module: B_0                layers.0  B         layers.1; in each, the only LayerNorm is
        nn.Module: LayerNorm_0        norm  LayerNorm   its norm
      nn.Module: B_1                layers.1  B
        nn.Module: LayerNorm_1        norm  LayerNorm

Scopes of ``record_function`` count where they have the name or the tag of a module. What runs in no
known scope is the time of the module around it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hexviz.errors import MeasureError
from hexviz.measure.profile.result import TimedNode
from hexviz.measure.profile.trace_file import Event, with_parents
from hexviz.model.fqn import ancestors
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleTree
from hexviz.model.wording import counted

__all__ = ["torch_nodes"]

_MODULE = re.compile(r"nn\.Module: (.+_\d+)")
_ON_DEVICE = frozenset({"kernel", "gpu_memcpy", "gpu_memset"})
_MOST_TIMES = 20_000_000  # of functions in runs

Array = npt.NDArray[np.float64]
Nested = Sequence[tuple[Event, tuple[Event, ...]]]


def torch_nodes(
    events: Sequence[Event], graph: TaggedGraph
) -> tuple[list[TimedNode], str, list[str]]:
    """The functions that ran in each module, with times; the device; what a reader should know.

    A function counts with all that it calls. Where kernels of a GPU are in the trace, they are what
    took the time, each in the module of the function that started it. The first of several runs is
    left out.

    Raises:
        MeasureError: if no module of the trace is one of the graph's.
    """
    nested = list(with_parents(event for event in events if _is_scope(event) or _is_op(event)))
    scopes, notes = _scopes(nested, graph)
    roots = [event for event, _ in nested if scopes.get(id(event)) == ""]
    starts = _starts(nested, scopes, roots)

    def place(around: Sequence[Event]) -> tuple[str | None, int]:
        """The module and the run of what ran inside of these events; run -1 is in none."""
        module = next((scopes[id(one)] for one in reversed(around) if id(one) in scopes), None)
        if roots and module is None:
            return None, -1  # what the script does beside the model
        return module, bisect_right(starts, around[-1].ts) - 1 if around else -1

    found = []
    started: dict[int | str, tuple[str | None, int]] = {}
    for event, around in nested:
        if not _is_op(event):
            continue
        module, number = place((*around, event))
        if event.args.external is not None:
            started[event.args.external] = module, number
        if not any(map(_is_op, around)):
            found.append((event.name, module, number, event.dur))
    kernels = [event for event in events if event.cat in _ON_DEVICE]
    if kernels:
        nowhere = (None, -1)
        found = [
            (event.name, *started.get(event.args.external or "", nowhere), event.dur)
            for event in kernels
        ]
    device = "GPU" if kernels else "CPU"
    return _timed(found, len(starts), device), device, notes


def _is_scope(event: Event) -> bool:
    return event.cat == "user_annotation" or _MODULE.fullmatch(event.name) is not None


def _is_op(event: Event) -> bool:
    return event.cat == "cpu_op"


def _scopes(nested: Nested, graph: TaggedGraph) -> tuple[dict[int, str], list[str]]:
    """The module of each scope, by the event's ``id``, and what to say of those of no module."""
    of_instance = _by_instance(nested, graph)
    found: dict[int, str] = {}
    unknown: dict[str, None] = {}
    named: dict[str, None] = {}
    for event, _ in nested:
        if _is_op(event):
            continue
        instance = _MODULE.fullmatch(event.name)
        name = event.name if instance is None else instance[1]
        module = _by_name(name, graph) if instance is None else of_instance.get(name)
        named[name] = None
        if module is not None:
            found[id(event)] = module
        elif instance is not None:
            unknown[name] = None
    if not found:
        if not named:
            raise MeasureError(
                "The trace has no scopes of modules: take it with with_stack=True and "
                "with_modules=True, or call modules in record_function with their names."
            )
        if unknown and not _has_classes(graph.modules):
            raise MeasureError(
                f"The trace tells modules by their classes, and {graph.name} has none: export it "
                "with hexviz export, or call modules in record_function with their names."
            )
        raise MeasureError(
            f"The trace is of another model: none of its {counted(len(named), 'scope')} is a "
            f"module of {graph.name}."
        )
    if not unknown:
        return found, []
    modules = counted(len(unknown), "module")
    return found, [
        f"The time of {modules} of the trace is with those around, for none here is like them."
    ]


def _has_classes(tree: ModuleTree) -> bool:
    return any(module.class_name for module in tree if module.fqn)


def _by_name(name: str, graph: TaggedGraph) -> str | None:
    if name and name in graph.modules:
        return name
    return graph.modules.by_tag.get(name if name.startswith("/") else f"/{name}")


def _by_instance(nested: Nested, graph: TaggedGraph) -> dict[str, str]:
    """Name of an instance in the trace (``Linear_1``) → FQN."""
    children: dict[str, dict[str, None]] = {}
    for event, around in nested:
        own = _MODULE.fullmatch(event.name)
        if own is not None:
            outer = [one[1] for each in around if (one := _MODULE.fullmatch(each.name))]
            children.setdefault(outer[-1] if outer else "", {})[own[1]] = None
            children.setdefault(own[1], {})
    tree = graph.modules
    root = next((one for one in children if one and _class(one) == tree[""].class_name), None)
    if root is None:
        return {}
    first = _first_ops(graph)
    found = {root: ""}
    pending = [root]
    while pending:
        instance = pending.pop()
        modules = _called(found[instance], tree, set(map(_class, children[instance])))
        classes = {tree[one].class_name for one in modules}
        inner = [one for one in _known(instance, children, classes) if one not in found]
        for name in dict.fromkeys(map(_class, inner)):
            mine = sorted((one for one in inner if _class(one) == name), key=_number)
            theirs = [one for one in modules if tree[one].class_name == name]
            if len(mine) != len(theirs):  # those that export to nothing have no ops
                theirs = [one for one in theirs if one in first]
            if len(mine) == len(theirs):
                if all(one in first for one in theirs):
                    theirs.sort(key=first.__getitem__)
                found.update(zip(mine, theirs, strict=True))
                pending.extend(mine)
    return found


def _called(fqn: str, tree: ModuleTree, classes: set[str]) -> list[str]:
    """The modules in one, and for those that it never calls, but whose modules it does, these.

    A loop over the layers of a Sequential calls the layers.
    """
    found: list[str] = []
    for child in tree[fqn].children:
        inner = tree[child].children
        is_passed = tree[child].class_name not in classes and any(
            tree[one].class_name in classes for one in inner
        )
        found += inner if is_passed else (child,)
    return found


def _known(instance: str, children: Mapping[str, Iterable[str]], classes: set[str]) -> list[str]:
    """The instances inside of one that have these classes; of others, what is inside of them.

    A Sequential is called, and has no ops of its own: the tree may do without it.
    """
    found = []
    seen = {instance}
    pending = list(children[instance])[::-1]
    while pending:
        one = pending.pop()
        if one in seen:
            continue
        seen.add(one)
        if _class(one) in classes:
            found.append(one)
        else:
            pending += list(children[one])[::-1]
    return found


def _class(instance: str) -> str:
    return instance.rpartition("_")[0]


def _number(instance: str) -> int:
    return int(instance.rpartition("_")[2][:15])


def _first_ops(graph: TaggedGraph) -> dict[str, int]:
    """FQN → the position of the first op with arithmetic in the module or below it.

    Others may stand anywhere: exporters move constants to the front.
    """
    found: dict[str, int] = {}
    for at, op in enumerate(graph.ops):
        if op.auxiliary is None and op.module not in found:
            for fqn in ancestors(op.module):
                found.setdefault(fqn, at)
    return found


def _starts(nested: Nested, scopes: Mapping[int, str], roots: Sequence[Event]) -> list[float]:
    """When each run began: with the model itself, or with the first module that has a scope."""
    if roots:
        return [one.ts for one in roots]
    known = [event for event, _ in nested if id(event) in scopes]
    return [one.ts for one in known if scopes[id(one)] == scopes[id(known[0])]]


def _timed(
    found: Iterable[tuple[str, str | None, int, float]], count: int, device: str
) -> list[TimedNode]:
    first = int(count > 1)
    listed = [one for one in found if one[2] >= first]
    if not listed:
        raise MeasureError(
            "No function ran in a module of the trace: take it while the model runs."
        )
    times: dict[tuple[str, str | None], Array] = {}
    if (count - first) * len({one[:2] for one in listed}) > _MOST_TIMES:
        raise MeasureError(f"The trace has {count} runs: take one of some dozens.")
    for name, module, number, us in listed:
        key = name, module
        if key not in times:
            times[key] = np.zeros(count - first)
        times[key][number - first] += us
    return [
        TimedNode(f"{module or 'root'}/{name}", name, module, us, device)
        for (name, module), us in times.items()
    ]
