"""The stages of a model's way onto the page, one below the other by when they ran.

::

    build model   ████
    export            ██████████████
      decompose          ████
    ┄┄ opened later ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄
    read                            █
    inheritance                      ███
    layout                              ██
    paint                                 █
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hexviz.model.units import in_bytes
from hexviz.stages import Measured, Stage
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

__all__ = ["IN_WORDS", "Bar", "Part", "bars", "stage_figure"]

Part = Literal["export", "opening", "drawing", "browser"]
"""When a stage ran: at the export, on the way to a tagged graph, for a picture, in the browser."""

_PARTS: tuple[Part, ...] = ("export", "opening", "drawing", "browser")
_WRITTEN = ("export", "serialise")  # the picture has a stage of that name as well
_ROW = 26  # pixels of height for each bar
_AXIS = 58  # and for an axis below
_SPACE = "\u00a0"

IN_WORDS: Mapping[Part, str] = {
    "export": "at its export",
    "opening": "when it was opened",
    "drawing": "for the first picture",
    "browser": "in the browser",
}
"""Part → how it is called on the page."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One stage: times in seconds, sizes in bytes, ``None`` where it was not measured.

    ``start`` counts from the first stage of all; pauses between outermost
    stages, as between an export and the opening of its file, are left out. ``share`` is of the sum
    of all outermost stages. ``cpu`` is processor time by wall-clock time,
    over 1 if several threads worked.
    """

    name: str
    part: Part
    depth: int
    start: float
    seconds: float
    share: float
    cpu: float | None
    peak: int | None
    kept: int | None


def bars(
    exported: Measured | None,
    opened: Measured,
    drawn: Sequence[Stage] = (),
    in_browser: Sequence[tuple[str, float]] = (),
) -> list[Bar]:
    """All stages in the order in which they began, those inside another one right after it.

    ``drawn`` is what the server did for the first picture, ``in_browser`` what
    the browser did afterwards (name, seconds).
    """
    shown = tuple(Stage(name, 0.0, seconds, 0.0, 0, 0) for name, seconds in in_browser)
    parts: list[tuple[Part, Sequence[Stage]]] = [
        ("export", exported.stages if exported is not None else ()),
        ("opening", opened.stages),
        ("drawing", drawn),
        *(("browser", (one,)) for one in shown),
    ]
    total = sum(one.seconds for _, stages in parts for one in stages if not one.depth)
    found: list[Bar] = []
    ended = 0.0
    for part, stages in parts:
        began = 0.0
        for one in sorted(stages, key=lambda one: (one.start, one.depth)):
            if not one.depth:
                ended = max((one.start + one.seconds for one in found), default=0.0)
                began = one.start
            known = part != "browser" and one.seconds > 0
            found.append(
                Bar(
                    name="write the file" if (part, one.name) == _WRITTEN else one.name,
                    part=part,
                    depth=one.depth,
                    start=ended + one.start - began,
                    seconds=one.seconds,
                    share=one.seconds / total if total else 0.0,
                    cpu=one.cpu_seconds / one.seconds if known else None,
                    peak=one.peak,
                    kept=one.kept,
                )
            )
    return found


def stage_figure(found: Sequence[Bar], theme: Theme) -> Figure:
    """The stages as bars by when they began and how long they took.

    An export takes many times what comes after it, so it has a scale of its
    own, and what comes after it one that starts again at zero.
    """
    export = [one for one in found if one.part == "export"]
    later = [one for one in found if one.part != "export"]
    panels = [
        (title, rows)
        for title, rows in (
            ("seconds at the export", export),
            ("seconds from the file to the screen", later),
        )
        if rows
    ]
    height = sum(_ROW * len(rows) + _AXIS for _, rows in panels)
    colours = dict(zip(_PARTS, hues(theme, len(_PARTS)), strict=True))
    data: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    top = height
    for at, (title, rows) in enumerate(panels):
        suffix = str(at + 1) if at else ""
        bottom = top - _ROW * len(rows)
        began = min(one.start for one in rows)
        end = max(one.start + one.seconds for one in rows) - began or 1.0
        data += _panel(rows, began, suffix, colours, INKS[theme].ink)
        axes |= {
            f"xaxis{suffix}": axis(theme, title, range=[0, end * 1.14], anchor=f"y{suffix}"),
            f"yaxis{suffix}": axis(
                theme,
                range=[len(rows) - 0.5, -0.5],
                domain=[bottom / height, top / height],
                anchor=f"x{suffix}",
                tickvals=list(range(len(rows))),
                ticktext=[_label(one) for one in rows],
                showgrid=False,
                tickfont={"size": 12, "color": INKS[theme].ink},
            ),
        }
        top = bottom - _AXIS
    return figure(
        data,
        theme,
        height=height + 48,
        barmode="overlay",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"} | STILL,
        margin={"l": 8, "r": 24, "t": 32, "b": 8},
        **axes,
    )


def _panel(
    rows: Sequence[Bar], began: float, suffix: str, colours: dict[Part, str], ink: str
) -> Iterator[dict[str, Any]]:
    place = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
    for part in _PARTS:
        shown = [(at, one) for at, one in enumerate(rows) if one.part == part]
        if not shown:
            continue
        yield place | {
            "type": "bar",
            "orientation": "h",
            "name": IN_WORDS[part],
            "y": [at for at, _ in shown],
            "x": [one.seconds for _, one in shown],
            "base": [one.start - began for _, one in shown],
            "width": [0.4 if one.depth else 0.64 for _, one in shown],
            "marker": {
                "color": colours[part],
                "opacity": [0.6 if one.depth else 1.0 for _, one in shown],
                # Two pixels at least: what takes a thousandth of the time is still there.
                "line": {"width": 2, "color": colours[part]},
            },
            "customdata": [[in_words(one.name), _told(one)] for _, one in shown],
            "hovertemplate": "<b>%{customdata[0]}</b><br>%{customdata[1]}<extra></extra>",
        }
    yield place | {
        "type": "scatter",
        "mode": "text",
        "y": list(range(len(rows))),
        "x": [one.start - began + one.seconds for one in rows],
        "text": [f"{_SPACE * 2}{in_seconds(one.seconds)}" for one in rows],
        "textposition": "middle right",
        "textfont": {"size": 11.5, "color": ink},
        "cliponaxis": False,
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _label(one: Bar) -> str:
    return "↳ " * one.depth + in_words(shortened(one.name)) + _SPACE * 2


def _told(one: Bar) -> str:
    told = [in_seconds(one.seconds), f"{one.share:.1%} of all"]
    if one.cpu is not None:
        told.append(f"processor at {one.cpu:.0%}")
    if one.peak is not None:
        told.append(f"{in_bytes(one.peak)} more at most")
    if one.kept is not None:
        told.append(f"{in_bytes(one.kept)} kept")
    return "<br>".join(told)
