"""Hand-made graphs that name no modules, in ONNX's text format, for what is recovered from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hexviz.model.flat import FlatGraph
from hexviz.model.flatten import flatten
from tests.build import HEADER, parse

__all__ = ["graph", "transformer"]


def graph(
    lines: Sequence[str],
    weights: Mapping[str, tuple[int, ...]] | None = None,
    inputs: str = "float[B,T,8] x",
) -> FlatGraph:
    """A graph of lines like ``y = Relu(x)``; the last value is its output.

    Weights are zeros of the given dimensions, those with ``i`` in front are whole numbers.
    """
    stored = ", ".join(_tensor(name, dims) for name, dims in (weights or {}).items())
    last = lines[-1].split("=")[0].split(",")[0].strip()
    body = "\n".join(lines)
    text = f"{HEADER}g ({inputs}) => (float[B,T,8] {last})\n<{stored}>\n{{\n{body}\n}}"
    return flatten(parse(text.replace("\n<>\n", "\n")))


def _tensor(name: str, dims: tuple[int, ...]) -> str:
    size = 1
    for dim in dims:
        size *= dim
    zeros = ", ".join(["0"] * size)
    shape = ",".join(map(str, dims))
    return f"float[{shape}] {name} = {{{zeros}}}"


def transformer(layers: int = 2, *, norm_first: bool = True) -> FlatGraph:
    """Layers with self-attention of two heads and a feed-forward part, each with its sum."""
    lines, weights = [], {"n": (8,), "up": (8, 16), "down": (16, 8), "w": (8, 8)}
    at = "x"
    for number in range(layers):
        p = f"l{number}_"
        lines += [
            *(
                [f"{p}a = LayerNormalization({at}, n)"]
                if norm_first
                else [f"{p}a = Identity({at})"]
            ),
            *attention(p, f"{p}a"),
            f"{p}r = Add({at}, {p}o)",
            f"{p}m = LayerNormalization({p}r, n)",
            f"{p}u = MatMul({p}m, up)",
            f"{p}g = Relu({p}u)",
            f"{p}d = MatMul({p}g, down)",
        ]
        if norm_first:
            lines.append(f"{p}y = Add({p}r, {p}d)")
        else:
            lines += [f"{p}z = Add({p}m, {p}d)", f"{p}y = LayerNormalization({p}z, n)"]
        at = f"{p}y"
    return graph(lines, weights)


def attention(p: str, x: str, memory: str = "", *, project: bool = True) -> list[str]:
    """The lines of an attention with two heads; its output is ``{p}o``."""
    memory = memory or x
    lines = []
    for one, stream in (("q", x), ("k", memory), ("v", memory)):
        turn = "0,2,3,1" if one == "k" else "0,2,1,3"
        lines += [
            f"{p}{one}0 = MatMul({stream}, w)",
            f"{p}{one}s = Constant<value_ints=[0,-1,2,4]>()",
            f"{p}{one}1 = Reshape({p}{one}0, {p}{one}s)",
            f"{p}{one} = Transpose<perm=[{turn}]>({p}{one}1)",
        ]
    lines += [
        f"{p}s = MatMul({p}q, {p}k)",
        f"{p}p = Softmax<axis=-1>({p}s)",
        f"{p}c0 = MatMul({p}p, {p}v)",
        f"{p}c1 = Transpose<perm=[0,2,1,3]>({p}c0)",
        f"{p}cs = Constant<value_ints=[0,-1,8]>()",
        f"{p}c = Reshape({p}c1, {p}cs)",
        f"{p}o = MatMul({p}c, w)" if project else f"{p}o = Identity({p}c)",
    ]
    return lines
