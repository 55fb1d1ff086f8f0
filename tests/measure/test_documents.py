"""The documents of profile and parity: written, read, and refused."""

import json
from typing import Any

import pytest

from hexviz.errors import MeasureError
from hexviz.measure.documents import (
    CallError,
    ModuleTime,
    NodeTime,
    ParityDocument,
    ProfileDocument,
    TensorError,
    read_document,
    to_dict,
)

PROFILE = ProfileDocument(
    model="m.onnx",
    modules=(ModuleTime(module="a", tag="/M/A", self_us=2.0, total_us=2.0, share=1.0, runs=3),),
    nodes=(NodeTime(id="v", op_type="Add", module="a", us=2.0, ops=("v",)),),
    total_us=2.0,
    unplaced_us=0.0,
    runs=3,
    provider="CPUExecutionProvider",
    device="cpu",
)
ERROR = TensorError(max_abs_error=0.5, max_rel_error=0.25, cosine=1.0, sqnr_db=None)
CALL = CallError(
    module="a",
    tag="/M/A",
    call=0,
    value="v",
    max_abs_error=0.5,
    max_rel_error=0.25,
    cosine=1.0,
    sqnr_db=None,
    ok=False,
    own=ERROR,
)
PARITY = ParityDocument(
    model="m.onnx",
    reference="pkg:build",
    modules=(CALL,),
    first_divergence=CALL,
    path=("", "a"),
    divergences=(0,),
    message="first divergence: a",
    rtol=1e-5,
    atol=1e-6,
    runtime="onnxruntime",
)


@pytest.mark.parametrize("document", [PROFILE, PARITY])
def test_a_document_is_read_as_it_was_written(document: ProfileDocument | ParityDocument) -> None:
    assert read_document(json.dumps(to_dict(document)).encode()) == document


def test_the_first_divergence_has_its_path() -> None:
    assert to_dict(PARITY)["first_divergence"]["path"] == ["", "a"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"total_us": -1}, "total_us"),
        ({"kind": "something"}, "something"),
        ({"modules": 3}, "modules"),
        ({"nodes": [{"id": 1}]}, "nodes"),
    ],
)
def test_what_is_none_is_refused_in_one_line(change: dict[str, Any], said: str) -> None:
    with pytest.raises(MeasureError, match=said) as caught:
        read_document(json.dumps(to_dict(PROFILE) | change).encode())
    assert "\n" not in str(caught.value)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(MeasureError, match="no document of hexviz profile"):
        read_document(b"op,us\nv,3")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"total_us": 1e300}, "profile --json or .*: total_us: expected float <= "),
        ({"total_us": 0.5}, "in its modules, 'a' takes 2 µs, and the whole model 0.5 µs"),
        ({"total_us": -1.0}, "total_us: expected float >= 0"),
    ],
)
def test_times_that_cannot_be_are_refused_in_words(change: dict[str, float], message: str) -> None:
    content = json.dumps(to_dict(PROFILE) | change).encode()
    with pytest.raises(MeasureError, match=message) as error:
        read_document(content)
    assert "$" not in str(error.value)


def test_a_parsers_path_is_not_shown() -> None:
    with pytest.raises(MeasureError) as error:
        read_document(b'{"kind": "hexviz parity", "modules": [{"call": 1e400}]}')
    assert "$" not in str(error.value)
    assert "[...]" not in str(error.value)
