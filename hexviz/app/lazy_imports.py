"""What the page does without at its start: parts of other packages that it never uses.

Dash's component packages define a class for each of several hundred components, of
which the page has some twenty. Nothing is lost: what is left out is imported when
something asks for it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

__all__ = ["import_only_what_is_used"]

_LISTINGS = frozenset({
    "dash.dash_table._imports_",
    "dash.dcc._imports_",
    "dash.html._imports_",
    "dash_mantine_components._imports_",
})  # fmt: skip
"""The modules from which such a package takes all its components: ``from .Div import Div``, …"""


def import_only_what_is_used() -> None:
    """Put off what is named above for the rest of the process; a library must not do that."""
    sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, _OnDemand()) if fullname in _LISTINGS else None


class _OnDemand(Loader):
    """Lists no components, and lets the package import each when it is asked for it."""

    def exec_module(self, module: ModuleType) -> None:
        module.__all__ = []  # type: ignore[attr-defined]
        package = sys.modules[module.__name__.rpartition(".")[0]]
        importing = threading.RLock()

        def component(name: str) -> Any:
            with importing:
                if name not in vars(package):
                    setattr(package, name, _component(package.__name__, name))
                return vars(package)[name]

        package.__getattr__ = component  # type: ignore[method-assign]


def _component(package: str, name: str) -> Any:
    spec = find_spec(f"{package}.{name}") if name[:1].isupper() else None
    if spec is None or spec.loader is None:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    # A plain import would for a moment show other threads the module ``Div``, in
    # the package, where they look for the class ``Div``.
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return getattr(module, name)
