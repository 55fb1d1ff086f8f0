from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from hexviz.exporters.interface import Exported
from hexviz.model.fqn import is_within
from hexviz.model.graph import TaggedGraph
from tests.build import parse, scoped, tagged

TEXT = """g (float[1,4] x) => (float[1,4] y) {
    a = Neg (x)
    s = Shape (a)
    b = Exp (a)
    r = Reshape (b, s)
    y = Identity (r)
}"""


def graph() -> TaggedGraph:
    return tagged(scoped(parse(TEXT), {"a": "", "s": "enc", "b": "enc.x", "r": "enc.x.y", "y": ""}))


def test_figures_of_a_module_with_all_below_it() -> None:
    found = graph().subtree(graph().modules["enc"])
    assert (found.ops, found.auxiliary, found.depth, found.modules) == (3, 2, 1, 2)
    assert found.op_types == {"Shape": 1, "Exp": 1, "Reshape": 1}
    assert found.origins == {"declared": 3}
    assert [one.value for one in found.inputs] == ["a"]
    assert [one.value for one in found.outputs] == ["r"]


def test_the_root_has_everything() -> None:
    found = graph().subtree(graph().modules[""])
    assert (found.ops, found.depth, found.modules) == (5, 0, 3)
    assert [one.value for one in found.inputs] == ["x"]


def test_modules_named_alike_are_no_relatives() -> None:
    text = "g (float[2] x) => (float[2] y) { a = Neg (x) b = Exp (a) y = Abs (b) }"
    model = tagged(scoped(parse(text), {"a": "l1", "b": "l10", "y": "l1.x"}))
    assert model.subtree(model.modules["l1"]).ops == 2


def test_a_module_without_ops() -> None:
    text = "g (float[2] x) => (float[2] y) { y = Neg (x) }"
    model = tagged(scoped(parse(text), {"y": "a.b"}))
    empty = [module for module in model.modules if not module.ops and not module.children]
    for module in empty:
        assert model.subtree(module).inputs == ()
    assert model.subtree(model.modules["a"]).ops == 1


def test_it_agrees_with_counting_by_name(exported: Callable[..., Exported]) -> None:
    model = tagged(exported("small-transformer").proto)
    for module in model.modules:
        found = model.subtree(module)
        inside = {at for at, op in enumerate(model.ops) if is_within(op.module, module.fqn)}
        ops = [model.ops[at] for at in inside]
        assert found.ops == len(ops)
        assert found.modules + 1 == sum(is_within(one.fqn, module.fqn) for one in model.modules)
        assert found.op_types == Counter(op.op_type for op in ops)
        assert found.auxiliary == sum(op.auxiliary is not None for op in ops)
        crossing = {
            edge.value
            for edge in model.edges
            if edge.target in inside and edge.source not in inside
        }
        assert {one.value for one in found.inputs if one.source is not None} == crossing
        assert list(found.op_types.values()) == sorted(found.op_types.values(), reverse=True)
