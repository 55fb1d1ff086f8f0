"""A change that makes tags worse is seen the day it is made.

``tags.json`` is what tags of models that no rule was tuned on rested on when it was last written.
A change that is meant to move these figures writes it anew, and the difference is in its commit::

    hexviz bench tags distilbert vit whisper-encoder u-net --json > tests/bench/tags.json
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hexviz.bench.regressions import regressions, tags_figures
from hexviz.bench.tags import KIND, tag_figures
from hexviz.cli.print_bench import print_tags
from hexviz.model import fqn as names
from hexviz.model.op import Provenance
from hexviz.tagging import tag as tagging
from hexviz.tagging.context import Contexts, find_contexts
from hexviz.tagging.inherit import Inheritance, inherit
from hexviz.tagging.reasons import Reasons
from tests.exports import FLOOR_MODELS, export_once

KEPT: Mapping[str, Any] = json.loads(Path(__file__).with_name("tags.json").read_text())
EXPORTS = {
    "dynamo": ("dynamo", False),
    "torchscript": ("torchscript", False),
    "dynamo, optimised": ("dynamo", True),
}
RENEW = f"if that is meant: {(__doc__ or '').strip().splitlines()[-1].strip()}"


def today(model: str, export: str) -> dict[str, Any]:
    exporter, optimize = EXPORTS[export]
    return tag_figures(model, export, export_once(model, exporter, optimize=optimize))


def figures(record: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every figure of a record with the path to it."""
    for name, value in record.items():
        if isinstance(value, dict):
            yield from figures(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def test_every_model_and_exporter_is_kept() -> None:
    kept = [(one["model"], one["export"]) for one in KEPT["results"]]
    assert sorted(kept) == sorted((model, export) for model in FLOOR_MODELS for export in EXPORTS)


@pytest.mark.parametrize(
    "kept", KEPT["results"], ids=lambda one: f"{one['model']}, {one['export']}"
)
def test_tags_rest_on_what_they_did(kept: Mapping[str, Any]) -> None:
    now = dict(figures({"reported": True, **today(kept["model"], kept["export"])}))
    assert now == pytest.approx(dict(figures(kept)), abs=0.0005), RENEW


def test_people_see_both_tables(capsys: pytest.CaptureFixture[str]) -> None:
    print_tags(KEPT)
    told = capsys.readouterr().out
    assert "as exported" in told
    assert "auxiliary ops blanked" in told
    assert "consumers 0.331, trace 0.669" in told
    assert "0.977" in told


def worse() -> list[str]:
    """What today's figures of one model have worse than the kept ones."""
    document = {"kind": KIND, "results": [today("vit", export) for export in EXPORTS]}
    return regressions(tags_figures(document), tags_figures(KEPT).of({"vit"}))


def test_nothing_is_worse_as_it_is() -> None:
    assert worse() == []


def to_the_root(why: Provenance) -> Provenance:
    return Provenance("", "fallback", "root", confidence=0.0)


def to_the_parent(why: Provenance) -> Provenance:
    return replace(why, module=names.parent(why.module))


def to_another_branch(why: Provenance) -> Provenance:
    return replace(why, module="pooler" if why.module != "pooler" else "embeddings")


def less_sure(why: Provenance) -> Provenance:
    return replace(why, confidence=why.confidence - 0.05)


@pytest.mark.parametrize(
    ("worsen", "seen"),
    [
        (to_the_root, "fallback_rate"),
        (to_the_parent, "exact"),
        (to_another_branch, "on_branch"),
        (less_sure, "mean_confidence"),
    ],
)
def test_a_rule_that_got_worse_is_seen(
    monkeypatch: pytest.MonkeyPatch, worsen: Callable[[Provenance], Provenance], seen: str
) -> None:
    def worsened(*args: Any) -> Inheritance:
        good = inherit(*args)
        bad = {
            at: worsen(why) if why.origin == "inherited" else why
            for at, why in good.provenance.items()
        }
        return Inheritance(Reasons.of(bad, len(bad)), good.modules)

    monkeypatch.setattr(tagging, "inherit", worsened)
    for export in EXPORTS:
        lines = [line for line in worse() if line.startswith(f"vit, {export}, blanked: {seen} ")]
        assert len(lines) == 1, export


def test_a_context_that_got_lost_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_none(flat: Any, ids: Any, modules: Any, _: Any, *tree: Any) -> Contexts:
        return find_contexts(flat, ids, modules, [], *tree)

    monkeypatch.setattr(tagging, "find_contexts", of_none)
    assert [line for line in worse() if line.startswith("vit, dynamo: context_fallback_rate ")]
