"""What a file's outline tells is what reading it would find."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hexviz.errors import ReadError
from hexviz.model.model_file import check_outline
from hexviz.model.reader import parse
from tests.build import parse as parse_text

MODEL = parse_text("g (float[2] x) => (float[2] y) { y = Neg (x) }").SerializeToString()


WHAT = "m.onnx is not an ONNX model"


def refused(content: bytes, path: Path) -> str:
    """What the outline says against a file with this content; it must not say more than reading."""
    path.write_bytes(content)
    found = error_of(lambda: check_outline(path, "m.onnx"))
    if found:
        assert error_of(lambda: parse(content, name="m.onnx")).startswith(WHAT)
        assert found.startswith(WHAT)
    return found


def error_of(work: Callable[[], object]) -> str:
    try:
        work()
    except ReadError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", b"\x00" * 64, b"PK\x03\x04" + b"x" * 40, MODEL[:-7], b"\xff" * 12],
    ids=["empty", "text", "zeros", "zip", "truncated", "number without end"],
)
def test_what_is_no_model_is_refused_as_reading_would(content: bytes, tmp_path: Path) -> None:
    assert "is not an ONNX model" in refused(content, tmp_path / "m.onnx")


def test_it_never_refuses_what_can_be_read(tmp_path: Path) -> None:
    path, chance = tmp_path / "m.onnx", random.Random(7)  # noqa: S311 - nothing to guess
    for end in range(len(MODEL) + 1):
        refused(MODEL[:end], path)
    for _ in range(2000):
        content = bytearray(MODEL)
        for _ in range(chance.randint(1, 4)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        refused(bytes(content), path)
        refused(chance.randbytes(chance.randint(0, 40)), path)


def test_a_file_of_many_small_fields_is_left_to_reading(tmp_path: Path) -> None:
    assert refused(b"\x08\x07" * 5000 + MODEL, tmp_path / "m.onnx") == ""


def test_what_is_no_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="does not exist: check the path"):
        check_outline(tmp_path / "no.onnx", "no.onnx")
    with pytest.raises(ReadError, match="is a folder"):
        check_outline(tmp_path, "m.onnx")
    pipe = tmp_path / "pipe.onnx"
    os.mkfifo(pipe)
    with pytest.raises(ReadError, match="is a pipe or a device"):
        check_outline(pipe, "pipe.onnx")


def test_nothing_of_onnx_is_imported_for_it() -> None:
    script = "import sys, hexviz.model.model_file; sys.exit('onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
