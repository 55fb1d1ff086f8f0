"""Each kind of finding on a graph small enough to see why, and none where nothing is wrong."""

from collections.abc import Callable

import onnx
import pytest
import torch
from hypothesis import given
from torch import nn

import hexviz
from hexviz.exporters.interface import Exported
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.reader import from_proto
from hexviz.model.source_graph import SourceGraph
from hexviz.tagging.audit import audit
from hexviz.tagging.finding import (
    KINDS,
    SEVERITIES,
    Finding,
    accused_ops,
    finding_record,
    takes_at_once,
)
from hexviz.tagging.override import override
from hexviz.tagging.tag import tag
from tests.build import parse, scoped, tagged
from tests.tagging.random_graphs import models


def of_kind(graph: TaggedGraph, kind: str) -> list[Finding]:
    return [finding for finding in audit(graph) if finding.kind == kind]


def net(**wrong: str) -> TaggedGraph:
    """Two blocks of ``MatMul → Add → Relu``; ``wrong`` gives ops another module."""
    scopes = {
        f"{name}{at}": f"net.{at}.{part}"
        for at in range(2)
        for name, part in (("m", "fc"), ("a", "fc"), ("r", "act"), ("s", "act"))
    }
    last, lines = "x", []
    for at in range(2):
        lines += [
            f"m{at} = MatMul ({last}, w)",
            f"a{at} = Add (m{at}, w)",
            f"r{at} = Relu (a{at})",
            f"s{at} = Exp (r{at})",
        ]
        last = f"s{at}"
    text = "g (float[2,2] x, float[2,2] w) => (float[2,2] y) {" + "\n".join(lines)
    text += f"\ny = Neg ({last})}}"
    classes = {"": "Net", "net": "List"}
    for at in range(2):
        classes |= {f"net.{at}": "Block", f"net.{at}.fc": "Fc", f"net.{at}.act": "Act"}
    return tagged(scoped(parse(text), scopes | {"y": ""} | wrong, classes))


def test_nothing_is_wrong_with_what_is_right() -> None:
    assert audit(net()) == []


def test_an_op_outside_of_what_was_open_is_misplaced() -> None:
    graph = net(a0="net.1.act")
    (finding,) = of_kind(graph, "misplaced")
    assert (finding.severity, finding.ops, finding.module) == ("error", ("a0",), "net.0.fc")
    assert finding.message == (
        "Tagged /Net/List/Block.1/Act, but ran between ops of Fc and /Net/List/Block.0/Act."
    )
    assert finding.suggestion == "Move to /Net/List/Block.0/Fc."
    assert finding.details == (
        "What it is connected to meets on another branch.",
        "Nothing near it is of /Net/List/Block.1/Act, whose other ops are elsewhere.",
        "No other Act has the type Add.",
        "Fc has fewer Add ops than others of its kind.",
        (
            "All else says: Ran in /Net/List/Block.0, the deepest module open both at MatMul “m0” "
            "and at Relu “r0”."
        ),
    )
    assert "a0" not in accused_ops(audit(override(graph, {"a0": "net.0.fc"})))


def test_what_a_person_set_is_not_doubted() -> None:
    graph = override(net(), {"a0": "net.1.act"})
    assert graph.op("a0").module == "net.1.act"
    assert "a0" not in accused_ops(audit(graph))


def test_a_finding_is_gone_with_its_cause() -> None:
    graph = net(a0="net.1.act")
    (finding,) = of_kind(graph, "misplaced")
    assert finding.module is not None
    mended = override(graph, dict.fromkeys(finding.ops, finding.module))
    assert not of_kind(mended, "misplaced")


