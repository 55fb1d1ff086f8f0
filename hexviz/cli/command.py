"""The ``hexviz`` command as a whole: its commands, its exit codes, its errors.

Exit codes: 0 fine, 1 findings or a failed verification, 2 bad usage or input, 128 plus the
signal's number if one ended it; a server or worker that is told to stop has done what it should: 0.
Errors go to stderr as one line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import typer
import typer.exceptions

from hexviz.cli.bench import bench_app
from hexviz.cli.compare import compare
from hexviz.cli.convert import convert
from hexviz.cli.desktop import desktop
from hexviz.cli.export import export, samples
from hexviz.cli.extract import extract, spread
from hexviz.cli.failure import fail
from hexviz.cli.groups import Commands
from hexviz.cli.inspect import inspect
from hexviz.cli.log import LOG_VARIABLE
from hexviz.cli.parity import parity
from hexviz.cli.profile import profile
from hexviz.cli.tags import analyze, audit, explain, tag
from hexviz.cli.view import report, view, worker

__all__ = ["app", "run"]

app = typer.Typer(
    name="hexviz",
    cls=Commands,
    help="Which PyTorch module does each op of an ONNX graph belong to, and how is that known?",
    epilog=f"{LOG_VARIABLE}=FILE in the environment (- for stderr) logs how long each stage takes, "
    "one line of JSON for each.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
)

_GROUPS: Mapping[str, tuple[Callable[..., None], ...]] = {
    "Look": (view, desktop, samples),
    "Export and tag": (inspect, export, tag),
    "Ask": (analyze, explain, audit, compare),
    "Measure": (parity, profile),
    "Take away": (extract, convert, report),
}
"""The commands by what people want, in the order in which `hexviz --help` lists them."""

for _group, _commands in _GROUPS.items():
    for _command in _commands:
        app.command(rich_help_panel=_group)(_command)
app.command(rich_help_panel="For hexviz itself")(worker)
app.add_typer(
    bench_app,
    name="bench",
    help="Measure hexviz itself.",
    rich_help_panel="For hexviz itself",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print("hexviz", version("hexviz"))  # noqa: T201
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=_print_version
        ),
    ] = False,
    _quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="Say nothing on stderr but errors; may also stand behind a command.",
        ),
    ] = False,
) -> None:
    """Options of ``hexviz`` itself."""


_QUIET = ("--quiet", "-q")


def run(arguments: Sequence[str]) -> object:
    """Run a command; returns its exit code. What cannot be understood ends it with one line.

    ``--quiet`` may stand anywhere, as before and behind a command people look for it at both.

    Raises:
        HexvizError: whatever the command could not do.
    """
    from hexviz.cli.console import silenced

    given = list(arguments)
    own = given[: given.index("--")] if "--" in given else given
    others = [one for one in own if one not in _QUIET] + given[len(own) :]
    try:
        with silenced(len(others) < len(given)):
            return app(args=spread(others), prog_name="hexviz", standalone_mode=False)
    except typer.exceptions.TyperException as error:
        message = getattr(error, "format_message", error.__str__)().rstrip(".")
        fail(f"{message}{'' if message.endswith('?') else '.'} See `hexviz --help`.")
    except typer.Abort:
        raise SystemExit(130) from None
