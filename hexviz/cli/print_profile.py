"""What ``hexviz profile`` prints for people."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from hexviz.cli.console import console, facts, listing, many, module_name, text
from hexviz.cli.module_rows import module_row
from hexviz.measure.documents import ModuleTime, ProfileDocument
from hexviz.measure.profile.result import Profile
from hexviz.model.graph import TaggedGraph

__all__ = ["print_profile"]

_LEAST = 0.005
"""Share of the time from which on a module is listed."""

_MOST = 60  # modules that are listed
_NODES = 10
_BAR = 12  # cells

_SOURCES = {
    "ort": "a profile of ONNX Runtime",
    "torch": "a trace of torch.profiler",
}


def print_profile(found: Profile, graph: TaggedGraph) -> None:
    """The line that says what to make faster, the modules as a tree, and the slowest nodes."""
    document = found.document
    out = console()
    out.print(text(found.message, "bold"), soft_wrap=True)
    out.print(facts(_about(document)))
    _print_modules(out, document.modules, graph)
    _print_nodes(out, document)


def _about(document: ProfileDocument) -> dict[str, str]:
    unplaced = document.unplaced_us / document.total_us if document.total_us else 0.0
    runtime = " ".join(one for one in (document.runtime, document.provider) if one)
    return {
        "model": document.model,
        "measured": _SOURCES.get(document.source, runtime) + f" on {document.device or '?'}",
        "runs": f"{document.runs}, of each node the median",
        "optimization": document.optimization,
        "unplaced": f"{unplaced:.1%} of the time" if unplaced else "",
        "note": " ".join(document.notes),
    }


def _print_modules(out: Console, modules: Iterable[ModuleTime], graph: TaggedGraph) -> None:
    listed = list(modules)
    large = [one for one in listed if one.share >= _LEAST]
    # Where even those are too many, the largest of them, still in the order of the tree.
    kept = {one.module for one in sorted(large, key=lambda one: -one.share)[:_MOST]}
    rows = [
        (
            module_row(one.module, graph.modules),
            _us(one.self_us),
            _us(one.total_us),
            f"{one.share:.1%}",
            Text("█" * round(_BAR * one.share), style="cyan"),
        )
        for one in large
        if one.module in kept
    ]
    out.print()
    figures = {"self", "total", "share"}
    out.print(listing(("module", "self", "total", "share", ""), rows, figures=figures))
    left = len(listed) - len(rows)
    if left:
        out.print(f"and {many(left, 'module')} with less: --json has all")


def _print_nodes(out: Console, document: ProfileDocument) -> None:
    slowest = sorted(document.nodes, key=lambda one: -one.us)[:_NODES]
    rows = [
        (
            _us(one.us),
            one.op_type,
            "?" if one.module is None else module_name(one.module),
            one.id,
            many(len(one.ops), "op") if len(one.ops) > 1 else "",
        )
        for one in slowest
    ]
    out.print()
    columns = ("time", "type", "module", "node", "made of")
    out.print(listing(columns, rows, title="the slowest nodes", figures={"time"}))


def _us(us: float) -> str:
    """A time in three digits.

    >>> _us(1234.0), _us(0.0), _us(86.2)
    ('1.23 ms', '', '86.2 µs')
    """
    if not us:
        return ""
    return f"{us:.3g} µs" if us < 1000 else f"{us / 1000:.3g} ms"
