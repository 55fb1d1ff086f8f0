"""What is measured on drawings sees a drawing that is broken."""

from typing import Any

from tests.view.geometry import (
    bends,
    crossings,
    drawn_lines,
    hidden_nodes,
    overlapping,
    spine_bends,
    through_nodes,
)

Element = dict[str, Any]


def node(name: str, x: float, y: float, **data: object) -> Element:
    plain = {"kind": "module", "key": name, "parent_key": "", "z": 1, "open": 0, "label": name}
    size = {"width": 60, "height": 40, "title_x": 0}
    return {"data": plain | size | {"id": name} | data, "position": {"x": x, "y": y}}


def line(source: str, target: str, **data: object) -> Element:
    plain = {"via": 0, "live": 1, "fan": 0, "beside": 0, "upward": 0, "bends": 0, "width": 1}
    return {
        "data": {**plain, "id": f"{source}-{target}", "source": source, "target": target} | data
    }


def test_a_straight_line_has_no_bends_and_a_jog_has_two() -> None:
    down = [node("a", 0, 0), node("b", 0, 100), line("a", "b", spine=1)]
    jog = [node("a", 0, 0), node("b", 5, 100), line("a", "b", spine=1)]
    jog[2]["data"] |= {"bends": 2, "distances": [0, 0], "weights": [0.3, 0.7]}
    assert spine_bends(down) == {"a-b": 0}
    assert bends(drawn_lines(jog)[0]) > 0


def test_lines_that_cross_are_counted_and_those_with_a_common_end_are_not() -> None:
    nodes = [node(name, x, y) for name, x, y in (("a", 0, 0), ("b", 200, 0))]
    nodes += [node(name, x, y) for name, x, y in (("c", 0, 200), ("d", 200, 200))]
    assert crossings([*nodes, line("a", "d"), line("b", "c")]) == 1
    assert crossings([*nodes, line("a", "c"), line("b", "d")]) == 0
    assert crossings([*nodes, line("a", "d"), line("a", "c")]) == 0


def test_a_line_through_a_node_or_a_title_is_seen() -> None:
    nodes = [node("a", 0, 0), node("between", 0, 100), node("b", 0, 200)]
    assert through_nodes([*nodes, line("a", "b")]) == [("a-b", "between")]
    nodes[1]["data"] |= {"open": 1, "label": "a title in the way", "width": 80}
    assert through_nodes([*nodes, line("a", "b")]) == [("a-b", "between (title)")]


def test_nodes_that_share_room_are_seen() -> None:
    around = node("box", 0, 0, open=1, width=300, height=300)
    inside = [node("a", 0, 0, parent_key="box"), node("b", 10, 10, parent_key="box")]
    assert overlapping([around, *inside]) == [("a", "b")]
    assert hidden_nodes([around, *inside]) == [("a", "b")]
    assert hidden_nodes([around, inside[0], node("c", 20, 0)]) == [("box", "c"), ("a", "c")]
    assert hidden_nodes([around, inside[0]]) == []
