"""A disk that is full, for real: every command keeps the old file and says so in one line.

The system refuses to let a file grow beyond a limit (``RLIMIT_FSIZE``), at the
very call that a full disk refuses, whichever library makes it.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.build import parse, scoped
from tests.test_cli import Done, here

__all__ = ["here"]  # a fixture

resource = pytest.importorskip("resource")  # not on Windows

LIMIT = 20_000  # bytes that a file may have; Python itself ignores the signal for it
NET = """g (float[64,64] x) => (float[64,64] y) {
    a = MatMul (x, w)
    b = Relu (a)
    y = MatMul (b, v)
}"""
SCOPES = {"a": "first", "b": "first", "y": "second"}


def model(*, large: bool) -> onnx.ModelProto:
    """Two modules with a weight each, of 16 kB; larger than the disk by a text, if asked for."""
    proto = scoped(parse(NET), SCOPES)
    for name in "wv":
        value = np.ones((64, 64), np.float32)
        proto.graph.initializer.append(numpy_helper.from_array(value, name))
    if large:
        proto.graph.node[0].doc_string = proto.graph.node[2].doc_string = "x" * LIMIT
    return proto


def save_apart(proto: onnx.ModelProto, path: Path) -> None:
    onnx.save_model(
        proto, path, save_as_external_data=True, location="sub.data", size_threshold=100
    )


def run(folder: Path, *command: str, limit: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hexviz", *command],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"XDG_CACHE_HOME": str(folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but the cache's, whole."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] != "cache"
    }


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A model, one whose weights lie beside it, and the results of yesterday."""
    onnx.save_model(model(large=False), tmp_path / "m.onnx")
    for name, large in (("apart", False), ("large", True)):
        (tmp_path / name).mkdir()
        save_apart(model(large=large), tmp_path / name / "m.onnx")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_bytes(b"of yesterday")
    return tmp_path


COMMANDS = {
    "tag": ("tag", "m.onnx", "-o", "out/old"),
    "tag in place": ("tag", "m.onnx", "--in-place"),
    "tag, weights apart": ("tag", "apart/m.onnx", "-o", "out/old"),
    "tag, the model after its weights": ("tag", "large/m.onnx", "-o", "out/old"),
    "extract": ("extract", "m.onnx", "--module", "first", "-o", "out/old"),
    "extract, weights apart": ("extract", "apart/m.onnx", "--module", "", "-o", "out/old"),
    "extract, the model after its weights": (
        *("extract", "large/m.onnx", "--module", "first"),
        *("-o", "out/old"),
    ),
    "split": ("extract", "m.onnx", "--split", "-o", "parts"),
    "split into a folder that is there": ("extract", "m.onnx", "--split", "-o", "out"),
    "split, weights apart": ("extract", "large/m.onnx", "--split", "-o", "out"),
    "report": ("report", "m.onnx", "-o", "out/old"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_keeps_the_old_file(disk: Path, name: str) -> None:
    before = content(disk)
    # The large model does not fit where its weights do; the others' weights do not fit either.
    done = run(disk, *COMMANDS[name], limit=LIMIT if "large" in str(COMMANDS[name]) else LIMIT // 2)
    assert done.returncode == 2, done
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "File too large" in done.stderr
    assert content(disk) == before
    assert not list(disk.rglob(".hexviz-*"))
    assert not (disk / "parts").exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_with_room_on_the_disk_the_same_commands_do_their_work(
    disk: Path, name: str, here: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the test above could pass for another reason."""
    before = content(disk)
    monkeypatch.chdir(disk)
    done = here(*COMMANDS[name])
    assert done.returncode == 0, done
    assert content(disk) != before


def test_a_page_that_finds_the_disk_full_says_so_and_goes_on(disk: Path) -> None:
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from hexviz.app.models.store import ModelStore\n"
        "from hexviz.cache import Cache\n"
        "from hexviz.errors import WriteError\n"
        "store = ModelStore(Cache(Path('kept')))\n"
        "content = Path('m.onnx').read_bytes()\n"
        "kept = store.get(store.add_upload(content, 'm.onnx'))\n"
        "def full(limit): resource.setrlimit(resource.RLIMIT_FSIZE, (limit, -1))\n"
        "def there(): return {one for one in Path('kept').rglob('*') if one.is_file()}\n"
        "before = there()\n"
        "for limit, act in [\n"
        "    (1000, lambda: store.add_upload(content + b'\\x1a\\x01c', 'other.onnx')),\n"
        "    (10, lambda: store.edit(kept, {kept.graph.ops[0].id: 'second'})),\n"
        "]:\n"
        "    full(limit)\n"
        "    try:\n"
        "        act()\n"
        "    except WriteError as error:\n"
        "        print(error)\n"
        "    full(-1)\n"
        "print(sorted(there() - before))\n"
        "print(store.edit(kept, {kept.graph.ops[0].id: 'second'}).key in store._open)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=disk, capture_output=True, text=True, check=True
    )
    upload, edit, left, works = done.stdout.splitlines()
    assert "File too large" in upload
    assert "File too large" in edit
    assert left == "[]"
    assert works == "True"
