"""Jobs to give to a supervisor: for a small model, and for models that never end or take all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from hexviz.app.jobs.supervise import Limits, supervise
from hexviz.model.reader import digest
from tests.build import parse, scoped
from tests.waiting import CEILING

QUICK = "g (float[1,4] x) => (float[1,4] y) { a = Neg (x) y = Abs (a) }"

ENDLESS = """g (float[4] x) => (float[4] y)
    <int64 n = {9223372036854775807}, bool go = {1}> {
    a = Neg (x)
    y = Loop (n, go, a) <body = b (int64 i, bool k, float[4] s) => (bool kk, float[4] ss) {
        kk = Identity (k)
        ss = Abs (s)
    }>
}"""

GREEDY = """g (float[1] x) => (float[1] y) <int64[1] n = {4000000000}> {
    a = Neg (x)
    big = ConstantOfShape (n)
    more = Exp (big)
    all = ReduceSum <keepdims = 0> (more)
    y = Add (a, all)
}"""


def order(folder: Path, text: str, part: str = "keep=net") -> dict[str, Any]:
    """What a job for a part of a model is told; all ops of the model are of the module ``net``."""
    proto = parse(text)
    names = [node.output[0] for node in proto.graph.node]
    content = scoped(proto, dict.fromkeys(names, "net")).SerializeToString()
    path = folder / f"{digest(content)[:8]}.onnx"
    path.write_bytes(content)
    source = {"path": str(path), "digest": digest(content), "name": "net.onnx", "overrides": {}}
    return {"source": source, "part": part}


def do(
    folder: Path,
    task: str,
    told: dict[str, Any],
    *,
    seconds: float = CEILING,
    memory: int = 1 << 34,
    report: Callable[[tuple[str, float]], None] = lambda _: None,
    wanted: Callable[[], bool] = lambda: True,
) -> dict[str, Any]:
    """The job, supervised, with its scratch in a folder."""
    return supervise(
        task, told, limits=Limits(seconds, memory), folder=folder, report=report, wanted=wanted
    )


def children(of: int | None = None) -> list[psutil.Process]:
    """The processes that do jobs for a process, this one if none is named."""
    found = []
    for one in psutil.Process(of).children(recursive=True):
        try:
            if "hexviz.app.jobs.child" in one.cmdline():
                found.append(one)
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found
