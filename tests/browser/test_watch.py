"""A file that is written while people look at it: the page follows, and stays where it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import pytest
from onnx import helper, numpy_helper
from playwright.sync_api import expect

from tests.browser.conftest import Sheet
from tests.serving import Server

LAYER = "encoder.layer.1"


@pytest.fixture
def file(bert: Path, tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(bert.read_bytes())
    return path


@pytest.fixture
def watching(file: Path, tmp_path: Path) -> Iterator[Server]:
    server = Server(file, tmp_path / "cache", "--watch")
    yield server
    server.stop()


@pytest.fixture
def watched(watching: Server, sheet: Sheet) -> Sheet:
    """The page of a file that is watched already."""
    sheet.open(watching.printed)
    expect(sheet.page.locator("#watch")).to_contain_text("Watching model.onnx")
    sheet.settle()
    return sheet


def doubled(model: onnx.ModelProto) -> None:
    """Every weight twice as large: the same graph."""
    for one in model.graph.initializer:
        if one.name.endswith("weight"):
            one.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(one) * 2, one.name))


def matmul(model: onnx.ModelProto, module: str) -> str:
    """The id of the first one in a module."""
    return next(
        node.output[0]
        for node in model.graph.node
        if node.op_type == "MatMul" and any(module in one.value for one in node.metadata_props)
    )


def with_relu(model: onnx.ModelProto) -> None:
    """One op more in a layer."""
    graph = model.graph
    name = matmul(model, LAYER)
    at = next(at for at, node in enumerate(graph.node) if name in node.output)
    before = graph.node[at]
    relu = helper.make_node("Relu", [before.output[0]], ["a_relu"], name="a_relu")
    relu.metadata_props.extend(before.metadata_props)
    for node in list(graph.node)[at + 1 :]:
        for number, value in enumerate(node.input):
            if value == before.output[0]:
                node.input[number] = "a_relu"
    graph.node.insert(at + 1, relu)


def edited(path: Path, change: Callable[[onnx.ModelProto], None]) -> bytes:
    model = onnx.load(path)
    change(model)
    return model.SerializeToString()


def sight(sheet: Sheet) -> list[float]:
    found: list[float] = sheet.cy("[cy.zoom(), cy.pan().x, cy.pan().y]")
    return found


def key(sheet: Sheet) -> str:
    return str(sheet.page.evaluate("new URLSearchParams(location.search).get('model')"))


def follows(sheet: Sheet, old: str) -> None:
    sheet.page.wait_for_function(
        "old => { const now = new URLSearchParams(location.search).get('model');"
        " return now && now !== old; }",
        arg=old,
    )


def test_all_that_a_person_has_chosen_stays(watched: Sheet, file: Path) -> None:
    page = watched.page
    page.set_viewport_size({"width": 1280, "height": 500})  # the tree scrolls
    page.evaluate("op => hexviz.send('reveal', op)", matmul(onnx.load(file), "encoder.layer.0"))
    page.fill("#search", "type:MatMul")
    page.evaluate("hexviz.send('check', 'pooler')")
    watched.settle()
    page.mouse.move(640, 250)
    page.mouse.wheel(0, -240)
    page.evaluate("() => { document.getElementById('tree').scrollTop = 60; }")
    watched.settle()
    before, old = sight(watched), key(watched)
    state = page.evaluate("location.search").partition("&")[2]
    tree = page.evaluate("document.getElementById('tree').scrollTop")
    assert tree > 0
    length = page.evaluate("history.length")

    file.write_bytes(edited(file, doubled))
    follows(watched, old)
    watched.settle()
    assert sight(watched) == before
    assert page.evaluate("location.search").partition("&")[2] == state
    assert "op=" in state
    assert "hide=pooler" in state
    assert page.evaluate("document.getElementById('tree').scrollTop") == tree
    assert page.input_value("#search") == "type:MatMul"
    expect(page.locator("#hits")).to_contain_text("MatMul")
    assert page.evaluate("history.length") == length
    expect(page.locator("#watch")).to_contain_text("changed in")


def test_what_was_added_is_said_and_leads_to_the_comparison(watched: Sheet, file: Path) -> None:
    page, old = watched.page, key(watched)
    area = page.locator("#graph").bounding_box()
    began = time.monotonic()
    temporary = file.with_suffix(".tmp")
    temporary.write_bytes(edited(file, with_relu))
    temporary.replace(file)
    follows(watched, old)
    took = time.monotonic() - began
    line = page.locator("#watch")
    expect(line).to_contain_text(f"model.onnx: 1 op added in {LAYER}")
    assert "1 op added" in (page.locator("#watch-said").text_content() or "")
    assert page.locator("#graph").bounding_box() == area, "the line lies over nothing"
    assert took < 15  # a second where nobody else uses the machine: docs/watching.md
    line.get_by_role("button", name="Compare…").click()
    expect(page.locator(".compare-message")).to_contain_text("1 added")
    assert "tab=compare" in page.url
    line.get_by_role("button", name="Dismiss").click()
    expect(line).to_contain_text("Watching model.onnx")


def test_what_is_looked_at_stays_where_it_is_though_all_around_it_moves(
    watched: Sheet, file: Path
) -> None:
    page, old = watched.page, key(watched)
    op = matmul(onnx.load(file), "encoder.layer.0")
    page.evaluate("op => hexviz.send('reveal', op)", op)
    page.evaluate("hexviz.send('toggle', 'encoder.layer.1')")
    watched.settle()
    before = watched.place(f"o:{op}")
    place = watched.cy("cy.getElementById(a[0]).position().y", f"o:{op}")

    def taller(model: onnx.ModelProto) -> None:
        """Four ops in a row before all others; arithmetic, which no module takes in."""
        graph = model.graph
        (read,) = {one for node in graph.node for one in node.input if one == "input_ids"}
        names = [read, *(f"before_{number}" for number in range(4))]
        for node in graph.node:
            for number, value in enumerate(node.input):
                if value == read:
                    node.input[number] = names[-1]
        for number in range(4):
            new = helper.make_node("Neg", [names[number]], [names[number + 1]])
            graph.node.insert(number, new)

    file.write_bytes(edited(file, taller))
    follows(watched, old)
    watched.settle()
    assert watched.cy("cy.getElementById(a[0]).position().y", f"o:{op}") != place
    assert watched.place(f"o:{op}") == pytest.approx(before, abs=0.01)


def test_a_half_written_file_changes_nothing_until_it_is_whole(
    watched: Sheet, file: Path, watching: Server
) -> None:
    page, old = watched.page, key(watched)
    content = edited(file, with_relu)
    with file.open("wb") as written:
        for piece in range(6):
            written.write(content[piece * len(content) // 6 : (piece + 1) * len(content) // 6])
            written.flush()
            assert key(watched) == old
            time.sleep(0.5)
    follows(watched, old)
    expect(page.locator("#watch")).to_contain_text("1 op added")
    new = key(watched)

    file.write_bytes(content[:1000])
    expect(page.locator("#watch")).to_contain_text("cut short")
    expect(page.locator("#watch")).to_contain_text("stays")
    assert key(watched) == new
    page.goto(watching.printed)  # somebody else comes, and sees the last version that is whole
    watched.open(watching.printed)
    assert key(watched) == new
    file.write_bytes(content)
    expect(page.locator("#watch")).to_contain_text("nothing changed")


def test_a_page_of_an_older_version_is_left_alone(
    watched: Sheet, file: Path, watching: Server
) -> None:
    page, old = watched.page, key(watched)
    file.write_bytes(edited(file, with_relu))
    follows(watched, old)
    watched.settle()
    watched.open(f"{watching.printed}?model={old}")
    line = page.locator("#watch")
    expect(line).to_contain_text("An earlier version of model.onnx is shown.")
    assert key(watched) == old
    line.get_by_role("button", name="Show the newest").click()
    follows(watched, old)
    expect(line).to_contain_text("Watching model.onnx")
