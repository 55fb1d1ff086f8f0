"""The Extract tab without a browser: wishes, ticks, the panel, and what leaves the page."""

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest

from hexviz.app.address import choice_in, from_query, to_query
from hexviz.app.models.extracted import Extracted
from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.app.panels.extract.border import border, hints
from hexviz.app.panels.extract.export import refused, verdict
from hexviz.app.panels.extract.panel import panel
from hexviz.app.panels.extract.part import command_line, part_file, part_report, python
from hexviz.app.panels.extract.ticks import ticks
from hexviz.app.panels.extract.tree import pick_tree, rows
from hexviz.app.protocol import MOST_OPS, ExtractChoice, PageState
from hexviz.app.server import create_app
from hexviz.errors import ExtractionError, SelectionError
from hexviz.exporters.interface import Exported
from hexviz.extraction.selection import ModuleSelection
from hexviz.extraction.verify import verification_of, verification_record, verify
from hexviz.model.reader import from_proto
from hexviz.model.reader import parse as read
from hexviz.tagging.tag import tag
from hexviz.view.state import ViewState
from tests.app.steps import move, send, wired
from tests.build import parse, scoped, tagged

HERE = PageState(ViewState(frozenset({"enc", "enc.att"})), tab="extract")
OPTIONS = {"--module", "--exclude", "--op", "--policy", "--fill-holes", "-o", "--verify"}


def choosing(*modules: str, exclude: tuple[str, ...] = (), **others: Any) -> ExtractChoice:
    return ExtractChoice(ModuleSelection(frozenset(modules), frozenset(exclude)), **others)


def step(model: OpenModel, state: PageState, *events: tuple[str, Any]) -> PageState:
    for kind, value in events:
        state = move(model, state, kind, value)
    return state


def names(state: PageState) -> tuple[set[str], set[str], set[str]]:
    selected = state.choice.selected
    return set(selected.modules), set(selected.exclude), set(selected.ops)


def ticked(model: OpenModel, state: PageState) -> dict[str, str]:
    kept = model.extracted(state.choice)
    found = ticks(model.graph, kept.chosen if kept else (), model.totals)
    return {row.fqn: row.tick for row in rows(model, found, ())}


def text(component: Any) -> str:
    """All that is said, in order."""
    return " ".join(json.dumps(component, default=lambda one: one.to_plotly_json()).split())


def repeated() -> OpenModel:
    """Four layers of two ops, of which the first three are one stack."""
    blocks = "\n".join(
        f"a{at} = Neg ({f'b{at - 1}' if at else 'x'})\nb{at} = Abs (a{at})" for at in range(4)
    )
    scopes = {f"{letter}{at}": f"layer.{at}.{letter}" for at in range(4) for letter in "ab"}
    net = parse(f"g (float[1] x) => (float[1] b3) {{ {blocks} }}")
    return OpenModel("0" * 64, tagged(scoped(net, scopes)))


def kept(model: OpenModel, choice: ExtractChoice) -> Extracted:
    found = model.extracted(choice)
    assert found is not None
    return found


def test_a_tick_takes_all_below_and_a_second_one_takes_it_out(model: OpenModel) -> None:
    state = step(model, HERE, ("tick", "enc"))
    assert names(state) == ({"enc"}, set(), set())
    assert ticked(model, state)["enc.att.q"] == "true"
    state = step(model, state, ("tick", "enc.att.q"))
    assert names(state) == ({"enc"}, {"enc.att.q"}, set())
    shown = ticked(model, state)
    assert (shown["enc"], shown["enc.att"], shown["enc.att.q"]) == ("mixed", "mixed", "false")
    assert (shown[""], shown["enc.emb"]) == ("mixed", "true")
    # What is mixed is taken as a whole; what is whole is taken out.
    assert names(step(model, state, ("tick", "enc.att"))) == ({"enc"}, set(), set())
    assert names(step(model, state, ("tick", "enc"), ("tick", "enc"))) == (set(), set(), set())


def test_what_is_named_is_added_or_after_a_minus_taken_out(model: OpenModel) -> None:
    state = step(model, HERE, ("keep", " enc.* "), ("keep", "-enc.att.q"))
    assert names(state) == ({"enc"}, {"enc.att.q"}, set())
    tag_of_head = model.graph.modules["head"].tag
    assert "head" in names(step(model, state, ("keep", tag_of_head)))[0]
    with pytest.raises(SelectionError, match="No module is called 'encc'; near ones: enc"):
        move(model, state, "keep", "encc")
    with pytest.raises(SelectionError, match="Nothing of 'head' is selected"):
        move(model, state, "keep", "- head")


