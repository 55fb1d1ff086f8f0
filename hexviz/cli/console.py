"""What the command prints for people: lines, tables and a bar of progress.

::

    stdout, a terminal    as wide as it is, tables fold, colours unless NO_COLOR is set
    stdout, a pipe        one line for each row, however long: grep and cut read it
    stderr, a terminal    what is going on, once it takes a second; gone when it is over
    stderr, a pipe        nothing of that; errors and what was written are lines

``--quiet`` leaves out all of stderr but errors and why a command failed. Names in a graph are a
stranger's: they are never read as Rich's markup, and may not steer the terminal.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from hexviz.stages import followed

__all__ = [
    "Report",
    "console",
    "facts",
    "is_quiet",
    "listing",
    "many",
    "module_name",
    "note",
    "progress",
    "say",
    "silenced",
    "text",
    "warn_of",
]

Report = Callable[[str, float], None]
"""Gets a stage in words, and how far the work is, from 0 to 1."""

_QUIET: ContextVar[bool] = ContextVar("hexviz-quiet", default=False)
_WORTH = 0.7  # seconds that work takes before its progress is shown
_UNFOLDED = 1_000_000  # columns: more than any row has


def warn_of(source: str) -> None:
    """Say what opening a SOURCE may do, where it may do more than its own code."""
    from hexviz.exporters.model_source import PT2_WARNING, is_pt2
    from hexviz.extras import missing

    if is_pt2(source) and not missing("torch"):  # without it, nothing is opened
        say(PT2_WARNING)


@contextmanager
def silenced(quiet: bool) -> Iterator[None]:
    """Be quiet inside of the block, if ``quiet``."""
    token = _QUIET.set(quiet or _QUIET.get())
    try:
        yield
    finally:
        _QUIET.reset(token)


def is_quiet() -> bool:
    """Whether only errors, and why a command failed, may go to stderr."""
    return _QUIET.get()


def say(line: str) -> None:
    """A line on stderr that is said in any case."""
    Console(stderr=True).print(line, markup=False, highlight=False, soft_wrap=True)


def note(line: str) -> None:
    """A line on stderr about what went well."""
    if not is_quiet():
        say(line)


@contextmanager
def progress(label: str = "Working") -> Iterator[Report]:
    """What is going on, on stderr, if it is a terminal and the block takes a second.

    ``label`` says what the block does. Work that reports how far it is has a bar, any other shows
    the stage (:mod:`hexviz.stages`) that it is at, and the time::

        with progress("Comparing"):
            found = compare(before, after)
    """
    # This stream, also while work sends what it prints elsewhere, as exporters do.
    err = Console(file=sys.stderr)
    # FORCE_COLOR makes a pipe a terminal to Rich, and pictures that move are none to a pipe.
    if is_quiet() or not sys.stderr.isatty() or err.is_dumb_terminal:
        yield lambda _stage, _done: None
        return
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        console=err,
        transient=True,
    )
    task = bar.add_task(label, total=None)
    reports = threading.Event()
    lock = threading.Lock()
    is_over = False

    def report(stage: str, done: float) -> None:
        reports.set()
        bar.update(task, description=stage, total=1.0, completed=done)

    def begun(stage: str) -> None:
        if not reports.is_set():
            bar.update(task, description=f"{label}: {stage}")

    def show() -> None:
        with lock:
            if not is_over:
                bar.start()

    timer = threading.Timer(_WORTH, show)
    timer.daemon = True
    timer.start()
    try:
        with followed(begun):
            yield report
    finally:
        timer.cancel()
        with lock:
            is_over = True
            bar.stop()


def module_name(fqn: str) -> str:
    """A module as it is called in a sentence."""
    return fqn or "the root"


def many(count: int, what: str) -> str:
    """A count with its noun."""
    return f"{count} {what}{'' if count == 1 or what == 'info' else 's'}"


def console(*, stderr: bool = False) -> Console:
    """Where everything for people goes: no markup, no emoji, no guesses."""
    stream = sys.stderr if stderr else sys.stdout
    if stream.isatty():
        return Console(stderr=stderr, emoji=False, highlight=False)
    file = cast("TextIO", _Unpadded(stream))
    return Console(file=file, width=_UNFOLDED, emoji=False, highlight=False)


class _Unpadded:
    """A pipe without the blanks that make the rows of a table equally long."""

    def __init__(self, pipe: TextIO) -> None:
        self._pipe = pipe

    def write(self, content: str) -> int:
        return self._pipe.write(re.sub(" +$", "", content, flags=re.MULTILINE))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipe, name)


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
    """A table that folds what is too long for a terminal: half an id is of no use.

    In a pipe, each row is one line. ``figures`` are the columns that hold numbers.
    """
    is_piped = not sys.stdout.isatty()
    table = Table(
        box=None,
        header_style="bold",
        title=title or None,
        title_justify="left",
        pad_edge=not is_piped,
    )
    for name in columns:
        justify: Any = "right" if name in figures else "left"
        table.add_column(text(name), overflow="fold", justify=justify)
    for row in rows:
        cells = [cell if isinstance(cell, Text) else text(cell) for cell in row]
        table.add_row(*(_in_one_line(cell) if is_piped else cell for cell in cells))
    return table


def _in_one_line(cell: Text) -> Text:
    return Text(" ").join(cell.split("\n")) if "\n" in cell.plain else cell


def facts(about: Mapping[str, str]) -> Table:
    """Name → what it is; what is empty is left out."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, fact in about.items():
        if fact:
            table.add_row(name, text(fact))
    return table
