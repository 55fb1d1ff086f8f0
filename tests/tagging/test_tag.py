"""From a file to tags: every rule once, on the smallest graph that shows it."""

from pathlib import Path

import onnx
import pytest

import hexviz
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.writer import tagged_proto
from tests.build import parse, scoped, tagged


def rules(graph: TaggedGraph) -> dict[str, tuple[str, str]]:
    return {op.id: (op.module, op.provenance.rule) for op in graph.ops}


CHAIN = """g (float[2] x) => (float[2] d) {
    a = Neg (x)  b = Abs (a)  c = Relu (b)  d = Exp (c)
}"""


def test_metadata() -> None:
    graph = tagged(
        scoped(
            parse(CHAIN),
            {"a": "enc", "b": "enc", "c": "enc.att", "d": ""},
            {"": "Net", "enc": "Encoder", "enc.att": "Attention"},
        )
    )
    assert rules(graph)["c"] == ("enc.att", "metadata")
    assert graph.op("c").tag == "/Net/Encoder/Attention"
    assert graph.op("c").provenance.confidence == 1


def test_name() -> None:
    proto = parse(CHAIN)
    for node, name in zip(
        proto.graph.node, ["/enc/Neg", "/enc/l.0/Abs", "Relu_3", "/Exp"], strict=True
    ):
        node.name = name
    graph = tagged(proto)
    assert rules(graph) == {
        "a": ("enc", "name"),
        "b": ("enc.l.0", "name"),
        "c": ("", "trace"),
        "d": ("", "name"),
    }
    assert {module.fqn for module in graph.modules} == {"", "enc", "enc.l.0"}


WEIGHTS = """g (float[1,2] x) => (float[1,2] y)
    <float[2,2] "enc.fc.weight" = {1, 2, 3, 4}, float[2] "head.bias" = {1, 2}> {
    a = MatMul (x, "enc.fc.weight")
    y = Add (a, "head.bias")
}"""


def test_weight() -> None:
    graph = tagged(parse(WEIGHTS))
    assert rules(graph) == {"a": ("enc.fc", "weight"), "y": ("head", "weight")}
    assert graph.op("a").provenance.values == ("enc.fc.weight",)
    assert {module.fqn for module in graph.modules} == {"", "enc", "enc.fc", "head"}


def test_a_lent_weight_names_nobody() -> None:
    """A tied embedding: looked up by one module, multiplied with by another."""
    graph = tagged(
        parse("""g (int64[2] i, float[1,2] x) => (float[2,2] e, float[1,2] y)
        <float[2,2] "emb.weight" = {1, 2, 3, 4}> {
        e = Gather ("emb.weight", i)
        y = MatMul (x, "emb.weight")
    }""")
    )
    assert {op.provenance.origin for op in graph.ops} == {"fallback"}


def test_an_embedding_lookup_is_primary_and_another_gather_is_not() -> None:
    graph = tagged(
        parse("""g (int64[2] i, float[2,2] x) => (float[2,2] e, float[2,2] y)
        <float[2,2] "emb.weight" = {1, 2, 3, 4}> {
        e = Gather ("emb.weight", i)
        y = Gather (x, i)
    }""")
    )
    assert graph.op("e").auxiliary is None
    assert graph.op("y").auxiliary == "tensor manipulation"


def test_a_restored_duplicate_weight_belongs_to_whom_it_is_restored_for() -> None:
    graph = tagged(
        parse("""g (float[2] x) => (float[2] y) <float[2] "a.bias" = {0, 0}> {
        "b.bias" = Identity ("a.bias")
        y = Add (x, "b.bias")
    }""")
    )
    assert rules(graph)["b.bias"] == ("b", "name")


def test_trace_takes_the_deepest_module_open_at_both_ends() -> None:
    graph = tagged(
        scoped(parse(CHAIN), {"a": "enc.l.0", "d": "enc.l.1"}),
        {fqn: ModuleInfo() for fqn in ("", "enc", "enc.l.0", "enc.l.1")},
    )
    assert rules(graph)["b"] == ("enc", "trace")
    assert graph.op("b").provenance.evidence == ("a", "d")


def test_a_static_op_goes_with_the_module_that_opens_next() -> None:
    graph = tagged(
        scoped(
            parse("""g (float[2] x) => (float[2] y) {
        a = Neg (x)
        k = Constant <value = float[1] {2}> ()
        y = Mul (a, k)
    }"""),
            {"a": "one", "y": "two"},
        )
    )
    assert rules(graph)["k"] == ("two", "consumers")
    rejected = graph.op("k").provenance.candidates
    assert [one.module for one in rejected] == [""]


