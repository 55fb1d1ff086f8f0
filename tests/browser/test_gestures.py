"""What hands do on the canvas: real clicks, wheels, drags, touches and keys."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Request, expect

from tests.browser.conftest import SIZE, Server, Sheet

pytestmark = pytest.mark.browser

Button = Literal["left", "middle"]
OPEN = "cy.getElementById('m:encoder').data('open')"


@pytest.fixture
def closed(sheet: Sheet, server: Server) -> Sheet:
    """The page with every box closed."""
    sheet.open(server.url + "&open=")
    sheet.shows("m:encoder")
    sheet.settle()
    return sheet


def test_a_click_selects_and_opens_nothing(closed: Sheet) -> None:
    closed.click("m:encoder")
    closed.wait("cy.nodes('.selected').id() === 'm:encoder'")
    expect(closed.page.locator("#inspector h2")).to_have_text("BertEncoder")
    closed.settle()
    assert closed.cy(OPEN) == 0


def test_a_double_click_opens_a_box_once_and_another_closes_it(closed: Sheet) -> None:
    sent: list[str] = []

    def hear(request: Request) -> None:
        if request.url.endswith("/event"):
            sent.append(request.post_data_json["event"]["type"])

    closed.page.on("request", hear)
    closed.enter("m:encoder")
    closed.shows("m:encoder.layer.0")
    closed.settle()
    assert closed.cy(OPEN) == 1
    closed.page.remove_listener("request", hear)
    assert sent == ["module", "toggle"]
    closed.page.mouse.dblclick(*closed.place("m:encoder", 0.5, 0.02))  # its title
    closed.wait(f"{OPEN} === 0")
    closed.settle()
    assert closed.cy(OPEN) == 0


def test_two_slow_clicks_are_no_double_click(closed: Sheet) -> None:
    closed.click("m:encoder")
    closed.page.wait_for_timeout(650)
    closed.click("m:encoder")
    closed.settle()
    assert closed.cy(OPEN) == 0


def test_one_click_on_the_chevron_opens_and_closes(closed: Sheet) -> None:
    closed.chevron("m:encoder")
    closed.shows("m:encoder.layer.0")
    closed.settle()
    closed.chevron("m:encoder")
    closed.wait(f"{OPEN} === 0")


def test_enter_opens_what_was_clicked(closed: Sheet) -> None:
    closed.click("m:encoder")
    closed.wait("cy.nodes('.selected').id() === 'm:encoder'")
    closed.page.keyboard.press("Enter")
    closed.shows("m:encoder.layer.0")


# --- Moving about -----------------------------------------------------------------------------

VIEW = "({zoom: cy.zoom(), x: cy.pan().x, y: cy.pan().y})"


def view(sheet: Sheet) -> dict[str, float]:
    """Zoom and pan once nothing moves any more."""
    sheet.settle()
    now: dict[str, float] = sheet.cy(VIEW)
    return now


def drag(sheet: Sheet, start: tuple[float, float], by: tuple[float, float], button: Button) -> None:
    mouse = sheet.page.mouse
    mouse.move(*start)
    mouse.down(button=button)
    mouse.move(start[0] + by[0] / 2, start[1] + by[1] / 2)
    mouse.move(start[0] + by[0], start[1] + by[1])
    mouse.up(button=button)


def assert_moved(sheet: Sheet, before: dict[str, float], x: float, y: float) -> None:
    now = view(sheet)
    assert now["zoom"] == before["zoom"]
    assert (now["x"] - before["x"], now["y"] - before["y"]) == pytest.approx((x, y), abs=1)


@pytest.mark.parametrize("across", [0.04, 0.5], ids=["inside an open box", "on a closed one"])
def test_a_drag_pans_from_anywhere(closed: Sheet, across: float) -> None:
    closed.enter("m:encoder")
    closed.shows("m:encoder.layer.0")
    closed.settle()
    if across < 0.1:
        start = closed.place("m:encoder", across, 0.5)
    else:
        start = closed.place("m:encoder.layer.0")
    selected = closed.cy("cy.nodes('.selected').id()")
    before = view(closed)
    drag(closed, start, (60, 45), "left")
    assert_moved(closed, before, 60, 45)
    assert closed.cy("cy.nodes('.selected').id()") == selected
    assert closed.cy(OPEN) == 1


def test_the_middle_button_and_space_pan_from_nodes_as_well(closed: Sheet) -> None:
    start = closed.spot("m:encoder")
    before = view(closed)
    drag(closed, start, (50, -30), "middle")
    assert_moved(closed, before, 50, -30)
    closed.page.keyboard.down("Space")
    drag(closed, (start[0] + 50, start[1] - 30), (-20, 40), "left")
    assert_moved(closed, before, 30, 10)
    closed.page.mouse.click(*closed.place("m:encoder"))  # no click either
    closed.page.keyboard.up("Space")
    closed.settle()
    assert closed.cy("cy.$('.selected').empty()")


def test_a_wheel_zooms_where_it_points(closed: Sheet) -> None:
    spot = closed.spot("m:pooler")
    before = view(closed)
    closed.page.mouse.move(*spot)
    closed.page.mouse.wheel(0, -100)
    now = view(closed)
    assert now["zoom"] == pytest.approx(1.2 * before["zoom"], rel=0.01)
    assert closed.place("m:pooler") == pytest.approx(spot, abs=1)
    closed.page.mouse.wheel(0, 100)
    assert view(closed)["zoom"] == pytest.approx(before["zoom"])


def test_two_fingers_on_a_touchpad_scroll_both_ways_and_pinch(closed: Sheet) -> None:
    mouse, keyboard = closed.page.mouse, closed.page.keyboard
    mouse.move(*closed.spot("m:pooler"))
    before = view(closed)
    mouse.wheel(0, 3.5)
    mouse.wheel(24, 10)
    mouse.wheel(0, 140)  # the same swipe, faster
    assert_moved(closed, before, -24, -153.5)
    keyboard.down("Control")
    mouse.wheel(0, -8)
    keyboard.up("Control")
    assert view(closed)["zoom"] > 1.05 * before["zoom"]


def test_touch_pans_pinches_and_opens(browser: Browser, server: Server) -> None:
    context = browser.new_context(viewport=SIZE, has_touch=True)
    sheet = Sheet(context.new_page())
    sheet.open(server.url + "&open=")
    sheet.shows("m:encoder")
    x, y = sheet.spot("m:encoder")
    before = view(sheet)
    fingers = context.new_cdp_session(sheet.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        fingers.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": a, "y": b} for a, b in points]},
        )

    touch("touchStart", (x, y))
    touch("touchMove", (x + 20, y + 10))
    touch("touchMove", (x + 40, y + 30))
    touch("touchEnd")
    now = view(sheet)
    # Give or take what is taken for a finger's trembling.
    assert (now["x"] - before["x"], now["y"] - before["y"]) == pytest.approx((40, 30), abs=10)
    x, y = sheet.place("m:encoder")
    touch("touchStart", (x - 40, y))
    touch("touchStart", (x - 40, y), (x + 40, y))
    touch("touchMove", (x - 46, y), (x + 46, y))
    touch("touchMove", (x - 50, y), (x + 50, y))
    touch("touchEnd", (x - 50, y))
    touch("touchEnd")
    now = view(sheet)
    assert now["zoom"] == pytest.approx(before["zoom"] * 1.25, rel=0.02)  # 80 to 100 pixels
    assert sheet.place("m:encoder") == pytest.approx((x, y), abs=2)
    assert sheet.cy("cy.$('.selected').empty()")
    sheet.page.touchscreen.tap(x, y)
    sheet.wait("cy.nodes('.selected').id() === 'm:encoder'")
    sheet.page.wait_for_timeout(600)
    sheet.page.touchscreen.tap(x, y)
    sheet.page.touchscreen.tap(x, y)
    sheet.shows("m:encoder.layer.0")
    assert sheet.errors == []
    context.close()


def test_what_was_fitted_is_fitted_into_another_size_and_what_was_moved_keeps_its_middle(
    closed: Sheet,
) -> None:
    page = closed.page
    page.keyboard.press("f")
    whole = view(closed)
    page.set_viewport_size({"width": 1500, "height": 1000})
    grown = view(closed)
    assert grown != whole
    page.keyboard.press("1")
    assert view(closed) == pytest.approx(grown)
    page.set_viewport_size(SIZE)
    assert view(closed) == pytest.approx(whole)
    page.mouse.move(*closed.place("m:encoder"))
    page.mouse.wheel(0, -100)
    middle = "(({x1, x2, y1, y2}) => [(x1 + x2) / 2, (y1 + y2) / 2])(cy.extent())"
    zoom, at = view(closed)["zoom"], closed.cy(middle)
    page.set_viewport_size({"width": 1500, "height": 1000})
    assert view(closed)["zoom"] == zoom
    assert closed.cy(middle) == pytest.approx(at, abs=2)


def test_0_is_one_hundred_percent(closed: Sheet) -> None:
    closed.page.keyboard.press("+")
    closed.page.keyboard.press("0")
    assert view(closed)["zoom"] == 1


def test_a_drag_with_shift_still_draws_a_frame(closed: Sheet) -> None:
    closed.enter("m:encoder")
    closed.shows("m:encoder.layer.0")
    closed.settle()
    before = view(closed)
    closed.page.keyboard.down("Shift")
    x, y = closed.place("m:encoder.layer.0", -0.1, -0.3)
    right, bottom = closed.place("m:encoder.layer.0", 1.1, 1.3)
    drag(closed, (x, y), (right - x, bottom - y), "left")
    closed.page.keyboard.up("Shift")
    expect(closed.page.locator("#inspector h2")).to_contain_text("ops")
    assert_moved(closed, before, 0, 0)


def test_cytoscape_warns_of_nothing(sheet: Sheet, server: Server) -> None:
    warnings: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "warning":
            warnings.append(message.text)

    sheet.page.on("console", hear)
    sheet.open(server.url)
    sheet.settle()
    sheet.page.remove_listener("console", hear)
    assert warnings == []


# --- Keys -------------------------------------------------------------------------------------


def test_ctrl_f_searches_and_enter_gives_the_keys_back_to_the_graph(closed: Sheet) -> None:
    page = closed.page
    page.keyboard.press("Control+f")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("type:softmax\n")
    expect(page.locator("#inspector h2")).to_have_text("Softmax")
    closed.wait("cy.nodes('.selected').length === 1")
    first = closed.cy("cy.nodes('.selected').id()")
    page.keyboard.press("n")
    closed.wait("cy.nodes('.selected').length && cy.nodes('.selected').id() !== a[0]", first)
    assert page.locator("#search").input_value() == "type:softmax"
    page.keyboard.press("ArrowUp")
    expect(page.locator("#inspector h2")).not_to_have_text("Softmax")


def test_ctrl_z_undoes_and_two_ways_redo(closed: Sheet) -> None:
    page = closed.page
    page.locator("#search").fill("softmax")
    page.locator("#hits .hit").first.click()
    expect(page.locator("#inspector h2")).to_have_text("Softmax")
    page.locator("#inspector summary", has_text="Move to another module").click()
    page.locator("#inspector .move input").fill("pooler")
    page.locator("#inspector .move button").click()
    edits = page.locator("#edits")
    expect(edits).to_contain_text("1 tag changed")
    page.locator("#search").focus()
    page.keyboard.press("Control+z")  # of what is typed
    closed.settle()
    expect(edits).to_contain_text("1 tag changed")
    page.locator(".model-title").click()
    for again in ("Control+Shift+z", "Control+y"):
        page.keyboard.press("Control+z")
        expect(edits).to_contain_text("0 tags changed")
        page.keyboard.press(again)
        expect(edits).to_contain_text("1 tag changed")
