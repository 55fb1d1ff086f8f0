"""Twenty people at one server for ten minutes: does it stay quick, right and small?

    python -m benchmarks.soak [--minutes 10] [--clients 20] [--json FILE] [--source FILE]…

Starts the real command (``hexviz view``, served by waitress) with a cache of its
own, has people work with several models at once (see ``soak_person``), and watches the
server's process. Prints a table of seconds by kind of request, and the server's
memory, open files, threads and children over time. Ends with exit code 1 if a
request failed or a figure misses its target. The target is for all that the page waits
for once a model is there; the first opening of a model and uploads are rows of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx.backend.test
import psutil

from benchmarks.soak_person import Person, Timed
from hexviz.bench.synthetic import synthetic

_TARGET = 0.5  # seconds that 95 of 100 events and callbacks may take
_CALLBACKS = ("event", "callback")  # all that the page waits for once a model is there
_WAITED_FOR = (*_CALLBACKS, "open", "upload")
_WATCHED = 2.0  # seconds between two looks at the server
_LIGHT = Path(onnx.backend.test.__file__).parent / "data" / "light"


def main() -> int:
    """Run the test that the arguments ask for; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--source", type=Path, action="append", default=[], help="more models")
    asked = parser.parse_args()
    files = models(asked.source)
    with tempfile.TemporaryDirectory(prefix="hexviz-soak-") as folder:
        found = soak(Path(folder), files, asked.clients, asked.minutes * 60)
    found["models"] = {name: len(content) for name, content in files}
    print(table(found))
    if asked.json is not None:
        asked.json.write_text(json.dumps(found, indent=1))
    return 0 if found["errors"] == [] and found["callbacks"]["p95"] < _TARGET else 1


def models(more: Sequence[Path]) -> list[tuple[str, bytes]]:
    """What people look at: synthetic models by size, some of onnx's own, and what was named."""
    found = [(f"synthetic-{ops}.onnx", synthetic(ops, "metadata")) for ops in (250, 1000, 20_000)]
    found.append(("names-5000.onnx", synthetic(5000, "names, 60 % blanked")))
    light = ("light_resnet50.onnx", "light_densenet121.onnx", "light_shufflenet.onnx")
    paths = [*(_LIGHT / name for name in light), *more]
    return found + [(path.name, path.read_bytes()) for path in paths]


def soak(
    folder: Path, files: list[tuple[str, bytes]], clients: int, seconds: float
) -> dict[str, Any]:
    """Run a server and people on it, and return what was measured."""
    server, url = start(folder)
    try:
        keys = _upload_all(url, files)
        small = [one for one in files if len(one[1]) < 1 << 20]
        opened: set[str] = set()
        people = [Person(number, url, keys, small, opened) for number in range(clients)]
        watched: list[dict[str, float]] = []
        over = threading.Event()
        threads = [threading.Thread(target=_watch, args=[server.pid, watched, over])]
        threads += [threading.Thread(target=one.work, args=[over.is_set]) for one in people]
        began = time.time()
        for thread in threads:
            thread.start()
        over.wait(seconds)
        over.set()
        for thread in threads:
            thread.join()
        for one in people:
            one.close()
        ended = time.time()
        alive = server.poll() is None
    finally:
        told = stop(server)
    timed = [one for person in people for one in person.timed]
    errors = [f"{one.kind}: {one.error}" for one in timed if one.error]
    errors += [] if alive else ["the server ended"]
    errors += [line for line in told.splitlines() if "Error" in line or "Traceback" in line]
    return {
        "clients": clients,
        "minutes": round((ended - began) / 60, 2),
        "cores": len(os.sched_getaffinity(0)),
        "requests": len(timed),
        "per_second": round(len(timed) / (ended - began), 1),
        "errors": errors,
        "callbacks": _spread([one for one in timed if one.kind.startswith(_CALLBACKS)]),
        "with_openings": _spread([one for one in timed if one.kind.startswith(_WAITED_FOR)]),
        "kinds": _by_kind(timed),
        "watched": watched,
        "stderr": told[-5000:],
    }


