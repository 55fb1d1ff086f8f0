"""The evidence of an op as a numbered path: which one is shown, walking it, and what it marks."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given as with_any
from hypothesis import strategies as st

from hexviz.app.address import from_query, to_query
from hexviz.app.graph.evidence import evidence, given, ranges
from hexviz.app.graph.highlight import highlight
from hexviz.app.models.store import OpenModel
from hexviz.app.panels.inspector.selected import inspect
from hexviz.app.protocol import Badge, Highlight, PageState, Trace
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.explain import explain
from hexviz.view.state import ViewState
from tests.app.steps import event, move, wired
from tests.app.test_inspector import as_json, links, text
from tests.build import parse, scoped, tagged

# ``u`` was inherited from ``b`` and ``r``; it serves ``att.out`` by way of ``r``.
NET = """g (float[2] x) => (float[2] y) {
    b = Neg (x)
    s = Shape (b)
    u = Unsqueeze (s, s)
    r = Reshape (b, u)
    y = Relu (r)
}"""
MODEL = OpenModel(
    "cd" * 32, tagged(scoped(parse(NET), {"b": "att.in", "r": "att", "y": "att.out"}))
)
AT_U = PageState(ViewState(frozenset({"att"})), ("op", "u"))


def marked(state: PageState, model: OpenModel = MODEL) -> Highlight:
    return highlight(model, state, model.render(state.view, "light"))


def steps(state: PageState) -> Any:
    found = marked(state).steps
    assert found is not None
    return found


def test_the_tags_own_evidence_is_shown_unless_the_chain_is_chosen() -> None:
    assert [step.op for step in evidence(MODEL, AT_U).steps] == ["b", "r"]  # type: ignore[union-attr]
    assert steps(AT_U).note == "Why it is in its module, in 2 steps"
    assert [badge.id for badge in steps(AT_U).badges] == ["m:att.in", "o:r"]
    chosen = move(MODEL, AT_U, "path", "context")
    assert (chosen.path, chosen.step, chosen.selection) == ("context", 0, ("op", "u"))
    assert steps(chosen).note == "What it serves, in 2 steps"
    assert [badge.id for badge in steps(chosen).badges] == ["o:r", "m:att.out"]
    assert move(MODEL, chosen, "path", "context") == AT_U  # the button is pressed once more


def test_a_declared_op_lights_its_chain_only_when_that_is_chosen() -> None:
    at_r = PageState(AT_U.view, ("op", "r"))
    assert evidence(MODEL, at_r) is None
    assert marked(at_r).evidence == []
    chosen = move(MODEL, at_r, "path", "context")
    assert [step.op for step in evidence(MODEL, chosen).steps] == ["y"]  # type: ignore[union-attr]
    assert move(MODEL, chosen, "path", "context") == at_r
    assert move(MODEL, chosen, "path", "module") == at_r


def test_an_op_without_evidence_has_no_path() -> None:
    state = PageState(AT_U.view, ("op", "y"))
    assert marked(state).steps is None
    assert marked(state).evidence == []
    assert move(MODEL, state, "step", 1) == state
    assert move(MODEL, state, "path", "module") == state
    assert marked(PageState(selection=("module", "att"))).steps is None


def test_steps_open_what_they_need_and_leave_the_op_selected() -> None:
    state = move(MODEL, AT_U, "path", "module")
    first = move(MODEL, state, "step", 1)
    assert first.view.open == {"att", "att.in"}
    assert (first.selection, first.step) == (("op", "u"), 1)
    assert steps(first).note == "Step 1 of 2: Neg “b” ran before it"
    assert steps(first).look == "o:b"
    second = move(MODEL, first, "step", 1)
    assert steps(second).note == "Step 2 of 2: Reshape “r” uses it"
    assert [badge.current for badge in steps(second).badges] == [False, True]
    assert move(MODEL, second, "step", 1).step == 2
    back = move(MODEL, move(MODEL, first, "step", -1), "step", -1)
    assert (back.step, steps(back).look) == (0, "o:u")


def test_a_step_can_be_gone_to_by_its_number() -> None:
    assert move(MODEL, AT_U, "path", "context:2").step == 2
    assert move(MODEL, AT_U, "path", "module:1").view.open == {"att", "att.in"}
    assert move(MODEL, AT_U, "path", "module:77").step == 2


@pytest.mark.parametrize("value", ["", "elsewhere", "module:", "module:x", "module:-1", "module:²"])
def test_paths_that_there_are_not_are_no_events(value: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        event("path", value)


def test_a_path_ends_with_its_selection_and_a_step_with_escape() -> None:
    state = move(MODEL, AT_U, "path", "module:2")
    assert move(MODEL, state, "op", "u") == state
    assert move(MODEL, state, "toggle", "att.in").step == 0
    assert move(MODEL, state, "op", "r").path == ""
    left = move(MODEL, state, "escape", None)
    assert (left.path, left.step, left.selection) == ("module", 0, ("op", "u"))


def test_steps_in_one_closed_box_are_numbered_on_it() -> None:
    closed = PageState(selection=("op", "u"))
    assert steps(closed).badges == [Badge("m:att", "1–2", current=False)]
    assert steps(replace(closed, step=2)).badges[0].current
    assert [ranges(one) for one in ([1, 3], [1, 2, 4, 5, 6], [])] == ["1, 3", "1–2, 4–6", ""]


def test_what_the_filter_hides_has_no_number() -> None:
    view = ViewState(frozenset({"att"}), hidden=frozenset({"att.out"}))
    state = replace(AT_U, view=view, path="context")
    assert [badge.numbers for badge in steps(state).badges] == ["1"]
    # Going there lifts the filter from it.
    assert steps(move(MODEL, state, "path", "context:2")).look == "o:y"


@with_any(
    st.sampled_from([op.id for op in MODEL.graph.ops]),
    st.sampled_from(["", "module", "context"]),
    st.integers(0, 4),
)
def test_a_link_brings_back_the_step(op: str, path: str, step: int) -> None:
    state = from_query(f"?open=att&op={op}&path={path}&step={step}", MODEL)
    found = evidence(MODEL, state)
    assert state.step == min(step, len(found.steps) if found else 0)
    assert state.path in ("", found.path if found else "")
    assert from_query(to_query(MODEL.key, state), MODEL) == state
    assert wired(state) == state


@pytest.mark.parametrize("step", ["-1", "x", "1e9", "9" * 5000, "²", ""])
def test_steps_that_are_none_are_left_out_of_a_link(step: str) -> None:
    assert from_query(f"?open=&op=u&step={step}", MODEL).step == 0


def pressed(content: Any) -> list[str]:
    """The paths whose buttons are pressed."""
    return [
        one["value"]
        for one in buttons(content)
        if one["event"] == "path" and one["pressed"] == "true"
    ]


def buttons(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, list | tuple):
        return [found for one in content for found in buttons(one)]
    content = as_json(content)
    if not isinstance(content, dict):
        return []
    props, own = content["props"], []
    if "data-event" in props:
        names = {"event": "data-event", "value": "data-value", "pressed": "aria-pressed"}
        own = [{key: props.get(name) for key, name in names.items()}]
    return own + buttons(props.get("children"))


def test_the_inspector_tells_the_record_step_by_step() -> None:
    told = explain(MODEL.graph, "u")
    content = inspect(MODEL, AT_U)
    shown = text(content)
    assert told.sentence in shown
    assert told.context_sentence is not None
    assert told.context_sentence in shown
    assert "How that is known" in shown
    assert "Decided from" in shown
    assert "1Neg bran before it2Reshape ruses it via u" in shown
    assert f"confidence {told.op.provenance.confidence:.0%}: {told.confidence[0].reason}" in shown
    for one in told.op.provenance.candidates:
        assert f"score {one.score:.0%} — {one.reason}" in shown
    assert told.op.provenance.candidates
    assert pressed(content) == []
    assert pressed(inspect(MODEL, replace(AT_U, path="context"))) == ["context"]
    assert folds(content) == {"module": False, "context": False}
    walked = inspect(MODEL, replace(AT_U, path="module", step=2))
    assert folds(walked) == {"module": True, "context": False}
    assert links(walked, "aria-current") == ["step"]


def folds(content: Any) -> dict[str, bool]:
    """What is folded on a page: its name, and whether it is open."""
    return dict(zip(links(content, "data-fold"), links(content, "open"), strict=False))


def test_the_answer_comes_first_and_once() -> None:
    head, name, sentence, *_ = inspect(MODEL, AT_U)
    assert (text(head), text(name)) == ("Unsqueezeauxiliary · tensor manipulation", "u")
    assert text(sentence) == explain(MODEL.graph, "u").sentence
    assert links(sentence, "data-module") == ["att"]
    shown = text(inspect(MODEL, AT_U))
    assert shown.count(explain(MODEL.graph, "u").sentence) == 1


def test_what_a_file_declares_is_its_word() -> None:
    shown = text(inspect(MODEL, PageState(selection=("op", "r"))))
    assert "what the file says, and not proof of it" in shown
    assert "confidence 100%" not in shown


def test_users_are_listed_once() -> None:
    graph = tagged(
        scoped(
            parse("""g (float[2] x) => (float[2] y) {
                k = Constant <value = float[1] {2}> ()
                a = Mul (x, k)
                y = Mul (a, k)
            }"""),
            {"a": "one", "y": "two"},
        )
    )
    assert graph.op("k").shared_by == ("one", "two")
    shown = text(inspect(OpenModel("ab" * 32, graph), PageState(selection=("op", "k"))))
    assert "Its users live in" in shown
    assert "Shared by" not in shown


def test_sources_that_disagree_are_said_to_be_so() -> None:
    proto = scoped(
        parse("g (float[2] x) => (float[2] y) { m = Neg (x)  y = Relu (m) }"),
        {"m": "a.one", "y": "a.two"},
    )
    proto.graph.node[0].name = "/b/Neg"
    shown = text(inspect(OpenModel("ab" * 32, tagged(proto)), PageState(selection=("op", "m"))))
    assert "Other sources say" in shown
    assert "/b/Neg points there, by rule name" in shown
    assert "Considered and rejected" not in shown


def giving() -> TaggedGraph:
    """``t`` inherits ``enc.a`` and ``s`` inherits ``enc.b``; ``r`` is declared and serves it."""
    net = """g (float[2] x) => (float[2] y) {
        p = Neg (x)
        t = Abs (p)
        q = Exp (t)
        s = Shape (q)
        r = Reshape (q, s)
        y = Relu (r)
    }"""
    return tagged(scoped(parse(net), {"p": "enc.a", "q": "enc.a", "r": "enc.b", "y": "enc.b"}))


def test_a_module_gives_its_tag_to_what_inherits_it_and_its_context_to_what_serves_it() -> None:
    graph = giving()
    named = {
        fqn: [[graph.ops[at].id for at in found] for found in given(graph, fqn)]
        for fqn in ("enc", "enc.a", "enc.b")
    }
    assert graph.op("t").module == "enc.a"
    assert named["enc.a"][0] == ["t"]
    assert named["enc.b"] == [["s"], ["r"]]
    assert set(named["enc"][0]) == {"t", "s"}


def test_what_a_module_gave_is_a_trace_with_its_counts() -> None:
    model = OpenModel("ef" * 32, giving())
    state = PageState(ViewState(frozenset({"enc", "enc.a", "enc.b"})), ("module", "enc"))
    assert {"event": "trace-given", "value": "enc", "pressed": None} in buttons(
        inspect(model, state)
    )
    traced = move(model, state, "trace", {"way": "given", "op": "enc"})
    assert traced.trace == Trace("given", "enc")
    found = marked(traced, model)
    assert found.traced is not None
    assert {"o:t", "o:s"} <= set(found.traced)
    assert "o:q" not in found.traced
    tag = model.graph.modules["enc"].tag
    assert found.note == (f"3 ops have their tag or context from {tag}: 2 inherited, 1 serves it")
    assert from_query(to_query(model.key, traced), model) == traced
    assert wired(traced) == traced
    assert move(model, state, "trace", {"way": "given", "op": "gone"}) == state
    assert from_query("?open=&given=gone", model).trace is None


def test_a_module_that_gave_nothing_says_so() -> None:
    state = PageState(trace=Trace("given", "att.in"))
    assert (
        marked(state).note
        == f"No op has its tag or context from {MODEL.graph.modules['att.in'].tag}."
    )
    assert marked(state).traced == []
