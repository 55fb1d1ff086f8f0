"""Commands with a default: ``hexviz model.onnx`` is short for ``hexviz view model.onnx``."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

__all__ = ["BenchCommands", "Commands"]

_WORD = re.compile(r"[A-Za-z-]+")
"""What a command looks like, and no file, factory or model id does."""


class Commands(TyperGroup):
    """A group that runs its default command if its first argument is not a command of its own."""

    default = "view"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments with the default command before them, if they name none."""
        if ctx.resilient_parsing and not args:
            return super().parse_args(ctx, args)  # a shell asks what may stand here
        own = {option for parameter in self.get_params(ctx) for option in parameter.opts}
        if not args or not (args[0] in {*self.commands, *own} or self._is_misspelt(args[0])):
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """The commands, and what the default command takes first."""
        found = super().shell_complete(ctx, incomplete)
        if not incomplete.startswith("-"):
            default = self.commands[self.default]
            first = next(one for one in default.params if one.param_type_name == "argument")
            found += first.shell_complete(typer.Context(default, parent=ctx), incomplete)
        return found

    def _is_misspelt(self, word: str) -> bool:
        """Whether a word is close to a command and nothing that the default could open."""
        if not _WORD.fullmatch(word) or not get_close_matches(word, self.commands):
            return False
        from sample_models import SAMPLES

        return word not in SAMPLES and not Path(word).is_file()


class BenchCommands(Commands):
    """The commands of ``hexviz bench``, whose help shows that of the default as well."""

    default = "speed"

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help of the group, then that of its default command."""
        super().format_help(ctx, formatter)
        default = self.commands[self.default]
        default.format_help(typer.Context(default, info_name=self.default, parent=ctx), formatter)
