"""What comes in is data: no file and no request runs code, but for a SOURCE of the command line."""

from __future__ import annotations

import ast
import importlib
import io
import json
import pickle
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hexviz
from hexviz.app.callbacks import jobs
from hexviz.app.models.store import ModelStore
from hexviz.app.server import create_app
from hexviz.cache import Cache
from hexviz.errors import HexvizError
from hexviz.exporters import model_source as sources_file
from hexviz.tagging.overrides_file import load_overrides
from hexviz.view.numbers import read_numbers
from tests.build import parse, tagged
from tests.waiting import until

PACKAGE = Path(hexviz.__file__).parent


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(Cache(tmp_path))


# The scan

LOADERS = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "yaml"}
BUILTINS = {"eval", "exec", "compile", "__import__"}
CALLS = {
    "torch.load", "os.system", "os.popen", "pickle.load", "pickle.loads", "np.load", "numpy.load",
    "diskcache.Cache", "importlib.import_module", "onnx.hub.load", "runpy.run_path",
    "runpy.run_module", "pandas.read_pickle", "torch.hub.load",
}  # fmt: skip
HARMLESS = {"np.load": "allow_pickle", "numpy.load": "allow_pickle", "diskcache.Cache": "disk"}
"""Loaders that read data only when told so: call → the keyword that tells it."""
IMPORTING = {
    "hexviz/__init__.py",  # the public names, by a table of its own
    "hexviz/exporters/model_source.py",  # samples by a table, factories from the command line
    "hexviz/exporters/hub.py",  # transformers and huggingface_hub by name
}
"""Where a module is imported by a name that is not in an import statement, and why it may be."""


def suspicious(source: str, name: str = "hexviz/some.py") -> list[str]:
    """The places in a Python text that could run what a file holds."""
    found = []
    for node in ast.walk(ast.parse(source)):
        told = ""
        if isinstance(node, ast.Import):
            told = next((one.name for one in node.names if one.name.split(".")[0] in LOADERS), "")
        elif isinstance(node, ast.ImportFrom):
            base = (node.module or "").split(".")[0]
            names = {f"{node.module}.{one.name}" for one in node.names}
            told = base if base in LOADERS else next(iter(names & CALLS - {*HARMLESS}), "")
            if told == "importlib.import_module" and name in IMPORTING:
                told = ""
        elif isinstance(node, ast.Call):
            told = _call(node, name)
        if told:
            found.append(f"{name}:{node.lineno} {told}")  # type: ignore[attr-defined]
    return found


def _call(node: ast.Call, name: str) -> str:
    called = ast.unparse(node.func)
    keywords = {one.arg: one.value for one in node.keywords}
    shell = keywords.get("shell")
    if shell is not None and not (isinstance(shell, ast.Constant) and shell.value is False):
        return f"{called} in a shell"
    if called in BUILTINS:
        return called
    if called not in CALLS or (called == "importlib.import_module" and name in IMPORTING):
        return ""
    safe = keywords.get(HARMLESS.get(called, ""))
    if called == "diskcache.Cache" and safe is not None and "JSONDisk" in ast.unparse(safe):
        return ""
    return "" if isinstance(safe, ast.Constant) and safe.value is False else called


def test_nothing_in_hexviz_runs_what_a_file_holds() -> None:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE.parent).as_posix()
        found += suspicious(path.read_text(), name)
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from pickle import loads",
        "import torch\ntorch.load(path)",
        "from torch import load",
        "import marshal",
        "import shelve",
        "import dill as harmless",
        "from joblib import load",
        "def f(x):\n    return eval(x)",
        "exec(text)",
        "os.system('ls')",
        "subprocess.run(told, shell=True)",
        "subprocess.run(told, shell=flag)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=flag)",
        "importlib.import_module(told)",
        "from importlib import import_module",
        "diskcache.Cache(folder)",
        "import yaml",
    ],
)
def test_the_scan_finds_what_it_looks_for(code: str) -> None:
    assert suspicious(code)


def test_the_scan_lets_data_pass() -> None:
    assert not suspicious("np.load(path, allow_pickle=False)\nsubprocess.run([x], shell=False)")
    assert not suspicious("diskcache.Cache(folder, disk=diskcache.JSONDisk)\nmodel.eval()")


def test_places_that_import_by_name_are_still_there() -> None:
    for name in IMPORTING:
        assert "import_module" in (PACKAGE.parent / name).read_text()


# Booby-trapped files


