"""hexviz's extras: whether what one brings is there, and the line that installs it.

hexviz is on no package index, so ``pip install 'hexviz[export]'`` finds nothing. What works depends
on where the running hexviz came from, which pip and its like keep beside it (PEP 610)::

    checkout, editable        pip install -c …/constraints.txt -e '/src/hexviz[export]'
    checkout, built wheel,    pip install 'hexviz[export] @ file:///tmp/hexviz-0.1.0-py3-none-any.whl'
      archive, repository
    nothing said, or gone     pip install 'onnxscript>=0.5.4' 'torch>=2.9'

An environment of uvx or ``pipx run`` is thrown away: there, the advice is what to run instead, as
``uvx --from 'hexviz[export] @ file:///…whl' hexviz``.

Looking imports nothing: torch takes seconds.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import Requirement

from hexviz.errors import ExtraError
from hexviz.model.wording import listed

__all__ = ["Extra", "advice_for", "install_advice", "installer", "missing", "require"]

Extra = Literal["desktop", "export", "hf", "notebook", "parquet", "team"]
"""The extras of pyproject.toml that add something for users."""


def require(extra: Extra, subject: str, *packages: str) -> None:
    """Go on if all ``packages`` (as they are imported) are there, else say how to install them.

    Raises:
        ExtraError: ``{subject} needs torch, which is not installed: pip install …``
    """
    lacking = missing(*packages)
    if lacking:
        verb = "is" if len(lacking) == 1 else "are"
        names = listed(lacking, most=len(lacking))
        what = f"{subject} needs {names}, which {verb} not installed"
        raise ExtraError(f"{what}: {install_advice(extra)}", what=what)


def missing(*packages: str) -> list[str]:
    """Those of some packages (as they are imported) that are not there."""
    return [package for package in packages if not _is_there(package)]


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):  # a parent that is not there; a module without a spec
        return package in sys.modules


def install_advice(extra: Extra) -> str:
    """The command that adds an extra to the environment this runs in, as it stands."""
    try:
        installed: Distribution | None = distribution("hexviz")
    except PackageNotFoundError:
        installed = None
    return advice_for(extra, installed, installer(sys.executable, shutil.which("pip")))


_RUNNERS = {"archive-v0": ("uvx", "--from"), ".cache": ("pipx", "run", "--spec")}
"""A folder above the environments that a program makes for one run → how it is called."""


def installer(python: str, pip_on_path: str | None) -> tuple[str, ...]:
    """The words that begin a command which installs into the environment of ``python``.

    Or one that runs hexviz in another, where it is thrown away.
    """
    home = Path(python).parent.parent.parent
    runner = _RUNNERS.get(home.name, ())
    if runner and (home.name != ".cache" or home.parent.name == "pipx"):
        return runner
    if pip_on_path and Path(pip_on_path).parent == Path(python).parent:
        return ("pip", "install")
    if _is_there("pip"):
        return (python, "-m", "pip", "install")
    return ("uv", "pip", "install", "--python", python)  # environments of uv have no pip


def advice_for(extra: str, installed: Distribution | None, installer: Sequence[str]) -> str:
    """The command, from what is on record of an installation; ``None`` if nothing is.

    A folder or file that is gone counts as if nothing was said of it.
    """
    if installed is None:
        origin, requires = _checkout(), []
    else:
        origin = json.loads(installed.read_text("direct_url.json") or "null")
        requires = installed.requires or []
    if origin and tuple(installer) in _RUNNERS.values():
        return _shell([*installer, f"hexviz[{extra}] @ {origin['url']}", "hexviz"])
    words = _from_origin(extra, origin) if origin else None
    return _shell([*installer, *(words or _requirements(extra, requires))])


def _checkout() -> dict[str, Any] | None:
    """What is on record of an editable install, for a checkout that is on the path alone."""
    folder = Path(__file__).resolve().parent.parent
    if not (folder / "pyproject.toml").is_file():
        return None
    return {"url": folder.as_uri(), "dir_info": {"editable": True}}


def _from_origin(extra: str, origin: Mapping[str, Any]) -> list[str] | None:
    url = urlsplit(origin["url"])
    if "dir_info" in origin:
        folder = Path(url2pathname(url.path))
        if not (folder / "pyproject.toml").is_file():
            return None
        tested = folder / "constraints.txt"
        words = ["-c", str(tested)] if tested.is_file() else []
        editable = ["-e"] if origin["dir_info"].get("editable") else []
        return [*words, *editable, f"{folder}[{extra}]"]
    if url.scheme == "file" and not Path(url2pathname(url.path)).is_file():
        return None
    address = url.geturl()
    if "vcs_info" in origin:
        version = origin["vcs_info"]
        address = f"{version['vcs']}+{address}@{version['commit_id']}"
    return [f"hexviz[{extra}] @ {address}"]


def _requirements(extra: str, requires: Sequence[str]) -> list[str]:
    """The packages of an extra by name, those of the extras that it takes in included."""
    words: set[str] = set()
    for requirement in map(Requirement, requires):
        marker = requirement.marker
        if not marker or marker.evaluate({"extra": ""}) or not marker.evaluate({"extra": extra}):
            continue
        if requirement.name == "hexviz":
            for inner in sorted(requirement.extras):
                words.update(_requirements(inner, requires))
        else:
            requirement.marker = None
            words.add(str(requirement))
    return sorted(words)


def _shell(words: Sequence[str]) -> str:
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
