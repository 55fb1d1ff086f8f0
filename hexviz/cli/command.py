"""The ``hexviz`` command as a whole: its commands, its exit codes, its errors.

Exit codes: 0 fine, 1 findings or a failed verification, 2 bad usage or input, 128 plus the
signal's number if one ended it; a server or worker that is told to stop has done what it should: 0.
Errors go to stderr as one line.
"""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer
import typer.exceptions

from hexviz.cli.bench import bench_app
from hexviz.cli.compare import compare
from hexviz.cli.export import export, samples
from hexviz.cli.extract import extract, spread
from hexviz.cli.groups import Commands
from hexviz.cli.log import LOG_VARIABLE, stages_logged
from hexviz.cli.parity import parity
from hexviz.cli.profile import profile
from hexviz.cli.signals import ended_by_signals
from hexviz.cli.tags import analyze, audit, explain, tag
from hexviz.cli.view import report, view, worker
from hexviz.errors import ExportError, HexvizError

__all__ = ["app", "main"]

app = typer.Typer(
    name="hexviz",
    cls=Commands,
    help="Which PyTorch module does each op of an ONNX graph belong to, and how is that known?",
    epilog=f"{LOG_VARIABLE}=FILE in the environment (- for stderr) logs how long each stage takes, "
    "one line of JSON for each.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for _command in (
    *(view, export, tag, analyze, explain, audit),
    *(compare, parity, profile, extract, report, samples, worker),
):
    app.command()(_command)
app.add_typer(bench_app, name="bench", help="Measure hexviz itself.")


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
) -> None:
    """Options of ``hexviz`` itself."""


def main() -> None:
    """Run the command; any :class:`HexvizError` ends it with one line and exit code 2."""
    try:
        with ended_by_signals(), stages_logged():
            code = app(args=spread(sys.argv[1:]), prog_name="hexviz", standalone_mode=False)
    except ExportError as error:
        _fail(f"{error}{_where_log_is(error)}")
    except HexvizError as error:
        _fail(str(error))
    except typer.exceptions.TyperException as error:
        message = getattr(error, "format_message", error.__str__)().rstrip(".")
        _fail(f"{message}{'' if message.endswith('?') else '.'} See `hexviz --help`.")
    except (typer.Abort, KeyboardInterrupt):
        raise SystemExit(130) from None
    raise SystemExit(code if isinstance(code, int) else 0)


def _where_log_is(error: ExportError) -> str:
    """What an exporter printed before it failed, kept in the cache folder, as a sentence."""
    if not error.log:
        return ""
    from hexviz.cache import Cache
    from hexviz.model.files import write_atomically

    path = Cache().folder("exports") / "failed.log"
    write_atomically(path, [error.log.encode()])
    return f" The log is in {path}."


def _fail(line: str) -> NoReturn:
    # Names in a message are a stranger's: they may not steer the terminal.
    printable = "".join(char if char.isprintable() else "�" for char in " ".join(line.split()))
    print("hexviz:", printable, file=sys.stderr)  # noqa: T201
    raise SystemExit(2)
