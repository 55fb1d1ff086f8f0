"""What the server took for a picture: the first one of a model, and the answer to an event."""

from __future__ import annotations

from collections.abc import Iterable

from hexviz.stages import Stage

__all__ = ["first_picture", "server_timing"]

_DRAWING = ("layout", "serialise")


def first_picture(known: tuple[Stage, ...], more: Iterable[Stage]) -> tuple[Stage, ...]:
    """The stages of a first picture, one after the other, with those that are not yet ``known``.

    What is laid out in several steps counts as one. The layout may be done
    before anybody asks for the picture, so its stages come in two parts.
    """
    names = {one.name for one in known}
    seconds: dict[str, tuple[float, float]] = {one.name: _spent(one) for one in known}
    for one in more:
        if one.name in _DRAWING and one.name not in names:
            wall, cpu = seconds.get(one.name, (0.0, 0.0))
            seconds[one.name] = (wall + one.seconds, cpu + one.cpu_seconds)
    found: list[Stage] = []
    for name in _DRAWING:
        if name in seconds:
            start = found[-1].start + found[-1].seconds if found else 0.0
            found.append(Stage(name, start, *seconds[name], depth=0, blocks=0))
    return tuple(found)


def server_timing(stages: Iterable[Stage]) -> str:
    """The stages of an answer as the header ``Server-Timing`` says them: in milliseconds.

    https://www.w3.org/TR/server-timing/ : browsers show it beside the request.
    """
    total: dict[str, float] = {}
    for one in stages:
        total[one.name] = total.get(one.name, 0.0) + one.seconds
    return ", ".join(
        f"{name};dur={total[name] * 1e3:.2f}" for name in ("answer", *_DRAWING) if name in total
    )


def _spent(one: Stage) -> tuple[float, float]:
    return one.seconds, one.cpu_seconds
