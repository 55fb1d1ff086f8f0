"""Which samples the page can export here, and what is said of those that it cannot.

Nothing on the page names a path of the machine that serves it, so the command that installs what
is missing is said in a terminal there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hexviz.exporters.model_source import packages_of
from hexviz.extras import missing
from hexviz.model.wording import listed

__all__ = ["in_terminal", "lacking", "notes"]


def lacking(samples: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Name of each sample that cannot be exported here → the packages that are missing."""
    found = {name: missing(*packages_of(name)[1], "onnxscript") for name in samples}
    return {name: tuple(packages) for name, packages in found.items() if packages}


def notes(lacking: Mapping[str, tuple[str, ...]]) -> list[str]:
    """A sentence for each group of samples that lack the same."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, packages in lacking.items():
        groups.setdefault(packages, []).append(name)
    return [_note(names, packages) for packages, names in groups.items()]


def _note(names: list[str], packages: tuple[str, ...]) -> str:
    verb = "is" if len(packages) == 1 else "are"
    return (
        f"{listed(names, most=len(names))} {'needs' if len(names) == 1 else 'need'} "
        f"{listed(packages, most=len(packages))}, which {verb} not installed. "
        f"{in_terminal(names[0])}"
    )


def in_terminal(sample: str) -> str:
    """Where the command is said that installs what a sample needs."""
    return f"In a terminal, hexviz export {sample} -o out.onnx says how to install it."
