"""Tags on what other tools make of an export: they keep their floors, and a worse rule is seen."""

from collections.abc import Mapping
from statistics import mean
from typing import Any

import pytest

from benchmarks import rewritten
from benchmarks.models import build, with_noise
from benchmarks.rewriters import REWRITERS, installed
from hexviz.bench.blanking import know
from hexviz.exporters.export import export_model
from tests.build import parse, scoped
from tests.exports import FLOOR_MODELS, export_once

TOOLS = ("ORT basic", "ORT extended", "printed and parsed", "onnxslim", "onnxsim")


def test_only_ops_that_are_still_the_same_are_asked() -> None:
    proto = scoped(
        parse("""g (float[2] x) => (float[2] y) {
            a = Neg (x)
            b = Identity (a)
            y = Exp (b)
        }"""),
        {"a": "enc", "b": "enc", "y": "dec"},
    )
    (record,) = rewritten.measure(know(proto), ["ORT basic"])
    assert (record["of"], record["ops"]) == (2, 2)  # the Identity is gone
    assert record["exact"] == 0  # and so are all records
    assert record["on_branch"] == 1


def test_a_tool_that_fails_is_part_of_the_result() -> None:
    proto = parse("""g (float[2] x) => (float[2] y) {
        y = pkg.Unknown (x)
    }""")
    (record,) = rewritten.measure(know(proto), ["ORT basic"])
    assert "Unknown" in record["error"]
    assert not rewritten.summarize(
        [{**record, "model": "m", "export": "e", "weights": "fresh", "reported": True}]
    )


def test_every_tool_is_installed_for_the_tests() -> None:
    assert set(installed()) == set(REWRITERS)


def figures(exporter: str) -> list[Mapping[str, Any]]:
    records = []
    for name in FLOOR_MODELS:
        exported = export_once(name, exporter, optimize=exporter == "dynamo")
        truth = know(exported.proto, exported.modules, exported.calls)
        records += rewritten.measure(truth, TOOLS)
    return [one for one in records if one.get("ops")]


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
def test_no_wrong_branches_on_models_never_tuned_on(exporter: str) -> None:
    found = figures(exporter)
    assert len(found) == len(FLOOR_MODELS) * len(TOOLS)
    assert mean(one["on_branch"] for one in found) >= 0.99
    assert mean(one["sure_and_wrong"] for one in found) <= 0.002


def test_weights_that_are_all_different_tell_more() -> None:
    source = with_noise(build("distilbert"))
    exported = export_model(source.model, source.args, source.kwargs)
    (trained,) = rewritten.measure(know(exported.proto, exported.modules), ["ORT basic"])
    fresh = export_once("distilbert", "dynamo", optimize=True)
    (equal,) = rewritten.measure(know(fresh.proto, fresh.modules), ["ORT basic"])
    assert trained["on_branch"] >= 0.99
    assert trained["exact"] > equal["exact"]


def test_readers_that_all_count_for_the_holder_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule of before: whoever reads a weight is the module that it is named for."""
    monkeypatch.setattr(
        "hexviz.tagging.module_sources.called_by_holder",
        lambda _flat, _declared, asked, _merged: [*asked],
    )
    assert mean(one["on_branch"] for one in figures("dynamo")) < 0.99
