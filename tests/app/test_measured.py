"""What is kept of an export: by the digest of its file, checked when it is read, bounded."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from hexviz.app.folders import measured_folder
from hexviz.app.models import export_times as keeping
from hexviz.app.models.export_times import (
    keep_measured,
    kept_measured,
    measured_of,
    measured_record,
    save_and_keep,
)
from hexviz.errors import WriteError
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


def test_the_record_is_plain_json() -> None:
    record = json.loads(json.dumps(measured_record(MEASURED)))
    assert record["stages"][1]["name"] == "export"
    assert measured_of(record) == MEASURED


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
    (measured_folder() / f"{KEY}.json").write_bytes(content)
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
    record = measured_record(MEASURED)
    assert measured_of(record) is not None
    record["stages"][0][field] = value
    assert measured_of(record) is None


def test_a_stage_with_a_field_too_few_is_nothing_kept() -> None:
    record: dict[str, Any] = measured_record(MEASURED)
    del record["stages"][0]["peak"]
    assert measured_of(record) is None


def test_a_huge_file_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_measured(KEY, MEASURED)
    monkeypatch.setattr(keeping, "_LARGEST", 100)
    assert kept_measured(KEY) is None


def test_a_folder_in_its_place_is_nothing_kept() -> None:
    (measured_folder() / f"{KEY}.json").mkdir()
    assert kept_measured(KEY) is None


def test_only_the_newest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_KEPT", 3)
    keys = [f"{at:064x}" for at in range(5)]
    for at, key in enumerate(keys):
        keep_measured(key, MEASURED)
        os.utime(measured_folder() / f"{key}.json", (at, at))
    # the last one was written before it was made old
    keep_measured(keys[4], MEASURED)
    assert [key for key in keys if kept_measured(key)] == keys[2:]


def test_old_ones_may_vanish_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_measured(KEY, MEASURED)
    monkeypatch.setattr(keeping, "_KEPT", 0)
    listed = Path.glob

    def with_a_ghost(folder: Path, pattern: str) -> list[Path]:
        return [*listed(folder, pattern), folder / "ghost.json"]

    monkeypatch.setattr(Path, "glob", with_a_ghost)
    keep_measured("b" * 64, MEASURED)
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