def layers(count: int, **wrong: str) -> TaggedGraph:
    """Layers of ``norm → fc → act`` in a row, without a list of modules in the file."""
    lines, scopes, last = [], {}, "x"
    for at in range(count):
        ops = (("n", "Tanh", "norm"), ("m", "Neg", "fc"), ("b", "Abs", "fc"), ("a", "Exp", "act"))
        for name, op_type, part in ops:
            lines.append(f"{name}{at} = {op_type} ({last})")
            last = f"{name}{at}"
            scopes[last] = f"layer.{at}.{part}"
    text = "g (float[2] x) => (float[2] y) {" + "\n".join(lines) + f"\ny = Sin ({last})}}"
    return tagged(scoped(parse(text), scopes | {"y": ""} | wrong))


def test_an_op_belongs_to_the_part_that_lacks_one_like_it() -> None:
    """Order and links only say in which layer it ran; the other layers say in which part."""
    assert audit(layers(2)) == []
    (finding,) = audit(layers(2, m0="layer.1.norm"))
    assert (finding.severity, finding.ops, finding.module) == ("error", ("m0",), "layer.0.fc")
    assert finding.details[-2:] == (
        "Module.fc has fewer Neg ops than others of its kind.",
        (
            "All else says: Ran in /Module/Module/Module.0, the deepest module open both at "
            "Tanh “n0” and at Abs “b0”."
        ),
    )
    assert takes_at_once(finding)


def test_who_was_in_a_module_before_an_intruder_is_not_accused() -> None:
    """An intruder makes the one op of a norm look as lost as itself; but the norm needs it."""
    assert accused_ops(audit(layers(4, b3="layer.0.norm"))) == {"b3"}


def test_a_module_that_the_file_does_not_list_is_not_suggested() -> None:
    (finding,) = audit(layers(4, n1="layer.0.fc"))
    assert finding.suggestion == (
        "Look at it: it belongs in a part of /Module/Module/Module.1 that the file does not list."
    )
    assert (finding.module, finding.suggestion_sureness) == (None, None)
    assert not takes_at_once(finding)


def test_where_all_else_only_names_what_is_around_nothing_is_suggested() -> None:
    (finding,) = audit(layers(4, y="layer.0.fc"))
    assert (finding.severity, finding.ops, finding.module) == ("warning", ("y",), None)
    assert finding.suggestion == "Look at it: all else only says that it is somewhere in /Module."
    assert finding.suggestion_sureness is None
    assert finding.sureness < 0.9


def test_a_weight_of_another_branch() -> None:
    lines, scopes, last = [], {}, "x"
    weights = [f'float[2,2] "l.{at}.fc.weight" = {{1, 2, 3, 4}}' for at in range(6)]
    for at in range(6):
        lines += [f'm{at} = MatMul ({last}, "l.{at}.fc.weight")', f"n{at} = Neg (m{at})"]
        scopes |= {f"m{at}": f"l.{at}.fc", f"n{at}": f"l.{at}.out"}
        last = f"n{at}"
    text = "g (float[2,2] x) => (float[2,2] y) <" + ", ".join(weights) + "> {" + "\n".join(lines)
    text += f"\ny = Abs ({last})}}"
    right = tagged(scoped(parse(text), scopes | {"y": ""}))
    assert not accused_ops(audit(right))
    infos = {one: ModuleInfo() for at in range(6) for one in (f"l.{at}.fc", f"l.{at}.out")}
    wrong = tagged(scoped(parse(text), scopes | {"y": "", "m2": "l.2.out"}), infos)
    (finding,) = of_kind(wrong, "weight")
    assert finding.ops == ("m2",)
    assert finding.message == "Tagged l.2.out, but computes with a weight of l.2.fc."
    assert finding.module == "l.2.fc"
    assert finding.suggestion == "Move to /l.2.fc."
    assert finding.details[-1] == (
        "All else says: Ran in /l.2.fc: it uses “l.2.fc.weight”, a weight of that module."
    )


