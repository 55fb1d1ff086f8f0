"""What ONNX's checker says of a part, less what it says of the whole file already.

The checker knows the ops of the standard; a runtime knows more of them, or
takes them under another version. So a file can run that the checker refuses,
and the parts of it as well. It stops at its first error, so its words on whole
and part cannot be compared as they are. What it says of single nodes, values
and weights of the *whole* is set aside in a stand-in of each, and the rest is
checked as ever::

    whole   SimplifiedLayerNorm ✗   MatMul   Relu
    part    SimplifiedLayerNorm −   MatMul ✗             MatMul's fault is the part's own

What is set aside counts only where the part has the very node of the whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableSequence
from dataclasses import dataclass, field

import onnx
import onnx.checker
import onnx.shape_inference
from google.protobuf.message import DecodeError, EncodeError

from hexviz.errors import ExtractionError
from hexviz.extraction.runtime import one_line, output_types
from hexviz.model.bodies import all_graphs, named_functions, walk, walk_bodies
from hexviz.model.function_calls import root_body
from hexviz.model.types import open_negative_sizes

__all__ = ["Verdict", "against_whole"]

_UNKNOWN = "hexviz.unknown"
"""A domain that the checker knows nothing of, so that it leaves its ops alone."""

_ROUNDS = 8  # of inference; each sets aside what the one before found
_SMALL = 1 << 16  # bytes of a weight that shapes may be computed from

_REFUSED = (onnx.checker.ValidationError, onnx.shape_inference.InferenceError)
_GIVEN_UP = (ValueError, TypeError, RuntimeError, DecodeError, EncodeError)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``fault`` is what is wrong with the part itself; ``unjudged`` what was set aside."""

    fault: str | None
    unjudged: tuple[str, ...]


@dataclass
class _Known:
    """What the checker says of single pieces of the whole, each by its bytes."""

    nodes: dict[bytes, str] = field(default_factory=dict)
    values: dict[bytes, str] = field(default_factory=dict)
    tensors: dict[bytes, str] = field(default_factory=dict)


def against_whole(part: onnx.ModelProto, whole: onnx.ModelProto) -> Verdict:
    """The checker's verdict on a part that it refuses, compared with that on the whole.

    Both are given without data in other files.
    """
    try:
        known = _known(whole, part)
        mine, unjudged, shapeless = _stand_in(part, whole, known)
        fault = _structure(mine)
        _forget_shapes(shapeless)
        if fault is None:
            fault, more = _inference(mine, part, lambda: (_all_of(whole, known), whole))
            unjudged.update(more)
    except _GIVEN_UP:
        return Verdict("It is too large or too deeply nested for ONNX's checker.", ())
    return Verdict(fault, tuple(_counted(unjudged)))


def _cut_out(stand_in: onnx.ModelProto, proto: onnx.ModelProto) -> None:
    """Take ops that the checker does not know out of a stand-in; what they make is given instead.

    One of them makes strict inference keep all that it finds to itself. Types come from the file,
    else from the runtime, which knows the op; where it does not, the op stays.
    """
    graph = stand_in.graph
    noted = {value.name: value.type for value in (*graph.value_info, *graph.output)}
    unknown = [at for at, node in enumerate(graph.node) if node.domain == _UNKNOWN]
    wanted = [
        name for at in unknown for name in graph.node[at].output if name and name not in noted
    ]
    try:
        types = output_types(_copy(proto), wanted) if wanted else {}
    except ExtractionError:
        types = {}
    made = onnx.helper.make_tensor_type_proto
    noted |= {name: made(kind, shape) for name, (kind, shape) in types.items()}
    for at in reversed(unknown):
        names = [name for name in graph.node[at].output if name]
        if all(name in noted for name in names):
            graph.input.extend(onnx.helper.make_value_info(name, noted[name]) for name in names)
            del graph.node[at]


