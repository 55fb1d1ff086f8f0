"""What tools put before names, on small models with an exporter's names."""

import io
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import compose, numpy_helper
from torch import nn

import hexviz
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.prefixes import Prefixes
from tests.build import parse, scoped, tagged

TEXT = """g (float[2,1] x) => (float[2,1] y)
<float[1,1] "layer.0.fc.weight" = {1}, float[1] "layer.0.fc.bias" = {1},
 float[1,1] "head.weight" = {1}, float[1] "head.bias" = {1}> {
    "/layer.0/fc/Gemm_output_0" = Gemm (x, "layer.0.fc.weight", "layer.0.fc.bias")
    "/layer.0/act/Relu_output_0" = Relu ("/layer.0/fc/Gemm_output_0")
    "/layer.0/Add_output_0" = Add ("/layer.0/act/Relu_output_0", x)
    "/head/Gemm_output_0" = Gemm ("/layer.0/Add_output_0", "head.weight", "head.bias")
    y = Tanh ("/head/Gemm_output_0")
}"""
NAMES = [
    "/layer.0/fc/Gemm",
    "/layer.0/act/Relu",
    "/layer.0/Add",
    "/head/Gemm",
    "/Tanh",
]
MODULES = ["layer.0.fc", "layer.0.act", "layer.0", "head", ""]
TREE = {"layer.0.fc", "layer.0.act", "layer.0", "head", ""}


def net(**renamed: str) -> onnx.ModelProto:
    """A model as the TorchScript exporter names it; ops of some types have other names."""
    proto = parse(TEXT)
    for node, name in zip(proto.graph.node, NAMES, strict=True):
        node.name = renamed.get(node.op_type, "{}").format(name)
        value = renamed.get(node.op_type + "_output")
        if value is not None:
            old, node.output[0] = node.output[0], value.format(node.output[0])
            for other in proto.graph.node:
                other.input[:] = [node.output[0] if one == old else one for one in other.input]
    return proto


def modules(graph: TaggedGraph) -> list[str]:
    return [op.module for op in graph.ops]


def tree(graph: TaggedGraph) -> set[str]:
    return {module.fqn for module in graph.modules}


@pytest.mark.parametrize(
    "renamed",
    [
        {},
        {"Gemm": "fused {}"},
        {"Gemm": "InsertedPrecisionFreeCast_{}_nchwc"},
        {"Gemm": "NhwcConv_0-{}", "Gemm_output": "NhwcConv_0_out-{}"},
        {"Gemm": "Gemm_1", "Relu": "x_cast_to_{}"},
        {"Relu": "", "Relu_output": "Transpose_2_out-{}"},
        {"Relu": "SkipRelu_0", "Relu_output": "/layer.0/act/Relu/output_0"},
        {"Relu": "{}/QuickGeluFusion/", "Gemm": "{}/MatMulAddFusion_token_12"},
        {"Gemm": "{}_output_0_DequantizeLinear/duplicated"},
        {"Gemm": "fused {}/MatMulAddFusion"},
        {"Gemm": "tool made {}", "Relu": "tool made {}", "Add": "tool made {}"},
    ],
    ids=lambda renamed: " ".join(renamed.values()) or "as exported",
)
def test_words_of_a_tool_are_no_scopes(renamed: dict[str, str]) -> None:
    graph = tagged(net(**renamed))
    assert modules(graph) == MODULES
    assert tree(graph) == TREE


@pytest.mark.parametrize("word", ["FusedBack_", "InsertedPrecisionFreeCast_"])
def test_words_before_weights_are_no_modules(word: str) -> None:
    proto = net(Gemm="")
    for one in proto.graph.initializer:
        for node in proto.graph.node:
            node.input[:] = [word + one.name if name == one.name else name for name in node.input]
        one.name = word + one.name
    assert tree(tagged(proto)) == TREE


