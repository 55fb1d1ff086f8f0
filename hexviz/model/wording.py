"""Numbers of things, as every floor above says them."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["counted", "in_bytes", "in_thousands", "listed"]


def counted(count: int, noun: str) -> str:
    """A number of things, in digits, with the noun in its form.

    >>> counted(1, "op"), counted(1200, "op"), counted(0, "info")
    ('1 op', '1,200 ops', '0 info')
    """
    return f"{count:,} {noun}{'' if count == 1 or noun == 'info' else 's'}"


def in_thousands(count: int) -> str:
    """A large number in three digits and a prefix, a small one as it is.

    >>> in_thousands(999), in_thousands(12_877_824), in_thousands(1_981_231_104)
    ('999', '12.9 M', '1.98 G')
    """
    return _with_prefix(count, "")


def in_bytes(count: int) -> str:
    """Bytes in three digits, in powers of ten.

    >>> in_bytes(12), in_bytes(149_504), in_bytes(497_280_936)
    ('12 B', '150 kB', '497 MB')
    """
    return _with_prefix(count, "B")


def _with_prefix(count: int, unit: str) -> str:
    if abs(count) < 1000:
        return f"{count} {unit}".rstrip()
    scaled = float(count)
    for prefix in "kMGTPE":
        scaled /= 1000
        if abs(scaled) < 999.5 or prefix == "E":
            digits = 2 if abs(scaled) < 9.995 else 1 if abs(scaled) < 99.95 else 0
            return f"{scaled:.{digits}f} {prefix}{unit}"
    raise AssertionError("the last prefix takes all")


def listed(names: Sequence[str], *, most: int = 2, total: int | None = None) -> str:
    """The first names in a sentence, and how many more there are of ``total``.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"]), listed(["a"], total=3)
    ('a', 'a and b', 'a, b and 1 more', 'a and 2 more')
    """
    shown = names[:most]
    left_out = (len(names) if total is None else total) - len(shown)
    if left_out:
        return f"{', '.join(shown)} and {left_out:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if shown[1:] else shown)
