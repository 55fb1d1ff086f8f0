"""What the command prints for people: lines, tables and a bar of progress.

Names in a graph are a stranger's: they are never read as Rich's markup, and
may not steer the terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table
from rich.text import Text

__all__ = [
    "console",
    "facts",
    "listing",
    "many",
    "module_name",
    "progress",
    "say",
    "text",
    "warn_of",
]


def say(line: str) -> None:
    """A line on stderr."""
    Console(stderr=True).print(line, markup=False, highlight=False, soft_wrap=True)


def warn_of(source: str) -> None:
    """Say what opening a SOURCE may do, where it may do more than its own code."""
    from hexviz.exporters.model_source import PT2_WARNING, is_pt2

    if is_pt2(source):
        say(PT2_WARNING)


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """A bar on stderr from the first report on; work without reports leaves no trace of one.

    Nor does any where stderr is no terminal: Rich would print an empty line there.
    """
    err = Console(stderr=True)
    if not err.is_interactive:
        yield lambda _stage, _done: None
        return
    bar = Progress(console=err, transient=True)
    tasks: list[TaskID] = []

    def report(stage: str, done: float) -> None:
        if not tasks:
            bar.start()
            tasks.append(bar.add_task(stage, total=1.0))
        bar.update(tasks[0], description=stage, completed=done)

    try:
        yield report
    finally:
        if tasks:
            bar.stop()


def module_name(fqn: str) -> str:
    """A module as it is called in a sentence."""
    return fqn or "the root"


def many(count: int, what: str) -> str:
    """A count with its noun."""
    return f"{count} {what}{'' if count == 1 or what == 'info' else 's'}"


def console() -> Console:
    """Where everything for people goes: no markup, no emoji, no guesses."""
    return Console(emoji=False, highlight=False)


def text(content: str, style: str = "") -> Text:
    """Text that is printed as it is; what could steer the terminal shows as a mark."""
    return Text("".join(one if one.isprintable() else "�" for one in content), style=style)


def listing(
    columns: Iterable[str],
    rows: Iterable[Iterable[str | Text]],
    *,
    title: str = "",
    figures: Collection[str] = (),
) -> Table:
    """A table that folds what is too long: half an id is of no use.

    ``figures`` are the columns that hold numbers.
    """
    table = Table(box=None, header_style="bold", title=title or None, title_justify="left")
    for name in columns:
        justify: Any = "right" if name in figures else "left"
        table.add_column(text(name), overflow="fold", justify=justify)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else text(cell) for cell in row))
    return table


def facts(about: Mapping[str, str]) -> Table:
    """Name → what it is; what is empty is left out."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, fact in about.items():
        if fact:
            table.add_row(name, text(fact))
    return table
