"""Background jobs that the page starts: exports, tags from another graph, comparisons, parts.

::

    button ─▶ what is wanted (a Store) ─▶ job, with its line ─▶ what was made (a Store) ─▶ page
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from dash import ALL, Dash, Input, Output, State, ctx, no_update
from dash.exceptions import PreventUpdate
from msgspec import Meta

from hexviz.app.jobs.results import Results
from hexviz.app.jobs.run import run_job
from hexviz.app.jobs.supervise import Report
from hexviz.app.jobs.tasks import exported_path
from hexviz.app.models.comparison import other_in
from hexviz.app.models.store import ModelStore
from hexviz.app.notices import export_done, export_failed, failure, transfer_done
from hexviz.app.panels.extract.export import refused, verdict
from hexviz.app.protocol import MOST_SYMBOLS, DimensionName, DimensionSize
from hexviz.errors import HexvizError, SourceError

__all__ = ["compared", "costed", "made", "measured", "register", "transferred"]

_INTERVAL = 300  # ms between two questions of the page how far a job is

_LONGEST = 1e6  # seconds of a stage: what a browser hands back may be any number

Work = Callable[..., Any]
"""What a job does: it reports how far it is, and gives what goes into the Store."""


def register(app: Dash, store: ModelStore, samples: frozenset[str]) -> None:
    """Attach the callbacks of this file to an app."""
    _register_export(app, store, samples)
    _register_transfer(app, store)

    @_job(app, "compare", Output("compare-made", "data"), Input("compare-wanted", "data"))
    def on_comparison(report: Report, wanted: Any) -> Any:
        match wanted:
            case {"model": str(model), "compared": str(other)}:
                return compared(store, model, other, report) | wanted
        raise PreventUpdate

    @_job(app, "measure", Output("measure-made", "data"), Input("measure-wanted", "data"))
    def on_measurement(report: Report, wanted: Any) -> Any:
        match wanted:
            case {"model": str(model), "n": int(number)}:
                return measured(store, wanted, report) | {"model": model, "n": number}
        raise PreventUpdate

    @_job(app, "costs", Output("costs-made", "data"), Input("costs-wanted", "data"))
    def on_costs(report: Report, wanted: Any) -> Any:
        match wanted:
            case {"model": str(model), "sizes": list(sizes), "n": int(number)}:
                return costed(store, model, sizes, report) | {"model": model, "n": number}
        raise PreventUpdate

    @_job(app, "part", Output("part-made", "data"), Input("part-wanted", "data"))
    def on_part(report: Report, wanted: Any) -> Any:
        match wanted:
            case {
                "task": "verify" | "part" | "open" | "report" as task,
                "model": str(key),
                "part": str(query),
                "n": int(number),
            }:
                return made(store, task, key, query, report) | {"n": number}
        raise PreventUpdate


_STOPS_MEANWHILE = {
    "export": [
        (Output("export-outcome", "hidden"), True, False),
        (Output("samples", "disabled"), True, False),
        (Output("upload", "disabled"), True, False),
    ],
    "tags": [(Output("tags-upload", "disabled"), True, False)],
    "compare": [(Output("compare-upload", "disabled"), True, False)],
    "measure": [(Output("parity-upload", "disabled"), True, False)],
}
"""Job → what is put out of use while it is going on."""


def _job(app: Dash, name: str, *arguments: Output | Input | State) -> Callable[[Work], Work]:
    """Let a function be a background job, whose line (see ``job_line``) says how far it is."""
    stage, bar = Output(f"{name}-stage", "children"), Output(f"{name}-bar", "value")
    found: Callable[[Work], Work] = app.callback(
        *arguments,
        background=True,
        interval=_INTERVAL,
        running=[
            (Output(f"{name}-job", "hidden"), False, True),
            (stage, "Starting…", ""),
            (bar, 0, 0),
            *_STOPS_MEANWHILE.get(name, ()),
        ],
        progress=[stage, bar],
        cancel=[Input(f"{name}-cancel", "n_clicks")],
        prevent_initial_call=True,
    )
    return found


def _register_export(app: Dash, store: ModelStore, samples: frozenset[str]) -> None:
    @_job(
        app,
        "export",
        Output("exported", "data"),
        Input({"sample": ALL}, "n_clicks"),
        State("optimize", "checked"),
    )
    def on_sample(report: Report, _clicks: list[int], optimize: bool) -> Any:
        chosen = ctx.triggered_id
        if not chosen or not ctx.triggered[0]["value"] or chosen["sample"] not in samples:
            raise PreventUpdate
        wanted = {"sample": chosen["sample"], "optimize": bool(optimize)}
        return run_job("export", wanted, report)

    @app.callback(
        Output("uploaded", "data", allow_duplicate=True),
        Output("notices", "data", allow_duplicate=True),
        Output("export-outcome", "children"),
        Input("exported", "data"),
        prevent_initial_call=True,
    )
    def on_exported(result: dict[str, Any] | None) -> tuple[Any, ...]:
        if not result:
            return (no_update,) * 3
        if "error" in result:
            outcome = export_failed(str(result["error"]), str(result.get("log", "")))
            return no_update, no_update, outcome
        try:
            # The browser only hands back which sample it was; the path is ours.
            if result.get("sample") not in samples:
                raise SourceError("No such sample.")
            path = exported_path(result["sample"], optimize=bool(result.get("optimize")))
            key = store.add_file(path)
        except HexvizError as error:
            return no_update, failure(error), None
        return key, export_done(_seconds(result.get("stages"))), None


def _seconds(stages: object) -> dict[str, float]:
    """Stage → seconds, from what the browser handed back."""
    if not isinstance(stages, dict):
        return {}
    return {
        str(name): float(took)
        for name, took in stages.items()
        if isinstance(took, int | float) and 0 <= took < _LONGEST
    }


def _register_transfer(app: Dash, store: ModelStore) -> None:
    @_job(app, "tags", Output("tags-made", "data"), Input("tags-wanted", "data"))
    def on_wanted(report: Report, wanted: Any) -> Any:
        match wanted:
            case {"before": str(before), "after": str(after)}:
                return transferred(store, before, after, report)
        raise PreventUpdate

    @app.callback(
        Output("uploaded", "data", allow_duplicate=True),
        Output("notices", "data", allow_duplicate=True),
        Input("tags-made", "data"),
        prevent_initial_call=True,
    )
    def on_tags(result: dict[str, Any] | None) -> tuple[Any, ...]:
        match result:
            case {"error": str(line)}:
                return no_update, failure(SourceError(line))
            case {"key": str(key), "line": str(line)}:
                return key, transfer_done(line)
        return (no_update,) * 2


def made(store: ModelStore, task: str, key: str, query: str, report: Report) -> dict[str, Any]:
    """What a job makes of a part, or an ``error``.

    ``key`` is that of the model, ``query`` the part as an address has it. The task ``verify``
    gives a ``verdict``, ``open`` the ``key`` of the part as a model of its own, and others a
    ``file`` and its ``name``.
    """
    try:
        source = store.source(key)
        arguments = {"source": source.to_json(), "part": query}
        result = run_job("part" if task == "open" else task, arguments, report)
        if task == "open" and "file" in result:
            return {"key": _opened(store, result)}
    except HexvizError as error:
        return {"error": str(error)}
    if task != "verify":
        return result
    if "verification" in result:
        from hexviz.extraction.verify import verification_of

        shown = verdict(verification_of(result["verification"]), result["unjudged"])
    else:
        shown = refused(result["error"])
    return {"verdict": shown}


def _opened(store: ModelStore, result: dict[str, Any]) -> str:
    """The key of a part that a job has left as a file."""
    path = Results().path(result["file"])
    if path is None:
        raise SourceError("The part was given up before it was opened: try again.")
    return store.add_upload(path.read_bytes(), result["name"])


_LEVELS = ("disable", "basic", "extended", "all")
_MOST_RUNS = 1000
_SIZES = Annotated[list[tuple[DimensionName, DimensionSize]], Meta(max_length=MOST_SYMBOLS)]


def measured(store: ModelStore, wanted: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Measure the open model (the key ``model``) in a job: a ``document``, or an ``error``.

    ``wanted`` is what the page asks for: the ``task`` ``profile`` with ``runs``, a ``level`` and
    ``sizes`` of open dimensions; ``parity`` with the key of the ``other`` model; or ``trace`` with
    the name of the kept ``file``.
    """
    try:
        source = {"model": store.source(wanted["model"]).to_json()}
        match wanted:
            case {"task": "profile", "runs": int(runs), "level": str(level), "sizes": sizes} if (
                level in _LEVELS and 1 <= runs <= _MOST_RUNS
            ):
                told = {"runs": runs, "optimization": level, "sizes": _sizes(sizes)}
                return run_job("profile", source | told, report)
            case {"task": "parity", "other": str(other)}:
                reference = store.source(other).to_json()
                if reference["digest"] == source["model"]["digest"]:
                    raise SourceError(
                        "That is the file that is open: choose the one that it was made from."
                    )
                return run_job("parity", source | {"reference": reference}, report)
            case {"task": "trace", "file": str(file)}:
                return run_job("trace", source | {"file": file}, report)
        raise SourceError(f"Give a number of runs from 1 to {_MOST_RUNS:,}.")
    except HexvizError as error:
        return {"error": str(error)}


