"""The part of a model that an address names, for whoever takes it away or verifies it."""

from __future__ import annotations

import shlex
from typing import Any

from hexviz.app.address import choice_in
from hexviz.app.models.extracted import Extracted
from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import ExtractChoice
from hexviz.errors import ExtractionError, SelectionError
from hexviz.model.writer import serialized

__all__ = ["asked_part", "command_line", "part_file", "part_report", "python"]


def asked_part(model: OpenModel, query: str) -> Extracted:
    """What is cut out of a model by a choice, written as the query of an address.

    Raises:
        SelectionError: if that is nothing.
    """
    choice = choice_in(query, model.has_module, model.graph.positions.__contains__)
    kept = model.extracted(choice)
    if kept is None:
        raise SelectionError("The selection holds no op: select more, or exclude less.")
    return kept


def part_file(kept: Extracted) -> bytes:
    """The part as a file, checked, with its report in its metadata.

    Raises:
        ExtractionError: if it is not valid, cannot be built, or has its weights in other files.
        WriteError: if it is too large for one file.
    """
    if kept.graph.has_external_data:
        raise ExtractionError(
            "The weights of this model are in other files: save the part with `hexviz extract`."
        )
    return serialized(kept.part().certified, "The part")


def part_report(kept: Extracted) -> dict[str, Any]:
    """The report of a part, with what the checks found.

    Raises:
        ExtractionError: if the part cannot be built.
    """
    return kept.part().report


def command_line(choice: ExtractChoice, file: str) -> str:
    """The command that saves the same part of a file, and verifies it.

    >>> from hexviz.extraction.selection import ModuleSelection
    >>> command_line(ExtractChoice(ModuleSelection(frozenset({"a b"})), "exclude_safe"), "m.onnx")
    "hexviz extract m.onnx --module 'a b' --policy exclude_safe -o part.onnx --verify"
    """
    selected = choice.selected
    named = [("--module", fqn) for fqn in sorted(selected.modules)]
    named += [("--exclude", fqn) for fqn in sorted(selected.exclude)]
    named += [("--op", op) for op in sorted(selected.ops)]
    words = ["hexviz", "extract", f"./{file}" if file.startswith("-") else file]
    for option, value in named:
        # A value that starts with a dash would be read as an option.
        words += [f"{option}={value}"] if value.startswith("-") else [option, value]
    words += ["--policy", choice.policy, *["--fill-holes"] * choice.fill]
    return shlex.join([*words, "-o", "part.onnx", "--verify"])


def python(choice: ExtractChoice, file: str) -> str:
    """The same as a script."""
    selected = choice.selected
    arguments = [repr(sorted(selected.modules))]
    if selected.exclude:
        arguments.append(f"exclude={sorted(selected.exclude)!r}")
    if selected.ops:
        arguments.append(f"ops={sorted(selected.ops)!r}")
    arguments.append(f'policy="{choice.policy}"')
    if choice.fill:
        arguments.append("fill_holes=True")
    return (
        f"import hexviz\n\ngraph = hexviz.load({file!r})\n"
        f"part = graph.extract({', '.join(arguments)})\nassert part.verify().ok\n"
        'part.save("part.onnx")\n'
    )
