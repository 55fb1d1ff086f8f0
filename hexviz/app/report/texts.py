"""What a report says of each op, module and value: the inspector's pages, and tables of names.

The pages are the page's own, without what needs a server.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from hexviz.app.graph.evidence import Shown, paths, step_note
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.inspector.call import inspect_call
from hexviz.app.panels.inspector.module import inspect_module, stack_note
from hexviz.app.panels.inspector.op import inspect_op
from hexviz.app.panels.inspector.selected import trace_tools
from hexviz.app.panels.inspector.value import (
    inspect_value,
    output_line,
    reader_lines,
    source_line,
    value_item,
)
from hexviz.app.protocol import Content, PageState
from hexviz.tagging.explain import explain
from hexviz.tagging.finding import Finding
from hexviz.view.state import ViewState

__all__ = ["call_pages", "end_pages", "line_items", "module_pages", "op_pages", "tables"]


def op_pages(model: OpenModel, findings: Sequence[Finding]) -> Iterator[dict[str, Any]]:
    """Of each op: ``content``, and ``paths`` of evidence, each with the ops of its steps.

    ``notes`` say what the strip shows of a path at each step, the op itself first.
    """
    graph = model.graph
    accused: defaultdict[str, list[tuple[int, Finding]]] = defaultdict(list)
    for at, finding in enumerate(findings):
        for op_id in finding.ops:
            accused[op_id].append((at, finding))
    for op in graph.ops:
        found = explain(graph, op.id)
        state = PageState(selection=("op", op.id))
        yield {
            "content": inspect_op(
                *(graph, found, state, trace_tools(op.id)),
                findings=accused[op.id],
                group=model.call(state.view, op.id),
            ),
            "paths": {
                path: {
                    "ops": [step.op for step in steps],
                    "notes": [
                        step_note(graph, Shown(op.id, path, steps, at))
                        for at in range(len(steps) + 1)
                    ],
                }
                for path, steps in paths(found).items()
            },
        }


def module_pages(model: OpenModel) -> Iterator[Content]:
    """Of each module: how it is introduced."""
    graph = model.graph
    for module in graph.modules:
        yield inspect_module(graph, module, stack=stack_note(model, ViewState(), module.fqn))


def call_pages(model: OpenModel) -> Iterator[Content]:
    """Of each call that has a box, in the order of the table: how it is introduced."""
    for group in model.index("module").calls.values():
        yield inspect_call(model.graph, group)


def end_pages(model: OpenModel) -> dict[str, Content]:
    """Of each input and output of the model: how it is introduced."""
    graph = model.graph
    return {one.id: inspect_value(graph, one.id) for one in (*graph.inputs, *graph.outputs)}


def line_items(model: OpenModel) -> Iterator[Content]:
    """Of each value that a line can carry, as the index numbers them: an item of a list."""
    graph = model.graph
    for value in model.index("module").values:
        yield value_item(
            graph,
            value,
            source_line(graph, value),
            *reader_lines(graph, graph.flat.readers(value)),
            output_line(graph, value),
        )


def tables(model: OpenModel) -> dict[str, Any]:
    """Names and numbers of ops, modules, boxes and edges, one column each.

    What is in another table is named by its position in that. Slots number what stands in boxes
    so that each box holds one run of them, from ``low`` to ``high``; see the view's index.
    """
    graph, index = model.graph, model.index("module")
    module_at = {module.fqn: at for at, module in enumerate(graph.modules)}
    box_at = {key: at for at, key in enumerate(index.containers)}
    boxes = index.containers.values()
    return {
        "ops": {
            "id": [op.id for op in graph.ops],
            "type": [op.op_type for op in graph.ops],
            "module": [module_at[graph.modules.nearest(op.module)] for op in graph.ops],
            "box": [box_at[key] for key in index.home],
            "slot": index.slot_of.tolist(),
        },
        "modules": {
            "fqn": list(module_at),
            "tag": [module.tag for module in graph.modules],
            "label": [module.label for module in graph.modules],
            "box": [-1 if (key := index.box_of(fqn)) is None else box_at[key] for fqn in module_at],
        },
        "boxes": {
            "key": list(box_at),
            "module": [module_at[box.face] for box in boxes],
            "label": [box.label for box in boxes],
            "parent": [-1 if box.parent is None else box_at[box.parent] for box in boxes],
            "members": [[box_at[key] for key in box.members] for box in boxes],
            "low": [box.low for box in boxes],
            "high": [box.high for box in boxes],
        },
        "calls": [box_at[key] for key in index.calls],
        "inputs": [value.id for value in graph.inputs],
        "outputs": [value.id for value in graph.outputs],
        "edges": {
            "source": index.source.tolist(),
            "target": index.target.tolist(),
            "value": index.value.tolist(),
        },
    }