def test_what_is_found_framed_or_clicked_is_added(model: OpenModel) -> None:
    assert names(step(model, HERE, ("keep-found", "type:Relu,Exp")))[0] == {
        "enc.att.q",
        "enc.att.k",
    }
    with pytest.raises(SelectionError, match="Search for something first"):
        move(model, HERE, "keep-found", " ")
    with pytest.raises(SelectionError, match="finds no op"):
        move(model, HERE, "keep-found", "type:Gemm")
    state = replace(HERE, selection=("module", "enc.att"))
    assert names(step(model, state, ("keep-selection", None)))[0] == {"enc.att"}
    state = replace(HERE, selection=("op", "m"))
    assert names(step(model, state, ("keep-selection", None))) == (set(), set(), {"m"})
    state = replace(HERE, selection=("ops", json.dumps(["m", "r", "nobody"])))
    assert names(step(model, state, ("keep-selection", None)))[2] == {"m", "r"}
    with pytest.raises(SelectionError, match="Click a module or an op first"):
        move(model, HERE, "keep-selection", None)


def test_each_name_can_be_taken_back(model: OpenModel) -> None:
    state = step(model, HERE, ("keep", "enc"), ("keep", "-enc.att.q"))
    assert names(step(model, state, ("leave", "except:enc.att.q")))[1] == set()
    assert names(step(model, state, ("leave", "keep:enc"))) == (set(), set(), set())
    assert step(model, state, ("leave", "keep:head"), ("leave", "nonsense")) == state
    alone = step(model, replace(HERE, selection=("op", "m")), ("keep-selection", None))
    assert not step(model, alone, ("leave", "ops:")).choice
    assert not step(model, state, ("keep-nothing", None)).choice


def test_a_policy_and_holes_are_part_of_a_choice(model: OpenModel) -> None:
    state = step(model, HERE, ("policy", "include_all"), ("fill", "yes"))
    assert (state.choice.policy, state.choice.fill) == ("include_all", True)
    assert not step(model, state, ("fill", "no")).choice.fill


@pytest.mark.parametrize(
    ("kind", "value"), [("tick", "nowhere"), ("keep", ""), ("leave", ""), ("leave", "keep:enc")]
)
def test_what_is_not_there_changes_nothing(model: OpenModel, kind: str, value: str) -> None:
    assert move(model, HERE, kind, value) == HERE


def test_too_many_single_ops_are_one_clear_line() -> None:
    nodes = "\n".join(f"v{at} = Neg ({f'v{at - 1}' if at else 'x'})" for at in range(1300))
    long = parse(f"g (float[1] x) => (float[1] v1299) {{ {nodes} }}")
    model = OpenModel("0" * 64, tagged(scoped(long, {"v0": "a", "v1": "b"})))
    odd = ",".join(f"v{at}" for at in range(3, 1300, 2))
    with pytest.raises(SelectionError, match=f"more than the {MOST_OPS} that a link can hold"):
        move(model, HERE, "keep-found", f"op:{odd}")


def test_a_link_and_the_browser_hold_the_wish(model: OpenModel) -> None:
    choice = ExtractChoice(
        ModuleSelection(frozenset({"enc"}), frozenset({"enc.att.q"}), frozenset({"y"})),
        "exclude_safe",
        fill=True,
    )
    state = replace(HERE, choice=choice)
    query = to_query(model.key, state)
    assert from_query(query, model).choice == choice
    assert from_query(query, model).extracting
    assert not from_query(to_query(model.key, replace(state, tab="graph")), model).extracting
    assert wired(state) == state
    whole = replace(HERE, choice=choosing(""))
    assert from_query(to_query(model.key, whole), model).choice == whole.choice


def test_a_link_of_before_leads_to_the_tab(model: OpenModel) -> None:
    assert from_query(f"?model={model.key}&tab=filter&keep=enc", model).extracting


def test_what_a_link_names_wrongly_is_left_out(model: OpenModel) -> None:
    choice = choice_in(
        "keep=nowhere&keep=enc&except=nothing&keep-op=nobody&policy=all&fill=perhaps",
        model.has_module,
        model.graph.positions.__contains__,
    )
    assert choice == choosing("enc")


