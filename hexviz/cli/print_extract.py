"""What ``hexviz extract`` prints for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from hexviz.cli.console import console, facts, listing, many, module_name, text
from hexviz.extraction.report import WHY, came_along, kept_by_why, size, unjudged_in_words

__all__ = ["print_part", "print_split"]

_FIRST = 12  # carried ops that are listed


def print_part(document: Mapping[str, Any], target: Path | None) -> None:
    """The document of ``hexviz extract --json``, and where the part was written, if it was."""
    out = console()
    kept, sizes = document["kept"], document["size"]
    where = f"{target}" if target is not None else "No file was written"
    line = f"{where}: {many(kept['ops'], 'op')} of {document['model']}."
    out.print(text(line, "bold"), soft_wrap=True)
    out.print(
        facts(
            {
                "policy": document["policy"],
                "kept": ", ".join(kept_by_why(document)),
                "weights": f"{sizes['weights']}, {_size(sizes['weight_bytes'])}",
                "checker": _result(document["checks"]["checker"]),
                "runtime": _result(document["checks"]["runtime"]),
            }
        )
    )
    for line in (*came_along(document), unjudged_in_words(document["checks"]["unjudged"])):
        if not line:
            continue
        out.print()
        out.print(text(line, "yellow"), soft_wrap=True)
    _print_border(out, document)
    _print_carried(out, document["carried"])
    for hole in document["holes"]:
        through = ", ".join(map(module_name, hole["modules"]))
        line = (
            f"Dataflow leaves the part and comes back as {', '.join(hole['enters'])}, through "
            f"{many(len(hole['ops']), 'op')} of {through}: --fill-holes takes them in."
        )
        out.print()
        out.print(text(line, "yellow"), soft_wrap=True)
    if document["verification"] is not None:
        _print_verification(out, document["verification"])


def print_split(document: Mapping[str, Any], folder: Path | None) -> None:
    """The parts of a split in the order in which they run."""
    out = console()
    where = "No file was written" if folder is None else str(folder)
    line = f"{where}: {document['model']} in {many(len(document['parts']), 'part')}."
    out.print(text(line, "bold"), soft_wrap=True)
    rows = [
        (
            part["file"],
            module_name(part["module"]),
            str(part["ops"]),
            ", ".join(one["name"] for one in part["inputs"]),
            ", ".join(one["name"] for one in part["outputs"]),
        )
        for part in document["parts"]
    ]
    out.print(listing(("part", "module", "ops", "reads", "makes"), rows, figures={"ops"}))
    for name, checks in document["checks"].items():
        if not checks["ok"]:
            message = f"{name}: {checks['checker'] or checks['runtime']}"
            out.print(text(message, "yellow" if checks["sound"] else "bold red"), soft_wrap=True)
        if checks["unjudged"]:
            message = f"{name}: {unjudged_in_words(checks['unjudged'])}"
            out.print(text(message, "yellow"), soft_wrap=True)
    if document["verification"] is not None:
        _print_verification(out, document["verification"])


def _print_border(out: Console, document: Mapping[str, Any]) -> None:
    rows = []
    for way in ("inputs", "outputs"):
        for value in document[way]:
            source = value["from"]
            origin = f"{source['op_type']} in {module_name(source['module'])}" if source else ""
            given = "the model's input" if source is None else origin
            readers = ", ".join(map(module_name, value["read_by"]))
            other_end = given if way == "inputs" else readers or "the model's output"
            rows.append((way[:-1], value["name"], value["type"], _size(value["bytes"]), other_end))
    out.print()
    out.print(listing(("", "value", "type", "size", "from, or read by"), rows, figures={"size"}))


def _print_carried(out: Console, carried: Sequence[Mapping[str, str]]) -> None:
    if not carried:
        return
    rows = [
        (one["op_type"], one["op"], module_name(one["module"]), WHY[one["why"]])
        for one in carried[:_FIRST]
    ]
    out.print()
    out.print(listing(("type", "op", "module", "why"), rows, title="carried along"))
    if len(carried) > _FIRST:
        out.print(f"and {len(carried) - _FIRST} more")


def _print_verification(out: Console, record: Mapping[str, Any]) -> None:
    out.print()
    out.print(text(record["message"], "green" if record["ok"] else "bold red"), soft_wrap=True)
    rows = [
        (
            "equal" if one["ok"] else "different",
            one["name"],
            "" if one["max_abs_error"] is None else f"{one['max_abs_error']:.3g}",
            one["note"],
        )
        for one in record["outputs"]
    ]
    if rows:
        out.print(listing(("", "output", "largest error", ""), rows, figures={"largest error"}))


def _result(error: str | None) -> str:
    return "passed" if error is None else error


def _size(count: int | None) -> str:
    return "?" if count is None else size(count)
