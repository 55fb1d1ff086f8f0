"""Files of every age and make: versions, storage of weights, names."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import hexviz
from hexviz.exporters.interface import Exported
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag


def small(opset: int, ir_version: int) -> onnx.ModelProto:
    """Two ops whose form has never changed, with a weight named for a module."""
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "enc.fc.weight"], ["m"]),
            helper.make_node("Relu", ["m"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
        [numpy_helper.from_array(np.ones((2, 2), np.float32), "enc.fc.weight")],
    )
    if ir_version < 4:  # initializers had to be inputs as well
        graph.input.append(
            helper.make_tensor_value_info("enc.fc.weight", TensorProto.FLOAT, [2, 2])
        )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = ir_version
    return model


@pytest.mark.parametrize("ir_version", range(3, 14))
@pytest.mark.parametrize("opset", range(7, 25))
def test_every_version_opens(opset: int, ir_version: int, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(small(opset, ir_version).SerializeToString())
    graph = hexviz.load(path)
    assert [op.module for op in graph.ops] == ["enc.fc", ""]
    assert graph.ops[0].provenance.rule == "weight"


def test_a_sparse_weight_tells_its_module_too() -> None:
    model = small(20, 10)
    dense = model.graph.initializer.pop()
    model.graph.sparse_initializer.append(
        helper.make_sparse_tensor(
            numpy_helper.from_array(np.ones(2, np.float32), dense.name),
            numpy_helper.from_array(np.array([0, 3]), "where"),
            [2, 2],
        )
    )
    graph = tag(from_proto(model, name="sparse"))
    assert [(op.module, op.provenance.rule) for op in graph.ops] == [
        ("enc.fc", "weight"),
        ("", "trace"),
    ]
    assert not graph.weights_left_out


def test_quantised_ops_belong_to_the_owner_of_their_weight() -> None:
    graph = helper.make_graph(
        [
            helper.make_node("DequantizeLinear", ["enc.fc.weight", "s", "z"], ["w"]),
            helper.make_node("MatMul", ["x", "w"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
        [
            numpy_helper.from_array(np.ones((2, 2), np.int8), "enc.fc.weight"),
            numpy_helper.from_array(np.float32(1), "s"),
            numpy_helper.from_array(np.int8(0), "z"),
        ],
    )
    tagged = tag(from_proto(helper.make_model(graph), name="q"))
    assert tagged.ops[0].module == "enc.fc"


def test_unnamed_and_doubly_named_nodes_keep_apart() -> None:
    model = small(20, 10)
    for node in model.graph.node:
        node.name = "same"
    assert [op.id for op in tag(from_proto(model, name="d")).ops] == ["m", "y"]


SCRIPT = """
import resource, sys, hexviz
hexviz.load(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
graph = hexviz.load(sys.argv[2])
assert [op.module for op in graph.ops] == ["enc.fc", ""]
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_weights_of_gigabytes_in_another_file_are_not_loaded(tmp_path: Path) -> None:
    side = 28_000  # 28,000² floats are 3.1 GB
    light, heavy = tmp_path / "light.onnx", tmp_path / "heavy.onnx"
    model = small(20, 10)
    light.write_bytes(model.SerializeToString())
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    del tensor.dims[:]
    tensor.dims.extend([side, side])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "w.bin"), ("offset", "0"), ("length", str(4 * side**2))):
        tensor.external_data.add(key=key, value=value)
    heavy.write_bytes(model.SerializeToString())
    with (tmp_path / "w.bin").open("wb") as data:
        data.truncate(4 * side**2)  # a hole: it takes no room on the disk
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(light), str(heavy)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 50_000  # kilobytes


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
def test_a_file_that_onnx_runtime_optimised_keeps_its_modules(
    exported: Callable[..., Exported], exporter: str, tmp_path: Path
) -> None:
    """The optimiser drops all metadata; fused nodes are named after the first they replace."""
    import onnxruntime

    proto = exported("bert-tiny", exporter).proto
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "fused.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    graph = hexviz.load(tmp_path / "fused.onnx")
    assert {op.domain for op in graph.ops} > {"com.microsoft"}
    assert any(op.op_type.startswith("Fused") or "Skip" in op.op_type for op in graph.ops)
    assert "encoder.layer.1.attention.self.query" in graph.modules
    computing = [op for op in graph.ops if op.op_type in ("MatMul", "FusedMatMul", "Gemm", "Gelu")]
    assert len(computing) >= 10
    below = [op for op in computing if op.module.startswith("encoder.layer.")]
    assert len(below) >= 0.7 * len(computing)
    declared_at_root = [
        op.name for op in graph.ops if not op.module and op.provenance.origin == "declared"
    ]
    assert not [name for name in declared_at_root if "Fusion" in name]
