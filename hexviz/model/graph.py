"""The tagged graph: ops with modules and provenance, edges, values, and the file they came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import onnx

from hexviz.errors import UnknownOpError
from hexviz.model.cached import cached_property
from hexviz.model.columns import PRIMARY, TagColumns
from hexviz.model.flat import Edge, FlatGraph
from hexviz.model.flatten import flatten
from hexviz.model.function_calls import find_calls
from hexviz.model.gc_control import collector_paused
from hexviz.model.modules import Module, ModuleTree
from hexviz.model.near_names import near_names
from hexviz.model.node_tags import OpTags
from hexviz.model.op import CATEGORIES, ORIGINS, Call, Op, Provenance
from hexviz.model.op_sequence import OpSequence
from hexviz.model.other_keys import known_keys
from hexviz.model.reader import STORED_SPARSELY, WEIGHTS_LEFT_OUT, location_of
from hexviz.model.source_graph import SourceGraph, read_source_graph
from hexviz.model.subtree import OpColumns, Subtree, subtree
from hexviz.model.top_graph import TopGraph
from hexviz.model.types import Shape, declared_types, dtype_name, dtype_of, infer_types, shape_of
from hexviz.model.writer import Tagged, tagged, write
from hexviz.stages import Measured

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["TaggedGraph", "Value"]


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the graph as people see it: ``float32[batch, 16, 128]``.

    ``shape`` holds ints and symbol names (``"?"`` where neither is known);
    ``None`` if even the rank is unknown. ``kind`` is ``input`` (of the model,
    or of a body or function), ``initializer``, ``value`` (an op makes it) or
    ``missing`` (nothing does, so no runtime runs the model). ``left_out`` tells
    of an initializer that it was exported without its data (``weights=False``).
    """

    id: str
    name: str
    dtype: str | None
    shape: tuple[int | str, ...] | None
    kind: str
    left_out: bool = False

    def __str__(self) -> str:
        dims = "" if self.shape is None else f"[{', '.join(map(str, self.shape))}]"
        return f"{self.dtype or 'unknown type'}{dims}"


