"""Exports that several tests look at: each is made once, and kept on disk for the next run.

Kept by the digest of the code that makes them and of the versions of the packages that do, in
``.pytest_cache``; processes side by side wait for each other and make none twice. Tests of the
exporters themselves make their own.
"""

from __future__ import annotations

import copyreg
import fcntl
import functools
import hashlib
import pickle
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hexviz.exporters.interface import Exported

__all__ = ["FLOOR_MODELS", "export_once", "kept_export"]

FLOOR_MODELS = ("distilbert", "vit", "whisper-encoder", "u-net")
"""Models of the benchmarks that are quick to export; no rule was tuned on them, except on vit."""

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".pytest_cache" / "exports"
CODE = (
    *("hexviz/errors.py", "hexviz/stages.py", "hexviz/model", "hexviz/tagging", "hexviz/exporters"),
    *("sample_models", "benchmarks/models.py", "benchmarks/architectures.py"),
    "benchmarks/more_architectures.py",
    *("benchmarks/idioms.py", "tests/exports.py"),
)
"""What decides how an export looks, besides the packages."""
PACKAGES = ("torch", "transformers", "onnx", "onnx-ir", "onnxscript", "onnxruntime", "numpy")
LARGEST = 150_000_000  # bytes of an export that is kept; larger ones would fill the disk


def _unchangeable(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


def _reduced(mapping: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    return _unchangeable, (dict(mapping),)


copyreg.pickle(MappingProxyType, _reduced)  # which pickle itself does not know


@functools.cache
def export_once(
    name: str, exporter: str, optimize: bool = False, *, weights: bool = True
) -> Exported:
    """A sample, or a model of the benchmarks, exported as it is or with its weights left out."""
    key = f"{name}-{exporter}{'-optimised' * optimize}{'-bare' * (not weights)}"
    return kept_export(key, lambda: _export(name, exporter, optimize, weights))


def _export(name: str, exporter: str, optimize: bool, weights: bool) -> Exported:
    from benchmarks.models import MODELS, build
    from hexviz.exporters.export import export_model
    from hexviz.exporters.model_source import open_source

    source = (
        open_source(name, weights=weights) if not weights or name not in MODELS else build(name)
    )
    return export_model(
        source.model,
        source.args,
        source.kwargs,
        exporter=exporter,
        optimize=optimize,
        weights=weights,
        name=name,
    )


def kept_export(key: str, make: Callable[[], Exported], folder: Path = FOLDER) -> Exported:
    """What was kept under a key by this very code, or made now and kept."""
    path = folder / code_digest() / f"{key.replace(' ', '-')}.pickle"
    with _alone(path):
        if path.exists():
            found: Exported = pickle.loads(path.read_bytes())  # noqa: S301 - our own, of this machine
            return found
        made = make()
        content = pickle.dumps(made)
        if len(content) <= LARGEST:
            part = path.with_suffix(".part")
            part.write_bytes(content)
            part.replace(path)
        return made


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@functools.cache
def code_digest(root: Path = ROOT) -> str:
    """Of the code and packages that make exports; what was kept by others goes."""
    told = hashlib.sha256(platform.python_version().encode())
    for package in PACKAGES:
        told.update(f"{package} {version(package)}\n".encode())
    for part in CODE:
        path = root / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            told.update(file.read_bytes())
    return told.hexdigest()[:16]


def forget_others(folder: Path = FOLDER) -> None:
    """Delete what other code has kept."""
    for kept in folder.glob("*"):
        if kept.name != code_digest():
            shutil.rmtree(kept, ignore_errors=True)
