"""The page's HTML: at once, in pieces, and by what a browser remembers."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hexviz.app.index_html import FirstPicture, Look, PageParts, Side, imported, page_html
from hexviz.view.assets import assets_folder

PARTS = PageParts(assets_folder(), "/assets/{}".format, has_first=True, later="<i>later</i>")


@pytest.mark.parametrize(
    ("cookie", "look"),
    [
        ("", Look()),
        ("theme=dark", Look("dark")),
        (
            "canvas=816x627&left=250&right=300f",
            Look(None, (816, 627), Side(250), Side(300, folded=True)),
        ),
        ("left=f", Look(left=Side(folded=True))),
        ("theme=<b>&canvas=1x2x3&left=9;x:url(y)&right=99999", Look()),
        ("canvas=1e3x1", Look()),
        ("&&==&theme", Look()),
        ("canvas=" + "9" * 5000 + "x1", Look()),
    ],
)
def test_what_a_cookie_says_wrongly_is_forgotten(cookie: str, look: Look) -> None:
    assert Look.from_cookies({"hexviz": cookie}) == look
    assert Look.from_cookies({"other": cookie}) == Look()


def test_the_frame_comes_before_anything_is_known_of_the_model() -> None:
    def progress() -> Iterator[str | FirstPicture]:
        raise AssertionError("not before the frame was taken")
        yield ""

    pieces = page_html(Look(), "a<b>.onnx", progress(), page=PARTS)
    frame = next(pieces)
    assert 'id="first"' in frame
    assert "a&lt;b&gt;.onnx" in frame
    assert frame.index("</head>") < frame.index('id="react-entry-point"')
    # What is fetched before the first paint, and what the paint waits for: no file at all.
    assert re.findall(r'<link rel="(\w+)"', frame).count("stylesheet") == 0
    assert "<script" not in frame
    with pytest.raises(AssertionError):
        next(pieces)


def test_each_stage_is_sent_when_it_comes_and_the_picture_last() -> None:
    taken: list[int] = []

    def progress() -> Iterator[str | FirstPicture]:
        for at, step in enumerate(["Reading <x>", FirstPicture("<svg></svg>"), "never"]):
            taken.append(at)
            yield step

    pieces = page_html(Look(), "", progress(), page=PARTS)
    next(pieces)
    assert taken == []
    stage = next(pieces)
    assert stage.endswith('<p class="first-stage">Reading &lt;x&gt;</p>')
    assert re.findall(r"<script (\S+ \S+) ", stage) == ['type="module" async']
    assert taken == [0]
    assert next(pieces) == "<svg></svg>"
    rest = "".join(pieces)
    assert taken == [0, 1]
    assert rest.index("stylesheet") < rest.index("<i>later</i>") < rest.index("</html>")
    assert "first.css" not in rest
    assert "<script" not in rest


def test_scripts_do_not_hold_up_a_picture_that_is_there_at_once() -> None:
    page = "".join(page_html(Look(), "", [FirstPicture("<svg></svg>")], page=PARTS))
    assert page.index("<svg>") < page.index("<script") < page.index("modulepreload")
    assert page.count("<script") == 1
    empty = "".join(page_html(Look(), "", [], page=PARTS))
    assert empty.count("<script") == 1


class Balanced(HTMLParser):
    """Holds that every element is closed where it should be."""

    VOID = frozenset({"meta", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_without_scripts_of_its_own() -> None:
    page = "".join(page_html(Look(), "m", ["one", "two"], page=PARTS))
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert all("src=" in script for script in re.findall(r"<script[^>]*>", page))
    assert " on" not in re.sub(r">[^<]*<", "><", page.split("</style>", 1)[1])
    assert len(page) < 25_000


def test_a_page_looks_as_it_was_left() -> None:
    look = Look("dark", (700, 500), Side(210), Side(300, folded=True))
    head = next(page_html(look, "", [], page=PARTS))
    html = re.search(r"<html[^>]*>", head)
    assert html
    assert html[0] == (
        '<html lang="en" data-first data-theme="dark" class="right-folded" '
        'style="--left-width:210px">'
    )
    assert 'data-canvas="700x500"' in head
    assert (
        "data-theme"
        not in re.search(r"<html[^>]*>", next(page_html(Look(), "", [], page=PARTS)))[0]
    )  # type: ignore[index]


def test_the_frame_has_the_colours_of_the_page() -> None:
    css = (assets_folder() / "hexviz.css").read_text()
    head = next(page_html(Look(), "", [], page=PARTS))
    for block, selector in [
        (r":root \{([^}]*)\}", ":root{"),
        (r':root\[data-theme="dark"\] \{([^}]*)\}', ':root[data-theme="dark"]{'),
        (r':root\[data-theme="dark"\] \{([^}]*)\}', "html:root:not([data-theme]){"),
    ]:
        found = re.search(block, css)
        assert found
        wanted = re.findall(r"--\w+: #\w+", found[1])
        assert len(wanted) > 10
        assert re.findall(r"--\w+: #\w+", head.split(selector, 1)[1].split("}", 1)[0]) == wanted


def test_what_a_module_imports_is_known_from_its_text(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "main.js").write_text('import "./a.js";\nimport {\n  b,\n} from "./below/b.js";\n')
    (tmp_path / "a.js").write_text('import { b } from "./below/b.js";\n')
    (tmp_path / "below" / "b.js").write_text('import * as a from "../a.js";\n')
    assert imported(tmp_path, "main.js") == ("main.js", "a.js", "below/b.js")
