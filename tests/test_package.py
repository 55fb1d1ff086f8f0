"""What is shipped works from where it is installed, not from a checkout."""

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist; the wheel is built from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_sdist_holds_all_folders(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for wanted in (
        "assets/canvas/draw.js",
        "assets/hexviz.css",
        "sample_models/bert_tiny.py",
        "tests/test_package.py",
        "benchmarks/__main__.py",
        "docs/tagging.md",
        "hexviz/py.typed",
        "LICENSE",
        "constraints.txt",
    ):
        assert wanted in names


def test_the_wheel_works_where_it_is_installed(built: Path, tmp_path: Path) -> None:
    wheel = next(built.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)  # noqa: S202 - built a moment ago, from here
        names = archive.namelist()
    assert {"hexviz/_assets/main.js", "hexviz/_assets/canvas/draw.js"} <= set(names)
    assert {"hexviz/app/report/report.html", "hexviz/_assets/report.js"} <= set(names)
    assert "sample_models/custom_auxiliary.py" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "benchmarks/")) for name in names)
    script = (
        "import hexviz, sample_models\n"
        "from hexviz.view.assets import assets_folder\n"
        "from hexviz.app.server import create_app\n"
        "print(hexviz.__file__, sample_models.__file__, assets_folder())\n"
        "assert (assets_folder() / 'main.js').is_file()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")},
    )
    assert all(path.startswith(str(tmp_path)) for path in done.stdout.split())


def test_every_dependency_has_a_tested_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        wanted += extra
    pinned = {
        canonicalize_name(line.partition("==")[0])
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    for requirement in wanted:
        name = canonicalize_name(Requirement(requirement).name)
        assert name in pinned or name == "hexviz", name  # an extra that takes in another
    assert "torch==2.13.0" in (ROOT / "constraints.txt").read_text()
