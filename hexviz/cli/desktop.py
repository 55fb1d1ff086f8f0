"""``hexviz desktop``: the entry among a person's programs. The window is ``hexviz --desktop``."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["desktop"]


def desktop(
    install: Annotated[
        bool,
        typer.Option(
            "--install", help="Register hexviz, its icon, and that it opens .onnx files (Linux)."
        ),
    ] = False,
    uninstall: Annotated[bool, typer.Option("--uninstall", help="Take that back.")] = False,
) -> None:
    """Register hexviz with the desktop; `hexviz --desktop [FILE]` opens its window."""
    from hexviz.cli.console import say
    from hexviz.desktop.register import register, unregister
    from hexviz.errors import DesktopError

    if install == uninstall:
        raise DesktopError(
            "Give --install or --uninstall; `hexviz --desktop [FILE]` opens the window."
        )
    (register if install else unregister)(say)
