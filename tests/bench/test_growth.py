"""Exponents of growth: exact on exact powers, and as sure as the points are."""

import pytest

from hexviz.bench.growth import exponent

SIZES = [1_000, 5_000, 20_000, 100_000]


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
def test_a_power_law_has_its_exponent_and_no_doubt(power: float) -> None:
    fit = exponent(SIZES, [3e-6 * size**power for size in SIZES])
    assert fit == {"exponent": power, "low": power, "high": power}


def test_the_interval_is_students_over_the_residuals() -> None:
    # By hand: log sizes 0, 1, 2 and log figures 0, 1, 4 give the slope 2, residuals
    # 1/3, -2/3, 1/3, hence a standard error of sqrt(2/3 / 1 / 2), times 12.706 for one degree.
    e = 2.718281828459045
    fit = exponent([1, e, e**2], [1.0, e, e**4])  # type: ignore[list-item]
    assert fit["exponent"] == 2
    assert fit["high"] - 2 == pytest.approx(12.706 * (2 / 3 / 2) ** 0.5, abs=1e-3)
    assert 2 - fit["low"] == pytest.approx(fit["high"] - 2, abs=1e-3)


def test_noise_widens_the_interval_and_more_sizes_narrow_it() -> None:
    noise = [1.1, 0.9, 1.1, 0.9, 1.1, 0.9]
    sizes = [*SIZES, 200_000, 500_000]
    figures = [size * one for size, one in zip(sizes, noise, strict=True)]
    few, more = exponent(sizes[:4], figures[:4]), exponent(sizes, figures)
    assert few["low"] < few["exponent"] < few["high"]
    assert more["high"] - more["low"] < few["high"] - few["low"]


def test_two_sizes_are_no_growth() -> None:
    with pytest.raises(ValueError, match="3 sizes"):
        exponent([1, 2, 2], [1.0, 2.0, 2.0])
