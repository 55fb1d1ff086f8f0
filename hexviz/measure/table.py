"""All figures of a model's modules in one table: own and total, as rows in the order of the tree.

::

    module              MACs own   total    time own   total    error by itself   worst in it
    (the model)            1.0 G   12 G         2 ms   90 ms             1·10⁻⁷        3·10⁻²
      encoder                  –   11 G            –   85 ms             2·10⁻⁷        3·10⁻²
        encoder.layer.0    0.5 G  5.5 G         9 ms   40 ms             3·10⁻²        3·10⁻²

Page, report, CSV and command read the same table. Figures that add up have the sum over a module
and all below it as their total; errors have the worst of these.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from hexviz.measure.costs.costs import Costs
from hexviz.measure.documents import CallError, ParityDocument, ProfileDocument
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleTree

__all__ = [
    "FIGURES",
    "Column",
    "Figure",
    "FigureTable",
    "ModuleRow",
    "effect_of",
    "module_table",
    "natural_error",
    "own_error",
    "safe_cell",
    "sizes_apart",
]

Figure = Literal[
    "parameters",
    "weight_bytes",
    "macs",
    "activation_bytes",
    "time_us",
    "share",
    "us_per_mac",
    "own_error",
    "natural_error",
    "effect",
]
"""What is measured of a module."""

Unit = Literal["count", "bytes", "us", "share", "us_per_mac", "error"]


@dataclass(frozen=True, slots=True)
class Column:
    """A figure: its ``title`` and what it is measured in.

    ``adds`` says that totals are sums; else a total is the worst of what is in the module.
    """

    name: Figure
    title: str
    unit: Unit
    adds: bool = True


FIGURES: Mapping[Figure, Column] = MappingProxyType(
    {
        one.name: one
        for one in (
            Column("parameters", "parameters", "count"),
            Column("weight_bytes", "weights", "bytes"),
            Column("macs", "MACs", "count"),
            Column("activation_bytes", "activations", "bytes"),
            Column("time_us", "time", "us"),
            Column("share", "share of time", "share"),
            Column("us_per_mac", "time per MAC", "us_per_mac"),
            Column("own_error", "own error", "error", adds=False),
            Column("natural_error", "natural error", "error", adds=False),
            Column("effect", "effect", "error", adds=False),
        )
    }
)
"""All figures, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """A module's figures by name, for the figures that there are; ``None`` where it has none.

    ``depth`` is 0 for the root. An error that no number tells (a NaN, another shape) is infinite.
    """

    module: str
    tag: str
    depth: int
    own: Mapping[Figure, float | None]
    total: Mapping[Figure, float | None]


@dataclass(frozen=True, slots=True)
class FigureTable:
    """Rows for all modules, each before those below it, and the figures that were measured."""

    columns: tuple[Column, ...]
    rows: tuple[ModuleRow, ...]

    def to_dict(self) -> dict[str, Any]:
        """The table in JSON's types: bytes, microseconds, and numbers without a unit."""
        return {
            "kind": "hexviz figures",
            "figures": [column.name for column in self.columns],
            "modules": [
                {
                    "module": row.module,
                    "tag": row.tag,
                    "own": {name: _plain(number) for name, number in row.own.items()},
                    "total": {name: _plain(number) for name, number in row.total.items()},
                }
                for row in self.rows
            ],
        }

    def to_csv(self) -> str:
        """The table with a heading; a figure without a number is an empty cell."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        names = [column.name for column in self.columns]
        heads = [f"{name} {of}" for name in names for of in ("own", "total")]
        writer.writerow(["module", "tag", *heads])
        for row in self.rows:
            numbers = [of[name] for name in names for of in (row.own, row.total)]
            cells = ["" if number is None else f"{number:.9g}" for number in numbers]
            writer.writerow([safe_cell(row.module), safe_cell(row.tag), *cells])
        return text.getvalue()


def _plain(number: float | None) -> float | None:
    return number if number is None or math.isfinite(number) else None


def safe_cell(text: str) -> str:
    """A name as a cell of CSV; one that a spreadsheet would take for a formula gets an apostrophe.

    >>> safe_cell("=cmd()"), safe_cell("encoder")
    ("'=cmd()", 'encoder')
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def own_error(call: CallError) -> float | None:
    """What a call adds by itself, relative; infinite where it differs and no number tells how far.

    ``None`` where it cannot be told.
    """
    if call.own is None:
        return None
    if call.own.max_rel_error is None:
        return 0.0 if call.ok else math.inf
    return call.own.max_rel_error


def effect_of(call: CallError) -> float | None:
    """What a call's own error alone does to the results; infinite where they are no numbers then.

    Where no number tells how far a call's own results are off, none tells of the model's.
    """
    if call.effect is None and not call.ok and own_error(call) == math.inf:
        return math.inf
    return call.effect


