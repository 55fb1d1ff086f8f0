"""Cuts that break in naive hands. Each is checked, loaded, run, and compared with the whole."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.hard_cases import hard_case
from hexviz.extraction.part import Part, extract
from hexviz.extraction.selection import ModuleSelection
from hexviz.extraction.subgraph import POLICIES, subgraph
from hexviz.model.graph import TaggedGraph
from tests.build import parse, scoped, tagged
from tests.tagging.random_graphs import FQNS


def proved(
    graph: TaggedGraph, modules: list[str], policy: str = "exclude_safe", **given: Any
) -> Part:
    """The part, once it has passed the checker, the runtime and the comparison."""
    part = extract(graph, modules, policy=policy, **given)
    assert part.checks.ok, part.checks
    verified = part.verify()
    assert verified.ok, verified.message
    assert {one.name for one in verified.outputs} == {one.name for one in part.outputs}
    return part


def model(text: str, scopes: Mapping[str, str]) -> TaggedGraph:
    return tagged(scoped(parse(text), scopes))


def hard(name: str) -> TaggedGraph:
    return tagged(hard_case(name))


def names(values: tuple[Any, ...]) -> list[str]:
    return [one.name for one in values]


@pytest.mark.parametrize("policy", POLICIES)
def test_an_if_whose_bodies_capture_outer_values(policy: str) -> None:
    graph = hard("an If that captures")
    part = proved(graph, ["b"], policy)
    if policy != "include_all":
        assert names(part.inputs) == ["c", "x", "k", "h"]
    assert [one.name for one in part.model.graph.initializer] == ["w"]
    proved(graph, ["a"], policy)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_loop_whose_body_captures_outer_values(policy: str) -> None:
    graph = hard("a Loop that captures")
    part = proved(graph, ["loop"], policy)
    assert names(part.outputs) == ["l", "scanned"]
    assert {one.name for one in part.model.graph.initializer} == {"n", "step"}
    proved(graph, ["post"], policy)


def test_a_scan_whose_body_captures_outer_values() -> None:
    graph = hard("a Scan that captures")
    assert names(proved(graph, ["scan"]).inputs) == ["x", "init", "z"]


def test_local_functions_travel_along() -> None:
    graph = hard("local functions")
    part = proved(graph, ["two"])
    assert [one.name for one in part.model.functions] == ["inner", "outer"]


def test_a_selection_that_dataflow_leaves_and_enters_again() -> None:
    graph = hard("a hole")
    part = proved(graph, ["m"])
    (hole,) = part.report["holes"]
    assert hole == {"ops": ["b"], "modules": ["far"], "enters": ["b"]}
    filled = proved(graph, ["m"], fill_holes=True)
    assert names(filled.inputs) == ["x"]
    assert filled.report["holes"] == []
    assert filled.report["kept"]["why"] == {"selected": 2, "hole": 1}


def test_values_used_inside_and_outside() -> None:
    text = """g (float[2] x) => (float[2] y, float[2] b) {
        a = Neg (x)
        b = Exp (a)
        y = Add (a, b)
    }"""
    graph = model(text, {"a": "m", "b": "m", "y": "head"})
    assert names(proved(graph, ["m"]).outputs) == ["b", "a"]


def test_inputs_and_weights_that_are_outputs_at_once() -> None:
    graph = hard("inputs and weights handed through")
    assert names(proved(graph, [""]).outputs) == ["x", "w", "y"]
    assert names(proved(graph, ["m"]).outputs) == ["y"]


def test_shared_constants_are_copied_to_each() -> None:
    graph = hard("shared constants")
    for module, border in (("m", ["x"]), ("n", ["b"])):
        part = proved(graph, [module])
        assert names(part.inputs) == border
        assert part.report["kept"]["why"] == {"selected": 2, "constant": 1}
        assert [one.name for one in part.model.graph.initializer] == ["w"]


def test_omitted_optional_inputs() -> None:
    graph = hard("omitted inputs")
    assert names(proved(graph, ["clip"]).inputs) == ["a"]
    assert names(proved(graph, ["drop"]).outputs) == ["y"]


def test_omitted_outputs() -> None:
    proto = parse("""g (float[3,1,4] x) => (float[3,1,1,2] y) {
        a = Neg (x)
        y, , c = LSTM <hidden_size: int = 2> (a, w, r)
        n = Neg (c)
    }""")
    for name, shape in (("w", (1, 8, 4)), ("r", (1, 8, 2))):
        data = np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)
        proto.graph.initializer.append(onnx.numpy_helper.from_array(data, name))
    graph = tagged(scoped(proto, {"a": "pre", "y": "lstm", "n": "post"}))
    assert names(proved(graph, ["lstm"]).outputs) == ["y", "c"]


def test_sequences_cross_the_border() -> None:
    graph = hard("sequences")
    assert proved(graph, ["post"]).model.graph.input[0].type.HasField("sequence_type")
    assert proved(graph, ["pre"]).model.graph.output[0].type.HasField("sequence_type")


def test_optionals_cross_the_border() -> None:
    text = """g (float[2] x) => (float[2] y) {
        a = Neg (x)
        o = Optional (a)
        y = OptionalGetElement (o)
    }"""
    graph = model(text, {"a": "pre", "o": "pre", "y": "post"})
    part = extract(graph, ["post"], policy="exclude_safe")
    assert part.model.graph.input[0].type.HasField("optional_type")
    onnx.checker.check_model(part.model, full_check=True)
    proved(graph, ["post"], "include_all")


def test_nodes_without_names_and_with_doubled_ones() -> None:
    proto = parse("g (float[2] x) => (float[2] y) { a = Neg (x)  b = Exp (a)  y = Abs (b) }")
    graph = tagged(scoped(proto, {"a": "m", "b": "n", "y": "o"}))
    assert [node.name for node in proved(graph, ["m", "n"]).model.graph.node] == ["", ""]
    proto.graph.node[0].name = proto.graph.node[2].name = "same"  # no runtime takes the whole
    part = extract(tagged(proto), ["m", "n"])
    assert part.checks.ok
    assert [node.name for node in part.model.graph.node] == ["same", ""]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_quantised_graph(policy: str) -> None:
    graph = hard("quantised")
    part = proved(graph, ["lin"], policy)
    assert {one.name for one in part.model.graph.initializer} >= {"sw", "zw", "w", "b"}
    assert names(proved(graph, ["out"], policy).outputs) == ["y"]


def test_dynamic_sizes_run_with_any() -> None:
    graph = hard("dynamic sizes")
    part = proved(graph, ["m"], "include_context")
    assert names(part.inputs) == ["a"]
    verified = part.verify({"x": np.ones((5, 7), np.float32)})
    assert verified.ok
    assert verified.inputs == "given"


def test_what_depends_on_the_data_has_sizes_that_are_not_known() -> None:
    text = """g (float[6] x) => (float[k] y) {
        n = NonZero (x)
        t = Transpose (n)
        y = GatherND (x, t)
    }"""
    graph = model(text, {"n": "pre", "t": "pre", "y": "post"})
    part = proved(graph, ["post"])
    assert [len(one.shape or ()) for one in part.inputs] == [1, 2]


def test_ranks_that_only_the_runtime_knows() -> None:
    """ONNX's inference does not see how long a computed slice of a shape is; the runtime does."""
    graph = hard("computed shapes")
    assert graph.value("v").shape is None
    assert [str(one) for one in proved(graph, ["mid"]).inputs] == ["float[2, 3, 2]"]


