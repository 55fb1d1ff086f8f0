"""The models of a benchmark, exported in every way that it measures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from hexviz.errors import ExportError
from hexviz.exporters.export import export_model
from hexviz.exporters.interface import Exported
from hexviz.exporters.model_source import Source, open_source

__all__ = ["ALL", "AS_SHIPPED", "BARE", "Export", "Report", "exports"]

Report = Callable[[str, float], None]
"""Called with what is being done and the share of the work behind it."""


@dataclass(frozen=True, slots=True)
class Export:
    """One way to export a model."""

    name: str
    exporter: str
    optimize: bool = False

    def make(self, source: Source, name: str) -> Exported:
        """A source exported in this way.

        Raises:
            ExportError: if the exporter fails on it.
        """
        return export_model(
            source.model,
            source.args,
            source.kwargs,
            exporter=self.exporter,
            optimize=self.optimize,
            name=name,
        )


_TORCHSCRIPT = Export("torchscript", "torchscript")
_OPTIMISED = Export("dynamo, optimised", "dynamo", optimize=True)
BARE = (Export("dynamo", "dynamo"), _TORCHSCRIPT)
ALL = (*BARE, _OPTIMISED)
AS_SHIPPED = (_OPTIMISED, _TORCHSCRIPT)


def exports(
    models: Sequence[str],
    ways: Sequence[Export],
    failed: list[dict[str, str]],
    report: Report | None,
    *,
    build: Callable[[str], Source] = open_source,
) -> Iterator[tuple[str, Export, Exported]]:
    """Every model exported in every way; what fails is added to ``failed``.

    Raises:
        SourceError: if a model's name names nothing that can be built.
    """
    for number, name in enumerate(models):
        source = build(name)
        for turn, way in enumerate(ways):
            if report is not None:
                report(f"{name}, {way.name}", (number + turn / len(ways)) / len(models))
            try:
                exported = way.make(source, name)
            except ExportError as error:
                failed.append({"model": name, "exporter": way.name, "error": str(error)})
                continue
            yield name, way, exported
