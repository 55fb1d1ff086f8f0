"""Are the modules of nameless files found?

``python -m benchmarks.recovery make FOLDER [MODEL]...`` makes the files from the models of the
benchmarks, and ``python -m benchmarks.recovery score FILE|FOLDER...`` asks. Each file
``NAME.onnx`` has its truth beside it, ``NAME.json`` (:mod:`benchmarks.recovery_truth`).

*found*: the share of the modules asked for that a recovered stretch covers, with an intersection
over union of the ops of at least :data:`FOUND`. *extra*: of the recovered stretches whose family
has several, the share that overlaps no module at all by :data:`OVERLAP`. Ops that the truth does
not know of are left out of both. *found, moving* leaves out static ops as well: those that no
input of the model reaches, which hang loosely. *right*: the share of these stretches that is some
module by :data:`FOUND`, which is what their mean confidence, *stated*, speaks of.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from benchmarks.recovery_truth import TrueModule, Truth, restore
from hexviz.model.flat import FlatGraph
from hexviz.model.flatten import flatten
from hexviz.tagging.recovery.stretch import Stretch

__all__ = ["FOUND", "OVERLAP", "Finder", "Overlaps", "measure", "named", "static", "summarize"]

FOUND = 0.8
OVERLAP = 0.5

Finder = Callable[[FlatGraph], Sequence[Stretch]]
Record = dict[str, Any]
Bools = npt.NDArray[np.bool_]

DEFAULT = "hexviz.tagging.recovery.find:find_stretches"


def main() -> None:
    """Make the files, or score them and print how it went."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recovery")
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make", help="export models, and strip them of all names")
    making.add_argument("folder", type=Path)
    making.add_argument("models", nargs="*", help="without any, all of the benchmarks")
    scoring = commands.add_parser("score", help="what is found in files")
    scoring.add_argument("paths", type=Path, nargs="+", help="files, or folders of them")
    scoring.add_argument("--with", dest="finder", default=DEFAULT, help="MODULE:FUNCTION")
    scoring.add_argument("--only", default="", help="a part of the names of the files to score")
    scoring.add_argument("--json", action="store_true", help="print all figures as JSON")
    scoring.add_argument("--misses", action="store_true", help="name what is missed, or too much")
    arguments = parser.parse_args()
    if arguments.command == "make":
        from benchmarks.recovery_cases import make_all  # torch, which scoring does without

        for name in make_all(arguments.folder, arguments.models):
            sys.stderr.write(f"{name}\n")
    else:
        _score(arguments)


def _score(arguments: argparse.Namespace) -> None:
    finder = named(arguments.finder)
    results = []
    for path in files(arguments.paths):
        if arguments.only in str(path):
            found = measure(path, finder)
            results.append(found)
            if arguments.misses and not arguments.json:
                sys.stdout.write("".join(f"{line}\n" for line in told(found)))
    if arguments.json:
        json.dump({"summary": summarize(results), "results": results}, sys.stdout, indent=1)
    else:
        sys.stdout.write(table(results))


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """The models that have a truth beside them."""
    for path in paths:
        inside = sorted(path.rglob("*.onnx")) if path.is_dir() else [path]
        yield from (one for one in inside if one.with_suffix(".json").is_file())


def named(path: str) -> Finder:
    """The function of ``MODULE:NAME``."""
    module, _, name = path.partition(":")
    function: Finder = getattr(importlib.import_module(module), name)
    return function


