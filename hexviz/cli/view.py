"""``hexviz view``, ``worker`` and ``report``: the page, its jobs, and a page in one file."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from hexviz.cli import completion
from hexviz.cli.options import NoRecover, OnnxFile, Output, Symbols, read_sizes
from hexviz.cli.plain_view import HOST, JOBS_VARIABLE, PORT, TOKEN_VARIABLE

__all__ = ["report", "view", "worker"]

Port = Annotated[
    int, typer.Option(min=0, max=65535, help="Port to serve on; 0 takes any free one.")
]
Host = Annotated[str, typer.Option(help="Address to serve on.")]
Desktop = Annotated[
    bool,
    typer.Option(
        "--desktop", help="Show the page in a window of its own, or in the one that is open."
    ),
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")]
TokenText = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TOKEN",
        envvar=TOKEN_VARIABLE,
        show_envvar=True,
        help="What a browser must know to use the page; on a host other than loopback, "
        "a random one if it is left out.",
    ),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="NAME",
        help="One more name by which browsers may call this server, as behind a proxy.",
    ),
]
Root = Annotated[
    list[Path] | None,
    typer.Option(
        "--root", metavar="FOLDER", help="A folder whose .onnx files can be opened from the page."
    ),
]
Watch = Annotated[
    bool,
    typer.Option(
        "--watch",
        help="Show what is written to the file as soon as it is whole, and, of a "
        "package.module:factory, export it anew when its source changes.",
    ),
]
Jobs = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar=JOBS_VARIABLE,
        help="A Redis (redis://HOST:PORT/DB) through which `hexviz worker` does the jobs; "
        "without it, this machine does them.",
    ),
]


def view(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[SOURCE]",
            help="What to open first: a sample's name, an .onnx file, "
            "package.module:factory, hf:MODEL_ID, or a .pt2 file. Without it, the page asks.",
            autocompletion=completion.sources,
        ),
    ] = None,
    port: Port = PORT,
    host: Host = HOST,
    no_browser: NoBrowser = False,
    jobs: Jobs = None,
    token: TokenText = None,
    allow_host: AllowHost = None,
    root: Root = None,
    watch: Watch = False,
    desktop: Desktop = False,
    no_recover: NoRecover = False,
) -> None:
    """Open the page in a browser."""
    from hexviz.app.serve import serve
    from hexviz.errors import ServeError

    given = os.environ.pop(TOKEN_VARIABLE, None)  # the processes that do jobs need not know it
    if token is None:
        token = given  # set and empty, which typer takes for unset: whoever set it wanted one
    if watch:
        _check_watched(source)
    named = token not in (None, given) or allow_host or no_browser
    if desktop and (named or (port, host) != (PORT, HOST)):
        raise ServeError(
            "--desktop serves its own window alone: leave out --host, --port, --token, "
            "--allow-host and --no-browser."
        )
    first = _onnx_path(source) if source else None
    factory = source if source and first != Path(source) else None
    recover = not no_recover
    if desktop:
        from hexviz.desktop.run import show

        folders = root or ()
        show(first, queue=jobs, roots=folders, watch=watch, factory=factory, recover=recover)
        return
    serve(
        first,
        host=host,
        port=port,
        open_browser=not no_browser,
        queue=jobs,
        token=token,
        allowed=allow_host or (),
        roots=root or (),
        watch=watch,
        factory=factory,
        recover=recover,
    )


def worker(jobs: Jobs = None) -> None:
    """Do the jobs of the pages that share a queue: exports, verifications, parts."""
    from hexviz.errors import JobError

    if jobs is None:
        raise JobError("No queue to work for: give --jobs redis://HOST:PORT/DB.")
    from hexviz.app.worker import work

    work(jobs)


def report(
    file: OnnxFile,
    output: Output,
    profile: Annotated[
        Path | None,
        typer.Option(
            metavar="P.json", help="Times by module as well: what hexviz profile --json wrote."
        ),
    ] = None,
    parity: Annotated[
        Path | None,
        typer.Option(
            metavar="Q.json", help="Errors by module as well: what hexviz parity --json wrote."
        ),
    ] = None,
    symbol: Symbols = None,
    no_recover: NoRecover = False,
) -> None:
    """Write one HTML page about a file for people who do not have hexviz."""
    from hexviz.app.report import to_report
    from hexviz.cli.console import note, progress
    from hexviz.cli.documents import parity_document, profile_document
    from hexviz.model.files import file_to_write, write_atomically
    from hexviz.tagging.audit import audit as audited
    from hexviz.tagging.opened import load_kept

    target = file_to_write(file, output)
    sizes = read_sizes(symbol)
    times = None if profile is None else profile_document(profile)
    errors = None if parity is None else parity_document(parity)
    with progress(f"Drawing the report of {file.name}"):
        graph = load_kept(file, recover=not no_recover)
        findings = audited(graph)
        page = to_report(graph, findings, symbols=sizes, profile=times, parity=errors).encode()
        write_atomically(target, [page])
    many = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
    note(f"{target}: {len(page) / 1e6:.1f} MB, {many}.")


def _check_watched(source: str | None) -> None:
    """That there is something to watch.

    Raises:
        SourceError: if there is not.
    """
    from hexviz.errors import SourceError

    if source and (_is_file(source) or (":" in source and not source.startswith("hf:"))):
        return
    what = "There is nothing to watch" if source is None else f"{source} cannot be watched"
    raise SourceError(f"{what}: give --watch an .onnx file or package.module:factory.")


def _is_file(source: str) -> bool:
    path = Path(source)
    return path.suffix == ".onnx" or (path.is_file() and path.suffix != ".pt2")


def _onnx_path(source: str) -> Path:
    """The file to show: the one named, or a fresh export in the cache folder."""
    if _is_file(source):
        return Path(source)
    from hexviz.cache import Cache
    from hexviz.cli.console import progress, warn_of
    from hexviz.exporters.export_times import save_and_keep
    from hexviz.exporters.produce import produce

    warn_of(source)
    with progress() as report:
        graph = produce(source, optimize=False, progress=report)
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", graph.name)
    target = Cache().folder("exports") / f"{name}.onnx"
    save_and_keep(graph, target)
    return target
