"""How right profiles are: what is placed, whether sums agree, and what profiling costs.

For each sample, through both exporters, at each level of optimisation: the share of the time in no
module; how far the sum of modules is from the sum of nodes; and, of the nodes that the runtime
named after an op which went into them (a name that hexviz does not read), how many are in a module
around that op. Then the overhead of profiling: runs with and without it, in turns. And the ten
slowest modules of the profile against those modules cut out and run by themselves.

    python -m benchmarks.profile FOLDER docs/profiling.md [--only bert-tiny,…]

FOLDER has exports as ``NAME-EXPORTER.onnx``, as ``hexviz export`` writes them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hexviz.errors import HexvizError
from hexviz.extraction.capture import capture
from hexviz.extraction.feeds import free_inputs, generate
from hexviz.extraction.part import extract
from hexviz.extraction.runtime import LEVELS, Settings, open_session, run, to_array, to_value
from hexviz.measure.profile.profile import profile
from hexviz.measure.profile.result import Profile
from hexviz.model.fqn import is_within
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.tag import load

SAMPLES = (
    *("bert-tiny", "small-transformer", "residual-cnn", "custom-auxiliary"),
    *("resnet-50", "gpt2", "sam-vit"),
)
_LARGE = frozenset({"gpt2", "sam-vit"})
_SLOWEST = 10

Record = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("page", type=Path)
    parser.add_argument("--only", default=",".join(SAMPLES))
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    records: list[Record] = []
    for record in measured(chosen.folder, chosen.only.split(",")):
        records.append(record)
        print(record, flush=True)
        if chosen.json is not None:
            chosen.json.write_text(json.dumps(records))
    text = chosen.page.read_text()
    head, mark, _ = text.partition("<!-- bench -->\n")
    chosen.page.write_text(f"{head}{mark}\n{tables(records)}")


def measured(folder: Path, names: Sequence[str]) -> Iterator[Record]:
    """A record for each export: of its levels, of the overhead, and of modules by themselves."""
    for name in names:
        for exporter in ("dynamo", "torchscript"):
            graph = load(folder / f"{name}-{exporter}.onnx")
            runs = 3 if name in _LARGE else 20
            levels = {level: profile(graph, runs=runs, optimization=level) for level in LEVELS}
            yield {
                "model": name,
                "exporter": exporter,
                "levels": {level: _facts(graph, found) for level, found in levels.items()},
                "overhead": overhead(graph, runs),
                "cut": {level: against_cut(graph, level, runs) for level in _CUT},
            }


_CUT = ("disable", "all")
"""Levels at which modules are also timed by themselves."""


def _facts(graph: TaggedGraph, found: Profile) -> Record:
    nodes = sum(one.us for one in found.ops)
    modules = sum(one.self_us for one in found.modules) + found.unplaced_us
    said = list(_said_by_names(graph, found))
    return {
        "nodes": len(found.ops),
        "fused": sum(len(one.ops) > 1 for one in found.ops),
        "total_us": found.total_us,
        "unplaced": found.unplaced_us / found.total_us,
        "sums": abs(modules - nodes) / nodes,
        "named": len(said),
        "named_right": sum(said),
    }


def _said_by_names(graph: TaggedGraph, found: Profile) -> Iterator[bool]:
    """Per node that is named after an op, whether it is in a module around that op."""
    for one in found.ops:
        name = one.id.partition("/MatMul")[0].removeprefix("fused ").removesuffix("_nchwc")
        if name != one.id and name in graph.positions:
            yield one.module is not None and is_within(graph.op(name).module, one.module)


def overhead(graph: TaggedGraph, runs: int) -> float:
    """How many times longer a run takes with profiling on; medians of runs in turns.

    In one thread: those of two sessions that wait busily for work would take time from each other.
    """
    import tempfile

    feed = {name: to_value(one) for name, one in next(generate(graph.proto)).items()}
    with tempfile.TemporaryDirectory(prefix="hexviz-") as folder:
        sessions = [
            open_session(graph.proto, graph.base_dir, settings=Settings(threads=1, profile=prefix))
            for prefix in (None, Path(folder, "profile"))
        ]
        names = [one.name for one in sessions[0].get_outputs()]
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(runs + 2):
            for session, taken in zip(sessions, times, strict=True):
                begin = time.perf_counter()
                run(session, names, feed)
                taken.append(time.perf_counter() - begin)
        sessions[1].end_profiling()
    without, profiled = (statistics.median(taken[2:]) for taken in times)
    return profiled / without


def against_cut(graph: TaggedGraph, level: str, runs: int) -> Record:
    """The slowest modules, none in another, by the profile and cut out: microseconds of both.

    In one thread: two that wait for each other on a machine with other work measure that work.
    """
    found = profile(graph, runs=runs, optimization=level, threads=1)
    chosen: list[str] = []
    times = {one.module: one.total_us for one in found.modules}
    for one in sorted(found.modules, key=lambda one: -one.self_us):
        is_apart = not any(
            is_within(one.module, other) or is_within(other, one.module) for other in chosen
        )
        if one.self_us > 0 and one.module and is_apart:
            chosen.append(one.module)
        if len(chosen) == _SLOWEST:
            break
    pairs = []
    for module in chosen:
        try:
            pairs.append((module, times[module], _alone(graph, module, level, runs)))
        except HexvizError as error:
            print(f"{graph.name} {module}: {error}")
    ranks = spearman([one for _, one, _ in pairs], [one for _, _, one in pairs])
    return {"modules": pairs, "spearman": ranks}


def _alone(graph: TaggedGraph, module: str, level: str, runs: int) -> float:
    """The median microseconds of a module cut out, on what crosses its border in the whole."""
    part = extract(graph, [module], (), "exclude_safe").model
    names = list(free_inputs(part))
    captured = capture(graph.proto, graph.base_dir, names)
    feed = {name: to_array(captured.values[name]) for name in names}
    # The sum of its nodes: to call a session at all takes as long as many a module.
    return profile(part, inputs=feed, runs=runs, optimization=level, threads=1).total_us


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """The correlation of the ranks of two lists of figures."""
    if len(one) < 3:
        return float("nan")
    ranks = np.array([np.argsort(np.argsort(figures)) for figures in (one, other)])
    return float(np.corrcoef(ranks)[0, 1])


def tables(records: Sequence[Record]) -> str:
    """All figures as Markdown."""
    lines = [
        "| export | level | nodes | of several | ms | unplaced | sums differ | named so, right |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in records:
        for level, facts in one["levels"].items():
            lines.append(
                f"| {one['model']}, {one['exporter']} | {level} | {facts['nodes']} | "
                f"{facts['fused']} | {facts['total_us'] / 1000:.3g} | {facts['unplaced']:.2%} | "
                f"{facts['sums']:.3%} | {facts['named_right']} of {facts['named']} |"
            )
    lines += [
        "",
        "| export | with profiling, times without | rank correlation, disable | all |",
        "| --- | ---: | ---: | ---: |",
    ]
    for one in records:
        ranks = " | ".join(f"{one['cut'][level]['spearman']:.2f}" for level in _CUT)
        lines.append(f"| {one['model']}, {one['exporter']} | {one['overhead']:.2f} | {ranks} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