def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """The command, as people start it, and the address that it serves."""
    server = subprocess.Popen(
        [sys.executable, "-m", "hexviz", "view", "--no-browser", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=(folder / "stderr").open("w"),
        text=True,
        env=os.environ | {"XDG_CACHE_HOME": str(folder)},
        start_new_session=True,
    )
    assert server.stdout is not None
    line = server.stdout.readline()
    found = re.search(r"http://\S+", line)
    assert found, f"hexviz did not start: {line} {(folder / 'stderr').read_text()}"
    server.told = folder / "stderr"  # type: ignore[attr-defined]
    return server, found.group()


def stop(server: subprocess.Popen[str]) -> str:
    """End it; returns what it wrote to stderr."""
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(timeout=15)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    told: Path = server.told  # type: ignore[attr-defined]
    return told.read_text()


def _upload_all(url: str, files: list[tuple[str, bytes]]) -> list[str]:
    first = Person(-1, url, [], [])
    first.load_page()
    keys = [first.send_file(name, content) for name, content in files]
    first.close()
    failed = [one for one in first.timed if one.error]
    assert not failed, failed
    return keys


def _watch(process: int, watched: list[dict[str, float]], over: threading.Event) -> None:
    server = psutil.Process(process)
    began = time.time()
    while not over.wait(_WATCHED):
        with server.oneshot():
            children = server.children(recursive=True)
            watched.append(
                {
                    "at": round(time.time() - began, 1),
                    "rss_mb": round(server.memory_info().rss / 1e6, 1),
                    "files": server.num_fds(),
                    "threads": server.num_threads(),
                    "children": len(children),
                    "children_rss_mb": round(sum(map(_rss, children)) / 1e6, 1),
                    "cpu_seconds": round(sum(server.cpu_times()[:2]), 1),
                }
            )


def _rss(process: psutil.Process) -> int:
    try:
        taken: int = process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0
    return taken


def _by_kind(timed: Sequence[Timed]) -> dict[str, dict[str, float]]:
    kinds: dict[str, list[Timed]] = defaultdict(list)
    for one in timed:
        kinds[one.kind].append(one)
    return {kind: _spread(kinds[kind]) for kind in sorted(kinds)}


def _spread(timed: Sequence[Timed]) -> dict[str, float]:
    seconds = sorted(one.seconds for one in timed)
    at = (len(seconds) - 1) / 100
    return {
        "count": len(seconds),
        "median": round(statistics.median(seconds), 4),
        "p95": round(seconds[round(95 * at)], 4),
        "p99": round(seconds[round(99 * at)], 4),
        "worst": round(seconds[-1], 4),
    }


def table(found: dict[str, Any]) -> str:
    """What was measured, for people."""
    head = (
        f"{found['clients']} clients, {found['minutes']} minutes, {found['cores']} cores: "
        f"{found['requests']} requests, {found['per_second']} a second, "
        f"{len(found['errors'])} errors"
    )
    lines = [
        head,
        f"{'milliseconds':26}{'count':>8}{'median':>9}{'p95':>9}{'p99':>9}{'worst':>9}",
    ]
    rows = {
        "all events and callbacks": found["callbacks"],
        "  and openings, uploads": found["with_openings"],
        **found["kinds"],
    }
    for kind, one in rows.items():
        told = "".join(f"{one[name] * 1e3:9.0f}" for name in ("median", "p95", "p99", "worst"))
        lines.append(f"{kind:26}{one['count']:8}{told}")
    lines.append(
        f"{'seconds':>8}{'RSS MB':>9}{'files':>7}{'threads':>9}{'children':>9}{'CPU s':>8}"
    )
    watched = found["watched"]
    lines += [
        f"{one['at']:8.0f}{one['rss_mb']:9.0f}{one['files']:7}{one['threads']:9}"
        f"{one['children']:9}{one['cpu_seconds']:8.0f}"
        for one in watched[:: max(1, len(watched) // 12)]
    ]
    lines += [f"error: {one}" for one in found["errors"][:20]]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