def test_the_graph_the_tree_and_the_legend_follow(store: ModelStore, net: bytes) -> None:
    key = store.add_upload(net, "net.onnx")
    client = create_app(store).server.test_client()
    first = send(client, "visit", f"?model={key}&open=enc&open=enc.att")
    answer = send(client, "tab", "extract", first["at"], shown=key)
    assert "all shown" in text(answer["parts"]["filter-note"])
    assert "selected: click" not in text(answer["parts"]["legend"])
    assert answer["at"]["state"]["tab"] == "extract"
    answer = send(client, "tick", "enc.att", answer["at"], shown=key)
    fates = {one["data"]["id"]: one["data"].get("fate") for one in answer["graph"]}
    assert (fates["m:enc.att.q"], fates["m:head"]) == ("selected", "cut")
    # The tree beside the graph means the same on every tab: what is shown.
    assert '"data-event": "tick"' not in text(answer["parts"]["tree"])
    hidden = send(client, "check", "head", answer["at"], shown=key)
    assert "m:head" not in {one["data"]["id"] for one in hidden["graph"]}
    assert hidden["at"]["state"]["choice"]["selected"]["modules"] == ["enc.att"]
    assert "Showing 7 of 8 ops" in text(hidden["parts"]["filter-note"])
    assert "carried along" in text(answer["parts"]["legend"])
    back = send(client, "tab", "graph", answer["at"], shown=key)
    assert all(one["data"].get("fate", "") == "" for one in back["graph"])
    assert '"data-event": "check"' in text(back["parts"]["tree"])
    assert back["at"]["state"]["choice"]["selected"]["modules"] == ["enc.att"]
    assert store.get(key).has_module("enc")


def test_members_of_a_stack_that_differ_are_shown_one_by_one() -> None:
    model = repeated()
    (stack,) = model.index("module").stacks
    state = PageState(ViewState(frozenset({"layer"})), tab="extract")
    alike = step(model, state, ("keep", "layer.*.a"))
    assert alike.view.apart == frozenset()
    assert names(step(model, state, ("tick", "layer"), ("tick", "layer.3"))) == (
        {"layer"},
        {"layer.3"},
        set(),
    )
    differ = step(model, state, ("keep", "layer.2"))
    assert differ.view.apart == {stack}


def test_the_panel_says_what_stays_and_what_is_cut(model: OpenModel) -> None:
    state = replace(HERE, choice=choosing("enc.att", policy="include_context"))
    said = text(panel(model, state))
    assert "5 ops kept" in said
    assert "4 selected, 1 carried along" in said
    assert "no weights" in said
    values = text(border(kept(model, state.choice)))
    assert "In: 1 value, 16 B" in values
    assert "Out: 1 value, 16 B" in values
    assert "which is not kept" in values
    assert "serves what is kept" in values


def test_an_if_that_comes_whole_is_named_with_what_comes_along() -> None:
    proto = parse("""g (float[2] x, bool c) => (float[2] y) {
        hid = If (c) <then_branch = t () => (float[2] o) { o = Neg (x) },
                      else_branch = e () => (float[2] p) { p = Exp (x) }>
        y = Relu (hid)
    }""")
    whole = OpenModel("0" * 64, tagged(scoped(proto, {"hid": "m", "y": "head"})))
    choice = ExtractChoice(ModuleSelection(frozenset(), ops=frozenset({"hid/then_branch/o"})))
    said = text(panel(whole, replace(HERE, choice=choice)))
    assert "1 around selected ones (If hid), 2 in their bodies" in said
    assert "If hid comes whole, because a body cannot be cut" in said


def test_a_hole_is_told_and_offered_to_be_filled(model: OpenModel) -> None:
    choice = choosing("enc.emb", "head", policy="exclude_safe")
    state = replace(HERE, choice=choice)
    said = text(panel(model, state))
    assert "There is a hole" in said
    assert "Fill the hole" in said
    filled = step(model, state, ("fill", "yes"))
    said = text(panel(model, filled))
    assert "There is a hole" not in said
    assert "Holes are filled with" in said
    assert "Leave holes open" in said