def test_doubles_in_sibling_modules_say_otherwise(exported: Callable[..., Exported]) -> None:
    """The last op of a part counted to the part that follows: order and dataflow allow it."""
    one = exported("gpt2", weights=False)
    graph = tag(from_proto(one.proto, name="it"), modules=one.modules)
    block = "transformer.h.5"
    last = [op for op in graph.ops if op.module == f"{block}.attn" and not op.auxiliary][-1]
    moved = tag_as(graph, last.id, f"{block}.ln_2")
    found = [finding for finding in audit(moved) if last.id in finding.ops]
    assert found
    assert found[0].severity in ("warning", "error")
    assert not accused_ops(audit(graph))


def tag_as(graph: TaggedGraph, op_id: str, module: str) -> TaggedGraph:
    """The graph with one op declared to be of another module, as by a wrong record."""
    from hexviz.model.op import Provenance
    from hexviz.tagging.tag import retag

    known = {at: op.provenance for at, op in enumerate(graph.ops)}
    known[graph.positions[op_id]] = Provenance(module, "declared", "metadata")
    return retag(graph, known)


class _Mask(nn.Module):
    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return x * mask.unsqueeze(-1)


class _Layers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([_Mask() for _ in range(3)])

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x, mask)
        return x


@pytest.mark.parametrize(
    ("exporter", "optimize"), [("torchscript", False), ("dynamo", True)], ids=str
)
def test_what_kept_the_scope_of_its_first_user(exporter: str, optimize: bool) -> None:
    """PyTorch issue 86627: equal subexpressions of three layers become one, in the first's scope.

    The issue's own model shared a constant; today's exporters make those anew for each
    layer, and still share what is computed from an input.
    """
    inputs = (torch.ones(2, 3, 4), torch.ones(2, 3))
    graph = hexviz.export(_Layers(), inputs, exporter=exporter, optimize=optimize)  # type: ignore[arg-type]
    (shared,) = [op for op in graph.ops if op.op_type == "Unsqueeze"]
    assert shared.module == "layers.0"
    (finding,) = of_kind(graph, "shared-constant")
    assert (finding.severity, finding.ops, finding.module) == ("info", (shared.id,), "")
    assert finding.message == (
        "Tagged _Mask.0, the first of 3 modules that use it; others, such as _Mask.1, seem to "
        "reach into it."
    )


def test_a_shared_constant_with_the_scope_of_its_first_user() -> None:
    """The graph that PyTorch issue 86627 shows."""
    proto = parse("""g (float[8,1,1] x) => (float[8,1,1] y) {
        c = Constant <value_float = 1.0> ()
        a0 = Add (x, c)
        a1 = Add (a0, c)
        y = Add (a1, c)
    }""")
    scopes = {"c": "layers.0", "a0": "layers.0", "a1": "layers.1", "y": "layers.2"}
    (finding,) = of_kind(tagged(scoped(proto, scopes)), "shared-constant")
    assert (finding.ops, finding.module) == (("c",), "layers")


def test_what_a_module_hands_on_is_not_shared() -> None:
    proto = parse("""g (float[2] x, int64[1] i) => (float[2] y) {
        a = Neg (x)
        r = Reshape (a, i)
        b = Abs (r)
        y = Add (b, r)
    }""")
    scopes = {"a": "layers.0", "r": "layers.0", "b": "layers.0", "y": "layers.1"}
    assert not of_kind(tagged(scoped(proto, scopes)), "shared-constant")


def test_sources_that_disagree() -> None:
    proto = scoped(
        parse("""g (float[2] x) => (float[2] y) { m = Neg (x)  y = Relu (m) }"""),
        {"m": "a.one", "y": "a.two"},
    )
    proto.graph.node[0].name = "/b/Neg"
    (finding,) = of_kind(tagged(proto), "sources")
    assert finding.ops == ("m",)
    assert finding.message == (
        "Tagged Module.one by rule metadata, but /b/Neg points there, by rule name."
    )


