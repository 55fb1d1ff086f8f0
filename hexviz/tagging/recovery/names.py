"""What recovered blocks are called: the words they were found with, and what a person made of them.

All copies of a block share a path: their FQN without indices, in the words that they were found
with. So a name that a person gave finds its block again when the file has changed::

    FQN             EncoderLayer.3.FeedForward
    found as        Block          FeedForward      path ("Block", "FeedForward")
    renamed         {("Block",): "EncoderLayer"}
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias

from hexviz.model import fqn as names
from hexviz.model.modules import ModuleInfo

__all__ = ["WordPath", "paths_of", "renamed_paths", "without_recovered"]

WordPath: TypeAlias = tuple[str, ...]
"""The words of a block and of those around it, outermost first."""


def paths_of(modules: Mapping[str, ModuleInfo]) -> dict[str, WordPath]:
    """FQN → path of each recovered block."""
    found: dict[str, WordPath] = {}
    for fqn in sorted((one for one, info in modules.items() if info.copies), key=len):
        around = names.parent(fqn)
        while around and around not in modules:
            around = names.parent(around)
        info = modules[fqn]
        found[fqn] = (*found.get(around, ()), info.found_as or info.class_name)
    return found


def renamed_paths(modules: Mapping[str, ModuleInfo]) -> dict[WordPath, str]:
    """Path → what a person calls the blocks there, of those that have such a name."""
    if not any(info.found_as for info in modules.values()):
        return {}
    return {
        path: modules[fqn].class_name
        for fqn, path in paths_of(modules).items()
        if modules[fqn].found_as
    }


def without_recovered(
    modules: Mapping[str, ModuleInfo], used: Collection[str]
) -> dict[str, ModuleInfo]:
    """The modules that something names, and those that a person put ops into (``used``)."""
    around = {one for module in used for one in names.ancestors(module)}
    return {fqn: info for fqn, info in modules.items() if not info.copies or fqn in around}
