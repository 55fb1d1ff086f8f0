"""The routes of the page beside Dash's own: events, panels, and what is taken away as a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import msgspec
from flask import Flask, Response, request, send_file

from hexviz.app import compression
from hexviz.app.address import from_query, model_in
from hexviz.app.answers import answer_correction, answer_event, answer_panel, show
from hexviz.app.graph.follow import follow
from hexviz.app.graph.picture import painted
from hexviz.app.jobs.results import Results, file_stem
from hexviz.app.models.first_picture import FirstPictures
from hexviz.app.models.roots import Roots
from hexviz.app.models.store import ModelStore
from hexviz.app.plain_answers import plain, speak_plainly
from hexviz.app.protocol import (
    At,
    Edit,
    EventAnswer,
    EventRequest,
    Follow,
    PanelAnswer,
    PanelRequest,
    Visit,
    decode,
    encode,
)
from hexviz.app.server_timing import server_timing
from hexviz.errors import HexvizError, RequestError
from hexviz.measure.table import FigureTable
from hexviz.model.tensors import npy
from hexviz.stages import Stage, recorded, stage
from hexviz.tagging.overrides_file import overrides_document
from hexviz.view.palette import Theme
from hexviz.view.svg import to_svg

__all__ = ["FirstKey", "own_server", "register"]

_BYTES = "application/octet-stream"


FirstKey = Callable[[], str]
"""Gives the key of the model named at the start, once it is known; raises why there is none."""


def own_server(
    store: ModelStore, pictures: FirstPictures, roots: Roots, first: FirstKey | None
) -> Flask:
    """A server of the routes of this file alone, which needs no Dash."""
    server = Flask("hexviz", static_folder=None)
    speak_plainly(server)
    compression.install(server)
    register(server, store, pictures, roots, first)
    return server


def register(
    server: Flask,
    store: ModelStore,
    pictures: FirstPictures | None,
    roots: Roots,
    first: FirstKey | None,
) -> None:
    """Attach the routes of this file to a server.

    ``pictures`` knows the first pictures that are kept. ``first`` is the model that a visit means
    which names none.
    """
    _register_answers(server, store, pictures, roots, first)
    _register_files(server, store)


def _register_answers(
    server: Flask,
    store: ModelStore,
    pictures: FirstPictures | None,
    roots: Roots,
    first: FirstKey | None,
) -> None:
    @server.post("/event")
    def on_event() -> Response:
        try:
            asked = decode(request.get_data(), EventRequest)
            _name(asked, store, first)
            with recorded(blocks=False) as record:
                with stage("answer"):
                    kept = _kept(pictures, asked)
                    answer = kept or _event(store, asked)
                with stage("serialise"):
                    body = encode(answer)
        except RequestError as error:
            return plain(400, str(error))
        except HexvizError as error:  # of the model named at the start
            return _json(encode(EventAnswer(n=asked.n, error=str(error))), "")
        if kept is None:
            _drawn(store, pictures, asked, answer, body, record.stages)
        return _json(body, server_timing(record.stages))

    @server.post("/panel")
    def on_panel() -> Response:
        try:
            asked = decode(request.get_data(), PanelRequest)
            with recorded(blocks=False) as record:
                with stage("answer"):
                    answer = _panel(store, roots, asked)
                with stage("serialise"):
                    body = encode(answer)
        except RequestError as error:
            return plain(400, str(error))
        return _json(body, server_timing(record.stages))


def _json(body: bytes, timing: str) -> Response:
    return Response(body, mimetype="application/json", headers={"Server-Timing": timing})


def _name(asked: EventRequest, store: ModelStore, first: FirstKey | None) -> None:
    """Write the key of the model named at the start into a visit that names none.

    A link to a model that is not known yet may mean that one, whose digest is still being made.
    """
    visit = asked.event
    if not isinstance(visit, Visit) or first is None:
        return
    key = model_in(visit.value)
    if not key:
        more = parse_qsl(visit.value.removeprefix("?"), keep_blank_values=True)
        visit.value = "?" + urlencode(
            [("model", first()), *(one for one in more if one[0] != "model")]
        )
    elif store.name(key) is None:
        with suppress(HexvizError):  # the link's model is answered for, not this one
            first()


def _kept(pictures: FirstPictures | None, asked: EventRequest) -> EventAnswer | None:
    """The answer to a visit that is kept from an earlier one."""
    if pictures is None or not isinstance(asked.event, Visit):
        return None
    body = pictures.recall(asked.event.value, asked.theme, asked.canvas)
    if body is None:
        return None
    answer = msgspec.json.decode(body, type=EventAnswer)
    answer.n = asked.n
    return answer


def _drawn(
    store: ModelStore,
    pictures: FirstPictures | None,
    asked: EventRequest,
    answer: EventAnswer,
    body: bytes,
    stages: Iterable[Stage],
) -> None:
    """Keep what the first picture of a model took, and the picture."""
    if not isinstance(asked.event, Visit) or not answer.at or not answer.graph:
        return
    model = store.opened(answer.at.model)
    if model is not None:
        model.drew(stages)
    # Where the model's name is on the page already, the answer lacks it.
    if pictures is not None and answer.model:
        pictures.keep(asked.event.value, asked.theme, asked.canvas, body)


def _event(store: ModelStore, asked: EventRequest) -> EventAnswer:
    """The answer to an event; what cannot be shown is an answer too, with the reason."""
    event, at = asked.event, asked.at
    try:
        if isinstance(event, Visit):
            return answer_event(store.get(model_in(event.value)), asked, store.get)
        if at is None:
            return EventAnswer(n=asked.n)  # there is no model on the page yet
        if isinstance(event, Edit):
            return answer_correction(store, asked, event)
        if isinstance(event, Follow):
            return _follow(store, asked, at, event.value)
        return answer_event(store.get(at.model), asked, store.get)
    except RequestError:
        raise
    except HexvizError as error:
        return EventAnswer(n=asked.n, error=str(error))


def _follow(store: ModelStore, asked: EventRequest, at: At, key: str) -> EventAnswer:
    """The answer to another version of the open model's file, with the page where it was."""
    model, after, note = follow(store, at.model, at.state, key)
    answer = show(model, asked, None, after, store.get)
    answer.edited = True
    if note:
        answer.note = note
    return answer