def test_a_record_of_a_module_that_the_tree_lacks() -> None:
    proto = scoped(
        parse("g (float[2] x) => (float[2] y) { m = Neg (x)  y = Relu (m) }"),
        {"m": "ghost", "y": "a"},
    )
    graph = tagged(proto, {"": ModuleInfo("Net"), "a": ModuleInfo("A")})
    (finding,) = of_kind(graph, "unknown-module")
    assert finding.ops == ("m",)
    assert finding.message == (
        "Neg “m”: the record names 'ghost', which the module tree does not have."
    )
    assert not of_kind(override(graph, {"m": "a"}), "unknown-module")


def test_a_file_without_any_word_of_modules() -> None:
    graph = tagged(parse("g (float[2] x) => (float[2] y) { m = Neg (x)  y = Relu (m) }"))
    (finding,) = audit(graph)
    assert (finding.kind, finding.severity, finding.ops) == ("fallback", "warning", ("m", "y"))
    assert finding.message.startswith("Nothing in this file tells of modules")


def test_a_chain_of_auxiliary_ops_that_leaves_and_comes_back() -> None:
    proto = parse("""g (float[2] x) => (float[2] y) {
        s = Shape (x)
        c = Cast <to = 1> (s)
        u = Unsqueeze (c, s)
        y = Relu (u)
    }""")
    scopes = {"s": "a", "c": "a.inner", "u": "a", "y": "a"}
    (finding,) = of_kind(tagged(scoped(proto, scopes)), "split-chain")
    assert (finding.severity, finding.ops, finding.module) == ("info", ("c",), "a")


def test_a_module_without_ops() -> None:
    proto = parse("""g (float[2] x) => (float[2] y, float[2] z) {
        y = Relu (x)
        z = Identity (y)
    }""")
    graph = tagged(
        scoped(proto, {"y": "a"}),
        {"": ModuleInfo("Net"), "a": ModuleInfo("A"), "d": ModuleInfo("Dropout")},
    )
    (empty,) = of_kind(graph, "empty-module")
    assert (empty.severity, empty.ops) == ("info", ())
    assert empty.message == "1 module of class Dropout without ops: d."
    assert empty.suggestion.endswith("otherwise the exporter removed or merged its ops.")
    # An optimised file that has its tags from the one before it was not made by an exporter.
    origin = SourceGraph("before.onnx", "0", 2)
    moved = graph.with_tags(graph.ops, graph.modules, origin)
    (empty,) = of_kind(moved, "empty-module")
    assert empty.suggestion.endswith("otherwise a tool removed or merged its ops.")


def test_a_tag_that_is_a_guess() -> None:
    """As it is stored in a file: only what feeds the op spoke for the module."""
    proto = scoped(
        parse("g (float[2] x) => (float[2] y) { m = Neg (x)  n = Abs (m)  y = Relu (n) }"),
        {"m": "a"},
    )
    for node in proto.graph.node[1:]:
        for key, value in (("module", "a"), ("origin", "inherited"), ("rule", "producers")):
            node.metadata_props.add(key=f"hexviz.{key}", value=value)
        node.metadata_props.add(key="hexviz.confidence", value="0.5")
    for key, value in (("module", "a"), ("origin", "declared"), ("rule", "metadata")):
        proto.graph.node[0].metadata_props.add(key=f"hexviz.{key}", value=value)
    (finding,) = of_kind(tagged(proto), "low-confidence")
    assert finding.ops == ("n", "y")
    assert "by rule producers, with a confidence of 50%; 1 more like it." in finding.message


