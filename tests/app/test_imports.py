"""The page starts with what it uses, and is the same page for it."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import hexviz.app

Both = tuple[dict[str, Any], dict[str, Any]]

SCRIPT = """
import json, re, sys
from pathlib import Path
from hexviz.app.lazy_imports import import_only_what_is_used
if sys.argv[1] == "less":
    import_only_what_is_used()
from hexviz.app.server import create_app
from hexviz.app.models.store import ModelStore
from hexviz.cache import Cache
client = create_app(ModelStore(Cache())).server.test_client()
page = client.get("/").get_data(as_text=True)
loaded = sorted(sys.modules)
from dash import dcc, html
import dash_mantine_components as dmc
print(json.dumps({
    "scripts": re.findall("<script src=[^>]*>", page),
    "layout": client.get("/_dash-layout").get_json(),
    "callbacks": client.get("/_dash-dependencies").get_json(),
    "loaded": loaded,
    "more": [str(html.Wbr()), str(dcc.Graph(id="g")), str(dmc.Alert("a", title="t"))],
    "missing": [hasattr(package, "Nonesuch") for package in (dcc, html, dmc)],
}))
"""


def started(how: str, cache: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, how],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    cache = tmp_path_factory.mktemp("cache")
    return started("less", cache), started("all", cache)


@pytest.mark.parametrize("what", ["scripts", "layout", "callbacks", "more", "missing"])
def test_the_page_is_the_same(both: Both, what: str) -> None:
    less, everything = both
    assert less[what] == everything[what]


def test_what_is_slow_and_not_needed_is_left_out(
    both: Both,
) -> None:
    less, everything = (set(one["loaded"]) for one in both)
    assert not less & {"torch", "networkx", "onnx_ir", "sympy", "rich.console", "dash.dcc.Graph"}
    assert "dash_mantine_components.Alert" in everything - less


def test_every_component_is_there_when_the_page_is_first_sent(
    both: Both,
) -> None:
    """Dash then tells the browser which of their properties can hold components."""
    folder = Path(hexviz.app.__file__).parent
    named = {
        f"dash_mantine_components.{node.attr}"
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "dmc"
    }
    assert named
    assert named <= set(both[0]["loaded"])
