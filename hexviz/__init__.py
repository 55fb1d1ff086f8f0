"""hexviz: which PyTorch module each op of an ONNX graph belongs to, and how that is known."""

from hexviz.api import export
from hexviz.errors import HexvizError
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import Module, ModuleTree
from hexviz.model.op import Candidate, Context, Op, Provenance
from hexviz.tagging.tag import load

__all__ = [
    "Candidate",
    "Context",
    "HexvizError",
    "Module",
    "ModuleTree",
    "Op",
    "Provenance",
    "TaggedGraph",
    "export",
    "load",
]
