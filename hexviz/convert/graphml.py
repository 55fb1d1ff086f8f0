"""GraphML as every reader of it understands: flat, one node for each op, attributes with types.

It holds just what :meth:`TaggedGraph.to_networkx` has, so ``networkx.read_graphml`` gives that
graph back: the same keys, edges and attributes, except that one that is ``None`` is left out, and
that ``values`` of an edge is a list as JSON, as GraphML has no lists. Figures come besides.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal
from xml.sax.saxutils import escape, quoteattr

from hexviz.convert.nesting import carried_values
from hexviz.convert.options import Options, figures_of_ops
from hexviz.convert.text import Keys, encoded, legal
from hexviz.model.graph import TaggedGraph

__all__ = ["HEAD", "attribute", "data", "escaped", "key", "to_graphml"]

Type = Literal["string", "double"]

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"{more}'
    ' xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns {schema}">\n'
)
"""The beginning of a file, up to its keys."""

_SCHEMA = "http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd"
_NODE: dict[str, Type] = {
    "name": "string",
    "op_type": "string",
    "domain": "string",
    "module": "string",
    "tag": "string",
    "origin": "string",
    "rule": "string",
    "confidence": "double",
    "context": "string",
    "auxiliary": "string",
    "body": "string",
    "call": "string",
    "call_target": "string",
}


def to_graphml(graph: TaggedGraph, options: Options) -> Iterator[bytes]:
    """The file, some elements at a time."""
    figures = figures_of_ops(graph, options.measured)
    kinds: dict[str, Type] = {**_NODE, **dict.fromkeys(map(str, figures), "double")}
    ids = _ids(graph)
    head = [HEAD.format(more="", schema=_SCHEMA)]
    head += [key(name, "node", name, kind) for name, kind in kinds.items()]
    head.append(key("values", "edge", "values", "string"))
    head.append(f'<graph edgedefault="directed" id={attribute(graph.name or "model")}>\n')
    yield "".join(head).encode()

    def nodes() -> Iterator[str]:
        for at, (op, op_id) in enumerate(zip(graph.ops, ids, strict=True)):
            facts = {
                "name": op.name,
                "op_type": op.op_type,
                "domain": op.domain,
                "module": op.module,
                "tag": op.tag,
                "origin": op.provenance.origin,
                "rule": op.provenance.rule,
                "confidence": op.provenance.confidence,
                "context": op.context.module if op.context else None,
                "auxiliary": op.auxiliary,
                "body": op.body,
                "call": op.call.name if op.call else None,
                "call_target": op.call.target if op.call else None,
            }
            known = facts | {name: numbers.get(at) for name, numbers in figures.items()}
            told = "".join(map(data, known, known.values()))
            yield f"<node id={attribute(op_id)}>{told}</node>\n"

    def edges() -> Iterator[str]:
        for (one, other), values in carried_values(graph).items():
            ends = f"source={attribute(ids[one])} target={attribute(ids[other])}"
            text = json.dumps(list(map(legal, values)), ensure_ascii=False)
            yield f"<edge {ends}>{data('values', text)}</edge>\n"

    yield from encoded(nodes())
    yield from encoded(edges())
    yield b"</graph>\n</graphml>\n"


def _ids(graph: TaggedGraph) -> list[str]:
    """A key for each op: its id, unless XML cannot hold that."""
    keys = Keys()
    return [keys.new(op_id) for op_id in graph.ids]


def key(name: str, of: str, title: str, kind: Type) -> str:
    """The declaration of what nodes or edges have."""
    return (
        f"<key id={attribute(name)} for={attribute(of)} attr.name={attribute(title)}"
        f" attr.type={attribute(kind)}/>\n"
    )


def data(name: str, value: Any) -> str:
    """What an element has under a key; nothing of ``None``.

    >>> data("name", "a<b"), data("context", None)
    ('<data key="name">a&lt;b</data>', '')
    """
    if value is None:
        return ""
    text = repr(value) if isinstance(value, float) else escaped(str(value))
    return f"<data key={attribute(name)}>{text}</data>"


def escaped(text: str) -> str:
    """Text between tags; a carriage return would come back as a line feed (XML 1.0, 2.11)."""
    return escape(legal(text), {"\r": "&#13;"})


def attribute(text: str) -> str:
    """The value of an attribute, with its quotes."""
    return quoteattr(legal(text))
