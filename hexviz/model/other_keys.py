"""Keys of other tools that say where a node belongs, written on request beside hexviz's own.

``layer_ann`` is what ONNX Runtime assigns nodes to devices by (its session option
``session.layer_assignment_settings``) and what Olive's pass CaptureLayerAnnotations writes: any
text. Here it is the module's FQN, and ``.`` for the root, as an empty text is no annotation. A rule
of the runtime matches beginnings: ``encoder.layer.1.`` means all below that module, and
``=encoder.layer.1`` its own ops. See its docs, PartitioningWithAnnotationsAndMemoryConstraints.

``winml.hierarchy.tag`` is the path in class names that winml-cli keeps, with its number of steps
under ``winml.hierarchy.depth``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, get_args

from hexviz.errors import WriteError

__all__ = [
    "LAYER",
    "OTHER_KEYS",
    "ROOT_LAYER",
    "OtherKey",
    "known_keys",
    "other_entries",
    "replaced",
]

LAYER = "layer_ann"
ROOT_LAYER = "."
_TAG, _DEPTH = "winml.hierarchy.tag", "winml.hierarchy.depth"

OtherKey = Literal["layer_ann", "winml.hierarchy.tag"]
OTHER_KEYS: tuple[OtherKey, ...] = get_args(OtherKey)

_UNNAMED = "Model"  # the root's step where nothing tells its class: such a path has to have one


def known_keys(also: Iterable[str]) -> tuple[OtherKey, ...]:
    """The keys that somebody asked for, each once.

    Raises:
        WriteError: if one is none that hexviz writes.
    """
    wanted = dict.fromkeys(also)
    for key in wanted:
        if key not in OTHER_KEYS:
            raise WriteError(f"{key} is no key that hexviz writes: give {' or '.join(OTHER_KEYS)}.")
    return tuple(key for key in OTHER_KEYS if key in wanted)


def other_entries(
    fqn: str, tag: str, root: str, also: Iterable[OtherKey]
) -> Iterator[tuple[str, str]]:
    """Keys and texts for an op of a module; ``root`` is the tag of the root.

    >>> dict(other_entries("encoder", "/Bert/Encoder", "/Bert", OTHER_KEYS))
    {'layer_ann': 'encoder', 'winml.hierarchy.tag': '/Bert/Encoder', 'winml.hierarchy.depth': '2'}
    """
    for key in also:
        if key == LAYER:
            yield LAYER, fqn or ROOT_LAYER
        else:
            whole = f"/{_UNNAMED}{tag}".rstrip("/") if root == "/" else tag
            yield _TAG, whole
            yield _DEPTH, str(len([step for step in whole.split("/") if step]))


def replaced(also: Iterable[OtherKey]) -> frozenset[str]:
    """The keys of nodes that are written anew, so that no node has one of them twice."""
    return frozenset(key for one in also for key in ((_TAG, _DEPTH) if one == _TAG else (one,)))
