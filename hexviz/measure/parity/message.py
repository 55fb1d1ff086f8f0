"""The answer in one line."""

from __future__ import annotations

from collections.abc import Sequence

from hexviz.measure.documents import CallError, TensorError, Unpaired
from hexviz.measure.parity.tensor_error import relative_error
from hexviz.model.units import in_error

__all__ = ["figure", "message", "which"]

_MOST = 3  # modules that are named besides the first


def message(
    found: Sequence[CallError],
    divergences: Sequence[int],
    unpaired: Sequence[Unpaired],
) -> str:
    """What diverges first and by how much, what else does, and what nobody knows."""
    calls = [one for one in found if one.how != "same"]
    if not divergences:
        worst = max((one.own for one in calls if one.own), key=relative_error, default=None)
        count = f"{len(calls)} output{'s' * (len(calls) != 1)} of modules"
        line = f"no divergence: of {count}, none adds more than {figure(worst)} by itself"
    else:
        first = found[divergences[0]]
        line = f"first divergence: {_named(first)}, {_error(first)}"
        others = _others(found, divergences)
        if others:
            listed = ", ".join(others[:_MOST])
            more = len(others) - _MOST
            line += f"; by {'itself' if len(others) == 1 else 'themselves'} also {listed}"
            line += f" and {more} more" if more > 0 else ""
    if unpaired:
        line += f"; {len(unpaired)} output{'s' * (len(unpaired) > 1)} could not be compared"
    return line


def figure(error: TensorError | None) -> str:
    """A relative error, ``3·10⁻²``, as people write it.

    >>> figure(TensorError(max_abs_error=1, max_rel_error=0.031, cosine=None, sqnr_db=None))
    '3·10⁻²'
    """
    if error is None:
        return "unknown"
    relative = relative_error(error)
    return in_error(relative)


def which(call: int, output: int) -> str:
    """Which call of a module it is and which of its outputs; the first goes without saying.

    >>> which(0, 0), which(1, 0), which(1, 2)
    ('', ' (call 2)', ' (call 2, output 3)')
    """
    said = [f"call {call + 1}"] * bool(call) + [f"output {output + 1}"] * bool(output)
    return f" ({', '.join(said)})" if said else ""


def _named(one: CallError) -> str:
    name = one.module or "the model itself"
    name += which(one.call, 0 if one.handed_to else one.output)
    if one.handed_to:
        name += f", in what it hands to {one.handed_to}"
    if one.modules:
        name += f" (or {', '.join(other or 'the model itself' for other in one.modules[:_MOST])})"
    return name


def _error(one: CallError) -> str:
    if one.own is None:
        natural = TensorError(
            max_abs_error=one.max_abs_error,
            max_rel_error=one.max_rel_error,
            cosine=one.cosine,
            sqnr_db=one.sqnr_db,
        )
        return f"error {figure(natural)}, its own is not known"
    return f"own error {figure(one.own)}, its inputs agree"


def _others(found: Sequence[CallError], divergences: Sequence[int]) -> list[str]:
    """The other modules that diverge, each once."""
    first = found[divergences[0]]
    named = [found[at].module or "the model itself" for at in divergences[1:]]
    return [one for one in dict.fromkeys(named) if one != (first.module or "the model itself")]
