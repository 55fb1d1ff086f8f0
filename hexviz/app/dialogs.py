"""The page's dialogs: opening a model, and the list of keys."""

from __future__ import annotations

from collections.abc import Mapping

import dash_mantine_components as dmc
from dash import dcc, html

from hexviz.app.guard.limits import MAX_UPLOAD

__all__ = ["KEYS", "keys", "opener"]


def opener(samples: Mapping[str, str]) -> dmc.Modal:
    """Where a model comes from: a file, or a sample (name → description) that is exported first.

    The files in folders named at the start are listed when it is opened, if there are such.
    """
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
                children=dcc.Upload(
                    id="upload",
                    className="upload",
                    accept=".onnx",
                    max_size=MAX_UPLOAD,
                    children=html.Div(
                        [
                            html.B("Choose an .onnx file"),
                            " or drop it here",
                            html.Div(
                                f"up to {MAX_UPLOAD // 1024**2} MB; for larger ones run "
                                "hexviz view FILE",
                                className="quiet",
                            ),
                        ]
                    ),
                ),
            ),
            html.Div(
                id="files-box",
                hidden=True,
                children=[
                    html.Div("or open one from this server's folders", className="or"),
                    dmc.Select(
                        id="files",
                        data=[],
                        searchable=True,
                        limit=100,
                        placeholder="Choose or search",
                        nothingFoundMessage="No such model",
                        maxDropdownHeight=260,
                        **{"aria-label": "Models in this server's folders"},
                    ),
                ],
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
                    )
                    for name, description in samples.items()
                ],
            ),
            dmc.Switch(
                id="optimize",
                checked=False,
                size="sm",
                mt="sm",
                label="Let the exporter optimise (fewer auxiliary ops)",
            ),
            html.Div(
                id="job",
                className="job",
                hidden=True,
                children=[
                    html.Div(
                        [
                            html.Span(id="job-stage"),
                            html.Button("Cancel", id="cancel", className="link"),
                        ],
                        className="job-line",
                    ),
                    dmc.Progress(
                        id="job-bar",
                        value=0,
                        animated=True,
                        size="sm",
                        **{"aria-label": "Progress of the export"},
                    ),
                ],
            ),
            html.Div(id="job-outcome"),
        ],
    )


def _tags() -> html.Div:
    """Where the open model can take its tags from; hidden while none is open."""
    return html.Div(
        id="tags-box",
        hidden=True,
        role="group",
        **{"data-most": str(MAX_UPLOAD), "aria-label": "Tags from another graph"},
        children=[
            html.Div("or give the open model tags from another graph", className="or"),
            dcc.Upload(
                id="tags-upload",
                className="upload small",
                accept=".onnx",
                max_size=MAX_UPLOAD,
                children=html.Div(
                    [
                        html.B("Choose the tagged .onnx file"),
                        " that it was made from",
                        html.Div(
                            "each op takes the module of the op whose value it gives",
                            className="quiet",
                        ),
                    ]
                ),
            ),
            html.Div(
                id="tags-files-box",
                hidden=True,
                children=dmc.Select(
                    id="tags-files",
                    data=[],
                    searchable=True,
                    limit=100,
                    mt="xs",
                    placeholder="Or choose one from this server's folders",
                    nothingFoundMessage="No such model",
                    maxDropdownHeight=260,
                    **{"aria-label": "Tagged models in this server's folders"},
                ),
            ),
            html.Div(
                id="tags-job",
                className="job",
                hidden=True,
                children=[
                    html.Div(
                        [
                            html.Span(id="tags-stage"),
                            html.Button("Cancel", id="tags-cancel", className="link"),
                        ],
                        className="job-line",
                    ),
                    dmc.Progress(
                        id="tags-bar",
                        value=0,
                        animated=True,
                        size="sm",
                        **{"aria-label": "Progress of the transfer"},
                    ),
                ],
            ),
        ],
    )


KEYS = (
    ("/", "search"),
    ("n  p", "next and previous match"),
    ("↓  ↑", "along an edge, to what follows or comes before"),
    ("→  ←", "to the neighbour beside"),
    ("Enter", "open the selected box"),
    ("Esc", "close the box around it; end a trace"),
    ("d  u", "trace all that depends on the op, all that it needs"),
    ("b", "trace all ways to the next op that is clicked"),
    (",  .", "previous and next step of the evidence"),
    ("f", "fit everything into the window"),
    ("+  −", "zoom"),
    ("[  ]", "back and forward through what was looked at"),
    ("c", "copy a link to this exact view"),
    ("Shift", "and drag: select all ops in a frame"),
    ("z  y", "undo and redo a change of tags"),
    ("t", "a guided tour of the model"),
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
