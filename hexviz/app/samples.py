"""Which samples the page can export here, and what is said of those that it cannot.

Nothing on the page names a path of the machine that serves it, so the command that installs what
is missing is said in a terminal there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hexviz.exporters.model_source import packages_of
from hexviz.extras import missing
from hexviz.model.wording import listed

__all__ = ["in_terminal", "lacking", "note"]


def lacking(samples: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Name of each sample that cannot be exported here → the packages that are missing."""
    found = {name: missing(*packages_of(name)[1], "onnxscript") for name in samples}
    return {name: tuple(packages) for name, packages in found.items() if packages}


def note(lacking: Mapping[str, tuple[str, ...]]) -> str:
    """A sentence on what is missing, and where to learn how to install it; "" if nothing is."""
    if not lacking:
        return ""
    most = max(lacking, key=lambda name: len(lacking[name]))
    packages = list(dict.fromkeys(package for some in lacking.values() for package in some))
    verb = "is" if len(packages) == 1 else "are"
    return (
        f"Samples that cannot be chosen need {listed(packages, most=len(packages))}, "
        f"which {verb} not installed. {in_terminal(most)}"
    )


def in_terminal(sample: str) -> str:
    """Where the command is said that installs what a sample needs."""
    return f"In a terminal, hexviz export {sample} -o out.onnx says how to install it."
