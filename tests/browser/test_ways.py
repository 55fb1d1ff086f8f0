"""Finding one's way: search, traces, history, keys, colours, pictures; and that all can use it."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Server, Sheet

pytestmark = pytest.mark.browser

INSIDE = "&open=encoder&open=encoder.layer.0&open=encoder.layer.0.attention"


@pytest.fixture
def inside(sheet: Sheet, server: Server) -> Sheet:
    """The page with one attention block open, and the call in it."""
    own = "encoder.layer.0.attention.self"
    sheet.open(f"{server.url}{INSIDE}&open={own}&open={own}!scaled_dot_product_attention")
    sheet.wait("cy.nodes('[name = \"Softmax\"]').nonempty()")
    return sheet


def heading(sheet: Sheet) -> str:
    return sheet.page.locator("#inspector h2").inner_text()


def test_a_search_counts_and_steps_through_what_it_finds(inside: Sheet) -> None:
    page = inside.page
    page.locator("#search").fill("type:MatMul tag:encoder.layer.0")
    expect(page.locator("#hits [role=status]")).to_have_text("8 ops")
    page.keyboard.press("Enter")  # takes the first, and the keys are the graph's again
    page.wait_for_function("() => location.search.includes('op=')")
    seen = [parse_qs(urlsplit(page.url).query)["op"][0]]
    for _ in range(8):
        page.keyboard.press("n")
        page.wait_for_function(
            "seen => new URLSearchParams(location.search).get('op') !== seen", arg=seen[-1]
        )
        seen.append(parse_qs(urlsplit(page.url).query)["op"][0])
    assert seen[8] == seen[0]
    assert len(set(seen)) == 8
    page.keyboard.press("N")
    page.wait_for_function(f"() => location.search.includes('op={seen[7]}')")
    page.locator("#search").fill("typ:MatMul")
    expect(page.locator("#hits")).to_contain_text("Did you mean type:?")


def test_traces_dim_what_they_leave_out_and_end_with_escape(inside: Sheet) -> None:
    page = inside.page
    softmax = inside.cy("cy.nodes('[name = \"Softmax\"]').id()")
    inside.click(softmax)
    expect(page.locator("#inspector h2")).to_have_text("Softmax")
    page.keyboard.press("u")
    expect(page.locator("#trace-note")).to_contain_text("that Softmax needs")
    inside.wait("cy.nodes('.dimmed').nonempty()")
    assert inside.cy("!cy.getElementById('m:embeddings').hasClass('dimmed')")
    assert inside.cy("cy.getElementById('m:pooler').hasClass('dimmed')")
    page.keyboard.press("Escape")
    expect(page.locator("#trace")).to_be_hidden()
    inside.wait("cy.nodes('.dimmed').empty()")
    page.keyboard.press("b")
    other = inside.cy("cy.nodes('[name = \"MatMul\"]').last().id()")
    inside.click(other)
    expect(page.locator("#trace-note")).to_contain_text("between Softmax and MatMul")


def test_back_and_forward_lead_through_what_was_looked_at(inside: Sheet) -> None:
    page = inside.page
    for name in ("pooler", "embeddings"):
        page.evaluate("name => window.hexviz.send('reveal-module', name)", name)
        page.wait_for_function(f"() => location.search.includes('module={name}')")
    page.locator("#back").click()
    expect(page.locator("#inspector h2")).to_have_text("BertPooler")
    page.locator("#forward").click()
    expect(page.locator("#inspector h2")).to_have_text("BertEmbeddings")


def test_arrows_walk_along_edges_and_enter_opens(sheet: Sheet, server: Server) -> None:
    sheet.open(server.url + "&open=")
    page = sheet.page
    page.locator(".model-title").click()
    page.keyboard.press("ArrowDown")
    sheet.wait("cy.nodes('.selected').data('kind') === 'input'")
    for _ in range(4):
        before = sheet.cy("cy.nodes('.selected').id()")
        page.keyboard.press("ArrowDown")
        sheet.wait(
            "cy.nodes('.selected').nonempty() && cy.nodes('.selected').id() !== a[0]", before
        )
        if sheet.cy("cy.nodes('.selected').id()") == "m:encoder":
            break
    page.keyboard.press("Enter")
    sheet.shows("m:encoder.layer.0")
    page.keyboard.press("ArrowDown")
    sheet.wait("cy.nodes('.selected').data('parent_key') === 'encoder'")
    page.keyboard.press("Escape")
    sheet.wait("cy.getElementById('m:encoder.layer.0').empty()")
    page.keyboard.press("?")
    expect(page.get_by_text("trace all ways to the next op")).to_be_visible()
    page.keyboard.press("Escape")


def test_a_copied_link_brings_back_the_exact_view(browser: Browser, server: Server) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    sheet = Sheet(context.new_page())
    sheet.open(server.url + INSIDE + "&colour=category")
    sheet.settle()
    sheet.cy("void (cy.zoom(0.83), cy.pan({ x: -40, y: -90 }))")
    sheet.page.locator(".model-title").click()
    sheet.page.keyboard.press("c")
    expect(sheet.page.get_by_text("Link copied")).to_be_visible()
    link = sheet.page.evaluate("() => navigator.clipboard.readText()")
    other = Sheet(context.new_page())
    other.open(link)
    other.wait("Math.abs(cy.zoom() - 0.83) < 0.001")
    view = [0.83, -40, -90]  # of before the notice, which takes a line
    assert other.cy("[cy.zoom(), cy.pan().x, cy.pan().y]") == pytest.approx(view, abs=1.5)
    expect(other.page.locator("#legend")).to_contain_text("primary")
    context.close()
    assert sheet.errors + other.errors == []


def test_colours_by_a_fact_and_a_legend_that_filters(inside: Sheet) -> None:
    page = inside.page
    page.locator("#colour").click()
    page.get_by_role("option", name="by category").click()
    entry = page.locator("#legend button", has_text="type conversion")
    entry.click()
    expect(entry).to_have_attribute("aria-pressed", "true")
    inside.wait("cy.nodes('.dimmed').nonempty()")
    assert inside.cy("cy.nodes('[category = \"type conversion\"].dimmed').empty()")
    page.locator("#legend button", has_text="all").click()
    inside.wait("cy.nodes('.dimmed').empty()")


def test_colours_by_a_persons_own_numbers(inside: Sheet, tmp_path: Path) -> None:
    page = inside.page
    softmax = inside.cy("cy.nodes('[name = \"Softmax\"]').data('op')")
    good, bad = tmp_path / "ms.json", tmp_path / "bad.csv"
    good.write_text(json.dumps({softmax: 3.5, "gelu": 1.0}))
    bad.write_text("gone,1\n")
    page.locator("#numbers input[type=file]").set_input_files(bad)
    expect(page.get_by_text("These are no numbers for this model")).to_be_visible()
    page.locator("#numbers input[type=file]").set_input_files(good)
    expect(page.locator("#legend")).to_contain_text("no number")
    page.wait_for_function("() => location.search.includes('colour=numbers')")


def test_pictures_and_the_graph_are_saved(inside: Sheet, tmp_path: Path) -> None:
    page = inside.page
    for label, ending, start in (
        ("Save picture (PNG)", ".png", b"\x89PNG"),
        ("Save picture (SVG)", ".svg", b"<svg"),
        ("Save for Model Explorer (JSON)", ".json", b'"graphs"'),
        ("Save graph (GraphML)", ".graphml", b"<graphml"),
        ("Save table of ops (CSV)", ".csv", b"index,body,id"),
    ):
        page.locator("#more").click()
        with page.expect_download() as download:
            page.get_by_text(label).click()
        path = tmp_path / f"picture{ending}"
        download.value.save_as(path)
        assert download.value.suggested_filename == f"bert-tiny{ending}"
        assert start in path.read_bytes()[:200]
        assert path.stat().st_size > 5000


def test_the_minimap_frames_what_is_in_sight_and_leads_there(inside: Sheet) -> None:
    page = inside.page
    inside.cy("void (cy.zoom(1.2), cy.center(cy.nodes().first()))")
    expect(page.locator("#minimap")).to_be_visible()
    box = page.locator("#minimap").bounding_box()
    assert box is not None
    before = inside.cy("cy.pan().y")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] - 12)
    inside.wait("Math.abs(cy.pan().y - a[0]) > 100", before)
    inside.cy("void cy.fit()")
    expect(page.locator("#minimap")).to_be_hidden()


def test_an_edge_tells_its_values(inside: Sheet) -> None:
    edge = inside.cy("cy.edges('[count > 0][fan = 0]').first().id()")
    inside.page.evaluate("id => window.hexviz.send('edge', id)", edge)
    expect(inside.page.locator("#inspector .pill")).to_have_text("edge")
    assert re.match(r"\d+ values?", heading(inside))


def test_the_table_follows_the_graph(inside: Sheet) -> None:
    page = inside.page
    inside.click(inside.cy("cy.nodes('[name = \"Softmax\"]').id()"))
    expect(page.locator("#inspector h2")).to_have_text("Softmax")
    page.locator("#tab label", has_text="Ops").click()
    selected = page.locator("#ops .ag-row-selected")
    expect(selected.first).to_contain_text("Softmax")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_of(browser: Browser, server: Server, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 800})
    sheet = Sheet(context.new_page())
    sheet.open(server.url + INSIDE)
    sheet.page.locator("#search").fill("softmax")
    sheet.page.locator("#hits .hit").first.click()
    expect(sheet.page.locator("#inspector h2")).to_have_text("Softmax")
    for tab, sign in (("Graph", "#legend .entry"), ("Ops", "#ops .ag-row .ag-cell")):
        sheet.page.locator("#tab label", has_text=tab).click()
        expect(sheet.page.locator(sign).first).to_be_visible()
        sheet.settle()
        found = Axe().run(sheet.page).response["violations"]
        told = [(one["id"], [node["html"][:160] for node in one["nodes"]][:3]) for one in found]
        assert told == []
    context.close()
