"""README and docs say what the code does now."""

import re
from pathlib import Path
from typing import Any

import typer.main

from hexviz.app.dialogs import KEYS
from hexviz.cli.command import app
from hexviz.extraction.search_fields import FIELDS
from hexviz.model.op import RULES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


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


def test_the_readme_names_every_command_and_option() -> None:
    for command, flags in options().items():
        assert f"hexviz {command}".rstrip() in README
        for flag in flags - {"--output", "--help"}:
            assert flag in README, f"{command} {flag}"


def test_the_readme_names_no_option_that_is_not_there() -> None:
    known = set().union(*options().values()) | {"--no-browser"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) <= known


def test_every_link_and_picture_is_there() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_search_field_and_key_is_documented() -> None:
    for field in FIELDS:
        assert f"`{field}:`" in README
    for keys, _what in KEYS:
        for key in keys.split():
            assert f"`{key}`" in README


def test_every_rule_is_documented() -> None:
    tagging = (ROOT / "docs" / "tagging.md").read_text()
    for rule in RULES:
        assert f"`{rule}`" in tagging
