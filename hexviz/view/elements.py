"""A laid-out scene as elements for Cytoscape, with everything that styles them in ``data``.

Modules are plain nodes drawn behind what is in them, in the order of ``z``:
compound parents cost twice the time and take their children with them when
they are removed. Ids are those of the scene, ``s:…`` for stubs, ``c:…`` for connectors, and
``e:SOURCE->TARGET`` for edges (``b:…`` for bypasses, which may run beside a plain one).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from hexviz.view.captions import Wire, bypass_text, place_captions
from hexviz.view.cards import card
from hexviz.view.colouring import Colouring
from hexviz.view.drawing import Box, Connection, Layout, StubBox
from hexviz.view.index import Index, is_moved
from hexviz.view.labels import Label
from hexviz.view.palette import PAGE, Palette, Swatch
from hexviz.view.parts import BOXES, SceneEdge, SceneNode
from hexviz.view.problem import Point
from hexviz.view.ramp import Numbers, closed_boxes, ramp_of
from hexviz.view.scene import Scene

__all__ = ["count_elements", "to_elements"]

Element = dict[str, Any]

# A browser merges new data into an element it has: what an edge once had stays
# unless it is taken back, so each edge says of all of this what it is. The same holds
# for what a cut's preview says of nodes and edges.
_PLAIN: Mapping[str, Any] = MappingProxyType(
    {"label": "", "label_x": 0, "label_y": 0, "bends": 0, "upward": 0, "beside": 0, "fan": 0}
    | {"enter": "", "spine": 0}
    | {"fate": "", "crosses": 0}
)

_LEAF = 1000
_MOST_WITH_FANS = 800


def to_elements(
    index: Index,
    scene: Scene,
    layout: Layout,
    labels: Sequence[Label],
    swatches: Palette,
    colouring: Colouring | None = None,
) -> list[Element]:
    """The elements, boxes first, each with its position; for ``layout={"name": "preset"}``."""
    told = _told(index, scene, colouring, swatches)
    nodes = [
        {
            "data": _node_data(index, node, box, label, told),
            "position": {"x": round(box.x, 1), "y": round(box.y, 1)},
        }
        for node, box, label in zip(scene.nodes, layout.boxes, labels, strict=True)
    ]
    # The lines behind stubs are drawn on demand only: the first to go where the page is full.
    spare = len(scene.nodes) + len(scene.edges) <= _MOST_WITH_FANS
    cut = layout.interrupted
    edges = [_edge(scene, layout, at, interrupted=at in cut) for at in range(len(scene.edges))]
    connectors, pieces = _connections(scene, layout)
    wires = pieces + [
        Wire(edge, data, layout.boxes[edge.source], layout.boxes[edge.target])
        for edge, data in zip(scene.edges, edges, strict=True)
        if not data["fan"] and not data["beside"]
    ]
    for at, caption in place_captions(scene, layout, labels, wires).items():
        x, y = caption.shift
        wires[at].data.update(label=caption.text, label_x=x, label_y=y)
    stubs: list[Element] = []
    for stub in layout.stubs:
        stubs += _stub(scene, stub)
    lines = [{"data": data} for data in edges if spare or not data["fan"]]
    return [*nodes, *stubs, *connectors, *({"data": wire.data} for wire in pieces), *lines]


def count_elements(scene: Scene) -> int:
    """How many elements a scene comes to, without laying it out; see :func:`to_elements`."""
    stubs = [edge for edge in scene.edges if edge.stub]
    count = len(scene.nodes) + len(scene.edges) + 2 * len({edge.target for edge in stubs})
    spare = len(scene.nodes) + len(scene.edges) <= _MOST_WITH_FANS
    return count if spare else count - len(stubs)


def _node_data(
    index: Index, node: SceneNode, box: Box, label: Label, told: _Told
) -> dict[str, Any]:
    home = index.containers[node.key or node.parent].face
    swatch, buckets = told(node)
    data: dict[str, Any] = {
        "id": node.id,
        "kind": node.kind,
        "label": label.text,
        "fqn": home,
        "parent_key": node.parent,
        "open": int(node.is_open),
        "width": round(box.width, 1),
        "height": round(box.height, 1),
        "z": _LEAF,
        "fill": swatch.fill,
        "border": swatch.border,
        "ink": swatch.ink,
        "buckets": buckets,
        "fate": "",
    }
    if node.kind in BOXES:
        container = index.containers[node.key]
        data |= {
            "key": node.key,
            "tag": index.graph.modules[home].tag,
            "name": container.label,
            "ops": container.count,
            "stack": len(container.members),
            "found": int(container.is_module and index.graph.modules[home].is_recovered),
            "moved": 0 if node.is_open else index.moved_in(container),
        }
        if node.kind == "call" and not node.is_open:  # like the module's ops; open, like its box
            data |= {"fill": swatch.soft, "ink": swatch.soft_ink}
        if node.is_open:
            data["z"] = node.depth
            # Cytoscape puts a label beside the node; this takes it back in, to the left, with room
            # for the chevron that the page draws there.
            data["title_x"] = round(20 - box.width, 1)
    elif node.kind in ("op", "constant"):
        op = index.graph.ops[node.position]
        data |= {
            "op": op.id,
            "name": op.op_type,
            "origin": op.provenance.origin,
            "rule": op.provenance.rule,
            "category": op.auxiliary or "",
            "context": op.context.module if op.context else "",
            "shared": int(bool(op.shared_by)),
            "moved": int(index.placement == "context" and is_moved(op)),
            "card": card(index.graph, node.position),
            "fill": swatch.soft if op.auxiliary else swatch.solid,
            "ink": swatch.soft_ink if op.auxiliary else swatch.solid_ink,
        }
    elif node.kind in ("input", "output"):
        values = index.graph.inputs if node.kind == "input" else index.graph.outputs
        value = values[node.position]
        data |= {"value": value.id, "name": value.name, "type": str(value)}
    else:
        data["name"] = label.text
    return data


_Told = Callable[[SceneNode], tuple[Swatch, list[str]]]
"""From a node to its colours and the entries of the legend it belongs to."""


def _told(index: Index, scene: Scene, colouring: Colouring | None, swatches: Palette) -> _Told:
    if colouring is None:

        def by_module(node: SceneNode) -> tuple[Swatch, list[str]]:
            key = node.key or node.parent
            return swatches[index.containers[key].face], index.kinds(key)

        return by_module
    if colouring.numbers is not None:
        return _numbered(index, scene, colouring, colouring.numbers, swatches)
    colours = colouring.swatches(swatches.theme)

    def by_answer(node: SceneNode) -> tuple[Swatch, list[str]]:
        if node.kind in ("op", "constant"):
            slot = int(index.slot_of[node.position])
            at = colouring.answer(slot, slot + 1)
            return colours[at], [colouring.names[at]]
        if node.kind not in BOXES:
            return swatches[""], []
        box = index.containers[node.key]
        if node.is_open:
            return _frame(swatches, node.depth), colouring.answers(box)
        swatch = colours[colouring.answer(box.low, box.high)]
        # A closed box is a mixture: it wears the colour more lightly than an op does.
        return replace(swatch, fill=swatch.soft, ink=swatch.soft_ink), colouring.answers(box)

    return by_answer


def _frame(swatches: Palette, depth: int) -> Swatch:
    """An open box without a colour of its own: grey and the page's colour by turns."""
    grey = swatches[""]
    return grey if depth % 2 else replace(grey, fill=PAGE[swatches.theme])


