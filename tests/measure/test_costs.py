"""Costs of small graphs whose figures can be worked out by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import hexviz
from hexviz.errors import MeasureError
from hexviz.measure.costs.costs import Cost, Costs, costs, default_sizes
from hexviz.measure.documents import ModuleTime, ProfileDocument, to_dict
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleInfo
from tests.build import parse, scoped, tagged
from tests.command import Run, run
from tests.terminals import at_terminal

__all__ = ["run"]  # a fixture

NET = """
g (float[batch, 4] x) => (float[batch, 2] y)
<float[4, 3] "enc.w" = {1,1,1,1,1,1,1,1,1,1,1,1}, float[3] "enc.b" = {1,1,1},
 float[3, 2] "dec.w" = {1,1,1,1,1,1}>
{
    m = MatMul (x, "enc.w")
    a = Add (m, "enc.b")
    r = Relu (a)
    y = MatMul (r, "dec.w")
}
"""
SCOPES = {"m": "enc", "a": "enc", "r": "", "y": "dec"}


def net(text: str = NET) -> TaggedGraph:
    return tagged(scoped(parse(text), SCOPES))


def ops_of(text: str, **symbols: int) -> dict[str, Cost]:
    graph = tagged(parse(text))
    found = costs(graph, symbols=symbols)
    return {op.outputs[0]: one for op, one in zip(graph.ops, found.ops, strict=True)}


def test_figures_by_op_and_by_module_with_a_size() -> None:
    found = hexviz.costs(net(), symbols={"batch": 5})
    assert [one.macs for one in found.ops] == [60, 0, 0, 30]
    assert [one.flops for one in found.ops] == [120, 15, 15, 60]
    assert [one.activation_bytes for one in found.ops] == [60, 60, 60, 40]
    assert [one.weight_bytes for one in found.ops] == [48, 12, 0, 24]
    enc = found.modules["enc"]
    assert (enc.own.macs, enc.total.macs, enc.total.flops) == (60, 60, 135)
    assert (found.model.macs, found.model.flops, found.model.weight_bytes) == (90, 210, 84)
    assert found.modules[""].own.flops == 15
    assert found.symbols == {"batch": 5}


def test_what_depends_on_a_size_that_nobody_set_is_none_and_never_nothing() -> None:
    found = costs(net())
    assert found.symbols == {"batch": None}
    assert found.ops[0].macs is None
    assert found.ops[1].macs == 0
    assert (found.ops[1].flops, found.ops[1].activation_bytes) == (None, None)
    assert (found.model.macs, found.model.unknown, found.peak_bytes) == (None, 2, None)
    assert found.model.weight_bytes == 84
    assert json.loads(json.dumps(found.to_dict()))["costs"]["macs"] is None


def test_a_sum_over_something_unknown_has_beside_it_what_is_known() -> None:
    found = costs(
        tagged(
            parse(
                """g (float[2, 4] x, float[n, 2] z) => (float[2, 3] y, float[n, 3] v)
                <float[4, 3] w = {1,1,1,1,1,1,1,1,1,1,1,1}, float[2, 3] u = {1,1,1,1,1,1}>
                { y = MatMul (x, w) v = MatMul (z, u) }"""
            )
        )
    )
    assert (found.model.macs, found.model.known_macs, found.model.unknown) == (None, 24, 1)


def test_the_peak_is_what_is_alive_at_once() -> None:
    found = costs(net(), symbols={"batch": 1})
    # x and m, m and a, a and r, r and y
    assert [one.peak_bytes for one in found.ops] == [28, 24, 24, 20]
    assert found.peak_bytes == 28
    assert found.modules["dec"].total.peak_bytes == 20


def test_a_value_stays_alive_until_its_last_reader() -> None:
    found = ops_of("g (float[1] x) => (float[1] z) { a = Neg (x) b = Abs (a) z = Add (a, b) }")
    assert [found[one].peak_bytes for one in "abz"] == [8, 8, 12]


@pytest.mark.parametrize(
    ("op", "macs"),
    [
        ("Gemm <transA = 1, transB = 1> (a, b)", 3 * 2 * 5),
        ("Einsum <equation = 'ij,kj->ik'> (c, b)", 2 * 5 * 3),
    ],
)
def test_products_of_matrices(op: str, macs: int) -> None:
    text = f"g (float[3, 2] a, float[5, 3] b, float[2, 3] c) => (float[2, 5] y) {{ y = {op} }}"
    assert ops_of(text.replace("'", '"'))["y"].macs == macs


def test_a_batch_is_spread() -> None:
    found = ops_of(
        "g (float[7,1,2,3] a, float[4,3,5] b) => (float[7,4,2,5] y) { y = MatMul (a, b) }"
    )
    assert found["y"].macs == 7 * 4 * 2 * 3 * 5


def test_convolutions() -> None:
    grouped = ops_of(
        "g (float[1,4,8,8] x, float[6,2,3,3] w, float[6] b) => (float[1,6,8,8] y)"
        "{ y = Conv <group = 2, pads = [1,1,1,1]> (x, w, b) }"
    )
    assert grouped["y"].macs == 6 * 64 * 2 * 9
    assert grouped["y"].flops == 2 * 6 * 64 * 2 * 9 + 6 * 64
    transposed = ops_of(
        "g (float[1,4,8,8] x, float[4,3,2,2] w) => (float[1,3,16,16] y)"
        "{ y = ConvTranspose <strides = [2,2]> (x, w) }"
    )
    assert transposed["y"].macs == 4 * 64 * 3 * 4


def test_recurrent_layers() -> None:
    found = ops_of(
        "g (float[7,2,3] x, float[1,20,3] w, float[1,20,5] r) => (float[7,1,2,5] y)"
        "{ y = LSTM <hidden_size = 5> (x, w, r) }"
    )
    assert found["y"].macs == 7 * 2 * (20 * 3 + 20 * 5)


CONTRIB = '<ir_version: 10, opset_import: ["" : 20, "com.microsoft" : 1]>'


def test_fused_ops_of_the_runtime() -> None:
    """The runtime says what they make, so the product behind them is known, too."""
    found = ops_of(
        CONTRIB
        + """g (float[2, 6, 8] x, float[8, 24] w, float[24] b, float[8, 3] v) => (float[2, 6, 3] y)
        {
            a = com.microsoft.Attention <num_heads = 2> (x, w, b)
            f = com.microsoft.FastGelu (a)
            y = MatMul (f, v)
        }"""
    )
    assert found["a"].macs == 2 * 6 * 8 * 24 + 2 * 6 * 6 * (8 + 8)
    assert (found["f"].macs, found["f"].flops) == (0, 8 * 96)
    assert found["y"].macs == 2 * 6 * 8 * 3


def test_attention_over_separate_queries_keys_and_values() -> None:
    found = ops_of(
        CONTRIB
        + """g (float[2, 3, 8] q, float[2, 5, 8] k, float[2, 5, 12] v) => (float[2, 3, 12] y)
        { y = com.microsoft.MultiHeadAttention <num_heads = 4> (q, k, v) }"""
    )
    assert found["y"].macs == 2 * 3 * 5 * (8 + 12)


def test_packed_weights_count_their_elements() -> None:
    node = helper.make_node(
        "MatMulNBits", ["x", "w", "s"], ["y"], domain="com.microsoft", K=32, N=6, bits=4,
        block_size=32,
    )  # fmt: skip
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [5, 32])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [5, 6])],
        [
            numpy_helper.from_array(np.zeros((6, 1, 16), np.uint8), "w"),
            numpy_helper.from_array(np.ones(6, np.float32), "s"),
        ],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    found = costs(tagged(helper.make_model(graph, opset_imports=opsets)))
    assert found.model.macs == 5 * 32 * 6
    assert (found.model.parameters, found.model.weight_bytes) == (32 * 6, 96 + 24)
    assert found.parameters_from == "weights"


def test_an_op_that_nobody_knows_is_unknown() -> None:
    found = ops_of(
        '<ir_version: 10, opset_import: ["" : 20, "mine" : 1]> g (float[2] x) => (float[2] y)'
        "{ a = mine.Thing (x) y = Neg (a) }"
    )
    assert (found["a"].macs, found["a"].unknown) == (None, 1)
    assert (found["y"].macs, found["y"].flops) == (0, 2)


LOOP = """
g (float[4, 4] x) => (float[4, 4] y)
<int64 n = {6}, bool c = {1}>
{
    y = Loop (n, c, x) <body = body (int64 i, bool go, float[4, 4] s) => (bool out, float[4, 4] t) {
        out = Identity (go)
        t = MatMul (s, s)
    }>
}
"""


def test_the_ops_of_a_loop_count_for_each_turn() -> None:
    found = ops_of(LOOP)
    assert (found["y/body/t"].macs, found["y"].macs) == (6 * 64, 0)
    # x and y, and in the body s, t and out: a turn that is over leaves nothing behind
    assert found["y/body/t"].peak_bytes == 4 * 64 + 1


def test_a_loop_that_may_end_early_is_unknown() -> None:
    text = LOOP.replace("out = Identity (go)", "z = ReduceMax (s) out = Cast <to = 9> (z)")
    assert ops_of(text)["y/body/t"].macs is None


def test_of_an_if_the_dearer_branch_counts() -> None:
    found = ops_of(
        """g (bool c, float[4, 4] x) => (float[4, 4] y)
        {
            y = If (c) <
                then_branch = t () => (float[4, 4] a) { a = Neg (x) },
                else_branch = e () => (float[4, 4] b) { b = MatMul (x, x) }
            >
        }"""
    )
    assert (found["y/then_branch/a"].flops, found["y/else_branch/b"].macs) == (0, 64)


FUNCTION = """
<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
g (float[2, 4] x) => (float[2, 3] y)
<float[4, 4] "one.w" = {1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1},
 float[4, 3] "two.w" = {1,1,1,1,1,1,1,1,1,1,1,1}>
{
    h = local.lin (x, "one.w")
    y = local.lin (h, "two.w")
}
<domain: "local", opset_import: ["" : 20]>
lin (a, w) => (z)
{
    z = MatMul (a, w)
}
"""


def test_the_ops_of_a_function_count_for_each_call_and_where_it_is_called() -> None:
    graph = tagged(scoped(parse(FUNCTION), {"h": "one", "y": "two"}))
    found = costs(graph)
    assert found.model.macs == 2 * 4 * 4 + 2 * 4 * 3
    assert [found.modules[fqn].total.macs for fqn in ("one", "two")] == [32, 24]
    assert [found.modules[fqn].own.weight_bytes for fqn in ("one", "two")] == [64, 48]
    inside = next(at for at, op in enumerate(graph.ops) if op.body)
    assert found.ops[inside].macs == 56


def test_functions_that_cannot_be_written_out_are_unknown() -> None:
    model = parse(FUNCTION)
    model.functions[0].node.add(op_type="lin", domain="local", input=["a", "w"], output=["again"])
    found = costs(tagged(model))
    assert (found.model.macs, found.model.known_macs) == (None, 0)


TIED = """
g (int64[5] ids) => (float[5, 10] y)
<float[10, 4] "wte.weight" = {1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,
                            1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1},
 float[4] "norm.weight" = {1,1,1,1}>
{
    e = Gather ("wte.weight", ids)
    n = Mul (e, "norm.weight")
    w = Transpose ("wte.weight")
    y = MatMul (n, w)
}
"""


def test_a_tied_weight_counts_once_in_every_total_that_contains_it() -> None:
    infos = {
        "": ModuleInfo("LM", 44),
        "wte": ModuleInfo("Embedding", 40),
        "norm": ModuleInfo("Norm", 4),
        "head": ModuleInfo("Linear", 40),
    }
    scopes = {"e": "wte", "n": "norm", "w": "head", "y": "head"}
    found = costs(tagged(scoped(parse(TIED), scopes), infos))
    assert found.parameters_from == "modules"
    assert {fqn: one.total.parameters for fqn, one in found.modules.items()} == {
        "": 44, "wte": 40, "norm": 4, "head": 40,
    }  # fmt: skip
    assert {fqn: one.own.parameters for fqn, one in found.modules.items()} == {
        "": 0, "wte": 40, "norm": 4, "head": 0,
    }  # fmt: skip
    assert {fqn: one.total.weight_bytes for fqn, one in found.modules.items()} == {
        "": 176, "wte": 160, "norm": 16, "head": 160,
    }  # fmt: skip
    assert found.modules["head"].own.weight_bytes == 0
    # A value made of weights alone is made once, before the first run.
    assert found.ops[2].activation_bytes == 0


def test_own_parameters_are_none_where_what_is_shared_cannot_be_told() -> None:
    infos = {"": ModuleInfo("M", 50), "wte": ModuleInfo("A", 40), "norm": ModuleInfo("B", 30)}
    found = costs(tagged(scoped(parse(TIED), {"e": "wte", "n": "norm"}), infos))
    assert found.modules[""].own.parameters is None
    assert found.model.parameters == 50


def test_sparse_weights_take_what_is_stored() -> None:
    model = parse("g (float[2, 4] x) => (float[2, 3] y) { y = MatMul (x, w) }")
    sparse = helper.make_sparse_tensor(
        numpy_helper.from_array(np.ones(2, np.float32), "w"),
        numpy_helper.from_array(np.array([1, 5], np.int64)),
        [4, 3],
    )
    model.graph.sparse_initializer.append(sparse)
    found = costs(tagged(model))
    assert (found.model.weight_bytes, found.model.parameters) == (8 + 16, 12)


def test_a_sequence_takes_what_is_in_it() -> None:
    found = ops_of(
        """g (float[6, 4] x) => (float[2, 4] y)
        <int64 two = {2}, int64 first = {0}>
        {
            s = SplitToSequence <axis = 0> (x, two)
            y = SequenceAt (s, first)
        }"""
    )
    assert (found["s"].activation_bytes, found["y"].peak_bytes) == (96, 96 + 32)


def test_shape_chains_that_inference_leaves_open_are_asked_of_the_runtime() -> None:
    found = ops_of(
        """g (float[batch, 4, 6] x, float[8, 5] w) => (float[p, q, 5] y)
        <int64[2] rest = {-1, 8}, int64 axis0 = {0}, int64[1] zero = {0}>
        {
            s = Shape (x)
            b = Gather (s, axis0)
            f = Cast <to = 1> (b)
            r = Relu (f)
            i = Cast <to = 7> (r)
            u = Unsqueeze (i, zero)
            t = Concat <axis = 0> (u, rest)
            v = Reshape (x, t)
            y = MatMul (v, w)
        }""",
        batch=2,
    )
    assert found["y"].macs == 2 * 3 * 8 * 5


@pytest.mark.parametrize("op", ["ConstantOfShape (t)", "Expand (one, t)"])
def test_nothing_of_the_size_that_a_file_names_is_made_to_know_it(op: str) -> None:
    """The runtime folds constants: a tensor of 4 TB must not be one."""
    found = ops_of(
        f"""g (float[2, 4] x) => (float[p, q] y)
        <float one = {{1.0}}, int64[1] zero = {{0}}, int64[2] far = {{500000, 500000}}>
        {{
            s = Shape (x)
            f = Cast <to = 1> (s)
            r = Relu (f)
            i = Cast <to = 7> (r)
            t = Mul (i, far)
            y = {op}
        }}"""
    )
    assert found["y"].macs == 0
    assert found["y"].peak_bytes in (None, 4 * 1_000_000 * 2_000_000 + 16)


def test_a_symbol_in_an_expression_is_computed() -> None:
    found = ops_of(
        "g (float[past, 4] x, float[q, 4] z) => (float[r, 4] y) { y = Concat <axis = 0> (x, z) }",
        past=3,
        q=2,
    )
    assert found["y"].activation_bytes == 5 * 16


def test_a_dimension_without_a_name_is_set_by_its_place() -> None:
    graph = tagged(parse("g (float[?,4] x, float[4,3] w) => (float[?,3] y) { y = MatMul (x, w) }"))
    assert costs(graph).symbols == {"x[0]": None}
    assert costs(graph, symbols={"x[0]": 7}).model.macs == 7 * 12


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        ({"batc": 1}, "The model has no open dimension 'batc': it has batch."),
        ({"batch": 0}, "The size of 'batch' must be a whole number above 0."),
        ({"batch": 1.5}, "The size of 'batch' must be a whole number above 0."),
        ({"batch": True}, "The size of 'batch' must be a whole number above 0."),
    ],
)
def test_sizes_that_fit_nothing_are_refused(symbols: dict[str, int], message: str) -> None:
    with pytest.raises(MeasureError) as error:
        costs(net(), symbols=symbols)
    assert str(error.value) == message


def test_own_figures_add_up_to_the_model_s() -> None:
    found = costs(net(), symbols={"batch": 3})
    _adds_up(found)


def _adds_up(found: Costs) -> None:
    own = [one.own for one in found.modules.values()]
    assert sum(one.macs or 0 for one in own) == found.model.macs
    assert sum(one.flops or 0 for one in own) == found.model.flops
    assert sum(one.weight_bytes or 0 for one in own) == found.model.weight_bytes
    assert sum(one.macs or 0 for one in found.ops) == found.model.macs


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    onnx.save(scoped(parse(NET), SCOPES), path)
    return path


def test_the_command_prints_a_tree_of_modules_by_their_names(run: Run, file: Path) -> None:
    code, out, err = run("analyze", file, "--costs", "--symbol", "batch=5", "--ops")
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0].startswith("net.onnx: 21 parameters, 84 B of weights, 90 MACs, at most 140 B")
    assert lines[1] == "for batch = 5"
    assert "the root Module 21 84 B 90 100.0% 210 220 B 140 B" in lines
    assert "enc Module 15 60 B 60 66.7% 135 120 B 140 B" in lines
    assert any(line.startswith("m MatMul enc 12 48 B 60 66.7% ") for line in lines)
    assert "≥" not in out


def test_modules_are_named_by_their_steps_with_the_class_beside_them_where_there_is_room(
    tmp_path: Path,
) -> None:
    infos = {
        "": ModuleInfo("Net", 21),
        "enc": ModuleInfo("Encoder", 15),
        "enc.up.0": ModuleInfo("Linear", 15),
        "dec": ModuleInfo("Linear", 6),
    }
    file = tmp_path / "net.onnx"
    model = scoped(parse(NET), {"m": "enc.up.0", "a": "enc.up.0", "r": "", "y": "dec"})
    tagged(model, infos).save(file)
    for width, named in ((80, "enc Encoder 15"), (46, "enc 15")):
        out = at_terminal("-m", "hexviz", "analyze", str(file), "--costs", columns=width)
        plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out)
        lines = [" ".join(line.split()) for line in plain.splitlines()]
        assert any(line.startswith(named) for line in lines), out
        assert any(line.startswith("up.0 " if width == 46 else "up.0 Linear") for line in lines)


def test_sizes_that_nobody_said_are_usual_ones_and_said(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    text = NET.replace("float[batch, 4] x", "float[batch, seq, 4] x")
    text = text.replace("float[batch, 2]", "float[batch, seq, 2]")
    onnx.save(scoped(parse(text), SCOPES), path)
    code, out, _ = run("analyze", path, "--costs")
    assert code == 0
    assert "for batch = 1, seq = 128; set others with --symbol batch=N" in out
    assert "2.3 k MACs" in out
    _, out, _ = run("analyze", path, "--costs", "--symbol", "batch=2")
    assert "for batch = 2, seq = 128; set others with --symbol seq=N" in out
    _, out, _ = run("analyze", path, "--costs", "--json")
    told = json.loads(out)["costs"]  # a program says itself which sizes it means
    assert (told["macs"], told["symbols"]) == (None, {"batch": None, "seq": None})


def test_usual_sizes_are_those_of_the_names_in_an_expression() -> None:
    graph = tagged(parse('g (float[batch, "past + 1"] x) => (float[batch, n] y) { y = Neg (x) }'))
    assert default_sizes(graph) == {"batch": 1, "past": 128}
    assert costs(graph, symbols=default_sizes(graph)).model.flops == 129


UNKNOWN = """
g (float[2, 4] x) => (float[n, 3] y)
<float[4, 3] w = {1,1,1,1,1,1,1,1,1,1,1,1}, float[3, 3] u = {1,1,1,1,1,1,1,1,1}>
{ a = MatMul (x, w) i = NonZero (a) f = Cast <to = 1> (i) t = Transpose (f) y = MatMul (t, f) }
"""


def test_the_command_says_what_is_not_known(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    onnx.save(parse(UNKNOWN), path)
    _, out, _ = run("analyze", path, "--costs")
    lines = out.splitlines()
    assert "≥ 24 MACs" in lines[0]
    assert "1 op of which the MACs are not known" in lines
    assert "≥: what is known of it" in lines


def test_the_command_s_json(run: Run, file: Path) -> None:
    code, out, _ = run("analyze", file, "--costs", "--symbol", "batch=5", "--ops", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["costs"]["macs"] == 90
    assert document["costs"]["symbols"] == {"batch": 5}
    [enc] = [one["costs"] for one in document["modules"] if one["module"] == "enc"]
    assert (enc["macs"], enc["total_macs"], enc["total_parameters"]) == (60, 60, 15)
    assert [one["costs"]["macs"] for one in document["nodes"]] == [60, 0, 0, 30]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--symbol", "batch=1"), "--symbol sets a size to count costs with: give --costs too."),
        (
            ("--costs", "--symbol", "batch"),
            "'batch' sets no size: write --symbol NAME=N, as in batch=1.",
        ),
        (
            ("--costs", "--symbol", "batch=-1"),
            "'batch=-1' sets no size: write --symbol NAME=N, as in batch=1.",
        ),
        (
            ("--costs", "--symbol", "batch=1000000000000"),
            "The size of 'batch' is too large: it may have 12 digits.",
        ),
        (
            ("--costs", "--symbol", "batch=2", "--symbol", "batch=3"),
            "--symbol gives 'batch' two sizes, 2 and 3: give it once.",
        ),
        (("--costs", "--symbol", "seq=1"), "The model has no open dimension 'seq': it has batch."),
    ],
)
def test_bad_sizes_are_one_clear_line(
    run: Run, file: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = run("analyze", file, *arguments)
    assert (code, out, err) == (2, "", f"hexviz: {message}\n")


def test_a_report_takes_documents_of_its_own_kind_alone(run: Run, file: Path) -> None:
    times = file.with_name("p.json")
    times.write_text("{}")
    code, _, err = run("report", file, "-o", file.with_name("r.html"), "--profile", times)
    assert code == 2
    assert err.startswith("hexviz: That is no document of hexviz profile --json")
    missing = file.with_name("q.json")
    code, _, err = run("report", file, "-o", file.with_name("r.html"), "--parity", missing)
    assert (code, err) == (2, f"hexviz: {missing} cannot be read: No such file or directory.\n")


def test_a_report_says_which_model_a_document_belongs_to(run: Run, file: Path) -> None:
    """In words that are right on a command line as well as on the page."""
    took = [ModuleTime(module=fqn, tag="", self_us=1, total_us=1, share=0.2, runs=1)
            for fqn in ("enc", "dec", "a", "b", "c")]  # fmt: skip
    document = ProfileDocument(
        model="other.onnx", modules=tuple(took), nodes=(), total_us=5.0, unplaced_us=0.0, runs=1,
        provider="CPUExecutionProvider", device="cpu",
    )  # fmt: skip
    times = file.with_name("p.json")
    times.write_text(json.dumps(to_dict(document)))
    code, _, err = run("report", file, "-o", file.with_name("r.html"), "--profile", times)
    assert code == 2
    assert err == (
        "hexviz: That profile is of another model (other.onnx): of its 5 modules, 2 are in this "
        "one. Use it with that model.\n"
    )
