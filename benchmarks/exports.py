"""All models of the benchmarks, exported in the ways that a study asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.models import MODELS, build, with_noise
from hexviz.bench.exports import ALL, Export, Report
from hexviz.bench.exports import exports as exports_of
from hexviz.bench.tags import tags_document
from hexviz.exporters.interface import Exported
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag

__all__ = ["bench_tags", "exports", "is_reported", "tagged"]


def exports(
    sources: Sequence[str],
    ways: Sequence[Export],
    failed: list[dict[str, str]],
    report: Report | None,
    *,
    noisy: bool = False,
) -> Iterator[tuple[str, Export, Exported]]:
    """The sources, or all models of the benchmarks; what fails is added to ``failed``.

    ``noisy``: no two weights of a model are equal, as if it had been trained.

    Raises:
        SourceError: if a source names nothing that can be built.
    """
    return exports_of(
        list(sources) or list(MODELS),
        ways,
        failed,
        report,
        build=(lambda name: with_noise(build(name))) if noisy else build,
    )


def bench_tags(sources: Sequence[str] = (), *, report: Report | None = None) -> dict[str, Any]:
    """The document of ``hexviz bench tags`` for the sources, or all models of the benchmarks.

    Raises:
        SourceError: if a source names nothing that can be built.
    """
    failed: list[dict[str, str]] = []
    return tags_document(exports(sources, ALL, failed, report), failed, is_reported)


def tagged(exported: Exported, name: str) -> TaggedGraph:
    """An export with its tags, as hexviz saves it."""
    return tag(
        from_proto(exported.proto, name=name),
        modules=exported.modules,
        calls=exported.calls,
        notes=exported.notes,
    )


def is_reported(model: str) -> bool:
    """Whether no rule was tuned on a model, as on any that is not in the table."""
    return model not in MODELS or MODELS[model].reported
