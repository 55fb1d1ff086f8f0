"""Doubles in other blocks as witnesses."""

from hexviz.model.graph import TaggedGraph
from tests.build import parse, scoped, tagged


def blocks(count: int, hidden: set[str], *, odd: int | None = None) -> TaggedGraph:
    """Equal blocks in a row, ``MatMul → Identity → Add``; ``odd`` has another op in between."""
    lines, scopes, last = [], {}, "x"
    for at in range(count):
        middle = "Neg" if at == odd else "Identity"
        lines += [
            f"m{at} = MatMul ({last}, w)",
            f"d{at} = {middle} (m{at})",
            f"a{at} = Add (d{at}, {last})",
        ]
        scopes |= {
            f"m{at}": f"net.{at}.out.dense",
            f"d{at}": f"net.{at}.out.dropout",
            f"a{at}": f"net.{at}.out",
        }
        last = f"a{at}"
    text = (
        "g (float[2,2] x, float[2,2] w) => (float[2,2] y) {"
        + "\n".join([*lines, f"y = Relu ({last})"])
        + "}"
    )
    told = {name: fqn for name, fqn in scopes.items() if name not in hidden}
    return tagged(scoped(parse(text), {**told, "y": "net"}, {"net.0.out.dropout": "Dropout"}))


def test_doubles_name_even_a_module_that_nothing_else_is_declared_for() -> None:
    graph = blocks(8, {"d4"})
    why = graph.explain("d4")
    assert (why.module, why.rule) == ("net.4.out.dropout", "trace")
    assert len(why.witnesses) == 3
    assert set(why.witnesses) <= {op.id for op in graph.ops if op.id[0] == "d"}
    assert "net.4.out.dropout" in graph.modules


def test_one_double_is_not_enough_and_another_op_is_none() -> None:
    assert blocks(8, {f"d{at}" for at in range(1, 8)}).explain("d4").module == "net.4.out"
    assert blocks(8, {"d4"}, odd=4).explain("d4").module == "net.4.out"


def test_doubles_that_disagree_decide_nothing() -> None:
    graph = blocks(8, {"d4"})
    assert graph.explain("d4").witnesses
    # The same graph, but one block records the op elsewhere.
    proto = graph._proto
    scope = "pkg.torch.onnx.name_scopes"
    for node in proto.graph.node:
        for entry in node.metadata_props:
            if node.output[0] in ("d3", "d5") and entry.key == scope:
                entry.value = entry.value.replace("dropout", "dense")
    assert tagged(proto).explain("d4").module == "net.4.out"
