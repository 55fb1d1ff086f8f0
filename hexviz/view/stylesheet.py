"""The Cytoscape stylesheet of a theme.

What tells elements apart is in their data, because a change to the elements
drops classes. Classes are for what comes and goes in the browser alone:
``selected``, ``evidence``, ``step``, ``place``, ``dimmed``, ``hover``, ``match``, and ``shown`` on
an edge whose source is pointed at.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hexviz.view.metrics import CAPTION_SIZE
from hexviz.view.palette import Theme

__all__ = ["CANVAS", "FONT", "stylesheet"]

FONT = 'Inter, "Segoe UI", "Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif'
"""Fonts close in width to the table in :mod:`hexviz.view.metrics`."""

CANVAS: Mapping[str, Any] = MappingProxyType({
    "autoungrabify": True,
    "boxSelectionEnabled": True,
    "maxZoom": 2,
    "minZoom": 0.02,
})  # fmt: skip
"""Options of every Cytoscape canvas that the stylesheet is for."""

_COLOURS: dict[Theme, dict[str, str]] = {
    "light": {
        "edge": "#3d444e",
        "faint": "#707782",
        "edge_label": "#20252c",
        "end_fill": "#272c33",
        "end_ink": "#ffffff",
        "accent": "#0b57d0",
        "evidence": "#a83f00",
        "match": "#f5b400",
        "border": "#7b1fa2",
        "stub": "#ffffff",
        "stub_ink": "#2b3138",
    },
    "dark": {
        "edge": "#c4cad3",
        "faint": "#8d95a1",
        "edge_label": "#e6e9ed",
        "end_fill": "#dfe3e8",
        "end_ink": "#14171c",
        "accent": "#8ab4f8",
        "evidence": "#ffa266",
        "match": "#f0cf65",
        "border": "#d9a3ff",
        "stub": "#14171c",
        "stub_ink": "#dfe3e8",
    },
}


def stylesheet(theme: Theme) -> list[dict[str, Any]]:
    """Rules for ``Cytoscape(stylesheet=…)``; they change with the theme only."""
    colours = _COLOURS[theme]
    return [
        *_nodes(colours),
        _moved(colours),
        *_edges(colours),
        *_fates(colours),
        *_classes(colours),
    ]


def _rule(selector: str, **style: Any) -> dict[str, Any]:
    return {
        "selector": selector,
        "style": {name.replace("_", "-"): value for name, value in style.items()},
    }


def _nodes(colours: dict[str, str]) -> list[dict[str, Any]]:
    return [
        _rule(
            "node",
            # An empty list: Cytoscape otherwise looks for images on every node in every frame.
            background_image=[],
            shape="round-rectangle",
            width="data(width)",
            height="data(height)",
            border_width=1.2,
            border_style="solid",
            label="data(label)",
            font_family=FONT,
            font_size=12,
            min_zoomed_font_size=4,
            text_valign="center",
            text_halign="center",
            text_wrap="wrap",
            text_max_width="1000px",
            line_height=1.25,
            z_index="data(z)",
            z_index_compare="manual",
            overlay_padding=3,
        ),
        _rule(
            "node[fill]",
            background_color="data(fill)",
            border_color="data(border)",
            color="data(ink)",
        ),
        _rule('node[kind = "module"][open = 0], node[kind = "section"][open = 0]', font_weight=500),
        # No module: sharp corners and a thin line.
        _rule('node[kind = "call"]', shape="rectangle", border_width=1),
        _rule(
            'node[kind = "module"][open = 1], node[kind = "section"][open = 1], '
            'node[kind = "call"][open = 1]',
            font_weight="bold",
            text_valign="top",
            text_halign="right",
            text_margin_x="data(title_x)",
            text_margin_y=22,
            text_wrap="none",
            overlay_opacity=0,
        ),
        _rule('node[kind = "section"]', border_style="dashed", shape="rectangle"),
        # What nothing names, like the ops in it.
        _rule("node[found = 1]", border_style="dashed", border_width=2),
        _rule('node[origin = "transferred"]', border_style="solid", border_width=2.6),
        _rule('node[origin = "inherited"]', border_style="dashed"),
        _rule('node[origin = "recovered"]', border_style="dashed", border_width=2.6),
        _rule('node[origin = "fallback"]', border_style="dotted", border_width=2),
        _rule('node[origin = "manual"]', border_style="double", border_width=4),
        _rule('node[kind = "constant"]', shape="ellipse", border_width=1.2),
        _rule(
            'node[kind = "input"], node[kind = "output"]',
            background_color=colours["end_fill"],
            border_color=colours["end_fill"],
            color=colours["end_ink"],
            font_weight=500,
        ),
        # Barrels, as drawn by Cytoscape for round corners of half the height.
        _rule('node[kind = "input"]', shape="cut-rectangle"),
        _rule('node[kind = "output"]', shape="cut-rectangle", border_style="double"),
        _rule(
            'node[kind = "stub"]',
            background_color=colours["stub"],
            border_color=colours["edge"],
            border_width=1,
            color=colours["stub_ink"],
            font_size=CAPTION_SIZE,
        ),
        _rule(
            'node[kind = "hidden"]',
            shape="round-octagon",
            background_color=colours["stub"],
            border_color=colours["edge"],
            border_style="dashed",
            color=colours["stub_ink"],
            font_size=CAPTION_SIZE,
        ),
    ]


def _edges(colours: dict[str, str]) -> list[dict[str, Any]]:
    return [
        _rule(
            "edge",
            width="data(width)",
            line_color=colours["edge"],
            target_arrow_color=colours["edge"],
            target_arrow_shape="triangle",
            arrow_scale=0.75,
            curve_style="straight",
            source_endpoint="0% 50%",
            target_endpoint="0% -50%",
            z_index=500,
            z_index_compare="manual",
            font_family=FONT,
            font_size=CAPTION_SIZE,
            min_zoomed_font_size=5,
            color=colours["edge_label"],
            overlay_padding=3,
        ),
        _rule(
            "edge[?label]",
            label="data(label)",
            text_margin_x="data(label_x)",
            text_margin_y="data(label_y)",
            text_background_color=colours["stub"],
            text_background_opacity=1,
            text_background_padding="2px",
            text_background_shape="roundrectangle",
        ),
        _rule(
            "edge[bends > 0]",
            curve_style="unbundled-bezier",
            edge_distances="node-position",
            control_point_distances="data(distances)",
            control_point_weights="data(weights)",
        ),
        # Constants and shapes step back behind the tensors.
        _rule("edge[live = 0]", line_color=colours["faint"], target_arrow_color=colours["faint"]),
        _rule("edge[?enter]", target_endpoint="data(enter)"),
        _rule(
            "edge[beside = 1]",
            source_endpoint="50% 0%",
            target_endpoint="-50% 0%",
            target_arrow_shape="none",
            width=1,
        ),
        _rule(
            "edge[via > 0]",
            line_style="dashed",
            line_dash_pattern=[6, 4],
        ),
        # The lines that stubs stand for: there to be shown when one is pointed at.
        _rule(
            "edge[fan = 1]",
            display="none",
            curve_style="unbundled-bezier",
            control_point_distances=[40],
            control_point_weights=[0.5],
            line_style="dotted",
        ),
        _rule("edge.shown", display="element"),
    ]


def _moved(colours: dict[str, str]) -> dict[str, Any]:
    """What stands where it is used, and not where it ran, and closed boxes with such."""
    return _rule(
        "node[moved > 0]",
        underlay_color=colours["evidence"],
        underlay_opacity=0.3,
        underlay_padding=4,
        underlay_shape="round-rectangle",
    )


def _fates(colours: dict[str, str]) -> list[dict[str, Any]]:
    """What a cut's preview says: by borders and fillings, so that no hue need be told apart."""
    return [
        _rule('node[fate = "selected"]', border_style="solid", border_width=2.4),
        _rule('node[fate = "carried"]', border_style="dashed", border_width=2.4),
        _rule('node[fate = "hole"]', border_style="double", border_width=5),
        _rule('node[fate = "cut"]', border_style="dotted", border_width=1, opacity=0.5),
        _rule('node[fate = "partial"]', border_style="solid"),
        _rule('node[fate = "partly carried"]', border_style="dashed"),
        _rule(
            'node[fate = "partial"], node[fate = "partly carried"]',
            border_width=2.4,
            background_fill="linear-gradient",
            background_gradient_direction="to-right",
            background_gradient_stop_colors="data(blend)",
            background_gradient_stop_positions="data(stops)",
        ),
        _rule('edge[fate = "cut"]', opacity=0.3),
        _rule(
            "edge[crosses = 1]",
            line_color=colours["border"],
            target_arrow_color=colours["border"],
            width=4,
            arrow_scale=0.9,
            z_index=550,
        ),
    ]


