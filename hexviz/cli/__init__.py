"""The ``hexviz`` command: one file for each group of commands, and ``print_*`` for what they print.

``command.py`` puts them together. All of them call the same functions that a script calls.
"""

from hexviz.cli.command import app, main

__all__ = ["app", "main"]