@pytest.mark.parametrize("word", ["ConvBnFusion_W_", "ConvAddFusion_Add_B_ConvBnFusion_BN_B_"])
def test_words_before_weights_are_no_modules_where_names_have_no_scopes(word: str) -> None:
    """ONNX Runtime folded a norm into a convolution, and names the new weight so."""
    proto = parse("""g (float[2,4] x) => (float[2,4] y) {
        h = MatMul (x, "enc.fc.weight")
        y = Relu (h)
    }""")
    weight = onnx.numpy_helper.from_array(np.eye(4, dtype=np.float32), word + "enc.fc.weight")
    proto.graph.initializer.append(weight)
    proto.graph.node[0].input[1] = weight.name
    assert modules(tagged(proto))[0] == "enc.fc"


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(8, 8)
        self.act = nn.ReLU()
        self.fc2 = nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(self.act(self.fc1(x)))


def test_an_optimised_file_has_the_modules_of_the_exported_one(tmp_path: Path) -> None:
    buffer, optimised = io.BytesIO(), tmp_path / "optimised.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            nn.Sequential(Block(), Block(), nn.Sigmoid()).eval(),
            (torch.zeros(2, 8),),
            buffer,
            dynamo=False,
        )
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(optimised)
    options.log_severity_level = 3
    ort.InferenceSession(buffer.getvalue(), options, providers=["CPUExecutionProvider"])
    graph = hexviz.load(optimised)
    fused = {op.name: op.module for op in graph.ops if op.name.startswith("fused ")}
    assert fused == {
        "fused /0/fc1/Gemm": "0.fc1",
        "fused /1/fc1/Gemm": "1.fc1",
        "fused /1/fc2/Gemm": "1.fc2",
    }
    assert tree(graph) <= tree(tagged(onnx.load_from_string(buffer.getvalue())))


def below(prefix: str, found: list[str]) -> list[str]:
    return [f"{prefix}.{one}".strip(".") for one in found]


@pytest.mark.parametrize(
    ("prefix", "name"),
    [
        ("m0/", "m0"),
        ("m0_", "m0"),
        ("m0.", "m0"),
        ("m0", "m0"),
        ("Inline_0__", "Inline_0"),
        ("F0::If_0__", "F0::If_0"),
        ("merged/m0_", "merged.m0"),
    ],
)
def test_a_prefix_before_everything_is_one_subtree(prefix: str, name: str) -> None:
    graph = tagged(compose.add_prefix(net(), prefix))
    assert modules(graph) == below(name, MODULES)
    assert {one.partition(".")[0] for one in tree(graph)} == {"", name.partition(".")[0]}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"rename_initializers": False}, below("m0", MODULES)),
        ({"rename_nodes": False}, MODULES),
        ({"rename_initializers": False, "rename_edges": False}, MODULES),
    ],
    ids=["weights go without", "ops go without", "only ops have it"],
)
def test_a_prefix_that_some_names_lack_makes_no_second_tree(
    options: dict[str, bool], expected: list[str]
) -> None:
    graph = tagged(compose.add_prefix(net(), "m0/", **options))
    assert modules(graph) == expected
    assert len({one.partition(".")[0] for one in tree(graph)}) == len(
        {one.partition(".")[0] for one in expected} | {""}
    )


@pytest.mark.parametrize("prefix", ["m0_", "m0/"])
def test_weights_among_many_constants_tell_of_a_prefix(prefix: str) -> None:
    proto = net()
    for at in range(100):
        name = f"/layer.0/Constant_{at}_output_0"
        proto.graph.initializer.append(numpy_helper.from_array(np.ones(1, np.float32), name))
    proto.graph.node[-1].name = "Tanh_4"
    assert modules(tagged(compose.add_prefix(proto, prefix))) == [*below("m0", MODULES)[:-1], ""]


def merged(first: onnx.ModelProto, second: onnx.ModelProto) -> onnx.ModelProto:
    return compose.merge_models(
        first, second, io_map=[(first.graph.output[0].name, second.graph.input[0].name)]
    )