def _classes(colours: dict[str, str]) -> list[dict[str, Any]]:
    accent, evidence = colours["accent"], colours["evidence"]
    return [
        _rule(".dimmed", opacity=0.28),
        # The page shows their names over the canvas, larger: canvas/names.js.
        _rule("node.named", text_opacity=0),
        _rule("node.hover", underlay_color=accent, underlay_opacity=0.18, underlay_padding=4),
        _rule("edge.hover", line_color=accent, target_arrow_color=accent, width=2.2, z_index=600),
        _rule(
            "node.match", underlay_color=colours["match"], underlay_opacity=0.8, underlay_padding=5
        ),
        _rule(
            "node.evidence",
            border_color=evidence,
            border_width=3,
            underlay_color=evidence,
            underlay_opacity=0.22,
            underlay_padding=5,
            opacity=1,
        ),
        # What stands around the place of something that only the other graph has.
        _rule(
            "node.place",
            border_color=accent,
            border_width=2.4,
            border_style="dashed",
            underlay_color=accent,
            underlay_opacity=0.12,
            underlay_padding=6,
            opacity=1,
        ),
        # The step of the evidence that is looked at.
        _rule("node.step", border_width=4, underlay_opacity=0.5, underlay_padding=8),
        _rule(
            "edge.evidence",
            line_color=evidence,
            target_arrow_color=evidence,
            width=2.8,
            opacity=1,
            z_index=600,
        ),
        _rule(
            "node.selected",
            border_color=accent,
            border_width=3,
            underlay_color=accent,
            underlay_opacity=0.25,
            underlay_padding=6,
            opacity=1,
        ),
        _rule(
            "edge.selected", line_color=accent, target_arrow_color=accent, width=2.8, z_index=600
        ),
    ]
