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
import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import Module, ModuleColumns, ModuleTree
from hexviz.model.op import RELATIONS, RULES, Call, Candidate, Context, Op, Provenance, Step
from hexviz.model.reader import external_locations
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

_CODED = ("op_type", "domain", "body", "auxiliary")


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
    modules = list(graph.modules)
    number = {module.fqn: at for at, module in enumerate(modules)}
    try:
        arrays = {
            **_pack_modules(modules, number),
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


def _pack_modules(modules: Sequence[Module], number: Mapping[str, int]) -> Arrays:
    parents = [-1 if one.parent is None else number[one.parent] for one in modules]
    parameters = [-1 if one.parameters is None else one.parameters for one in modules]
    return {
        "module_fqn": text([one.fqn for one in modules]),
        "module_tag": text([one.tag for one in modules]),
        "module_class": text([one.class_name for one in modules]),
        "module_same_as": text([one.same_as for one in modules]),
        "module_parent": np.array(parents, np.int32),
        "module_parameters": np.array(parameters, np.int64),
    }


def _pack_ops(graph: TaggedGraph, number: Mapping[str, int]) -> Arrays:
    ops = graph.ops
    arrays: Arrays = {
        "id": text([op.id for op in ops]),
        "name": text([op.name for op in ops]),
        "index": np.fromiter((op.index for op in ops), np.int32, len(ops)),
        "module": np.fromiter((number[op.module] for op in ops), np.int32, len(ops)),
    }
    for field in _CODED:
        arrays[field], table = coded(getattr(op, field) or "" for op in ops)
        arrays[f"{field}_table"] = text(table)
    values: dict[str, int] = {}
    for field in ("inputs", "outputs"):
        rows = [
            [values.setdefault(value, len(values)) for value in getattr(op, field)] for op in ops
        ]
        arrays[f"{field}_length"], arrays[field] = ragged(rows)
    arrays["value"] = text(list(values))
    calls: dict[Call | None, int] = {None: 0}
    numbers = (calls.setdefault(op.call, len(calls)) for op in ops)
    arrays["call"] = np.fromiter(numbers, np.int32, len(ops))
    listed = [call for call in calls if call is not None]
    arrays["call_name"] = text([call.name for call in listed])
    arrays["call_target"] = text([call.target for call in listed])
    shared = [[number[fqn] for fqn in op.shared_by] for op in ops]
    arrays["shared_length"], arrays["shared"] = ragged(shared)
    return arrays


def _pack_reasons(graph: TaggedGraph, number: Mapping[str, int]) -> Arrays:
    places: dict[int, int] = {}  # many ops share one record, which lives as long as they do
    codes: list[int] = []
    records: list[list[Any]] = []
    for op in graph.ops:
        why = op.provenance
        if id(why) not in places:
            places[id(why)] = len(records)
            records.append([number[why.module], *reason_record(why)])
        codes.append(places[id(why)])
    content = _json(records).encode()
    return {"reason": np.array(codes, np.int32), "reasons": np.frombuffer(content, np.uint8)}


def _pack_contexts(graph: TaggedGraph, number: Mapping[str, int]) -> Arrays:
    found = [(at, op.context) for at, op in enumerate(graph.ops) if op.context is not None]
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
        )
        return ModuleTree(columns, OpsOfModules(read["module"], ids))

    def ops(self) -> tuple[Op, ...]:
        """All ops."""
        read = self._arrays
        fqns, tags = to_text(read["module_fqn"]), to_text(read["module_tag"])
        ids, values = to_text(read["id"]), to_text(read["value"])
        tables: dict[str, list[str]] = {one: self._decoded(one) for one in _CODED}
        reasons = self._reasons(fqns)
        contexts = self._contexts(fqns, tags, ids)
        modules: list[int] = read["module"].tolist()
        rows = zip(
            read["index"].tolist(),
            tables["body"],
            ids,
            to_text(read["name"]),
            tables["op_type"],
            tables["domain"],
            [fqns[at] for at in modules],
            [tags[at] for at in modules],
            [reasons[at] for at in read["reason"].tolist()],
            [contexts.get(at) for at in range(len(ids))],
            to_ragged(read["inputs_length"], read["inputs"], values),
            to_ragged(read["outputs_length"], read["outputs"], values),
            [one or None for one in tables["auxiliary"]],
            to_ragged(read["shared_length"], read["shared"], fqns),
            self._calls(),
            strict=True,
        )
        return tuple(map(Op._make, rows))

    def _calls(self) -> list[Call | None]:
        names, targets = (to_text(self._arrays[f"call_{field}"]) for field in Call._fields)
        table = [None, *map(Call, names, targets)]
        return [table[at] for at in self._arrays["call"].tolist()]

    def _decoded(self, field: str) -> list[str]:
        table = to_text(self._arrays[f"{field}_table"])
        return [table[code] for code in self._arrays[field].tolist()]

    def _reasons(self, fqns: Sequence[str]) -> list[Provenance]:
        records: list[Any] = json.loads(self._arrays["reasons"].tobytes())
        return [read_reason(fqns[module], record) for module, *record in records]

    def _contexts(
        self, fqns: Sequence[str], tags: Sequence[str], ids: Sequence[str]
    ) -> dict[int, Context]:
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
        return {
            at: Context._make((fqns[module], tags[module], rule, chain, served))
            for at, module, rule, chain, served in columns
        }


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
