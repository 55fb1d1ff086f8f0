"""The drawn graphs are what hexviz makes of them today, and what the page says of them is so."""

from __future__ import annotations

import hexviz
from tests.docs.drawings import FOLDER, drawings, fused, mask, order, recorded


def op(graph: hexviz.TaggedGraph, name: str) -> hexviz.Op:
    return next(one for one in graph.ops if one.id == name)


def test_drawings_are_as_hexviz_draws_them() -> None:
    drawn = dict(drawings())
    assert {path.name for path in FOLDER.iterdir()} == set(drawn)
    for name, svg in drawn.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == svg, f"{name}: run `make drawings`"


def test_what_is_recorded_is_declared() -> None:
    graph = recorded()
    assert {one.provenance.origin for one in graph.ops} == {"declared"}
    part = graph.extract(["mlp.down"])
    assert [value.name for value in part.inputs] == ["act"]
    assert [value.name for value in part.outputs] == ["y"]
    assert part.verify().ok


def test_the_transpose_is_bound_by_order() -> None:
    found = op(order(), "kt")
    assert (found.module, found.provenance.origin) == ("attention", "inherited")
    assert (found.provenance.rule, found.provenance.confidence) == ("trace", 0.97)
    assert found.provenance.evidence == ("k", "s")


def test_the_mask_serves_the_attention() -> None:
    for name in ("keep", "wide"):
        found = op(mask(), name)
        assert found.context is not None
        assert (found.module, found.context.module) == ("", "attention")


def test_fused_ops_know_what_they_were() -> None:
    _, after = fused()
    gemm, norm = after.ops
    assert (gemm.module, set(gemm.provenance.evidence)) == ("mlp.down", {"h", "d"})
    assert (norm.module, set(norm.provenance.evidence)) == ("norm", {"r", "y"})
    assert {gemm.provenance.origin, norm.provenance.origin} == {"transferred"}
