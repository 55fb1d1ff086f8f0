import pytest

from hexviz.tagging.naming import owner_of_weight, paths_in_names
from tests.build import parse, tagged


@pytest.mark.parametrize(
    ("name", "outputs", "path"),
    [
        ("/encoder/layer.0/MatMul", (), ("encoder", "layer.0")),
        ("/Add", (), ()),
        ("", ("/encoder/Constant_output_0",), ("encoder",)),
        ("bert/encoder/MatMul", (), ("bert", "encoder")),
        ("/encoder/MatMul", ("/encoder/MatMul_output_0",), ("encoder",)),
    ],
)
def test_scopes_in_names(name: str, outputs: tuple[str, ...], path: tuple[str, ...]) -> None:
    assert [found for found, _ in paths_in_names(name, outputs)] == [path]


def test_names_of_node_and_output_that_disagree_are_both_read() -> None:
    found = list(paths_in_names("/enc/Add", ["/dec/Add_output_0", "y"]))
    assert found == [(("enc",), "/enc/Add"), (("dec",), "/dec/Add_output_0")]


@pytest.mark.parametrize("name", ["", "Conv_173", "node_add_1", "node_MatMul_63/MatMulAddFusion"])
def test_flat_names_have_no_scope(name: str) -> None:
    assert not list(paths_in_names(name, ()))


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("encoder.layer.0.dense.weight", "encoder.layer.0.dense"),
        ("fc.bias", "fc"),
        ("layers.q-proj.weight", "layers.q-proj"),
        ("d.x@2.weight", "d.x@2"),
        ("onnx::MatMul_342", None),
        ("val_3", None),
        ("weight", None),
        ("a..weight", None),
        ("1.5", None),
        ("a b.weight", None),
    ],
)
def test_owners_of_weights(name: str, owner: str | None) -> None:
    assert owner_of_weight(name) == owner


def modules_of(names: list[str]) -> list[str]:
    """Where the ops of a chain with these node names belong."""
    lines = [f"v{at + 1} = Neg (v{at})" for at in range(len(names))]
    proto = parse(f"g (float[2] v0) => (float[2] v{len(names)}) {{" + "\n".join(lines) + "}")
    for node, name in zip(proto.graph.node, names, strict=True):
        node.name = name
    return [op.module for op in tagged(proto).ops]


@pytest.mark.parametrize(
    ("names", "modules"),
    [
        (  # tf2onnx
            ["StatefulPartitionedCall/model/conv/Conv2D", "StatefulPartitionedCall/model/Relu"],
            ["StatefulPartitionedCall.model.conv", "StatefulPartitionedCall.model"],
        ),
        (["m/a/BiasAdd;m/a/Conv2D", "m/b/Mul;m/a/Add"], ["m.a", "m"]),
        (["enc.fc.MatMul", "enc.fc.Add", "enc.Relu"], ["enc.fc", "enc.fc", "enc"]),
        (["/h/MatMul/MatMulAddFusion", "/h/q/MatMul/MatMulScaleFusion/"], ["h", "h.q"]),
    ],
)
def test_other_producers_scopes(names: list[str], modules: list[str]) -> None:
    assert modules_of(names) == modules


@pytest.mark.parametrize(
    "names",
    [
        ["Conv_173", "Relu_174", "Add_175"],  # PyTorch 1.x
        ["Conv.0", "p2o.Relu.0", "p2o.Add.1"],  # Paddle
        ["model.a", "Relu_1", "Add_2"],  # one name is no rule
        ["a.Neg", "b.Neg", "c.Neg"],  # nothing in common
        ["", "", ""],
    ],
)
def test_what_only_looks_like_a_scope(names: list[str]) -> None:
    assert modules_of(names) == [""] * len(names)
