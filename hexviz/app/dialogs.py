"""The page's dialogs: opening a model, hexviz's own timings, the list of keys."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import dash_mantine_components as dmc
from dash import dcc, html
from dash.fingerprint import build_fingerprint

from hexviz.app.guard.limits import MAX_UPLOAD
from hexviz.app.models.store import RecentFile
from hexviz.app.samples import note

__all__ = [
    "KEYS",
    "file_field",
    "job_line",
    "keys",
    "opener",
    "plotly_script",
    "recent_files",
    "script_of",
    "timings",
    "upload_field",
]


def upload_field(name: str, *words: Any, is_small: bool = True) -> dcc.Upload:
    """Where an ONNX file is dropped or chosen."""
    return dcc.Upload(
        id=name,
        className="upload small" if is_small else "upload",
        accept=".onnx",
        max_size=MAX_UPLOAD,
        children=html.Div(list(words)),
    )


def file_field(name: str, label: str, title: str = "", **props: Any) -> html.Div:
    """Where a file in the server's folders is chosen; hidden until there are some to list."""
    return html.Div(
        id=f"{name}-box",
        hidden=True,
        children=[
            html.Div(title, className="or") if title else None,
            dmc.Select(
                id=name,
                data=[],
                searchable=True,
                limit=100,
                placeholder="Choose or search",
                nothingFoundMessage="No such model",
                maxDropdownHeight=260,
                **{"aria-label": label},
                **props,
            ),
        ],
    )


def job_line(name: str, label: str) -> html.Div:
    """How far a job is, and a way to stop it; see ``callbacks/jobs.py``."""
    return html.Div(
        id=f"{name}-job",
        className="job",
        hidden=True,
        role="status",
        children=[
            html.Div(
                [
                    html.Span(id=f"{name}-stage"),
                    html.Button("Cancel", id=f"{name}-cancel", className="link"),
                ],
                className="job-line",
            ),
            dmc.Progress(
                id=f"{name}-bar", value=0, animated=True, size="sm", **{"aria-label": label}
            ),
        ],
    )


def opener(samples: Mapping[str, str], lacking: Mapping[str, tuple[str, ...]]) -> dmc.Modal:
    """Where a model comes from: a file, or a sample (name → description) that is exported first.

    ``lacking`` maps samples that cannot be to what is missing (:mod:`hexviz.app.samples`).
    The files in folders named at the start are listed when it is opened, if there are such.
    """
    most = f"up to {MAX_UPLOAD // 1024**2} MB; for larger ones run hexviz view FILE"
    return dmc.Modal(
        id="opener",
        title="Open a model",
        opened=False,
        size="lg",
        closeButtonProps={"aria-label": "Close"},
        children=[
            html.Div(
                id="upload-box",
                **{"data-most": str(MAX_UPLOAD)},
                children=upload_field(
                    "upload",
                    html.B("Choose an .onnx file"),
                    " or drop it here",
                    html.Div(most, className="quiet"),
                    is_small=False,
                ),
            ),
            html.Div(id="recent"),
            file_field(
                "files",
                "Models in this server's folders",
                "or open one from this server's folders",
            ),
            _tags(),
            html.Div("or export a sample model", className="or"),
            html.Fieldset(
                id="samples",
                className="samples",
                children=[
                    html.Button(
                        [html.B(name), html.Span(description)],
                        id={"sample": name},
                        className="sample",
                        disabled=name in lacking,
                    )
                    for name, description in samples.items()
                ],
            ),
            html.P(note(lacking), className="quiet") if lacking else None,
            dmc.Switch(
                id="optimize",
                checked=False,
                size="sm",
                mt="sm",
                label="Let the exporter optimise (fewer auxiliary ops)",
            ),
            job_line("export", "Progress of the export"),
            html.Div(id="export-outcome"),
        ],
    )


def recent_files(files: Sequence[RecentFile], now: float) -> list[Any]:
    """Files that were opened before, each as a button; nothing where there are none.

    ``now`` is in seconds since 1970.
    """
    if not files:
        return []
    buttons = [
        html.Button(
            [html.B(file.name), html.Span(f"{_size(file.size)}, {_when(file.opened, now)}")],
            className="sample",
            **{"data-event": "visit", "data-value": "?" + urlencode({"model": file.key})},
        )
        for file in files
    ]
    return [
        html.Div("or a recent file", className="or"),
        html.Div(buttons, className="samples recent", role="group", **{"aria-label": "Recent"}),
    ]


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"