class Trap:
    """Pickled, it writes a file wherever it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.fixture
def sprung(tmp_path: Path) -> Iterator[Path]:
    """The file that a loaded trap writes; after the test, it must not be there."""
    path = tmp_path / "sprung"
    yield path
    assert not path.exists()


def trapped(kind: str, sprung: Path) -> bytes:
    """A file with a trap: a bare pickle, PyTorch's zip of one, or numpy's arrays of objects."""
    if kind == "pickle":
        return pickle.dumps(Trap(sprung))
    result = io.BytesIO()
    if kind == "pt":
        with zipfile.ZipFile(result, "w") as archive:
            archive.writestr("model/data.pkl", pickle.dumps(Trap(sprung)))
            archive.writestr("model/version", "3\n")
    elif kind == "npy":
        np.save(result, np.array([Trap(sprung)], dtype=object), allow_pickle=True)
    else:
        np.savez(result, x=np.array([Trap(sprung)], dtype=object))
    return result.getvalue()


KINDS = ["pickle", "pt", "npy", "npz"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_traps_do_spring(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "seen"
    content = trapped(kind, path)
    if kind == "pickle":
        pickle.loads(content)  # noqa: S301 - that it runs is the point
    elif kind == "pt":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            pickle.loads(archive.read("model/data.pkl"))  # noqa: S301
    else:
        loaded = np.load(io.BytesIO(content), allow_pickle=True)
        if kind == "npz":
            loaded["x"]
    assert path.exists()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", [".onnx", ".pt", ".pt2", ".pkl", ".npz"])
def test_no_way_in_loads_a_pickle(
    kind: str, ending: str, sprung: Path, tmp_path: Path, store: ModelStore
) -> None:
    content = trapped(kind, sprung)
    path = tmp_path / f"trap{ending}"
    path.write_bytes(content)
    graph = tagged(parse("g (float[1] x) => (float[1] y) { y = Neg (x) }"))
    for way in (
        lambda: hexviz.load(path),
        lambda: store.add_file(path),
        lambda: store.read_ahead(path),
        lambda: store.add_upload(content, path.name),
        lambda: load_overrides(path, graph),
        lambda: read_numbers(content.decode("utf-8-sig", "replace"), graph),
        lambda: sources_file.open_source(str(path)),
    ):
        with pytest.raises(HexvizError) as error:
            way()
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", KINDS)
def test_the_commands_load_no_pickle(
    kind: str, sprung: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    from hexviz.cli import main

    trap, model = tmp_path / "trap.pt", tmp_path / "m.onnx"
    trap.write_bytes(trapped(kind, sprung))
    proto = parse("g (float[1] x) => (float[1] y) { y = Neg (x) }")
    model.write_bytes(proto.SerializeToString())
    out = ["-o", str(tmp_path / "out.onnx")]
    for arguments in (
        ["view", str(trap), "--no-browser", "--port", "0"],
        ["export", str(trap), *out],
        ["tag", str(trap), *out],
        ["tag", str(model), "--overrides", str(trap), *out],
        ["extract", str(model), "--op", "y", "--inputs", str(trap), "--verify", *out],
        ["analyze", str(trap)],
    ):
        monkeypatch.setattr("sys.argv", ["hexviz", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 2, arguments
        told = capsys.readouterr().err.strip()  # a bar of progress leaves an empty line
        assert (told.count("\n"), told.startswith("hexviz: ")) == (0, True), told


# Factories

NAMES = [
    "os:system", "tests.build:parse", "hf:gpt2", "../../x", "/etc/passwd", "x.pt", "x.pt2", "",
    "BERT-TINY", "custom-auxiliary:x", "sample_models.gpt2", 5, None, ["bert-tiny"],
    {"sample": "bert-tiny"},
]  # fmt: skip


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What jobs were told, instead of doing them."""
    seen: list[Any] = []

    def run(task: str, told: Any, _report: Any) -> dict[str, Any]:
        seen.append((task, told))
        return {"error": "not run"}

    monkeypatch.setattr(jobs, "run_job", run)
    return seen


def press(app: Any, sample: Any) -> int:
    """The browser says that the button of a sample was pressed."""
    asking = app.server.test_client()
    entry = next(
        one
        for one in asking.get("/_dash-dependencies").get_json()
        if any('"sample"' in given["id"] for given in one["inputs"])
    )
    told = {
        "output": entry["output"],
        "outputs": {"id": "exported", "property": "data"},
        "inputs": [[{"id": {"sample": sample}, "property": "n_clicks", "value": 1}]],
        "state": [{"id": "optimize", "property": "checked", "value": False}],
        "changedPropIds": [json.dumps({"sample": sample}, separators=(",", ":")) + ".n_clicks"],
    }
    code: int = asking.post("/_dash-update-component", json=told).status_code
    return code


def test_only_samples_are_built_for_a_browser(store: ModelStore, started: list[Any]) -> None:
    app = create_app(store)
    for name in NAMES:
        press(app, name)
    press(app, "custom-auxiliary")
    until(lambda: started)
    until(lambda: not any(one.name.startswith("job ") for one in threading.enumerate()))
    assert [told["sample"] for _, told in started] == ["custom-auxiliary"]


def test_no_event_imports_anything(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = create_app(store).server.test_client()
    asked: list[str] = []
    real = importlib.import_module

    def watched(name: str, package: str | None = None) -> Any:
        asked.append(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", watched)
    monkeypatch.setattr(sources_file.importlib, "import_module", watched)
    for name in NAMES:
        for kind in ("visit", "op", "module", "search", "numbers", "colour", "reveal"):
            asking.post("/event", json={"n": 1, "event": {"type": kind, "value": name}})
        asking.get("/", query_string={"model": str(name)})
        asking.get(f"/model/{name}.onnx")
    assert not [one for one in asked if one.split(".")[0] in {"os", "tests", "sample_models"}]
    sources_file.importlib.import_module("json")
    assert asked[-1] == "json"  # it does see imports
