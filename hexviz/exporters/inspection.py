"""The modules of a PyTorch model before any export: classes, parameters, buffers, bytes.

Nothing is run, and where the model stands on the meta device nothing takes memory: all that is
asked of a tensor is its type and shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hexviz.model.size_limits import is_path

if TYPE_CHECKING:
    from hexviz.exporters.subject import Exportable

__all__ = ["InspectedModule", "folded", "inspect_model"]


@dataclass(frozen=True)
class InspectedModule:
    """One module and those below it; the root's ``fqn`` is "".

    ``parameters`` and ``buffers`` count elements of its own, ``bytes`` are those of both, and
    ``dtypes`` their types, the one with most bytes first. ``same_as`` is the FQN of the module that
    this one is, if it is reachable by several, and ``shared`` the names of its own parameters that
    are other modules' too (tied weights). Totals, of all below, count whatever is shared once.
    ``lazy`` says that a parameter's size is not known before the model has run.
    """

    fqn: str
    class_name: str
    children: tuple[InspectedModule, ...] = ()
    parameters: int = 0
    buffers: int = 0
    bytes: int = 0
    dtypes: tuple[str, ...] = ()
    same_as: str = ""
    shared: tuple[str, ...] = ()
    lazy: bool = False
    tensors: tuple[_Tensor, ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """What the module around it calls it: the last part of its FQN."""
        return self.fqn.rpartition(".")[2]

    @cached_property
    def _all(self) -> dict[int, _Tensor]:
        found = {one.key: one for one in self.tensors}
        for child in self.children:
            found |= child._all
        return found

    @property
    def total_parameters(self) -> int:
        """Elements of all parameters in it and below it."""
        return sum(one.elements for one in self._all.values() if one.is_parameter)

    @property
    def total_buffers(self) -> int:
        """Elements of all buffers in it and below it."""
        return sum(one.elements for one in self._all.values() if not one.is_parameter)

    @property
    def total_bytes(self) -> int:
        """Bytes of all parameters and buffers in it and below it."""
        return sum(one.bytes for one in self._all.values())

    @cached_property
    def shape(self) -> tuple[Any, ...]:
        """What two modules have in common that are built alike: classes, types and shapes."""
        own = tuple((one.name, one.dtype, one.size) for one in self.tensors)
        below = tuple((child.name, child.shape) for child in self.children)
        return self.class_name, own, below, bool(self.same_as)

    def __iter__(self) -> Iterator[InspectedModule]:
        """Itself and all below, parents first."""
        yield self
        for child in self.children:
            yield from child

    def to_dict(self, depth: int | None = None) -> dict[str, Any]:
        """It and its children, ``depth`` levels of them or all, in JSON's types."""
        shown = self.children if depth is None or depth > 0 else ()
        below = None if depth is None else depth - 1
        return {
            "module": self.fqn,
            "class_name": self.class_name,
            "parameters": self.parameters,
            "total_parameters": self.total_parameters,
            "buffers": self.buffers,
            "total_buffers": self.total_buffers,
            "bytes": self.bytes,
            "total_bytes": self.total_bytes,
            "dtypes": list(self.dtypes),
            "same_as": self.same_as or None,
            "shared": list(self.shared),
            "lazy": self.lazy,
            "children": [child.to_dict(below) for child in shown],
        }


@dataclass(frozen=True)
class _Tensor:
    """A parameter or a buffer; ``key`` is one for all names of the same tensor."""

    key: int
    name: str
    dtype: str
    size: tuple[int, ...]
    elements: int
    bytes: int
    is_parameter: bool


def folded(children: Sequence[InspectedModule]) -> list[tuple[InspectedModule, int]]:
    """Children in order; members of a list that are built alike, one after the other, are one::

    0 BertLayer, 1 BertLayer, …, 11 BertLayer   ⇒   (0 BertLayer, 12)
    """
    groups: list[tuple[InspectedModule, int]] = []
    for child in children:
        first, count = groups[-1] if groups else (child, 0)
        follows = first.name.isdecimal() and child.name == str(int(first.name) + count)
        if count and follows and first.shape == child.shape:
            groups[-1] = (first, count + 1)
        else:
            groups.append((child, 1))
    return groups


