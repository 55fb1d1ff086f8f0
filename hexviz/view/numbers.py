"""A person's own numbers for ops, from JSON or CSV, to colour the graph by.

::

    {"val_12": 0.3, "MatMul_7": 1.8}       op,milliseconds
                                           val_12,0.3
                                           MatMul_7,1.8
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator

from hexviz.errors import NumbersError
from hexviz.model.graph import TaggedGraph

__all__ = ["read_numbers"]

_EXAMPLE = 'a JSON object such as {"op id or name": 1.5}, or CSV lines such as "op id or name,1.5"'


def read_numbers(text: str, graph: TaggedGraph) -> dict[int, float]:
    """Position of an op → its number, for all ops of a graph that a text names by id or name.

    A name that several ops have gives all of them the number. CSV may have a
    heading; the first column names the op, the last one that is a number counts.

    Raises:
        NumbersError: if it is neither, holds no finite number, or names no op of this graph.
    """
    pairs = list(_pairs(text))
    by_name: dict[str, list[int]] = {}
    for at, op in enumerate(graph.ops):
        if op.name:
            by_name.setdefault(op.name, []).append(at)
    found: dict[int, float] = {}
    for name, number in pairs:
        known = graph.positions.get(name)
        for at in by_name.get(name, []) if known is None else [known]:
            found[at] = number
    if not found:
        what = f"none of its {len(pairs)} names is" if pairs else "it holds no number for"
        raise NumbersError(f"These are no numbers for this model: {what} an op of it.")
    return found


def _pairs(text: str) -> Iterator[tuple[str, float]]:
    stripped = text.lstrip("\ufeff \t\r\n")
    if stripped.startswith(("{", "[")):
        yield from _from_json(stripped)
    else:
        yield from _from_csv(stripped)


def _from_json(text: str) -> Iterator[tuple[str, float]]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NumbersError(f"That is not JSON that can be read: give {_EXAMPLE}.") from error
    if not isinstance(document, dict):
        raise NumbersError(f"That JSON is no object: give {_EXAMPLE}.")
    for name, number in document.items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise NumbersError(f"{name!r} has no number in that JSON: give {_EXAMPLE}.")
        try:
            value = float(number)
        except OverflowError as error:  # a whole number of hundreds of digits
            raise NumbersError(
                f"The number of {name!r} is too large to be shown: give one below 1e308."
            ) from error
        if math.isfinite(value):
            yield name, value


def _from_csv(text: str) -> Iterator[tuple[str, float]]:
    try:
        rows = [row for row in csv.reader(io.StringIO(text)) if row]
    except csv.Error as error:
        raise NumbersError(f"That is not CSV that can be read: give {_EXAMPLE}.") from error
    for at, row in enumerate(rows):
        numbers = [number for number in map(_number, row[1:]) if number is not None]
        if numbers:
            yield row[0].strip(), numbers[-1]
        elif at and any(cell.strip() for cell in row[1:]):
            raise NumbersError(f"Line {at + 1} of that CSV holds no number: give {_EXAMPLE}.")


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
