"""The code blocks of README and docs, found and run.

::

    ```sh        commands, one a line; each ends with exit code 0
    ```console   `$ command`, and what it prints: blanks count as one, … stands for anything
    ```python    run, in one namespace for the page: model, example_inputs and the scene's files
    ```yaml      read; the lines that its steps `run:` are commands, but for `pip install`
    ```json      read, line by line where it is no document
    ```text      what is to be looked at, not run

All blocks of a page run one after the other in a folder of their own with the files of
:mod:`tests.docs.scene`, so a later block finds what an earlier one wrote.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

__all__ = ["LANGUAGES", "Block", "BrokenBlockError", "Shell", "blocks_of", "commands", "run_block"]

LANGUAGES = {"console", "json", "python", "sh", "text", "yaml"}
INSTALLS = re.compile(r"^\s*(python -m )?pip install\b")
"""Lines of a workflow that a test leaves out: the scene has hexviz installed."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where it begins, its language, and what stands in it."""

    page: str
    line: int
    language: str
    text: str


class BrokenBlockError(Exception):
    """A block that does not do what its page says."""


class Shell(Protocol):
    """What runs commands: the real one is :class:`tests.docs.scene.Scene`."""

    def run(self, command: str) -> tuple[int, str]:
        """Exit code and everything printed."""


def blocks_of(path: Path, root: Path) -> Iterator[Block]:
    """All fenced blocks of a page, also those in lists and tabs."""
    text = path.read_text(encoding="utf-8")
    for found in re.finditer(r"^( *)```(\S*)[^\n]*\n(.*?)^\1```$", text, re.DOTALL | re.MULTILINE):
        indent, language, content = found.groups()
        lines = [line.removeprefix(indent) for line in content.splitlines()]
        at = text.count("\n", 0, found.start()) + 1
        yield Block(str(path.relative_to(root)), at, language, "\n".join(lines))


def commands(block: Block) -> Iterator[tuple[str, str | None]]:
    """Commands of a block, each with what it prints, if the block shows that."""
    text = re.sub(r"\\\n\s*", "", block.text)
    if block.language == "sh":
        for line in text.splitlines():
            if shlex.split(line, comments=True):
                yield line, None
    elif block.language == "console":
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            yield command, printed if printed.strip() else None


def run_block(
    block: Block, shell: Shell, names: dict[str, Any], not_run: Mapping[str, str]
) -> list[str]:
    """Run one block; which exceptions were needed.

    Raises:
        BrokenBlockError: with the page, the line and what went wrong.
    """
    try:
        match block.language:
            case "python":
                exec(compile(block.text, f"{block.page}:{block.line}", "exec"), names)  # noqa: S102
            case "json":
                _read_json(block.text)
            case "yaml":
                _run_steps(yaml.safe_load(block.text), shell)
            case "sh" | "console":
                return _run_commands(block, shell, not_run)
            case "text":
                pass
            case other:
                raise BrokenBlockError(
                    f"say what kind of block it is ({', '.join(sorted(LANGUAGES))}), not {other!r}"
                )
    except Exception as error:
        where = f"{block.page}:{block.line}"
        raise BrokenBlockError(f"{where}: {type(error).__name__}: {error}") from error
    return []


def _run_commands(block: Block, shell: Shell, not_run: Mapping[str, str]) -> list[str]:
    used = []
    for command, shown in commands(block):
        excepted = [one for one in not_run if command.startswith(one)]
        if excepted:
            used += excepted
            continue
        code, printed = shell.run(command)
        if code != 0:
            raise BrokenBlockError(f"`{command}` ended with exit code {code}:\n{printed}")
        if shown is not None and not _matches(shown, printed):
            raise BrokenBlockError(f"`{command}` printed:\n{printed}\nand not:\n{shown}")
    return used


def _matches(shown: str, printed: str) -> bool:
    """Whether a page shows what was printed: blanks count as one, … stands for anything."""
    pattern = r"\s+".join(re.escape(word).replace("…", ".*?") for word in shown.split())
    pattern = re.sub(r"(\\s\+)?\.\*\?(\\s\+)?", ".*?", pattern)
    return re.fullmatch(pattern, " ".join(printed.split()), re.DOTALL) is not None


def _read_json(text: str) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        for line in text.splitlines():
            json.loads(line)


def _run_steps(document: Any, shell: Shell) -> None:
    for script in _runs(document):
        for line in script.splitlines():
            code, printed = (0, "") if INSTALLS.match(line) else shell.run(line)
            if code != 0:
                raise BrokenBlockError(f"`{line}` ended with exit code {code}:\n{printed}")


def _runs(document: Any) -> Iterator[str]:
    """What the steps of a workflow run, in their order."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key == "run" and isinstance(value, str):
                yield value
            else:
                yield from _runs(value)
    elif isinstance(document, list):
        for value in document:
            yield from _runs(value)
