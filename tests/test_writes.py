"""All files are written through hexviz/model/files.py, and a test that this test can fail."""

import ast
from pathlib import Path

import pytest

import hexviz

PACKAGE = Path(hexviz.__file__).parent

ALLOWED = {
    "model/files.py": "it is where files are written",
    "cli/log.py": "a log is added to line by line, at a path that a person gave",
    "app/jobs/child.py": "a pipe to the process that supervises it, not a file",
    "app/jobs/supervise.py": "a lock and what a job prints, in a folder that goes with the job",
    "app/watching/export_once.py": "its answer to the server, in a file without a name",
    "app/watching/reexport.py": "what an export says, in files without a name",
    "bench/document.py": "models to be timed, in a temporary folder that goes with them",
    "tagging/pack.py": "arrays into memory, not into a file",
}
"""Modules that may write otherwise, and why."""

WRITERS = {
    "write_text",
    "write_bytes",
    "mkstemp",
    "NamedTemporaryFile",
    "TemporaryFile",
    "FileHandler",
    "RotatingFileHandler",
    "copyfile",
    "copy2",
    "copytree",
    "save_model",
    "save_tensor",
    "savez",
    "savez_compressed",
    "savetxt",
    "tofile",
    "truncate",
    "symlink_to",
    "hardlink_to",
}
"""Names of functions and classes that write files, or begin to."""


def writes(source: str) -> list[int]:
    """The lines of a source text that open a file to write to."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and any(_name(base) in WRITERS for base in node.bases):
            found.append(node.lineno)
        if not isinstance(node, ast.Call):
            continue
        name = _name(node.func)
        if name in WRITERS or (name in ("open", "fdopen", "open_code") and _is_to_write(node)):
            found.append(node.lineno)
    return found


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_to_write(call: ast.Call) -> bool:
    of_os = isinstance(call.func, ast.Attribute) and _name(call.func.value) == "os"
    modes: list[ast.expr]
    if of_os and _name(call.func) == "open":  # os.open(path, flags)
        modes = call.args[1:2]
        return not modes or "O_RDONLY" not in ast.unparse(modes[0])
    # Path.open(mode); open(path, mode), os.fdopen(handle, mode)
    at = 0 if isinstance(call.func, ast.Attribute) and not of_os else 1
    modes = [*call.args[at : at + 1], *(one.value for one in call.keywords if one.arg == "mode")]
    return any(
        not isinstance(mode, ast.Constant)
        or (isinstance(mode.value, str) and bool(set(mode.value) & set("wax+")))
        for mode in modes
    )


def test_files_are_written_in_one_place_only() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix(): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := writes(path.read_text()))
    }
    assert {name: lines for name, lines in found.items() if name not in ALLOWED} == {}
    assert found.keys() == ALLOWED.keys()  # none is allowed that need not be


@pytest.mark.parametrize(
    "source",
    [
        'open("f", "w")',
        'open("f", mode="ab")',
        'Path("f").open("xb")',
        'open("f", "r+")',
        "open(path, mode)",
        "path.write_text(text)",
        "os.open(path, os.O_WRONLY | os.O_CREAT)",
        "os.fdopen(handle, 'wb')",
        "onnx.save_model(proto, path)",
        "tempfile.mkstemp()",
        "class Log(logging.FileHandler): pass",
    ],
)
def test_this_can_fail(source: str) -> None:
    assert writes(source) == [1]


@pytest.mark.parametrize(
    "source",
    [
        'open("f")',
        'path.open("rb")',
        "os.open(f, os.O_RDONLY)",
        "os.fdopen(os.open(f, os.O_RDONLY | os.O_NONBLOCK), 'rb')",
        "graph.open()",
        'open(f, mode="r")',
    ],
)
def test_reading_is_fine(source: str) -> None:
    assert writes(source) == []
