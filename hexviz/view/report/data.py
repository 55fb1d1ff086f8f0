"""A tagged graph as plain JSON that the report's page reads: tables with each word said once.

A table is ``{"fields": [...], "rows": [[...], ...]}``. A field whose name
begins with ``$`` holds positions in ``strings``. Ops, modules, boxes and
values are named by their position in their table; what may stand in a box is
numbered as ops first, then the model's inputs, then its outputs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op
from hexviz.tagging.explain import Step, explain
from hexviz.tagging.finding import Finding
from hexviz.tagging.sentence import source_file
from hexviz.tagging.summary import summarize
from hexviz.view.cache import LayoutCache
from hexviz.view.index import Index, build_index
from hexviz.view.palette import Swatch
from hexviz.view.problem import Point
from hexviz.view.render import first_view
from hexviz.view.report.about import about
from hexviz.view.report.interiors import Cell, Placed, lay_out_interiors
from hexviz.view.report.lines import wire

__all__ = ["report_data"]

Row = list[Any]

_FIGURES = ("model", "ops", "tagged", "coverage", "origins", "rules", "auxiliary")


def report_data(graph: TaggedGraph, findings: Sequence[Finding]) -> dict[str, Any]:
    """Everything the page shows; linear in the graph, and the same for the same graph."""
    work = _Work(graph)
    summary = summarize(graph)
    tables = {
        "ops": work.ops(),
        "modules": work.modules(),
        "boxes": work.boxes(),
        "values": work.values_table(),
        "findings": work.findings(findings),
    }
    return {
        "figures": {name: summary[name] for name in _FIGURES},
        "inputs": [work.value(value.id) for value in graph.inputs],
        "outputs": [work.value(value.id) for value in graph.outputs],
        "open": work.first_open(),
        "transferredFrom": source_file(graph),
        "wires": work.wires(),
        "about": about(graph, work.index, findings),
        **tables,
        "strings": list(work.strings),
    }


class _Work:
    def __init__(self, graph: TaggedGraph) -> None:
        self.graph = graph
        self.index: Index = build_index(graph)
        self.wiring = wire(self.index)
        self.strings: dict[str, int] = {}
        self.module_at = {module.fqn: at for at, module in enumerate(graph.modules)}
        self.box_at = {key: at for at, key in enumerate(self.index.containers)}
        self.value_at: dict[str, int] = {}
        for value in (*graph.inputs, *graph.outputs):
            self.value(value.id)

    def word(self, text: str) -> int:
        return self.strings.setdefault(text, len(self.strings))

    def value(self, value_id: str) -> int:
        """The row of a value; -1 for an optional input that is left out."""
        return self.value_at.setdefault(value_id, len(self.value_at)) if value_id else -1

    def module(self, fqn: str) -> int:
        return self.module_at[self.graph.modules.nearest(fqn)]

    def step(self, step: Step) -> Row:
        """An op by position, or by its id where the graph has it no more."""
        op = self.graph.positions.get(step.op, step.op)
        return [op, self.word(step.relation), [self.word(one) for one in step.values]]

    def position(self, slot: int) -> int:
        """Slots of ops are numbered by box, positions by execution; ends come after both."""
        return int(self.index.op_at[slot]) if slot < self.index.n_ops else slot

    def ops(self) -> dict[str, Any]:
        fields = (
            "id name $type module home $origin $rule confidence $auxiliary $body $sentence parts "
            "steps counterparts witnesses rejected shared $contextSentence context $contextRule "
            "chain users inputs outputs"
        )
        return _table(fields, (self._op(op) for op in self.graph.ops))

    def _op(self, op: Op) -> Row:
        told = explain(self.graph, op.id)
        context = op.context
        # What other sources said of a declared op are its candidates.
        rejected = [
            [self.module(one.module), one.score, self.word(one.reason)]
            for one in op.provenance.candidates
        ]
        return [
            op.id,
            op.name,
            self.word(op.op_type),
            self.module(op.module),
            self.box_at[self.index.home[self.graph.positions[op.id]]],
            self.word(op.provenance.origin),
            self.word(op.provenance.rule),
            round(op.provenance.confidence, 4),
            self.word(op.auxiliary or ""),
            self.word(op.body),
            self.word(told.sentence),
            [[part.factor, self.word(part.reason)] for part in told.confidence],
            [self.step(step) for step in told.steps],
            [
                [self.word(one.op_type), one.op, self.word(one.relation)]
                for one in told.counterparts
            ],
            [self.step(step) for step in told.witnesses],
            rejected,
            [self.module(fqn) for fqn in op.shared_by],
            self.word(told.context_sentence or ""),
            -1 if context is None else self.module(context.module),
            self.word("" if context is None else context.rule),
            [self.step(step) for step in told.context_steps],
            [] if context is None else [self.module(fqn) for fqn in context.users],
            [self.value(one) for one in op.inputs],
            [self.value(one) for one in op.outputs],
        ]

    def modules(self) -> dict[str, Any]:
        types, origins, auxiliary = self._below()
        rows: list[Row] = []
        for module in self.graph.modules:
            fqn = module.fqn
            box = self.index.box_of(fqn)
            rows.append(
                [
                    fqn,
                    module.tag,
                    self.word(module.class_name),
                    -1 if module.parent is None else self.module_at[module.parent],
                    -1 if module.parameters is None else module.parameters,
                    len(module.ops),
                    types[fqn].total(),
                    auxiliary[fqn],
                    [[self.word(name), count] for name, count in types[fqn].most_common()],
                    [[self.word(name), count] for name, count in origins[fqn].most_common()],
                    [self.module_at[child] for child in module.children],
                    -1 if box is None else self.box_at[box],
                ]
            )
        fields = "fqn tag $class parent parameters own ops auxiliary types origins children box"
        return _table(fields, rows)

    def _below(self) -> tuple[dict[str, Counter[str]], dict[str, Counter[str]], Counter[str]]:
        """Of each module and all below it: op types, origins, number of auxiliary ops."""
        modules = self.graph.modules
        types: dict[str, Counter[str]] = {module.fqn: Counter() for module in modules}
        origins: dict[str, Counter[str]] = {module.fqn: Counter() for module in modules}
        auxiliary: Counter[str] = Counter()
        for op in self.graph.ops:
            home = modules.nearest(op.module)
            types[home][op.op_type] += 1
            origins[home][op.provenance.origin] += 1
            auxiliary[home] += op.auxiliary is not None
        for module in reversed(list(modules)):  # each is followed by all that are below it
            if module.parent is not None:
                types[module.parent].update(types[module.fqn])
                origins[module.parent].update(origins[module.fqn])
                auxiliary[module.parent] += auxiliary[module.fqn]
        return types, origins, auxiliary

    def boxes(self) -> dict[str, Any]:
        placed = lay_out_interiors(self.index, self.wiring)
        fields = (
            "key label face parent ops section members title light dark width height cells "
            "links entering leaving"
        )
        rows: list[Row] = []
        for key, box in self.index.containers.items():
            inside = placed[key]
            swatches = [self._colours(palette[box.face]) for palette in self._palettes()]
            rows.append(
                [
                    key,
                    self.graph.modules[""].label if key == "" else box.label,
                    self.module_at[box.face],
                    -1 if box.parent is None else self.box_at[box.parent],
                    box.count,
                    int(box.is_section),
                    len(box.members),
                    inside.title,
                    *swatches,
                    *_point(inside.size),
                    [self._cell(cell) for cell in inside.cells],
                    [[a, b, _flat(path)] for (a, b), path in inside.links.items()],
                    *self._ports(inside),
                ]
            )
        return _table(fields, rows)

    def _palettes(self) -> tuple[Any, Any]:
        return self.index.palettes["light"], self.index.palettes["dark"]

    def _colours(self, swatch: Swatch) -> list[int]:
        colours = (swatch.fill, swatch.border, swatch.ink)
        return [self.word(one) for one in (*colours, swatch.solid, swatch.solid_ink, swatch.soft)]

    def _ports(self, inside: Placed) -> tuple[list[Row], list[Row]]:
        entering = [
            [self.position(port), cell, _flat(path)]
            for (port, cell), path in inside.entering.items()
        ]
        leaving = [
            [cell, self.position(port), _flat(path)]
            for (cell, port), path in inside.leaving.items()
        ]
        return entering, leaving

    def _cell(self, cell: Cell) -> Row:
        """``[child, x, y, width, height, room, text, dots, stub]``; boxes as -1, -2, …."""
        child = cell.child
        at = -1 - self.box_at[child] if isinstance(child, str) else self.position(child)
        dots = [[self.position(slot), *_point(centre)] for slot, centre in cell.dots]
        row: Row = [at, *_point(cell.centre), *_point(cell.size), round(cell.room)]
        row += [self.word(cell.label.text), dots]
        if cell.stub is not None:
            text, centre, size, sources = cell.stub
            origins = [self.position(slot) for slot in sources]
            row.append([self.word(text), *_point(centre), *_point(size), origins])
        return row

    def values_table(self) -> dict[str, Any]:
        rows: list[Row] = []
        for value_id in self.value_at:
            value = self.graph.value(value_id)
            kind = "" if value.kind == "value" else value.kind
            kind += ", left out" if value.left_out else ""
            shape = self.index.shape(value_id)
            rows.append([self.word(one) for one in (value.name, str(value), kind, shape)])
        return _table("$name $type $kind $shape", rows)

    def findings(self, findings: Sequence[Finding]) -> dict[str, Any]:
        rows = [
            [
                self.word(one.kind),
                self.word(one.severity),
                [self.graph.positions[op] for op in one.ops if op in self.graph.positions],
                one.message,
                one.suggestion,
                -1 if one.module is None else self.module(one.module),
                round(one.sureness, 3),
            ]
            for one in findings
        ]
        return _table("$kind $severity ops message suggestion module sureness", rows)

    def wires(self) -> list[int]:
        """Source, target, value and 1 for a tensor + 2 for a line, of each edge in turn."""
        return [
            number
            for one in self.wiring.wires
            for number in (
                self.position(one.source),
                self.position(one.target),
                self.value(self.index.values[one.value]),
                int(one.is_live) + 2 * int(one.is_line),
            )
        ]

    def first_open(self) -> list[int]:
        """The boxes open at first: as in the app, with the members of a stack side by side."""
        state = first_view(self.index, LayoutCache())
        return [at for key, at in self.box_at.items() if key in state.open]


def _table(fields: str, rows: Iterable[Row]) -> dict[str, Any]:
    return {"fields": fields.split(), "rows": list(rows)}


def _point(point: Point) -> tuple[int, int]:
    return round(point[0]), round(point[1])


def _flat(points: Iterable[Point]) -> list[int]:
    return [number for point in points for number in _point(point)]
