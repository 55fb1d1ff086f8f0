"""A module's name in a table of the tree: its steps below the module around it, indented."""

from __future__ import annotations

from rich.text import Text

from hexviz.cli.console import module_name, text
from hexviz.model.modules import ModuleTree

__all__ = ["module_row"]


def module_row(fqn: str, tree: ModuleTree) -> Text:
    """``layer.0`` for ``encoder.layer.0`` in ``encoder``, two columns for each module around it."""
    depth, above = 0, tree[fqn].parent
    step = fqn[len(above) + 1 if above else 0 :]
    while above is not None:
        depth += 1
        above = tree[above].parent
    return Text.assemble("  " * depth, text(step or module_name(fqn)))
