"""Doubles in other blocks as witnesses."""

from hexviz.model.fqn import is_within
from hexviz.model.graph import TaggedGraph
from tests.build import parse, scoped, tagged


def told(lines: list[str], scopes: dict[str, str], hidden: set[str]) -> TaggedGraph:
    """The graph of these lines, with every scope on record but the hidden ones."""
    text = "g (float[2,2] x, float[2,2] w) => (float[2,2] y) {" + "\n".join(lines) + "}"
    known = {name: fqn for name, fqn in scopes.items() if name not in hidden}
    return tagged(scoped(parse(text), known, {"net.0.out.dropout": "Dropout"}))


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
    lines.append(f"y = Relu ({last})")
    return told(lines, {**scopes, "y": "net"}, hidden)


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
    proto = graph.proto
    scope = "pkg.torch.onnx.name_scopes"
    for node in proto.graph.node:
        for entry in node.metadata_props:
            if node.output[0] in ("d3", "d5") and entry.key == scope:
                entry.value = entry.value.replace("dropout", "dense")
    assert tagged(proto).explain("d4").module == "net.4.out"


def convolutions(hidden: set[str], stages: int = 5) -> TaggedGraph:
    """Stages of blocks of two ``Conv``-like pairs and a sum, all of one shape."""
    lines, scopes, last = [], {}, "x"
    for stage in range(stages):
        for block in range(3):
            own, start = f"s.{stage}.b.{block}", last
            for part in range(2):
                at = f"{stage}{block}{part}"
                lines += [f"m{at} = MatMul ({last}, w)", f"r{at} = Relu (m{at})"]
                scopes |= {f"m{at}": f"{own}.p.{part}.conv", f"r{at}": f"{own}.p.{part}.act"}
                last = f"r{at}"
            lines.append(f"a{stage}{block} = Add ({last}, {start})")
            scopes[f"a{stage}{block}"] = own
            last = f"a{stage}{block}"
    lines.append(f"y = Sigmoid ({last})")
    return told(lines, {**scopes, "y": ""}, hidden)


def test_an_index_inside_the_blocks_tells_their_parts_apart() -> None:
    for name, module in (("m310", "s.3.b.1.p.0.conv"), ("r311", "s.3.b.1.p.1.act")):
        why = convolutions({name}).explain(name)
        assert (why.module, bool(why.witnesses)) == (module, True)


def test_where_another_member_of_a_list_may_have_run_nothing_is_claimed() -> None:
    hidden = {"m310", "r310", "m311", "a30", "r301"}
    graph = convolutions(hidden)
    truth = {
        "m310": "s.3.b.1.p.0.conv",
        "r310": "s.3.b.1.p.0.act",
        "m311": "s.3.b.1.p.1.conv",
        "a30": "s.3.b.0",
        "r301": "s.3.b.0.p.1.act",
    }
    for name, module in truth.items():
        answer = graph.op(name).module
        assert is_within(answer, module) or is_within(module, answer)


def test_blocks_that_stand_elsewhere_do_not_lend_their_index() -> None:
    """All doubles are the first of their stage; the op is in none of those."""
    hidden = {f"a{stage}{block}" for stage in range(5) for block in (1, 2)} | {"a30"}
    graph = convolutions(hidden)
    for name in hidden:
        answer, module = graph.op(name).module, f"s.{name[1]}.b.{name[2]}"
        assert is_within(answer, module) or is_within(module, answer)


def test_nothing_in_a_module_that_runs_elsewhere_was_open_here() -> None:
    """The doubles of ``c0`` ran in ``….two.in``; here ``two`` opens only after ``d0``."""
    lines, scopes = [], {}
    for at in range(3):
        lines += [f"c{at} = Constant <value_float = 1.0> ()"]
        if not at:
            lines += ["d0 = Constant <value_float = 2.0> ()"]
        lines += [f"a{at} = Add (c{at}, x)"]
        scopes |= {f"c{at}": f"l.{at}.two.in"}
    scopes |= {"d0": "l.0", "a0": "l.0.two"}
    graph = told([*lines, "y = Sum (a0, a1, a2)"], scopes, {"c0"})
    assert graph.op("c0").module in ("", "l", "l.0")
