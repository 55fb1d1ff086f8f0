"""Fresh environments outside the checkout, one for each Python, with a built wheel in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import finished

__all__ = ["ROOT", "Environment", "build_wheel", "python_of"]

ROOT = Path(__file__).resolve().parent.parent.parent


def python_of(version: str) -> Path | None:
    """An interpreter of this version (``3.12``): this one, pyenv's, or one on the path."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return Path(sys.executable).resolve()  # not a virtual environment's
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    found = [*sorted(pyenv.glob(f"{version}.*/bin/python{version}"), reverse=True)]
    on_path = shutil.which(f"python{version}")
    found += [Path(on_path)] if on_path else []
    return next((path for path in found if _runs(path, version)), None)


def _runs(path: Path, version: str) -> bool:
    # A shim of pyenv is there for versions that are not.
    code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() == version


def build_wheel(folder: Path) -> Path:
    """The wheel of the checkout."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@dataclass(frozen=True)
class Environment:
    """A virtual environment, in which commands run as a person's would: from another folder."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @classmethod
    def made(cls, python: Path, folder: Path) -> Environment:
        """A new one, with pip."""
        subprocess.run([python, "-m", "venv", folder], check=True, capture_output=True)
        return cls(folder)

    def install(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Install by pip, in the tested versions, and only what need not be compiled."""
        options = ["--only-binary", ":all:", "--no-compile", "-c", ROOT / "constraints.txt"]
        return self.run(self.python, "-m", "pip", "install", "--quiet", *options, *words)

    def typed(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a line as somebody would who copied it into a terminal."""
        return self.run("sh", "-c", line)

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=self._variables(),
        )

    def hexviz(self, *arguments: str | Path, code: int = 0) -> str:
        """What the command prints, on stderr if it ends with another ``code`` than 0."""
        done = self.run(self.folder / "bin" / "hexviz", *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stderr if code else done.stdout

    @contextmanager
    def viewing(self, file: Path) -> Iterator[str]:
        """The address of a page that shows a file."""
        command = [self.folder / "bin" / "hexviz", "view", file, "--port", "0", "--no-browser"]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self._variables(),
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert "http://" in line, finished(process)
            yield next(word for word in line.split() if word.startswith("http://"))
        finally:
            process.terminate()
            finished(process)

    def _variables(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        path = os.pathsep.join([str(self.folder / "bin"), kept.get("PATH", "")])
        return kept | {"PATH": path, "XDG_CACHE_HOME": str(self.folder / "cache")}
