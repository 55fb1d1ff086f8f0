"""Which stored numbers are parameters, and how often each counts, where no file says it."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from hexviz.measure.costs.costs import Costs, costs
from hexviz.model.reader import WEIGHTS_LEFT_OUT
from tests.build import parse, scoped, tagged

WEIGHT = np.arange(12, dtype=np.float32).reshape(4, 3)


def counted(text: str, scopes: dict[str, str], **weights: np.ndarray) -> Costs:
    model = parse(text)
    model.graph.initializer.extend(
        numpy_helper.from_array(array, name.replace("__", ".")) for name, array in weights.items()
    )
    return costs(tagged(scoped(model, scopes)))


def totals(found: Costs) -> dict[str, int | None]:
    return {fqn: one.total.parameters for fqn, one in found.modules.items()}


TWICE = "g (float[2, 4] x, float[2, 4] z) => (float[2, 3] y, float[2, 3] v) {{ {} }}".format(
    "y = MatMul (x, val_2) v = MatMul (z, val_8)"
)


def test_a_copy_for_each_call_of_a_module_is_one_parameter() -> None:
    found = counted(TWICE, {"y": "up", "v": "up"}, val_2=WEIGHT, val_8=WEIGHT)
    assert totals(found) == {"": 12, "up": 12}
    assert [one.parameters for one in found.ops] == [12, 0]
    assert found.model.weight_bytes == 96  # the file stores both


def test_modules_that_begin_equal_have_parameters_of_their_own() -> None:
    found = counted(TWICE, {"y": "one", "v": "two"}, val_2=WEIGHT, val_8=WEIGHT)
    assert totals(found) == {"": 24, "one": 12, "two": 12}


@pytest.mark.parametrize("second", [WEIGHT + 1, np.zeros((4, 3), np.float32)])
def test_what_differs_is_no_copy_and_neither_is_one_number_repeated(second: np.ndarray) -> None:
    first = second if not second.any() else WEIGHT
    found = counted(TWICE, {"y": "up", "v": "up"}, val_2=first, val_8=second)
    assert found.model.parameters == 24


HEAD = """
g (int64[5] ids) => (float[5, 4] y)
{
    e = Gather ("wte.weight", ids)
    y = MatMul (e, val_6)
}
"""


@pytest.mark.parametrize(
    "embedding", [WEIGHT, np.array([[1, 2, 3], [2, 5, 6], [3, 6, 9]], np.float32)]
)
def test_a_head_that_is_a_transposed_copy_of_an_embedding_is_tied_to_it(
    embedding: np.ndarray,
) -> None:
    found = counted(HEAD, {"e": "wte", "y": "head"}, wte__weight=embedding, val_6=embedding.T)
    count = embedding.size
    assert totals(found) == {"": count, "wte": count, "head": count}
    assert found.modules["head"].own.parameters == 0
    assert found.modules["head"].own.weight_bytes == 4 * count


def test_weights_that_were_left_out_are_no_copies() -> None:
    model = parse(TWICE)
    for name in ("val_2", "val_8"):
        tensor = numpy_helper.from_array(WEIGHT, name)
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=WEIGHTS_LEFT_OUT)
        model.graph.initializer.append(tensor)
    assert costs(tagged(scoped(model, {"y": "up", "v": "up"}))).model.parameters == 24


RECURRENT = """
g (float[7, 2, 3] x) => (float[7, 1, 2, 5] y)
{ y = LSTM <hidden_size = 5> (x, w, r, , , STATE, STATE) }
"""


@pytest.mark.parametrize(("state", "learned"), [("val_16", 0), ("rnn.start", 10)])
def test_the_state_a_recurrent_layer_begins_with_is_a_parameter_only_by_its_name(
    state: str, learned: int
) -> None:
    text = RECURRENT.replace("STATE", f'"{state}"')
    weights = {
        "w": np.ones((1, 20, 3), np.float32),
        "r": np.ones((1, 20, 5), np.float32),
        state.replace(".", "__"): np.zeros((1, 2, 5), np.float32),
    }
    found = counted(text, {"y": "rnn"}, **weights)
    assert found.model.parameters == 60 + 100 + learned
    assert found.model.weight_bytes == 4 * 170
