"""What colours say: facts and numbers, and that colour-blind people can tell them apart."""

from itertools import combinations

import numpy as np
import pytest

from hexviz.errors import NumbersError
from hexviz.tagging.override import override
from hexviz.view.cache import LayoutCache
from hexviz.view.colouring import Colouring, colour_by
from hexviz.view.index import Index, build_index
from hexviz.view.modes import COLOURINGS, Mode
from hexviz.view.numbers import read_numbers
from hexviz.view.oklch import contrast
from hexviz.view.palette import Theme
from hexviz.view.ramp import Gather, Ramp, ticks
from hexviz.view.render import render
from hexviz.view.scales import category_swatch, plain_swatch, step_swatch
from hexviz.view.state import ViewState
from tests.build import parse, tagged
from tests.view.graphs import two_layers

THEMES: tuple[Theme, ...] = ("light", "dark")
BLINDNESS = {  # Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB
    "none": np.eye(3),
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


def oklab(colour: str, kind: str) -> np.ndarray:
    """Where a colour lies in a space of equal differences, as seen with a colour blindness."""
    encoded = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(BLINDNESS[kind]) @ linear, 0, 1)
    cones = np.cbrt(
        np.array(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ]
        )
        @ seen
    )
    return (
        np.array(
            [
                [0.2104542553, 0.793617785, -0.0040720468],
                [1.9779984951, -2.428592205, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.808675766],
            ]
        )
        @ cones
    )


def difference(one: str, other: str, kind: str) -> float:
    return float(np.linalg.norm(oklab(one, kind) - oklab(other, kind)))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("kind", BLINDNESS)
def test_facts_and_steps_stay_apart_for_the_colour_blind(theme: Theme, kind: str) -> None:
    facts = [category_swatch(at, theme).solid for at in range(7)]
    steps = [step_swatch(at / 4, theme).solid for at in range(5)]
    for colours in (facts, steps):
        assert min(difference(*pair, kind) for pair in combinations(colours, 2)) > 0.04


def test_the_simulation_sees_colours_that_are_alike() -> None:
    assert difference("#d62728", "#7f7f00", "none") > 0.1
    assert difference("#c05020", "#7f7f00", "deuteranopia") < 0.06


@pytest.mark.parametrize("theme", THEMES)
def test_texts_and_borders_are_readable(theme: Theme) -> None:
    page = "#ffffff" if theme == "light" else "#14171c"
    for swatch in [category_swatch(at, theme) for at in range(8)] + [
        step_swatch(at / 4, theme) for at in range(5)
    ]:
        assert contrast(swatch.solid_ink, swatch.solid) >= 4.5
        assert contrast(swatch.ink, swatch.fill) >= 4.5
        assert contrast(swatch.ink, swatch.soft) >= 4.5
        assert contrast(swatch.border, page) >= 3


@pytest.mark.parametrize("mode", [mode for mode in COLOURINGS if mode not in ("module", "numbers")])
def test_every_op_has_an_answer_and_the_legend_counts_them(mode: Mode) -> None:
    index = build_index(two_layers())
    colouring = colour_by(index, mode)
    drawn = render(index, ViewState(colour=mode), "light", LayoutCache(), colouring)
    assert sum(entry.ops for entry in drawn.legend.entries) == len(index.graph.ops)
    names = {entry.bucket for entry in drawn.legend.entries}
    for element in drawn.elements:
        assert set(element["data"].get("buckets", ())) <= names


def test_a_closed_box_wears_what_most_of_its_ops_say() -> None:
    index = build_index(two_layers())
    colouring = colour_by(index, "category")
    box = index.containers["encoder.0"]  # Constant, Add, Reshape
    assert set(colouring.answers(box)) == {"constants", "primary", "tensor manipulation"}
    drawn = render(index, ViewState(colour="category"), "light", LayoutCache(), colouring)
    head = next(one["data"] for one in drawn.elements if one["data"]["id"] == "m:head")
    assert head["buckets"] == ["primary"]


def test_a_closed_box_wears_the_worst_that_is_said_of_an_op_in_it() -> None:
    index = build_index(two_layers())
    ops = [op.id for op in index.graph.ops if op.module.startswith("encoder.0")]
    coloured = colour_by(index, "finding", severities={ops[0]: "error", ops[1]: "info"})
    assert coloured.names == ("no finding", "info", "error")
    box = index.containers["encoder.0"]
    assert coloured.names[coloured.answer(box.low, box.high)] == "error"
    other = index.containers["encoder.1"]
    assert coloured.names[coloured.answer(other.low, other.high)] == "no finding"
    # The worst has one colour, whatever else there is.
    alone = colour_by(index, "finding", severities={ops[0]: "error"})
    assert alone.swatches("light")[-1] == coloured.swatches("light")[-1]
    assert colour_by(index, "finding").names == ("no finding",)


