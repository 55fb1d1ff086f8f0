"""What one run of an op computes, by op type: multiply-accumulates and floating-point operations.

The convention, which docs/costs.md has in full:

- A *MAC* is one multiplication with its addition, in ops that are products of matrices or
  convolutions, fused and quantised ones too. All other ops have none.
- *FLOPs* are two for each MAC and the work of all other ops. An elementary function (add, compare,
  divide, exp, tanh, erf) of one element is one; a composed one (Gelu, Softmax, LayerNormalization)
  what its definition in elementary ones has. Moving, choosing, converting and sorting are none.

::

    MatMul  [2, 16, 128] × [128, 64]      MACs   2·16·64 · 128       FLOPs  2 · MACs
    Add     [2, 16, 64]                          0                          2·16·64

The tables go by op type, as the standard and ONNX Runtime define them; nothing looks at names.
What no table has is unknown, and so is what depends on a size that nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import NamedTuple

import onnx

from hexviz.measure.costs.shapes import Dims
from hexviz.model.attributes import Plain, plain_value

__all__ = ["BODY_OWNERS", "NO_WORK", "Call", "UnknownSizeError", "Work", "work"]


class Work(NamedTuple):
    """MACs and FLOPs of one run of an op; ``None`` where nothing tells them."""

    macs: int | None
    flops: int | None


NO_WORK = Work(0, 0)
_UNKNOWN = Work(None, None)


class UnknownSizeError(Exception):
    """A size that a formula needs is not known."""


@dataclass(frozen=True, slots=True)
class Call:
    """One op with the shapes of what it reads and makes; an omitted value has ``None``."""

    node: onnx.NodeProto
    inputs: tuple[Dims | None, ...]
    outputs: tuple[Dims | None, ...]

    def read(self, at: int) -> tuple[int, ...]:
        """The sizes of an input."""
        return _sizes(self.inputs, at)

    def made(self, at: int = 0) -> tuple[int, ...]:
        """The sizes of an output."""
        return _sizes(self.outputs, at)

    def has(self, at: int) -> bool:
        """Whether an input is given."""
        return at < len(self.node.input) and bool(self.node.input[at])

    def attribute(self, name: str) -> Plain | None:
        """An attribute that is numbers or text."""
        return next((plain_value(one) for one in self.node.attribute if one.name == name), None)

    def integer(self, name: str, default: int) -> int:
        """An attribute that is a whole number."""
        value = self.attribute(name)
        return value if isinstance(value, int) else default

    def required(self, name: str) -> int:
        """An attribute that is a whole number and that the op cannot be without."""
        value = self.attribute(name)
        if not isinstance(value, int):
            raise UnknownSizeError
        return value


def _sizes(shapes: tuple[Dims | None, ...], at: int) -> tuple[int, ...]:
    dims = shapes[at] if at < len(shapes) else None
    if dims is None:
        raise UnknownSizeError
    known = tuple([size for size in dims if size is not None])
    if len(known) < len(dims):
        raise UnknownSizeError
    return known


def work(domain: str, call: Call) -> Work:
    """What an op computes in one run; the ops in its bodies are not counted."""
    key = domain, call.node.op_type
    if key in _NOTHING:
        return NO_WORK
    try:
        if (products := _PRODUCTS.get(key)) is not None:
            macs = products(call)
            return Work(macs, _more(_BESIDE_PRODUCTS.get(key, _bias), call, 2 * macs))
        if (elements := _OTHERS.get(key)) is not None:
            return Work(0, _more(elements, call, 0))
    except (UnknownSizeError, IndexError):  # a malformed op has fewer inputs or dimensions
        return _UNKNOWN
    return Work(0, None) if key in _NOT_TOLD else _UNKNOWN


def _more(formula: Formula, call: Call, flops: int) -> int | None:
    try:
        return flops + formula(call)
    except (UnknownSizeError, IndexError):
        return None


Formula = Callable[[Call], int]


# Products of matrices.


def _batch(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """How many matrices come out of two stacks of them, one of which may be spread."""
    longest = max(len(one), len(other))
    first = (1,) * (longest - len(one)) + one
    second = (1,) * (longest - len(other)) + other
    return prod(b if a == 1 else a for a, b in zip(first, second, strict=True))


def _matmul(a: int, b: int) -> Formula:
    """Rows × columns × what they have in common; ``a`` and ``b`` are the inputs."""

    def macs(call: Call) -> int:
        left, right = call.read(a), call.read(b)
        left = (1, *left) if len(left) == 1 else left
        right = (*right, 1) if len(right) == 1 else right
        return _batch(left[:-2], right[:-2]) * left[-2] * left[-1] * right[-1]

    return macs


def _fused_matmul(call: Call) -> int:
    """Transposed as its attributes say; ``transBatch`` has the rows in front of the batch."""
    left, right = call.read(0), call.read(1)
    if call.integer("transBatchA", 0) and len(left) > 2:
        left = (*left[1:-1], left[0], left[-1])
    if call.integer("transBatchB", 0) and len(right) > 2:
        right = (*right[1:-1], right[0], right[-1])
    if call.integer("transA", 0) and len(left) > 1:
        left = (*left[:-2], left[-1], left[-2])
    if call.integer("transB", 0) and len(right) > 1:
        right = (*right[:-2], right[-1], right[-2])
    left = (1, *left) if len(left) == 1 else left
    right = (*right, 1) if len(right) == 1 else right
    return _batch(left[:-2], right[:-2]) * left[-2] * left[-1] * right[-1]


def _gemm(a: int, b: int) -> Formula:
    def macs(call: Call) -> int:
        left, right = call.read(a), call.read(b)
        columns = right[0] if call.integer("transB", 0) else right[1]
        return left[0] * left[1] * columns

    return macs


def _packed_matmul(call: Call) -> int:
    """The weights are packed: their sizes are attributes."""
    return prod(call.read(0)) * call.required("N")


def _einsum(call: Call) -> int:
    """From the left, two operands at a time: the product of the sizes of all their letters."""
    equation = call.attribute("equation")
    if not isinstance(equation, str):
        raise UnknownSizeError
    terms, arrow, result = equation.replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    operands = []
    for at, term in enumerate(terms.split(",")):
        dims = call.read(at)
        inner, dots, last = term.partition("...")
        hidden = len(dims) - len(inner) - len(last) if dots else 0
        letters = [*inner, *(f".{hidden - one}" for one in range(hidden)), *last]
        if len(letters) != len(dims):
            raise UnknownSizeError
        for letter, size in zip(letters, dims, strict=True):
            sizes[letter] = max(size, sizes.get(letter, 1)) if size != 0 else 0
        operands.append(set(letters))
    spread = {one for one in sizes if one.startswith(".")}
    named = [*terms.replace(",", "").replace(".", "")]
    kept = set(result.replace(".", "")) if arrow else {one for one in named if named.count(one) < 2}
    kept |= spread
    macs, made = 0, operands[0]
    for at, operand in enumerate(operands[1:], start=1):
        macs += prod(sizes[letter] for letter in made | operand)
        made = (made | operand) & kept.union(*operands[at + 1 :])
    return macs


# Convolutions: each output element is a product with one filter.


def _conv(weight: int) -> Formula:
    return lambda call: prod(call.made()) * prod(call.read(weight)[1:])


def _nhwc_conv(call: Call) -> int:
    return prod(call.made()) * prod(call.read(1)[1:])


def _conv_transpose(call: Call) -> int:
    """Each input element is multiplied with one filter."""
    return prod(call.read(0)) * prod(call.read(1)[1:])


# Attention: the scores of all pairs of positions, and the sums of values.


class _Attended(NamedTuple):
    """Sizes of an attention; a causal mask saves nothing, as torch's counter counts it.

    ``pairs`` are query and key positions of all heads, ``size`` and ``value_size`` those of one
    head. ``projection`` are MACs that make queries, keys and values.
    """

    pairs: int
    size: int
    value_size: int
    projection: int = 0


def _attention(call: Call) -> _Attended:
    """ONNX's own: queries [B, heads, S, d] or [B, S, heads·d], keys and values likewise."""
    query, key, value = call.read(0), call.read(1), call.read(2)
    past = call.read(4)[2] if call.has(4) else 0
    if len(query) == 4:
        pairs = query[0] * query[1] * query[2] * (past + key[2])
        return _Attended(pairs, query[3], value[3])
    heads, groups = call.required("q_num_heads"), call.required("kv_num_heads")
    pairs = query[0] * heads * query[1] * (past + key[1])
    return _Attended(pairs, query[2] // heads, value[2] // groups)


def _projecting(past_at: int) -> Callable[[Call], _Attended]:
    """com.microsoft's Attention: input [B, S, D] times weights [D, q + k + v] first."""

    def attended(call: Call) -> _Attended:
        batch, length, width = call.read(0)
        together, heads = call.read(1)[1], call.required("num_heads")
        sizes = call.attribute("qkv_hidden_sizes")
        size = value_size = together // 3
        if isinstance(sizes, tuple) and len(sizes) == 3:
            size, value_size = int(sizes[0]), int(sizes[2])
        if call.has(past_at) and call.integer("past_present_share_buffer", 0):
            raise UnknownSizeError  # the length of the buffer, not of what is in it
        past = call.read(past_at)[3] if call.has(past_at) else 0
        return _Attended(
            batch * heads * length * (past + length),
            size // heads,
            value_size // heads,
            batch * length * width * together,
        )

    return attended


def _multi_head(call: Call) -> _Attended:
    """Queries [B, S, D]; keys [B, T, D], or [B, heads, T, d] from elsewhere, or packed inside."""
    query, heads = call.read(0), call.required("num_heads")
    rows = query[0] * heads * query[1]
    if len(query) == 5:  # [B, S, heads, 3, d]
        return _Attended(rows * query[1], query[4], query[4])
    size, key = query[2] // heads, call.read(1)
    if len(key) == 5:  # [B, T, heads, 2, d]
        return _Attended(rows * key[1], size, size)
    value = call.read(2)
    if len(key) == 4:
        return _Attended(rows * key[2], size, value[3])
    past = call.read(6)[2] if call.has(6) else 0
    return _Attended(rows * (past + key[1]), size, value[2] // heads)


def _grouped(call: Call) -> _Attended:
    """Queries [B, S, heads·d]; what is stored of keys, [B, groups, T, d], counts in full."""
    query, heads = call.read(0), call.required("num_heads")
    size = query[2] // heads
    if not call.has(1):  # queries, keys and values in one
        size = query[2] // (heads + 2 * call.required("kv_num_heads"))
    stored = call.read(3)[2] if call.has(3) else 0
    keys = call.made(1)[2] if stored else query[1]
    return _Attended(query[0] * heads * query[1] * max(stored, keys), size, size)


def _attention_macs(sizes: Callable[[Call], _Attended]) -> Formula:
    def macs(call: Call) -> int:
        one = sizes(call)
        return one.projection + one.pairs * (one.size + one.value_size)

    return macs


def _scores(sizes: Callable[[Call], _Attended]) -> Formula:
    """Each score is scaled and goes through a softmax."""
    return lambda call: sizes(call).pairs * 6


# Recurrent layers.


def _recurrent(call: Call) -> int:
    """X [T, B, I], or [B, T, I], times W and R, for each step and sequence."""
    steps, batch = call.read(0)[:2]
    return steps * batch * (prod(call.read(1)) + prod(call.read(2)))


def _gates(per_unit: int) -> Formula:
    """What gates do with each unit, in each direction and step."""

    def flops(call: Call) -> int:
        steps, batch = call.read(0)[:2]
        directions = call.read(1)[0]
        return steps * batch * directions * call.required("hidden_size") * per_unit

    return flops


def _bias(call: Call) -> int:
    """An addition for each output element, where there is a bias."""
    position = _BIASES.get(call.node.op_type)
    return prod(call.made()) if position is not None and call.has(position) else 0


_BIASES: Mapping[str, int] = MappingProxyType(
    {
        "Conv": 2, "ConvTranspose": 2, "DeformConv": 3, "DynamicQuantizeMatMul": 4, "FusedConv": 2,
        "FusedGemm": 2, "Gemm": 2, "GemmFloat8": 2, "MatMulIntegerToFloat": 6, "MatMulNBits": 5,
        "NhwcConv": 2, "NhwcFusedConv": 2, "QGemm": 6, "QLinearConv": 8, "QOrderedMatMul": 5,
    }
)  # fmt: skip
"""Op type → the input that is its bias."""


_MS = "com.microsoft"


def _of(domain: str, table: Mapping[str, Formula]) -> dict[tuple[str, str], Formula]:
    return {(domain, op_type): formula for op_type, formula in table.items()}


_ATTENTIONS: Mapping[tuple[str, str], Callable[[Call], _Attended]] = MappingProxyType(
    {
        ("", "Attention"): _attention,
        (_MS, "Attention"): _projecting(past_at=4),
        (_MS, "DecoderMaskedMultiHeadAttention"): _multi_head,
        (_MS, "GroupQueryAttention"): _grouped,
        (_MS, "MultiHeadAttention"): _multi_head,
        (_MS, "QAttention"): _projecting(past_at=8),
    }
)

_PRODUCTS: Mapping[tuple[str, str], Formula] = MappingProxyType(
    {key: _attention_macs(sizes) for key, sizes in _ATTENTIONS.items()}
    | _of(
        "",
        {
            "Conv": _conv(1),
            "ConvInteger": _conv(1),
            "ConvTranspose": _conv_transpose,
            "DeformConv": _conv(1),
            "Einsum": _einsum,
            "GRU": _recurrent,
            "Gemm": _gemm(0, 1),
            "LSTM": _recurrent,
            "MatMul": _matmul(0, 1),
            "MatMulInteger": _matmul(0, 1),
            "QLinearConv": _conv(3),
            "QLinearMatMul": _matmul(0, 3),
            "RNN": _recurrent,
        },
    )
    | _of(
        _MS,
        {
            "ConvTransposeWithDynamicPads": _conv_transpose,
            "DynamicQuantizeLSTM": _recurrent,
            "DynamicQuantizeMatMul": _matmul(0, 1),
            "FusedConv": _conv(1),
            "FusedGemm": _gemm(0, 1),
            "FusedMatMul": _fused_matmul,
            "FusedMatMulActivation": _fused_matmul,
            "GemmFastGelu": _matmul(0, 1),
            "GemmFloat8": _gemm(0, 1),
            "MatMulBnb4": _packed_matmul,
            "MatMulInteger16": _matmul(0, 1),
            "MatMulIntegerToFloat": _matmul(0, 1),
            "MatMulNBits": _packed_matmul,
            "NhwcConv": _nhwc_conv,
            "NhwcFusedConv": _nhwc_conv,
            "QGemm": _gemm(0, 3),
            "QLinearConv": _conv(3),
            "SparseToDenseMatMul": _fused_matmul,
            "TransposeMatMul": _fused_matmul,
        },
    )
    | _of("com.microsoft.nchwc", {"Conv": _conv(1)})
    | _of("com.ms.internal.nhwc", {"Conv": _conv(1), "QLinearConv": _conv(3)})
)
"""Domain and op type → its MACs."""

_BESIDE_PRODUCTS: Mapping[tuple[str, str], Formula] = MappingProxyType(
    {key: _scores(sizes) for key, sizes in _ATTENTIONS.items()}
    | {
        ("", "LSTM"): _gates(17),
        (_MS, "DynamicQuantizeLSTM"): _gates(17),
        ("", "GRU"): _gates(13),
        ("", "RNN"): _gates(4),
        (_MS, "GemmFastGelu"): lambda call: 9 * prod(call.made()),
    }
)
"""Domain and op type → what its FLOPs are besides two for each MAC; of all others, the bias."""


# All other work: so many operations for each element.


def _each_made(count: int) -> Formula:
    return lambda call: count * prod(call.made())


def _each_read(count: int) -> Formula:
    return lambda call: count * prod(call.read(0))


def _window(count: int) -> Formula:
    """Pooling: as many for each output element as the window has elements."""

    def flops(call: Call) -> int:
        kernel = call.attribute("kernel_shape")
        if not isinstance(kernel, tuple):
            raise UnknownSizeError
        return count * prod(call.made()) * prod(int(size) for size in kernel)

    return flops


def _terms(call: Call) -> int:
    """Sum, Mean, Min and Max take any number of inputs."""
    extra = 1 if call.node.op_type == "Mean" else 0
    return prod(call.made()) * (len(call.node.input) - 1 + extra)


def _interpolated(call: Call) -> int:
    """Two operations for each neighbour of an output element, by the mode."""
    mode = call.attribute("mode")
    known = {"nearest": 0, "linear": 2, "bilinear": 2, "cubic": 4, "bicubic": 4}
    width = known.get(mode if isinstance(mode, str) else _MODES[call.node.op_type])
    if width is None:
        raise UnknownSizeError
    sizes = call.made()
    return 2 * width ** max(0, len(sizes) - 2) * prod(sizes) if width else 0


_MODES = MappingProxyType({"GridSample": "linear", "Resize": "nearest", "Upsample": "nearest"})


def _local_response(call: Call) -> int:
    return prod(call.made()) * (2 * call.integer("size", 1) + 4)


def _tables(
    domain: str,
    made: Mapping[int, str] = MappingProxyType({}),
    read: Mapping[int, str] = MappingProxyType({}),
) -> dict[tuple[str, str], Formula]:
    """Formulas from lists: count → the op types that do so much for each element."""
    found: dict[tuple[str, str], Formula] = {}
    for count, names in made.items():
        found.update(((domain, name), _each_made(count)) for name in names.split())
    for count, names in read.items():
        found.update(((domain, name), _each_read(count)) for name in names.split())
    return found


_OTHERS: Mapping[tuple[str, str], Formula] = MappingProxyType(
    _tables(
        "",
        made={
            1: "Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot "
            "BitwiseOr BitwiseXor Ceil Cos Cosh CumProd CumSum Div Equal Erf Exp Floor Greater "
            "GreaterOrEqual IsInf IsNaN Less LessOrEqual Log Mod Mul Neg Not Or Pow Reciprocal "
            "Relu Round Sigmoid Sign Sin Sinh Sqrt Sub Tan Tanh ThresholdedRelu Xor",
            2: "Clip DequantizeLinear LeakyRelu PRelu QuantizeLinear Shrink Swish",
            3: "Elu RotaryEmbedding Softplus Softsign SwiGLU",
            4: "Celu HardSigmoid Selu",
            5: "Gelu HardSwish Mish",
        },
        read={
            1: "ArgMax ArgMin GlobalAveragePool GlobalMaxPool Hardmax ReduceLogSum ReduceMax "
            "ReduceMean ReduceMin ReduceProd ReduceSum",
            2: "BatchNormalization GlobalLpPool ReduceL1 ReduceL2 ReduceLogSumExp ReduceSumSquare",
            3: "LpNormalization",
            4: "DynamicQuantizeLinear RMSNormalization SimplifiedLayerNormalization",
            5: "LogSoftmax MeanVarianceNormalization Softmax",
            7: "GroupNormalization InstanceNormalization LayerNormalization",
        },
    )
    | _tables(
        _MS,
        made={
            1: "BiasAdd MulInteger QLinearAdd QLinearLeakyRelu QLinearMul QLinearSigmoid",
            2: "DequantizeLinear GatherBlockQuantized QuantizeLinear ScaledSiLU",
            3: "GatedAdd GemmaRotaryEmbedding QuickGelu RotaryEmbedding SwiGLU",
            5: "Gelu",
            6: "BiasGelu BiasSplitGelu ComplexMul ComplexMulConj",
            8: "FastGelu",
            9: "EmbedLayerNormalization",
        },
        read={
            1: "QLinearGlobalAveragePool QLinearReduceMean ReduceSumInteger",
            5: "QLinearSoftmax SkipSimplifiedLayerNormalization",
            6: "BiasSoftmax",
            7: "GroupNorm QOrderedLayerNormalization",
            8: "SkipGroupNorm SkipLayerNormalization",
        },
    )
    | {
        ("", "AveragePool"): _window(1),
        ("", "LpPool"): _window(2),
        ("", "MaxPool"): _window(1),
        (_MS, "MaxpoolWithMask"): _window(1),
        (_MS, "NhwcMaxPool"): _window(1),
        (_MS, "QLinearAveragePool"): _window(1),
        ("com.microsoft.nchwc", "AveragePool"): _window(1),
        ("com.microsoft.nchwc", "MaxPool"): _window(1),
        ("com.microsoft.nchwc", "GlobalAveragePool"): _each_read(1),
        ("com.microsoft.nchwc", "GlobalMaxPool"): _each_read(1),
        ("", "GridSample"): _interpolated,
        (_MS, "GridSample"): _interpolated,
        ("", "LRN"): _local_response,
        ("", "Max"): _terms,
        ("", "Mean"): _terms,
        ("", "Min"): _terms,
        ("", "Resize"): _interpolated,
        ("", "Sum"): _terms,
        ("", "Upsample"): _interpolated,
    }
)
"""Domain and op type → its FLOPs, where it has no MACs."""


def _names(domain: str, names: str) -> Iterable[tuple[str, str]]:
    return ((domain, name) for name in names.split())


BODY_OWNERS = frozenset(_names("", "If Loop Scan SequenceMap"))
"""Ops that do nothing themselves: the work is in their bodies."""

_NOTHING = frozenset(
    {
        *BODY_OWNERS,
        *_names(
            "",
            "Bernoulli BitCast Cast CastLike CenterCropPad Compress Concat ConcatFromSequence "
            "Constant ConstantOfShape DepthToSpace Dropout Expand EyeLike Flatten Gather "
            "GatherElements GatherND Identity MaxUnpool Multinomial NonMaxSuppression NonZero "
            "OneHot Optional OptionalGetElement OptionalHasElement Pad RandomNormal "
            "RandomNormalLike RandomUniform RandomUniformLike Range RegexFullMatch Reshape "
            "ReverseSequence Scatter ScatterElements ScatterND SequenceAt SequenceConstruct "
            "SequenceEmpty SequenceErase SequenceInsert SequenceLength Shape Size Slice "
            "SpaceToDepth Split SplitToSequence Squeeze StringConcat StringNormalizer StringSplit "
            "TensorScatter Tile TopK Transpose Trilu Unique Unsqueeze Where",
        ),
        *_names(
            _MS,
            "BifurcationDetector CropAndResize ExpandDims GatherND GatherPacked NGramRepeatBlock "
            "Pad QLinearConcat QLinearWhere Range RemovePadding RestorePadding Tokenizer Trilu "
            "UnfoldTensor Unique",
        ),
        *_names("com.microsoft.nchwc", "ReorderInput ReorderOutput"),
    }
)
"""Ops that move, choose, convert, draw or sort."""

_NOT_TOLD = frozenset(
    {
        *_names(
            "",
            "AffineGrid BlackmanWindow Col2Im DFT Det HammingWindow HannWindow ImageDecoder "
            "MaxRoiPool MelWeightMatrix NegativeLogLikelihoodLoss RoiAlign STFT "
            "SoftmaxCrossEntropyLoss TfIdfVectorizer",
        ),
        *_names(_MS, "Inverse Irfft IsAllFinite RelativePositionBias Rfft"),
        *_names("com.microsoft.nchwc", "Upsample"),
    }
)
"""Ops without MACs of whose FLOPs nothing is said."""
