"""The tags of a graph as bytes, so that a file that was opened before opens at once.

Packed is what tagging found out: the module tree, and of each op where it
belongs and why. The file itself is not: it is parsed again when somebody
asks for what only it can tell. Nothing is pickled; the bytes are numpy's
``.npz`` of plain arrays: 100,000 texts are one text with separators, tuples of
numbers are one array and their lengths, and what many ops share is a table and
a number for each.
"""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from hexviz.model.cached import cached_property
from hexviz.model.columns import TagColumns
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleColumns, ModuleTree
from hexviz.model.op import RELATIONS, RULES, Call, Candidate, Context, Provenance, Step
from hexviz.model.op_sequence import OpSequence, Provenances, Taken
from hexviz.model.reader import external_locations
from hexviz.tagging.reasons import fields_of
from hexviz.tagging.sharing import OpsOfModules
from hexviz.tagging.stored import RELATION_OF

__all__ = [
    "Packed",
    "coded",
    "pack",
    "ragged",
    "read_reason",
    "reason_record",
    "text",
    "to_ragged",
    "to_text",
]

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

_CODED = ("op_type", "domain", "body")


def reason_record(why: Provenance) -> list[Any]:
    """A provenance as a list that JSON can hold, without its module; see :func:`read_reason`."""
    return [
        why.rule,
        why.confidence,
        why.evidence,
        why.values,
        [(one.module, one.score, one.reason) for one in why.candidates],
        why.witnesses,
        why.shared_by,
        why.kind,
        [
            [RELATIONS[step.relation], *step.values] if step.values else RELATIONS[step.relation]
            for step in why.steps
        ],
        why.rebuilt,
    ]


def read_reason(module: str, record: Sequence[Any]) -> Provenance:
    """The provenance that such a list is of."""
    rule, confidence, evidence, values, rejected, witnesses, shared_by, kind, steps, rebuilt = (
        record
    )
    return Provenance(
        module,
        RULES[rule],
        rule,
        tuple(evidence),
        tuple(values),
        tuple([Candidate(*one) for one in rejected]),
        confidence,
        tuple(witnesses),
        tuple(shared_by),
        kind,
        tuple(map(_read_step, evidence, steps)),
        rebuilt,
    )


def _read_step(op: str, how: str | list[str]) -> Step:
    if isinstance(how, str):
        return Step(op, RELATION_OF[how])
    return Step(op, RELATION_OF[how[0]], tuple(how[1:]))


def pack(graph: TaggedGraph) -> bytes | None:
    """The tags of a graph; ``None`` if its names hold what cannot be packed (NUL characters)."""
    number = graph.modules.numbers
    try:
        arrays = {
            **_pack_modules(graph.modules.columns),
            **_pack_ops(graph, number),
            **_pack_reasons(graph, number),
            **_pack_contexts(graph, number),
            "locations": text(sorted(external_locations(graph.proto))),
        }
    except ValueError:
        return None
    result = io.BytesIO()
    np.savez(result, allow_pickle=False, **arrays)
    return result.getvalue()


def _pack_modules(modules: ModuleColumns) -> Arrays:
    parameters = [-1 if one is None else one for one in modules.parameters]
    return {
        "module_fqn": text(modules.fqns),
        "module_tag": text(modules.tags),
        "module_class": text(modules.class_names),
        "module_same_as": text(modules.same_as),
        "module_copies": np.array(modules.copies, np.int32),
        "module_found_as": text(modules.found_as),
        "module_parent": np.array(modules.parents, np.int32),
        "module_parameters": np.array(parameters, np.int64),
    }


def _pack_ops(graph: TaggedGraph, number: Mapping[str, int]) -> Arrays:
    columns, size = graph.columns, len(graph.ops)
    arrays: Arrays = {
        "id": text(graph.ids),
        "name": text(_column(graph, "name")),
        "index": np.fromiter(_column(graph, "index"), np.int32, size),
        "module": columns.modules.astype(np.int32),
        "category": columns.categories.astype(np.int8),
        "origin": columns.origins.astype(np.int8),
        "call": columns.calls.astype(np.int32),
        "call_name": text([call.name for call in columns.known_calls]),
        "call_target": text([call.target for call in columns.known_calls]),
    }
    for field in _CODED:
        arrays[field], table = coded(_column(graph, field))
        arrays[f"{field}_table"] = text(table)
    values: dict[str, int] = {}
    for field in ("inputs", "outputs"):
        rows = [
            [values.setdefault(value, len(values)) for value in row]
            for row in _column(graph, field)
        ]
        arrays[f"{field}_length"], arrays[field] = ragged(rows)
    arrays["value"] = text(list(values))
    shared = [[number[fqn] for fqn in row] for row in _column(graph, "shared_by")]
    arrays["shared_length"], arrays["shared"] = ragged(shared)
    return arrays


