from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from hexviz.view.index import Index, Placement, build_index
from hexviz.view.scene import Scene, build_scene
from hexviz.view.state import ViewState, is_hidden
from tests.view.graphs import Node, build, random_graph, seeds, two_layers


def owners(index: Index, state: ViewState, scene: Scene) -> dict[str, int | None]:
    """By definition: the nearest visible node around each op, input and output; None if hidden."""
    at = {node.id: place for place, node in enumerate(scene.nodes)}
    result: dict[str, int | None] = {}
    for position, op in enumerate(index.graph.ops):
        home = index.home[position]
        path = index.path(home)
        closed = next((key for key in path[1:] if key not in state.open), None)
        if is_hidden(index.containers[home].module, state.hidden):
            result[op.id] = None
        else:
            result[op.id] = at[f"o:{op.id}" if closed is None else f"m:{closed}"]
    for value in index.graph.inputs:
        result[f"in {value.id}"] = at[f"i:{value.id}"]
    for value in index.graph.outputs:
        result[f"out {value.id}"] = at[f"u:{value.id}"]
    return result


def flows(index: Index) -> list[tuple[str, str, str]]:
    """Every (from, to, value) of the model."""
    graph = index.graph
    found = [(graph.ops[e.source].id, graph.ops[e.target].id, e.value) for e in graph.edges]
    inputs = {value.id for value in graph.inputs}
    outputs = {value.id for value in graph.outputs}
    for op in graph.ops:
        found += [(f"in {value}", op.id, value) for value in set(op.inputs) & inputs]
        found += [(op.id, f"out {value}", value) for value in set(op.outputs) & outputs]
    return found


@st.composite
def views(draw: st.DrawFn) -> tuple[Index, ViewState]:
    places: list[Placement] = ["module", "context"]
    placement = draw(st.sampled_from(places))
    index = build_index(
        random_graph(draw(seeds)), placement, section=draw(st.sampled_from([5, 99]))
    )
    keys = [key for key in index.containers if key]
    opened = draw(st.sets(st.sampled_from(keys))) if keys else set()
    fqns = [module.fqn for module in index.graph.modules if module.fqn]
    hidden = draw(st.sets(st.sampled_from(fqns), max_size=3)) if fqns else set()
    return index, ViewState(frozenset(opened), placement, frozenset(hidden))


@settings(max_examples=60, deadline=None)
@given(views())
def test_edges_are_lifted_with_their_values_counted(view: tuple[Index, ViewState]) -> None:
    index, state = view
    scene = build_scene(index, state)
    owner = owners(index, state, scene)
    expected: dict[tuple[int, int], set[str]] = defaultdict(set)
    for start, end, value in flows(index):
        one, other = owner[start], owner[end]
        if one is not None and other is not None and one != other:
            expected[one, other].add(value)
    plain = {(edge.source, edge.target): edge for edge in scene.edges if not edge.via}
    assert {pair: edge.count for pair, edge in plain.items()} == {
        pair: len(values) for pair, values in expected.items()
    }
    assert all(set(edge.values) <= expected[pair] for pair, edge in plain.items())


@settings(max_examples=60, deadline=None)
@given(views())
def test_bypass_edges_keep_what_is_connected_through_hidden_ops(
    view: tuple[Index, ViewState],
) -> None:
    index, state = view
    scene = build_scene(index, state)
    owner = owners(index, state, scene)
    following = defaultdict(list)
    for start, end, _ in flows(index):
        following[start].append(end)
    expected = set()
    for start, _, _ in flows(index):
        if owner[start] is None:
            continue
        seen: set[str] = set()
        pending = [end for end in following[start] if owner[end] is None]
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            for after in following[name]:
                if owner[after] is None:
                    pending.append(after)
                elif owner[after] != owner[start]:
                    expected.add((owner[start], owner[after]))
    bridges = {(edge.source, edge.target) for edge in scene.edges if edge.via}
    hubs = {at for at, node in enumerate(scene.nodes) if node.kind == "hidden"}
    through = {
        (one, other)
        for one, hub in bridges
        for again, other in bridges
        if hub == again and hub in hubs and one != other
    }
    direct = {pair for pair in bridges if not hubs & set(pair)}
    assert direct | through >= expected
    if not hubs:
        assert direct == expected


