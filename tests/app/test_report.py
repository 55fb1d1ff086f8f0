"""The report's file: all is in it, nothing is loaded, and no name can get out of its data."""

import base64
import hashlib
import html
import json
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.inspector.selected import inspect
from hexviz.app.protocol import PageState
from hexviz.app.report import to_report
from hexviz.app.report.about import RULE_WORDS
from hexviz.app.report.packing import packed, whole
from hexviz.app.report.pictures import record_pictures
from hexviz.errors import MeasureError
from hexviz.exporters.interface import Exported
from hexviz.matching.transfer import transfer
from hexviz.measure.documents import (
    CallError,
    ModuleTime,
    ParityDocument,
    ProfileDocument,
    TensorError,
)
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import RULES
from hexviz.model.reader import from_proto
from hexviz.tagging.explain import explain
from hexviz.tagging.finding import Finding
from hexviz.tagging.tag import tag
from hexviz.view.assets import assets_folder
from hexviz.view.state import ViewState, toggle
from tests.app.test_inspector import links, text
from tests.build import parse, scoped
from tests.build import tagged as tagged_as_read
from tests.view.graphs import Node, build, chain, two_layers

HOSTILE = "</script><img src=x onerror=alert(1)>\u2028&<!--"


class Unpacked:
    """What a report's blocks of data hold."""

    def __init__(self, page: str) -> None:
        found = re.findall(r'<script type="text/plain" id="([^"]+)">([^<]*)</script>', page)
        self.blocks = {
            name: json.loads(zlib.decompress(base64.b64decode(text))) for name, text in found
        }
        self.start: dict[str, Any] = self.blocks["start"]

    def pages(self, kind: str) -> list[Any]:
        """The pages of all ops, modules or values, in order."""
        numbers = sum(name.startswith(f"{kind}-") for name in self.blocks)
        return [page for at in range(numbers) for page in self.blocks[f"{kind}-{at}"]]

    def texts(self) -> Iterator[str]:
        """Everything that it says."""
        yield from _texts(list(self.blocks.values()))


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        yield from content
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)


def report(graph: TaggedGraph, *findings: Finding) -> Unpacked:
    return Unpacked(to_report(graph, findings))


def untold(graph: TaggedGraph) -> TaggedGraph:
    """Without contexts: those of graphs made by hand have no evidence to tell of."""
    return graph.with_tags(tuple(op._replace(context=None) for op in graph.ops), graph.modules)


@pytest.fixture(scope="module")
def bert(exported: Callable[..., Exported]) -> TaggedGraph:
    result = exported("bert-tiny")
    return tag(from_proto(result.proto, name="bert-tiny"), modules=result.modules)


@pytest.fixture(scope="module")
def page(bert: TaggedGraph) -> str:
    return to_report(bert)


def test_every_op_is_told_as_on_the_page(bert: TaggedGraph, page: str) -> None:
    data, model = Unpacked(page), OpenModel("key", bert)
    assert data.start["tables"]["ops"]["id"] == [op.id for op in bert.ops]
    for op, told in zip(bert.ops, data.pages("ops"), strict=True):
        why = explain(bert, op.id)
        assert why.sentence in text(told["content"])
        # All but the field that moves the op and the links to weights, which need a server.
        content = inspect(model, PageState(selection=("op", op.id)))
        shown = [part for part in content if part and part["type"] != "details"]
        said = text(told["content"])
        assert all(text(part).replace("Save as .npy", "") in said for part in shown)
        if why.context_steps:
            assert told["paths"]["context"]["ops"] == [step.op for step in why.context_steps]
            assert len(told["paths"]["context"]["notes"]) == len(why.context_steps) + 1


def test_every_module_is_told_as_on_the_page(bert: TaggedGraph, page: str) -> None:
    data, model = Unpacked(page), OpenModel("key", bert)
    for module, told in zip(bert.modules, data.pages("modules"), strict=True):
        content = inspect(model, PageState(selection=("module", module.fqn)))
        shown = [part for part in content if part and part["type"] != "details"]
        if module.fqn:
            # A trace of what it gave its tag to needs the server.
            assert text(told) == text(shown).replace("Show what it gave its tag to", "")


