import base64
from pathlib import Path

import pytest

from hexviz.app.callbacks import files
from hexviz.app.callbacks.files import decode_upload
from hexviz.app.guard import limits
from hexviz.app.jobs.tasks import TASKS
from hexviz.app.notices import export_done
from hexviz.errors import ReadError


def test_an_upload_is_decoded() -> None:
    sent = "data:application/octet-stream;base64," + base64.b64encode(b"\x08\x0a").decode()
    assert decode_upload(sent) == b"\x08\x0a"


def test_a_garbled_upload_is_a_clear_line() -> None:
    with pytest.raises(ReadError, match="did not arrive whole"):
        decode_upload("data:;base64,%%%%")


def test_an_upload_that_is_too_large_names_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_UPLOAD", 1024**2)
    with pytest.raises(ReadError, match=r"over 1 MB: open it with `hexviz view FILE`"):
        decode_upload("data:;base64," + "A" * (2 * 1024**2))
    assert limits.MAX_UPLOAD >= 100 * 1024**2


def test_a_finished_export_tells_seconds_by_stage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    told: list[tuple[str, float]] = []
    order = {"sample": "custom-auxiliary", "optimize": False}
    result = TASKS["export"](order, lambda stage, percent: told.append((stage, percent)))
    assert list(result["stages"]) == [
        "build model", "export", "graph context", "inheritance", "provenance", "serialise",
    ]  # fmt: skip
    assert all(seconds >= 0 for seconds in result["stages"].values())
    assert [percent for _, percent in told] == sorted(percent for _, percent in told)
    (shown,) = export_done(result["stages"])
    assert "export" in shown["message"]