def test_an_origin_has_the_same_colour_in_every_file() -> None:
    """Also where the ones that come before it do not occur."""
    declared = two_layers()
    edited = override(declared, dict.fromkeys(declared.positions, "encoder"))
    unknown = tagged(parse("g (float[1] x) => (float[1] y) { y = Neg (x) }"))
    seen = {}
    for graph in (declared, edited, unknown):
        found = colour_by(build_index(graph), "origin")
        for name, swatch in zip(found.names, found.swatches("light"), strict=True):
            assert seen.setdefault(name, swatch) == swatch, name
    assert {"declared", "manual", "fallback"} <= seen.keys()
    assert len(set(seen.values())) == len(seen)


def numbered(gather: Gather = "mean") -> tuple[Index, dict[str, float], Colouring]:
    """Two layers of which four ops have numbers: an auxiliary one, and none outside."""
    index = build_index(two_layers())
    numbers = {"a": 0.0, "b": 4.9, "c": 5.0, "mask": 2.5}
    known = {index.graph.positions[name]: number for name, number in numbers.items()}
    return index, numbers, colour_by(index, "numbers", known, gather=gather)


@pytest.mark.parametrize("theme", THEMES)
def test_every_number_has_its_own_colour_on_one_scale(theme: Theme) -> None:
    """Also of an auxiliary op; one without a number is grey."""
    index, numbers, colouring = numbered()
    opened = ViewState(frozenset({"encoder", "encoder.0", "encoder.1"}), colour="numbers")
    drawn = render(index, opened, theme, LayoutCache(), colouring)
    fills = {one["data"].get("op"): one["data"].get("fill") for one in drawn.elements}
    for name, number in numbers.items():
        assert fills[name] == step_swatch(number / 5.0, theme).solid
    for name in ("k", "d"):
        assert fills[name] == plain_swatch(theme).solid
    for one in drawn.elements:
        if "ink" in one["data"]:
            assert contrast(one["data"]["ink"], one["data"]["fill"]) >= 4.5


def test_the_legend_is_the_scale_and_what_has_no_number() -> None:
    index, _, colouring = numbered()
    legend = render(index, ViewState(colour="numbers"), "light", LayoutCache(), colouring).legend
    assert legend.ramp == Ramp(0.0, 5.0, "mean")
    assert legend.colours[0] == step_swatch(0, "light").solid
    assert legend.colours[-1] == step_swatch(1, "light").solid
    assert [(entry.label, entry.ops) for entry in legend.entries] == [("no number", 4)]


def test_a_closed_box_has_the_mean_or_the_sum() -> None:
    state = ViewState(frozenset({"encoder"}), colour="numbers")
    for gather, number, high in (("mean", 2.45, 5.0), ("sum", 4.9, 5.0)):
        index, _, colouring = numbered(gather)  # type: ignore[arg-type]
        drawn = render(index, state, "light", LayoutCache(), colouring)
        box = next(one["data"] for one in drawn.elements if one["data"]["id"] == "m:encoder.0")
        assert box["fill"] == step_swatch(number / high, "light").solid
    index, _, colouring = numbered("sum")
    closed = render(index, ViewState(colour="numbers"), "light", LayoutCache(), colouring)
    assert closed.legend.ramp == Ramp(0.0, 9.9, "sum")  # the encoder's sum ends the scale


def test_ticks_are_the_ends_and_round_numbers_between() -> None:
    assert [text for _, text in ticks(Ramp(0.2, 5.1, "mean"))] == ["0.2", "1", "2", "3", "4", "5.1"]
    assert ticks(Ramp(7.0, 7.0, "mean")) == [(0.5, "7")]
    shares = [share for share, _ in ticks(Ramp(-3e-9, 2e-9, "sum"))]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1


def test_json_and_csv_name_ops_by_id_or_name() -> None:
    graph = two_layers()
    ops = graph.positions
    assert read_numbers('{"a": 1.5, "gone": 2}', graph) == {ops["a"]: 1.5}
    assert read_numbers("op,layer,ms\na,encoder,1.5\nb,encoder,2\n", graph) == {
        ops["a"]: 1.5,
        ops["b"]: 2.0,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "That is not JSON"),
        ("[1]", "That JSON is no object"),
        ('{"a": "fast"}', "'a' has no number"),
        ('{"gone": 1}', "none of its 1 names is an op"),
        ("op,ms\na,fast\n", "Line 2 of that CSV holds no number"),
        ("", "holds no number"),
        ('{"a": NaN}', "holds no number"),
    ],
)
def test_numbers_that_do_not_fit_are_a_clear_line(text: str, message: str) -> None:
    with pytest.raises(NumbersError, match=message):
        read_numbers(text, two_layers())
