"""The HTML of the page: its frame at once, then how far the model is, then its first picture.

::

    head, frame of the page     sent before anything is known of the model
    "Reading bert.onnx…"        a line for each stage; CSS shows the last that has come
    <svg id="first-picture">    what the canvas is going to show (hexviz/view/svg/first.py)
    style sheets                below the picture, which waits for none of them
        ▼
    assets/main.js              sends the first event, starts Dash below the frame
        ▼
    assets/first.js             takes the frame away once the canvas has drawn the same

No script is needed for any of it to be seen. What a browser remembers of the page (theme, width
of the panels, size of the canvas) comes in a cookie: see ``assets/remembered.js``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Literal
from urllib.parse import quote

__all__ = [
    "COOKIE",
    "FIRST_STYLE",
    "ICON",
    "FirstPicture",
    "Look",
    "PageParts",
    "imported",
    "page_html",
]

COOKIE = "hexviz"
"""Name of the cookie in which a browser remembers how the page looks."""

FIRST_STYLE = "first.css"
"""The style of the frame, which stands in the HTML itself."""

_ENTRY = "main.js"
_IMPORT = re.compile(r'^\s*(?:import|\} from)\b[^"\n]*"(\.[^"\n]+)"', re.MULTILINE)
_PALETTE = re.compile(
    r"^:root(?P<dark>\[data-theme=\"dark\"\])? \{(?P<colours>[^}]*)\}", re.MULTILINE
)

_SIDE = re.compile(r"(\d{2,4})?(f)?")  # a width in pixels; f for folded
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")

ICON = "data:image/svg+xml," + quote(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 22">'
    '<linearGradient id="g" x2=".4" y2="1"><stop stop-color="#6b7cff"/>'
    '<stop offset="1" stop-color="#2fb7a6"/></linearGradient>'
    '<path fill="url(#g)" d="M10 0l10 5.5v11L10 22 0 16.5v-11z"/></svg>'
)
"""The mark of the page in its tab. A file would be asked for at each change of the address."""


@dataclass(frozen=True, slots=True)
class Side:
    """A panel as a person has left it: its width in pixels, and whether it is folded."""

    width: int | None = None
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """How the page looked when a browser was last here, as far as it remembers."""

    theme: Literal["light", "dark"] | None = None
    canvas: tuple[int, int] | None = None
    left: Side = Side()
    right: Side = Side()

    @classmethod
    def from_cookies(cls, cookies: Mapping[str, str]) -> Look:
        """What the page's own cookie says; what it says wrongly counts as forgotten.

        >>> Look.from_cookies({"hexviz": "theme=dark&canvas=816x627&left=250&right=f"}).canvas
        (816, 627)
        """
        said = dict(pair.partition("=")[::2] for pair in cookies.get(COOKIE, "")[:200].split("&"))
        theme, size = said.get("theme"), _SIZE.fullmatch(said.get("canvas", ""))
        return cls(
            theme if theme in ("light", "dark") else None,  # type: ignore[arg-type]
            (int(size[1]), int(size[2])) if size else None,
            _side(said.get("left", "")),
            _side(said.get("right", "")),
        )


def _side(text: str) -> Side:
    found = _SIDE.fullmatch(text)
    if found is None:
        return Side()
    return Side(int(found[1]) if found[1] else None, bool(found[2]))


@dataclass(frozen=True, slots=True)
class FirstPicture:
    """The markup of a picture, by :func:`hexviz.view.svg.first.first_svg`."""

    svg: str


@dataclass(frozen=True, slots=True)
class PageParts:
    """What the page is put together from.

    ``assets`` is the folder of styles and scripts, ``url`` turns a path below it into an address.
    ``has_first`` says whether the server was started with a model, ``watches`` whether it watches
    its file, and ``has_window`` whether the page stands in a window of hexviz's own. ``later`` is
    HTML that comes last.
    """

    assets: Path
    url: Callable[[str], str]
    has_first: bool = False
    watches: bool = False
    has_window: bool = False
    later: str = ""


def page_html(
    look: Look, title: str, progress: Iterable[str | FirstPicture], *, page: PageParts
) -> Iterator[str]:
    """The HTML of the page, in pieces that can be sent as they come.

    The first piece is the page's frame, with ``title`` for the model's name. Each piece of
    ``progress`` makes one more: the name of a stage, or the picture, which is the last of them.
    """
    yield _head(look, title, page) + _frame(look, title)
    scripts = _scripts(page)  # behind a picture that is there at once, which they would hold up
    for step in progress:
        if isinstance(step, FirstPicture):
            yield step.svg
            break
        yield f'{scripts}<p class="first-stage">{escape(step)}</p>'
        scripts = ""
    yield _foot(page, scripts)


def _head(look: Look, title: str, page: PageParts) -> str:
    attributes = ['lang="en"']
    if page.has_first:
        attributes.append("data-first")
    if page.watches:
        attributes.append("data-watches")
    if page.has_window:
        attributes.append("data-window")
    if look.theme:
        attributes.append(f'data-theme="{look.theme}"')
    folded = [name for name in ("left", "right") if getattr(look, name).folded]
    if folded:
        attributes.append(f'class="{" ".join(f"{name}-folded" for name in folded)}"')
    widths = [
        f"--{name}-width:{side.width}px"
        for name, side in (("left", look.left), ("right", look.right))
        if side.width is not None and not side.folded
    ]
    if widths:
        attributes.append(f'style="{";".join(widths)}"')
    return "".join([
        f"<!DOCTYPE html>\n<html {' '.join(attributes)}>\n<head>\n",
        '<meta charset="UTF-8">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        f"<title>{escape(title or 'hexviz')}</title>\n",
        f'<link rel="icon" href="{ICON}">\n',
        f"<style>{_style(page.assets)}</style>\n",
        "</head>\n",
    ])  # fmt: skip


def _scripts(page: PageParts) -> str:
    """The entry, and all that it imports: a browser would learn of them one by one."""
    entry, *others = (escape(page.url(name)) for name in imported(page.assets, _ENTRY))
    preloads = "".join(f'<link rel="modulepreload" href="{other}">\n' for other in others)
    return f'<script type="module" async src="{entry}"></script>\n{preloads}'


def _frame(look: Look, title: str) -> str:
    """The page as it will be, without what works: Dash makes that. The pane is still open.

    It says which size of the canvas the picture is made for: the first event asks for the same.
    """
    tabs = "".join(f"<span>{name}</span>" for name in _TABS)
    size = "x".join(map(str, look.canvas)) if look.canvas else ""
    return (
        '<body>\n<div id="react-entry-point"></div>\n'
        f'<div id="first" class="first" data-canvas="{size}">\n'
        '<div class="first-bar"><i class="first-fold first-fold-left"></i>'
        f'<i class="first-mark"></i><b>hexviz</b><b class="first-title">{escape(title)}</b>'
        '<i class="first-tool">Open…</i></div>\n'
        '<div class="first-left"><i class="first-search"></i><b>Modules</b></div>\n'
        f'<div class="first-tools"><div class="first-tabs">{tabs}</div></div>\n'
        '<div class="first-foot"></div>\n<div class="first-right"></div>\n'
        '<div class="first-pane" role="status">'
    )


_TABS = ("Graph", "Ops", "Audit", "Measure", "Extract", "Compare")


def _foot(page: PageParts, scripts: str) -> str:
    styles = "".join(
        f'<link rel="stylesheet" href="{escape(page.url(path.name))}">\n'
        for path in sorted(page.assets.glob("*.css"))
        if path.name != FIRST_STYLE
    )
    return f"</div>\n</div>\n{scripts}{styles}{page.later}</body>\n</html>\n"


@lru_cache(maxsize=4)
def _style(assets: Path) -> str:
    """The style of the frame: the colours of the page, and where its parts stand."""
    colours = {
        "dark" if found["dark"] else "light": "".join(found["colours"].split("\n")).strip()
        for found in _PALETTE.finditer((assets / "hexviz.css").read_text(encoding="utf-8"))
    }
    dark = colours["dark"]
    style = (
        f':root{{{colours["light"]}}}:root[data-theme="dark"]{{{dark}}}'
        f"@media (prefers-color-scheme:dark){{html:root:not([data-theme]){{{dark}}}}}"
        + (assets / FIRST_STYLE).read_text(encoding="utf-8")
    )
    return re.sub(r"/\*.*?\*/\s*|\n\s*", "", style, flags=re.DOTALL)


@lru_cache(maxsize=4)
def imported(folder: Path, entry: str) -> tuple[str, ...]:
    """The paths below ``folder`` of a module and all that it imports, each once."""
    found = [entry]
    for name in found:
        for relative in _IMPORT.findall((folder / name).read_text(encoding="utf-8")):
            path = (folder / name).parent.joinpath(relative).resolve()
            other = path.relative_to(folder.resolve()).as_posix()
            if other not in found:
                found.append(other)
    return tuple(found)
