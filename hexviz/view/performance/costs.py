"""What auxiliary ops cost: how many, how large in the file, how their module was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hexviz.model.graph import TaggedGraph
from hexviz.model.op import CATEGORIES, ORIGINS
from hexviz.model.units import in_bytes
from hexviz.view.palette import Theme
from hexviz.view.performance.chart import (
    INKS,
    PATTERNS,
    STILL,
    Figure,
    axis,
    figure,
    hues,
)

__all__ = ["PRIMARY", "Cost", "cost_figure", "costs", "node_bytes"]

PRIMARY = "primary ops"
"""The row of all that is not auxiliary."""


@dataclass(slots=True)
class Cost:
    """What the ops of one category come to.

    ``bytes`` is what their nodes take in the file, without weights and without
    the bodies of If, Loop and Scan, whose ops count for themselves.
    ``origins`` counts them by how their module was found. ``links`` is the sum
    of the steps from each to the op that gave its context, ``longest`` the
    most of one op; a chain of over 32 steps counts as 32.
    """

    category: str
    ops: int = 0
    bytes: int = 0
    origins: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ORIGINS, 0))
    links: int = 0
    longest: int = 0


def costs(graph: TaggedGraph) -> list[Cost]:
    """A row for the primary ops and one for each category of auxiliary ops; linear in the graph."""
    rows = {name: Cost(name) for name in (PRIMARY, *CATEGORIES)}
    for op, size in zip(graph.ops, node_bytes(graph), strict=True):
        row = rows[op.auxiliary or PRIMARY]
        row.ops += 1
        row.bytes += size
        row.origins[op.provenance.origin] += 1
        links = len(op.context.evidence) if op.context is not None else 0
        row.links += links
        row.longest = max(row.longest, links)
    return list(rows.values())


def node_bytes(graph: TaggedGraph) -> list[int]:
    """Bytes of each op's node in the file, by position, without what its bodies hold."""
    inside: dict[str, int] = {}
    for body in graph.flat.bodies:
        if body.owner:
            inside[body.owner] = inside.get(body.owner, 0) + body.proto.ByteSize()
    return [op.node.ByteSize() - inside.get(op.id, 0) for op in graph.flat.ops]


def cost_figure(rows: Sequence[Cost], theme: Theme) -> Figure:
    """The share of each category in the ops, in the bytes, and in the links followed."""
    inks = INKS[theme]
    measures = {
        "ops": [one.ops for one in rows],
        "bytes": [one.bytes for one in rows],
        "links followed": [one.links for one in rows],
    }
    totals = {name: sum(values) for name, values in measures.items()}
    told: dict[str, Callable[[int], str]] = {
        "ops": lambda count: f"{count:,} ops",
        "bytes": in_bytes,
        "links followed": lambda count: f"{count:,} links",
    }
    colours = [inks.quiet, *hues(theme, len(rows) - 1)]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": row.category,
            "y": list(measures),
            "x": [
                100 * values[at] / totals[name] if totals[name] else 0
                for name, values in measures.items()
            ],
            "customdata": [told[name](values[at]) for name, values in measures.items()],
            "marker": {
                "color": colours[at],
                "line": {"width": 1, "color": inks.surface},
                "pattern": {
                    "shape": PATTERNS[at % len(PATTERNS)],
                    "bgcolor": colours[at],
                    "fgcolor": inks.surface,
                    "fgopacity": 0.75,
                    "size": 6,
                    "solidity": 0.16,
                },
            },
            "hovertemplate": f"<b>{row.category}</b><br>%{{customdata}}, %{{x:.1f}} %"
            "<extra></extra>",
        }
        for at, row in enumerate(rows)
    ]
    return figure(
        data,
        theme,
        height=210,
        barmode="stack",
        bargap=0.35,
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": -0.22, "yanchor": "top", "traceorder": "normal"}
        | STILL,
        xaxis=axis(theme, range=[0, 100], ticksuffix=" %", showgrid=False),
        yaxis=axis(
            theme,
            autorange="reversed",
            showgrid=False,
            ticksuffix="\u00a0\u00a0",
            tickfont={"size": 12, "color": inks.ink},
        ),
    )
