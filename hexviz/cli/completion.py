"""What a shell offers on the Tab key: samples, files, and names in the FILE that is on the line.

typer asks these functions in a process of their own at each press of the key. So they look at the
file only if that is quick, and whatever goes wrong offers nothing: a shell shows no errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from hexviz.model.graph import TaggedGraph

__all__ = ["files", "modules", "ops", "sources"]

_MOST_BYTES = 64 << 20
"""Of a file whose names are offered: one that was opened before is quick however large."""

_SUFFIXES = (".onnx", ".pt2")
_MOST = 500  # names: no shell shows more without a question


def files(incomplete: str) -> list[str]:
    """The files of models, and the folders, that a path may go on with."""
    try:
        folder = Path(incomplete if incomplete.endswith("/") else Path(incomplete).parent)
        start = incomplete[: incomplete.rfind("/") + 1]
        found = []
        for path in sorted(folder.expanduser().iterdir()):
            if path.name.startswith(".") and not incomplete.rpartition("/")[2].startswith("."):
                continue
            if path.is_dir():
                found.append(f"{start}{path.name}/")
            elif path.suffix in _SUFFIXES:
                found.append(f"{start}{path.name}")
    except OSError:
        return []
    return [one for one in found if one.startswith(incomplete)]


def sources(incomplete: str) -> list[str]:
    """Samples, and files that hold a model."""
    from sample_models import SAMPLES

    return [name for name in SAMPLES if name.startswith(incomplete)] + files(incomplete)


def modules(ctx: typer.Context, incomplete: str) -> list[str]:
    """FQNs of the modules in the FILE on the line."""
    return _names(ctx, incomplete, lambda graph: (one.fqn for one in graph.modules))


def ops(ctx: typer.Context, incomplete: str) -> list[str]:
    """Ids of the ops in the FILE on the line."""
    return _names(ctx, incomplete, lambda graph: graph.positions)


def _names(
    ctx: typer.Context, incomplete: str, of: Callable[[TaggedGraph], Iterable[str]]
) -> list[str]:
    try:
        graph = _graph([*ctx.params.values(), *ctx.args])
        if graph is None:
            return []
        found = [name for name in of(graph) if name and name.startswith(incomplete)]
    except Exception:  # noqa: BLE001 - whatever a file may hold
        return []
    return found[:_MOST]


def _graph(given: Iterable[Any]) -> TaggedGraph | None:
    """The graph of the first .onnx file among what stands on the line, if it is not large.

    Behind an option that still lacks its value, arguments are not told apart by name.
    """
    from hexviz.tagging.opened import load_kept

    words = (Path(one).expanduser() for one in given if isinstance(one, str | Path))
    path = next((one for one in words if one.suffix == ".onnx" and one.is_file()), None)
    if path is None or path.stat().st_size > _MOST_BYTES:
        return None
    return load_kept(path)