def _known(whole: onnx.ModelProto, part: onnx.ModelProto) -> _Known:
    """What the checker refuses of the whole, piece by piece, as far as the part has it too."""
    known = _Known()
    makes = {_made(node) for _, nodes in _imports(part) for node in walk(nodes)}
    for imports, nodes in _imports(whole):
        judged: dict[bytes, str | None] = {}
        context = _context(whole, imports)
        for node in walk(nodes):
            if _made(node) not in makes:
                continue
            shape = _without_bodies(node)
            key = shape.SerializeToString(deterministic=True)
            if key not in judged:
                judged[key] = _refusal(onnx.checker.check_node, shape, context)
            said = judged[key]
            if said is not None:
                known.nodes[_bare(node)] = said
    context = _context(whole, _versions(whole.opset_import))
    names = {one.name for graph in _graphs(part) for one in _values(graph)}
    stored = {one.name for graph in _graphs(part) for one in graph.initializer}
    for graph in _graphs(whole):
        for value in _values(graph):
            if value.name in names:
                said = _refusal(onnx.checker.check_value_info, value, context)
                if said is not None:
                    known.values[value.SerializeToString(deterministic=True)] = said
        for tensor in graph.initializer:
            if tensor.name in stored:
                said = _refusal(onnx.checker.check_tensor, tensor, context)
                if said is not None:
                    known.tensors[tensor.SerializeToString(deterministic=True)] = said
    return known


def _made(node: onnx.NodeProto) -> str:
    return next(filter(None, node.output), node.name)


def _spelled(path: str, node: onnx.NodeProto) -> str:
    return f"{path}/{_made(node)}" if path else _made(node)


def _values(graph: onnx.GraphProto) -> Iterator[onnx.ValueInfoProto]:
    yield from graph.input
    yield from graph.output
    yield from graph.value_info


def _stand_in(
    proto: onnx.ModelProto, whole: onnx.ModelProto, known: _Known
) -> tuple[onnx.ModelProto, Counter[str], list[onnx.ValueInfoProto]]:
    """A copy in which what is wrong with pieces of the whole is set aside, and a word on each.

    Each node is named by the value it makes, so that messages about it can be told apart. The
    inputs and outputs that come third have a made-up shape, for a checker that wants one.
    """
    unjudged: Counter[str] = Counter()
    shapeless: list[onnx.ValueInfoProto] = []
    copy = _copy(proto)
    if proto.ir_version == whole.ir_version:
        copy.ir_version = onnx.IR_VERSION
    of_functions = {path: function.opset_import for path, function in named_functions(copy)}
    for path, body in walk_bodies(copy, lambda path, _, node: _spelled(path, node)):
        imports = of_functions.get(root_body(path), copy.opset_import)
        domains = {one.domain for one in imports}
        for node in body.node:
            said = known.nodes.get(_bare(node)) if known.nodes else None
            node.name = _spelled(path, node)
            if said is None:
                continue
            if node.domain == "ai.onnx" and "" in domains:
                node.domain = ""  # another name for it, which the checker does not know
                shape = _without_bodies(node)
                context = _context(copy, _versions(imports))
                if _refusal(onnx.checker.check_node, shape, context) is None:
                    continue
            unjudged[f"{node.op_type}: {said}"] += 1
            node.domain = _UNKNOWN
            if _UNKNOWN not in domains:
                imports.add(domain=_UNKNOWN, version=1)
                domains.add(_UNKNOWN)
    for graph in _graphs(copy):
        graph.name = graph.name or "graph"
        for value in _values(graph):
            open_negative_sizes(value.type)
        shapeless += _set_values_aside(graph, known, unjudged)
        _set_tensors_aside(graph, known, unjudged)
    return copy, unjudged, shapeless


def _all_of(whole: onnx.ModelProto, known: _Known) -> onnx.ModelProto:
    """The stand-in of the whole, for inference."""
    stand_in, _, shapeless = _stand_in(whole, whole, known)
    _forget_shapes(shapeless)
    return stand_in