class TaggedGraph:
    """An ONNX graph in which every op has a module, and a reason for it.

    Instances are immutable; build them with :func:`hexviz.load` or
    :func:`hexviz.export`. ``ops`` is in execution order with the ops of
    If/Loop/Scan bodies before their owner; ``edges`` refer to positions in it. It makes an op
    when somebody looks: what asks about all of them works on ``columns``.
    ``measured`` says how long each stage of its making took, ``transferred_from``
    what is known of the graph that transferred tags came from.
    """

    _later: dict[str, Callable[[], Any]]

    def __init__(
        self,
        *,
        proto: onnx.ModelProto,
        flat: FlatGraph,
        ops: Sequence[Op],
        modules: ModuleTree,
        name: str = "",
        base_dir: Path | None = None,
        measured: Measured | None = None,
        transferred_from: SourceGraph | None = None,
    ) -> None:
        self._base_dir = base_dir
        self.proto = proto
        self.flat = flat
        self.ops = ops
        self.modules = modules
        self.name = name
        self.measured = measured or Measured()
        if transferred_from is not None:
            self.transferred_from = transferred_from

    @classmethod
    def of(cls, graph: TaggedGraph) -> Self:
        """The same graph as an instance of this class."""
        return cls._tagged(graph, graph.ops, graph.modules)

    def with_tags(
        self,
        ops: Sequence[Op],
        modules: ModuleTree,
        transferred_from: SourceGraph | None = None,
    ) -> Self:
        """The same graph with other tags, which may come from another graph."""
        graph = self._tagged(self, ops, modules)
        if transferred_from is not None:
            graph.transferred_from = transferred_from
        return graph

    @classmethod
    def _tagged(cls, graph: TaggedGraph, ops: Sequence[Op], modules: ModuleTree) -> Self:
        return cls(
            proto=graph.proto,
            flat=graph.flat,
            ops=ops,
            modules=modules,
            name=graph.name,
            base_dir=graph._base_dir,
            measured=graph.measured,
            **{name: vars(graph)[name] for name in ("transferred_from",) if name in vars(graph)},
        )

    @classmethod
    def later(
        cls,
        *,
        proto: Callable[[], onnx.ModelProto],
        ops: Callable[[], Sequence[Op]],
        modules: Callable[[], ModuleTree],
        name: str,
        base_dir: Path | None,
    ) -> Self:
        """A graph whose parts are made when somebody first asks for them."""
        graph = cls.__new__(cls)
        graph._base_dir = base_dir
        graph.name = name
        graph.measured = Measured()
        graph._later = {"proto": proto, "ops": ops, "modules": modules}
        return graph

    @cached_property
    def proto(self) -> onnx.ModelProto:
        """The model as it was read, without the tags; not to be changed."""
        found: onnx.ModelProto = self._made("proto")
        return found

    @cached_property
    def transferred_from(self) -> SourceGraph | None:
        """The graph that tags came from, as the file says unless they were transferred just now."""
        return read_source_graph(self.proto.metadata_props)

    @cached_property
    def flat(self) -> FlatGraph:
        """All ops as the file tells of them, and the values between them."""
        with collector_paused():
            return flatten(self.proto)

    @cached_property
    def ops(self) -> Sequence[Op]:
        """All ops with their modules."""
        with collector_paused():
            found: Sequence[Op] = self._made("ops")
            return found

    @cached_property
    def modules(self) -> ModuleTree:
        """The module tree."""
        with collector_paused():
            found: ModuleTree = self._made("modules")
            return found

    def _made(self, part: str) -> Any:
        made = self._later[part]()
        self._later[part] = lambda: made  # what made it may hold the bytes of the whole file
        return made

    @property
    def base_dir(self) -> Path | None:
        """The folder that the file's external data is in."""
        return self._base_dir

    @property
    def timings(self) -> Mapping[str, float]:
        """Stage → seconds, in order."""
        return self.measured.timings

    @property
    def edges(self) -> Sequence[Edge]:
        """Every value that goes from one op to another, by position."""
        return self.flat.edges

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """Op id → position in ``ops``."""
        return MappingProxyType({op_id: at for at, op_id in enumerate(self.ids)})

    @property
    def ids(self) -> Sequence[str]:
        """The ids of all ops, by position."""
        return self.ops.ids if isinstance(self.ops, OpSequence) else [op.id for op in self.ops]

    @cached_property
    def columns(self) -> TagColumns:
        """Where all ops belong, in columns."""
        return self.ops.columns if isinstance(self.ops, OpSequence) else self._columns_of_ops()

    def _columns_of_ops(self) -> TagColumns:
        """The columns of ops that were given one by one."""
        ops, numbers = self.ops, self.modules.numbers
        categories = {kind: at for at, kind in enumerate(CATEGORIES)}
        calls: dict[Call, int] = {}
        return TagColumns(
            paths=self.modules.columns.fqns,
            modules=np.array([numbers[op.module] for op in ops], np.int64),
            contexts=np.array(
                [-1 if op.context is None else numbers[op.context.module] for op in ops], np.int64
            ),
            origins=np.array([ORIGINS.index(op.provenance.origin) for op in ops], np.int64),
            categories=np.array(
                [PRIMARY if not op.auxiliary else categories[op.auxiliary] for op in ops], np.int64
            ),
            calls=np.array(
                [-1 if not op.call else calls.setdefault(op.call, len(calls)) for op in ops],
                np.int64,
            ),
            known_calls=tuple(calls),
        )

    @cached_property
    def top(self) -> TopGraph:
        """What each node of the top graph reads and makes, by name."""
        return TopGraph.of(self.flat, self.proto.graph)

    def subtree(self, module: Module) -> Subtree:
        """What a module and everything below it are made of, in figures."""
        return subtree(module, self.modules, self._columns, self.flat, self.weights_left_out)

    @cached_property
    def _columns(self) -> OpColumns:
        return OpColumns.of(self.flat.columns.op_types, self.columns, self.modules)

    @cached_property
    def inputs(self) -> tuple[Value, ...]:
        """The model's inputs that are not initializers."""
        return tuple(
            self.value(value) for value in self.flat.inputs if value not in self.flat.weights
        )

    @cached_property
    def outputs(self) -> tuple[Value, ...]:
        """The model's outputs."""
        return tuple(self.value(value) for value in self.flat.outputs)

    def value(self, value_id: str) -> Value:
        """Type and shape of a value, by its id."""
        dtype, shape = self._type(value_id)
        if dtype is None and value_id in self.passed:
            dtype, shape = self._type_passed(self.passed[value_id])
        if value_id in self.flat.tensors:
            kind = "initializer"
        else:
            made = value_id in self.flat.makers
            kind = "value" if made else "input" if value_id in self.flat.given else "missing"
        return Value(
            id=value_id,
            name=self.flat.values[value_id],
            dtype=dtype,
            shape=shape,
            kind=kind,
            left_out=value_id in self.weights_left_out,
        )

    def _type(self, value_id: str) -> tuple[str | None, Shape | None]:
        """Type and shape of a value, as told, stored or inferred where it is."""
        declared = self.types.get(value_id)
        dtype, shape = dtype_of(declared), shape_of(declared)
        tensor = self.flat.tensors.get(value_id)
        if tensor is not None and declared is None:
            dtype, shape = dtype_name(tensor.data_type), tuple(tensor.dims)
        if dtype is None or shape is None:
            inferred = self.inferred.get(value_id)
            dtype, shape = dtype or dtype_of(inferred), shape or shape_of(inferred)
        return dtype, shape

    def _type_passed(self, values: Iterable[str]) -> tuple[str | None, Shape | None]:
        """Type and shape of what all calls of a function pass for one of its inputs."""
        found = {self._type(value) for value in values if value}
        if len(found) == 1:
            return found.pop()
        dtypes = {dtype for dtype, _ in found}
        return (dtypes.pop() if len(dtypes) == 1 else None), None

    @cached_property
    def passed(self) -> Mapping[str, tuple[str, ...]]:
        """Value id of a function's input → those of the values that its calls pass for it."""
        return find_calls(self.flat).passed

    @cached_property
    def types(self) -> Mapping[str, onnx.TypeProto]:
        """Value id → type, for the values of whose type the file tells."""
        return declared_types(self.flat)

    @cached_property
    def weights_left_out(self) -> frozenset[str]:
        """The value ids of weights that were exported without their data."""
        return frozenset(
            one
            for one, tensor in self.flat.tensors.items()
            if location_of(tensor) == WEIGHTS_LEFT_OUT
        )

    @cached_property
    def has_external_data(self) -> bool:
        """Whether weights lie in other files than the model itself."""
        own = (None, WEIGHTS_LEFT_OUT, STORED_SPARSELY)
        return any(location_of(one) not in own for one in self.flat.tensors.values())

    @cached_property
    def inferred(self) -> Mapping[str, onnx.TypeProto]:
        """Types that the file leaves out; asked for when somebody looks, not on opening."""
        return infer_types(self.proto, self.flat.run_order)

    def op(self, op_id: str) -> Op:
        """The op with this id.

        Raises:
            UnknownOpError: if there is none; the message names near ids.
        """
        at = self.positions.get(op_id)
        if at is None:
            near = near_names(op_id, self.positions)
            hint = f"; near ones: {', '.join(near)}" if near else ""
            if self.ops and not near:
                hint = f": an id is the first value that an op makes, as {self.ops[0].id!r} is"
            raise UnknownOpError(f"No op has the id {op_id!r}{hint}.")
        return self.ops[at]

    def explain(self, op_id: str) -> Provenance:
        """How the op got its module.

        Raises:
            UnknownOpError: if there is no such op.
        """
        return self.op(op_id).provenance

    def to_networkx(self) -> nx.DiGraph[str]:
        """The graph as a ``networkx.DiGraph``.

        Node key = op id, with ``name``, ``op_type``, ``domain``, ``module``,
        ``tag``, ``origin``, ``rule``, ``confidence``, ``context`` (FQN or
        ``None``), ``auxiliary``, ``body``, ``call`` and ``call_target`` (the call it was made
        for and its function, or ``None``) as node attributes. An edge holds
        the names of the values it carries as ``values``.
        """
        import networkx as nx

        graph: nx.DiGraph[str] = nx.DiGraph(name=self.name)
        for op in self.ops:
            graph.add_node(
                op.id,
                name=op.name,
                op_type=op.op_type,
                domain=op.domain,
                module=op.module,
                tag=op.tag,
                origin=op.provenance.origin,
                rule=op.provenance.rule,
                confidence=op.provenance.confidence,
                context=op.context.module if op.context else None,
                auxiliary=op.auxiliary,
                body=op.body,
                call=op.call.name if op.call else None,
                call_target=op.call.target if op.call else None,
            )
        carried: dict[tuple[int, int], list[str]] = {}
        for edge in self.edges:
            carried.setdefault((edge.source, edge.target), []).append(edge.value)
        for (one, other), values in carried.items():
            graph.add_edge(self.ops[one].id, self.ops[other].id, values=tuple(values))
        return graph

    def to_bytes(self, *, also: Iterable[str] = ()) -> bytes:
        """The model with its tags, as :meth:`save` writes it.

        Raises:
            WriteError: if one ONNX file cannot hold it, or there is no such key.
        """
        return b"".join(self._with_tags(self.name, also).chunks)

    def save(self, path: str | Path, *, also: Iterable[str] = ()) -> None:
        """Write the model with its tags in the metadata; topology, names and weights untouched.

        ``also`` are keys of other tools under which modules are written as well, instead of
        what the nodes have there: ``layer_ann`` (ONNX Runtime, Olive) and ``winml.hierarchy.tag``.

        The file appears whole or not at all. External data that lies beside
        the original is copied when the target is another folder.

        Raises:
            WriteError: if the file cannot be written (an old one is kept), or there is no such key.
        """
        write(self.proto, self._with_tags(str(path), also), Path(path), self._base_dir)

    def _with_tags(self, name: str, also: Iterable[str] = ()) -> Tagged:
        """The bytes of the model with its tags; ``name`` is what an error calls it."""
        with collector_paused():
            flat = self.flat if isinstance(self.ops, OpSequence) else None
            tags = OpTags.of(self.ops, flat)
            return tagged(
                self.proto,
                tags,
                self.modules,
                self.transferred_from,
                name=name,
                also=known_keys(also),
            )
