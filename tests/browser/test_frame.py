"""The page's frame: where its parts stand at every size of a window, and what opens a model."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from hexviz.bench.synthetic import synthetic
from tests.browser.conftest import QUIET, Server, Sheet

pytestmark = pytest.mark.browser

SIZES = [(1024, 700, 1), (1366, 768, 1), (1440, 900, 1), (1920, 1080, 1), (2560, 1440, 1)]
ZOOMED = [(683, 467, 1.5), (911, 512, 1.5), (960, 600, 1.5)]
"""Windows of 1024 × 700, 1366 × 768 and 1440 × 900 at a zoom of 150 %."""
TABS = ("Graph", "Extract", "Ops", "Audit", "Measure", "Compare")
OP = "encoder.layer.0.attention.self"
INSIDE = f"&open=encoder&open=encoder.layer.0&open=encoder.layer.0.attention&open={OP}"

FAULTS = """() => {
  const seen = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== 'hidden';
  };
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const name = (element) => element.id || element.className || element.textContent;
  const faults = [];
  const meet = (one, other) => {
    const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
    return Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
      Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  };
  const apart = (parts) => parts.forEach((one, at) => parts.slice(at + 1).forEach((other) => {
    if (meet(one, other)) faults.push(`${name(one)} meets ${name(other)}`);
  }));
  const within = (part, whole) => {
    const [a, b] = [part.getBoundingClientRect(), whole.getBoundingClientRect()];
    const across = a.left < b.left - 1 || a.right > b.right + 1;
    if (across || a.top < b.top - 1 || a.bottom > b.bottom + 1) {
      faults.push(`${name(part)} leaves ${name(whole)}`);
    }
  };
  const regions = '.bar, .left, .tools, .bars, .canvas, .tour, .foot, .notice-bar, .right, ' +
    '#ops-pane, #audit-pane, #measure-pane, #compare-pane';
  apart(all(regions));
  all(regions).forEach((region) => within(region, document.documentElement));
  for (const line of ['.bar', '.tools-line', '.bars', '.foot', '.notice-bar', '.measure-head',
    '.measure-choice', '.measure-body']) {
    all(line).forEach((whole) => apart([...whole.children].filter(seen)));
  }
  all('.tools-line > *').forEach((tool) => within(tool, document.querySelector('.tools-line')));
  all('#more').forEach((more) => within(more, document.querySelector('.tools')));
  all('.minimap').forEach((map) => within(map, document.querySelector('.canvas')));
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth || page.scrollHeight > page.clientHeight) {
    faults.push('the page scrolls');
  }
  for (const whole of all('.tools-line, .bars, .bar, .right, .left, .notice-bar, .tour, ' +
    '.measure-pane, .measure-scroll')) {
    if (whole.scrollWidth > whole.clientWidth + 1) faults.push(`${name(whole)} overflows`);
  }
  const buttons = ['.bar', '.tools', '.bars', '.tour', '.notice', '.measure-head']
    .map((one) => `${one} button`);
  for (const button of all(buttons.join())) {
    button.scrollIntoView({ block: 'nearest' });
    const box = button.getBoundingClientRect();
    const top = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
    if (!button.contains(top)) faults.push(`${name(button)} is covered by ${top && name(top)}`);
  }
  return faults;
}"""
"""Parts that lie over each other, leave their place or the window, and buttons nobody can press."""


@pytest.fixture(params=[*SIZES, *ZOOMED], ids=lambda size: "x".join(map(str, size)))
def window(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Sheet]:
    """A window of some size."""
    width, height, zoom = request.param
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=zoom
    )
    sheet = Sheet(context.new_page())
    yield sheet
    context.close()
    assert sheet.errors == []


def send(page: Page, kind: str, value: object = None) -> None:
    page.evaluate("([kind, value]) => window.hexviz.send(kind, value)", [kind, value])


def say_all(sheet: Sheet) -> None:
    """Let every bar, the tour and notices be there."""
    page = sheet.page
    page.keyboard.press("u")  # nothing is selected: a notice says so, and stays if pointed at
    page.evaluate(
        "() => document.querySelector('.notice').dispatchEvent(new Event('pointerenter'))"
    )
    op = sheet.cy("cy.nodes('[kind = \"op\"]').data('op')")
    send(page, "move-ops", {"kind": "op", "what": op, "to": "pooler"})
    expect(page.locator("#edits")).not_to_be_empty()
    send(page, "colour", "what-if producers")
    expect(page.locator("#what-if")).not_to_be_empty()
    send(page, "tour", "start")
    expect(page.locator("#tour")).not_to_be_empty()


def test_nothing_lies_over_anything_and_every_button_can_be_pressed(
    window: Sheet, server: Server
) -> None:
    page = window.page
    window.open(server.url + INSIDE)
    page.evaluate(QUIET, 3)
    assert page.evaluate(FAULTS) == [], "as the page begins"
    say_all(window)
    for tab in TABS:
        page.locator("#tab label", has_text=tab).click()
        for folded in (False, True):
            root = page.locator("html")
            if folded != ("right-folded" in (root.get_attribute("class") or "")):
                page.locator("#fold-right").click()
            page.evaluate(QUIET, 3)
            assert page.evaluate(FAULTS) == [], (tab, folded)
    page.locator("#fold-left").click()
    page.locator("#fold-right").click()
    page.locator("#tab label", has_text="Graph").click()
    page.evaluate(QUIET, 3)
    assert page.evaluate(FAULTS) == [], "the tree folded or unfolded"


def test_what_does_not_fit_can_be_pressed_in_the_menu(window: Sheet, server: Server) -> None:
    page = window.page
    window.open(server.url + INSIDE)
    tools = ["back", "forward", "colour", "placement", "open-level", "close-all", "fit"]
    page.locator("#more").click()
    expect(page.get_by_role("menuitem", name="Keys")).to_be_visible()
    page.evaluate(QUIET, 3)
    for name in tools:
        at = page.locator(f"#{name}")
        expect(at).to_be_visible()
        at.scroll_into_view_if_needed()
        at.click(trial=True)
    apart = page.evaluate("""() => {
      const boxes = [...document.querySelectorAll('.folded, .menu-entry')]
        .map((one) => one.getBoundingClientRect());
      return boxes.every((a, at) => boxes.slice(at + 1).every((b) =>
        a.right <= b.left || b.right <= a.left || a.bottom <= b.top + 1 || b.bottom <= a.top + 1));
    }""")
    assert apart
    page.keyboard.press("Escape")
    expect(page.locator("#more-menu")).to_be_hidden()
    expect(page.locator("#more")).to_be_focused()


PLANTED = {
    "tour meets foot": "document.querySelector('.foot').style.marginTop = '-40px'",
    "meets": "document.querySelector('.tools').style.marginBottom = '-20px'",
    "leaves": "document.querySelector('.tools-line').append(Object.assign("
    "document.createElement('i'), { style: 'position:absolute; left:900px', textContent: 'far' }))",
    "the page scrolls": "document.body.style.minWidth = '3000px'",
    "overflows": "document.querySelector('.right').firstChild.style.minWidth = '900px'",
    "is covered by": "document.body.append(Object.assign(document.createElement('div'), "
    "{ style: 'position:fixed; inset:0 0 auto 0; height:60px; z-index:9' }))",
}


@pytest.mark.parametrize("fault", PLANTED)
def test_each_kind_of_fault_is_noticed(sheet: Sheet, server: Server, fault: str) -> None:
    page = sheet.page
    sheet.open(server.url + INSIDE)
    send(page, "tour", "start")
    expect(page.locator("#tour")).not_to_be_empty()
    page.evaluate(QUIET, 3)
    assert page.evaluate(FAULTS) == []
    page.evaluate(f"() => {{ {PLANTED[fault]} }}")
    found = page.evaluate(FAULTS)
    assert any(fault in one for one in found), found


def widths(page: Page) -> tuple[int, int]:
    found = page.evaluate("""() => ['.left', '.right:not([hidden])'].map((one) =>
      Math.round(document.querySelector(one).getBoundingClientRect().width))""")
    return found[0], found[1]


def test_splitters_follow_the_mouse_and_stay_as_they_were_left(
    sheet: Sheet, server: Server
) -> None:
    page = sheet.page
    sheet.open(server.url)
    left, right = widths(page)
    for side, way in (("left", 60), ("right", -40)):
        box = page.locator(f"#split-{side}").bounding_box()
        assert box is not None
        x, y = box["x"] + 2, box["y"] + 200
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + way / 2, y)
        page.mouse.move(x + way, y, steps=3)
        page.mouse.up()
    assert widths(page) == (left + 60, right + 40)
    expect(page.locator("#split-left")).to_have_attribute("aria-valuenow", str(left + 60))
    page.reload()
    page.wait_for_function("() => document.querySelectorAll('#tree [data-key]').length > 1")
    assert widths(page) == (left + 60, right + 40)


def test_a_splitter_dragged_to_the_edge_folds_and_back_unfolds(
    sheet: Sheet, server: Server
) -> None:
    page = sheet.page
    sheet.open(server.url)
    box = page.locator("#split-left").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, 300)
    page.mouse.down()
    page.mouse.move(10, 300, steps=4)
    page.mouse.up()
    expect(page.locator(".left")).to_be_hidden()
    page.mouse.move(2, 300)
    page.mouse.down()
    page.mouse.move(230, 300, steps=4)
    page.mouse.up()
    assert abs(widths(page)[0] - 228) <= 2


def test_splitters_follow_a_finger(browser: Browser, server: Server) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, has_touch=True)
    sheet = Sheet(context.new_page())
    page = sheet.page
    sheet.open(server.url)
    left, _ = widths(page)
    box = page.locator("#split-left").bounding_box()
    assert box is not None
    devtools = context.new_cdp_session(page)
    for kind, x in (("Start", 2), ("Move", 30), ("Move", 52), ("End", None)):
        points = [] if x is None else [{"x": box["x"] + x, "y": 300}]
        devtools.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    assert widths(page)[0] == left + 50
    context.close()
    assert sheet.errors == []


def test_splitters_are_worked_by_keys(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    sheet.open(server.url)
    left, right = widths(page)
    page.locator("#split-left").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert widths(page) == (left + 80, right)
    page.locator("#split-right").focus()
    page.keyboard.press("ArrowLeft")
    assert widths(page) == (left + 80, right + 16)
    page.keyboard.press("Home")
    assert widths(page) == (left + 80, 200)
    page.keyboard.press("Enter")
    expect(page.locator("#inspector")).to_be_hidden()
    page.keyboard.press("Enter")
    assert widths(page) == (left + 80, 200)


def test_keys_fold_the_panels_and_searching_unfolds(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    sheet.open(server.url)
    tree, inspector = page.locator(".left"), page.locator("#inspector")
    page.keyboard.press("[")
    expect(tree).to_be_hidden()
    expect(page.locator("#fold-left")).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("]")
    expect(inspector).to_be_hidden()
    page.keyboard.press("\\")
    expect(tree).to_be_visible()
    expect(inspector).to_be_visible()
    page.keyboard.press("Control+b")
    expect(tree).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.press("\\")  # which types
    expect(tree).to_be_visible()


def test_presenting_shows_the_graph_alone_and_escape_ends_it(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    sheet.open(server.url)
    page.locator("#tab label", has_text="Audit").click()
    expect(page.locator("#audit-pane")).to_be_visible()
    size = "() => parseFloat(getComputedStyle(document.getElementById('legend')).fontSize)"
    before = page.evaluate(size)
    page.locator("#present").click()
    expect(page.locator("#graph")).to_be_visible()
    for hidden in (".bar", ".left", ".tools", "#inspector"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator("#legend")).to_be_visible()
    assert page.evaluate(size) >= 1.4 * before
    box = page.locator(".canvas:not([hidden])").bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"]) == (0, 0, 1280)
    assert page.evaluate(FAULTS) == []
    page.keyboard.press("?")
    expect(page.get_by_text("a guided tour of the model")).to_be_visible()
    page.keyboard.press("Escape")  # of the dialog
    expect(page.get_by_text("a guided tour of the model")).to_be_hidden()
    expect(page.locator(".bar")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator(".bar")).to_be_visible()
    page.keyboard.press("p")
    page.locator("#leave").click()
    expect(page.locator(".left")).to_be_visible()


def test_a_bar_that_comes_by_a_click_on_the_canvas_moves_nothing(
    sheet: Sheet, server: Server
) -> None:
    page = sheet.page
    sheet.open(server.url + INSIDE)
    sheet.enter("m:encoder.layer.0.attention.self!scaled_dot_product_attention")
    sheet.wait("cy.nodes('[name = \"Softmax\"]').nonempty()")
    sheet.settle()
    op = sheet.cy("cy.nodes('[name = \"Softmax\"]').id()")
    sheet.cy("void cy.center(cy.getElementById(a[0]))", op)
    where = """(() => { const at = cy.getElementById(a[0]).renderedPosition();
      const box = cy.container().getBoundingClientRect();
      return [at.x + box.left, at.y + box.top]; })()"""
    before = sheet.cy(where, op)
    page.mouse.click(*before)
    expect(page.locator("#inspector h2")).to_have_text("Softmax")
    page.keyboard.press("u")
    expect(page.locator("#trace")).to_be_visible()
    page.evaluate(QUIET, 3)
    after = sheet.cy(where, op)
    assert abs(before[0] - after[0]) < 1
    assert abs(before[1] - after[1]) < 1


def test_the_same_notice_again_is_counted(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    sheet.open(server.url)
    for _ in range(3):
        page.keyboard.press("u")
    expect(page.locator(".notice")).to_have_count(1)
    expect(page.locator(".notice")).to_contain_text("Click an op first. (3 times)")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator(".notice")).to_have_count(0)


def drag(page: Page, kind: str, target: str, *files: tuple[str, bytes]) -> None:
    """A drag event with files, as the browser makes it."""
    transfer = page.evaluate_handle(
        """(files) => {
          const transfer = new DataTransfer();
          for (const [name, content] of files) {
            const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
            transfer.items.add(new File([bytes], name));
          }
          return transfer;
        }""",
        [[name, base64.b64encode(content).decode()] for name, content in files],
    )
    page.dispatch_event(target, kind, {"dataTransfer": transfer})


@pytest.mark.parametrize("target", [".canvas", "#inspector", ".bar"])
def test_a_model_dropped_anywhere_opens(sheet: Sheet, server: Server, target: str) -> None:
    page = sheet.page
    sheet.open(server.url)
    name = f"dropped on {target.strip('.#')}.onnx"
    content = synthetic(60, "metadata")
    drag(page, "dragenter", target, (name, content))
    expect(page.get_by_text("Drop it anywhere")).to_be_visible()
    drag(page, "drop", target, (name, content), ("other.onnx", content))
    expect(page.locator(".notice")).to_contain_text(f"Of 2 files, {name} is taken.")
    expect(page.get_by_text("Drop it anywhere")).to_be_hidden()
    expect(page.locator("#model-title")).to_have_text(name)


def test_a_drag_that_leaves_the_window_takes_the_overlay_away(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    sheet.open(server.url)
    drag(page, "dragenter", ".canvas", ("a.onnx", b"x"))
    expect(page.get_by_text("Drop it anywhere")).to_be_visible()
    drag(page, "dragleave", ".canvas", ("a.onnx", b"x"))
    expect(page.get_by_text("Drop it anywhere")).to_be_hidden()


def test_numbers_dropped_colour_and_overrides_correct(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    sheet.open(server.url + INSIDE)
    op = sheet.cy("cy.nodes('[kind = \"op\"]').data('op')")
    drag(page, "drop", ".canvas", ("numbers.json", json.dumps({op: 2.5}).encode()))
    page.wait_for_function("() => location.search.includes('colour=numbers')")
    send(page, "move-ops", {"kind": "op", "what": op, "to": "pooler"})
    expect(page.locator("#edits")).to_contain_text("1 tag changed")
    document = page.evaluate("""async () => {
      const key = new URLSearchParams(location.search).get('model');
      return (await fetch(`overrides/${key}.json`)).text(); }""")
    sheet.open(server.url)
    expect(page.locator("#edits")).to_be_empty()
    drag(page, "drop", "#inspector", ("overrides.json", document.encode()))
    expect(page.locator("#edits")).to_contain_text("1 tag changed")
    expect(page.locator(".notice")).to_contain_text("1 op is where the file says.")


def test_anything_else_dropped_says_why_not(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    sheet.open(server.url)
    drag(page, "drop", ".canvas", ("note.txt", b"hello"))
    expect(page.locator(".notice")).to_contain_text("note.txt is no model (.onnx), and no numbers")
    drag(page, "drop", ".canvas", ("bad.onnx", b"hello"))
    expect(page.locator(".notice").last).to_contain_text("bad.onnx is not an ONNX model")
    drag(page, "drop", ".canvas", ("bad.json", b"[1"))
    expect(page.locator(".notice").last).to_contain_text("That is not JSON that can be read")
    expect(page.locator("#model-title")).to_have_text("bert-tiny.onnx")


def test_a_recent_file_opens_by_the_keyboard(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    sheet.open(server.url)
    page.locator("#open-dialog").click()
    recent = page.get_by_role("group", name="Recent").get_by_role("button").first
    expect(recent).to_contain_text("bert-tiny.onnx")
    expect(recent).to_contain_text("MB, ")
    recent.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#model-title")).to_have_text("bert-tiny.onnx")


def bare(url: str) -> str:
    """The address without a query."""
    return urlsplit(url)._replace(query="").geturl()


def test_the_bare_address_is_the_model_named_at_the_start(sheet: Sheet, server: Server) -> None:
    page = sheet.page
    before = page.evaluate("() => history.length")
    sheet.open(bare(server.url))
    expect(page.locator("#model-title")).to_have_text("bert-tiny.onnx")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.wait_for_function("() => location.search.includes('model=')")
    assert page.evaluate("() => history.length") <= before + 1  # it is spelled out, and no step
    send(page, "toggle", "encoder")
    page.wait_for_function("() => !location.search.includes('open=encoder')")
    page.go_back()
    page.wait_for_function("() => location.search.includes('open=encoder')")
    expect(page.locator("#model-title")).to_have_text("bert-tiny.onnx")