def costed(store: ModelStore, model: str, sizes: Any, report: Report) -> dict[str, Any]:
    """Work out the costs of a model, by its key, in a job that keeps them; else an ``error``."""
    try:
        told = {"model": store.source(model).to_json(), "key": model, "sizes": _sizes(sizes)}
        return run_job("costs", told, report)
    except HexvizError as error:
        return {"error": str(error)}


def _sizes(sizes: Any) -> list[tuple[str, int]]:
    """Sizes of open dimensions, from what the browser said.

    Raises:
        SourceError: if they are none.
    """
    try:
        return msgspec.convert(sizes, _SIZES)
    except msgspec.ValidationError as error:
        raise SourceError(f"These are no sizes of dimensions: {error}") from error


def transferred(store: ModelStore, before: str, after: str, report: Report) -> dict[str, Any]:
    """Give the model ``after`` the tags of ``before``, both by key, in a job.

    Gives the ``key`` of the model with these tags and a ``line`` that sums them
    up, or an ``error``.
    """
    try:
        sources = {"before": store.source(before).to_json(), "after": store.source(after).to_json()}
        if sources["before"]["digest"] == sources["after"]["digest"]:
            raise SourceError(
                "That is the file that is open: choose the one that it was made from."
            )
        sources["after"] |= {
            "overrides": {},
            "tags": None,
            "renames": [],
            "bare": False,
        }  # they go on top again
        result = run_job("transfer", sources, report)
        if "error" in result:
            return result
        path = Results().path(result["file"])
        if path is None:
            raise SourceError("The tags were given up before they were taken: try again.")
        return {"key": store.retag(after, path.read_bytes()), "line": result["line"]}
    except HexvizError as error:
        return {"error": str(error)}


