"""A wish as others can repeat it: a command line, and Python."""

from __future__ import annotations

import shlex

from hexviz.app.panels.filter.wish import Wish

__all__ = ["command_line", "python"]


def command_line(wish: Wish, file: str) -> str:
    """The command that saves the same part of a file, and verifies it.

    >>> from hexviz.extraction.selection import Selection
    >>> command_line(Wish(Selection(frozenset({"a b"})), "exclude_safe"), "m.onnx")
    "hexviz extract m.onnx --module 'a b' --policy exclude_safe -o part.onnx --verify"
    """
    selected = wish.selected
    named = [("--module", fqn) for fqn in sorted(selected.modules)]
    named += [("--exclude", fqn) for fqn in sorted(selected.exclude)]
    named += [("--op", op) for op in sorted(selected.ops)]
    words = ["hexviz", "extract", f"./{file}" if file.startswith("-") else file]
    for option, value in named:
        # A value that starts with a dash would be read as an option.
        words += [f"{option}={value}"] if value.startswith("-") else [option, value]
    words += ["--policy", wish.policy, *["--fill-holes"] * wish.fill]
    return shlex.join([*words, "-o", "part.onnx", "--verify"])


def python(wish: Wish, file: str) -> str:
    """The same as a script."""
    selected = wish.selected
    arguments = [repr(sorted(selected.modules))]
    if selected.exclude:
        arguments.append(f"exclude={sorted(selected.exclude)!r}")
    if selected.ops:
        arguments.append(f"ops={sorted(selected.ops)!r}")
    arguments.append(f'policy="{wish.policy}"')
    if wish.fill:
        arguments.append("fill_holes=True")
    return (
        f"import hexviz\n\ngraph = hexviz.load({file!r})\n"
        f"part = graph.extract({', '.join(arguments)})\nassert part.verify().ok\n"
        'part.save("part.onnx")\n'
    )
