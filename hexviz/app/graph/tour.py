"""A guided tour of a model: what it is, how it is built, how its tags are known, what is wrong.

Each stop is a saved view with a few sentences, made from the graph itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from hexviz.app import html
from hexviz.app.graph.navigation import select_module, select_op
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.parts import breaking
from hexviz.app.protocol import NOTHING, PageState
from hexviz.errors import ViewLimitError
from hexviz.model.op import Op
from hexviz.model.wording import counted
from hexviz.tagging.anatomy import pattern
from hexviz.tagging.sentence import context_sentence, module_sentence
from hexviz.view.state import ViewState

__all__ = ["Stop", "card", "go_to_stop", "stops"]


@dataclass(frozen=True, slots=True)
class Stop:
    """A state of the page, and what there is to say about it."""

    title: str
    text: str
    state: PageState


def stops(model: OpenModel) -> tuple[Stop, ...]:
    """All stops, in order, without those that the model has nothing for."""
    return tuple(
        stop
        for made in (_what_it_is, _how_it_is_built, _origins, _context, _doubt, _end)
        for stop in made(model)
    )


def go_to_stop(model: OpenModel, state: PageState, value: Any) -> PageState:
    """The state at another stop: the first, the next, the one before; or the end of the tour."""
    steps = {"start": -1 - state.tour + 1, "next": 1, "back": -1}
    if not isinstance(value, str) or value not in steps:
        return replace(state, tour=-1)
    planned = stops(model)
    at = min(max(0, state.tour + steps[value]), len(planned) - 1)
    return replace(planned[at].state, redo=state.redo, tour=at, choice=state.choice)


def card(model: OpenModel, state: PageState) -> list[Any]:
    """What the page says at the present stop; nothing where there is no tour."""
    planned = stops(model) if state.tour >= 0 else ()
    if not 0 <= state.tour < len(planned):
        return []
    stop = planned[state.tour]
    last = state.tour == len(planned) - 1
    return [
        html.Div(f"{state.tour + 1} of {len(planned)}", className="quiet"),
        html.H2(stop.title),
        html.P(breaking(stop.text)),
        html.Div(
            [
                _button("Back", "back", disabled=state.tour == 0),
                _button("Done", "end") if last else _button("Next", "next"),
                *([] if last else [_button("End the tour", "end", look="link")]),
            ],
            className="tool-row",
        ),
    ]


def _button(label: str, value: str, *, look: str = "tool", disabled: bool = False) -> html.Button:
    return html.Button(
        label, className=look, disabled=disabled, **{"data-event": "tour", "data-value": value}
    )


def _what_it_is(model: OpenModel) -> Iterator[Stop]:
    graph = model.graph
    root = graph.modules[""]
    parameters = f" and {root.parameters:,} parameters" if root.parameters else ""
    inputs = ", ".join(f"{one.name} ({one})" for one in graph.inputs[:3]) or "nothing"
    outputs = ", ".join(f"{one.name} ({one})" for one in graph.outputs[:3]) or "nothing"
    yield Stop(
        "What it is",
        f"{root.class_name or graph.name}: {counted(len(graph.ops), 'op')} in "
        f"{counted(len(graph.modules), 'module')}{parameters}. It reads {inputs} and gives "
        f"{outputs}. A box is a module; a double click opens it.",
        PageState(model.first_view()),
    )


def _how_it_is_built(model: OpenModel) -> Iterator[Stop]:
    graph, index = model.graph, model.index("module")
    view = model.first_view()
    stack = max(index.stacks.values(), key=lambda one: len(one.members), default=None)
    if stack is not None:
        face = graph.modules[index.containers[stack.members[0]].face]
        state = _shown(model, view, face.fqn)
        yield Stop(
            "How it is built",
            f"{len(stack.members)} modules {face.class_name or face.label} with the same structure "
            f"share one box; the first, {face.tag}, is shown for all. Each has "
            f"{counted(index.containers[stack.members[0]].count, 'op')}.",
            state,
        )
        return
    kinds: dict[str, list[str]] = {}
    for module in graph.modules:
        if module.children and module.fqn:
            kinds.setdefault(module.class_name or pattern(module.fqn), []).append(module.fqn)
    if kinds:
        kind, members = max(
            kinds.items(),
            key=lambda one: (len(one[1]) > 1, sum(_size(model, fqn) for fqn in one[1])),
        )
        times = "once" if len(members) == 1 else f"{len(members)} times"
        yield Stop(
            "How it is built",
            f"{kind} comes {times}; the first is {graph.modules[members[0]].tag}, with "
            f"{counted(len(graph.modules[members[0]].children), 'module')} directly in it.",
            _shown(model, view, members[0]),
        )


def _origins(model: OpenModel) -> Iterator[Stop]:
    ops = model.graph.ops
    counts = Counter(op.provenance.origin for op in ops)
    shares = ", ".join(f"{count:,} {origin}" for origin, count in counts.most_common())
    repeats = ", recovered what the graph repeats and nothing names"
    recovered = repeats if counts["recovered"] else ""
    view = replace(model.first_view(), colour="origin")
    yield Stop(
        "How the tags are known",
        f"The colours say it: {shares}. Declared is what the exporter recorded or names say, "
        f"inherited what follows from the ops around{recovered}.",
        PageState(view),
    )
    inherited = [op for op in ops if op.provenance.origin == "inherited"]
    if inherited:
        op = max(inherited, key=lambda one: (bool(one.auxiliary), len(one.provenance.evidence)))
        yield Stop("An inherited tag", module_sentence(model.graph, op), _at(model, op))


def _context(model: OpenModel) -> Iterator[Stop]:
    serving = [op for op in model.graph.ops if op.context and op.context.evidence]
    auxiliary = sum(op.auxiliary is not None for op in model.graph.ops)
    if serving:
        op = max(serving, key=lambda one: len(one.context.evidence) if one.context else 0)
        yield Stop(
            "Where auxiliary ops come from",
            f"{counted(auxiliary, 'op')} only prepare shapes, types and constants. Where one ran "
            "says little; whom it serves says more. The longest way here: "
            f"{context_sentence(model.graph, op)}",
            _at(model, op),
        )
    shared = max(
        (op for op in serving if op.context and len(op.context.users) > 1),
        key=lambda one: len(one.context.users) if one.context else 0,
        default=None,
    )
    if shared is not None and shared.context is not None:
        yield Stop(
            "Made once, used by many",
            f"{shared.op_type} “{shared.id}” ran in {shared.tag} and serves "
            f"{len(shared.context.users)} modules, which meet in {shared.context.tag}.",
            _at(model, shared),
        )


def _doubt(model: OpenModel) -> Iterator[Stop]:
    bad = [one for one in model.findings if one.severity != "info"]
    if not bad:
        notes = counted(len(model.findings), "note") if model.findings else "nothing"
        yield Stop(
            "What the audit found",
            f"No tag contradicts what is around its op; the audit has {notes} to tell.",
            PageState(model.first_view()),
        )
        return
    worst = bad[0]
    state = PageState(model.first_view())
    if worst.ops:
        state = _at(model, model.graph.op(worst.ops[0]))
    yield Stop(
        "What the audit found",
        f"{counted(len(bad), 'finding')} that matter. The worst: {worst.message} "
        f"{worst.suggestion}",
        state,
    )


def _end(model: OpenModel) -> Iterator[Stop]:
    yield Stop(
        "Go on from here",
        "Search with /, trace with u and d, and read in the inspector why an op is where it is. "
        f"`hexviz report {model.graph.name} -o report.html` writes all of this into one file.",
        PageState(model.first_view()),
    )


def _at(model: OpenModel, op: Op) -> PageState:
    """An op selected in the first view, or the first view where it cannot be shown."""
    view = model.first_view()
    try:
        view, selection = select_op(model, view, op.id)
    except ViewLimitError:
        return PageState(view)
    return PageState(view, selection)


def _size(model: OpenModel, fqn: str) -> int:
    """Ops in a module and below."""
    index = model.index("module")
    key = index.box_of(fqn)
    return index.containers[key].count if key else 0


def _shown(model: OpenModel, view: ViewState, fqn: str) -> PageState:
    try:
        view, selection = select_module(model, view, fqn)
    except ViewLimitError:
        return PageState(view, NOTHING)
    return PageState(view, selection)
