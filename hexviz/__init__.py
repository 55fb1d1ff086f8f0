"""hexviz: which PyTorch module each op of an ONNX graph belongs to, and how that is known."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hexviz.api import TaggedGraph, export, inspect, load, show, transfer
    from hexviz.errors import HexvizError
    from hexviz.exporters.inspection import InspectedModule
    from hexviz.extraction.part import Part
    from hexviz.extraction.verify import Verification
    from hexviz.matching.compare import compare
    from hexviz.matching.comparison import Comparison
    from hexviz.measure.costs.costs import Costs, costs
    from hexviz.measure.parity.parity import Parity, parity
    from hexviz.measure.profile.profile import profile
    from hexviz.measure.profile.result import Profile
    from hexviz.model.modules import Module, ModuleTree
    from hexviz.model.op import Candidate, Context, Op, Provenance
    from hexviz.tagging.finding import Finding

__all__ = [
    "Candidate",
    "Comparison",
    "Context",
    "Costs",
    "Finding",
    "HexvizError",
    "InspectedModule",
    "Module",
    "ModuleTree",
    "Op",
    "Parity",
    "Part",
    "Profile",
    "Provenance",
    "TaggedGraph",
    "Verification",
    "compare",
    "costs",
    "export",
    "inspect",
    "load",
    "parity",
    "profile",
    "show",
    "transfer",
]

_HOMES = {
    "Candidate": "model.op",
    "Comparison": "matching.comparison",
    "Context": "model.op",
    "Costs": "measure.costs.costs",
    "Finding": "tagging.finding",
    "HexvizError": "errors",
    "InspectedModule": "exporters.inspection",
    "Module": "model.modules",
    "ModuleTree": "model.modules",
    "Op": "model.op",
    "Parity": "measure.parity.parity",
    "Part": "extraction.part",
    "Profile": "measure.profile.result",
    "Provenance": "model.op",
    "TaggedGraph": "api",
    "Verification": "extraction.verify",
    "compare": "matching.compare",
    "costs": "measure.costs.costs",
    "export": "api",
    "inspect": "api",
    "load": "api",
    "parity": "measure.parity.parity",
    "profile": "measure.profile.profile",
    "show": "api",
    "transfer": "api",
}


def __getattr__(name: str) -> Any:
    # Every part of hexviz imports this file first: the command would pay half a
    # second for onnx before it could say what not to import, see hexviz/app/lazy_imports.py.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
