"""The process that opens hostile files, one after the other, and tells how each one ended.

It reads lines of JSON, ``{"path", "way", "steps"}``, and answers each with two lines: one when the
file is open or refused, and one when all steps are done. Who started it watches the clock.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from hexviz.errors import HexvizError
from tests.hostile import pipeline

_LONGEST = 500
"""Characters of a message that a person reads."""


def tell(**what: Any) -> None:
    _ANSWERS.write(json.dumps(what) + "\n")
    _ANSWERS.flush()


def fault(error: BaseException) -> str:
    """What is wrong with how something failed; ``""`` if a person is told in one clear line."""
    if not isinstance(error, HexvizError):
        frames = []
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append(f"{Path(code.co_filename).name}:{trace.tb_lineno}")
            trace = trace.tb_next
        return f"{type(error).__name__}: {str(error)[:200]} ({' '.join(frames[-4:])})"
    message = str(error)
    if not message or len(message) > _LONGEST or not message.isprintable():
        return f"the message is no clear line: {message[:300]!r}"
    return ""


def forget_peak() -> int:
    """Start the peak of memory anew; returns what is used now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def memory(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


def handle(asked: dict[str, Any]) -> None:
    before = forget_peak()
    start = time.process_time()
    graph, told, wrong = None, "", ""
    try:
        graph = getattr(pipeline, asked["way"])(Path(asked["path"]))
    except Exception as error:  # noqa: BLE001 - to find what nothing else catches
        told, wrong = str(error)[:_LONGEST], fault(error)
    tell(
        opened=graph is not None,
        message=told,
        fault=wrong,
        seconds=time.process_time() - start,
        memory=memory("VmHWM") - before,
        ops=0 if graph is None else len(graph.ops),
    )
    faults: dict[str, str] = {}
    seconds: dict[str, float] = {}
    for name, step in pipeline.STEPS.items():
        if graph is None or name not in asked["steps"]:
            continue
        start = time.process_time()
        try:
            step(graph)
        except Exception as error:  # noqa: BLE001 - as above
            wrong = fault(error)
            if wrong:
                faults[name] = wrong
        seconds[name] = time.process_time() - start
    tell(faults=faults, steps=seconds, memory=memory("VmHWM") - before)


def main() -> None:
    faulthandler.enable()
    for name in sys.argv[1:]:  # what else to load: tests plant faults so
        importlib.import_module(name).plant()
    tell(ready=True)
    for line in sys.stdin:
        handle(json.loads(line))


if __name__ == "__main__":
    # What libraries print must not get between the answers.
    _ANSWERS = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    main()