def _column(graph: TaggedGraph, field: str) -> Sequence[Any]:
    """What all ops have in a field, without the ops where there are none yet."""
    ops = graph.ops
    if isinstance(ops, OpSequence):
        return ops.column(field)
    return [getattr(op, field) for op in ops]


def _pack_reasons(graph: TaggedGraph, number: Mapping[str, int]) -> Arrays:
    column = _column(graph, "provenance")
    reasons = column.all_fields() if isinstance(column, Provenances) else map(fields_of, column)
    places: dict[tuple[Any, ...], int] = {}  # many ops share one record
    codes = [places.setdefault(fields, len(places)) for fields in reasons]
    known = itertools.starmap(Provenance, places)
    records = [[number[why.module], *reason_record(why)] for why in known]
    content = _json(records).encode()
    return {"reason": np.array(codes, np.int32), "reasons": np.frombuffer(content, np.uint8)}


def _pack_contexts(graph: TaggedGraph, number: Mapping[str, int]) -> Arrays:
    found = [(at, one) for at, one in enumerate(_column(graph, "context")) if one is not None]
    rules, table = coded(one.rule for _, one in found)
    evidence = ragged([graph.positions[step] for step in one.evidence] for _, one in found)
    users = ragged([number[fqn] for fqn in one.users] for _, one in found)
    return {
        "context": np.array([at for at, _ in found], np.int32),
        "context_module": np.array([number[one.module] for _, one in found], np.int32),
        "context_rule": rules,
        "context_rule_table": text(table),
        "context_evidence_length": evidence[0],
        "context_evidence": evidence[1],
        "context_users_length": users[0],
        "context_users": users[1],
    }


class _Deferred(Sequence[Any]):
    """A column that is unpacked when somebody looks at one of its places."""

    def __init__(self, size: int, unpack: Callable[[], Sequence[Any]]) -> None:
        self._size = size
        self._unpack = unpack

    @cached_property
    def _column(self) -> Sequence[Any]:
        return self._unpack()

    def __getitem__(self, at: Any) -> Any:
        return self._column[at]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._column)

    def __len__(self) -> int:
        return self._size


