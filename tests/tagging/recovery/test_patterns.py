"""What ops prove, and what only looks like it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import pytest

from hexviz.tagging.recovery.patterns import feed_forward
from hexviz.tagging.recovery.patterns.attention import find_attention
from hexviz.tagging.recovery.patterns.dataflow import Dataflow
from hexviz.tagging.recovery.patterns.naming import find_patterns, name_stretches
from tests.tagging.recovery.graphs import attention, graph, transformer

W = {"w": (8, 8), "up": (8, 16), "down": (16, 8), "n": (8,), "b": (8,), "h": (1,), "half": (1,)}
IMAGE = "float[B,8,H,W] x"
CONV = {"p": (8, 8, 1, 1), "k": (8, 8, 3, 3), "wide": (32, 8, 1, 1), "thin": (8, 32, 1, 1)}
CONV |= {"deep": (32, 1, 3, 3), "less": (4, 8, 1, 1), "mid": (4, 4, 3, 3), "more": (8, 4, 1, 1)}


def words(
    lines: Sequence[str],
    weights: Mapping[str, tuple[int, ...]] | None = None,
    inputs: str = "float[B,T,8] x",
) -> list[str]:
    """The words of all that is proven in a graph of lines."""
    used = {name: dims for name, dims in (weights or W).items() if _reads(lines, name)}
    return sorted(one.word for one in find_patterns(Dataflow(graph(lines, used, inputs))))


def _reads(lines: Sequence[str], name: str) -> bool:
    return any(name in line.split("(")[1].rstrip(")").replace(" ", "").split(",") for line in lines)


def test_attention_is_two_products_with_a_softmax_between() -> None:
    lines = attention("a_", "x")
    found = [*find_attention(Dataflow(graph(lines, {"w": (8, 8)})))]
    assert [(one.word, one.crosses) for one in found] == [("MultiHeadAttention", False)]
    assert found[0].ops == frozenset(range(len(lines)))


def test_attention_crosses_if_keys_and_values_are_of_another_stream() -> None:
    flat = graph(attention("a_", "x", "m"), {"w": (8, 8)}, "float[B,T,8] x, float[B,S,8] m")
    # Both streams are handed in and look the same until something makes them.
    assert not any(one.crosses for one in find_attention(Dataflow(flat)))
    lines = [
        "e = LayerNormalization(m, n)",
        "d = LayerNormalization(x, n)",
        *attention("", "d", "e"),
    ]
    flat = graph(lines, {"w": (8, 8), "n": (8,)}, "float[B,T,8] x, float[B,S,8] m")
    assert [one.crosses for one in find_attention(Dataflow(flat))] == [True]


def test_attention_that_nothing_projects_is_called_less_or_nothing() -> None:
    assert words(attention("a_", "x", project=False)) == ["Attention"]
    assert words(["s = MatMul(x, x)", "p = Softmax(s)", "y = MatMul(p, x)"]) == []
    gate = ["s = MatMul(x, w)", "p = Softmax(s)", "v = MatMul(x, w)", "y = Mul(p, v)"]
    assert words(gate) == []
    plain = [line for line in attention("a_", "x") if "Softmax" not in line]
    assert words([line.replace("a_p,", "a_s,") for line in plain]) == []


def _ffn(*, gated: bool = False, close: str = "y = Add(x, d)") -> list[str]:
    hidden = ["u = MatMul(x, up)", "g = Sigmoid(u)"]
    hidden += ["e = MatMul(x, up)", "m = Mul(g, e)"] if gated else ["m = Relu(u)"]
    return [*hidden, "d = MatMul(m, down)", close]


def test_feed_forward_parts_are_plain_or_gated() -> None:
    plain = ["u = MatMul(x, up)", "m = Relu(u)", "d = MatMul(m, down)", "y = Add(x, d)"]
    assert words(plain) == ["FeedForward"]
    assert words(_ffn(gated=True)) == ["FeedForward"]


@pytest.mark.parametrize(
    "lines",
    [
        ["u = MatMul(x, up)", "m = Relu(u)", "d = MatMul(m, other)", "y = Add(d, b)", "z = Exp(y)"],
        ["u = MatMul(x, up)", "d = MatMul(u, down)", "y = Add(x, d)"],
        ["u = MatMul(x, up)", "m = Relu(u)", "d = MatMul(m, down)", "y = Relu(d)"],
        ["u = MatMul(x, up)", "m = Relu(u)", "d = MatMul(m, down)", "y = Add(u, d)"],
    ],
    ids=["other width", "no nonlinearity", "a chain of layers", "read from outside"],
)
def test_what_only_looks_like_a_feed_forward_part_is_none(lines: list[str]) -> None:
    assert "FeedForward" not in words(lines, {**W, "other": (16, 12), "b": (12,)})


def test_a_worse_rule_calls_a_classifier_feed_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["u = MatMul(x, up)", "m = Relu(u)", "d = MatMul(m, o)", "y = LayerNormalization(d, n)"]
    weights = {"up": (8, 16), "o": (16, 12), "n": (12,)}
    assert words(lines, weights) == []
    monkeypatch.setattr(feed_forward, "_gives_back", lambda *_: True)
    assert words(lines, weights) == ["FeedForward"]


def _norm(base: str, *, divided: str = "") -> list[str]:
    return [
        "two = Constant<value_float=2.0>()",
        "eps = Constant<value_float=0.00001>()",
        "m = ReduceMean(x)",
        *(["c = Sub(x, m)"] if base == "c" else []),
        f"s = Pow({base}, two)",
        "v = ReduceMean(s)",
        "e = Add(v, eps)",
        "r = Sqrt(e)",
        f"q = Div({divided or base}, r)",
        "g = Mul(q, n)",
        "y = Add(g, b)",
    ]


def test_norms_in_parts_are_told_by_whether_the_mean_is_taken_away() -> None:
    assert words(_norm("c")) == ["LayerNorm"]
    assert words([line for line in _norm("x") if not line.startswith("m =")]) == ["RMSNorm"]
    assert words(["o = Relu(x)", *_norm("c", divided="o")]) == []


def test_gelu_is_found_in_both_forms() -> None:
    error_function = [
        *("i = Div(x, h)", "f = Erf(i)", "a = Add(f, h)", "g = Mul(x, a)", "y = Mul(g, half)"),
    ]
    assert words(error_function) == ["GELU"]
    tangent = ["s = Mul(x, x)", "c = Mul(s, x)", "k = Mul(c, h)", "t = Add(x, k)", "z = Mul(t, h)"]
    tangent += ["f = Tanh(z)", "a = Add(f, h)", "g = Mul(x, a)", "y = Mul(g, half)"]
    assert words(["q = Identity(x)", *(line.replace("x", "q") for line in tangent)]) == ["GELU"]
    assert words([line.replace("Mul(x, a)", "Mul(f, a)") for line in error_function]) == []


def _squeeze(multiplied: str) -> list[str]:
    return [
        *("r = Relu(x)", "o = Relu(r)", "g = GlobalAveragePool(r)", "c = Conv(g, less)"),
        *("a = Relu(c)", "d = Conv(a, more)", "s = Sigmoid(d)", f"y = Mul({multiplied}, s)"),
    ]


def test_squeeze_and_excitation_weighs_what_it_pooled() -> None:
    assert words(_squeeze("r"), CONV, IMAGE) == ["SqueezeExcite"]
    assert words(_squeeze("o"), CONV, IMAGE) == []


def _residual(*convs: str, close: str = "y = Add(x, t)") -> list[str]:
    lines, at = [], "x"
    for number, conv in enumerate(convs):
        group = "<group=32, pads=[1,1,1,1]>" if conv == "deep" else ""
        lines += [f"c{number} = Conv{group}({at}, {conv})", f"a{number} = Relu(c{number})"]
        at = f"a{number}"
    lines[-1] = lines[-1].replace(f"a{len(convs) - 1} = Relu", "t = Identity")
    return [*lines, close, "z = Relu(y)"]


@pytest.mark.parametrize(
    ("convs", "word"),
    [
        (("k", "k"), "ResidualBlock"),
        (("less", "mid", "more"), "Bottleneck"),
        (("wide", "deep", "thin"), "InvertedResidual"),
    ],
)
def test_residual_blocks_are_told_by_their_convolutions(convs: tuple[str, ...], word: str) -> None:
    assert words(_residual(*convs), CONV, IMAGE) == [word]
    assert words(_residual(*convs, close="y = Add(t, t)"), CONV, IMAGE) == []


def test_a_skip_that_a_convolution_makes_fit_is_of_the_block() -> None:
    lines = _residual("k", "k", close="s = Conv(x, p)")[:-1]
    lines = ["i = Relu(x)", *(line.replace("(x,", "(i,") for line in lines), "y = Add(t, s)"]
    (found,) = find_patterns(Dataflow(graph(lines, {"k": (8, 8, 3, 3), "p": (8, 8, 1, 1)}, IMAGE)))
    assert found.word == "ResidualBlock"
    assert found.ops == frozenset(range(1, len(lines)))


def test_a_decoder_layer_has_a_second_attention_to_another_stream() -> None:
    weights = {"w": (8, 8), "up": (8, 16), "down": (16, 8), "n": (8,)}

    def layer(second: str) -> list[str]:
        return [
            "e = LayerNormalization(m, n)",
            "x0 = LayerNormalization(x, n)",
            *attention("a", "x0"),
            "r = Add(x0, ao)",
            "q = LayerNormalization(r, n)",
            *attention("c", "q", second),
            "t = Add(r, co)",
            "k = LayerNormalization(t, n)",
            *("u = MatMul(k, up)", "g = Relu(u)", "d = MatMul(g, down)", "y = Add(t, d)"),
        ]

    inputs = "float[B,T,8] x, float[B,S,8] m"
    assert "DecoderLayer" in words(layer("e"), weights, inputs)
    assert "DecoderLayer" not in words(layer("q"), weights, inputs)


def test_what_is_quantised_at_run_time_is_read_like_what_is_not() -> None:
    def linear(p: str, x: str, weight: str) -> list[str]:
        return [
            f"{p}q, {p}s, {p}z = DynamicQuantizeLinear({x})",
            f"{p}i = MatMulInteger({p}q, {weight}, {p}z)",
            f"{p}f = Cast<to=1>({p}i)",
            f"{p}w = Mul({p}s, h)",
            f"{p}m = Mul({p}f, {p}w)",
        ]

    lines = [*linear("a", "x", "up"), "g = Relu(am)", *linear("b", "g", "down"), "y = Add(x, bm)"]
    (found,) = find_patterns(Dataflow(graph(lines, {"up": (8, 16), "down": (16, 8), "h": (1,)})))
    assert found.word == "FeedForward"
    assert found.ops == frozenset(range(1, len(lines) - 1))


def test_custom_ops_prove_nothing() -> None:
    lines = [line.replace("Softmax<axis=-1>", "mine.Softmax") for line in attention("a_", "x")]
    assert words(lines) == []


def test_long_chains_and_wide_sums_take_bounded_time() -> None:
    sums = [f"v{at} = Add(v{at - 1}, v{max(0, at - 400)})" for at in range(1, 6000)]
    chain = [f"i{at} = Identity(i{at - 1})" for at in range(1, 4000)]
    flat = graph(["v0 = Relu(x)", *sums, "i0 = Identity(v5999)", *chain])
    began = time.process_time()
    assert name_stretches(flat, []) == []
    assert time.process_time() - began < 5


def test_sums_of_sums_are_not_looked_at_for_ever() -> None:
    sums = [f"v{at} = Add(v{at - 1}, v{at * 7919 % at})" for at in range(1, 200)]
    sums += [f"v{at} = Add(v{at - 1}, v{at - 1 - at * 7919 % 150})" for at in range(200, 5000)]
    flow = Dataflow(graph(["v0 = Relu(x)", *sums]))
    find_patterns(flow)
    assert flow.looked_at < 20 * len(sums) + 25_000


def test_many_layers_take_time_in_proportion() -> None:
    seconds = []
    for layers in (100, 400):
        flat = transformer(layers)
        began = time.process_time()
        assert len(name_stretches(flat, [])) == layers
        seconds.append(time.process_time() - began)
    assert seconds[1] < 12 * seconds[0] + 0.1
