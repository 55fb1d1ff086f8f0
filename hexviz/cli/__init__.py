"""The ``hexviz`` command: one file for each group of commands, and ``print_*`` for what they print.

``command.py`` puts them together, ``main.py`` is where the process begins. All of them
call the same functions that a script calls.
"""

from hexviz.cli.main import main

__all__ = ["main"]