def _numbered(
    index: Index, scene: Scene, colouring: Colouring, numbers: Numbers, swatches: Palette
) -> _Told:
    """Each node in the very colour of its number, whatever kind of op it is."""
    ramp = ramp_of(numbers, closed_boxes(index, scene.nodes))

    def by_number(node: SceneNode) -> tuple[Swatch, list[str]]:
        if node.kind in ("op", "constant"):
            low = int(index.slot_of[node.position])
            high = low + 1
            number = numbers.within(low, high)
        elif node.key:
            box = index.containers[node.key]
            if node.is_open:
                return _frame(swatches, node.depth), colouring.answers(box)
            low, high = box.low, box.high
            number = numbers.of_box(box)
        else:
            return swatches[""], []
        swatch = ramp.swatch(number, swatches.theme)
        names = [colouring.names[at] for at in sorted(set(colouring.codes[low:high].tolist()))]
        exact, ink = swatch.solid, swatch.solid_ink
        return replace(swatch, fill=exact, ink=ink, soft=exact, soft_ink=ink), names

    return by_number


def _edge(scene: Scene, layout: Layout, at: int, *, interrupted: bool) -> dict[str, Any]:
    """The data of an edge, without words."""
    edge = scene.edges[at]
    source, target = scene.nodes[edge.source], scene.nodes[edge.target]
    kind = "b" if edge.via else "e"
    data = _line(edge, kind, source.id, target.id)
    if edge.stub or interrupted:
        return data | {"fan": 1}
    if at in layout.beside:
        return data | {"beside": 1}
    if at in layout.upward:
        data["upward"] = 1
    start, end = layout.boxes[edge.source], layout.boxes[edge.target]
    data["spine"] = int(at in layout.spine)
    return data | _shape(layout.routes[at], start, end, layout.enters[at])


def _edge_name(edge: SceneEdge) -> str:
    if edge.via:
        return bypass_text(edge.via)
    return edge.values[0] if edge.count == 1 else f"{edge.count} values"