def restored(pictures: dict[str, Any], at: int, theme: str = "light") -> list[dict[str, Any]]:
    """The elements of a recorded state, as assets/report/scenes.js restores them."""
    numbers = list(pictures["states"][at]["elements"])
    found = []
    while numbers:
        data = dict(pictures["elements"][numbers.pop(0)])
        if "swatch" in data:
            swatch = pictures["swatches"][data.pop("swatch")]
            colours = swatch[:3] if theme == "light" else swatch[3:]
            data |= dict(zip(("fill", "border", "ink"), colours, strict=True))
        element: dict[str, Any] = {"data": data}
        if "source" not in data:
            element["position"] = {axis: numbers.pop(0) / 10 for axis in "xy"}
        found.append(element)
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_recorded_state_is_drawn_as_the_page_draws_it(
    bert: TaggedGraph, page: str, theme: str
) -> None:
    start = Unpacked(page).start
    model, keys = OpenModel("key", bert), start["tables"]["boxes"]["key"]
    pictures = start["pictures"]
    for at, state in enumerate(pictures["states"]):
        opened, apart = ([keys[box] for box in state[name]] for name in ("open", "apart"))
        view = ViewState(open=frozenset(opened), apart=frozenset(apart))
        drawn = model.render(view, "dark" if theme == "dark" else "light")
        assert restored(pictures, at, theme) == json.loads(json.dumps(drawn.elements))


def test_the_first_view_and_each_box_opened_and_closed_are_there(bert: TaggedGraph) -> None:
    model = OpenModel("key", bert)
    first, index = model.first_view(), model.index("module")
    keys = list(index.containers)
    recorded = {
        frozenset(keys[box] for box in state["open"]) for state in record_pictures(model)["states"]
    }
    assert first.open in recorded
    assert frozenset() in recorded
    for key in keys[1:]:
        assert toggle(first, index, key).open in recorded


def test_a_bound_leaves_states_out_and_the_first_view_in(bert: TaggedGraph) -> None:
    few = record_pictures(OpenModel("key", bert), most=1)
    assert len(few["states"]) == 1
    assert few["levels"] == [[0], []]


def test_nothing_is_loaded_and_only_the_inline_blocks_may_run(page: str) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert policy[1].startswith("default-src 'none'; ")
    sources = dict(part.split(" ", 1) for part in policy[1].split("; "))
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert sources["script-src"] == " ".join(map(digest, scripts))
    assert sources["style-src"].split()[0] == digest(style)
    library, script = scripts
    assert library == (assets_folder() / "vendor" / "cytoscape.min.js").read_text()
    ours = page.replace(library, "")
    assert not re.search(r"https?://", ours)
    for loads in (r"\ssrc=", r"\shref=", r"@import", r"url\(", r"\bimport\(", r"\bfetch\("):
        assert not re.search(loads, ours), loads
    assert " style=" not in ours
    assert "innerHTML" not in script


def digest(block: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()}'"


def test_cytoscape_is_the_one_that_the_types_and_the_tests_know() -> None:
    library = (assets_folder() / "vendor" / "cytoscape.min.js").read_text()
    wanted = json.loads((assets_folder().parent / "package.json").read_text())["devDependencies"]
    assert re.findall(r'\.version="(\d+\.\d+\.\d+)"', library) == [wanted["cytoscape"]]
    assert "Permission is hereby granted" in library


def test_no_name_gets_out_of_its_data() -> None:
    graph = build(
        [Node(HOSTILE, ["x"], "Relu", HOSTILE), Node("y", [HOSTILE])],
        ["y"],
        classes={HOSTILE: HOSTILE},
    )
    graph.name = HOSTILE
    finding = Finding("misplaced", "error", (HOSTILE,), HOSTILE, HOSTILE)
    page = to_report(graph, [finding])
    data = Unpacked(page)
    assert data.start["tables"]["ops"]["id"][0] == HOSTILE
    assert HOSTILE.split("/", maxsplit=1)[0] in text(data.start["audit"])
    assert page.count("</script>") == 2 + len(data.blocks)
    assert "<img" not in page
    assert "\u2028" not in page.replace(html.escape(HOSTILE), "")
    assert f"<title>{html.escape(HOSTILE)} · hexviz report</title>" in page


