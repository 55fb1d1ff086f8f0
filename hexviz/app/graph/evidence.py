"""The paths of evidence of an op: which one the canvas shows, at which step, what a module gave.

An op has up to two: the steps that decided its module, and the chain to what
it serves. One of them is numbered on the canvas, from 1; step 0 is the op
itself, where every path starts::

    0: Shape ──uses it──▶ 1: Gather ──uses it──▶ 2: MatMul
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hexviz.app.graph import navigation
from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import PageState, Path
from hexviz.model.fqn import is_within
from hexviz.model.graph import TaggedGraph
from hexviz.model.wording import counted
from hexviz.tagging.explain import Explanation, Step

__all__ = ["Shown", "evidence", "given", "go_to", "paths", "ranges", "show", "shown", "step_note"]

_TITLES = {"module": "Why it is in its module", "context": "What it serves"}


@dataclass(frozen=True, slots=True)
class Shown:
    """The path that the canvas shows: of which op, its steps, and which of them is looked at."""

    op: str
    path: Path
    steps: tuple[Step, ...]
    at: int

    @property
    def current(self) -> Step | None:
        """The step that is looked at; ``None`` for the op itself."""
        return self.steps[self.at - 1] if self.at else None


def paths(found: Explanation) -> dict[Path, tuple[Step, ...]]:
    """The paths that an explanation has."""
    both: dict[Path, tuple[Step, ...]] = {"module": found.steps, "context": found.context_steps}
    return {path: steps for path, steps in both.items() if steps}


def shown(found: Explanation, state: PageState) -> Shown | None:
    """Which path of an explained op the canvas shows; ``None`` if it shows none.

    That is the evidence of its module, unless the chain to what it serves is chosen.
    """
    path: Path = state.path or "module"
    steps = paths(found).get(path)
    if steps is None:
        return None
    return Shown(found.op.id, path, steps, min(max(state.step, 0), len(steps)))


def evidence(model: OpenModel, state: PageState) -> Shown | None:
    """The path that the canvas shows; ``None`` unless an op is selected that has evidence."""
    kind, what = state.selection
    if kind != "op" or what not in model.graph.positions:
        return None
    return shown(model.explain(what), state)


def show(model: OpenModel, state: PageState, path: Path, at: int) -> PageState:
    """The state with a path of the selected op on the canvas, at one of its steps.

    Raises:
        ViewLimitError: if the step cannot be shown even with all else closed.
    """
    found = evidence(model, replace(state, path=path, step=at))
    if found is None:  # none such, which takes back what is shown
        return replace(state, path="", step=0)
    op = found.current.op if found.current else found.op
    view = state.view
    if op in model.graph.positions:
        view, _selected = navigation.select_op(model, view, op)
    return replace(state, view=view, path=path, step=found.at)


def go_to(model: OpenModel, state: PageState, by: int) -> PageState:
    """The state some steps further along the path that is shown.

    Raises:
        ViewLimitError: if the step cannot be shown even with all else closed.
    """
    found = evidence(model, state)
    return state if found is None else show(model, state, found.path, found.at + by)


def step_note(graph: TaggedGraph, found: Shown) -> str:
    """The step that is looked at, or what the path is about, in a few words."""
    count = len(found.steps)
    step = found.current
    if step is None:
        return f"{_TITLES[found.path]}, in {counted(count, 'step')}"
    at = graph.positions.get(step.op)
    name = f"{graph.ops[at].op_type} “{step.op}”" if at is not None else f"“{step.op}”"
    return f"Step {found.at} of {count}: {name} {step.relation}"


def ranges(numbers: list[int]) -> str:
    """Rising numbers as a person writes them.

    >>> ranges([1, 2, 3]), ranges([1, 3, 4]), ranges([7])
    ('1–3', '1, 3–4', '7')
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def given(graph: TaggedGraph, fqn: str) -> tuple[list[int], list[int]]:
    """Positions of the ops that have their tag from a module, and of those that serve it.

    An op has its tag from a module if it inherited a module within it from
    ops within it. What does both counts as the first.
    """
    within = {module.fqn for module in graph.modules if is_within(module.fqn, fqn)}
    from_it: list[int] = []
    serving: list[int] = []
    for at, op in enumerate(graph.ops):
        why = op.provenance
        if (
            why.origin == "inherited"
            and op.module in within
            and any(
                graph.ops[graph.positions[one]].module in within
                for one in why.evidence
                if one in graph.positions
            )
        ):
            from_it.append(at)
        elif op.context is not None and op.context.rule != "root" and op.context.module in within:
            serving.append(at)
    return from_it, serving
