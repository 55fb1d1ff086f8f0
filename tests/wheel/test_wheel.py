"""A wheel that was built once works in a fresh environment of each Python, without PyTorch.

Installing takes longer than all that is tested, so these run by themselves: ``make wheel-test``.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
import zipfile
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urljoin

import onnx
import pytest

from tests.exports import export_once
from tests.wheel.environments import Environment, build_wheel, python_of

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
NEWEST = "3.14"
"""For which not every package need have a wheel yet."""

pytestmark = pytest.mark.wheel


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export, without hexviz's tags."""
    path = tmp_path_factory.mktemp("models") / "model.onnx"
    path.write_bytes(export_once("small-transformer", "dynamo").proto.SerializeToString())
    return path


@pytest.fixture(scope="module", params=VERSIONS)
def installed(
    request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    python = python_of(request.param)
    if python is None:
        pytest.skip(f"no Python {request.param} on this machine")
    environment = Environment.made(python, tmp_path_factory.mktemp("venv"))
    done = environment.install(wheel)
    lacking = re.search(r"No matching distribution found for (\S+)", done.stderr)
    if request.param == NEWEST and lacking:
        pytest.skip(f"no wheel of {lacking.group(1)} for Python {NEWEST} yet")
    assert done.returncode == 0, done.stderr
    return environment


def test_it_brings_no_pytorch(installed: Environment) -> None:
    assert installed.hexviz("--version").split() == ["hexviz", version("hexviz")]
    code = "import importlib.util as u; print([n for n in ('torch', 'sympy') if u.find_spec(n)])"
    assert installed.run(installed.python, "-c", code).stdout.strip() == "[]"
    home = installed.run(installed.python, "-c", "import hexviz; print(hexviz.__file__)").stdout
    assert home.startswith(str(installed.folder))


def test_tags_audit_and_a_part_with_its_proof(installed: Environment, model: Path) -> None:
    tagged, part = installed.folder / "tagged.onnx", installed.folder / "part.onnx"
    installed.hexviz("tag", model, "-o", tagged)
    known = json.loads(installed.hexviz("analyze", tagged, "--json"))
    assert known["tagged"] == known["ops"] == len(onnx.load(model).graph.node)
    assert "findings" in json.loads(installed.hexviz("audit", tagged, "--json"))
    chosen = ("--module", "blocks.0.attention", "-o", part, "--verify", "--json")
    assert json.loads(installed.hexviz("extract", tagged, *chosen))["verification"]["ok"]
    assert part.is_file()


def test_every_way_to_convert(installed: Environment, model: Path) -> None:
    if "convert" not in installed.hexviz("--help"):
        pytest.skip("no hexviz convert yet")
    for ending in ("json", "graphml", "dot", "csv"):
        file = installed.folder / f"model.{ending}"
        installed.hexviz("convert", model, "-o", file)
        assert file.stat().st_size > 1000


def page_is_whole(installed: Environment, model: Path) -> None:
    """The page answers with its first picture, and so does every file that it names.

    Raises:
        AssertionError: if one of them does not.
    """
    with installed.viewing(model) as address:
        page = fetched(address)
        assert 'id="first-picture"' in page
        assert "<svg" in page
        named = re.findall(r'(?:src|href)="([^"#]+)"', page)
        assert any(name.endswith("main.js") for name in named)
        for name in named:
            if not name.startswith("data:"):
                assert fetched(urljoin(address, name))
        assert "hexviz" in fetched(urljoin(address, "/_dash-layout"))


def fetched(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 - http
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{address}: {error}") from error


def test_the_page_with_its_first_picture(installed: Environment, model: Path) -> None:
    page_is_whole(installed, model)


def test_an_export_says_what_to_install(installed: Environment, wheel: Path) -> None:
    said = installed.hexviz("export", "small-transformer", "-o", "out.onnx", code=2)
    assert said.count("\n") == 1
    assert "needs torch and onnxscript, which are not installed: pip install " in said
    assert f"'hexviz[export] @ {wheel.as_uri()}'" in said


def test_what_it_says_to_install_can_be_installed_so(installed: Environment) -> None:
    """By the extra that is small; that the others are worded alike is in tests/test_extras.py."""
    command = ("worker", "--jobs", "redis://127.0.0.1:1/0")
    advice = installed.hexviz(*command, code=2).partition("not installed: ")[2].strip()
    done = installed.typed(f"{advice} --quiet --no-compile")
    assert done.returncode == 0, done.stderr
    assert "No Redis answers" in installed.hexviz(*command, code=2)


def test_a_wheel_without_assets_is_found_out(
    installed: Environment, model: Path, wheel: Path, tmp_path: Path
) -> None:
    spoilt = tmp_path / wheel.name
    with zipfile.ZipFile(wheel) as whole, zipfile.ZipFile(spoilt, "w") as archive:
        for name in whole.namelist():
            if not name.startswith("hexviz/_assets/"):
                archive.writestr(name, whole.read(name))
    try:
        done = installed.install("--force-reinstall", "--no-deps", spoilt)
        assert done.returncode == 0, done.stderr
        with pytest.raises(AssertionError, match="HTTP Error 500"):
            page_is_whole(installed, model)
    finally:
        installed.install("--force-reinstall", "--no-deps", wheel)
