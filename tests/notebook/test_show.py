"""``hexviz.show``: what it takes, and what it does in a notebook and elsewhere."""

import base64
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import onnx
import pytest

import hexviz
from hexviz.api import TaggedGraph
from hexviz.errors import ExtraError, ReadError, SourceError
from hexviz.notebook import page, place, still
from hexviz.notebook.widget import View
from tests.build import parse, tagged


@pytest.fixture
def in_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hexviz.notebook.place.in_notebook", lambda: True)


@pytest.mark.usefixtures("in_notebook")
def test_a_graph_a_path_and_a_proto_are_shown(graph: TaggedGraph, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    graph.save(path)
    for what in (graph, path, str(path), onnx.load(path)):
        view = hexviz.show(what, height=100)
        assert isinstance(view, View)
        assert view.graph.op("m").module == "enc.att"
        assert isinstance(view.graph, TaggedGraph)
        assert view._height == 240  # less shows nothing
        view.close()


@pytest.mark.usefixtures("in_notebook")
def test_what_cannot_be_shown_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"A int cannot be shown: give a graph, the path of"):
        hexviz.show(5)  # type: ignore[arg-type]
    with pytest.raises(ReadError):
        hexviz.show(tmp_path / "missing.onnx")


@pytest.mark.usefixtures("in_notebook")
def test_a_model_of_pytorch_is_exported_first() -> None:
    import torch

    view = hexviz.show(torch.nn.Sequential(torch.nn.Linear(2, 2)), (torch.ones(1, 2),))
    assert isinstance(view, View)
    view.selection = "0"
    assert view.module is not None
    assert view.module.class_name == "Linear"
    view.close()


@pytest.mark.usefixtures("in_notebook")
def test_without_anywidget_there_is_a_picture_and_one_line(
    graph: TaggedGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: str) -> None:
        raise ExtraError(
            "The live view needs anywidget, which is not installed: pip install <it>", what="x"
        )

    monkeypatch.setattr("hexviz.notebook.show.require", missing)
    found = hexviz.show(graph)
    assert isinstance(found, still.Still)
    html = found._repr_html_()
    assert "which is not installed: pip install &lt;it&gt;</figcaption>" in html
    assert "needs anywidget" in repr(found)
    assert found.graph is graph


def test_elsewhere_the_page_is_served(
    graph: TaggedGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[tuple[Path, dict[str, Any]]] = []
    monkeypatch.setattr("hexviz.app.serve.serve", lambda path, **more: served.append((path, more)))
    assert not place.in_notebook()
    assert hexviz.show(tmp_path / "net.onnx") is None
    assert hexviz.show(graph) is None
    (given, options), (kept, _) = served
    assert given == tmp_path / "net.onnx"
    assert options == {"host": "127.0.0.1", "port": 0, "open_browser": True}
    assert hexviz.load(kept).op("m").module == "enc.att"


def shell(**more: Any) -> SimpleNamespace:
    return SimpleNamespace(get_ipython=lambda: SimpleNamespace(**more))


def test_a_notebook_is_known_by_its_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "marimo", raising=False)
    monkeypatch.setitem(sys.modules, "IPython", shell())
    assert not place.in_notebook()  # a terminal
    parent = {"header": {"msg_id": "r1"}, "metadata": {"cellId": "c1"}}
    monkeypatch.setitem(sys.modules, "IPython", shell(kernel=1, get_parent=lambda: parent))
    assert place.in_notebook()
    run = place.current_run()
    assert run == ("c1", "r1")
    assert place.Run("c1", "r2").is_again(run)
    assert not place.Run("c1", "r1").is_again(run)
    assert not place.Run("c2", "r2").is_again(run)
    monkeypatch.setitem(sys.modules, "IPython", shell(kernel=1, get_parent=dict))
    assert place.current_run() is None
    monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace(running_in_notebook=lambda: True))
    assert place.in_notebook()


def test_the_saved_picture_shows_names_as_text() -> None:
    proto = parse("g (float[1] x) => (float[1] y) { y = Neg (x) }")
    proto.graph.name = '"><script>alert(1)</script>'
    graph = tagged(proto)
    html = still.Still(graph, note="<i>", height=300)._repr_html_()
    assert "<script" not in html
    assert "<i>" not in html
    image = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert image is not None
    assert base64.b64decode(image[1]).startswith(b"<svg")


def test_a_picture_that_is_too_large_shows_closed_boxes(
    view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = view._session
    assert session is not None
    view.open("enc.att.q")
    assert "Relu" in still.still_svg(session)
    monkeypatch.setattr(still, "_MOST_BYTES", 100)
    assert "Relu" not in still.still_svg(session)


def test_the_page_asks_nobody_but_the_kernel() -> None:
    import gzip

    html = gzip.decompress(page.notebook_page().content).decode()
    assert html.count("<script>") == html.count("</script>") == 2
    assert not re.search(
        r"\bsrc=|\bon\w+=\"|@import|url\((?!['\"]?data:)", html.split("<script>")[0]
    )
    assert "{{" not in html.split("<script>")[0]
    assert "@param" not in page.widget_script()


@pytest.mark.parametrize("module", ["hexviz.notebook", "hexviz.notebook.widget"])
def test_a_view_needs_no_server_and_no_torch(module: str) -> None:
    code = f"import {module}, sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"dash", "flask", "torch", "waitress"} & set(done.stdout.split())
    assert ("anywidget" in done.stdout.split()) == module.endswith("widget")