def _stub(scene: Scene, stub: StubBox) -> list[Element]:
    edges = [scene.edges[at] for at in stub.edges]
    target = scene.nodes[edges[0].target]
    values = [value for edge in edges for value in edge.values]
    node = {
        "id": f"s:{target.id}",
        "kind": "stub",
        "label": stub.text,
        "name": ", ".join(values),
        "from": [scene.nodes[edge.source].id for edge in edges],
        "to": target.id,
        "parent_key": target.parent,
        "open": 0,
        "width": round(stub.box.width, 1),
        "height": round(stub.box.height, 1),
        "z": _LEAF,
        "fate": "",
    }
    line = {
        "id": f"e:s:{target.id}",
        "source": node["id"],
        "target": target.id,
        "count": sum(edge.count for edge in edges),
        "values": values,
        "via": 0,
        "width": 1,
        "live": int(any(edge.live for edge in edges)),
        "name": stub.text,
        "beside": 1,
        "fate": "",
        "crosses": 0,
    }
    position = {"x": round(stub.box.x, 1), "y": round(stub.box.y, 1)}
    return [{"data": node, "position": position}, {"data": line}]


def _connections(scene: Scene, layout: Layout) -> tuple[list[Element], list[Wire]]:
    """The connectors of interrupted edges, two for each, and the lines to and from them."""
    found: dict[str, Element] = {}
    lines: dict[str, Wire] = {}
    for link in layout.connections:
        edge = scene.edges[link.edge]
        source, target = scene.nodes[edge.source], scene.nodes[edge.target]
        out = f"c:{source.id}:{link.number}"
        back = f"c:{link.number}:{round(link.enter.x)}:{link.key}"
        for name, box, to, others in (
            (out, link.leave, source.id, [target.id]),
            (back, link.enter, target.id, [source.id]),
        ):
            element = found.setdefault(name, _connector(name, box, link, edge, to))
            element["data"]["from"] += [
                other for other in others if other not in element["data"]["from"]
            ]
        enter = layout.enters[link.edge]
        end = layout.boxes[edge.target]
        first = _piece(edge, source.id, out, link.before, layout.boxes[edge.source], link.leave)
        second = _piece(edge, back, target.id, link.after, link.enter, end, enter)
        for line in (first, second):
            line.data["spine"] = int(link.edge in layout.spine)
            lines.setdefault(line.data["id"], line)
    return list(found.values()), list(lines.values())


def _connector(name: str, box: Box, link: Connection, edge: SceneEdge, to: str) -> Element:
    data = {
        "id": name,
        "kind": "stub",
        "label": str(link.number),
        "name": ", ".join(edge.values),
        "from": [],
        "to": to,
        "parent_key": link.key,
        "open": 0,
        "width": box.width,
        "height": box.height,
        "z": _LEAF,
        "fate": "",
    }
    return {"data": data, "position": {"x": round(box.x, 1), "y": round(box.y, 1)}}


def _piece(
    edge: SceneEdge,
    source: str,
    target: str,
    bends: Sequence[Point],
    start: Box,
    end: Box,
    enter: float = 0.0,
) -> Wire:
    data = _line(edge, "j", source, target)
    return Wire(edge, data | _shape(bends, start, end, enter), start, end)


def _line(edge: SceneEdge, kind: str, source: str, target: str) -> dict[str, Any]:
    """What all lines of an edge say, whichever two nodes they join; ``kind`` begins the id."""
    return {
        **_PLAIN,
        "id": f"{kind}:{source}->{target}",
        "source": source,
        "target": target,
        "count": edge.count,
        "values": list(edge.values),
        "via": edge.via,
        "width": _width(edge),
        "live": int(edge.live),
        "name": _edge_name(edge),
        "shape": edge.shape,
    }


def _shape(bends: Sequence[Point], start: Box, end: Box, enter: float) -> dict[str, Any]:
    """How a line runs, as Cytoscape wants it."""
    data: dict[str, Any] = {}
    if enter:
        data["enter"] = f"{100 * enter / end.width:.2f}% -50%"
    if bends and not _straight(bends, start.x, end.x + enter):
        data["bends"] = len(bends)
        data["distances"], data["weights"] = _relative(bends, start, end)
    return data


def _width(edge: SceneEdge) -> float:
    return round(min(3.2, 1.1 + 0.7 * math.log2(max(1, edge.count))), 2)


def _straight(bends: Sequence[Point], x: float, to_x: float) -> bool:
    """Whether all control points lie on one upright line between the ends."""
    return abs(x - to_x) < 1 and all(abs(along - x) < 1.5 for along, _ in bends)


def _relative(bends: Sequence[Point], start: Box, end: Box) -> tuple[list[float], list[float]]:
    """Control points as Cytoscape wants them: beside and along the line between the centres."""
    dx, dy = end.x - start.x, end.y - start.y
    length = math.hypot(dx, dy) or 1.0
    distances = [((y - start.y) * dx - (x - start.x) * dy) / length for x, y in bends]
    weights = [((x - start.x) * dx + (y - start.y) * dy) / length**2 for x, y in bends]
    return [round(d, 2) for d in distances], [round(w, 5) for w in weights]
