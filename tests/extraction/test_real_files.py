"""Cuts out of files that nobody here wrote: those that ship inside of the onnx package.

They tell of no modules, so ops are selected at random, a third of each.
"""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import onnx

import hexviz
from hexviz.errors import ExtractionError
from hexviz.extraction.check import Checks, check
from hexviz.extraction.part import Part
from hexviz.extraction.subgraph import POLICIES

FILES = sorted(Path(onnx.__file__).parent.rglob("*.onnx"))
_MOST = 400  # ops of a file: four are larger


def outcomes(path: Path) -> Iterator[str]:
    """What became of the cut under each policy."""
    graph = hexviz.load(path)
    if len(graph.ops) > _MOST:
        yield from ["large"] * len(POLICIES)
        return
    ids = [op.id for op in graph.ops]
    draw = random.Random(path.parent.name)  # noqa: S311 - the same each time
    chosen = draw.sample(ids, max(1, len(ids) // 3))
    whole = check(graph.proto, graph.base_dir)
    for policy in POLICIES:
        yield outcome(path, whole, graph.extract(ops=chosen, policy=policy))


def outcome(path: Path, whole: Checks, part: Part) -> str:
    """``proved``, why it could not be, or what is wrong with it."""
    if whole.checker is None and part.checks.checker is not None:
        return f"{path}: {part.checks.checker}"
    if whole.runtime is not None:
        return "whole not loaded"  # by this runtime: operators of old opsets
    if part.checks.runtime is not None:
        return f"{path}: {part.checks.runtime}"
    try:
        verified = part.verify()
    except ExtractionError:
        return "whole not run"  # on inputs that are made up
    return "proved" if verified.ok else f"{path}: {verified.message}"


def test_any_ops_can_be_cut_out() -> None:
    found = Counter(one for path in FILES for one in outcomes(path))
    assert found.keys() <= {"proved", "large", "whole not loaded", "whole not run"}
    assert found["proved"] > 300
    assert found["whole not run"] < 10
