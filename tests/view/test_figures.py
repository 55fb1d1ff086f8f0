"""Figures as colours: ops have their own, closed boxes their module's total, errors the worst."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hexviz.errors import MeasureError
from hexviz.measure.costs.costs import costs
from hexviz.measure.documents import NodeTime, ProfileDocument
from hexviz.measure.table import module_table
from hexviz.model.graph import TaggedGraph
from hexviz.view.cache import LayoutCache
from hexviz.view.figures import Measured, colour_by_figure, measured_numbers
from hexviz.view.icicle import chart_ramp, icicle
from hexviz.view.index import build_index
from hexviz.view.legend import Legend
from hexviz.view.ramp import Numbers, Ramp, ramp_of, ticks
from hexviz.view.render import render
from hexviz.view.state import ViewState
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped, tagged
from tests.measured import CLEAN, FAULT, parity_of, profile_of


@pytest.fixture(scope="module")
def graph() -> TaggedGraph:
    return tagged(scoped(parse(NET), SCOPES))


@pytest.fixture(scope="module")
def measured(graph: TaggedGraph) -> Measured:
    profile, parity = profile_of(graph), parity_of(graph, ("enc.att.k",))
    found = costs(graph)
    table = module_table(graph, costs=found, profile=profile, parity=parity)
    return Measured(table, found.ops, profile, parity)


def test_a_closed_box_has_its_modules_total(graph: TaggedGraph, measured: Measured) -> None:
    index = build_index(graph)
    numbers = measured_numbers(index, measured, "time_us")
    for fqn in ("enc", "enc.att"):
        box = index.containers[fqn]
        total = next(row.total["time_us"] for row in measured.table.rows if row.module == fqn)
        assert numbers.of_box(box) == total
        assert numbers.of_box(box) == numbers.within(box.low, box.high)  # each op is a node here


def test_the_time_of_a_fused_node_is_shared_by_its_ops(graph: TaggedGraph) -> None:
    fused = NodeTime(id="fused", op_type="X", module="enc.att", us=9.0, ops=("q", "k", "m"))
    profile = ProfileDocument(
        model="m", modules=(), nodes=(fused,), total_us=9.0, unplaced_us=0.0, runs=1,
        provider="", device="",
    )  # fmt: skip
    table = module_table(graph, profile=profile)
    numbers = measured_numbers(build_index(graph), Measured(table, (), profile), "time_us")
    assert np.nansum(numbers.values) == 9.0
    assert np.nanmax(numbers.values) == 3.0


def test_an_error_colours_the_own_ops_of_its_module(graph: TaggedGraph, measured: Measured) -> None:
    index = build_index(graph)
    numbers = measured_numbers(index, measured, "own_error")
    by_op = {op.id: numbers.values[index.slot_of[at]] for at, op in enumerate(graph.ops)}
    assert by_op["k"] == FAULT
    assert by_op["q"] == by_op["m"] == CLEAN
    assert numbers.of_box(index.containers["enc"]) == FAULT


def test_by_another_placement_a_box_has_what_is_in_it(
    graph: TaggedGraph, measured: Measured
) -> None:
    assert measured_numbers(build_index(graph, "context"), measured, "time_us").totals == {}


def legend_of(graph: TaggedGraph, measured: Measured, figure: Any) -> Legend:
    index = build_index(graph)
    colouring = colour_by_figure(index, measured, figure)
    return render(index, ViewState(), "light", LayoutCache(), colouring).legend


def test_the_legend_has_units_and_errors_their_powers(
    graph: TaggedGraph, measured: Measured
) -> None:
    ramp = legend_of(graph, measured, "time_us").ramp
    assert ramp is not None
    assert ramp.unit == "us"
    assert not ramp.is_log
    assert ticks(ramp)[0] == (0.0, "0 µs")
    ramp = legend_of(graph, measured, "own_error").ramp
    assert ramp == Ramp(CLEAN, FAULT, "worst", "error", is_log=True)
    shares = [share for share, _ in ticks(ramp)]
    assert shares == sorted(shares)
    assert ticks(ramp)[-1] == (1.0, "3·10⁻²")


def scale(*numbers: float, unit: str = "us") -> Ramp:
    return ramp_of(Numbers(np.array(numbers), "sum", {}, unit), [])


def test_a_scale_is_of_powers_where_numbers_spread_over_decades() -> None:
    assert not scale(0.0, 10.0, 12.0, 5000.0).is_log
    far = scale(0.0, 1.0, 2.0, 5000.0)
    assert far.is_log
    assert (far.share(0.0), far.share(1.0), far.share(5000.0)) == (0.0, 0.0, 1.0)
    assert far.share(math.sqrt(5000.0)) == pytest.approx(0.5)


def test_odd_scales_are_scales() -> None:
    lost = scale(1e-6, math.inf, unit="error")
    assert lost.share(math.inf) == 1.0
    assert math.isfinite(lost.high)
    for one in (scale(0.0), scale(0.0, unit="error"), scale(math.nan), scale(3e-300, 2e300)):
        assert all(0 <= share <= 1 and text for share, text in ticks(one))
        assert 0 <= one.share(0.0) <= 1
    assert scale(1e-300, 1.0, 1.0, unit="error").low == 1e-12


def test_what_was_not_measured_says_how_to_measure_it(graph: TaggedGraph) -> None:
    nothing = Measured(module_table(graph))
    for figure, words in (("time_us", "drop a profile"), ("own_error", "hexviz parity --json")):
        with pytest.raises(MeasureError, match=words):
            colour_by_figure(build_index(graph), nothing, figure)  # type: ignore[arg-type]


def sectors(graph: TaggedGraph, measured: Measured, figure: Any) -> dict[str, Any]:
    ramp = legend_of(graph, measured, figure).ramp
    assert ramp is not None
    chart = icicle(measured.table, graph.modules, figure, ramp, "light")
    assert chart is not None
    found: dict[str, Any] = chart["data"][0]
    return found


def test_the_icicle_is_as_wide_as_all_modules_together(
    graph: TaggedGraph, measured: Measured
) -> None:
    found = sectors(graph, measured, "time_us")
    assert sum(found["values"]) == sum(range(1, len(graph.ops) + 1))
    assert found["parents"][0] == ""
    assert set(found["parents"][1:]) <= set(found["ids"])
    at = found["ids"].index("m:enc.att.k")
    assert found["customdata"][at][0] == "enc.att.k"
    assert found["customdata"][at][2].endswith(" µs")


def test_for_errors_every_module_with_ops_has_a_width(
    graph: TaggedGraph, measured: Measured
) -> None:
    found = sectors(graph, measured, "own_error")
    assert sum(found["values"]) == len(graph.ops)
    assert {f"m:{module.fqn}" for module in graph.modules if module.ops} <= set(found["ids"])
    colours = dict(zip(found["ids"], found["marker"]["colors"], strict=True))
    assert colours["m:enc.att.k"] == colours["m:enc"] != colours["m:enc.emb"]


def test_the_brightest_of_the_chart_is_no_module_around_nearly_everything(
    graph: TaggedGraph, measured: Measured
) -> None:
    ramp = legend_of(graph, measured, "time_us").ramp
    assert ramp is not None
    totals = {row.module: row.total["time_us"] or 0.0 for row in measured.table.rows}
    assert totals["enc"] > totals[""] / 2 >= chart_ramp(measured.table, "time_us", ramp).high > 0
    assert chart_ramp(measured.table, "own_error", ramp) is ramp


def test_modules_too_narrow_to_be_seen_are_part_of_what_is_around(graph: TaggedGraph) -> None:
    profile = profile_of(graph)
    thin = [one for one in profile.modules if one.module != "enc.emb"]
    huge = next(one for one in profile.modules if one.module == "enc.emb")
    from msgspec.structs import replace

    table = module_table(
        graph, profile=replace(profile, modules=(*thin, replace(huge, self_us=1e9, total_us=1e9)))
    )
    found = sectors(graph, Measured(table, (), profile), "time_us")
    assert "m:enc.att.k" not in found["ids"]
    assert sum(found["values"]) == pytest.approx(1e9, rel=1e-6)


def test_names_of_strangers_are_text_in_the_icicle() -> None:
    graph = tagged(scoped(parse(NET), SCOPES, {"enc": "<b>&"}))
    table = module_table(graph, profile=profile_of(graph))
    found = sectors(graph, Measured(table, (), profile_of(graph)), "time_us")
    assert "&lt;b&gt;&amp;" in " ".join(found["labels"])
    assert "<b>" not in " ".join(found["labels"])
