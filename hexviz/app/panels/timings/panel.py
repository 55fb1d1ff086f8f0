"""What the dialog of timings says of a model: content by element, figures by chart."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from hexviz.app import html
from hexviz.app.models.open_model import OpenModel
from hexviz.app.panels.timings import tables
from hexviz.app.protocol import BrowserTimes, TimingsRequest
from hexviz.errors import RunError
from hexviz.exporters.export_times import kept_measured
from hexviz.model.units import in_bytes
from hexviz.model.wording import counted
from hexviz.stages import Measured
from hexviz.view.palette import Theme
from hexviz.view.performance.chart import Figure, in_seconds
from hexviz.view.performance.comparing import UNCLEAR, Ratio, compare
from hexviz.view.performance.costs import PRIMARY, cost_figure
from hexviz.view.performance.modules import MOST, module_figure, traced
from hexviz.view.performance.runs import MAX_RUN, Run, read_run
from hexviz.view.performance.scaling import own_point, scaling_figure
from hexviz.view.performance.stages import Bar, bars, stage_figure

__all__ = ["chooser", "reference_run", "timings"]

_NO_RUN = "No run is kept here: make one with `hexviz bench -o bench.json`."
_NO_EXPORT = (
    "This file was not exported on this machine by hexviz, or not by an exporter that calls the "
    "modules one by one: there are no times to show."
)

_FORGET = html.Button(
    "Stop comparing",
    className="link",
    **{"data-event": "forget-run", "title": "Leave it out again"},
)


def timings(
    model: OpenModel, theme: Theme, request: TimingsRequest
) -> tuple[dict[str, Any], dict[str, Figure | None]]:
    """All of the dialog for a model: content by element, and figures by chart (``None``: none)."""
    exported = _exported(model)
    chosen = None if request.run is None else request.run[: MAX_RUN + 1].encode(errors="replace")
    parts: dict[str, Any] = {"run-chooser": chooser()}
    figures: dict[str, Figure | None] = {}
    _stages(model, theme, exported, _in_browser(request.browser), parts, figures)
    _costs(model, theme, parts, figures)
    _modules(model, theme, exported, parts, figures)
    _scaling(model, theme, exported, chosen, parts, figures)
    return parts, figures


def _in_browser(times: BrowserTimes | None) -> list[tuple[str, float]]:
    """The stages that a browser measured: name and seconds."""
    if times is None:
        return []
    named = (("transfer", times.transfer), ("page's scripts", times.page), ("paint", times.paint))
    return [(name, value / 1e3) for name, value in named if value is not None]


def reference_run() -> Run | None:
    """The run that the package brings along; ``None`` if there is none."""
    try:
        return read_run(files("hexviz.bench").joinpath("reference.json").read_bytes())
    except (FileNotFoundError, RunError):
        return None


def _exported(model: OpenModel) -> Measured | None:
    """What was measured when the model's file was exported, if that was on this machine."""
    return kept_measured(model.digest)


def _stages(
    model: OpenModel,
    theme: Theme,
    exported: Measured | None,
    in_browser: Sequence[tuple[str, float]],
    parts: dict[str, Any],
    figures: dict[str, Figure | None],
) -> None:
    found = bars(exported, model.graph.measured, model.drawn, in_browser)
    parts["performance-head"] = _head(model, found)
    told = []
    if exported is None:
        told.append(
            "What its export took is not known: hexviz did not export this file on this machine."
        )
    if "graph context" not in model.graph.timings:
        told.append("Its tags were kept from an earlier opening, so none were made this time.")
    parts["stages-says"] = [html.P(one, className="quiet") for one in told]
    parts["stages-table"] = (
        tables.folded("The same in numbers", tables.stage_table(found)) if found else []
    )
    figures["stages"] = stage_figure(found, theme) if found else None


def _head(model: OpenModel, found: Sequence[Bar]) -> list[Any]:
    outer = [one for one in found if not one.depth]
    opening = sum(one.seconds for one in outer if one.part != "export")
    export = sum(one.seconds for one in outer if one.part == "export")
    longest = max(outer, key=lambda one: one.seconds, default=None)
    told = [f"{counted(len(model.graph.ops), 'op')} "]
    if export:
        told.append(f"exported in {in_seconds(export)}, ")
    told.append(f"on the page in {in_seconds(opening)}")
    if longest is not None:
        told.append(f"; most of it is {longest.name}, with {longest.share:.0%}")
    return [
        html.P(["".join(told), "."]),
        html.P(id="last-click", className="quiet"),
    ]


