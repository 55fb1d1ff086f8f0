"""What the site has beside the files in docs/: made when it is built, so that nothing is copied.

::

    CHANGELOG.md, CONTRIBUTING.md, SECURITY.md   pages as they are, links from here
    docs/*.md                                    their links to those files lead to those pages
    options.md                                   every command and option, as typer has them
    keyboard.md                                  its table of keys, as the page's dialog has it
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import typer.main
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from hexviz.app.dialogs import KEYS
from hexviz.cli.command import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    name: f"{Path(name).stem.lower()}.md"
    for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
}
"""A file beside docs/ → its page."""
LINKS = {**PAGES, "README.md": "index.md"}
TAKES: dict[Any, str] = {Path: "FILE", int: "N", float: "X"}
KEYS_HERE = "<!-- keys -->"
"""Where a page has the table of keys."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are no files in docs/."""
    made = {page: _from_root(name) for name, page in PAGES.items()} | {"options.md": options_page()}
    for page, content in made.items():
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links that lead out of docs/ lead to the page of that file."""
    depth = "../" * page.file.src_uri.count("/")
    for name, target in LINKS.items():
        markdown = markdown.replace(f"]({depth}../{name}", f"]({depth}{target}")
    return markdown.replace(KEYS_HERE, keys_table())


def _from_root(name: str) -> str:
    """A file beside docs/ as it reads from inside of it."""
    text = (ROOT / name).read_text(encoding="utf-8")
    text = re.sub(r"\]\(docs/", "](", text)
    for other, page in LINKS.items():
        text = text.replace(f"]({other}", f"]({page}")
    return text


def keys_table() -> str:
    """The keys of the page, as its own dialog lists them."""
    rows = [(" ".join(f"`{key}`" for key in keys.split()), what) for keys, what in KEYS]
    return "\n".join(
        ["| key | what it does |", "|---|---|", *(f"| {one} | {what} |" for one, what in rows)]
    )


def options_page() -> str:
    """Every command with its arguments and options, as ``--help`` has them."""
    whole = typer.main.get_command(app)
    lines = [
        "# All options",
        "",
        "Made from the commands themselves; [Commands](commands.md) says what each is for.",
        "",
    ]
    for name, command in _commands("hexviz", whole):
        lines += [f"## {name}", "", _sentence(command.help or ""), ""]
        rows = [_row(one) for one in command.params if not getattr(one, "hidden", False)]
        rows = [one for one in rows if one]
        if rows:
            lines += ["| name | what it does |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    for below, one in sorted(getattr(command, "commands", {}).items()):
        if not one.hidden:
            yield from _commands(f"{name} {below}", one)


def _row(parameter: Any) -> str:
    """An argument or option, what it takes, its default, and what it does."""
    said = _sentence(getattr(parameter, "help", None) or "")
    if parameter.param_type_name == "argument":
        return f"| `{parameter.metavar or parameter.name.upper()}` | {said} |"
    takes = "" if parameter.is_flag else f" {_metavar(parameter)}"
    names = " ".join(f"`{one}{takes if one.startswith('--') else ''}`" for one in parameter.opts)
    default = parameter.default
    if default not in (None, False, [], ()) and not parameter.is_flag:
        said += f" [default: {default}]"
    return f"| {names} | {said} |"


def _metavar(parameter: Any) -> str:
    if parameter.metavar:
        return str(parameter.metavar)
    annotation = parameter.type_descriptor.annotation
    choices = [one for one in get_args(annotation) if isinstance(one, str)]
    return "|".join(choices) if choices else TAKES.get(annotation, "TEXT")


def _sentence(text: str) -> str:
    """Help of a command as one line of Markdown in a cell."""
    text = " ".join(re.sub(r"\[/?[a-z ]+\]", "", text).split())
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