def _panel(store: ModelStore, roots: Roots, asked: PanelRequest) -> PanelAnswer:
    try:
        answer = answer_panel(store.get(asked.at.model), asked, store.get)
    except RequestError:
        raise
    except HexvizError as error:
        return PanelAnswer(n=asked.n, error=str(error))
    if asked.at.state.tab in ("compare", "measure") and roots.folders:
        answer.files = [{"value": file.reference, "label": file.label} for file in roots.files()]
    return answer


def _register_files(server: Flask, store: ModelStore) -> None:
    """What can be taken away. Nothing on disk is changed."""

    @server.get("/picture.svg")
    def on_picture() -> Response:
        theme: Theme = "dark" if request.args.get("theme") == "dark" else "light"
        query = request.query_string.decode("ascii", "replace")

        def picture() -> Response:
            model = store.get(model_in(query))
            elements, _ = painted(model, from_query(query, model), theme)
            text = to_svg(elements, theme, title=model.graph.name)
            return _download(text.encode(), f"{file_stem(model.graph.name)}.svg", "image/svg+xml")

        return _or_missing(picture)

    @server.get("/model/<key>.onnx")
    def on_model(key: str) -> Response:
        def tagged() -> Response:
            graph = store.get(key).graph
            return _download(graph.to_bytes(), f"{file_stem(graph.name)}-tagged.onnx", _BYTES)

        return _or_missing(tagged)

    @server.get("/graph.<suffix>")
    def on_graph(suffix: str) -> Response:
        query = request.query_string.decode("ascii", "replace")

        def converted() -> Response:
            from hexviz.convert.formats import one_file
            from hexviz.convert.options import Options

            graph = store.get(model_in(query)).graph
            path = Path(f"{file_stem(graph.name)}.{suffix}")
            return _download(b"".join(one_file(graph, path, Options())), path.name, _BYTES)

        return _or_missing(converted)

    @server.get("/tensor/<key>.npy")
    def on_tensor(key: str) -> Response:
        def tensor() -> Response:
            graph, value = store.get(key).graph, request.args.get("value", "")
            stored = graph.flat.tensors.get(value)
            content = None if stored is None else npy(stored, base_dir=graph.base_dir)
            if content is None:
                return plain(404, "This file holds no tensor of that name that can be saved.")
            name = file_stem(graph.flat.weights.get(value, value)).lstrip(".")
            return _download(content, f"{name or 'tensor'}.npy", _BYTES)

        return _or_missing(tensor)

    @server.get("/overrides/<key>.json")
    def on_overrides(key: str) -> Response:
        def overrides() -> Response:
            graph = store.get(key).graph
            text = json.dumps(overrides_document(graph), indent=2)
            name = f"{file_stem(graph.name)}-overrides.json"
            return _download(text.encode(), name, "application/json")

        return _or_missing(overrides)

    def figures(kind: str, written: Callable[[FigureTable], str]) -> Response:
        query = request.query_string.decode("ascii", "replace")

        def saved() -> Response:
            model = store.get(model_in(query))
            table = model.measures.of(from_query(query, model).figures).table
            name = f"{file_stem(model.graph.name)}-figures.{kind.rpartition('/')[2]}"
            return _download(written(table).encode(), name, kind)

        return _or_missing(saved)

    @server.get("/figures.csv")
    def on_figures_csv() -> Response:
        return figures("text/csv", FigureTable.to_csv)

    @server.get("/figures.json")
    def on_figures_json() -> Response:
        return figures("application/json", lambda table: json.dumps(table.to_dict(), indent=2))

    @server.get("/part/<file>")
    def on_part(file: str) -> Response:
        path = Results().path(file)
        if path is None:
            return plain(404, "This file is not kept any more: make it again.")
        answer = send_file(path, mimetype=_BYTES)
        # The page knows what to call it; a name in here would be taken instead.
        answer.headers["Content-Disposition"] = "attachment"
        return answer

    @server.get("/comparison/<file>")
    def on_comparison(file: str) -> Response:
        path = Results().path(file) if file.endswith(".json") else None
        if path is None:
            return plain(404, "That comparison was given up: compare the two graphs again.")
        return _download(path.read_bytes(), "comparison.json", "application/json")


def _download(content: bytes, name: str, kind: str) -> Response:
    """An answer that the browser saves under a name."""
    return Response(
        content, mimetype=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _or_missing(make: Callable[[], Response]) -> Response:
    try:
        return make()
    except HexvizError as error:
        return plain(404, str(error))
