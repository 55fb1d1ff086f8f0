"""Models whose weights are more than one file can hold."""

from pathlib import Path

import numpy as np
import onnx

from hexviz.extraction.part import extract
from hexviz.tagging.tag import load
from tests.build import parse, scoped

ROWS = 600_000_000
NET = """g (int64[2] i) => (float[2] y) <float[2] w = {1, 2}> {
    e = Gather (table, i)
    a = Add (e, w)
    y = Neg (a)
}"""


def large(folder: Path) -> Path:
    """A model with a table of 2.4 GB, all zeros but the first row: a file with a hole."""
    proto = scoped(parse(NET), {"e": "embed", "a": "small", "y": "small"})
    table = proto.graph.initializer.add(
        name="table",
        data_type=onnx.TensorProto.FLOAT,
        dims=[ROWS],
        data_location=onnx.TensorProto.EXTERNAL,
    )
    weight = proto.graph.initializer[0]
    weight.CopyFrom(onnx.numpy_helper.from_array(np.array([1, 2], np.float32), "w"))
    for tensor, offset, length in ((table, 0, 4 * ROWS), (weight, 4 * ROWS, 8)):
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", "data"), ("offset", offset), ("length", length)):
            tensor.external_data.add(key=key, value=str(value))
    with (folder / "data").open("wb") as file:
        file.write(np.array([7], np.float32).tobytes())
        file.seek(4 * ROWS)
        file.write(weight.raw_data)
    weight.ClearField("raw_data")
    (folder / "whole.onnx").write_bytes(proto.SerializeToString())
    return folder / "whole.onnx"


def test_a_model_over_2_gb(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "part").mkdir()
    graph = load(large(tmp_path / "whole"))
    for module in ("embed", "small"):
        part = extract(graph, [module], policy="exclude_safe")
        assert part.checks.ok, part.checks
        verified = part.verify({"i": np.array([0, ROWS - 1])})
        assert verified.ok, verified.message
    part.save(tmp_path / "part" / "small.onnx")
    sizes = {one.name: one.stat().st_size for one in (tmp_path / "part").iterdir()}
    assert sizes["small.onnx.data"] == 8
    found = onnx.load(tmp_path / "part" / "small.onnx").graph.initializer[0]
    assert onnx.numpy_helper.to_array(found).tolist() == [1, 2]
