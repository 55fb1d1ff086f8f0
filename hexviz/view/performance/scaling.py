"""Time and memory of the benchmark's models against their size, with the open model among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hexviz.model.units import in_bytes
from hexviz.stages import Measured
from hexviz.view.palette import Theme
from hexviz.view.performance.chart import (
    INKS,
    STILL,
    Figure,
    axis,
    figure,
    hues,
    in_seconds,
    in_words,
    shortened,
)
from hexviz.view.performance.runs import Fit, Run, Span, Subject

__all__ = ["DRAWN", "GROUPS", "MEMORY", "Own", "fitted", "own_point", "scaling_figure", "spent"]

GROUPS: Mapping[str, tuple[str, ...]] = {
    "opening": ("read", "graph context", "inheritance", "recovery", "provenance"),
    "tagging": ("graph context", "inheritance", "recovery", "provenance"),
    "export": ("build model", "export"),
}
"""What is drawn as one point → the stages it is the sum of."""

_WHOLE = {"opening": "open", "tagging": "tagging"}  # the same, measured as one

MEMORY = {
    "kept": "objects of an opened model",
    "parsed": "onnx-ir's objects alone",
    "peak": "growth of the process",
}
"""What of the memory is measured → how it is called on the page."""

_KINDS = ("diamond", "pentagon", "star")
_SECONDS = [10.0**one for one in range(-5, 5)]
_BYTES = [10**one for one in range(3, 12)]
_WIDE = 100.0  # largest by smallest size from which powers of ten are marks enough
_SYMBOLS = {
    "opening": "circle",
    "tagging": "triangle-down",
    "export": "square",
}
DRAWN = ("tagging", "kept")
"""The figures whose fits are drawn as lines."""

_MOST_FITS = 4  # lines of a panel


@dataclass(frozen=True, slots=True)
class Own:
    """The open model: its ops, the seconds of the groups that were measured, bytes if they were."""

    name: str
    ops: int
    seconds: Mapping[str, float]
    bytes: float | None = None


def own_point(name: str, ops: int, *measured: Measured) -> Own:
    """The open model's point, from what was measured on its way."""
    timings: dict[str, float] = {}
    for one in measured:
        timings |= one.timings
    kept = [one.kept for part in measured for one in part.stages if not one.depth]
    known = [one for one in kept if one is not None]
    return Own(
        name,
        ops,
        {
            group: sum(timings.get(one, 0.0) for one in stages)
            for group, stages in GROUPS.items()
            if any(one in timings for one in stages)
        },
        float(sum(known)) if known else None,
    )


def spent(subject: Subject, group: str) -> Span | None:
    """The seconds of a group of stages of a model, added up; ``None`` if it has none of them."""
    whole = subject.stages.get(_WHOLE.get(group, ""))
    if whole is not None:
        return whole
    found = [subject.stages[one] for one in GROUPS[group] if one in subject.stages]
    if not found:
        return None
    return Span(
        sum(one.median for one in found),
        sum(one.low for one in found),
        sum(one.high for one in found),
    )


def fitted(fit: Fit) -> str:
    """A fit in words.

    >>> fitted(Fit("names", "tagging", 1.02, 0.98, 1.06, (1.0,), (1.0,)))
    'tagging, names: ops^1.02 (0.98–1.06)'
    """
    figure = f"{fit.figure} memory" if fit.figure in MEMORY else fit.figure
    return f"{figure}, {fit.flavour}: ops^{fit.exponent:.2f} ({fit.low:.2f}–{fit.high:.2f})"


def scaling_figure(runs: Sequence[tuple[str, Run]], own: Own | None, theme: Theme) -> Figure:
    """Seconds (left) and bytes (right) against ops, on log axes.

    ``runs`` are pairs of a name and a run, two at most: the second one's points
    are hollow and its lines dashed.
    """
    data: list[dict[str, Any]] = []
    for at, (name, run) in enumerate(runs):
        second = in_words(name) if at else ""
        data += _times(run, theme, second)
        data += _lines(run.time_fits, theme, second, "")
        data += _sizes(run, theme, second)
        data += _lines(run.memory_fits, theme, second, "2")
    data += _own(own, theme) if own is not None and own.ops else []
    marks = _marks(runs)
    ops = {"type": "log", "tickvals": marks, "ticktext": [_short(one) for one in marks]}
    return figure(
        data,
        theme,
        height=480,
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": -0.17, "yanchor": "top"} | STILL,
        xaxis=axis(theme, "ops", domain=[0, 0.45], **ops),
        yaxis=axis(
            theme,
            "time",
            type="log",
            tickvals=_SECONDS,
            ticktext=[f"{one:g} s" if one >= 1 else f"{one * 1e3:g} ms" for one in _SECONDS],
        ),
        xaxis2=axis(theme, "ops", domain=[0.57, 1], anchor="y2", matches="x", **ops),
        yaxis2=axis(
            theme,
            "memory",
            type="log",
            anchor="x2",
            tickvals=_BYTES,
            ticktext=[in_bytes(one).replace(".0", "") for one in _BYTES],
        ),
    )


