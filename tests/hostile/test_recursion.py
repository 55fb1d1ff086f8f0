"""No function calls itself as deep as a file wants."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import hexviz

BOUNDED = {
    "app/report/packing.py": {"_without_halves": "the panels' own content, nested as written"},
    "app/report/scripts.py": {"_join": "imports of the page's own modules; a circle is refused"},
    "app/models/alignment.py": {"box_in": "a stack in a stack has thrice its ops at least"},
    "app/models/store.py": {
        "ModelStore.get": "a correction is kept with the key of its file, which is no correction",
        "ModelStore._edited": "as above",
    },
    "cli/inspect.py": {"_rows": "modules in modules, as in exporters/inspection.py"},
    "exporters/inspection.py": {
        "_of_module": "modules in modules, through which PyTorch itself walks so",
        "node": "paths of modules have at most 128 steps",
    },
    "extras.py": {"_requirements": "hexviz's own extras, of which none takes in itself"},
    "exporters/rebind.py": {"flat_outputs": "nested as the outputs of a person's own module"},
    "exporters/torchscript.py": {"_leaf_axes": "nested as the inputs that a person gives"},
    "exporters/second_runs.py": {
        "_Exact._uncalled": "lists of modules in lists, as a person nested them",
    },
    "exporters/watched_tensors.py": {
        "_opened": "nested as the outputs of a person's own module",
    },
    "extraction/tolerance.py": {
        "_check_value": "sequences nest as deep as protobuf parses, which is 100 messages",
        "_check_sequence": "as above",
    },
    "extraction/meaning.py": {"_computed": "an expression of at most 256 characters"},
    "extraction/runtime.py": {"to_value": "as in equal.py", "_sequence": "as in equal.py"},
    "matching/skeleton.py": dict.fromkeys(
        ("_Builder._enter", "_Builder._call"),
        "calls in calls, at most 200; deeper ones stay closed",
    ),
    "model/tensors.py": {"_spelled": "an array of numpy, which has at most 64 dimensions"},
    "notebook/selection.py": {"resolve": "once, for an op or a module, and for each id of a list"},
    "view/calls.py": {"_start": "a group holds ops and recorded calls, which hold ops"},
    "view/svg/outline.py": {"outlined": "once, for a shape whose filling changes its colour"},
}
"""File → function that calls itself, also through others → why that cannot go deep."""


def recursive(source: str) -> set[str]:
    """The functions of a module that call themselves, directly or through others of it.

    Methods count when they are called on ``self`` or ``cls``; nested functions
    count for the one they are in, too.
    """
    calls: dict[str, set[str]] = {}
    for name, function in _functions(ast.parse(source)):
        calls.setdefault(name, set()).update(_called(function))
    return {name for name in calls if name in _reached(calls, name)}


def _functions(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    pending = [(tree, "")]
    while pending:
        node, owner = pending.pop()
        for child in ast.iter_child_nodes(node):
            inside = owner
            if isinstance(child, ast.ClassDef):
                inside = f"{child.name}."
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{owner}{child.name}", child
                inside = ""
            pending.append((child, inside))


def _called(function: ast.AST) -> Iterator[str]:
    own = {
        node.arg if isinstance(node, ast.arg) else node.id
        for node in ast.walk(function)
        if isinstance(node, ast.arg)
        or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    }
    for node in ast.walk(function):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                yield f"*.{name}"
            case ast.Name(id=name, ctx=ast.Load()) if name not in own:
                # A function that is handed to another may be called by it.
                yield name


def _reached(calls: dict[str, set[str]], start: str) -> set[str]:
    def known(name: str) -> list[str]:
        if name.startswith("*."):
            return [one for one in calls if one.endswith(name[1:])]
        return [name] if name in calls else []

    found: set[str] = set()
    pending = [one for name in calls[start] for one in known(name)]
    while pending:
        one = pending.pop()
        if one not in found:
            found.add(one)
            pending.extend(two for name in calls[one] for two in known(name))
    return found


def test_what_calls_itself_is_bounded() -> None:
    folder = Path(hexviz.__file__).parent
    found = {
        str(path.relative_to(folder)): names
        for path in sorted(folder.rglob("*.py"))
        if (names := recursive(path.read_text(encoding="utf-8")))
    }
    assert found == {path: set(names) for path, names in BOUNDED.items()}


def test_the_test_can_fail() -> None:
    assert recursive("def f(x):\n    return f(x - 1)") == {"f"}
    assert recursive("def f(x):\n    return g(x)\ndef g(x):\n    return [f(y) for y in x]") == {
        "f",
        "g",
    }
    assert recursive("def f(x):\n    return sum(map(f, x))") == {"f"}
    assert recursive("class A:\n    def f(self, x):\n        return self.f(x.y)") == {"A.f"}
    assert recursive("def f(x):\n    return x.f()\ndef g(x):\n    return f(x)") == set()
