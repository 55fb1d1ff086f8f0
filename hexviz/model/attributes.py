"""What an attribute of a node holds, where that is numbers or text."""

from __future__ import annotations

import onnx

__all__ = ["Plain", "name_of", "plain_value"]

Plain = int | float | str | bytes | tuple[int | float | str | bytes, ...]


def plain_value(attribute: onnx.AttributeProto) -> Plain | None:
    """Numbers or text; ``None`` for tensors, bodies and types, and what the caller fills in.

    Text that is not UTF-8 stays bytes.
    """
    if attribute.ref_attr_name:
        return None
    match attribute.type:
        case onnx.AttributeProto.INT:
            return int(attribute.i)
        case onnx.AttributeProto.FLOAT:
            return float(attribute.f)
        case onnx.AttributeProto.STRING:
            return _text(attribute.s)
        case onnx.AttributeProto.INTS:
            return tuple(attribute.ints)
        case onnx.AttributeProto.FLOATS:
            return tuple(attribute.floats)
        case onnx.AttributeProto.STRINGS:
            return tuple(map(_text, attribute.strings))
    return None


def name_of(attribute: onnx.AttributeProto) -> str:
    """The name of an attribute; what is not UTF-8 in it becomes ``�``."""
    name: str | bytes = attribute.name  # protobuf gives the bytes of what is not UTF-8
    return name if isinstance(name, str) else name.decode(errors="replace")


def _text(content: bytes) -> str | bytes:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content
