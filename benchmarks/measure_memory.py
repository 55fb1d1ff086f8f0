"""What an open model takes: ``python -m benchmarks.measure_memory FILE|OPS``.

Opens a file, or a synthetic model of so many ops, and asks for one thing after
the other; prints by how many bytes per op the process grew with each. What the
allocator keeps for later is given back before each look. The figures in
``hexviz/app/models/open_model.py`` come from 1000 and 20000.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import tempfile
from pathlib import Path

import psutil

from hexviz.app.models.store import ModelStore
from hexviz.app.protocol import ExtractChoice
from hexviz.bench.synthetic import synthetic
from hexviz.cache import Cache
from hexviz.extraction.selection import ModuleSelection
from hexviz.tagging.policies import POLICIES

_PARTS = 6


def main(asked: str) -> None:
    """Measure one model."""
    content = synthetic(int(asked), "metadata") if asked.isdecimal() else Path(asked).read_bytes()
    size = len(content)
    with tempfile.TemporaryDirectory() as told:
        store = ModelStore(Cache(Path(told)))
        _all_of(store, store.add_upload(synthetic(50, "metadata"), "warm.onnx"), None)
        path = Path(told) / "m.onnx"
        path.write_bytes(content)
        del content
        before = _resident()
        key = store.add_file(path)
        graph = store.get(key).graph
        ops = len(graph.ops)
        assert graph.edges is not None
        grown = _resident() - before
        print(f"{ops} ops, a file of {size / 1e6:.1f} MB")
        print(f"{'opened, above the file':26}{(grown - size) / ops:8.0f} bytes per op")
        _all_of(store, key, ops)


def _all_of(store: ModelStore, key: str, ops: int | None) -> None:
    model = store.get(key)
    last = _resident()

    def grew(what: str) -> None:
        nonlocal last
        now = _resident()
        if ops:
            print(f"{what:26}{(now - last) / ops:8.0f} bytes per op")
        last = now

    model.index("module")
    grew("index")
    model.render(model.first_view(), "light")
    grew("first view")
    model.index("context")
    grew("another index")
    assert model.searching
    grew("search")
    assert model.findings is not None
    grew("audit")
    assert model.graph.inferred is not None
    grew("inferred types")
    for policy in list(POLICIES)[:2]:
        model.what_if(policy)
    grew("two what-ifs")
    for module in [one.fqn for one in model.graph.modules if one.fqn][:_PARTS]:
        kept = model.extracted(ExtractChoice(ModuleSelection(frozenset({module}))))
        assert kept is None or (kept.boundary and kept.preview)
    grew(f"{_PARTS} parts")
    edited = store.edit(model, {model.graph.ops[3].id: ""})
    edited.render(edited.first_view(), "light")
    assert edited.searching
    grew("an edit, drawn")


def _resident() -> int:
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    taken: int = psutil.Process().memory_info().rss
    return taken


if __name__ == "__main__":
    main(sys.argv[1])
