"""Imports go down only and never in a circle; importing the core loads neither torch nor dash."""

import ast
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import networkx as nx
import pytest

import hexviz

PACKAGE = Path(hexviz.__file__).parent
FLOORS = [
    *("errors", "stages", "model", "extras", "cache", "tagging", "extraction", "exporters"),
    *("matching", "measure", "view", "convert", "bench", "app", "notebook", "desktop"),
    *("api", "cli"),
]
"""Lowest first. The package itself stands above all of them."""


def floor_of(module: str) -> int:
    """The floor of a dotted module name below ``hexviz``."""
    name = module.split(".")[1] if "." in module else "__init__"
    return len(FLOORS) if name in ("__init__", "__main__") else FLOORS.index(name)


def imports(source: str) -> set[str]:
    """All modules of hexviz that a source text imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == "hexviz"}


def upward(module: str, source: str) -> set[str]:
    """The imports of a module that go up."""
    return {name for name in imports(source) if floor_of(name) > floor_of(module)}


def sources() -> list[tuple[str, Path]]:
    return [
        (".".join(("hexviz", *path.relative_to(PACKAGE).with_suffix("").parts)), path)
        for path in sorted(PACKAGE.rglob("*.py"))
    ]


@pytest.mark.parametrize(("module", "path"), sources(), ids=[name for name, _ in sources()])
def test_imports_go_down(module: str, path: Path) -> None:
    assert not upward(module, path.read_text())


def test_only_the_cache_knows_the_folder_of_the_user() -> None:
    assert {module for module, path in sources() if names_a_user_folder(path.read_text())} == {
        "hexviz.cache.folders"
    }


def names_a_user_folder(source: str) -> bool:
    """Whether a source text asks where people's files lie."""
    return "platformdirs" in source or "XDG_" in source.replace("set XDG_CACHE_HOME", "")


def test_a_second_way_to_that_folder_is_found() -> None:
    assert names_a_user_folder("from platformdirs import user_cache_path")
    assert names_a_user_folder('os.environ["XDG_CACHE_HOME"]')


def test_an_upward_import_is_found() -> None:
    assert upward("hexviz.model.op", "from hexviz.app.models.store import ModelStore")
    assert upward("hexviz.tagging.tag", "def f():\n    import hexviz.view.scene")
    assert upward("hexviz.app.models.store", "from hexviz.cli import app")
    assert not upward("hexviz.tagging.tag", "from hexviz.model.op import Op")


def circles(texts: Mapping[str, str]) -> set[frozenset[str]]:
    """Groups of modules that import each other, at the top or inside functions.

    ``texts`` are source texts by the dotted name of the module. What is imported for types
    alone counts too: a circle of types is one for whoever reads.
    """
    graph = nx.DiGraph()
    for module, text in texts.items():
        for name in imports(text):
            # ``from hexviz.model import op`` names a module, ``from hexviz.model.op import Op``
            # what is in one. A package is what its modules import from, not they themselves.
            found = name if name in texts else name.rpartition(".")[0]
            if found in texts and found != module:
                graph.add_edge(module, found)
    return {frozenset(group) for group in nx.strongly_connected_components(graph) if len(group) > 1}


def test_no_modules_import_each_other() -> None:
    texts = {name.removesuffix(".__init__"): path.read_text() for name, path in sources()}
    assert circles(texts) == set()


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("import hexviz.b", "from hexviz.a import thing"),
        ("from hexviz import b", "def f():\n    from hexviz.a import thing"),
        ("if TYPE_CHECKING:\n    from hexviz.b import T", "import hexviz.c"),
    ],
)
def test_a_circle_is_found(a: str, b: str) -> None:
    texts = {"hexviz": "", "hexviz.a": a, "hexviz.b": b, "hexviz.c": "import hexviz.a"}
    assert len(circles(texts)) == 1
    assert circles(texts | {"hexviz.b": ""}) == set()


def loaded_by(code: str) -> set[str]:
    """Top-level packages that a fresh interpreter has loaded after running ``code``."""
    script = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


HEAVY = {"torch", "dash", "transformers", "onnx_ir", "sympy"}


@pytest.mark.parametrize(
    "code",
    [
        "import hexviz",
        "import hexviz.cli",
        "import hexviz.exporters.model_source",
        "import hexviz.view.render",
        "import sample_models",
    ],
)
def test_the_core_is_light(code: str) -> None:
    assert not loaded_by(code) & HEAVY


def test_the_page_needs_no_torch() -> None:
    assert not loaded_by("import hexviz.app.server") & (HEAVY - {"dash"})


def test_only_exports_and_their_benchmarks_need_onnx_ir() -> None:
    """Which brings sympy; the extra ``export`` brings both."""
    needing = {name for name, path in sources() if "import onnx_ir" in path.read_text()}
    assert {name.split(".")[1] for name in needing} == {"exporters", "bench"}


def test_heavy_imports_are_noticed() -> None:
    assert loaded_by("import dash") & HEAVY