def test_half_a_letter_can_be_written() -> None:
    graph = build([Node("y", ["x"], module="a")], ["y"], classes={"a": "half \ud800"})
    graph.name = "m\udcff.onnx"
    page = to_report(graph, [])
    page.encode("utf-8")
    assert "/Model/half \ufffd" in Unpacked(page).start["tables"]["modules"]["tag"]
    assert whole("a\udcff") == "a\ufffd"
    assert packed(["\ud800"]) == packed(["\ufffd"])


def test_findings_lead_to_their_ops_and_modules() -> None:
    data = report(
        untold(two_layers()),
        Finding("misplaced", "warning", ("a",), "a message", "a cure", "encoder.1", 0.75),
        Finding("empty-module", "info", (), "nothing there", module="encoder.1"),
    )
    assert "a message" in text(data.start["audit"])
    assert links(data.start["audit"], "data-event")[-2:] == ["goto", "show-module"]
    assert "accept" not in links(data.start["audit"], "data-event")
    assert "2 findings: 1 warning, 1 info." in text(data.start["about"])
    op = data.pages("ops")[data.start["tables"]["ops"]["id"].index("a")]
    assert "a message" in text(op["content"])


def test_the_audit_is_run_where_no_findings_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Finding("fallback", "info", ("a",), "a message")]
    monkeypatch.setattr("hexviz.app.report.page.audit", lambda _: found)
    assert "a message" in text(Unpacked(to_report(untold(two_layers()))).start["audit"])


def test_the_introduction_names_what_repeats(page: str) -> None:
    nodes = [
        Node(f"v{at}", [f"v{at - 1}" if at else "x"], "Relu", f"layer.{at // 3}")
        for at in range(12)
    ]
    nodes.append(Node("y", ["v11"], "Relu"))
    graph = build(nodes, ["y"], classes={f"layer.{at}": "Layer" for at in range(4)})
    repeats = "Layer ×4 is a block that repeats: 4 times 3 ops, 92% of the graph."
    assert repeats in text(report(graph).start["about"])
    assert "A BertModel exported to ONNX: 256 ops" in text(Unpacked(page).start["about"])


@pytest.mark.parametrize(
    "graph",
    [
        build([], ["x"]),
        chain(400),
        tagged_as_read(
            parse(
                """g (bool c, float[2] x) => (float[2] y) {
                    y = If (c) <
                        then_branch = t () => (float[2] a) { a = Relu(x) },
                        else_branch = e () => (float[2] b) { b = Neg(x) }
                    >
                }"""
            )
        ),
    ],
    ids=["no ops", "sections", "bodies"],
)
def test_odd_graphs_have_a_report(graph: TaggedGraph) -> None:
    data = report(graph)
    assert len(data.pages("ops")) == len(graph.ops)
    assert data.start["pictures"]["states"]


def test_a_report_is_small_and_always_the_same(bert: TaggedGraph, page: str) -> None:
    assert page == to_report(bert)
    data = sum(map(len, re.findall(r'<script type="text/plain"[^>]*>([^<]*)<', page)))
    assert len(page.encode()) - data < 600_000  # of which Cytoscape is 366,000
    # So bert-base, at 811 to 3,000 ops, stays far below 5 MB: the states have a bound of 0.7 MB.
    assert data / len(bert.ops) < 1_500


def test_ops_of_another_graph_are_listed_and_no_steps() -> None:
    source = "g (float[2] x) => (float[2] y) { m = Neg (x)  y = Relu (m) }"
    before = tagged_as_read(scoped(parse(source), {"m": "a", "y": "b"}))
    before.name = "exported.onnx"
    graph = transfer(before, tagged_as_read(parse(source)))
    for op, told in zip(graph.ops, report(graph).pages("ops"), strict=True):
        said = text(told["content"])
        assert "In exported.onnx" in said
        assert f"{op.op_type} {op.id}makes the same value" in said
        assert "module" not in told["paths"]


def test_every_rule_has_words() -> None:
    assert RULES.keys() <= RULE_WORDS.keys()


