"""The result of a profile: times of nodes, added up over the module tree.

::

    node  run 1  run 2  run 3   median           module   self        total
    a (fc)   10     12     11       11           fc       11 + 5      16
    b (fc)    5      5      9        5           (root)   2           18
    c (root)  2      2      2        2

Only sums of one figure can agree: so each node has the median of its runs, and every figure above
it is a sum of those. Quartiles of a module are of its sums in each run, which tells how much to
believe the figure: a disturbed run disturbs many nodes at once. As each run disturbs some node, all
of them may lie above the sum of medians; the figure itself is then the lower one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hexviz.measure.documents import ModuleTime, NodeTime, ProfileDocument, to_dict
from hexviz.measure.sums import sums_by_module, totals
from hexviz.model.cached import cached_property
from hexviz.model.modules import ModuleTree

__all__ = ["Profile", "TimedNode", "profile_of"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TimedNode:
    """A node with its microseconds in each run; other fields as in :class:`NodeTime`."""

    id: str
    op_type: str
    module: str | None
    us: Array
    provider: str = ""
    ops: tuple[str, ...] = ()


@dataclass(frozen=True)
class Profile:
    """Where the time of a run goes.

    ``modules`` are the modules that took any, in the order of the tree (a module before those in
    it), and ``ops`` the nodes as they ran; both are the records of the document.
    """

    document: ProfileDocument

    @property
    def modules(self) -> tuple[ModuleTime, ...]:
        """Per module its own time, and that with all modules below."""
        return self.document.modules

    @property
    def ops(self) -> tuple[NodeTime, ...]:
        """Per node of the runtime, fused ones too, its time and the ops it stands for."""
        return self.document.nodes

    @property
    def total_us(self) -> float:
        """Microseconds of all nodes in one run."""
        return self.document.total_us

    @property
    def unplaced_us(self) -> float:
        """Microseconds of nodes of which nothing tells a module."""
        return self.document.unplaced_us

    @cached_property
    def message(self) -> str:
        """One line that says which module to make faster."""
        return _slowest(self.document)

    def to_document(self) -> ProfileDocument:
        """The document of ``hexviz profile --json``."""
        return self.document

    def to_dict(self) -> dict[str, Any]:
        """The document in JSON's types."""
        return to_dict(self.document)


def profile_of(
    nodes: Sequence[TimedNode],
    tree: ModuleTree,
    *,
    model: str,
    provider: str,
    device: str,
    **about: Any,
) -> Profile:
    """Add up the times of nodes by module; ``about`` are further fields of the document."""
    runs = len(nodes[0].us)
    placed = [(node.module, node.us) for node in nodes if node.module is not None]
    total = sum(_median(node.us) for node in nodes)
    own = sums_by_module(tree, [(module, _median(us)) for module, us in placed], 0.0)
    whole = totals(tree, own, 0.0)
    nothing = np.zeros(runs)
    by_run = totals(tree, sums_by_module(tree, placed, nothing), nothing)
    counts = totals(tree, sums_by_module(tree, [(module, 1) for module, _ in placed], 0), 0)
    modules = []
    for module in tree:
        if not counts[module.fqn] and module.fqn:
            continue
        low, high = _quartiles(by_run[module.fqn])
        modules.append(
            ModuleTime(
                module=module.fqn,
                tag=module.tag,
                self_us=round(own[module.fqn], 3),
                total_us=round(whole[module.fqn], 3),
                share=_share(whole[module.fqn], total),
                runs=int(np.count_nonzero(by_run[module.fqn])),
                low=min(low, round(whole[module.fqn], 3)),
                high=max(high, round(whole[module.fqn], 3)),
            )
        )
    unplaced = (_median(node.us) for node in nodes if node.module is None)
    document = ProfileDocument(
        model=model,
        modules=tuple(modules),
        nodes=tuple(map(_node_time, nodes)),
        total_us=round(total, 3),
        unplaced_us=round(sum(unplaced), 3),
        runs=runs,
        provider=provider,
        device=device,
        **about,
    )
    return Profile(document)


def _node_time(node: TimedNode) -> NodeTime:
    low, high = _quartiles(node.us)
    return NodeTime(
        id=node.id,
        op_type=node.op_type,
        module=node.module,
        us=round(_median(node.us), 3),
        provider=node.provider,
        ops=node.ops,
        low=low,
        high=high,
    )


def _median(times: Array) -> float:
    return float(np.median(times))


def _quartiles(times: Array) -> tuple[float, float]:
    low, high = np.quantile(times, (0.25, 0.75))
    return round(float(low), 3), round(float(high), 3)


def _share(part: float, whole: float) -> float:
    return round(min(1.0, part / whole), 6) if whole > 0 else 0.0


def _slowest(document: ProfileDocument) -> str:
    """One line: which module takes the most time by itself, and with those that are like it.

    Like it are modules whose names differ in numbers alone, as those of equal layers do.
    """
    slowest = max(document.modules, key=lambda one: one.self_us, default=None)
    if slowest is None or slowest.self_us <= 0:
        return "No module took any time."
    whole = document.total_us
    # The table beside it has totals, so a share that leaves the inner modules out has to say so.
    alone = " by itself" if slowest.module and slowest.total_us > slowest.self_us else ""
    line = (
        f"{slowest.module or 'The root itself'} takes {slowest.self_us / whole:.0%} of the time"
        f"{alone}, {_milliseconds(slowest.self_us)} of {_milliseconds(whole)}"
    )
    kind = _kind(slowest)
    taking = [one.self_us for one in document.modules if one.self_us > 0 and _kind(one) == kind]
    if len(taking) > 1:
        line += f"; the {len(taking)} modules {kind[0]} take {sum(taking) / whole:.0%} together"
    return f"{line}."


def _kind(module: ModuleTime) -> tuple[str, str]:
    """The names of all modules like it, and their class."""
    return _without_numbers(module.module), module.tag.rpartition("/")[2].partition(".")[0]


def _without_numbers(fqn: str) -> str:
    """A module's name with a star for each number.

    >>> _without_numbers("encoder.layer.3.fc1")
    'encoder.layer.*.fc1'
    """
    return re.sub(r"(?<![^.])\d+(?![^.])", "*", fqn)


def _milliseconds(us: float) -> str:
    """Microseconds as milliseconds, in three digits.

    >>> _milliseconds(912.3), _milliseconds(51234.0), _milliseconds(1515000.0)
    ('0.912 ms', '51.2 ms', '1,515 ms')
    """
    if us >= 1_000_000:
        return f"{us / 1000:,.0f} ms"
    return f"{us / 1000:.3g} ms"