def _forget_shapes(values: Iterable[onnx.ValueInfoProto]) -> None:
    """Inference takes values without a shape, and would hold a made-up one against the true one."""
    for value in values:
        value.type.tensor_type.ClearField("shape")


def _set_values_aside(
    graph: onnx.GraphProto, known: _Known, unjudged: Counter[str]
) -> Iterator[onnx.ValueInfoProto]:
    if not known.values:
        return
    for at in reversed(range(len(graph.value_info))):
        if graph.value_info[at].SerializeToString(deterministic=True) in known.values:
            del graph.value_info[at]
    for value in (*graph.input, *graph.output):
        said = known.values.get(value.SerializeToString(deterministic=True))
        if said is not None:
            unjudged[f"{value.name}: {said}"] += 1
            kind = value.type.tensor_type
            kind.elem_type = kind.elem_type or onnx.TensorProto.FLOAT
            kind.shape.SetInParent()
            yield value


def _set_tensors_aside(graph: onnx.GraphProto, known: _Known, unjudged: Counter[str]) -> None:
    given = {value.name for value in graph.input}
    for at in reversed(range(len(graph.initializer))):
        tensor = graph.initializer[at]
        said = (
            known.tensors.get(tensor.SerializeToString(deterministic=True))
            if known.tensors
            else None
        )
        if said is not None:
            unjudged[f"{tensor.name}: {said}"] += 1
            if tensor.name not in given:
                graph.input.add().CopyFrom(
                    onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
                )
            del graph.initializer[at]


def _structure(proto: onnx.ModelProto) -> str | None:
    return _refusal(onnx.checker.check_model, proto)


def _inference(
    mine: onnx.ModelProto,
    part: onnx.ModelProto,
    of_whole: Callable[[], tuple[onnx.ModelProto, onnx.ModelProto]],
) -> tuple[str | None, Counter[str]]:
    """What strict inference says of a part and not of the whole; and what it says of both.

    Each comes as its stand-in and as it is.
    """
    unjudged: Counter[str] = Counter()
    shared: dict[tuple[str, str], str] | None = None
    for found in _rounds(mine, part):
        if shared is None:
            shared = {key: text for one in _rounds(*of_whole()) for key, text in one.items()}
        for key, text in found.items():
            if key not in shared:
                return text, unjudged
            unjudged[text] += 1
    return None, unjudged


def _rounds(
    stand_in: onnx.ModelProto, proto: onnx.ModelProto
) -> Iterator[dict[tuple[str, str], str]]:
    """All that strict inference finds: some errors end it at once, and hide those behind them."""
    for _ in range(_ROUNDS):
        _cut_out(stand_in, proto)
        found = _errors(stand_in)
        if not found:
            return
        yield found
        if not _silence(stand_in, {name for name, _ in found}):
            return


_ERROR = re.compile(r"\(op_type:([^,]*), node name: (.*?)\): ((?:(?!\(op_type:).)*)", re.DOTALL)


def _errors(proto: onnx.ModelProto) -> dict[tuple[str, str], str]:
    """(Name of a node, what is wrong with it, without numbers) → the same in one line."""
    try:
        onnx.shape_inference.infer_shapes(proto, check_type=True, strict_mode=True)
    except _REFUSED as error:
        found = {}
        for op_type, name, said in _ERROR.findall(str(error)):
            text = " ".join(re.sub(r"\[\w+Error\]|Inference error\(s\):", "", said).split())
            if text:  # an op that only holds the body with the error has none of its own
                found[name, re.sub(r"\d+", "", text)] = f"{op_type} {name}: {text}"
        return found or {("", one_line(error)): one_line(error)}
    return {}


