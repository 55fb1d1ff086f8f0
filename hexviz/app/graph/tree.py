"""The module tree beside the graph: the rows of the boxes on the page, and of those in them.

::

    ▾ ☑ model                  a row per box, opened and closed with it, so there are
      ▾ ☑ BertEncoder          never more rows than a page can hold, whatever the model
        ▸ ☑ BertLayer ×12      a stack is one row until it is taken apart
        ▸   view               a call is no module: it cannot be hidden by itself
      ▸ ☐ BertPooler
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from hexviz.app.graph.recovered import copies_line
from hexviz.app.models.open_model import OpenModel
from hexviz.model.fqn import is_within
from hexviz.view.containers import Container
from hexviz.view.index import Index
from hexviz.view.sight import content
from hexviz.view.state import ViewState, is_hidden

__all__ = ["Row", "all_but", "check", "names_of", "rows"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its box and module, how deep it stands (1 is the root), and its state.

    ``kind`` is that of its box: a section or a call has no check mark. ``shown`` is
    ``mixed`` where only a part is hidden. ``found`` says how the module was found, where nothing
    names it.
    """

    key: str
    fqn: str
    label: str
    level: int
    ops: int
    expanded: bool
    kind: Literal["module", "section", "call"]
    shown: Literal["true", "false", "mixed"]
    found: str = ""


def rows(model: OpenModel, view: ViewState) -> list[Row]:
    """The rows of a view, from top to bottom."""
    return list(_rows(model.index(view.placement), view, model.apart(view)))


def names_of(index: Index, key: str) -> tuple[str, ...]:
    """The modules that a row stands for, or a list of modules; none for other rows."""
    box = index.containers.get(key)
    return () if box is None or not box.is_module else _names(index, box)


def _rows(index: Index, view: ViewState, apart: frozenset[str]) -> Iterator[Row]:
    pending = [("", 1)]
    while pending:
        key, level = pending.pop()
        box = index.containers[key]
        inner = [item for item in content(index, box, apart) if isinstance(item, str)]
        is_open = not key or key in view.open
        label = index.graph.modules[""].label if not key else box.label
        module = index.graph.modules[box.face]
        yield Row(
            key=key,
            fqn=box.face,
            label=label,
            level=level,
            ops=box.count,
            expanded=is_open,
            kind="section" if box.is_section else "call" if box.is_call else "module",
            shown=_shown(index, box, view.hidden) if box.is_module else "true",
            found=copies_line(module) if box.is_module and module.is_recovered else "",
        )
        if is_open:
            pending.extend((item, level + 1) for item in reversed(inner))


def _shown(
    index: Index, box: Container, hidden: frozenset[str]
) -> Literal["true", "false", "mixed"]:
    if not hidden:
        return "true"
    names = _names(index, box)
    if all(is_hidden(name, hidden) for name in names):
        return "false"
    parts = box.members or (box.face,)
    inside = any(is_within(fqn, index.containers[one].face) for one in parts for fqn in hidden)
    return "mixed" if inside else "true"


def _names(index: Index, box: Container) -> tuple[str, ...]:
    """The modules that hide a box: its outermost one, or all members of a stack.

    Where a stack is all of a list (``encoder.layer.0`` to ``.95``), the list's name says so.
    """
    if not box.members:
        return (_outermost(index, box.key),)
    members = tuple(_outermost(index, one) for one in box.members)
    stem = members[0].rpartition(".")[0]
    around = index.graph.modules[box.module].children
    whole = sum(is_within(child, stem) for child in around) == len(members)
    return (stem,) if whole and stem != box.module else members


def _outermost(index: Index, key: str) -> str:
    """The outermost of the modules that share a box."""
    return index.containers.outermost(key)


def check(model: OpenModel, view: ViewState, key: str) -> frozenset[str]:
    """The modules hidden once a row's check mark is turned.

    What is hidden, as a whole or in part, is shown; what is shown is hidden.
    To show one module inside of a hidden one, its siblings stay hidden.
    """
    index = model.index(view.placement)
    box = index.containers[key]
    if not box.is_module:
        return view.hidden
    names = _names(index, box)
    if _shown(index, box, view.hidden) == "true":
        kept = {fqn for fqn in view.hidden if not any(is_within(fqn, name) for name in names)}
        return frozenset(kept.union(names))
    hidden = set(view.hidden)
    for name in names:
        hidden = _show(model, hidden, name)
    return frozenset(hidden)


def all_but(model: OpenModel, names: Collection[str]) -> frozenset[str]:
    """The modules hidden if only some, with what is in them, are shown.

    The modules around them stay, as they hold them, with ops of their own.
    """
    hidden: set[str] = set()
    pending = [""]
    modules = model.graph.modules
    while pending:
        fqn = pending.pop()
        if any(is_within(fqn, name) for name in names):
            continue
        if any(is_within(name, fqn) for name in names):
            pending.extend(modules[fqn].children)
        else:
            hidden.add(fqn)
    return frozenset(hidden)


def _show(model: OpenModel, hidden: Iterable[str], name: str) -> set[str]:
    """What stays hidden if a module and all in it are shown."""
    result = {fqn for fqn in hidden if not is_within(fqn, name)}
    above = [fqn for fqn in result if is_within(name, fqn)]
    modules = model.graph.modules
    for fqn in above:
        result.discard(fqn)
        # Its other children stay hidden, on every step of the way down to the one shown.
        step = modules.nearest(fqn)
        while step != name and modules[step].children:
            inside = [child for child in modules[step].children if is_within(child, fqn)]
            way = next((child for child in inside if is_within(name, child)), name)
            result.update(child for child in inside if not is_within(child, name) and child != way)
            step = way if way in modules else name
    return result
