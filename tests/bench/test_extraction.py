"""Every module of sample models, cut out under every policy; and that the benchmark can fail."""

from collections.abc import Callable

import pytest

from benchmarks import extraction
from benchmarks.extraction import measure, summarize
from benchmarks.hard_cases import HARD_CASES, hard_case
from hexviz.exporters.interface import Exported
from hexviz.extraction.subgraph import POLICIES
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from tests.build import parse, scoped, tagged
from tests.exports import export_once

# `make bench-extraction` measures all models in all ways; these are seconds each.
SAMPLES = (
    ("custom-auxiliary", "dynamo", False),
    ("custom-auxiliary", "dynamo", True),
    ("custom-auxiliary", "torchscript", False),
    ("small-transformer", "torchscript", False),
    ("bert-tiny", "torchscript", False),
)
UNSEEN = (
    ("u-net", "dynamo", False),
    ("distilbert", "dynamo", True),
    ("whisper-encoder", "torchscript", False),
)
"""Models that nothing was tuned on."""


def all_equal(exported: Exported) -> None:
    graph = tag(from_proto(exported.proto, name=exported.name), modules=exported.modules)
    measured = measure(graph, rivals=False)
    cuts = measured["cuts"]
    wrong = [cut for cut in cuts if cut["outcomes"]["hexviz"] != "equal"]
    assert wrong == []
    assert {cut["policy"] for cut in cuts} == set(POLICIES)
    assert {cut["module"] for cut in cuts} >= {op.module for op in graph.ops}
    assert measured["split"]["equal"], measured["split"]


@pytest.mark.parametrize(("name", "exporter", "optimize"), SAMPLES)
def test_every_module_of_the_samples(
    exported: Callable[..., Exported], name: str, exporter: str, optimize: bool
) -> None:
    all_equal(exported(name, exporter, optimize))


@pytest.mark.parametrize(("name", "exporter", "optimize"), UNSEEN)
def test_every_module_of_models_that_nothing_was_tuned_on(
    name: str, exporter: str, optimize: bool
) -> None:
    all_equal(export_once(name, exporter, optimize=optimize))


@pytest.mark.parametrize("case", HARD_CASES)
def test_every_module_of_the_hard_cases(case: str) -> None:
    cuts = measure(tagged(hard_case(case)), rivals=False)["cuts"]
    assert {cut["outcomes"]["hexviz"] for cut in cuts} == {"equal"}


NET = """g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> {
    a = Neg (x)
    b = Mul (a, w)
    y = Exp (b)
}"""


def test_a_wrong_cutter_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = tagged(scoped(parse(NET), {"a": "m", "b": "m", "y": "n"}))
    assert {cut["outcomes"]["hexviz"] for cut in measure(graph, rivals=False)["cuts"]} == {"equal"}
    right = extraction.Part

    class Wrong(right):  # type: ignore[misg, valid-type]
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]
            for node in self.model.graph.node:
                node.op_type = {"Mul": "Add", "Exp": "Exq"}.get(node.op_type, node.op_type)

    monkeypatch.setattr(extraction, "Part", Wrong)
    found = {
        (cut["module"], cut["policy"]): cut["outcomes"]["hexviz"]
        for cut in measure(graph, rivals=False)["cuts"]
    }
    assert found["m", "exclude_safe"] == "different"
    assert found["n", "exclude_safe"] == "invalid"


def test_a_model_may_be_run_several_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for as many cuts as have borders that fit into memory together."""
    graph = tagged(scoped(parse(NET), {"a": "m", "b": "m", "y": "n"}))
    at_once = measure(graph, rivals=False)["cuts"]
    runs = []
    captured = extraction.capture

    def counted(*arguments: object) -> object:
        runs.append(arguments)
        return captured(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(extraction, "capture", counted)
    outcomes = [cut["outcomes"] for cut in measure(graph, rivals=False, most_at_once=20)["cuts"]]
    assert outcomes == [cut["outcomes"] for cut in at_once]
    assert len(runs) > 1


def test_other_extractors_get_the_same_cut() -> None:
    graph = tagged(scoped(parse(NET), {"a": "m", "b": "m", "y": "n"}))
    results = [{"export": "text", "model": "net", **measure(graph)}]
    for row in summarize(results):
        assert row["cuts"] == 3
        assert row["outcomes"]["hexviz"] == {
            "equal": 3,
            "different": 0,
            "invalid": 0,
            "refused": 0,
        }
        assert row["outcomes"]["onnx.utils"]["equal"] == 3
        assert row["outcomes"]["onnx_ir"]["equal"] == 3
        assert all(ratio > 0 for ratio in row["slower"].values())


def test_what_another_extractor_gets_wrong_is_counted() -> None:
    """ONNX's own does not look for what a body captures, onnx 1.23; onnx-ir's does."""
    graph = tagged(hard_case("an If that captures"))
    for cut in measure(graph)["cuts"]:
        assert cut["outcomes"]["hexviz"] == cut["outcomes"]["onnx_ir"] == "equal"
    assert {cut["outcomes"]["onnx.utils"] for cut in measure(graph)["cuts"]} == {"equal", "invalid"}
