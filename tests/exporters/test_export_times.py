"""What is kept of an export: by the digest of its file, checked when it is read, bounded."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from hexviz.cache import Cache
from hexviz.errors import WriteError
from hexviz.exporters.export_times import keep_measured, kept_measured, save_and_keep
from hexviz.model.graph import TaggedGraph
from hexviz.stages import Measured, Stage
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped, tagged

KEY = "a" * 64
STAGES = (
    Stage("build model", 0.0, 1.0, 0.9, 0, 12),
    Stage("export", 1.0, 4.0, 4.5, 0, -3, peak=2_000_000, kept=-5),
    Stage("tracing", 1.5, 2.0, 2.0, 1, 7),
)
MEASURED = Measured(STAGES, {"": 0.25, "encoder.layer.0": 1})


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def graph() -> TaggedGraph:
    return tagged(scoped(parse(NET), SCOPES))


def test_what_is_kept_comes_back_as_it_was() -> None:
    keep_measured(KEY, MEASURED)
    assert kept_measured(KEY) == MEASURED
    assert kept_measured("b" * 64) is None


def test_only_the_owner_can_read_what_is_kept(cache: Path) -> None:
    keep_measured(KEY, MEASURED)
    assert (cache / "hexviz").stat().st_mode & 0o077 == 0


def record() -> dict[str, Any]:
    """What is kept of :data:`MEASURED`."""
    stages = [asdict(stage) for stage in STAGES]
    return {"stages": stages, "modules": dict(MEASURED.modules)}


def keep(content: bytes) -> None:
    Cache().records("results", "export times").put(KEY, content)


def test_the_record_is_plain_json() -> None:
    keep(json.dumps(record()).encode())
    assert kept_measured(KEY) == MEASURED


@pytest.mark.parametrize("digest", ["", "../" + "a" * 61, "A" * 64, "a" * 65, "a" * 64 + "\n"])
def test_what_is_no_digest_never_becomes_a_path(digest: str) -> None:
    with pytest.raises(ValueError, match="is no digest"):
        keep_measured(digest, MEASURED)
    with pytest.raises(ValueError, match="is no digest"):
        kept_measured(digest)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"stages": [], "modules": {',
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b'{"stages": []}',
        b'{"stages": {}, "modules": {}}',
        b'{"stages": [1], "modules": {}}',
        b'{"stages": [], "modules": []}',
        b'{"stages": [], "modules": {}, "more": 1}',
        b'{"stages": [], "modules": {"a": NaN}}',
        b'{"stages": [], "modules": {"a": Infinity}}',
        b'{"stages": [], "modules": {"a": -1}}',
        b'{"stages": [], "modules": {"a": true}}',
        b'{"stages": [], "modules": {"a": "1"}}',
        b'{"stages": [], "modules": {"a": 1' + b"0" * 400 + b"}}",
        b'{"stages": [], "modules": {"a": 1' + b"0" * 5000 + b"}}",
    ],
)
def test_a_damaged_file_is_nothing_kept(content: bytes) -> None:
    keep(content)
    assert kept_measured(KEY) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 1),
        ("start", -0.5),
        ("seconds", None),
        ("seconds", float("inf")),
        ("cpu_seconds", "1"),
        ("depth", -1),
        ("depth", 0.5),
        ("depth", True),
        ("blocks", 1.5),
        ("blocks", None),
        ("peak", 2**70),
        ("kept", "much"),
        ("more", 1),
    ],
)
def test_a_stage_that_makes_no_sense_is_nothing_kept(field: str, value: object) -> None:
    changed = record()
    changed["stages"][0][field] = value
    keep(json.dumps(changed).encode())
    assert kept_measured(KEY) is None


def test_a_stage_with_a_field_too_few_is_nothing_kept() -> None:
    changed = record()
    del changed["stages"][0]["peak"]
    keep(json.dumps(changed).encode())
    assert kept_measured(KEY) is None


def test_saving_keeps_what_led_to_the_file_and_not_what_is_measured_again(
    graph: TaggedGraph, tmp_path: Path
) -> None:
    graph.measured = Measured(STAGES, MEASURED.modules).followed_by(
        (Stage("inheritance", 0.0, 1.0, 1.0, 0, 0), Stage("order", 0.1, 0.5, 0.5, 1, 0))
    )
    path = tmp_path / "out.onnx"
    measured = save_and_keep(graph, path)
    assert list(measured.timings) == ["build model", "export", "inheritance", "serialise"]
    kept = kept_measured(hashlib.sha256(path.read_bytes()).hexdigest())
    assert kept is not None
    assert [(one.name, one.depth) for one in kept.stages] == [
        ("build model", 0),
        ("export", 0),
        ("tracing", 1),
        ("serialise", 0),
    ]
    assert kept.modules == MEASURED.modules


def test_a_cache_that_cannot_be_written_is_told_and_spares_the_file(
    graph: TaggedGraph,
    tmp_path: Path,
    cache: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    cache.write_text("no folder")
    save_and_keep(graph, tmp_path / "out.onnx")
    assert (tmp_path / "out.onnx").stat().st_size > 0
    assert "What was measured is not kept: Cannot use the cache folder" in caplog.text
    with pytest.raises(WriteError, match="Cannot use the cache folder"):
        keep_measured(KEY, MEASURED)