def natural_error(call: CallError) -> float | None:
    """How far a call's output is from the reference's as the graph ran, relative."""
    if call.max_rel_error is None:
        return math.inf if call.own is None and not call.ok else None
    return call.max_rel_error


def module_table(
    graph: TaggedGraph,
    *,
    costs: Costs | None = None,
    profile: ProfileDocument | None = None,
    parity: ParityDocument | None = None,
) -> FigureTable:
    """The table of what was measured of a graph. Linear in modules and what is known of them."""
    tree = graph.modules
    own: dict[str, dict[Figure, float | None]] = {module.fqn: {} for module in tree}
    total: dict[str, dict[Figure, float | None]] = {module.fqn: {} for module in tree}
    if costs is not None:
        _put_costs(costs, own, total)
    if profile is not None:
        _put_times(profile, tree, own, total)
    if costs is not None and profile is not None and not sizes_apart(costs, profile):
        for of in (own, total):
            for figures in of.values():
                figures["us_per_mac"] = _ratio(figures["time_us"], figures["macs"])
    if parity is not None:
        _put_errors(parity, tree, own, total)
    names = own[""].keys()
    depths: dict[str, int] = {}
    for module in tree:
        depths[module.fqn] = 0 if module.parent is None else depths[module.parent] + 1
    return FigureTable(
        tuple(column for name, column in FIGURES.items() if name in names),
        tuple(
            ModuleRow(
                module.fqn, module.tag, depths[module.fqn], own[module.fqn], total[module.fqn]
            )
            for module in tree
        ),
    )


def sizes_apart(costs: Costs, profile: ProfileDocument) -> str:
    """That costs and times are not for the same sizes of open dimensions; ``""`` where they are.

    Then one cannot be divided by the other.
    """
    if all(profile.symbols.get(name) == size for name, size in costs.symbols.items()):
        return ""
    theirs = _sizes(costs.symbols)
    if any(name not in profile.symbols for name in costs.symbols):
        return f"For which sizes times are is not known; costs are for {theirs}."
    mine = _sizes({name: profile.symbols[name] for name in costs.symbols})
    return f"Times are for {mine}; costs for {theirs}."


def _sizes(symbols: Mapping[str, int | None]) -> str:
    return ", ".join(f"{name} = {'?' if size is None else size}" for name, size in symbols.items())


Own = dict[str, dict[Figure, float | None]]


def _put_costs(costs: Costs, own: Own, total: Own) -> None:
    for fqn, figures in own.items():
        both = costs.modules.get(fqn)
        for of, at in ((figures, 0), (total[fqn], 1)):
            cost = both[at] if both is not None else None
            of["parameters"] = cost.parameters if cost is not None else None
            of["weight_bytes"] = cost.weight_bytes if cost is not None else None
            of["macs"] = cost.macs if cost is not None else None
            of["activation_bytes"] = cost.activation_bytes if cost is not None else None


def _put_times(profile: ProfileDocument, tree: ModuleTree, own: Own, total: Own) -> None:
    known = {one.module: one for one in profile.modules if one.module in tree}
    for fqn, figures in own.items():
        one = known.get(fqn)
        figures["time_us"] = one.self_us if one else 0.0
        figures["share"] = _ratio(figures["time_us"], profile.total_us)
        total[fqn]["time_us"] = one.total_us if one else 0.0
        total[fqn]["share"] = _ratio(total[fqn]["time_us"], profile.total_us)


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None


def _put_errors(parity: ParityDocument, tree: ModuleTree, own: Own, total: Own) -> None:
    measured: dict[Figure, dict[str, float]] = {
        "own_error": _worst((call.module, own_error(call)) for call in parity.modules),
        "natural_error": _worst((call.module, natural_error(call)) for call in parity.modules),
        "effect": _worst((call.module, effect_of(call)) for call in parity.modules),
    }
    if all(
        call.effect is None for call in parity.modules
    ):  # it takes runs of its own, which quantised models have
        del measured["effect"]
    for figure, errors in measured.items():
        for fqn, figures in own.items():
            figures[figure] = total[fqn][figure] = errors.get(fqn)
        for module in reversed([*tree]):  # those below a module come after it
            if module.parent is not None:
                worst = total[module.fqn][figure]
                around = total[module.parent]
                if worst is not None and worst > (around[figure] or 0.0):
                    around[figure] = worst


def _worst(errors: Iterable[tuple[str, float | None]]) -> dict[str, float]:
    """FQN → the largest of its errors, for those that have one."""
    found: dict[str, float] = {}
    for fqn, error in errors:
        if error is not None:
            found[fqn] = max(error, found.get(fqn, 0.0))
    return found
