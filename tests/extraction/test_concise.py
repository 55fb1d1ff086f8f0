"""A set of ops is named exactly, and in as few names as there can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexviz.extraction.selection import ModuleSelection, concise, selection
from hexviz.model.graph import TaggedGraph
from tests.build import parse, scoped, tagged
from tests.tagging.random_graphs import models

#  enc has no ops of its own; att has one (r), q and k one each
NET = """g (float[1,4] x) => (float[1,4] y) {
    a = Neg (x)
    q = Relu (a)
    k = Exp (a)
    r = Mul (q, k)
    f = Tanh (r)
    g = Sinh (f)
    y = Abs (g)
}"""
SCOPES = {
    "a": "enc.emb",
    "q": "enc.att.q",
    "k": "enc.att.k",
    "r": "enc.att",
    "f": "enc.ffn",
    "g": "enc.ffn",
    "y": "head",
}


@pytest.fixture(scope="module")
def graph() -> TaggedGraph:
    return tagged(scoped(parse(NET), SCOPES))


def named(graph: TaggedGraph, ops: str) -> tuple[set[str], set[str], set[str]]:
    found = concise(graph, [graph.positions[op] for op in ops])
    return set(found.modules), set(found.exclude), set(found.ops)


@pytest.mark.parametrize(
    ("ops", "expected"),
    [
        ("", (set(), set(), set())),
        ("q", ({"enc.att.q"}, set(), set())),
        ("qkr", ({"enc.att"}, set(), set())),
        ("qr", ({"enc.att"}, {"enc.att.k"}, set())),
        ("aqrfg", ({"enc"}, {"enc.att.k"}, set())),
        # r is att's own: q and k without it are two modules
        ("qk", ({"enc.att.q", "enc.att.k"}, set(), set())),
        ("f", (set(), set(), {"f"})),
        ("akfg", ({"enc.emb", "enc.att.k", "enc.ffn"}, set(), set())),
        ("aqkrfg", ({"enc"}, set(), set())),
        ("aqkrfgy", ({""}, set(), set())),
    ],
)
def test_what_is_ticked_is_said_in_few_names(
    graph: TaggedGraph, ops: str, expected: tuple[set[str], set[str], set[str]]
) -> None:
    assert named(graph, ops) == expected


@given(models(), st.data())
def test_it_holds_exactly_these_ops(model: object, data: st.DataObject) -> None:
    graph = tagged(model)  # type: ignore[arg-type]
    wanted = data.draw(st.sets(st.sampled_from(range(len(graph.ops)))))
    found = concise(graph, wanted)
    assert found.positions(graph) == sorted(wanted)
    assert len(found.modules) + len(found.exclude) + len(found.ops) <= len(wanted)


@given(models(), st.data())
def test_no_selection_of_modules_is_said_longer_than_it_was(
    model: object, data: st.DataObject
) -> None:
    graph = tagged(model)  # type: ignore[arg-type]
    fqns = [module.fqn for module in graph.modules]
    modules = data.draw(st.frozensets(st.sampled_from(fqns), max_size=4))
    exclude = data.draw(st.frozensets(st.sampled_from(fqns), max_size=3))
    wanted = ModuleSelection(modules, exclude)
    found = concise(graph, wanted.positions(graph))
    assert found.positions(graph) == wanted.positions(graph)
    assert len(found.modules) + len(found.exclude) + len(found.ops) <= len(modules) + len(exclude)


def test_patterns_become_modules(graph: TaggedGraph) -> None:
    selected = selection(graph, ["enc.*"], ["enc.emb"])
    assert named(graph, "qkrfg") == ({"enc.att", "enc.ffn"}, set(), set())
    assert concise(graph, selected.positions(graph)).modules == {"enc.att", "enc.ffn"}