class Overlaps:
    """Intersection over union with every module of a file, over the ops that count."""

    def __init__(self, modules: Sequence[TrueModule], counts: Bools) -> None:
        self.modules = modules
        self._counts = counts
        kept = [ops[counts[ops]] for one in modules for ops in [np.array(one.ops, dtype=np.int64)]]
        self.sizes = np.array([len(ops) for ops in kept], dtype=np.int64)
        pairs = np.concatenate([*kept, np.zeros(0, dtype=np.int64)])
        order = np.argsort(pairs, kind="stable")
        self._modules = np.repeat(np.arange(len(modules)), self.sizes)[order]
        self._starts = np.searchsorted(pairs[order], np.arange(len(counts) + 1))

    def of(self, stretch: Stretch) -> npt.NDArray[np.float64]:
        """The overlap of a stretch with each module, in 0..1."""
        ops = np.asarray(stretch.ops, dtype=np.int64)
        ops = ops[self._counts[ops]]
        starts, lengths = self._starts[ops], self._starts[ops + 1] - self._starts[ops]
        skipped = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
        hits = self._modules[np.arange(lengths.sum()) + skipped]
        both = np.bincount(hits, minlength=len(self.modules))
        result: npt.NDArray[np.float64] = both / np.maximum(self.sizes + len(ops) - both, 1)
        return result


def measure(path: Path, finder: Finder) -> Record:
    """How a finder does on one file; ``missed`` and ``extras`` are its mistakes."""
    proto = onnx.load(path, load_external_data=False)
    document = json.loads(path.with_suffix(".json").read_bytes())
    truth = restore(document)
    flat = flatten(proto)
    began = time.perf_counter()
    top = finder(flat)
    seconds = time.perf_counter() - began
    about = {"file": str(path), "model": document["model"], "variant": document["variant"]}
    return {**about, "seconds": round(seconds, 3), **score(truth, top, static(flat))}


def score(truth: Truth, top: Iterable[Stretch], loose: Bools) -> Record:
    """What the stretches find of a truth; ``loose`` are its static ops, by position."""
    stretches = [one for stretch in top for one in stretch.walk()]
    counts = np.ones(truth.ops, dtype=np.bool_)
    counts[list(truth.unsure)] = False
    asked = np.array([one.member for one in truth.modules], dtype=np.bool_)
    families = Counter(one.family for one in stretches)
    everything, moving = Overlaps(truth.modules, counts), Overlaps(truth.modules, counts & ~loose)
    best = np.zeros(len(truth.modules))
    best_moving = np.zeros(len(truth.modules))
    nearest = np.full(len(truth.modules), -1)
    right, stated = 0, 0.0
    extras = []
    for number, one in enumerate(stretches):
        overlap = everything.of(one)
        nearest[overlap > best] = number
        best = np.maximum(best, overlap)
        best_moving = np.maximum(best_moving, moving.of(one))
        if families[one.family] > 1:
            right += bool(overlap.max(initial=0.0) >= FOUND)
            stated += one.confidence
        if families[one.family] > 1 and overlap.max(initial=0.0) < OVERLAP:
            at = int(overlap.argmax())
            extras.append(
                {
                    **_where(one.ops.tolist()),
                    "family": one.family,
                    "name": one.name,
                    "nearest": truth.modules[at].fqn,
                    "overlap": round(float(overlap[at]), 3),
                }
            )
    missed = [
        {
            "fqn": truth.modules[at].fqn,
            "class": truth.modules[at].class_name,
            **_where(truth.modules[at].ops),
            "overlap": round(float(best[at]), 3),
            "moving": round(float(best_moving[at]), 3),
            "nearest": _where(stretches[nearest[at]].ops.tolist()) if nearest[at] >= 0 else None,
        }
        for at in np.flatnonzero(asked & (best < FOUND)).tolist()
    ]
    return {
        "ops": truth.ops,
        "asked": int(asked.sum()),
        "found": int((asked & (best >= FOUND)).sum()),
        "found_moving": int((asked & (best_moving >= FOUND)).sum()),
        "blocks": sum(families[one.family] > 1 for one in stretches),
        "extra": len(extras),
        "right": right,
        "stated": round(stated, 4),
        "missed": missed,
        "extras": extras,
    }


def _where(ops: Sequence[int]) -> Record:
    return {"first": int(min(ops)), "last": int(max(ops)), "ops": len(ops)}


def static(flat: FlatGraph) -> Bools:
    """Which ops no input of the model reaches, except as a shape."""
    given = {value for body in flat.bodies for value in body.inputs} - set(flat.weights)
    columns, links = flat.columns, flat.links_up
    moving = np.zeros(len(columns.ids), dtype=np.bool_)
    for at, (kind, inputs) in enumerate(zip(columns.op_types, columns.inputs, strict=True)):
        if kind not in ("Shape", "Size"):
            above = links.others[links.starts[at] : links.starts[at + 1]]
            moving[at] = moving[above].any() or not given.isdisjoint(inputs)
    return ~moving


