"""What stands beside the graph in the measure tab: what the figures are of, and how to get more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hexviz.app import html
from hexviz.app.graph.measure_steps import figure_shown
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.measure.grid import in_order
from hexviz.app.panels.measure.walk import breaking_dots
from hexviz.app.panels.parts import button, copy_button
from hexviz.app.protocol import PageState
from hexviz.measure.costs.costs import Costs
from hexviz.measure.documents import ProfileDocument
from hexviz.measure.table import FIGURES, FigureTable, sizes_apart
from hexviz.model.units import FORMATS, in_bytes, in_count, in_share, in_time
from hexviz.model.wording import counted
from hexviz.view.icicle import chart_ramp
from hexviz.view.modes import COLOURED, Coloured
from hexviz.view.ramp import Ramp

__all__ = [
    "choice",
    "costs_part",
    "form",
    "reference_part",
    "selected_module",
    "selected_part",
    "time_part",
]

_LEVELS = (
    ("all", "all (default)"),
    ("extended", "extended"),
    ("basic", "basic"),
    ("disable", "not at all"),
)
_SAVE = "The figures by module, as a file"


def selected_module(model: OpenModel, state: PageState) -> str | None:
    """The module of what is selected in the graph; ``None`` for nothing, or for an edge."""
    kind, what = state.selection
    match kind:
        case "module":
            return what
        case "op":
            return model.graph.op(what).module
        case "call":
            group = model.index(state.view.placement).calls.get(what)
            return group.module if group else None
    return None


def choice(model: OpenModel, state: PageState) -> list[Any]:
    """The figures there are, as buttons of which one is pressed, and what widths mean."""
    known = model.measures.of(state.figures)
    shown = figure_shown(model, state)
    buttons = [
        html.Button(
            FIGURES[figure].title,
            className="tool figure-choice",
            title=f"Colour graph and chart by {FIGURES[figure].title}",
            **{
                "data-event": "figure",
                "data-value": figure,
                "aria-pressed": str(figure == shown).lower(),
            },
        )
        for figure in COLOURED
        if known.has(figure)
    ]
    options = [
        html.Option(FIGURES[figure].title, value=figure, selected=figure == shown)
        for figure in COLOURED
        if known.has(figure)
    ]
    parts: list[Any] = [
        html.Div(buttons, className="figure-choices", role="group", **{"aria-label": "Figure"}),
        # The same where the line is too short for buttons.
        html.Select(options, className="figure-select", **{"aria-label": "Figure"}),
    ]
    if shown is not None:
        parts.append(html.Span(_chart_note(known.table, shown), className="quiet chart-width"))
    return parts


def _chart_note(table: FigureTable, shown: Coloured) -> str:
    """What the chart's widths and its brightest colour mean."""
    column = FIGURES[shown]
    if column.adds:
        most = chart_ramp(table, shown, Ramp(0.0, 0.0, "sum")).high
        return f"chart: 0 to {FORMATS[column.unit](most)}, its own scale"
    return "width: ops"


def costs_part(model: OpenModel, state: PageState, costs: Costs | None, query: str) -> list[Any]:
    """What the whole model costs, and for which sizes of its open dimensions."""
    if costs is None:
        return [html.P("Working out what each module costs…", className="quiet", role="status")]
    whole = costs.model
    told = [
        ("parameters", whole.parameters, in_count),
        ("weights", whole.weight_bytes, in_bytes),
        ("MACs", whole.macs if whole.macs is not None else whole.known_macs, in_count),
        ("activations", whole.activation_bytes, in_bytes),
        ("at most at once", costs.peak_bytes, in_bytes),
    ]
    figures = [
        [html.Dt(name), html.Dd(written(number) if number is not None else "unknown")]
        for name, number, written in told
    ]
    parts: list[Any] = [html.Dl(figures, className="figures-list")]
    if whole.macs is None and whole.unknown:
        parts.append(
            html.P(
                f"Without {counted(whole.unknown, 'op')} whose work cannot be told.",
                className="quiet",
            )
        )
    parts += _sizes(model, state, costs)
    parts.append(
        html.Div(
            [
                html.Span("Save by module:", className="quiet"),
                *(
                    html.A(
                        kind.upper(),
                        href=f"figures.{kind}{query}",
                        className="tool",
                        title=_SAVE,
                        download="",
                    )
                    for kind in ("json", "csv")
                ),
            ],
            className="tool-row",
        )
    )
    return parts