def test_glue_between_two_modules_stays_with_their_parent() -> None:
    graph = tagged(
        scoped(
            parse("""g (float[2] x) => (float[2] y) {
        a = Neg (x)
        g = Identity (a)
        y = Exp (g)
    }"""),
            {"a": "net.one", "y": "net.two"},
        )
    )
    assert rules(graph)["g"] == ("net", "trace")


def test_what_is_known_of_nothing_is_root_by_fallback() -> None:
    graph = tagged(parse(CHAIN))
    assert {(op.module, op.provenance.origin, op.tag) for op in graph.ops} == {
        ("", "fallback", "/")
    }


def test_a_shared_constant_stands_at_the_common_ancestor_and_lists_its_users() -> None:
    graph = tagged(
        scoped(
            parse("""g (float[2] x) => (float[2] y) {
        k = Constant <value = float[1] {2}> ()
        a = Mul (x, k)
        y = Mul (a, k)
    }"""),
            {"a": "net.one", "y": "net.two"},
        )
    )
    op = graph.op("k")
    assert op.module == "net"
    assert op.shared_by == ("net.one", "net.two")


def test_sources_that_disagree_are_kept() -> None:
    proto = scoped(parse(CHAIN), {"a": "enc"})
    proto.graph.node[0].name = "/decoder/Neg"
    candidates = tagged(proto).op("a").provenance.candidates
    assert [(one.module, one.reason) for one in candidates] == [
        ("decoder", "/decoder/Neg points there, by rule name")
    ]


def test_a_deeper_record_on_the_same_branch_wins_and_a_deeper_weight_does_not() -> None:
    proto = scoped(parse(WEIGHTS), {"a": "enc", "y": "head.sub"})
    proto.graph.node[1].name = "/head/Add"
    graph = tagged(proto)
    assert rules(graph) == {"a": ("enc", "metadata"), "y": ("head.sub", "metadata")}
    # Whose weight it is stays known; that a scope is less specific is no contradiction.
    assert [(one.module, one.score) for one in graph.op("a").provenance.candidates] == [
        ("enc.fc", 0.9)
    ]
    assert graph.op("y").provenance.candidates == ()
    proto.graph.node[0].name = "/enc/deep/MatMul"
    deeper = tagged(proto).op("a")
    assert (deeper.module, deeper.provenance.rule) == ("enc.deep", "name")


def test_keys_and_names_that_contradict_each_other_are_all_kept() -> None:
    proto = scoped(parse(CHAIN), {"a": "enc", "b": "enc.att", "c": "dec", "d": ""})
    first = proto.graph.node[0]
    first.metadata_props.add(key="namespace", value=": Module/dec: Module/a: aten.op")
    first.metadata_props.add(key="winml.hierarchy.tag", value="/Module/Module.enc/Module")
    first.name = "/enc/att/Neg"
    op = tagged(proto).op("a")
    assert (op.module, op.provenance.rule) == ("enc.att", "name")
    assert {one.module for one in op.provenance.candidates} == {"dec"}
    first.metadata_props[-1].value = "/Module/Module.dec/Module"
    first.name = ""
    op = tagged(proto).op("a")
    assert (op.module, op.provenance.rule) == ("enc", "metadata")
    assert {one.module for one in op.provenance.candidates} == {"dec"}


def test_weights_in_constants_name_modules_too() -> None:
    """As Paddle's converter writes them."""
    proto = parse("""g (float[2] x) => (float[2] y) {
        "conv2d_0.w_0" = Constant <value = float[2] {1, 2}> ()
        a = Mul (x, "conv2d_0.w_0")
        "Constant.1" = Constant <value = float[2] {1, 2}> ()
        y = Add (a, "Constant.1")
    }""")
    assert rules(tagged(proto)) == {
        "conv2d_0.w_0": ("conv2d_0", "weight"),
        "a": ("conv2d_0", "weight"),
        "Constant.1": ("", "trace"),
        "y": ("", "trace"),
    }