def compared(store: ModelStore, model: str, compared_with: str, report: Report) -> dict[str, Any]:
    """Compare the open model (its key) with another one, in a job, which keeps what it finds.

    Gives an ``error``, if that fails.
    """
    try:
        other = other_in(compared_with)
        if other is None:
            raise SourceError("There is no such model to compare with.")
        keys = other.order(model)
        sources = {
            side: store.source(key).to_json()
            for side, key in zip(("before", "after"), keys, strict=True)
        }
        result = run_job("compare", {**sources, "keys": list(keys)}, report)
        if "error" not in result:
            _draw_with_tags(store, keys, result.pop("tags"))
        return result
    except HexvizError as error:
        return {"error": str(error)}


def _draw_with_tags(store: ModelStore, keys: tuple[str, str], tags: Mapping[str, str]) -> None:
    """Let a graph that says little of its modules be drawn with those of the other one.

    ``tags`` has the file of them, by the side of that graph. The comparison is kept for that
    model, too: it has the same ops.

    Raises:
        SourceError: if the comparison or the tags are gone.
        WriteError: if that cannot be written down.
    """
    results = Results()
    kept = results.comparison(*keys)
    if kept is None:
        raise SourceError("The comparison was given up before it was shown: choose the file again.")
    drawn = dict(zip(("before", "after"), keys, strict=True))
    for side, file in tags.items():
        path = results.path(file)
        if path is not None:
            drawn[side] = store.retag(drawn[side], path.read_bytes())
    if tuple(drawn.values()) != keys:
        document = kept["document"] | {"drawn": drawn}
        results.keep_comparison(*keys, document, kept["file"])
        results.keep_comparison(drawn["before"], drawn["after"], document, kept["file"])
