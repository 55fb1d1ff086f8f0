"""Open thousands of hostile files, and tell how each kind of them ended.

    python -m tests.hostile.run --cases 10000 --seed 1

Ends with 1 if one of them did anything but open or be refused in one clear
line, within 10 seconds and 1 GB; such files are kept in ``build/hostile``.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.hostile.crafted import CHEAP, COSTLY
from tests.hostile.mutate import KINDS, mutated
from tests.hostile.pipeline import STEPS
from tests.hostile.seeds import exports, shipped
from tests.hostile.watch import Result, Watched

__all__ = ["Case", "crafted_cases", "mutated_cases", "run", "tabled"]


_LONG = ("audit", "draw", "report")  # steps that take as long as all others together
_TURNS = 5  # spoilt files of which one takes those; prime to the number of kinds, so all do


@dataclass(frozen=True, slots=True)
class Case:
    """A hostile file to be: ``write`` puts it into a folder and returns the path to open.

    ``alone`` asks for a new process, so that its memory is told exactly.
    """

    kind: str
    name: str
    write: Callable[[Path], Path]
    alone: bool = False
    steps: tuple[str, ...] | None = None


def mutated_cases(count: int, seed: int, files: tuple[bytes, ...]) -> Iterator[Case]:
    """So many spoilt files, every kind in turn; the same ones for the same seed."""
    for at in range(count):
        draw = Random(f"{seed}:{at}")  # noqa: S311 - not for secrets
        kind = KINDS[at % len(KINDS)]
        content = mutated(kind, draw.choice(files), draw.choice(files), draw)
        steps = tuple(one for one in STEPS if at % _TURNS == 0 or one not in _LONG)
        yield Case(kind, f"{seed}-{at}", _writer(content), steps=steps)


def _writer(content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "model.onnx"
        path.write_bytes(content)
        return path

    return write


def crafted_cases() -> Iterator[Case]:
    """The files that were thought out."""
    for name, make in CHEAP.items():
        yield Case("crafted", name, make, alone=True)
    for name, make in COSTLY.items():
        yield Case("crafted, whole uploads", name, make, alone=True, steps=())


def run(
    cases: Iterator[Case], watched: Watched, kept: Path | None
) -> Iterator[tuple[Case, Result]]:
    """Open all cases as both the commands and the page do, in turn; defects go to ``kept``."""
    for at, case in enumerate(cases):
        if case.alone:
            watched.stop()
        with tempfile.TemporaryDirectory() as folder:
            path = case.write(Path(folder))
            is_plain = path.is_file() and not path.is_symlink()
            way = "opened_as_upload" if at % 3 == 2 and is_plain and not case.alone else "opened"
            result = watched.open(path, way=way, steps=case.steps)
            if result.outcome == "defect" and kept is not None and is_plain:
                kept.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, kept / f"{case.kind} {case.name}.onnx")
        yield case, result


def tabled(found: list[tuple[Case, Result]]) -> Iterator[str]:
    """A table in Markdown: per kind how many ended how, the slowest, the largest."""
    yield "| kind | files | opened | refused | defects | slowest to open | most memory to open |"
    yield "|---|---|---|---|---|---|---|"
    kinds = dict.fromkeys(case.kind for case, _ in found)
    for kind in (*kinds, "all"):
        mine = [result for case, result in found if kind in (case.kind, "all")]
        outcomes = [result.outcome for result in mine]
        yield (
            f"| {kind} | {len(mine):,} | {outcomes.count('opened'):,} "
            f"| {outcomes.count('refused'):,} | {outcomes.count('defect'):,} "
            f"| {max(one.seconds for one in mine):.2f} s "
            f"| {max(one.memory for one in mine) / 2**20:,.0f} MB |"
        )


def main() -> int:
    """Run, print the table, and end with 1 if there was a defect."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.run")
    parser.add_argument("--cases", type=int, default=10_000, help="spoilt files")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--no-crafted", action="store_true", help="spoilt files only")
    parser.add_argument("--kept", type=Path, default=Path("build/hostile"), help="for defects")
    asked = parser.parse_args()
    files = (*shipped(), *exports())
    cases = mutated_cases(asked.cases, asked.seed, files)
    watched, found, start = Watched(), [], time.monotonic()
    for listed in (cases, iter(()) if asked.no_crafted else crafted_cases()):
        for case, result in run(listed, watched, asked.kept):
            found.append((case, result))
            for step, wrong in result.faults.items():
                print(f"{case.kind} {case.name}: {step}: {wrong}", file=sys.stderr, flush=True)
            if len(found) % 500 == 0:
                print(f"{len(found):,} in {time.monotonic() - start:.0f} s", file=sys.stderr)
    watched.stop()
    print("\n".join(tabled(found)))
    steps: dict[str, tuple[float, str]] = {}
    for case, result in found:
        for step, seconds in result.steps.items():
            steps[step] = max(steps.get(step, (0.0, "")), (seconds, f"{case.kind}: {case.name}"))
    print("\nSlowest of what follows opening:")
    for step, (seconds, name) in steps.items():
        print(f"{step} {seconds:.1f} s ({name})")
    return int(any(result.outcome == "defect" for _, result in found))


if __name__ == "__main__":
    sys.exit(main())
