"""Which tags the audit looks at one by one: none that it would accuse is left out."""

import onnx
import pytest
from hypothesis import given, settings

from hexviz.model.op import ORIGINS
from hexviz.tagging import suspicion
from hexviz.tagging.paths import ROOT
from hexviz.tagging.structure import Mask
from tests.build import parse, scoped, tagged
from tests.tagging.random_graphs import models, repeated
from tests.tagging.test_audit import net


def everyone(scene: suspicion._Scene) -> Mask:
    """All ops that may be accused at all."""
    manual = scene._graph.columns.origins == ORIGINS.index("manual")
    found: Mask = (scene._where != ROOT) & ~manual
    return found


@settings(max_examples=50)
@given(models() | repeated())
def test_who_is_accused_is_accused_as_well_if_all_are_judged(proto: onnx.ModelProto) -> None:
    graph = tagged(proto)
    doubted = suspicion.suspicions(graph)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suspicion._Scene, "doubtful", everyone)
        assert suspicion.suspicions(graph) == doubted


def signals(text: str, scopes: dict[str, str]) -> dict[str, set[str]]:
    """What speaks against whom is accused, by id; each module is of a class of its own."""
    graph = tagged(scoped(parse(text), scopes, {fqn: fqn for fqn in scopes.values()}))
    found = suspicion.suspicions(graph)
    return {graph.ids[at]: set(one.signals) for at, one in found.items()}


def test_the_order_alone_makes_an_op_suspect() -> None:
    text = """g (float[2,2] x) => (float[2,2] y) {
        m = MatMul (x, x)  z = Neg (x)  t = Tanh (z)
        a = Add (m, t)
        e = Exp (a)  s = Sin (e)  y = Abs (s)
    }"""
    scopes = {"m": "m", "a": "m", "z": "n", "t": "n", "e": "n", "s": "n", "y": ""}
    assert signals(text, scopes) == {"a": {"order"}}


def test_a_weight_alone_makes_an_op_suspect() -> None:
    parts = ["p", "q", "r", "s", "t"]
    weights = ", ".join(f'float[2,2] "{one}.weight" = {{1, 2, 3, 4}}' for one in parts)
    lines = " ".join(f'{one} = MatMul (x, "{one}.weight")' for one in parts)
    text = f"g (float[2,2] x) => (float[2,2] y) <{weights}> {{ {lines} e = Exp (t) y = Abs (x) }}"
    wrong = {one: one for one in parts} | {"t": "other", "e": "other", "y": "t"}
    assert signals(text, wrong) == {"t": {"weight"}}


def test_ops_that_nothing_speaks_against_are_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[int] = []
    judge = suspicion._Scene.judge

    def noted(scene: suspicion._Scene, at: int) -> suspicion.Suspicion:
        judged.append(at)
        return judge(scene, at)

    monkeypatch.setattr(suspicion._Scene, "judge", noted)
    assert not suspicion.suspicions(net())
    assert not judged
    graph = net(a0="net.1.act")
    assert graph.positions["a0"] in suspicion.suspicions(graph)
    assert len(judged) < len(graph.ops) - 2
