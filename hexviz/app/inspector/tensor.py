"""Tensors, as the inspector shows them."""

from __future__ import annotations

import onnx_ir as ir

__all__ = ["shown_tensor"]

_FEW = 16  # elements of a tensor that are shown


def shown_tensor(tensor: ir.TensorProtocol) -> str:
    """A tensor's type, and its elements if they are few and lie in the file itself."""
    try:
        kind = f"{tensor.dtype.name.lower()}{list(tensor.shape)}"
        if isinstance(tensor, ir.ExternalTensor) or tensor.size > _FEW:
            return kind
        return f"{kind} = {tensor.numpy().tolist()}"
    except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError) as error:
        # What onnx-ir raises on a tensor with a wrong size, an unknown type or no data at
        # all. A damaged constant is a thing to see, not to fail on.
        return f"unreadable ({str(error).partition(chr(10))[0]})"
