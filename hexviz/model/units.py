"""Figures as people read them: times, sizes, counts, errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

__all__ = ["FORMATS", "in_count", "in_error", "in_time"]

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_STEP = 1000.0


def _three(number: float) -> str:
    """Three digits, or all before the point.

    >>> _three(1.2345), _three(12.345), _three(123.45), _three(2.0)
    ('1.23', '12.3', '123', '2')
    """
    digits = 2 if abs(number) < 9.995 else 1 if abs(number) < 99.95 else 0
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scaled(number: float, units: tuple[str, ...]) -> str:
    last = units[-1]
    for unit in units:
        if abs(number) < 999.5 or unit is last:
            return f"{_three(number)} {unit}".rstrip()
        number /= _STEP
    raise AssertionError  # the last unit takes all


def in_time(us: float) -> str:
    """A time in microseconds.

    >>> in_time(0), in_time(0.034), in_time(12.3), in_time(4_560), in_time(2_000_000)
    ('0 µs', '34 ns', '12.3 µs', '4.56 ms', '2 s')
    """
    if 0 < us < 0.9995:
        return f"{_three(us * _STEP)} ns"
    return _scaled(us, ("µs", "ms", "s"))


def in_bytes(count: float) -> str:
    """A size in bytes, by powers of ten.

    >>> in_bytes(12), in_bytes(438_000_000), in_bytes(1.75e9)
    ('12 B', '438 MB', '1.75 GB')
    """
    return _scaled(count, ("B", "kB", "MB", "GB", "TB"))


def in_count(count: float) -> str:
    """A number of things.

    >>> in_count(0), in_count(768), in_count(110_000_000), in_count(1.12e10)
    ('0', '768', '110 M', '11.2 G')
    """
    return _scaled(count, ("", "k", "M", "G", "T"))


def in_share(share: float) -> str:
    """A share of a whole.

    >>> in_share(0.0), in_share(0.004), in_share(0.127), in_share(1.0)
    ('0 %', '0.4 %', '12.7 %', '100 %')
    """
    return f"{_three(100 * share)} %"


def in_time_per_mac(us: float) -> str:
    """Microseconds for each multiplication with addition: a million times as many picoseconds.

    >>> in_time_per_mac(2e-5), in_time_per_mac(0.0041)
    ('20 ps', '4.1 ns')
    """
    return _scaled(us * 1e6, ("ps", "ns", "µs", "ms"))


def in_error(error: float) -> str:
    """A relative error: one digit and the power of ten; what no number tells is infinite.

    >>> in_error(0.0), in_error(0.0312), in_error(9.7e-8), in_error(1.0), in_error(math.inf)
    ('0', '3·10⁻²', '1·10⁻⁷', '1', 'no number')
    """
    if not error:
        return "0"
    if math.isinf(error):
        return "no number"
    digit, _, power = f"{error:.0e}".partition("e")
    return digit if int(power) == 0 else f"{digit}·10{str(int(power)).translate(_SUPERSCRIPT)}"


FORMATS: Mapping[str, Callable[[float], str]] = MappingProxyType(
    {
        "count": in_count,
        "bytes": in_bytes,
        "us": in_time,
        "share": in_share,
        "us_per_mac": in_time_per_mac,
        "error": in_error,
    }
)
"""What a figure is measured in → how it is written."""
