"""A file with more of anything than a model can have is refused in one line that says of what."""

from __future__ import annotations

import onnx
import pytest

from hexviz.errors import ReadError
from hexviz.model import flatten as flattening
from hexviz.model.flatten import flatten
from tests.build import parse

NET = """g (float[4] x, bool go) => (float[4] y, float[4] z) <float[4] w = {1, 2, 3, 4}> {
    a = Add (x, w)
    y = If (go) <
        then_branch = t () => (float[4] p) { p = Neg (a) },
        else_branch = e () => (float[4] q) { q = Exp (a) }
    >
    z = Abs (y)
}"""


@pytest.mark.parametrize(
    ("limit", "most", "told"),
    [
        ("MOST_OPS", 8, "ops"),
        ("MOST_BODIES", 2, "functions and bodies"),
        ("MOST_WEIGHTS", 1, "weights"),
        ("MOST_ENDS", 6, "inputs and outputs"),
        ("MOST_LINKS", 12, "values"),
    ],
)
def test_one_more_than_the_most_is_refused(
    monkeypatch: pytest.MonkeyPatch, limit: str, most: int, told: str
) -> None:
    proto = parse(NET)
    found = flatten(proto)
    monkeypatch.setattr(flattening, limit, most)
    assert flatten(proto).ops == found.ops
    monkeypatch.setattr(flattening, limit, 0)
    with pytest.raises(ReadError, match=told) as error:
        flatten(proto)
    assert "\n" not in str(error.value)


def test_functions_count_as_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    proto = parse(NET)
    for number in range(3):
        proto.functions.append(onnx.helper.make_function("d", f"f{number}", [], [], [], []))
    monkeypatch.setattr(flattening, "MOST_BODIES", 4)
    with pytest.raises(ReadError, match="functions and bodies"):
        flatten(proto)
