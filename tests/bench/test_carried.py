"""Tags on what tools make of a tagged file: the map keeps them, and one without it would not."""

from collections.abc import Mapping
from typing import Any

import pytest

from benchmarks import carried
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from tests.build import parse, scoped, tagged
from tests.exports import export_once

OWN = ("ORT basic", "ORT extended", "ORT all", "version converter", "printed and parsed")
"""The tools that are hexviz's own dependencies."""

OTHERS = ("onnxslim", "onnxsim")


def graph(exporter: str) -> TaggedGraph:
    exported = export_once("distilbert", exporter, optimize=exporter == "dynamo")
    return tag(
        from_proto(exported.proto, name="distilbert"),
        modules=exported.modules,
        calls=exported.calls,
    )


def records(exporter: str) -> dict[str, Mapping[str, Any]]:
    return {one["tool"]: one for one in carried.measure(graph(exporter), (*OWN, *OTHERS))}


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
def test_tools_leave_every_tag_in_place(exporter: str) -> None:
    found = records(exporter)
    assert len(found) == len(OWN) + len(OTHERS) + len(carried.CHANGES)
    told = {tool: one for tool, one in found.items() if "error" not in one}
    assert set(told) >= {*OWN, *carried.CHANGES}
    assert min(one["on_branch"] for one in told.values()) == 1.0
    again = {tool: one["exact"] for tool, one in told.items() if tool != "shuffled and renamed"}
    assert min(again.values()) >= 0.99, again
    assert told["shuffled and renamed"]["exact"] >= 0.8
    assert told["version converter"]["map_bytes"] <= 60


def test_without_the_map_the_floors_do_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hexviz.tagging.stored.unpack_map", lambda _: None)
    found = {one["tool"]: one for one in carried.measure(graph("dynamo"), ())}
    assert found["metadata dropped"]["exact"] < 0.99


def test_all_ops_that_make_a_value_of_the_file_are_asked() -> None:
    proto = scoped(
        parse("""g (float[2] x) => (float[2] y) {
            a = Neg (x)
            b = Identity (a)
            y = Exp (b)
        }"""),
        {"a": "enc", "b": "enc", "y": "dec"},
    )
    (record, *_) = carried.measure(tagged(proto), ["ORT basic"])
    assert (record["of"], record["ops"]) == (2, 2)  # the Identity is gone
    assert (record["exact"], record["sure_and_wrong"], record["transferred"]) == (1, 0, 1)


def test_a_tool_that_fails_is_part_of_the_result() -> None:
    proto = parse("""g (float[2] x) => (float[2] y) {
        y = pkg.Unknown (x)
    }""")
    (record, *_) = carried.measure(tagged(proto), ["ORT basic"])
    assert "Unknown" in record["error"]
