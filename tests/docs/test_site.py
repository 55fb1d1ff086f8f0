"""The documentation as a site: no broken link, and nothing that is loaded from elsewhere."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from hexviz.app.dialogs import KEYS
from hexviz.cli.command import app
from tests.docs.scene import ROOT
from tests.docs.site import build

LOADS = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "srcset"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = build(ROOT / "mkdocs.yml", folder)
    assert built.returncode == 0, built.stderr
    return folder


class Elements(HTMLParser):
    """What a page loads, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        address = dict(attributes).get(LOADS.get(tag, ""))
        if address and dict(attributes).get("rel") != "canonical":
            self.loads.append(address)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def elements(page: Path) -> Elements:
    found = Elements()
    found.feed(page.read_text(encoding="utf-8"))
    return found


def test_every_page_is_built_and_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        for address in elements(page).loads:
            assert not address.startswith(("http:", "https:", "//")), f"{page.name}: {address}"
            if page.name != "404.html":  # whose addresses begin at the root of a server
                assert (page.parent / urlsplit(address).path).exists(), f"{page.name}: {address}"
    for style in site.rglob("*.css"):
        assert "url(http" not in style.read_text(), style.name
    assert not list(site.rglob("*.woff*"))


def test_all_keys_and_options_are_there(site: Path) -> None:
    keys = "".join(elements(site / "keyboard.html").text)
    for names, what in KEYS:
        assert what in keys
        assert all(name in keys for name in names.split())
    options = "".join(elements(site / "options.html").text)
    for command in app.registered_commands:
        assert f"hexviz {command.name or command.callback.__name__}" in options  # type: ignore[union-attr]
    assert "exclude_safe|include_context|include_all" in options


def test_the_public_names_are_there(site: Path) -> None:
    import hexviz

    text = (site / "api.html").read_text()
    for name in hexviz.__all__:
        assert f'id="hexviz.{name}"' in text, name


FAULTS = {
    "a link to no page": "[there](nowhere.md)",
    "a link to no heading": "[there](other.md#nowhere)",
    "a picture that is gone": "![gone](images/gone.png)",
    "a link out of the site": "[there](/absolute.md)",
}


def small_site(folder: Path, text: str, nav: list[str]) -> Path:
    """A site of two pages with the settings of ours."""
    (folder / "docs").mkdir()
    (folder / "docs" / "index.md").write_text(f"# Here\n\n{text}\n")
    (folder / "docs" / "other.md").write_text("# Other\n")
    ours = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    theirs = {key: ours[key] for key in ("strict", "validation", "markdown_extensions")}
    theirs |= {"site_name": "small", "theme": {"name": "mkdocs"}, "nav": nav, "plugins": []}
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(theirs))
    return folder / "mkdocs.yml"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_link_stops_the_build(fault: str, tmp_path: Path) -> None:
    built = build(small_site(tmp_path, FAULTS[fault], ["index.md", "other.md"]), tmp_path / "site")
    assert built.returncode == 1, built.stderr


def test_a_page_that_no_menu_has_stops_the_build(tmp_path: Path) -> None:
    built = build(small_site(tmp_path, "", ["index.md"]), tmp_path / "site")
    assert built.returncode == 1
    assert "other.md" in built.stderr


def test_two_sound_pages_are_built(tmp_path: Path) -> None:
    built = build(
        small_site(tmp_path, "[o](other.md)", ["index.md", "other.md"]), tmp_path / "site"
    )
    assert built.returncode == 0, built.stderr