def test_a_mask_made_above_its_users_is_shared_and_what_a_module_hands_on_is_not() -> None:
    graph = tagged(
        scoped(
            parse("""g (float[2] x) => (float[2] y) {
        i = Identity (x)
        m = Unsqueeze (x, x)
        a = Mul (i, m)
        b = Mul (a, m)
        c = Mul (i, b)
        y = Identity (c)
    }"""),
            {"i": "emb", "m": "", "a": "net.one", "b": "net.two", "c": "net.three", "y": ""},
        )
    )
    assert graph.op("m").module == ""
    assert graph.op("m").shared_by == ("net.one", "net.two")
    assert graph.op("i").shared_by == ()
    assert graph.op("y").shared_by == ()


def test_an_exporters_list_of_modules_bounds_the_tree() -> None:
    proto = parse(CHAIN)
    for node in proto.graph.node:
        node.name = f"/enc/list/{node.op_type}"
    graph = tagged(proto, {"": ModuleInfo("Net", 10), "enc": ModuleInfo("Encoder", 10)})
    assert {op.module for op in graph.ops} == {"enc"}
    assert graph.modules["enc"].parameters == 10


def test_a_hierarchy_tag_attribute() -> None:
    proto = parse(CHAIN)
    for node in proto.graph.node:
        node.attribute.append(onnx.helper.make_attribute("hierarchy_tag", "/Net/Layer.0"))
    graph = tagged(proto)
    assert graph.op("a").tag == "/Net/Layer.0"


@pytest.mark.parametrize("key", ["hexviz.confidence", "hexviz.evidence", "hexviz.candidates"])
def test_damaged_tags_of_our_own_do_no_harm(key: str) -> None:
    proto = parse(CHAIN)
    for node in proto.graph.node:
        for name, value in (("module", "enc"), ("origin", "declared"), ("rule", "metadata")):
            node.metadata_props.add(key=f"hexviz.{name}", value=value)
        node.metadata_props.add(key=key, value="{[")
    assert {op.module for op in tagged(proto).ops} == {"enc"}


def test_a_tag_whose_rule_and_origin_contradict_is_not_believed() -> None:
    proto = parse(CHAIN)
    for name, value in (("module", "enc"), ("origin", "declared"), ("rule", "root")):
        proto.graph.node[0].metadata_props.add(key=f"hexviz.{name}", value=value)
    assert tagged(proto).op("a").provenance.origin == "fallback"


def test_a_function_that_nothing_is_declared_of_runs_where_it_is_called() -> None:
    graph = tagged(
        scoped(
            parse("""<ir_version: 10, opset_import: ["" : 20, "local" : 1]>
            g (float[2] x) => (float[2] y) { a = Neg (x)  y = local.twice (a) }
            <domain: "local", opset_import: ["" : 20]>
            twice (v) => (w) { u = Neg (v)  w = Neg (u) }"""),
            {"a": "enc", "y": "enc.head"},
        )
    )
    inner = graph.op("function:local::twice/w")
    assert (inner.module, inner.provenance.rule) == ("enc.head", "trace")
    assert inner.provenance.evidence == ("y",)
    assert inner.provenance.confidence < 0.9


def test_an_if_whose_branches_carry_data_is_not_static() -> None:
    graph = tagged(
        scoped(
            parse("""g (float[2] x) => (float[2] y) {
            a = Neg (x)
            c = Constant <value = bool[1] {1}> ()
            i = If (c) <
              then_branch = g1 () => (float[2] t) { t = Neg (a) },
              else_branch = g2 () => (float[2] e) { e = Abs (a) }
            >
            y = Exp (i)
        }"""),
            {"a": "net.one", "y": "net.two"},
        )
    )
    assert rules(graph)["i"] == ("net", "trace")


def test_concluded_tags_of_a_graph_that_has_changed_are_concluded_again() -> None:
    graph = tagged(parse(CHAIN))
    stored = tagged_proto(parse(CHAIN), graph.ops, graph.modules)
    assert {op.provenance.rule for op in tagged(stored).ops} == {"root"}
    stored.graph.node.append(onnx.helper.make_node("Neg", ["d"], ["e"]))
    assert {op.provenance.rule for op in tagged(stored).ops} == {"root"}


def test_a_path_of_class_names_finds_the_module_it_names() -> None:
    proto = parse(CHAIN)
    for node in proto.graph.node:
        node.metadata_props.add(key="winml.hierarchy.tag", value="/Net/Encoder/Layer.0")
    modules = {
        "": ModuleInfo("Net"),
        "enc": ModuleInfo("Encoder"),
        "enc.layers.0": ModuleInfo("Layer"),
        "enc.layers.1": ModuleInfo("Layer"),
    }
    assert {op.module for op in tagged(proto, modules).ops} == {"enc.layers.0"}


