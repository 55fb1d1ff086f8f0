"""The browser's types of ``hexviz/app/protocol.py``: ``make protocol-types`` writes them.

Requests may leave out what has a default, answers only what is ``UNSET``.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import NODEFAULT, inspect

from hexviz.app.protocol import EventAnswer, EventRequest, PanelAnswer, PanelRequest, Watched

__all__ = ["WRITTEN", "declarations"]

WRITTEN = Path(__file__).parents[2] / "assets" / "protocol.d.ts"

_HEAD = """\
// Written by `make protocol-types` from hexviz/app/protocol.py, which says what each of these is.
"""
_PLAIN: dict[type[inspect.Type], str] = {
    inspect.AnyType: "any",
    inspect.NoneType: "null",
    inspect.BoolType: "boolean",
    inspect.IntType: "number",
    inspect.FloatType: "number",
    inspect.StrType: "string",
}


def declarations() -> str:
    """All of ``protocol.d.ts``."""
    written: dict[str, str] = {}
    for kind in (EventAnswer, PanelAnswer, Watched):
        _expression(inspect.type_info(kind), written, is_answer=True)
    for kind in (EventRequest, PanelRequest):
        _expression(inspect.type_info(kind), written, is_answer=False)
    return "\n".join([_HEAD, *(written[name] for name in sorted(written))])


def _expression(kind: inspect.Type, written: dict[str, str], *, is_answer: bool) -> str:
    """What a type is called in TypeScript; structures on the way are added to ``written``."""

    def inner(one: inspect.Type) -> str:
        return _expression(one, written, is_answer=is_answer)

    match kind:
        case inspect.Metadata(type=one):
            return inner(one)
        case inspect.LiteralType(values=values):
            return " | ".join(f'"{one}"' if isinstance(one, str) else str(one) for one in values)
        case inspect.UnionType(types=types):
            return " | ".join(inner(one) for one in types)
        case inspect.TupleType(item_types=items):
            return f"[{', '.join(inner(one) for one in items)}]"
        case inspect.ListType(item_type=one) | inspect.VarTupleType(item_type=one):
            return f"Array<{inner(one)}>"
        case inspect.SetType(item_type=one) | inspect.FrozenSetType(item_type=one):
            return f"Array<{inner(one)}>"
        case inspect.DictType(value_type=one):
            return f"Record<string, {inner(one)}>"
        case inspect.StructType() | inspect.DataclassType():
            return _named(kind, written, is_answer=is_answer)
    return _PLAIN[type(kind)]


def _named(
    kind: inspect.StructType | inspect.DataclassType, written: dict[str, str], *, is_answer: bool
) -> str:
    """The name of a structure, which is declared on the way."""
    name = kind.cls.__name__
    if name in written:
        return name
    written[name] = ""  # so that one that holds itself ends
    lines = []
    if isinstance(kind, inspect.StructType) and kind.tag is not None:
        lines.append(f'  {kind.tag_field}: "{kind.tag}";')
    for field in kind.fields:
        is_optional = _may_be_unset(field) if is_answer else not field.required
        mark = "?" if is_optional else ""
        value = _expression(field.type, written, is_answer=is_answer)
        lines.append(f"  {field.encode_name}{mark}: {value};")
    written[name] = "\n".join([f"export interface {name} {{", *lines, "}", ""])
    return name


def _may_be_unset(field: inspect.Field) -> bool:
    """Whether a field is UNSET unless it is given, which msgspec tells as no default at all."""
    return not field.required and field.default is field.default_factory is NODEFAULT


if __name__ == "__main__":
    WRITTEN.write_text(declarations())