def _times(run: Run, theme: Theme, second: str) -> Iterator[dict[str, Any]]:
    for group, colour in zip(GROUPS, hues(theme, len(GROUPS)), strict=True):
        found = [
            (one, span)
            for one in run.subjects
            if (span := spent(one, group)) is not None and span.median > 0
        ]
        if found:
            yield {
                "type": "scatter",
                "mode": "markers",
                "name": group if not second else f"hollow, dashed: {second}",
                "legendgroup": second or group,
                # One entry says of all hollow ones what they are.
                "showlegend": not second or group == next(iter(GROUPS)),
                "x": [one.ops for one, _ in found],
                "y": [span.median for _, span in found],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [span.high - span.median for _, span in found],
                    "arrayminus": [span.median - span.low for _, span in found],
                    "color": colour,
                    "thickness": 1.2,
                    "width": 3,
                },
                "marker": _marker(_SYMBOLS[group], colour, hollow=bool(second)),
                "customdata": [
                    [in_words(one.name), in_seconds(span.median)] for one, span in found
                ],
                "hovertemplate": "<b>%{customdata[0]}</b><br>%{x:,} ops, %{customdata[1]}"
                f"<extra>{group} {second}</extra>",
            }


def _lines(fits: Sequence[Fit], theme: Theme, second: str, panel: str) -> Iterator[dict[str, Any]]:
    drawn = [one for one in fits if one.figure in DRAWN][:_MOST_FITS]
    for at, fit in enumerate(drawn):
        sizes, amounts = fit.line
        yield {
            "type": "scatter",
            "mode": "lines",
            "xaxis": f"x{panel}",
            "yaxis": f"y{panel}",
            "name": "how they grow: below",
            "showlegend": not second and not panel and at == 0,
            "x": sizes,
            "y": amounts,
            "line": {
                "color": INKS[theme].quiet,
                "width": 1.3,
                "dash": "dash" if second else "solid",
            },
            "customdata": [in_words(shortened(fitted(fit), 80))] * len(sizes),
            "hovertemplate": "%{customdata}<extra></extra>",
        }


def _sizes(run: Run, theme: Theme, second: str) -> Iterator[dict[str, Any]]:
    colours = hues(theme, 2 * len(MEMORY))[1::2]
    for (name, says), symbol, colour in zip(MEMORY.items(), _KINDS, colours, strict=True):
        found = [one for one in run.subjects if one.memory.get(name)]
        if found:
            yield {
                "type": "scatter",
                "mode": "markers",
                "xaxis": "x2",
                "yaxis": "y2",
                "name": says,
                "showlegend": not second,
                "x": [one.ops for one in found],
                "y": [one.memory[name] for one in found],
                "marker": _marker(symbol, colour, hollow=bool(second)),
                "customdata": [[in_words(one.name), in_bytes(one.memory[name])] for one in found],
                "hovertemplate": "<b>%{customdata[0]}</b><br>%{x:,} ops, %{customdata[1]}"
                f"<extra>{says} {second}</extra>",
            }


def _marks(runs: Sequence[tuple[str, Run]]) -> list[int]:
    """The numbers of ops that are written at the axis."""
    sizes = [one.ops for _, run in runs for one in run.subjects] or [1]
    steps = (1,) if max(sizes) / min(sizes) >= _WIDE else (1, 2, 5)
    return [step * 10**power for power in range(8) for step in steps]


def _short(count: int) -> str:
    """A number of ops on an axis.

    >>> _short(100), _short(10_000), _short(1_000_000)
    ('100', '10k', '1M')
    """
    if count >= 1_000_000:
        return f"{count // 1_000_000}M"
    return f"{count // 1000}k" if count >= 1000 else str(count)


def _own(own: Own, theme: Theme) -> Iterator[dict[str, Any]]:
    inks = INKS[theme]
    points = [("x", "y", group, one) for group, one in own.seconds.items() if one > 0]
    if own.bytes:
        points.append(("x2", "y2", MEMORY["kept"], own.bytes))
    for at, (across, up, group, value) in enumerate(points):
        yield {
            "type": "scatter",
            "mode": "markers",
            "xaxis": across,
            "yaxis": up,
            "name": "the open model",
            "legendgroup": "own",
            "showlegend": at == 0,
            "x": [own.ops],
            "y": [value],
            "marker": {
                "symbol": "cross-thin",
                "size": 14,
                "color": inks.ink,
                "line": {"width": 2.6, "color": inks.ink},
            },
            "customdata": [in_words(own.name)],
            "hovertemplate": f"<b>%{{customdata}}</b><br>%{{x:,}} ops, %{{y:.3g}}"
            f"<extra>{group}</extra>",
        }


def _marker(symbol: str, colour: str, *, hollow: bool) -> dict[str, Any]:
    return {
        "symbol": f"{symbol}-open" if hollow else symbol,
        "size": 9 if hollow else 7.5,
        "color": colour,
        "line": {"width": 1.8 if hollow else 0, "color": colour},
    }