def test_a_bypass_counts_the_hidden_ops_on_the_way() -> None:
    index = build_index(two_layers())
    scene = build_scene(index, ViewState(hidden=frozenset({"encoder.0"}), open=frozenset()))
    at = {node.id: place for place, node in enumerate(scene.nodes)}
    found = {(edge.source, edge.target): edge for edge in scene.edges}
    bridge = found[at["m:embed"], at["m:encoder"]]
    assert (bridge.via, bridge.values) == (2, ("b",))
    assert not found[at["m:encoder"], at["m:head"]].via


def test_hiding_everything_in_a_module_hides_its_box() -> None:
    index = build_index(two_layers())
    hidden = frozenset({"encoder.0", "encoder.1"})
    scene = build_scene(index, ViewState(hidden=hidden))
    assert "m:encoder" not in {node.id for node in scene.nodes}


def test_a_namespace_without_a_module_hides_all_below() -> None:
    graph = build([Node("a", ["x"], module="layer.0"), Node("b", ["a"], module="layer.1")], ["b"])
    scene = build_scene(build_index(graph), ViewState(hidden=frozenset({"layer"})))
    assert [node.id for node in scene.nodes] == ["i:x", "u:b"]
    assert [edge.via for edge in scene.edges] == [2]


def test_a_tangle_of_hidden_ops_becomes_one_node() -> None:
    nodes = [Node(f"s{at}", ["x"]) for at in range(12)]
    nodes.append(Node("mix", [f"s{at}" for at in range(12)], "Concat", "h"))
    nodes += [Node(f"t{at}", ["mix"]) for at in range(12)]
    scene = build_scene(build_index(build(nodes, ["t0"])), ViewState(hidden=frozenset({"h"})))
    hubs = [node for node in scene.nodes if node.kind == "hidden"]
    assert [node.position for node in hubs] == [1]
    assert sum(edge.via > 0 for edge in scene.edges) == 24


def test_a_fan_becomes_stubs_but_no_box_is_cut_off() -> None:
    nodes = [Node("mask", ["x"], "Add")]
    nodes += [Node(f"l{at}", ["mask"], "Add", f"layer{at}") for at in range(8)]
    scene = build_scene(build_index(build(nodes, ["l7"])), ViewState())
    from_mask = [edge for edge in scene.edges if scene.nodes[edge.source].id == "o:mask"]
    assert sorted(edge.stub for edge in from_mask) == [False] + [True] * 7
    inside = [Node("e", ["x"], "Add", "emb")]
    inside += [Node(f"l{at}", ["e"], "Add", "enc") for at in range(8)]
    state = ViewState(frozenset({"enc"}))
    scene = build_scene(build_index(build(inside, ["l7"])), state)
    lines = [edge for edge in scene.edges if scene.nodes[edge.source].id == "m:emb"]
    assert [edge.stub for edge in lines].count(False) == 1


@settings(max_examples=40, deadline=None)
@given(st.data(), seeds)
def test_no_box_is_left_of_which_all_is_hidden(data: st.DataObject, seed: int) -> None:
    graph = random_graph(seed)
    index = build_index(graph)
    names = [module.fqn for module in graph.modules]
    hidden = frozenset(data.draw(st.sets(st.sampled_from(names), max_size=3)))
    scene = build_scene(index, ViewState(frozenset(index.containers), "module", hidden))
    boxes = [index.containers[node.key] for node in scene.nodes if node.kind == "module"]
    for box in boxes:
        inside = [graph.ops[at].module for at in index.op_at[box.low : box.high].tolist()]
        assert not all(is_hidden(module, hidden) for module in inside)