def test_a_weight_in_several_places_is_trusted_less() -> None:
    graph = tagged(
        parse("""g (float[1,2] x) => (float[1,2] y) <float[2,2] "a.weight" = {1, 2, 3, 5}> {
        b = MatMul (x, "a.weight")
        y = MatMul (b, "a.weight")
    }""")
    )
    assert {op.provenance.confidence for op in graph.ops} == {0.7}


@pytest.mark.parametrize("value", ["[" * 100000, "1" * 400, "NaN", '[["m", 1e999, "r"]]'])
def test_hostile_json_in_our_own_keys_is_ignored(value: str) -> None:
    proto = parse(CHAIN)
    for node in proto.graph.node:
        for name, text in (("module", "enc"), ("origin", "declared"), ("rule", "metadata")):
            node.metadata_props.add(key=f"hexviz.{name}", value=text)
        for name in ("evidence", "values", "candidates", "confidence"):
            node.metadata_props.add(key=f"hexviz.{name}", value=value)
    proto.metadata_props.add(key="hexviz.modules", value=value)
    for op in tagged(proto).ops:
        assert op.module == "enc"
        assert op.provenance.candidates == ()
        assert 0 <= op.provenance.confidence <= 1


SHARED = """g (float[2] x) => (float[2] y)
<float[2] "enc.fc.bias" = {1, 1}, float[2] "enc.fc_2.bias" = {2, 2}> {
    a = Add (x, "enc.fc.bias")
    n = Neg (a)
    b = Add (n, "enc.fc.bias")
    m = Neg (b)
    y = Add (m, "enc.fc_2.bias")
}"""


def test_a_later_call_of_a_module_is_no_module_of_its_own() -> None:
    proto = parse(SHARED)
    scopes = ("enc/fc", "enc/act", "enc/fc_1", "enc/act_1", "enc/fc_2")
    for node, scope in zip(proto.graph.node, scopes, strict=True):
        node.name = f"/{scope}/{node.op_type}"
    whole = {fqn: ModuleInfo("") for fqn in ("", "enc", "enc.fc", "enc.act", "enc.fc_2")}
    for graph in (tagged(proto), tagged(proto, whole)):
        modules = [op.module for op in graph.ops]
        assert modules == ["enc.fc", "enc.act", "enc.fc", "enc.act", "enc.fc_2"]
        assert [module.fqn for module in graph.modules] == list(whole)


def test_a_numbered_module_that_shares_no_weight_is_one() -> None:
    proto = parse(SHARED.replace('(n, "enc.fc.bias")', "(n, x)"))
    for node, scope in zip(
        proto.graph.node, ("enc/fc", "enc/act", "enc/fc_1", "enc/act_1", "enc/fc_2"), strict=True
    ):
        node.name = f"/{scope}/{node.op_type}"
    ops = tagged(proto).ops[2:4]
    assert [op.module for op in ops] == ["enc.fc_1", "enc.act_1"]
    # It may as well be a second call: both do what the ones without a number do.
    assert [op.provenance.confidence for op in ops] == [0.6, 0.6]
    assert [op.provenance.candidates[0].module for op in ops] == ["enc.fc", "enc.act"]


@pytest.mark.parametrize(
    ("key", "value"), [(b"\xff", b"v"), (b"k", b"\xfe"), (b"hexviz.map.01", b"\xfe")]
)
def test_metadata_of_the_model_that_is_not_text_says_nothing(
    key: bytes, value: bytes, tmp_path: Path
) -> None:
    """``metadata_props`` is field 14 of a model; an entry has a key, field 1, and a value, 2."""
    entry = b"\x0a%c%b\x12%c%b" % (len(key), key, len(value), value)
    raw = b"\x72%c%b" % (len(entry), entry)
    model, saved = tmp_path / "model.onnx", tmp_path / "tagged.onnx"
    proto = scoped(parse(CHAIN), {"a": "enc"})
    proto.metadata_props.add(key="hexviz.modules.01", value="{}")
    model.write_bytes(proto.SerializeToString() + raw)
    graph = hexviz.load(model)
    assert rules(graph)["a"] == ("enc", "metadata")
    graph.save(saved)
    # What others wrote stays as it is, and what hexviz did is written anew.
    assert (raw in saved.read_bytes()) == (not key.startswith(b"hexviz."))
    assert hexviz.load(saved).ops == graph.ops
