"""What each policy keeps, and what crosses the border then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexviz.errors import SelectionError
from hexviz.extraction.constants import Constants
from hexviz.extraction.selection import ModuleSelection, selection
from hexviz.extraction.subgraph import POLICIES, Subgraph, known_policy, subgraph
from hexviz.model.graph import TaggedGraph
from tests.build import parse, scoped, tagged
from tests.tagging.random_graphs import FQNS, models

#  x ─▶ a ───────────────┐
#       └▶ s ─▶ p ─▶ d ─▶ r ─▶ m ─▶ t ─▶ y       s, p, d, r serve att, and are the model's
#  w2, k: constants                              p is arithmetic (Mul), on a shape
ATTENTION = """g (float[2,3] x) => (float[2,3] y)
<float[3,3] w = {1,0,0,0,1,0,0,0,1}, int64[1] one = {1}> {
    a = Neg (x)
    s = Shape (a)
    p = Mul (s, one)
    k = Constant <value_ints: ints = [0]> ()
    d = Concat <axis: int = 0> (p)
    r = Reshape (a, d)
    z = Cast <to: int = 7> (k)
    m = MatMul (r, w)
    u = Unsqueeze (m, k)
    t = Squeeze (u, z)
    y = Relu (t)
}"""
MODULES = {"a": "enc", "m": "enc.att", "u": "enc.att", "t": "enc.att", "y": "head"} | dict.fromkeys(
    "spkdrz", ""
)


@pytest.fixture(scope="module")
def graph() -> TaggedGraph:
    return tagged(scoped(parse(ATTENTION), MODULES))


def names(graph: TaggedGraph, found: Subgraph) -> dict[str, str]:
    """First output of each kept node → why."""
    return {graph.proto.graph.node[node].output[0]: why for node, why in found.why.items()}


def test_exclude_safe_keeps_own_ops_and_copies_constants(graph: TaggedGraph) -> None:
    found = subgraph(graph, selection(graph, ["enc.att"]), "exclude_safe")
    assert names(graph, found) == {
        "k": "constant",
        "z": "constant",
        "m": "selected",
        "u": "selected",
        "t": "selected",
    }
    assert found.inputs == ("r",)
    assert found.outputs == ("t",)
    assert found.weights == ("w",)


def test_include_context_carries_what_serves_the_selection(graph: TaggedGraph) -> None:
    found = subgraph(graph, selection(graph, ["enc.att"]), "include_context")
    carried = {name: why for name, why in names(graph, found).items() if why != "selected"}
    assert carried == {
        "s": "context",
        "p": "shape",
        "k": "constant",
        "d": "context",
        "r": "context",
        "z": "constant",
    }
    assert found.inputs == ("a",)  # a real tensor
    assert found.outputs == ("t",)
    assert set(found.weights) == {"w", "one"}


def test_include_all_runs_from_the_models_inputs(graph: TaggedGraph) -> None:
    found = subgraph(graph, selection(graph, ["enc.att"]), "include_all")
    assert found.inputs == ("x",)
    assert found.outputs == ("t",)
    assert names(graph, found)["a"] == "upstream"
    assert "y" not in names(graph, found)


def test_a_matrix_made_of_weights_alone_is_a_constant_and_no_arithmetic_on_shapes() -> None:
    text = """g (float[2,2] x) => (float[2,2] y) <float[2,2] w = {1,2,3,4}> {
        h = Mul (w, w)
        y = MatMul (x, h)
    }"""
    graph = tagged(scoped(parse(text), {"h": "other", "y": "own"}))
    found = subgraph(graph, selection(graph, ["own"]), "include_context")
    assert names(graph, found) == {"h": "constant", "y": "selected"}
    assert found.inputs == ("x",)
    assert not Constants(graph).is_shape_arithmetic(0)


SHARED = """<ir_version: 8, opset_import: ["" : 20, "custom" : 1, "local" : 1]>
g (float[3,3] x, bool c, float[3,3] given) => (float[3,3] y)
<float[3,3] w = {1,2,3,4,5,6,7,8,9}, float[3,3] given = {1,2,3,4,5,6,7,8,9}> {
    v = CHAIN
    h = MatMul (x, v)
    y = MatMul (h, v)
}
<domain: "local", opset_import: ["" : 20]> twice (a) => (b) { b = Add (a, a) }
<domain: "local", opset_import: ["" : 20]> noisy (a) => (b) {
    n = RandomNormalLike (a)
    b = Add (a, n)
}"""


@pytest.mark.parametrize("policy", ["exclude_safe", "include_context"])
@pytest.mark.parametrize(
    ("chain", "constant"),
    [
        ("Transpose (w)", True),
        ("Cast <to = 1> (w)  ", True),
        ("custom.Unpack (w)", True),
        ("local.twice (w)", True),
        ("Transpose (t)  t = Neg (s)  s = Concat <axis = 0> (w)", True),
        (("Loop (m, , w) <body = b (int64 i, bool d, float[3,3] a) => (bool e, float[3,3] f) "
         "{ e = Identity (d)  f = Add (a, w) }>  m = Constant <value = int64 {2}> ()"), True),
        (("If (k) <then_branch = t () => (float[3,3] p) { p = Neg (w) }, else_branch = e () => "
         "(float[3,3] q) { q = Exp (w) }>  k = Constant <value = bool {1}> ()"), True),
        (("If (k) <then_branch = t () => (float[3,3] p) { p = Neg (x) }, else_branch = e () => "
         "(float[3,3] q) { q = Exp (w) }>  k = Constant <value = bool {1}> ()"), False),
        (("If (c) <then_branch = t () => (float[3,3] p) { p = Neg (w) }, else_branch = e () => "
         "(float[3,3] q) { q = Exp (w) }>"), False),
        (("If (k) <then_branch = t () => (float[3,3] p) { p = Bernoulli (w) }, else_branch = e () "
         "=> (float[3,3] q) { q = Exp (w) }>  k = Constant <value = bool {1}> ()"), False),
        ("Add (w, x)", False),
        ("Transpose (given)", False),
        ("RandomNormalLike (w)", False),
        ("Bernoulli (w)", False),
        ("RandomNormal <shape = [3, 3]> ()", False),
        (("Dropout (w, r, d)  r = Constant <value = float {0.5}> ()  "
         "d = Constant <value = bool {1}> ()"), False),
        ("local.noisy (w)", False),
        ("custom.Source ()", False),
    ],
)  # fmt: skip
def test_what_depends_on_weights_alone_is_copied_to_each_reader(
    chain: str, constant: bool, policy: str
) -> None:
    homes = {"v": "a", "h": "a", "y": "b"}
    graph = tagged(scoped(parse(SHARED.replace("CHAIN", chain)), homes))
    first = subgraph(graph, selection(graph, ["a"]), known_policy(policy))
    second = subgraph(graph, selection(graph, ["b"]), known_policy(policy))
    # What is auxiliary, as a Transpose, is carried along as context all the same.
    carried = policy == "include_context" and graph.op("v").auxiliary and constant is False
    if not carried:
        assert ("v" in second.inputs) is not constant
    assert set(first.outputs) == ({"h"} if constant else {"v", "h"})
    assert Constants(graph).is_constant(graph.op("v").index) is constant
    assert Constants(graph).is_constant(graph.op("h").index) is False


def test_a_long_computation_on_weights_is_work_and_no_constant() -> None:
    def chain(length: int) -> TaggedGraph:
        steps = "\n".join(f"v{at + 1} = Neg (v{at})" for at in range(length))
        text = f"""g (float[2] x) => (float[2] y) <float[2] v0 = {{1, 2}}> {{
            {steps}
            h = Add (x, v{length})
            y = Add (h, v{length})
        }}"""
        return tagged(scoped(parse(text), {"h": "a", "y": "b"}))

    short, long = chain(100), chain(1000)
    assert subgraph(short, selection(short, ["b"]), "exclude_safe").inputs == ("h",)
    found = subgraph(long, selection(long, ["b"]), "exclude_safe")
    assert found.inputs == ("v1000", "h")
    assert len(found.why) == 1
    # However often it doubles, its length is known at once.
    doubling = "\n".join(f"v{at + 1} = Add (v{at}, v{at})" for at in range(2000))
    text = f"g (float[2] x) => (float[2] y) <float[2] v0 = {{1, 2}}> {{ {doubling} y = Neg (x) }}"
    assert not Constants(tagged(parse(text))).is_constant(1999)


def test_a_module_of_constants_alone_gives_them_back() -> None:
    text = """g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> {
        v = Neg (w)
        u = Exp (v)
        y = Add (x, u)
    }"""
    graph = tagged(scoped(parse(text), {"v": "w.a", "u": "w.b", "y": "own"}))
    for name, made in (("w", "u"), ("w.a", "v"), ("w.b", "u")):
        found = subgraph(graph, selection(graph, [name]), "exclude_safe")
        assert (found.inputs, found.outputs) == ((), (made,))


def test_random_numbers_are_never_drawn_twice() -> None:
    """What a RandomNormal drew outside is a tensor like any other."""
    text = """g (float[2] x) => (float[2] y) {
        n = RandomNormal <shape: ints = [2]> ()
        y = Add (x, n)
    }"""
    graph = tagged(scoped(parse(text), {"n": "noise", "y": "own"}))
    assert subgraph(graph, selection(graph, ["own"]), "include_context").inputs == ("x", "n")


def test_a_value_used_inside_and_outside_is_an_output(graph: TaggedGraph) -> None:
    found = subgraph(graph, selection(graph, ["enc"], exclude=["enc.att"]), "exclude_safe")
    assert found.outputs == ("a",)
    text = """g (float[2] x) => (float[2] y, float[2] z) {
        a = Neg (x)
        y = Exp (a)
        z = Relu (a)
    }"""
    other = tagged(scoped(parse(text), {"a": "enc", "y": "enc", "z": "head"}))
    assert subgraph(other, selection(other, ["enc"]), "exclude_safe").outputs == ("y", "a")


def test_what_leaves_does_not_depend_on_the_policy(graph: TaggedGraph) -> None:
    outputs = {subgraph(graph, selection(graph, ["enc"]), policy).outputs for policy in POLICIES}
    assert outputs == {("a", "t")}


HOLE = """g (float[2] x) => (float[2] y) {
    a = Neg (x)
    b = Exp (a)
    c = Relu (b)
    d = Add (a, c)
    e = Exp (x)
    y = Add (d, e)
}"""
IN_HOLE = {"a": "m", "b": "far", "c": "away", "d": "m", "e": "", "y": ""}


def test_a_hole_is_reported_and_left_open() -> None:
    graph = tagged(scoped(parse(HOLE), IN_HOLE))
    found = subgraph(graph, selection(graph, ["m"]), "exclude_safe")
    (hole,) = found.holes
    assert [graph.proto.graph.node[node].output[0] for node in hole.nodes] == ["b", "c"]
    assert hole.enters == ("c",)
    assert set(found.inputs) == {"x", "c"}
    assert set(found.outputs) == {"a", "d"}


def test_a_hole_is_filled_when_asked() -> None:
    graph = tagged(scoped(parse(HOLE), IN_HOLE))
    found = subgraph(graph, selection(graph, ["m"]), "exclude_safe", fill_holes=True)
    assert names(graph, found) == {"a": "selected", "b": "hole", "c": "hole", "d": "selected"}
    assert (found.inputs, found.outputs, found.holes) == (("x",), ("d",), ())


def test_what_a_policy_carries_leaves_no_hole() -> None:
    graph = tagged(scoped(parse(HOLE), IN_HOLE))
    found = subgraph(graph, selection(graph, ["m"]), "include_all")
    assert found.holes == ()
    assert found.inputs == ("x",)


def test_an_op_in_a_body_brings_the_op_it_runs_in() -> None:
    text = """g (bool c, float[2] x) => (float[2] y) {
        k = Neg (x)
        y = If (c) <
            then_branch = t () => (float[2] o) { o = Add (k, k) },
            else_branch = e () => (float[2] p) { p = Exp (x) }
        >
    }"""
    graph = tagged(parse(text))
    inner = next(op.id for op in graph.ops if op.op_type == "Add")
    found = subgraph(graph, selection(graph, ops=[inner]), "exclude_safe")
    assert names(graph, found) == {"y": "encloses"}
    assert set(found.inputs) == {"c", "x", "k"}


def test_an_op_of_a_function_brings_every_call() -> None:
    text = """<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
    g (float[2] x) => (float[2] y) { a = local.outer (x)  b = Exp (a)  y = local.inner (b) }
    <domain: "local", opset_import: ["" : 20]> inner (u) => (v) { v = Neg (u) }
    <domain: "local", opset_import: ["" : 20, "local" : 1]>
    outer (u) => (v) { v = local.inner (u) }"""
    graph = tagged(parse(text))
    inner = next(op.id for op in graph.ops if op.op_type == "Neg")
    found = subgraph(graph, selection(graph, ops=[inner]), "exclude_safe")
    assert names(graph, found) == {"a": "encloses", "y": "encloses"}


def test_a_constant_stays_home_unless_nothing_else_leaves() -> None:
    text = """g (int64[1] x) => (int64[1] y) {
        k = Constant <value_ints: ints = [1]> ()
        a = Add (x, k)
        y = Add (a, k)
    }"""
    graph = tagged(scoped(parse(text), {"k": "one", "a": "one", "y": "two"}))
    assert subgraph(graph, selection(graph, ["one"]), "exclude_safe").outputs == ("a",)
    graph = tagged(scoped(parse(text), {"k": "one", "a": "two", "y": "two"}))
    assert subgraph(graph, selection(graph, ["one"]), "exclude_safe").outputs == ("k",)


def test_what_nobody_uses_is_a_result_if_there_is_no_other() -> None:
    text = "g (float[2] x) => (float[2] y) { a = Neg (x)  b = Exp (a)  y = Relu (x) }"
    graph = tagged(scoped(parse(text), {"a": "dead", "b": "dead", "y": ""}))
    assert subgraph(graph, selection(graph, ["dead"]), "exclude_safe").outputs == ("b",)


def test_what_the_model_hands_through_belongs_to_the_whole() -> None:
    text = """g (float[2] x) => (float[2] x, float[2] w, float[2] y) <float[2] w = {1, 2}> {
        y = Add (x, w)
    }"""
    graph = tagged(scoped(parse(text), {"y": "m"}))
    assert subgraph(graph, selection(graph, ["m"]), "exclude_safe").outputs == ("y",)
    whole = subgraph(graph, selection(graph, [""]), "exclude_safe")
    assert whole.outputs == ("x", "w", "y")
    assert (whole.inputs, whole.weights) == (("x",), ("w",))


def test_the_models_inputs_come_first_and_in_its_order() -> None:
    text = """g (float[2] p, float[2] q) => (float[2] y) {
        a = Neg (q)
        b = Add (a, q)
        y = Add (b, p)
    }"""
    graph = tagged(scoped(parse(text), {"a": "", "b": "m", "y": "m"}))
    assert subgraph(graph, selection(graph, ["m"]), "exclude_safe").inputs == ("p", "q", "a")


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(SelectionError, match="No policy is named 'safe': take one of exclude_safe"):
        known_policy("safe")


@given(models(), st.frozensets(st.sampled_from(FQNS), min_size=1, max_size=2))
def test_the_policies_are_nested_and_close_the_graph(proto: object, wanted: frozenset[str]) -> None:
    graph = tagged(proto)  # type: ignore[arg-type]
    chosen = ModuleSelection(wanted)
    if not chosen.positions(graph):
        return
    kept = [subgraph(graph, chosen, policy) for policy in POLICIES]
    assert set(kept[0].why) <= set(kept[1].why) <= set(kept[2].why)
    assert kept[0].outputs == kept[1].outputs == kept[2].outputs
    top = graph.top
    for found in kept:
        read = {name for node in found.why for name in top.reads[node]}
        made = {name for node in found.why for name in top.makes[node]}
        assert read - made <= {*found.inputs, *found.weights}
        assert not made & set(found.inputs)
        assert set(found.outputs) <= made
    assert set(kept[2].inputs) <= top.inputs.keys()
    # What is carried for context leaves only values of primary ops, and what the model is given.
    primary = {op.index for op in graph.ops if not op.auxiliary}
    assert all(top.maker.get(name) in {None, *primary} for name in kept[1].inputs)


@given(models(), st.sampled_from(FQNS))
def test_filling_holes_leaves_none(proto: object, wanted: str) -> None:
    graph = tagged(proto)  # type: ignore[arg-type]
    chosen = ModuleSelection(frozenset({wanted}))
    if not chosen.positions(graph):
        return
    filled = subgraph(graph, chosen, "exclude_safe", fill_holes=True)
    ids = frozenset(op.id for op in graph.ops if op.index in set(filled.core()))
    again = subgraph(graph, ModuleSelection(frozenset(), ops=ids), "exclude_safe")
    assert again.holes == ()