def summarize(results: Sequence[Record]) -> list[Record]:
    """Pooled shares and means over models, by variant; a model counts once in each."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for one in results:
        groups[one["variant"]].append(one)
        groups["after an optimiser" if "+" in one["variant"] else "as exported"].append(one)
        groups["all"].append(one)
    return [
        {
            "variant": variant,
            "files": len(group),
            "models": len({one["model"] for one in group}),
            "asked": sum(one["asked"] for one in group),
            "found": _share(group, "found", "asked"),
            "mean_found": _mean_over_models(group, "found", "asked"),
            "found_moving": _share(group, "found_moving", "asked"),
            "blocks": sum(one["blocks"] for one in group),
            "extra": _share(group, "extra", "blocks"),
            "mean_extra": _mean_over_models(group, "extra", "blocks"),
            "right": _share(group, "right", "blocks"),
            "stated": _share(group, "stated", "blocks"),
            "seconds": round(sum(one["seconds"] for one in group), 2),
            "slowest": max(one["seconds"] for one in group),
        }
        for variant, group in sorted(groups.items(), key=lambda item: _rank(item[0]))
    ]


def _rank(variant: str) -> tuple[int, str]:
    last = ("as exported", "after an optimiser", "all")
    return (last.index(variant) + 1 if variant in last else 0, variant)


def _share(group: Iterable[Record], part: str, whole: str) -> float | None:
    group = list(group)
    total = sum(one[whole] for one in group)
    return round(sum(one[part] for one in group) / total, 4) if total else None


def _mean_over_models(group: Iterable[Record], part: str, whole: str) -> float | None:
    models: dict[str, list[Record]] = defaultdict(list)
    for one in group:
        models[one["model"]].append(one)
    shares = [share for own in models.values() if (share := _share(own, part, whole)) is not None]
    return round(mean(shares), 4) if shares else None


_HEAD = (
    "                    asked  found   mean  moving  blocks  extra   mean  right stated  seconds"
)


def table(results: Sequence[Record]) -> str:
    """Every model, over all its files, then every variant."""
    models: dict[str, list[Record]] = defaultdict(list)
    for one in results:
        models[one["model"]].append(one)
    lines = [f"{'model':20}{_HEAD[20:]}"]
    for model, group in models.items():
        lines.append(_line(model, summarize(group)[-1]))
    lines += ["", f"{'variant':20}{_HEAD[20:]}"]
    lines += [_line(one["variant"], one) for one in summarize(results)] if results else []
    return "\n".join(lines) + "\n"


def _line(title: str, one: Record) -> str:
    def share(figure: str) -> str:
        return "   –  " if one[figure] is None else f"{one[figure]:6.3f}"

    return (
        f"{title:20}{one['asked']:5} {share('found')} {share('mean_found')}  "
        f"{share('found_moving')}  {one['blocks']:6} {share('extra')} {share('mean_extra')}"
        f" {share('right')} {share('stated')}  {one['seconds']:7.2f}"
    )


def told(result: Record) -> Iterator[str]:
    """What is missed in a file, and what is too much."""

    def ops(where: Record | None) -> str:
        return "nothing" if where is None else "{ops} ops, {first} to {last}".format_map(where)

    if result["missed"] or result["extras"]:
        yield f"{result['file']}: found {result['found']} of {result['asked']}"
    for one in result["missed"]:
        yield (
            f"  missed {one['fqn']} ({one['class']}), {ops(one)}; nearest {one['overlap']} "
            f"(moving {one['moving']}): {ops(one['nearest'])}"
        )
    for one in result["extras"]:
        yield (
            f"  extra  {ops(one)}, family {one['family']} {one['name']}: "
            f"nearest {one['nearest'] or 'root'} {one['overlap']}"
        )


if __name__ == "__main__":
    main()