def _sizes(model: OpenModel, state: PageState, costs: Costs) -> list[Any]:
    """A field for each open dimension, with the size that the figures are for."""
    known = model.measures.sizes(state.figures)
    sizes = {**dict.fromkeys(costs.symbols), **dict(costs.symbols), **known}
    if not sizes:
        return []
    said = ", ".join(f"{name} = {size}" for name, size in known.items())
    fields = [
        html.Label(
            [
                html.Span(name, className="mono size-name"),
                html.Input(
                    type="number",
                    min="1",
                    step="1",
                    value="" if size is None else str(size),
                    placeholder="unknown",
                    **{"data-size-of": name},
                ),
            ],
            className="size",
        )
        for name, size in sizes.items()
    ]
    return [
        html.P(f"For {said}." if said else "Of open sizes.", className="sizes-said"),
        html.Div(fields, className="sizes", role="group", **{"aria-label": "Open dimensions"}),
    ]


def time_part(profile: ProfileDocument | None, costs: Costs | None) -> list[Any]:
    """Where the times are from; without any, how to get some."""
    if profile is None:
        return [
            html.P(
                "Which module takes how long? Run the model here, or drop a profile that "
                "hexviz, ONNX Runtime or torch.profiler wrote.",
                className="quiet",
            )
        ]
    provider = profile.provider.removesuffix("ExecutionProvider")
    device = profile.device if profile.device.lower() not in ("", provider.lower()) else ""
    where = ", ".join(filter(None, (provider, device)))
    unplaced = profile.unplaced_us / profile.total_us if profile.total_us else 0.0
    apart = sizes_apart(costs, profile) if costs is not None else ""
    level = f", optimised: {profile.optimization}" if profile.optimization else ""
    return [
        html.P(
            [
                html.B(in_time(profile.total_us)),
                f" in {counted(profile.runs, 'run')} (median)" if profile.runs else "",
                f" on {where}" if where else "",
                level,
                f". {in_share(unplaced)} is of no module." if unplaced else ".",
            ]
        ),
        *([html.P(f"{apart} So there is no time per MAC.", className="quiet")] if apart else []),
        *(html.P(note, className="quiet") for note in profile.notes[:3]),
        html.Button(
            "Show no times",
            className="link",
            **{"data-event": "forget-measured", "data-value": "profile"},
        ),
    ]


def form(*, again: bool) -> list[Any]:
    """Runs, the runtime's level, and the button that measures."""
    return [
        html.Label(
            [
                html.Span("runs"),
                html.Input(id="runs", type="number", min="1", max="1000", step="1", value="10"),
            ],
            className="size",
        ),
        html.Label(
            [
                html.Span("optimised"),
                html.Select(
                    [html.Option(label, value=level) for level, label in _LEVELS], id="level"
                ),
            ],
            className="size",
        ),
        button(
            "Measure time again" if again else "Measure time",
            "measure-time",
            title="Run the model here and lay its time on its modules",
            strong=not again,
        ),
    ]


def reference_part(model: OpenModel) -> list[Any]:
    """The command that compares with PyTorch, which never runs from the page."""
    file = model.path.name if model.path else model.graph.name
    command = f"hexviz parity {_quoted(file)} mypackage:build --json > parity.json"
    return [
        html.P(
            "A PyTorch model runs in your own terminal. Then drop the document here:",
            className="quiet",
        ),
        html.Div(
            [html.Code(command, className="mono command"), copy_button(command, "command")],
            className="command-line",
        ),
    ]


def _quoted(name: str) -> str:
    """A file's name as a shell takes it."""
    plain = all(letter.isalnum() or letter in "._-/" for letter in name) and name[:1] != "-"
    return name if plain else "'" + name.replace("'", "'\\''") + "'"


def selected_part(model: OpenModel, state: PageState) -> list[Any]:
    """The figures of the selected module: own and total."""
    fqn = selected_module(model, state)
    table = model.measures.of(state.figures).table
    row = next((row for row in table.rows if row.module == fqn), None)
    if row is None:
        return [
            html.P(
                "Click a box, a row or a part of the chart: its figures stand here.",
                className="quiet",
            )
        ]
    body = [
        html.Tr(
            [
                html.Th(column.title, scope="row"),
                *(
                    html.Td(_written(column.unit, figures.get(column.name)), className="number")
                    for figures in (row.total, row.own)
                ),
            ]
        )
        for column in in_order(table.columns, figure_shown(model, state) or "")
    ]
    heads: Sequence[Any] = [
        html.Td(""),
        html.Th("total", scope="col", className="number"),
        html.Th("own", scope="col", className="number"),
    ]
    return [
        html.Div(
            [
                html.B(breaking_dots(row.module or "the model itself")),
                button(
                    "Inspect",
                    "show-module",
                    row.module,
                    title="Show it in the graph's tab, with all that is known of it",
                ),
            ],
            className="selected-head",
        ),
        html.Table([html.Thead(html.Tr(heads)), html.Tbody(body)], className="figures-table"),
    ]


def _written(unit: str, number: float | None) -> str:
    return "–" if number is None else FORMATS[unit](number)