def _silence(proto: onnx.ModelProto, names: set[str]) -> bool:
    """Make inference leave nodes alone; whether there was one of them."""
    found = False
    lists = [(proto.opset_import, proto.graph.node)]
    lists += [(function.opset_import, function.node) for function in proto.functions]
    for imports, nodes in lists:
        for node in walk(nodes):
            if node.name in names and node.domain != _UNKNOWN:
                node.domain = _UNKNOWN
                found = True
        if found and all(one.domain != _UNKNOWN for one in imports):
            imports.add(domain=_UNKNOWN, version=1)
    return found


def _copy(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A copy without large weights, which are inputs instead: of one type and shape."""
    copy = onnx.ModelProto(ir_version=proto.ir_version)
    copy.opset_import.extend(proto.opset_import)
    copy.functions.extend(proto.functions)
    graph = copy.graph
    graph.name = proto.graph.name
    graph.node.extend(proto.graph.node)
    graph.input.extend(proto.graph.input)
    graph.output.extend(proto.graph.output)
    graph.value_info.extend(proto.graph.value_info)
    graph.sparse_initializer.extend(proto.graph.sparse_initializer)
    given = {value.name for value in graph.input}
    for tensor in proto.graph.initializer:
        if tensor.ByteSize() <= _SMALL:
            graph.initializer.append(tensor)
        elif tensor.name not in given:
            graph.input.add().CopyFrom(
                onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            )
    return copy


def _imports(
    proto: onnx.ModelProto,
) -> Iterator[tuple[dict[str, int], MutableSequence[onnx.NodeProto]]]:
    """The node lists of the graph and of each function, with their versions of domains."""
    yield _versions(proto.opset_import), proto.graph.node
    for function in proto.functions:
        yield _versions(function.opset_import), function.node


def _versions(imports: MutableSequence[onnx.OperatorSetIdProto]) -> dict[str, int]:
    return {one.domain: one.version for one in imports}


def _context(proto: onnx.ModelProto, imports: Mapping[str, int]) -> onnx.checker.C.CheckerContext:
    context = onnx.checker.C.CheckerContext()
    context.ir_version = min(proto.ir_version, onnx.IR_VERSION)
    context.opset_imports = dict(imports)
    return context


def _graphs(proto: onnx.ModelProto) -> Iterator[onnx.GraphProto]:
    """The graph of a model and all bodies, those in functions too."""
    return (graph for graph in all_graphs(proto) if isinstance(graph, onnx.GraphProto))


def _without_bodies(node: onnx.NodeProto) -> onnx.NodeProto:
    """What the checker looks at in a node itself: neither its bodies nor how things are called."""
    shape = onnx.NodeProto(op_type=node.op_type, domain=node.domain, overload=node.overload)
    shape.input.extend("x" if name else "" for name in node.input)
    shape.output.extend(f"y{at}" if name else "" for at, name in enumerate(node.output))
    for attribute in node.attribute:
        if attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS):
            copy = shape.attribute.add(name=attribute.name, type=attribute.type)
            copy.ref_attr_name = attribute.ref_attr_name
            if attribute.HasField("g"):
                copy.g.name = "body"
            for _ in attribute.graphs:
                copy.graphs.add(name="body")
        else:
            shape.attribute.add().CopyFrom(attribute)
    return shape


def _bare(node: onnx.NodeProto) -> bytes:
    """The bytes of a node but for its name, metadata and what is in its bodies."""
    shape = _without_bodies(node)
    del shape.input[:]
    del shape.output[:]
    shape.input.extend(node.input)
    shape.output.extend(node.output)
    content: bytes = shape.SerializeToString(deterministic=True)
    return content


def _refusal(check: Callable[..., None], *arguments: object) -> str | None:
    """What a check says, in one line."""
    try:
        check(*arguments)
    except _REFUSED as error:
        return one_line(error)
    return None


def _counted(unjudged: Counter[str]) -> Iterator[str]:
    for text, count in unjudged.items():
        yield text if count == 1 else f"{text} ({count:,} times)"
