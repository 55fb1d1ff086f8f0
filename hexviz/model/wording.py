"""Numbers of things, as every floor above says them."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["counted", "listed"]


def counted(count: int, noun: str) -> str:
    """A number of things, in digits, with the noun in its form.

    >>> counted(1, "op"), counted(1200, "op"), counted(0, "info")
    ('1 op', '1,200 ops', '0 info')
    """
    return f"{count:,} {noun}{'' if count == 1 or noun == 'info' else 's'}"


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