def test_ranks_that_only_a_run_tells() -> None:
    graph = hard("a Loop that captures")
    assert graph.value("l").shape is None
    assert [str(one) for one in proved(graph, ["loop"]).outputs] == ["float[?]", "float[?, 2]"]


BODIES = ("If", "Loop", "none")


@st.composite
def graphs(draw: st.DrawFn) -> onnx.ModelProto:
    """Float arithmetic with shared values, shared weights, bodies that capture, and dead ends."""
    lines, values, scopes = [], ["x", "z"], {}
    for at in range(draw(st.integers(2, 10))):
        one, two = draw(st.sampled_from(values)), draw(st.sampled_from([*values, "w", "v"]))
        match draw(st.sampled_from(BODIES)):
            case "If":
                text = (
                    f"v{at} = If (c) <then_branch = t{at} () => (float[2] a{at}) "
                    f"{{ a{at} = Add ({one}, {two}) }}, else_branch = e{at} () => (float[2] b{at}) "
                    f"{{ b{at} = Mul ({one}, {two}) }}>"
                )
            case "Loop":
                text = (
                    f"v{at} = Loop (n, c, {one}) <body = l{at} (int64 i{at}, bool d{at}, "
                    f"float[2] s{at}) => (bool f{at}, float[2] r{at}) "
                    f"{{ f{at} = Identity (d{at})  r{at} = Sub (s{at}, {two}) }}>"
                )
            case _:
                kind = draw(st.sampled_from(("Add", "Mul", "Sub", "Neg", "Constant", "Reshape")))
                text = {
                    "Neg": f"v{at} = Neg ({one})",
                    "Constant": f"v{at} = Constant <value = float[2] {{{at}, 1}}> ()",
                    "Reshape": f"h{at} = Shape ({two})\n v{at} = Reshape ({one}, h{at})",
                }.get(kind, f"v{at} = {kind} ({one}, {two})")
        lines.append(text)
        values.append(f"v{at}")
        scopes[f"v{at}"] = draw(st.sampled_from(FQNS))
        scopes[f"h{at}"] = draw(st.sampled_from(FQNS))
    outputs = dict.fromkeys([values[-1], *draw(st.lists(st.sampled_from(values), max_size=2))])
    told = ", ".join(f"float[2] {one}" for one in outputs)
    body = "\n".join(lines)
    return scoped(
        parse(
            f"g (float[2] x, float[2] z, bool c) => ({told}) "
            f"<int64 n = {{2}}, float[2] w = {{1, 2}}, float[2] v = {{3, 4}}> {{\n{body}\n}}"
        ),
        scopes,
    )


@given(graphs(), st.frozensets(st.sampled_from(FQNS), min_size=1, max_size=2), st.booleans())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_every_cut_of_a_random_graph_is_right(
    proto: onnx.ModelProto, wanted: frozenset[str], fill: bool
) -> None:
    graph = tagged(proto)
    chosen = ModuleSelection(wanted)
    if not chosen.positions(graph):
        return
    for policy in POLICIES:
        part = Part(graph, chosen, policy, subgraph(graph, chosen, policy, fill_holes=fill))
        assert part.checks.ok, part.checks
        verified = part.verify()
        assert verified.ok, verified.message
