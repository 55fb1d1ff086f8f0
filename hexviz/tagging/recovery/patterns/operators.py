"""Which ops do what: the one table of op types that all patterns are told by.

Types of ONNX itself and those that ONNX Runtime's optimiser and quantiser put in their place stand
side by side, as a pattern asks what an op does and not which tool wrote it.
"""

from __future__ import annotations

__all__ = ["CARRIES_ACTIVATION", "KINDS", "kind_of"]

_DOMAINS = frozenset(
    {"", "ai.onnx", "com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc"}
)

KINDS: dict[str, tuple[str, ...]] = {
    # Hands its input on: other numbers for it, or other memory.
    "pass": (
        *("Identity", "Cast", "CastLike", "Dropout", "QuantizeLinear", "DequantizeLinear"),
        *("DynamicQuantizeLinear", "ReorderInput", "ReorderOutput"),
    ),
    # The same elements in another order or shape, or some of them.
    "layout": (
        *("Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Expand", "Tile", "Split"),
        *("Slice", "Gather", "GatherND", "SplitToSequence", "SequenceAt", "Pad"),
        *("DepthToSpace", "SpaceToDepth", "NhwcMaxPool", "Trilu"),
    ),
    "concat": ("Concat", "QLinearConcat", "ConcatFromSequence"),
    "product": (
        *("MatMul", "Gemm", "FusedMatMul", "TransposeMatMul", "FusedGemm", "GemmFastGelu"),
        *("MatMulNBits", "MatMulInteger", "MatMulIntegerToFloat", "QLinearMatMul", "QGemm"),
        *("DynamicQuantizeMatMul", "Einsum"),
    ),
    "conv": (
        *("Conv", "ConvTranspose", "FusedConv", "NhwcConv", "NhwcFusedConv"),
        *("QLinearConv", "ConvInteger"),
    ),
    "add": ("Add", "Sum", "QLinearAdd", "BiasAdd"),
    "sub": ("Sub",),
    "mul": ("Mul", "QLinearMul"),
    "div": ("Div",),
    "gate": ("Sigmoid", "HardSigmoid", "QLinearSigmoid", "Tanh"),
    "activation": (
        *("Relu", "LeakyRelu", "PRelu", "Elu", "Celu", "Selu", "Gelu", "FastGelu", "BiasGelu"),
        *("QuickGelu", "HardSwish", "Swish", "Mish", "Softplus", "Erf", "Clip", "Softsign"),
        *("QLinearLeakyRelu", "ThresholdedRelu", "BiasSplitGelu"),
    ),
    "softmax": ("Softmax", "QLinearSoftmax"),
    "norm": (
        *("LayerNormalization", "SimplifiedLayerNormalization", "RMSNormalization", "GroupNorm"),
        *("BatchNormalization", "InstanceNormalization", "GroupNormalization", "LpNormalization"),
    ),
    # A residual sum and the norm after it in one.
    "skipnorm": (
        *("SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "SkipGroupNorm"),
        "EmbedLayerNormalization",
    ),
    "attention": (
        *("Attention", "MultiHeadAttention", "GroupQueryAttention", "QAttention"),
        *("PackedAttention", "PackedMultiHeadAttention", "DecoderMaskedMultiHeadAttention"),
        *("SparseAttention", "PagedAttention"),
    ),
    "globalpool": ("GlobalAveragePool", "GlobalMaxPool", "QLinearGlobalAveragePool"),
    "pool": ("MaxPool", "AveragePool", "QLinearAveragePool"),
    "mean": ("ReduceMean", "QLinearReduceMean"),
    "reduce": ("ReduceSum", "ReduceMax", "ReduceL2", "ReduceMin"),
    "elementwise": (
        *("Neg", "Sqrt", "Reciprocal", "Pow", "Exp", "Where", "IsNaN", "Max", "Min", "Abs"),
        *("And", "Or", "Not", "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"),
        *("Sin", "Cos", "Log", "RotaryEmbedding"),
    ),
    "shape": ("Shape", "Size", "Constant"),
    "recurrent": ("LSTM", "GRU", "RNN"),
}
"""What an op does → the types that do it."""

CARRIES_ACTIVATION = frozenset({"GemmFastGelu", "FusedGemm"})
"""Products with a nonlinearity in them, always; others say so in an attribute."""

_KIND_OF = {op_type: kind for kind, types in KINDS.items() for op_type in types}


def kind_of(domain: str, op_type: str) -> str:
    """What an op does, ``""`` for one that no pattern asks for.

    >>> kind_of("", "Softmax"), kind_of("com.microsoft", "QuickGelu"), kind_of("mine", "Softmax")
    ('softmax', 'activation', '')
    """
    return _KIND_OF.get(op_type, "") if domain in _DOMAINS else ""