class Packed:
    """What :func:`pack` made, to be unpacked as far as somebody asks."""

    def __init__(self, content: bytes | memoryview) -> None:
        self._arrays = np.load(io.BytesIO(content), allow_pickle=False)

    @property
    def locations(self) -> list[str]:
        """The files, relative to the model's folder, that hold weights of the model."""
        return to_text(self._arrays["locations"])

    def modules(self) -> ModuleTree:
        """The module tree."""
        read = self._arrays
        fqns, ids = to_text(read["module_fqn"]), to_text(read["id"])
        parents: list[int] = read["module_parent"].tolist()
        children: list[list[str]] = [[] for _ in fqns]
        for at, parent in enumerate(parents):
            if parent >= 0:
                children[parent].append(fqns[at])
        parameters: list[int] = read["module_parameters"].tolist()
        columns = ModuleColumns(
            fqns,
            to_text(read["module_tag"]),
            to_text(read["module_class"]),
            parents,
            list(map(tuple, children)),
            [one if one >= 0 else None for one in parameters],
            to_text(read["module_same_as"]),
            read["module_copies"].tolist(),
            to_text(read["module_found_as"]),
        )
        return ModuleTree(columns, OpsOfModules(read["module"], ids))

    def ops(self) -> OpSequence:
        """All ops; what nobody looks at is not unpacked."""
        read = self._arrays
        fqns, tags, ids = (to_text(read[one]) for one in ("module_fqn", "module_tag", "id"))
        size = len(ids)
        contexts = np.full(size, -1, np.int64)
        contexts[read["context"]] = read["context_module"]
        columns = TagColumns(
            paths=fqns,
            modules=read["module"].astype(np.int64),
            contexts=contexts,
            origins=read["origin"].astype(np.int64),
            categories=read["category"].astype(np.int64),
            calls=read["call"].astype(np.int64),
            known_calls=self._calls(),
        )

        def values(field: str) -> _Deferred:
            return _Deferred(
                size, lambda: to_ragged(read[f"{field}_length"], read[field], self._values)
            )

        return OpSequence.of(
            columns,
            tags,
            (
                _Deferred(size, read["index"].tolist),
                self._decoded("body"),
                ids,
                _Deferred(size, lambda: to_text(read["name"])),
                self._decoded("op_type"),
                self._decoded("domain"),
            ),
            (values("inputs"), values("outputs")),
            _Deferred(size, lambda: self._reasons(fqns)),
            _Deferred(size, lambda: self._contexts(fqns, tags, ids)),
            _Deferred(size, lambda: to_ragged(read["shared_length"], read["shared"], fqns)),
        )

    @cached_property
    def _values(self) -> list[str]:
        return to_text(self._arrays["value"])

    def _calls(self) -> list[Call]:
        names, targets = (to_text(self._arrays[f"call_{field}"]) for field in Call._fields)
        return list(map(Call, names, targets))

    def _decoded(self, field: str) -> Sequence[str]:
        return Taken(to_text(self._arrays[f"{field}_table"]), self._arrays[field])

    def _reasons(self, fqns: Sequence[str]) -> Sequence[Provenance]:
        records: list[Any] = json.loads(self._arrays["reasons"].tobytes())
        found = [read_reason(fqns[module], record) for module, *record in records]
        return Taken(found, self._arrays["reason"])

    def _contexts(
        self, fqns: Sequence[str], tags: Sequence[str], ids: Sequence[str]
    ) -> list[Context | None]:
        read = self._arrays
        evidence = to_ragged(read["context_evidence_length"], read["context_evidence"], ids)
        users = to_ragged(read["context_users_length"], read["context_users"], fqns)
        columns = zip(
            read["context"].tolist(),
            read["context_module"].tolist(),
            self._decoded("context_rule"),
            evidence,
            users,
            strict=True,
        )
        found: list[Context | None] = [None] * len(ids)
        for at, module, rule, chain, served in columns:
            found[at] = Context._make((fqns[module], tags[module], rule, chain, served))
        return found


Arrays = dict[str, npt.NDArray[Any]]
"""Arrays by name, as numpy's ``.npz`` holds them."""

Kind = TypeVar("Kind", bound=Hashable)

_END = "\0"


def text(texts: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Texts as bytes, each with its end.

    Raises:
        ValueError: if one of them holds the character that ends them.
    """
    joined = "".join([one + _END for one in texts])
    if joined.count(_END) != len(texts):
        raise ValueError("a text holds a NUL character")
    return np.frombuffer(joined.encode(), np.uint8)


def to_text(array: npt.NDArray[np.uint8]) -> list[str]:
    """The inverse of :func:`text`."""
    return array.tobytes().decode().split(_END)[:-1]


def ragged(rows: Iterable[Sequence[int]]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Tuples of numbers: how long each is, and all of them one after the other."""
    listed = list(rows)
    lengths = np.fromiter(map(len, listed), np.int32, len(listed))
    numbers = np.fromiter((one for row in listed for one in row), np.int32, int(lengths.sum()))
    return lengths, numbers


def to_ragged(
    lengths: npt.NDArray[np.int32], numbers: npt.NDArray[np.int32], meaning: Sequence[Kind]
) -> list[tuple[Kind, ...]]:
    """The inverse of :func:`ragged`, each number replaced by what it stands for."""
    flat = [meaning[one] for one in numbers.tolist()]
    ends = list(accumulate(lengths.tolist()))
    return [tuple(flat[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


def coded(kinds: Iterable[Kind]) -> tuple[npt.NDArray[np.int32], list[Kind]]:
    """A number for each, and what the numbers stand for."""
    codes: dict[Kind, int] = {}
    numbers = [codes.setdefault(kind, len(codes)) for kind in kinds]
    return np.array(numbers, np.int32), list(codes)
