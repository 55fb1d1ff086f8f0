"""Large uploads are read by a job, and what takes all memory takes a job's."""

from __future__ import annotations

from pathlib import Path

import onnx
import psutil
import pytest

from hexviz.app.jobs.supervise import read_first
from hexviz.app.models.store import ModelStore
from hexviz.errors import ReadError
from tests.app.jobs.orders import QUICK
from tests.build import parse


def nodes(count: int) -> bytes:
    """A model of that many empty nodes, two bytes each."""
    graph = b"\x0a\x00" * count
    length, size = b"", len(graph)
    while size >= 128:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return b"\x08\x0a\x3a" + length + bytes([size]) + graph


def test_a_file_that_takes_all_memory_is_refused_and_takes_none_here(
    tmp_path: Path, store: ModelStore
) -> None:
    bomb = nodes(32_000_000)
    before = psutil.Process().memory_info().rss
    with pytest.raises(
        ReadError, match=r"^bomb\.onnx was not read\. It took more than 1\.1 GB of memory"
    ):
        store.add_upload(bomb, "bomb.onnx")
    assert psutil.Process().memory_info().rss - before < 100e6
    assert not (tmp_path / "uploads").exists()


def test_a_large_model_opens_as_before(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    proto = parse(QUICK)
    weight = onnx.helper.make_tensor("w", 1, [2 << 20], bytes(8 << 20), raw=True)
    proto.graph.initializer.append(weight)
    read = []
    monkeypatch.setattr(
        "hexviz.app.models.store.read_first",
        lambda *args: (read.append(args[1]), read_first(*args)),
    )
    model = store.get(store.add_upload(proto.SerializeToString(), "large.onnx"))
    assert read == ["large.onnx"]
    assert len(model.graph.ops) == 2
    store.get(store.add_upload(parse(QUICK).SerializeToString(), "small.onnx"))
    assert read == ["large.onnx"]


def test_what_is_no_model_is_called_by_its_name(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hexviz.app.models.store.WORTH", 0)
    with pytest.raises(ReadError, match=r"odd\.onnx is not an ONNX model"):
        store.add_upload(b"\x08\x0a", "odd.onnx")
