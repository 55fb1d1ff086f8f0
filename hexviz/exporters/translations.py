"""Whether an exporter has a translation for an op of PyTorch."""

from __future__ import annotations

import torch
from torch.onnx._internal.exporter._registration import ONNXRegistry
from torch.onnx._internal.torchscript_exporter.registration import registry

__all__ = ["translated_by"]

_NEWEST = 23  # opsets that the TorchScript exporter was ever registered for


def translated_by(exporter: str, op: str) -> bool:
    """Whether ``exporter`` translates an op of PyTorch, given as ``aten.diff``.

    What the dynamo exporter takes apart before it translates counts by its
    own; an op that PyTorch composes of others is taken apart.
    """
    namespace, _, name = op.partition(".")
    if exporter == "torchscript":
        known = registry.get_function_group(f"{namespace}::{name}")
        return known is not None and any(known.get(opset) for opset in range(7, _NEWEST))
    packet = getattr(getattr(torch.ops, namespace, None), name, None)
    if not isinstance(packet, torch._ops.OpOverloadPacket):
        return False
    names = packet.overloads()  # type: ignore[no-untyped-call]
    overloads = [getattr(packet, overload) for overload in names]
    functions = ONNXRegistry.from_torchlib()
    return any(functions.is_registered(one) or one._can_decompose() for one in overloads)