def _when(then: float, now: float) -> str:
    """How long ago, or the day.

    >>> _when(100.0, 130.0), _when(0.0, 300.0), _when(0.0, 7300.0)
    ('just now', '5 min ago', '2 h ago')
    """
    minutes = int((now - then) // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 24 * 60:
        return f"{minutes // 60} h ago"
    return time.strftime("%Y-%m-%d", time.localtime(then))


def _tags() -> html.Div:
    """Where the open model can take its tags from; hidden while none is open."""
    return html.Div(
        id="tags-box",
        hidden=True,
        role="group",
        **{"data-most": str(MAX_UPLOAD), "aria-label": "Tags from another graph"},
        children=[
            html.Div("or give the open model tags from another graph", className="or"),
            upload_field(
                "tags-upload",
                html.B("Choose the tagged .onnx file"),
                " that it was made from",
                html.Div(
                    "each op takes the module of the op whose value it gives", className="quiet"
                ),
            ),
            file_field("tags-files", "Tagged models in this server's folders", mt="xs"),
            job_line("tags", "Progress of the transfer"),
        ],
    )


def timings() -> dmc.Modal:
    """The dialog, whose parts are filled once it is opened; it is on the page from the start."""
    head = html.P("Open a model: this dialog says what it takes.", className="quiet")
    parts = [
        html.Div(head, id="performance-head", className="performance-head"),
        _part("Stage by stage", "stages", "Stages by when they began and how long they took"),
        _part("What auxiliary ops cost", "costs", "Share of each category in ops, bytes and links"),
        _part(
            "Export time by module",
            "modules",
            "The modules that took longest while the model was traced",
        ),
        _part("Time and memory by size", "scaling", "Seconds and bytes against the number of ops"),
        html.Section(
            [
                html.H3("Compare with a run of yours"),
                html.Div(id="run-chooser"),
                html.Div(id="comparison", role="status"),
            ]
        ),
    ]
    return dmc.Modal(
        html.Div(
            parts, id="timings-pane", className="performance", **{"data-script": plotly_script()}
        ),
        id="timings",
        title="Performance",
        opened=False,
        keepMounted=True,
        size="min(1180px, 94vw)",
        closeButtonProps={"aria-label": "Close"},
    )


def script_of(package: str, script: str) -> str:
    """Where a package's script is served, which is fetched when it is first needed.

    The address changes with the script, so that browsers keep it.
    """
    changed = int((Path(str(files(package))) / script).stat().st_mtime)
    fingerprint = build_fingerprint(script, version(package), changed)
    return f"_dash-component-suites/{package}/{fingerprint}"


def plotly_script() -> str:
    """Where the charts' library is served."""
    return script_of("plotly", "package_data/plotly.min.js")


def _part(title: str, name: str, label: str) -> html.Section:
    return html.Section(
        [
            html.H3(title),
            html.Div(id=f"{name}-says"),
            html.Div(
                html.Div(id=f"chart-{name}"),
                id=f"{name}-chart",
                className="chart",
                hidden=True,
                role="img",
                **{"aria-label": f"Chart: {label}. The table after it has the same numbers."},
            ),
            html.Div(id=f"{name}-table"),
        ],
        className="performance-part",
    )


KEYS = (
    ("/", "or Ctrl+F: search"),
    ("n  N", "next and previous match; difference or divergence in its tab"),
    ("↓  ↑", "along an edge, to what follows or comes before"),
    ("→  ←", "to the neighbour beside"),
    ("Enter", "open or close the selected box, as a double click or its chevron does"),
    ("Esc", "end the search, a trace; close the box around"),
    ("d  u", "trace all that depends on the op, all that it needs"),
    ("b", "trace all ways to the next op that is clicked"),
    (",  .", "previous and next step of the evidence"),
    ("Space", "and drag: move the picture, as the middle button or a drag alone does"),
    ("f  1", "fit everything into the window"),
    ("+  −  0", "zoom in, out, to 100 %; as a wheel, a pinch and Ctrl with a wheel do"),
    ("[  ]  \\", "fold the module tree (as Ctrl+B does), the inspector, both"),
    ("p", "present: the graph alone, in larger text, and back (Esc)"),
    ("c", "copy a link to this exact view"),
    ("Shift", "and drag: select all ops in a frame"),
    ("z  y", "or Ctrl+Z, Ctrl+Y: undo and redo a change of tags"),
    ("t", "a guided tour of the model"),
    ("F2", "rename a module that was found, and not named"),
    ("?", "these keys"),
)
"""Keys of the page, and what they do: see assets/keys.js."""


def keys() -> dmc.Modal:
    """What each key does."""
    return dmc.Modal(
        id="keys",
        title="Keys",
        opened=False,
        closeButtonProps={"aria-label": "Close"},
        children=html.Table(
            html.Tbody(
                [
                    html.Tr(
                        [
                            html.Td([dmc.Kbd(key, size="sm") for key in keys.split()]),
                            html.Td(what),
                        ]
                    )
                    for keys, what in KEYS
                ]
            ),
            className="keys",
        ),
    )
