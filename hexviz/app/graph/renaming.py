"""Where a page is once blocks have other names: the same modules, by the names that they have now.

::

    open     Block.0~12, Block.0.Inner!view     ⇒     Layer.0~12, Layer.0.Inner!view
    hidden   Block, a list of modules           ⇒     Layer
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import NOTHING, PageState
from hexviz.model.fqn import is_within
from hexviz.model.modules import ModuleTree
from hexviz.view.palette import kind_of

__all__ = ["Names", "carried", "names_between"]

_MARKS = "!@~"
"""What ends the name of a module in the key of a box; see :class:`hexviz.view.containers`."""


@dataclass(frozen=True, slots=True)
class Names:
    """What modules are called now, by the FQNs that they had, and kinds by what they were."""

    fqns: Mapping[str, str]
    kinds: Mapping[str, str]

    def fqn(self, name: str) -> str:
        """A module, or a list of modules, by its name of now."""
        if name in self.fqns:
            return self.fqns[name]
        inside = (one for one in self.fqns if name and is_within(one, name))
        member = next(inside, None)
        if member is None:
            return name
        # A list is called after its members, and is no module itself.
        steps = self.fqns[member].split(".")
        return ".".join(steps[: name.count(".") + 1])

    def key(self, key: str) -> str:
        """The key of a box."""
        ends = [len(key), *(at for at in range(len(key) - 1, 0, -1) if key[at] in _MARKS)]
        known = next((at for at in ends if key[:at] in self.fqns), None)
        return key if known is None else self.fqns[key[:known]] + key[known:]

    def all_fqns(self, names: Iterable[str]) -> frozenset[str]:
        """Several modules, or lists of modules."""
        return frozenset(map(self.fqn, names))

    def all_keys(self, keys: Iterable[str]) -> frozenset[str]:
        """The keys of several boxes."""
        return frozenset(map(self.key, keys))


def names_between(before: OpenModel, after: OpenModel) -> Names | None:
    """What modules of two models of one file are called, if one was made by renaming the other.

    ``None`` if nothing was renamed between them.
    """
    renames = [model.edit.renames if model.edit else () for model in (before, after)]
    if renames[0] == renames[1]:
        return None
    return names_of(before.graph.modules, after.graph.modules)


def names_of(before: ModuleTree, after: ModuleTree) -> Names | None:
    """What the modules of a tree are called in another one of the same form; ``None`` of others."""
    one, other = before.columns, after.columns
    if list(one.parents) != list(other.parents):
        return None
    return Names(
        {old: new for old, new in zip(one.fqns, other.fqns, strict=True) if old != new},
        {kind_of(old): kind_of(new) for old, new in zip(before, after, strict=True)},
    )


def carried(state: PageState, names: Names) -> PageState:
    """The state of a page after blocks were renamed: all that it names is called so now."""
    view, choice = state.view, state.choice
    kind, what = state.selection
    match kind:
        case "module":
            what = names.fqn(what)
        case "call":
            what = names.key(what)
        case "edge":  # it is called after boxes
            kind, what = NOTHING
    selected = replace(
        choice.selected,
        modules=names.all_fqns(choice.selected.modules),
        exclude=names.all_fqns(choice.selected.exclude),
    )
    trace = state.trace
    if trace is not None and trace.way == "given":
        trace = replace(trace, op=names.fqn(trace.op))
    return replace(
        state,
        view=replace(
            view,
            open=names.all_keys(view.open),
            apart=names.all_keys(view.apart),
            hidden=names.all_fqns(view.hidden),
        ),
        selection=(kind, what),
        trace=trace,
        lit=frozenset(names.kinds.get(one, one) for one in state.lit),
        choice=replace(choice, selected=selected),
    )
