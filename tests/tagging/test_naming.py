import pytest

from hexviz.tagging.naming import owner_of_weight, scope_in_names


@pytest.mark.parametrize(
    ("name", "outputs", "module"),
    [
        ("/encoder/layer.0/MatMul", (), "encoder.layer.0"),
        ("/Add", (), ""),
        ("", ("/encoder/Constant_output_0",), "encoder"),
        ("bert/encoder/MatMul", (), "bert.encoder"),
    ],
)
def test_scopes_in_names(name: str, outputs: tuple[str, ...], module: str) -> None:
    found = scope_in_names(name, outputs)
    assert found is not None
    assert found[0][-1] == module


@pytest.mark.parametrize("name", ["", "Conv_173", "node_add_1", "val_3"])
def test_flat_names_have_no_scope(name: str) -> None:
    assert scope_in_names(name, ()) is None


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("encoder.layer.0.dense.weight", "encoder.layer.0.dense"),
        ("fc.bias", "fc"),
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
