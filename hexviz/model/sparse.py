"""Weights that a file stores sparsely, seen as weights whose data is elsewhere.

onnx-ir has no type for them, and what they hold is not looked at; that they
are there, and of which type and shape, tells of the ops that use them.
"""

from __future__ import annotations

import onnx

__all__ = ["STORED_SPARSELY", "stand_in"]

STORED_SPARSELY = "hexviz-sparse-weight"
"""Location of the stand-in for a weight that the file stores sparsely."""


def stand_in(sparse: onnx.SparseTensorProto) -> onnx.TensorProto:
    """A dense tensor of the same name, type and shape without data."""
    dense = onnx.TensorProto(
        name=sparse.values.name,
        dims=sparse.dims,
        data_type=sparse.values.data_type,
        data_location=onnx.TensorProto.EXTERNAL,
    )
    dense.external_data.add(key="location", value=STORED_SPARSELY)
    return dense
