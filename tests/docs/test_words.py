"""README and docs say what the code does now: names of commands, options, rules, fields."""

import re
from pathlib import Path
from typing import Any

import typer.main

from hexviz.cli.command import app
from hexviz.extraction.search_fields import FIELDS
from hexviz.model.op import RULES

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
PROSE = "".join(page.read_text() for page in PAGES)
PAGE = (ROOT / "docs" / "page.md").read_text()


def options() -> dict[str, set[str]]:
    """Command → its long options, as the command itself has them; "" is hexviz itself."""
    whole = typer.main.get_command(app)
    commands = whole.commands  # type: ignore[attr-defined]
    return {"": _long_options(whole)} | {
        name: _long_options(command, *getattr(command, "commands", {}).values())
        for name, command in commands.items()
    }


def _long_options(*commands: Any) -> set[str]:
    return {
        option
        for one in commands
        for parameter in one.params
        for option in parameter.opts
        if option.startswith("--")
    }


def test_docs_name_every_command_and_option() -> None:
    for command, flags in options().items():
        assert f"hexviz {command}".rstrip() in PROSE
        for flag in flags - {"--output", "--help"}:
            assert flag in PROSE, f"{command} {flag}"


def test_no_command_in_docs_has_an_option_that_is_not_there() -> None:
    """Blocks are run; this is for what stands in sentences, `hexviz audit --fail-on error`."""
    known = set().union(*options().values()) | {"--help"}
    for command in re.findall(r"`hexviz ([^`\n]*)`", PROSE):
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", command)) <= known, command


def test_every_link_and_picture_is_there() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)[^):]*\)", page.read_text()):
            if target != "options.md":  # made when the site is built
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_search_field_is_documented() -> None:
    for field in FIELDS:
        assert f"`{field}:`" in PAGE


def test_every_rule_is_documented() -> None:
    tagging = (ROOT / "docs" / "tagging.md").read_text()
    for rule in RULES:
        assert f"`{rule}`" in tagging