def inspect_model(model: Exportable) -> InspectedModule:
    """The modules of a model, as its own code made them: wrappers of training are left out.

    Of an exported program, the modules are those whose calls it recorded.

    Raises:
        ExportError: if it is no model.
    """
    import torch
    from torch import nn

    from hexviz.errors import ExportError
    from hexviz.exporters.wrappers import unwrapped

    if isinstance(model, torch.export.ExportedProgram):
        return _of_program(model)
    if not isinstance(model, nn.Module):
        raise ExportError(
            f"{type(model).__name__} has no modules: give a torch.nn.Module or an exported program."
        )
    with unwrapped(model) as inner:
        assert isinstance(inner, nn.Module)  # noqa: S101 - what was a module still is
        seen: dict[int, str] = {}
        owners = _owners(inner)
        return _of_module(inner, "", seen, owners)


def _owners(model: Any) -> dict[int, int]:
    """Key of each parameter → how many names it has, of different modules."""
    counts: dict[int, int] = {}
    for module in model.modules():
        for parameter in module._parameters.values():
            if parameter is not None:
                counts[id(parameter)] = counts.get(id(parameter), 0) + 1
    return counts


def _of_module(
    module: Any, fqn: str, seen: dict[int, str], owners: dict[int, int]
) -> InspectedModule:
    from hexviz.exporters.module_infos import class_name

    same_as = seen.get(id(module))
    if same_as is None:
        seen[id(module)] = fqn
    tensors = [_tensor(name, one, True) for name, one in module.named_parameters(recurse=False)]
    tensors += [_tensor(name, one, False) for name, one in module.named_buffers(recurse=False)]
    shared = tuple(one.name for one in tensors if one.is_parameter and owners[one.key] > 1)
    children = tuple(
        _of_module(child, f"{fqn}.{name}" if fqn else name, seen, owners)
        for name, child in ({} if same_as is not None else module._modules).items()
        if child is not None
    )
    return _node(fqn, class_name(module), tensors, children, same_as or "", shared)


def _of_program(program: Any) -> InspectedModule:
    """Modules in the order of their first calls, with the containers around them."""
    from hexviz.exporters.module_infos import describe_modules

    infos = describe_modules(program)
    below: dict[str, list[str]] = {"": []}
    for fqn in filter(is_path, filter(None, infos)):
        parts = fqn.split(".")
        for count in range(1, len(parts) + 1):
            above, one = ".".join(parts[: count - 1]), ".".join(parts[:count])
            if one not in below:
                below[one] = []
                below[above].append(one)
    own: dict[str, list[_Tensor]] = {fqn: [] for fqn in below}
    named = [(path, one, True) for path, one in program.named_parameters()]
    named += [(path, one, False) for path, one in program.named_buffers()]
    for path, tensor, is_parameter in named:
        owner, _, name = path.rpartition(".")
        while owner not in own:  # of a module that is never called, such as one that holds weights
            owner = owner.rpartition(".")[0]
        own[owner].append(_tensor(name, tensor, is_parameter))

    def node(fqn: str) -> InspectedModule:
        info = infos.get(fqn)
        children = tuple(node(child) for child in below[fqn])
        return _node(fqn, info.class_name if info else "", own[fqn], children, "", ())

    return node("")


def _node(
    fqn: str,
    class_name: str,
    tensors: Iterable[_Tensor],
    children: tuple[InspectedModule, ...],
    same_as: str,
    shared: tuple[str, ...],
) -> InspectedModule:
    tensors = tuple(tensors)
    sizes: dict[str, int] = {}
    for one in tensors:
        sizes[one.dtype] = sizes.get(one.dtype, 0) + one.bytes
    return InspectedModule(
        fqn=fqn,
        class_name=class_name,
        children=children,
        parameters=sum(one.elements for one in tensors if one.is_parameter),
        buffers=sum(one.elements for one in tensors if not one.is_parameter),
        bytes=sum(one.bytes for one in tensors),
        dtypes=tuple(sorted(sizes, key=sizes.__getitem__, reverse=True)),
        same_as=same_as,
        shared=shared,
        lazy=any(one.size == _UNKNOWN for one in tensors),
        tensors=tensors,
    )


_UNKNOWN = (-1,)
"""The size of a lazy module's parameter that has not seen an input yet."""


def _tensor(name: str, tensor: Any, is_parameter: bool) -> _Tensor:
    from torch.nn.parameter import is_lazy

    lazy = is_lazy(tensor)
    size = _UNKNOWN if lazy else tuple(tensor.shape)
    elements = 0 if lazy else int(tensor.numel())
    return _Tensor(
        key=id(tensor),
        name=name,
        dtype=str(tensor.dtype).removeprefix("torch."),
        size=size,
        elements=elements,
        bytes=elements * int(tensor.element_size()) if not lazy else 0,
        is_parameter=is_parameter,
    )