@pytest.mark.parametrize(
    ("one", "two"), [("m0/", "m1/"), ("enc_", "dec_"), ("a", "a1"), ("", "b_"), ("b/", "")]
)
def test_two_merged_models_are_two_subtrees(one: str, two: str) -> None:
    graph = tagged(merged(*(compose.add_prefix(net(), prefix) for prefix in (one, two))))
    first, second = (prefix.strip("/_") for prefix in (one, two))
    assert modules(graph) == below(first, MODULES) + below(second, MODULES)


def test_what_an_exporter_recorded_of_merged_models_is_kept_apart() -> None:
    made = [
        scoped(
            parse(
                'g (float[2] x) => (float[2] y) <float[2] "fc.weight" = {1, 2}> '
                '{ h = Mul (x, "fc.weight") y = Relu (h) }'
            ),
            {"h": "fc", "y": "act"},
        )
        for _ in range(2)
    ]
    for proto in made:
        for number, node in enumerate(proto.graph.node):
            node.name = f"node_{node.op_type}_{number}"
    graph = tagged(merged(*(compose.add_prefix(one, f"m{at}_") for at, one in enumerate(made))))
    assert modules(graph) == ["m0.fc", "m0.act", "m1.fc", "m1.act"]


def test_names_without_scopes_leave_the_place_in_the_subtree_to_weights() -> None:
    proto = parse(
        'g (float[2] x) => (float[2] y) <float[2] "fc.weight" = {1, 2}, '
        'float[2] "out.weight" = {1, 2}> '
        '{ a = Mul (x, "fc.weight") b = Relu (a) y = Mul (b, "out.weight") }'
    )
    for number, node in enumerate(proto.graph.node):
        node.name = f"node_{node.op_type}_{number}"
    for prefix in ("m0/", "m0_"):
        assert modules(tagged(compose.add_prefix(proto, prefix))) == ["m0.fc", "m0", "m0.out"]


def test_models_inlined_in_branches_are_one_subtree_each() -> None:
    """As spox writes them: weights become constants of the branch."""

    def branch(name: str) -> str:
        pre = f"{name}__Inline_0__"
        return f"""{name} () => (float[2] {name}_out) {{
            "{pre}fc.weight" = Constant <value_floats = [1.0, 2.0]> ()
            "{pre}/fc/Mul_output_0" = Mul (x, "{pre}fc.weight")
            {name}_out = Relu ("{pre}/fc/Mul_output_0")
        }}"""

    proto = parse(f"""g (bool c, float[2] x) => (float[2] y) {{
        y = If (c) <then_branch = {branch("then")}, else_branch = {branch("else")}>
    }}""")
    (node,) = proto.graph.node
    for attribute in node.attribute:
        pre = f"{attribute.g.name}__Inline_0__"
        for inner, name in zip(attribute.g.node, ("", "/fc/Mul", "/act/Relu"), strict=True):
            inner.name = name and pre + name
    assert tree(tagged(proto)) == {
        "",
        *(f"{name}__Inline_0{below}" for name in ("then", "else") for below in ("", ".fc", ".act")),
    }


@pytest.mark.parametrize(
    "names",
    [
        ["model/conv/Conv2D", "model/conv/BiasAdd", "model/Relu", "other/Neg", "other/a/Exp"],
        ["MobilenetV2/Conv/Conv2D", "MobilenetV2/Conv/BatchNorm", "a/b/x", "a/b/y", "a/c/z"],
    ],
)
def test_first_scopes_of_other_producers_stay_modules(names: list[str]) -> None:
    proto = parse(
        "g (float[2] v0) => (float[2] v5) {"
        + "".join(f"v{at + 1} = Neg (v{at})" for at in range(5))
        + "}"
    )
    for node, name in zip(proto.graph.node, names, strict=True):
        node.name = name
    assert modules(tagged(proto)) == [name.rpartition("/")[0].replace("/", ".") for name in names]


def test_a_file_without_prefixes_has_none() -> None:
    prefixes = Prefixes()
    assert prefixes.split("/fc/Gemm") == ((), "/fc/Gemm")
    assert prefixes.owner("fc.weight") == "fc"
    assert prefixes.owner("m0/fc.weight") is None