def _costs(
    model: OpenModel, theme: Theme, parts: dict[str, Any], figures: dict[str, Figure | None]
) -> None:
    rows = model.costs
    ops, size = sum(one.ops for one in rows), sum(one.bytes for one in rows)
    if not ops:
        parts["costs-says"] = html.P("The model has no ops.", className="quiet")
        parts["costs-table"], figures["costs"] = [], None
        return
    auxiliary = [one for one in rows if one.category != PRIMARY]
    count, held = sum(one.ops for one in auxiliary), sum(one.bytes for one in auxiliary)
    links = sum(one.links for one in auxiliary)
    parts["costs-says"] = html.P(
        f"{count:,} of {counted(ops, 'op')} are auxiliary ({count / ops:.0%}); their nodes take "
        f"{in_bytes(held)} of {in_bytes(size)} in the file without weights, and "
        f"{counted(links, 'link')} were followed to find what they serve."
    )
    parts["costs-table"] = tables.cost_table(rows)
    figures["costs"] = cost_figure(rows, theme)


def _modules(
    model: OpenModel,
    theme: Theme,
    exported: Measured | None,
    parts: dict[str, Any],
    figures: dict[str, Figure | None],
) -> None:
    seconds = exported.modules if exported is not None else model.graph.measured.modules
    if not seconds:
        parts["modules-says"] = html.P(_NO_EXPORT, className="quiet")
        parts["modules-table"], figures["modules"] = [], None
        return
    tree = model.graph.modules
    rows = traced(seconds, tree)
    more = f"the {MOST} that took longest of " if len(seconds) > MOST else ""
    parts["modules-says"] = html.P(
        f"Own time, without that of modules inside, of {more}"
        f"{counted(len(seconds), 'module')} while the model was traced: "
        f"{in_seconds(sum(seconds.values()))} in all. A click shows the module in the graph.",
        className="quiet",
    )
    parts["modules-table"] = tables.folded(
        "The same in numbers", tables.module_table(rows, model.graph)
    )
    figures["modules"] = module_figure(rows, tree, theme)


def _scaling(
    model: OpenModel,
    theme: Theme,
    exported: Measured | None,
    chosen: bytes | None,
    parts: dict[str, Any],
    figures: dict[str, Figure | None],
) -> None:
    runs: list[tuple[str, Run]] = []
    reference = reference_run()
    if reference is not None:
        runs.append(("kept here", reference))
    parts["comparison"] = []
    if chosen is not None:
        try:
            yours = read_run(chosen)
            runs.append(("yours", yours))
            parts["comparison"] = _comparison(reference, yours)
        except RunError as error:
            parts["comparison"] = html.P(str(error), className="unreadable")
    if not runs:
        parts["scaling-says"] = html.P(_NO_RUN, className="quiet")
        parts["scaling-table"], figures["scaling"] = [], None
        return
    said = [
        html.Li(
            f"{name[:1].upper()}{name[1:]}: {counted(len(run.subjects), 'model')}, "
            f"{counted(run.repeats, 'repeat')} each, {run.machine}"
        )
        for name, run in runs
    ]
    parts["scaling-says"] = [
        html.P(
            "Medians; the whiskers end at the fastest and the slowest repeat.", className="quiet"
        ),
        html.Ul(said, className="plain quiet"),
    ]
    parts["scaling-table"] = [
        *tables.growth_list(runs, drawn=True),
        tables.folded(
            "The same in numbers",
            *tables.scaling_table(runs),
            *tables.growth_list(runs, drawn=False),
        ),
    ]
    measured = [*([exported] if exported is not None else []), model.graph.measured]
    own = own_point(model.graph.name, len(model.graph.ops), *measured)
    figures["scaling"] = scaling_figure(runs, own, theme)


def _comparison(reference: Run | None, yours: Run) -> list[Any]:
    if reference is None:
        return [html.P([f"There is nothing to compare with. {_NO_RUN} ", _FORGET])]
    found = compare(reference, yours)
    if not found:
        return [html.P(["The two runs have no model in common. ", _FORGET])]
    worse = _counted_words(found, ("slower", "larger"))
    better = _counted_words(found, ("faster", "smaller"))
    told = [f"Of {counted(len(found), 'figure')}, {worse} worse and {better} better."]
    if reference.machine != yours.machine:
        told.append("The machines differ, so times tell little.")
    clear = [one for one in found if one.word not in UNCLEAR]
    rest = [one for one in found if one.word in UNCLEAR]
    return [
        html.P([" ".join(told), " ", _FORGET]),
        *([tables.comparison_table(clear)] if clear else []),
        *(
            [
                tables.folded(
                    f"{counted(len(rest), 'figure')} without a clear change",
                    tables.comparison_table(rest),
                )
            ]
            if rest
            else []
        ),
    ]


def _counted_words(found: Sequence[Ratio], words: tuple[str, ...]) -> str:
    count = sum(one.word in words for one in found)
    return f"{count:,} {'is' if count == 1 else 'are'}"


def chooser() -> html.Div:
    """Where a run is dropped or chosen; put on the page once, as the file in it stays."""
    choose = html.Input(
        id="run-file",
        type="file",
        accept=".json,application/json",
        **{"aria-label": "Choose a run that hexviz bench -o saved"},
    )
    words = [
        "Drop a JSON file that ",
        html.Code("hexviz bench -o FILE"),
        " saved, or choose it: ",
        choose,
    ]
    return html.Div(words, id="run-drop", className="run-drop", **{"data-most": str(MAX_RUN)})
