"""The one table of auxiliary op types, by category.

An auxiliary op computes shapes, types, constants or layout rather than a
module's own arithmetic. The table goes by op *type* in the default ONNX
domain; whether one Gather is an embedding lookup is decided per op, in
:func:`category`, because only its inputs can tell.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["CATEGORIES", "category"]

CATEGORIES = MappingProxyType(
    {
        "infrastructure": frozenset({"Identity", "Shape", "Size"}),
        "constants": frozenset({"Constant", "ConstantOfShape", "Range"}),
        "type conversion": frozenset({"Cast", "CastLike"}),
        "tensor manipulation": frozenset(
            {
                "Concat",
                "Expand",
                "Flatten",
                "Gather",
                "GatherElements",
                "GatherND",
                "Pad",
                "Reshape",
                "Slice",
                "Split",
                "Squeeze",
                "Transpose",
                "Unsqueeze",
            }
        ),
        "preprocessing": frozenset({"Equal", "NonZero", "Where"}),
    }
)
"""Category → op types, after the design's list of auxiliary ops."""

_CATEGORY_OF = {
    op_type: name for name, members in CATEGORIES.items() for op_type in sorted(members)
}


def category(domain: str, op_type: str, *, looks_up_weight: bool = False) -> str | None:
    """The category of an auxiliary op type, or ``None`` for a primary one.

    ``looks_up_weight`` says that the op's data input is a module's own weight,
    which makes a Gather the module's arithmetic (an embedding) and not layout.

    >>> category("", "Reshape")
    'tensor manipulation'
    >>> category("", "MatMul") is None
    True
    >>> category("", "Gather", looks_up_weight=True) is None
    True
    """
    if domain not in ("", "ai.onnx"):
        return None
    if looks_up_weight and op_type.startswith("Gather"):
        return None
    return _CATEGORY_OF.get(op_type)
