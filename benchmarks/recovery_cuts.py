"""``python -m benchmarks.recovery_cuts FILE|FOLDER...``: is every recovered block cut out right?

Each file is opened as anybody would open it, every block that was recovered is cut out under every
policy, and the cut runs on the values that the whole model has at its border; its outcome is one of
:data:`benchmarks.extraction.OUTCOMES`. ``--json FILE`` keeps every cut.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.extraction import OUTCOMES, measure
from benchmarks.recovery import files
from hexviz.errors import HexvizError
from hexviz.extraction.subgraph import POLICIES
from hexviz.tagging.tag import load

__all__ = ["cuts_of", "table"]

Record = dict[str, Any]


def main() -> None:
    """Cut, and print how it went."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", type=Path, nargs="+")
    parser.add_argument("--json", type=Path, help="a file to keep every cut in")
    arguments = parser.parse_args()
    results = []
    for path in files(arguments.paths):
        try:
            results += [{"file": str(path), **cut} for cut in cuts_of(path)]
        except HexvizError as error:
            sys.stderr.write(f"{path}: {error}\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))
    sys.stdout.write(table(results))


def cuts_of(path: Path) -> list[Record]:
    """A record per recovered block of a file and policy.

    Raises:
        ExtractionError: if the whole model cannot be run.
    """
    graph = load(path)
    recovered = {module.fqn for module in graph.modules if module.is_recovered}
    found = measure(graph, rivals=False)["cuts"] if recovered else []
    return [cut for cut in found if cut["module"] in recovered]


def table(results: Iterable[Record]) -> str:
    """The outcomes by policy; then each cut that did not come out equal."""
    results = list(results)
    counts = Counter((cut["policy"], cut["outcomes"]["hexviz"]) for cut in results)
    lines = [
        f"{policy:16}"
        + ", ".join(
            f"{counts[policy, outcome]} {outcome}"
            for outcome in OUTCOMES
            if counts[policy, outcome]
        )
        for policy in POLICIES
    ]
    lines += [
        f"{cut['file']} {cut['module']} {cut['policy']}: {cut['outcome']}"
        for cut in results
        if cut["outcomes"]["hexviz"] != OUTCOMES[0]
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
