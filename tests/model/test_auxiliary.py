import pytest

from hexviz.model.op import CATEGORIES, category


def test_no_op_type_is_in_two_categories() -> None:
    members = [op_type for group in CATEGORIES.values() for op_type in group]
    assert len(members) == len(set(members))


OF_THE_DEFINITION = (
    "Shape Size Constant ConstantOfShape NonZero Range Cast CastLike Reshape Flatten Transpose "
    "Unsqueeze Squeeze Concat Slice Split Gather GatherElements GatherND Expand Where Equal "
    "Identity Pad"
)


@pytest.mark.parametrize("op_type", OF_THE_DEFINITION.split())
def test_every_op_of_the_definition_is_auxiliary(op_type: str) -> None:
    assert category("", op_type) is not None
    assert category("ai.onnx", op_type) == category("", op_type)


def test_other_domains_have_no_auxiliary_ops() -> None:
    assert category("com.microsoft", "Reshape") is None


def test_looking_up_a_weight_is_arithmetic_for_a_gather_only() -> None:
    assert category("", "Gather", looks_up_weight=True) is None
    assert category("", "Transpose", looks_up_weight=True) == "tensor manipulation"
