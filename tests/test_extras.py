"""The advice that installs an extra is a line which works where it is read."""

import json
import shlex
import sys
import tomllib
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any, get_args

import pytest

from hexviz.errors import ExtraError
from hexviz.extras import Extra, advice_for, install_advice, installer, require

ROOT = Path(__file__).resolve().parent.parent
PIP = ("pip", "install")
METADATA = """\
Metadata-Version: 2.4
Name: hexviz
Version: 0.1.0
Provides-Extra: export
Provides-Extra: hf
Requires-Dist: numpy>=2
Requires-Dist: tomli>=2; python_version < "3"
Requires-Dist: colorama>=0.4; python_version > "3"
Requires-Dist: torch>=2.9; extra == "export"
Requires-Dist: onnxscript>=0.5.4; extra == "export"
Requires-Dist: winonly>=1; (sys_platform == "nowhere") and extra == "export"
Requires-Dist: hexviz[export]; extra == "hf"
Requires-Dist: transformers>=4.57; extra == "hf"
"""


def installed(folder: Path, origin: dict[str, Any] | None = None) -> PathDistribution:
    """An installation as pip leaves it."""
    record = folder / "hexviz-0.1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(METADATA)
    if origin is not None:
        (record / "direct_url.json").write_text(json.dumps(origin))
    return PathDistribution(record)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "my source"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    return folder


def test_a_checkout_is_installed_again_with_the_extra(tmp_path: Path, checkout: Path) -> None:
    origin: dict[str, Any] = {"url": checkout.as_uri(), "dir_info": {"editable": True}}
    found = advice_for("export", installed(tmp_path, origin), PIP)
    assert found == f"pip install -e '{checkout}[export]'"
    (checkout / "constraints.txt").touch()
    found = advice_for("export", PathDistribution(tmp_path / "hexviz-0.1.0.dist-info"), PIP)
    words = [*PIP, "-c", str(checkout / "constraints.txt"), "-e", f"{checkout}[export]"]
    assert shlex.split(found) == words


def test_a_folder_that_was_copied_stays_a_copy(tmp_path: Path, checkout: Path) -> None:
    origin: dict[str, Any] = {"url": checkout.as_uri(), "dir_info": {}}
    found = advice_for("hf", installed(tmp_path, origin), PIP)
    assert shlex.split(found) == [*PIP, f"{checkout}[hf]"]


def test_a_wheel_is_named_by_its_address(tmp_path: Path) -> None:
    wheel = tmp_path / "a folder" / "hexviz-0.1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.touch()
    found = advice_for("hf", installed(tmp_path, {"url": wheel.as_uri(), "archive_info": {}}), PIP)
    assert found == f"pip install 'hexviz[hf] @ file://{tmp_path}/a%20folder/{wheel.name}'"


def test_a_repository_is_named_with_its_commit(tmp_path: Path) -> None:
    origin = {
        "url": "https://git.example.org/hexviz",
        "vcs_info": {"vcs": "git", "commit_id": "0a1b"},
    }
    found = advice_for("hf", installed(tmp_path, origin), PIP)
    assert found == "pip install 'hexviz[hf] @ git+https://git.example.org/hexviz@0a1b'"


@pytest.mark.parametrize(
    "origin",
    [
        None,
        {"url": "file:///gone/hexviz-0.1.0-py3-none-any.whl", "archive_info": {}},
        {"url": "file:///gone", "dir_info": {"editable": True}},
    ],
)
def test_else_the_packages_are_named(tmp_path: Path, origin: dict[str, Any] | None) -> None:
    known = installed(tmp_path, origin)
    assert advice_for("export", known, PIP) == "pip install 'onnxscript>=0.5.4' 'torch>=2.9'"
    assert shlex.split(advice_for("hf", known, PIP))[2:] == [
        *("onnxscript>=0.5.4", "torch>=2.9", "transformers>=4.57")
    ]


def test_a_checkout_on_the_path_that_nobody_installed() -> None:
    words = shlex.split(advice_for("team", None, PIP))
    assert words[-2:] == ["-e", f"{ROOT}[team]"]


def test_what_installs_is_what_belongs_to_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    assert installer("/venv/bin/python", "/venv/bin/pip") == ("pip", "install")
    assert installer("/venv/bin/python", "/usr/bin/pip") == (
        *("/venv/bin/python", "-m", "pip", "install"),
    )
    monkeypatch.setitem(sys.modules, "pip", None)
    assert installer("/venv/bin/python", "/usr/bin/pip") == (
        *("uv", "pip", "install", "--python", "/venv/bin/python"),
    )


@pytest.mark.parametrize(
    ("python", "words"),
    [
        ("/home/a/.cache/uv/archive-v0/x1/bin/python", "uvx --from"),
        ("/home/a/.local/pipx/.cache/f38/bin/python", "pipx run --spec"),
    ],
)
def test_an_environment_for_one_run_is_replaced(tmp_path: Path, python: str, words: str) -> None:
    runs = installer(python, None)
    known = installed(tmp_path, {"url": "file:///tmp/a.whl", "archive_info": {}})
    found = advice_for("export", known, runs)
    assert found == f"{words} 'hexviz[export] @ file:///tmp/a.whl' hexviz"
    assert installer("/home/a/.cache/env/bin/python", None)[1:] == ("-m", "pip", "install")


def test_what_is_missing_is_one_line_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    require("export", "Exporting", "json")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ExtraError) as caught:
        require("export", "Exporting", "json", "torch")
    advice = install_advice("export")
    assert str(caught.value) == f"Exporting needs torch, which is not installed: {advice}"
    with pytest.raises(ExtraError, match="needs torch and nothing_at_all, which are"):
        require("export", "Exporting", "torch", "nothing_at_all")


def test_all_extras_can_be_advised() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    assert {*get_args(Extra)} == {*extras} - {"dev", "docs"}
