"""The inspector's content for what is selected: an op, a module, a value, an edge, or nothing."""

from hexviz.app.panels.inspector.module import inspect_model, inspect_module
from hexviz.app.panels.inspector.op import inspect_op
from hexviz.app.panels.inspector.value import inspect_edge, inspect_value

__all__ = ["inspect_edge", "inspect_model", "inspect_module", "inspect_op", "inspect_value"]
