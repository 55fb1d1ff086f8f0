"""How long each module took while its model was traced for the export."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hexviz.model.modules import ModuleTree
from hexviz.view.palette import Palette, Theme
from hexviz.view.performance.chart import (
    INKS,
    Figure,
    axis,
    figure,
    in_seconds,
    in_words,
    shortened,
)

__all__ = ["MOST", "Traced", "module_figure", "traced"]

MOST = 15
"""Modules that are shown one by one."""

_ROW = 26
_SPACE = "\u00a0"
_INDEXED = re.compile(r"\.\d+$")


@dataclass(frozen=True, slots=True)
class Traced:
    """A module's own seconds while it was traced.

    ``fqn`` is ``None`` for what all others come to, ``modules`` how many that
    are. ``tag`` is its name as shown; ``known`` says that the graph has it.
    """

    fqn: str | None
    tag: str
    seconds: float
    share: float
    known: bool
    modules: int = 1


def traced(seconds: Mapping[str, float], tree: ModuleTree) -> list[Traced]:
    """The modules that took longest, longest first, and the rest as one row."""
    total = sum(seconds.values())
    ordered = sorted(seconds.items(), key=lambda one: (-one[1], one[0]))
    rows = [
        Traced(
            fqn=fqn,
            tag=tree[fqn].tag if fqn in tree else fqn,
            seconds=own,
            share=own / total if total else 0.0,
            known=fqn in tree,
        )
        for fqn, own in ordered[:MOST]
    ]
    rest = ordered[MOST:]
    if rest:
        own = sum(one for _, one in rest)
        share = own / total if total else 0.0
        rows.append(Traced(None, f"{len(rest):,} others", own, share, False, len(rest)))
    return rows


def module_figure(rows: Sequence[Traced], tree: ModuleTree, theme: Theme) -> Figure:
    """The modules as bars in their colours in the graph; a click tells which by its FQN."""
    inks = INKS[theme]
    swatches = Palette(tree, theme)
    colours = [
        swatches[one.fqn].border if one.fqn is not None and one.known else inks.quiet
        for one in rows
    ]
    at = list(range(len(rows)))
    end = max((one.seconds for one in rows), default=0.0) or 1.0
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "y": at,
            "x": [one.seconds for one in rows],
            "marker": {"color": colours, "line": {"width": 1.5, "color": colours}},
            "text": [f"{_SPACE}{in_seconds(one.seconds)}" for one in rows],
            "textposition": "outside",
            "textfont": {"size": 11.5, "color": inks.ink},
            "cliponaxis": False,
            "customdata": [
                [
                    one.fqn if one.known else None,
                    in_words(shortened(one.tag, 120)),
                    f"{one.share:.1%}",
                ]
                for one in rows
            ],
            "hovertemplate": "<b>%{customdata[1]}</b><br>%{text}, %{customdata[2]} of all"
            "<extra></extra>",
        }
    ]
    return figure(
        data,
        theme,
        height=52 + _ROW * max(len(rows), 1),
        bargap=0.35,
        xaxis=axis(theme, "own seconds while tracing", range=[0, end * 1.16]),
        yaxis=axis(
            theme,
            range=[len(rows) - 0.4, -0.6],
            tickvals=at,
            ticktext=[in_words(_end(one.tag)) + _SPACE * 2 for one in rows],
            showgrid=False,
            tickfont={"size": 12, "color": inks.ink},
        ),
    )


def _end(tag: str) -> str:
    """The end of a tag with the last index before it, which tells modules of one kind apart.

    >>> _end("/BertModel/BertEncoder/BertLayer.0/BertAttention/BertSelfAttention/Linear.query")
    'BertLayer.0/…/BertSelfAttention/Linear.query'
    """
    *before, last, end = tag.strip("/").split("/") if tag.count("/") > 3 else ["", tag]
    if not before:
        return shortened(tag)
    at = next((one for one in reversed(range(len(before))) if _INDEXED.search(before[one])), None)
    index = [] if at is None else [before[at]]
    gap = [] if at == len(before) - 1 else ["…"]
    return shortened("/".join([*index, *gap, last, end]))
