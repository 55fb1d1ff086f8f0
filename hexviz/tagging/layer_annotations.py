"""``layer_ann``, by which ONNX Runtime and Olive group nodes: a module's path, or anybody's word.

hexviz writes FQNs there (:mod:`hexviz.model.other_keys`); people write ``attention_layer`` by the
dozen. So a file's annotations are believed as a whole, or not at all::

    layer_ann                 weight it reads                agrees?
    encoder.layer.0           encoder.layer.0.fc.weight      yes: around it
    mlp_layer                 encoder.layer.0.fc.weight      no: no module of that path

They count where nearly all of them agree with what names and weights say, where the file lists
modules and they are among these, and where nothing else names a module at all. Whatever else a
node's metadata says comes first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from hexviz.model import fqn as names
from hexviz.model.other_keys import ROOT_LAYER
from hexviz.model.size_limits import is_path
from hexviz.tagging.metadata import Scope

__all__ = ["are_modules", "scope_of_layer"]

_MOST_AGREE = 0.9


def scope_of_layer(annotation: str) -> Scope | None:
    """The scope of an annotation that is a module's path.

    >>> scope_of_layer("encoder.layer.0").fqns
    ('', 'encoder', 'encoder.layer', 'encoder.layer.0')
    >>> scope_of_layer(".").fqns
    ('',)
    """
    if annotation == ROOT_LAYER:
        return Scope(("",), ("",))
    if not annotation or not is_path(annotation) or not all(annotation.split(".")):
        return None
    fqns = tuple(names.ancestors(annotation))
    return Scope(fqns, ("",) * len(fqns))


def are_modules(
    annotations: Mapping[int, str],
    said: Iterable[tuple[int, Sequence[str]]],
    modules: Collection[str],
) -> bool:
    """Whether the annotations of a file, by position, are paths of modules.

    ``said`` are positions with the modules that names or weights tell, ``modules`` those that the
    file lists.
    """
    if modules:
        there = [one for one in annotations.values() if one in modules or one == ROOT_LAYER]
        return len(there) >= _MOST_AGREE * len(annotations)
    compared = agreed = 0
    for at, told in said:
        annotation = annotations.get(at, ROOT_LAYER)
        for module in told:
            if annotation != ROOT_LAYER and module:
                compared += 1
                agreed += names.is_within(module, annotation) or names.is_within(annotation, module)
    return agreed >= _MOST_AGREE * compared