def _figures(page: str) -> str:
    return " ".join(_texts(Unpacked(page).start["measure"]))


def test_the_report_has_what_modules_cost_and_what_was_measured_of_them() -> None:
    graph = scoped_net()
    profile = ProfileDocument(
        model="net",
        modules=(
            ModuleTime(module="", tag="/Module", self_us=0.0, total_us=40.0, share=1.0, runs=3),
            ModuleTime(module="enc", tag="/E", self_us=40.0, total_us=40.0, share=1.0, runs=3),
        ),
        nodes=(),
        total_us=50.0,
        unplaced_us=10.0,
        runs=3,
        provider="CPUExecutionProvider",
        device="cpu",
    )
    figures = _figures(to_report(graph, [], symbols={"batch": 2}, profile=profile))
    assert "24 multiply-accumulates (MACs) in a run" in figures
    assert "For batch = 2." in figures
    assert "One run took 50 µs (median of 3 runs)" in figures
    assert "20 % of it is of no module." in figures
    assert "40 µs" in figures


def test_a_report_tells_exact_from_not_compared_and_times_from_costs_of_other_sizes() -> None:
    exact = TensorError(max_abs_error=0.0, max_rel_error=0.0, cosine=1.0, sqnr_db=None)
    call = CallError(
        module="enc", tag="/E", call=0, value="m", max_abs_error=0.0, max_rel_error=0.0,
        cosine=1.0, sqnr_db=None, ok=True, own=exact,
    )  # fmt: skip
    parity = ParityDocument(
        model="net", reference="mine:build", modules=(call,), first_divergence=None,
        message="no divergence", rtol=1e-5, atol=1e-6, runtime="ort",
    )  # fmt: skip
    took = ModuleTime(module="enc", tag="/E", self_us=50.0, total_us=50.0, share=1.0, runs=3)
    profile = ProfileDocument(
        model="net", modules=(took,), nodes=(), total_us=50.0, unplaced_us=0.0, runs=3,
        provider="CPUExecutionProvider", device="cpu", symbols={"batch": 4},
    )  # fmt: skip
    page = to_report(scoped_net(), [], symbols={"batch": 2}, profile=profile, parity=parity)
    assert "Times are for batch = 4; costs for batch = 2." in _figures(page)
    rendered = json.dumps(Unpacked(page).start["measure"], ensure_ascii=False)
    root, enc = (rendered.split(f'"data-value": "{fqn}"}}')[-1] for fqn in ("", "enc"))
    assert [row.split('"children": "')[1].split('"')[0] for row in (root, enc)] == ["–", "0"]


def test_costs_in_a_report_are_for_one_case_where_nobody_sets_a_size() -> None:
    assert "For batch = 1." in _figures(to_report(scoped_net(), []))


def test_a_report_names_what_differs_by_itself() -> None:
    call = CallError(
        module="enc", tag="/E", call=0, value="m", max_abs_error=1.0, max_rel_error=0.5,
        cosine=1.0, sqnr_db=None, ok=False,
        own=TensorError(max_abs_error=1.0, max_rel_error=0.03, cosine=1.0, sqnr_db=None),
    )  # fmt: skip
    parity = ParityDocument(
        model="net", reference="mine:build", modules=(call,), first_divergence=call,
        divergences=(0,), message="first divergence: enc", rtol=1e-5, atol=1e-6, runtime="ort",
    )  # fmt: skip
    figures = _figures(to_report(scoped_net(), [], parity=parity))
    assert "First divergence: enc" in figures
    assert "3·10⁻²" in figures
    with pytest.raises(MeasureError, match="is of another model"):
        to_report(
            scoped_net(), [], parity=msgspec.structs.replace(parity, modules=(_elsewhere(call),))
        )


def _elsewhere(call: CallError) -> CallError:
    return msgspec.structs.replace(call, module="not.here")


def scoped_net() -> TaggedGraph:
    text = """g (float[batch, 4] x) => (float[batch, 3] y)
        <float[4, 3] w = {1,1,1,1,1,1,1,1,1,1,1,1}> { m = MatMul (x, w) y = Relu (m) }"""
    return untold(tagged_as_read(scoped(parse(text), {"m": "enc", "y": ""})))