@given(models())
def test_findings_are_about_ops_of_the_graph_and_come_worst_first(proto: onnx.ModelProto) -> None:
    graph = tagged(proto)
    found = audit(graph)
    ranks = [SEVERITIES.index(finding.severity) for finding in found]
    assert ranks == sorted(ranks, reverse=True)
    for finding in found:
        assert finding.kind in KINDS
        assert set(finding.ops) <= graph.positions.keys()
        assert finding.module is None or finding.module in graph.modules
        assert finding.message.endswith(".")
        assert 0 <= finding.sureness <= 1
        assert (finding.module is None) is (finding.suggestion_sureness is None)
        assert finding.suggestion_sureness is None or 0 <= finding.suggestion_sureness <= 1
        assert finding_record(finding).keys() >= {
            "kind",
            "severity",
            "ops",
            "message",
            "suggestion",
        }
    assert accused_ops(found) <= graph.positions.keys()


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
def test_an_untouched_export_accuses_hardly_anybody(
    exported: Callable[..., Exported], exporter: str
) -> None:
    one = exported("bert-tiny", exporter)
    graph = tag(from_proto(one.proto, name="it"), modules=one.modules)
    assert len(accused_ops(audit(graph))) <= 0.03 * len(graph.ops)


def test_one_thing_in_many_layers_is_one_finding() -> None:
    """Three hundred equal LayerNorms, whose weights a tool made one, are one piece of news."""
    count = 30
    lines = [f"m{at} = Neg ({f'm{at - 1}' if at else 'x'})" for at in range(count)]
    text = "g (float[2] x) => (float[2] y) {" + "\n".join(lines) + f"\ny = Abs (m{count - 1})}}"
    proto = scoped(parse(text), {f"m{at}": f"layers.{at}.norm" for at in range(count)} | {"y": ""})
    for node in proto.graph.node[1:count]:
        node.name = "/layers.0/other/Neg"
    (finding,) = of_kind(tagged(proto), "sources")
    assert finding.severity == "info"
    assert finding.ops == tuple(f"m{at}" for at in range(1, count))
    assert "; 28 more like it." in finding.message
    assert finding.module is None  # the tree has no such module


def test_records_of_many_modules_that_the_tree_lacks_are_one_finding() -> None:
    proto = scoped(
        parse("g (float[2] x) => (float[2] y) { m = Neg (x)  y = Relu (m) }"),
        {"m": "ghost.0", "y": "ghost.1"},
    )
    (finding,) = of_kind(tagged(proto, {"": ModuleInfo("Net")}), "unknown-module")
    assert (finding.ops, finding.module) == (("m", "y"), None)
    assert "'ghost.0' and 1 more like it" in finding.message


def test_constants_that_blocks_share_in_the_same_way_are_one_finding() -> None:
    lines, scopes, last = [], {}, "x"
    for at in range(4):
        lines += [
            f"c{at} = Constant <value_float = 1.0> ()",
            f"a{at} = Add ({last}, c{at})",
            f"b{at} = Mul (a{at}, c{at})",
        ]
        scopes |= {f"c{at}": f"l.{at}.one", f"a{at}": f"l.{at}.one", f"b{at}": f"l.{at}.two"}
        last = f"b{at}"
    text = "g (float[2] x) => (float[2] y) {" + "\n".join(lines) + f"\ny = Abs ({last})}}"
    (finding,) = of_kind(tagged(scoped(parse(text), scopes | {"y": ""})), "shared-constant")
    assert (finding.ops, finding.module) == (("c0", "c1", "c2", "c3"), None)
    assert finding.suggestion.endswith(", and the others to where theirs do.")


def test_a_lookup_that_a_tool_moved_ahead_is_not_accused() -> None:
    """It reads a weight and an input alone: any place before its reader will do."""
    graph = tagged(
        scoped(
            parse("""g (int64[2] ids, float[2,3] x) => (float[2,3] y)
            <float[4,3] "dec.embed.weight" = {1, 7, 3, 4, 9, 2, 5, 8, 0, 3, 1, 6}> {
                a = Neg (x)
                e = Gather ("dec.embed.weight", ids)
                b = Exp (a)
                c = Add (b, e)
                y = Tanh (c)
            }"""),
            {"a": "enc.one", "e": "dec.embed", "b": "enc.two", "c": "dec.l", "y": "dec.l"},
        )
    )
    assert not [one for one in audit(graph) if one.severity != "info"]
