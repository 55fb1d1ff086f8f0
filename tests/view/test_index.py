import pytest
from hypothesis import given, settings

from hexviz.model.fqn import is_within
from hexviz.view.index import build_index
from hexviz.view.sections import Section, split
from tests.view.graphs import Node, build, random_graph, seeds, two_layers


def test_containers_follow_the_module_tree_in_execution_order() -> None:
    index = build_index(two_layers())
    assert index.containers[""].items == ("embed", 1, "encoder", "head")
    assert index.containers["encoder"].items == ("encoder.0", "encoder.1")
    assert index.containers["encoder"].count == 5
    assert index.path("encoder.1") == ["", "encoder", "encoder.1"]


def test_placement_by_context_moves_auxiliary_ops() -> None:
    index = build_index(two_layers(), "context")
    assert index.home[1] == "encoder"
    assert index.containers["encoder"].items == (1, "encoder.0", "encoder.1")


def test_a_constant_with_one_reader_is_folded_and_shape_work_is_not_live() -> None:
    graph = build(
        [
            Node("k", [], "Constant"),
            Node("a", ["x", "k"], "Add"),
            Node("s", ["x"], "Shape"),
            Node("r", ["a", "s"], "Reshape"),
        ],
        ["r"],
    )
    index = build_index(graph)
    assert index.folded == {0}
    assert [bool(index.live[index.slot_of[at]]) for at in range(4)] == [False, True, False, True]


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_slots_of_a_container_are_exactly_the_ops_below_it(seed: int) -> None:
    graph = random_graph(seed)
    index = build_index(graph, section=6)
    for box in index.containers.values():
        inside = {int(at) for at in index.op_at[box.low : box.high]}
        if box.is_module:
            assert inside == {
                at for at, op in enumerate(graph.ops) if is_within(op.module, box.module)
            }
        held = [item for item in box.items if isinstance(item, int)]
        assert all(index.home[at] == box.key for at in held)
        below = [index.containers[item] for item in box.items if isinstance(item, str)]
        assert len(held) + sum(child.count for child in below) == box.count
        assert len(box.items) <= 6
    assert sorted(index.op_at.tolist()) == list(range(len(graph.ops)))


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_every_box_is_found_by_its_key_and_by_the_modules_that_share_it(seed: int) -> None:
    index = build_index(random_graph(seed), section=6)
    assert [index.box_of(key) for key in index.containers] == list(index.containers)
    assert {fqn: index.box_of(fqn) for fqn in index.hosts} == index.hosts
    assert index.box_of("no such module") is None


@pytest.mark.parametrize(("count", "limit"), [(400, 150), (40_000, 150), (7, 3), (151, 150)])
def test_sections_cover_all_members_within_the_limit(count: int, limit: int) -> None:
    def check(members: range, first: int) -> None:
        parts = split(members, first=first, folded=set(), limit=limit)
        assert len(parts) <= limit
        flat: list[object] = []
        for part in parts:
            if isinstance(part, Section):
                assert part.last - part.first + 1 == len(part.members)
                check(range(part.members[0], part.members[-1] + 1), part.first)  # type: ignore[arg-type,operator]
                flat.extend(part.members)
            else:
                flat.append(part)
        assert flat == list(members)

    check(range(count), 1)


def test_long_runs_of_ops_between_modules_become_sections() -> None:
    members = [*range(50), "h.0", "h.1", 50, "h.2"]
    parts = split(members, folded=set(), limit=150)
    assert [part.label if isinstance(part, Section) else part for part in parts] == [
        "ops 1–50",
        "h.0",
        "h.1",
        50,
        "h.2",
    ]