def test_suggestions_are_a_click_away(model: OpenModel) -> None:
    choice = choosing("enc.emb", "head", policy="exclude_safe")
    offered = hints(kept(model, choice))
    assert "Fill the hole" in text(offered)
    (listed,) = (one for one in offered[0]["props"]["children"] if one["type"] == "ul")
    query = listed["props"]["children"][0]["props"]["children"]["props"]["data-value"]
    state = move(model, replace(HERE, choice=choice), "part", query)
    assert state.choice != choice
    assert state.choice == kept(model, state.choice).choice
    assert hints(kept(model, choosing(""))) == []


def test_the_command_line_survives_a_shell() -> None:
    choice = ExtractChoice(
        ModuleSelection(frozenset({"a b", "it's"}), frozenset({"-x"}), frozenset({"$(rm)"})),
        "exclude_safe",
        fill=True,
    )
    words = shlex.split(command_line(choice, "-my model.onnx"))
    assert words[:3] == ["hexviz", "extract", "./-my model.onnx"]
    assert {"a b", "it's", "$(rm)", "--exclude=-x", "--fill-holes", "--verify"} <= set(words)
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= OPTIONS
    assert "--module ''" in command_line(choosing(""), "m.onnx")


def test_the_script_does_the_same(model: OpenModel, net: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net 'one'.onnx"
    path.write_bytes(net)
    choice = ExtractChoice(
        ModuleSelection(frozenset({"enc"}), frozenset({"enc.att.q"}), frozenset({"y"}))
    )
    script = python(choice, str(path)).replace('"part.onnx"', repr(str(tmp_path / "part.onnx")))
    exec(script, {})  # noqa: S102 - it is what is tested
    saved = onnx.load(tmp_path / "part.onnx")
    assert [one.output[0] for one in saved.graph.node] == ["a", "s", "k", "r", "m", "y"]


def test_the_file_has_its_tags_and_its_report(model: OpenModel) -> None:
    found = kept(model, choosing("enc.att"))
    content = part_file(found)
    graph = tag(read(content, name="part.onnx"))
    assert {op.id: op.module for op in graph.ops} == {
        op.id: op.module for op in model.graph.ops if op.id in "sqkrm"
    }
    entries = {one.key: one.value for one in onnx.load_from_string(content).metadata_props}
    report = json.loads(next(entries[key] for key in entries if key.startswith("hexviz.part.")))
    assert report["policy"] == "include_context"
    assert [one["name"] for one in report["inputs"]] == ["a"]
    assert report["checks"]["ok"]
    assert part_report(found)["selection"]["modules"] == ["enc.att"]


def test_what_was_verified_says_so_when_it_is_taken_away(model: OpenModel) -> None:
    choice = choosing("enc.att")
    assert part_report(kept(model, choice))["verification"] is None
    found = kept(model, choice).verify()
    again = kept(model, choice)
    entries = onnx.load_from_string(part_file(again)).metadata_props
    report = json.loads(next(one.value for one in entries if one.key.startswith("hexviz.part.")))
    assert report["verification"]["ok"]
    assert report["verification"]["part_digest"] == found.part_digest
    assert part_report(kept(model, choosing("enc")))["verification"] is None


def test_a_part_that_is_not_valid_is_not_offered(
    model: OpenModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = kept(model, choosing("enc.att"))
    part = found.part()
    part.model.graph.node[-1].op_type = "Nonsense"
    monkeypatch.setattr(Extracted, "part", lambda _: part)
    with pytest.raises(ExtractionError, match="The part is not valid: "):
        part_file(found)


def test_a_verification_is_green(model: OpenModel) -> None:
    said = text(verdict(kept(model, choosing("enc.att")).verify()))
    assert "verdict right" in said
    assert "Verified" in said
    assert "equal, " in said
    assert "onnxruntime" in said
    assert len(max(said.replace('"', " ").split(), key=len)) == 64  # a digest


def test_a_verification_of_a_tampered_part_is_red(model: OpenModel) -> None:
    part = kept(model, choosing("enc.att")).part()
    (exp,) = [node for node in part.model.graph.node if node.op_type == "Exp"]
    exp.op_type = "Neg"
    said = text(verdict(verify(part.whole.proto, part.model, None)))
    assert "verdict wrong" in said
    assert "Not verified" in said
    assert "different, largest error" in said


def test_a_verification_is_the_same_when_it_comes_back_from_a_job(model: OpenModel) -> None:
    found = kept(model, choosing("enc.att")).verify()
    record = json.loads(json.dumps(verification_record(found)))
    assert verification_of(record) == found
    assert "reason" in text(refused("reason"))


def test_weights_in_other_files_are_left_to_the_command(
    model: OpenModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = choosing("enc.att")
    assert "Save .onnx" in text(panel(model, replace(HERE, choice=choice)))
    monkeypatch.setattr(model.graph, "has_external_data", True)
    said = text(panel(model, replace(HERE, choice=choice)))
    assert "Save .onnx" not in said
    assert "save the part by the command" in said
    with pytest.raises(ExtractionError, match="hexviz extract"):
        part_file(kept(model, choice))


def test_a_corrected_model_is_saved_before_the_command(store: ModelStore, net: bytes) -> None:
    model = store.get(store.add_upload(net, "net.onnx"))
    edited = store.edit(model, {"m": "head"})
    said = text(panel(edited, replace(HERE, choice=choosing("enc.att"))))
    assert "hexviz extract net-tagged.onnx" in said
    assert "Save the corrected model as net-tagged.onnx" in said


def test_the_tree_of_the_tab_is_folded_where_a_person_folds_it(model: OpenModel) -> None:
    def labels(model: OpenModel, *turned: str) -> list[tuple[int, str, bool | None]]:
        nothing = ticks(model.graph, (), model.totals)
        return [(row.level, row.fqn, row.is_open) for row in rows(model, nothing, turned)]

    folded = [(2, "enc", True), (3, "enc.emb", None), (3, "enc.att", False), (2, "head", None)]
    assert labels(model, "enc.att") == [(1, "", True), *folded]
    assert labels(model)[3:6] == [
        (3, "enc.att", True),
        (4, "enc.att.q", None),
        (4, "enc.att.k", None),
    ]
    assert labels(model, "enc") == [(1, "", True), (2, "enc", False), (2, "head", None)]
    assert labels(model, "") == [(1, "", False)]
    # A list of modules is a row of its own, and can be ticked as one.
    several = repeated()
    assert labels(several, "layer")[:2] == [(1, "", True), (2, "layer", False)]
    state = step(several, PageState(tab="extract"), ("tick", "layer"))
    assert names(state)[0] == {"layer"}


def test_its_rows_say_what_is_ticked_and_which_is_selected(model: OpenModel) -> None:
    state = replace(HERE, choice=choosing("enc.att.q"), selection=("module", "enc"))
    found = {row["props"]["data-value"]: row["props"] for row in pick_tree(model, state, ())}
    checked = [found[fqn]["aria-checked"] for fqn in ("", "enc", "head")]
    assert checked == ["mixed", "mixed", "false"]
    assert "current" in found["enc"]["className"]
    assert found["enc"]["aria-expanded"] == "true"
    assert "aria-expanded" not in found["head"]


def test_policies_are_said_in_words_with_the_names_of_the_command_in_small(
    model: OpenModel,
) -> None:
    said = text(panel(model, HERE))
    for words, name in (
        ("Just the module", "exclude_safe"),
        ("With its constants and shape ops", "include_context"),
        ("Runs from the model's inputs", "include_all"),
    ):
        assert said.index(words) < said.index(name, said.index(words))


def test_what_is_selected_in_the_graph_is_named_where_it_is_added(model: OpenModel) -> None:
    state = replace(HERE, selection=("module", "enc.att"))
    said = text(panel(model, state))
    assert "Add what is selected" in said
    assert model.graph.modules["enc.att"].label in said


def test_a_call_that_is_selected_is_added_with_all_its_ops(
    exported: Callable[..., Exported],
) -> None:
    result = exported("small-transformer")
    graph = tag(from_proto(result.proto, name="m"), modules=result.modules)
    model = OpenModel("0" * 64, graph)
    calls = model.index("module").calls
    assert calls
    key = max(calls, key=lambda key: len(list(calls[key].positions())))
    state = replace(HERE, view=ViewState(), selection=("call", key))
    assert calls[key].label in text(panel(model, state))
    after = step(model, state, ("keep-selection", None))
    assert set(after.choice.selected.positions(graph)) == set(calls[key].positions())
    # Only this, of a call, shows the module that it was made in.
    alone = move(model, state, "only", key)
    assert alone.selection == ("module", calls[key].module)
