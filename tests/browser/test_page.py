"""The main job in a browser. Every test also ends with: no console error, no other host asked."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.app.jobs.orders import children
from tests.browser.conftest import QUIET, Server, Sheet
from tests.view.graphs import chain
from tests.waiting import until

pytestmark = pytest.mark.browser


@pytest.fixture
def closed(sheet: Sheet, server: Server) -> Sheet:
    """The page with every box closed."""
    sheet.open(server.url + "&open=")
    sheet.shows("m:encoder")
    return sheet


def test_the_first_view_names_the_model_and_its_figures(sheet: Sheet, server: Server) -> None:
    sheet.open(server.url)
    expect(sheet.page.locator("#model-title")).to_have_text("bert-tiny.onnx")
    expect(sheet.page.locator("#model-figures")).to_contain_text("100% of 256 ops tagged")
    expect(sheet.page.locator("#model-figures")).to_contain_text("256 declared")
    assert sheet.cy("cy.elements().length") < 300


def test_boxes_open_and_close_in_place_and_the_tree_follows(closed: Sheet) -> None:
    closed.enter("m:encoder")
    closed.shows("m:encoder.layer.0")
    row = closed.page.locator('#tree [data-key="encoder.layer.0"]')
    expect(row).to_be_visible()
    assert closed.cy("cy.getElementById('m:encoder').data('open')") == 1
    chevron = '#tree [data-key="encoder"] > .chevron'
    closed.page.locator(chevron).click()
    closed.wait("cy.getElementById('m:encoder.layer.0').empty()")
    expect(row).to_have_count(0)


def test_a_group_of_ops_opens_like_a_box(closed: Sheet) -> None:
    group = closed.cy("cy.nodes('[kind = \"call\"]').id()")
    closed.enter(group)
    closed.wait("cy.getElementById(a[0]).data('open') === 1", group)
    closed.wait("cy.nodes('[kind = \"op\"]').length > 0")


def test_the_tree_selects_and_is_worked_by_keyboard(closed: Sheet) -> None:
    page = closed.page
    page.locator('#tree [data-key="pooler"]').click()
    expect(page.locator("#inspector h2")).to_have_text("BertPooler")
    closed.wait("cy.nodes('.selected').id() === 'm:pooler'")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#inspector h2")).to_have_text("BertEncoder")
    page.keyboard.press("ArrowRight")
    closed.shows("m:encoder.layer.0")
    row = page.locator('#tree [data-key="encoder"]')
    expect(row).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Space")
    closed.wait("cy.getElementById('m:encoder').empty()")
    expect(page.locator("#filter-note")).to_contain_text("Showing 86 of 256 ops")


def test_rapid_clicks_are_all_kept(closed: Sheet) -> None:
    for key in ("embeddings", "encoder", "pooler"):
        closed.page.evaluate("key => window.hexviz.send('toggle', key)", key)
    closed.shows("m:encoder.layer.0")
    closed.shows("m:pooler.dense")
    closed.shows("m:embeddings.LayerNorm")


def test_a_typed_search_and_enter_without_a_pause(closed: Sheet) -> None:
    closed.page.keyboard.press("/")
    closed.page.keyboard.type("gelu\n")
    expect(closed.page.locator("#inspector h2")).to_have_text("Gelu")
    closed.page.keyboard.press("Escape")
    closed.page.keyboard.press("/")
    closed.page.keyboard.type("BertPooler\n")
    expect(closed.page.locator("#inspector h2")).to_have_text("BertPooler")


def test_stubs_and_inputs_lead_somewhere(closed: Sheet) -> None:
    closed.click("i:input_ids")
    expect(closed.page.locator("#inspector h2")).to_have_text("input_ids")
    stub = closed.cy("cy.nodes('[kind = \"stub\"]').id()")
    closed.click(stub)
    closed.wait("cy.nodes('.selected').id() === a[0]", stub)
    expect(closed.page.locator("#inspector .pill").first).to_have_text("edge")
    closed.page.keyboard.press("Enter")
    source = closed.cy("cy.getElementById(a[0]).data('from')[0]", stub)
    closed.wait("cy.nodes('.selected').id() === a[0]", source)


def test_the_opened_box_stays_where_the_eye_left_it(closed: Sheet) -> None:
    closed.cy("void cy.center(cy.getElementById('m:encoder'))")
    box = "cy.getElementById('m:encoder')"
    top = f"({box}.renderedPosition('y') - {box}.renderedHeight() / 2)"
    before = closed.cy(top)
    closed.enter("m:encoder")
    closed.shows("m:encoder.layer.0")
    closed.wait(f"Math.abs({top} - a[0]) < 3", before)


def test_an_auxiliary_op_tells_its_context_and_shows_the_chain(closed: Sheet) -> None:
    page = closed.page
    page.keyboard.press("/")
    page.keyboard.type("reshape encoder.layer.0.attention.self")
    expect(page.locator("#hits .hit").first).to_contain_text("Reshape")
    page.keyboard.press("Enter")
    sentence = page.locator("#context-sentence")
    expect(sentence).to_contain_text("Needed by")
    expect(sentence).to_contain_text("BertSelfAttention")
    # What the file declares has no evidence to light; the chain is lit when it is asked for.
    closed.wait("cy.nodes('.selected').length === 1 && cy.nodes('.evidence').length === 0")
    page.get_by_role("button", name="Show the chain in the graph").click()
    expect(page.locator(".path .link").first).to_be_visible()
    closed.wait("cy.nodes('.selected').length === 1 && cy.nodes('.evidence').length > 0")
    last = page.locator('[data-fold="context"] .path .link').last
    wanted = last.get_attribute("data-op")
    last.click()
    closed.wait("cy.nodes('.selected').data('op') === a[0]", wanted)
    expect(page.locator("#inspector .heading h2")).to_be_visible()


def test_clicking_an_op_on_the_canvas_selects_it(closed: Sheet) -> None:
    closed.page.locator("#search").fill("softmax")
    closed.page.locator("#hits .hit").first.click()
    closed.wait("cy.nodes('.selected').length === 1")
    closed.page.keyboard.press("Escape")  # ends the search
    closed.page.locator(".model-title").click()
    closed.page.keyboard.press("Escape")
    closed.wait("cy.nodes('.selected').id().startsWith('m:')")
    assert closed.cy("cy.nodes('[name = \"Softmax\"]').empty()")
    closed.page.locator("#search").fill("softmax")
    closed.page.locator("#hits .hit").first.click()
    closed.wait("cy.nodes('[name = \"Softmax\"]').nonempty()")
    closed.page.evaluate("() => window.hexviz.send('clear')")
    closed.wait("cy.nodes('.selected').length === 0")
    node = closed.cy("cy.nodes('[name = \"Softmax\"]').id()")
    closed.click(node)
    expect(closed.page.locator("#inspector h2")).to_have_text("Softmax")


def test_a_filter_hides_a_module_and_bridges_it(closed: Sheet) -> None:
    closed.page.locator('#tree [data-key="encoder"] > .mark-box').click()
    closed.wait("cy.getElementById('m:encoder').empty()")
    closed.wait("cy.edges('[via > 0]').length > 0")
    labels = closed.cy("cy.edges('[via > 0]').map(e => e.data('label') || e.data('name'))")
    assert all(re.fullmatch(r"via \d+ hidden ops?", label) for label in labels)
    expect(closed.page.locator("#filter-note")).to_contain_text("Showing 86 of 256 ops")
    closed.page.locator("#show-all").click()
    closed.shows("m:encoder")
    closed.wait("cy.edges('[via > 0]').length === 0")


def test_hiding_everything_says_so(closed: Sheet) -> None:
    closed.page.locator('#tree [data-key=""] > .mark-box').click()
    expect(closed.page.locator("#filter-note")).to_contain_text("256 hidden")
    closed.wait("cy.nodes('[kind = \"module\"]').empty()")


def test_auxiliary_ops_move_to_what_they_serve(closed: Sheet) -> None:
    page = closed.page
    page.locator("#search").fill("expand_2")
    page.locator("#hits .hit").first.click()
    closed.shows("o:expand_2")
    box = "cy.getElementById('o:expand_2').data('fqn')"
    assert closed.cy(box) == ""
    switch = page.get_by_text("where they are used")
    if not switch.is_visible():
        page.get_by_role("button", name="More", exact=True).click()
    switch.click()
    closed.wait(f"{box} === 'encoder' || cy.nodes('.selected').data('fqn') === 'encoder'")


def test_the_table_of_ops_leads_back_to_the_graph(closed: Sheet) -> None:
    page = closed.page
    page.locator("#tab label", has_text="Ops").click()
    cell = page.locator('#ops [col-id="op_type"]', has_text="Gelu").first
    page.locator("#ops .ag-header-cell[col-id=op_type]").click()
    page.locator("#ops .ag-header-cell[col-id=op_type]").click()
    page.locator("#ops .ag-body-viewport").hover()
    for _ in range(60):
        if cell.is_visible():
            break
        page.mouse.wheel(0, 400)
        page.evaluate(QUIET, 2)
    cell.click()
    expect(page.locator("#inspector h2")).to_have_text("Gelu")


def test_a_link_brings_the_view_back(closed: Sheet, server: Server) -> None:
    page = closed.page
    page.locator("#search").fill("softmax")
    page.locator("#hits .hit").first.click()
    page.wait_for_function("() => location.search.includes('&op=')")
    closed.open(page.url)
    closed.wait("cy.nodes('.selected').length === 1")
    expect(page.locator("#inspector h2")).to_have_text("Softmax")


def test_light_and_dark(closed: Sheet) -> None:
    page = closed.page
    colour = "() => getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    fill = closed.cy("cy.getElementById('m:encoder').data('fill')")
    page.locator("#theme-toggle").click()
    closed.wait("cy.getElementById('m:encoder').data('fill') !== a[0]", fill)
    assert page.evaluate(colour) != light


def test_every_function_the_page_asks_the_browser_for_is_there(closed: Sheet) -> None:
    missing = closed.page.evaluate(
        """async () => {
            const known = await (await fetch('/_dash-dependencies')).json();
            return known.map((one) => one.clientside_function).filter(Boolean)
                .filter((one) => typeof window.dash_clientside[one.namespace]?.[one.function_name]
                    !== 'function');
        }"""
    )
    assert missing == []


def test_an_upload_opens_and_a_bad_one_is_one_clear_notice(
    closed: Sheet, bert: Path, tmp_path: Path
) -> None:
    page = closed.page
    page.locator("#open-dialog").click()
    bad = tmp_path / "bad.onnx"
    bad.write_text("not a model")
    page.locator("#upload input[type=file]").set_input_files(bad)
    expect(page.get_by_text("bad.onnx is not an ONNX model")).to_be_visible()
    good = tmp_path / "my model.onnx"
    good.write_bytes(bert.read_bytes() + b"\x1a\x02up")
    page.locator("#upload input[type=file]").set_input_files(good)
    expect(page.locator("#model-title")).to_have_text("my model.onnx")


def test_an_upload_that_is_too_large_or_no_model_is_refused_in_words(
    closed: Sheet, tmp_path: Path
) -> None:
    page = closed.page
    page.locator("#open-dialog").click()
    expect(page.locator("#upload-box")).to_be_visible()
    page.evaluate("document.getElementById('upload-box').dataset.most = '1000'")
    large = tmp_path / "large.onnx"
    large.write_bytes(b"x" * 2000)
    page.locator("#upload input[type=file]").set_input_files(large)
    expect(page.get_by_text("large.onnx is over 0 MB: open it with")).to_be_visible()
    note = tmp_path / "note.txt"
    note.write_text("hello")
    page.locator("#upload input[type=file]").set_input_files(note)
    expect(page.get_by_text("note.txt is not an .onnx file")).to_be_visible()
    expect(page.locator("#model-title")).to_have_text("bert-tiny.onnx")


def test_back_returns_to_the_model_before(closed: Sheet, bert: Path, tmp_path: Path) -> None:
    page = closed.page
    page.locator("#open-dialog").click()
    other = tmp_path / "other.onnx"
    other.write_bytes(bert.read_bytes() + b"\x1a\x02bk")
    page.locator("#upload input[type=file]").set_input_files(other)
    expect(page.locator("#model-title")).to_have_text("other.onnx")
    closed.settle()
    page.go_back()
    expect(page.locator("#model-title")).to_have_text("bert-tiny.onnx")


def test_a_sample_is_exported_with_progress(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    sheet.open(server.url)
    page.locator("#open-dialog").click()
    page.get_by_role("button", name=re.compile("^custom-auxiliary")).click()
    expect(page.locator("#export-stage")).to_contain_text("custom-auxiliary")
    expect(page.locator("#model-title")).to_have_text("custom-auxiliary.onnx")
    expect(page.locator("#model-figures")).to_contain_text("100% of")


def test_an_export_that_failed_shows_its_log_as_text(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    sheet.open(server.url)
    page.locator("#open-dialog").click()
    expect(page.get_by_role("button", name=re.compile("^sam-vit"))).to_be_visible()
    log = "<img src=x onerror=alert(1)>\nTraceback: the cause"
    page.evaluate(
        "data => dash_clientside.set_props('exported', {data})",
        {"error": "The exporter failed on it. Try another.", "log": log},
    )
    expect(page.get_by_role("alert")).to_contain_text("Try another.")
    page.get_by_text("What the exporter said").click()
    expect(page.locator("#export-outcome pre")).to_have_text(log)
    assert page.locator("#export-outcome img").count() == 0


def test_an_export_can_be_cancelled(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    sheet.open(server.url)
    page.locator("#open-dialog").click()
    page.get_by_role("button", name=re.compile("^sam-vit")).click()
    expect(page.locator("#export-stage")).to_contain_text("sam-vit")
    page.locator("#export-cancel").click()
    expect(page.locator("#export-job")).to_be_hidden()
    until(lambda: not children(server.process.pid))
    sheet.settle()
    assert page.locator("#model-title").inner_text() == "bert-tiny.onnx"


def test_a_model_that_is_gone_says_so(sheet: Sheet, server: Server) -> None:
    sheet.page.goto(server.url.partition("?")[0] + "?model=" + "0" * 64)
    expect(sheet.page.get_by_text("not open on the server any more")).to_be_visible()


def test_two_tabs_do_not_disturb_each_other(
    browser: Browser, closed: Sheet, server: Server
) -> None:
    page = browser.new_page()
    other = Sheet(page)
    other.open(server.url + "&open=")
    other.enter("m:encoder")
    other.shows("m:encoder.layer.0")
    assert closed.cy("cy.getElementById('m:encoder.layer.0').empty()")
    page.close()
    assert other.errors == []


_INK = """() => {
  let painted = 0;
  document.querySelectorAll('#graph canvas').forEach(function (canvas) {
    if (!canvas.width) return;
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    for (let at = 3; at < data.length; at += 4) painted += data[at] > 0;
  });
  return painted;
}"""


def test_a_chain_of_2000_ops_draws(closed: Sheet, tmp_path: Path) -> None:
    """Cytoscape before 3.30.3 silently draws nothing of a long straight line of nodes."""
    page = closed.page
    path = tmp_path / "chain.onnx"
    chain(2000).save(path)
    page.locator("#open-dialog").click()
    page.locator("#upload input[type=file]").set_input_files(path)
    expect(page.locator("#model-title")).to_have_text("chain.onnx")
    page.locator("#open-level").click()
    closed.wait("cy.nodes('[kind = \"op\"]').length > 300")
    page.locator("#fit").click()
    closed.settle()
    assert page.evaluate(_INK) > 10_000
    closed.cy("void (cy.zoom(1), cy.center(cy.nodes('[kind = \"op\"]')[100]))")
    closed.settle()
    assert page.evaluate(_INK) > 10_000
    closed.cy("void cy.elements().style('display', 'none')")
    closed.settle()
    assert page.evaluate(_INK) < 2_000


def test_after_a_click_on_the_canvas_its_keys_are_the_canvas_s(closed: Sheet) -> None:
    closed.page.locator('#tree [data-key="pooler"]').click()
    closed.settle()
    closed.enter("m:encoder")
    closed.shows("m:encoder.layer.0")
    closed.settle()
    assert closed.page.evaluate("document.activeElement === document.body")
    closed.page.keyboard.press("Enter")
    closed.wait("cy.getElementById('m:encoder').data('open') !== 1")


def test_the_inspector_begins_at_its_top_for_what_is_selected_next(closed: Sheet) -> None:
    closed.page.locator('#tree [data-key="encoder"]').click()
    closed.settle()
    closed.page.evaluate("document.getElementById('inspector').scrollTop = 300")
    closed.page.locator('#tree [data-key="pooler"]').click()
    expect(closed.page.locator("#inspector h2")).to_have_text("BertPooler")
    closed.settle()
    assert closed.page.evaluate("document.getElementById('inspector').scrollTop") == 0
