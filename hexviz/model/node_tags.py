"""What a file keeps of each op: its module, and how that is known, as metadata of its node.

Texts are encoded as protobuf writes them, so that they only have to be appended to the bytes of a
node. Ops of one module that are there for one reason share them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from operator import attrgetter
from typing import NamedTuple, Self, TypeVar

import onnx

from hexviz.model.columns import Ints
from hexviz.model.flat import FlatGraph
from hexviz.model.op import RELATIONS, Candidate, Op, Provenance, Step, implied_kind
from hexviz.model.op_sequence import OpSequence, Provenances
from hexviz.model.other_keys import OtherKey, other_entries
from hexviz.model.wire import field, head

Kind = TypeVar("Kind")

__all__ = [
    "PREFIX",
    "OpTags",
    "Reason",
    "entry",
    "how_entries",
    "is_of_another_graph",
    "reason_of",
    "where_entries",
]

PREFIX = "hexviz."
"""What every metadata key of hexviz starts with."""

_METADATA = onnx.NodeProto.DESCRIPTOR.fields_by_name["metadata_props"].number

_json = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps makes an encoder for each call

Reason = tuple[
    str,  # origin
    str,  # rule
    tuple[str, ...],  # evidence
    tuple[str, ...],  # values
    tuple[Candidate, ...],
    float,  # confidence
    tuple[str, ...],  # witnesses
    tuple[str, ...],  # shared_by
    str,  # kind
    tuple[Step, ...],
    bool,  # rebuilt
]
"""A provenance without the module: its other fields, in order."""

reason_of: Callable[[Provenance], Reason] = attrgetter(
    "origin", "rule", "evidence", "values", "candidates", "confidence", "witnesses", "shared_by",
    "kind", "steps", "rebuilt",
)  # fmt: skip


def is_of_another_graph(reason: Reason) -> bool:
    """As :attr:`hexviz.model.op.Provenance.is_of_another_graph`."""
    origin, _, evidence, *_ = reason
    return origin == "transferred" and bool(evidence)


class OpTags(NamedTuple):
    """Everything that a file keeps of all ops, as columns by position.

    ``indices`` are those in the node list of the op's own graph, ``ids``, ``inputs`` and
    ``outputs`` value ids. ``modules`` and ``contexts`` are FQNs (``None`` for primary ops),
    ``calls`` the texts of calls (``""`` for none).
    """

    indices: Sequence[int]
    bodies: Sequence[str]
    ids: Sequence[str]
    op_types: Sequence[str]
    domains: Sequence[str]
    inputs: Sequence[tuple[str, ...]]
    outputs: Sequence[tuple[str, ...]]
    modules: Sequence[str]
    contexts: Sequence[str | None]
    calls: Sequence[str]
    reasons: Sequence[Reason]

    @classmethod
    def of(cls, ops: Iterable[Op], flat: FlatGraph | None = None) -> Self:
        """The columns of some ops, whose positions are their places among them.

        No op is made where they are still columns, those of a flat graph.
        """
        if flat is not None and isinstance(ops, OpSequence):
            facts, where = flat.columns, ops.columns
            calls = [*(call.text for call in where.known_calls), ""]
            return cls(
                indices=facts.numbers,
                bodies=facts.bodies,
                ids=facts.ids,
                op_types=facts.op_types,
                domains=facts.domains,
                inputs=facts.inputs,
                outputs=facts.outputs,
                modules=_taken(where.paths, where.modules),
                contexts=_taken([*where.paths, None], where.contexts),
                calls=_taken(calls, where.calls),
                reasons=_reasons(ops.provenance),
            )
        by_field = dict(zip(Op._fields, zip(*ops, strict=True), strict=False))
        column = dict.fromkeys(Op._fields, ()) | by_field
        return cls(
            indices=column["index"],
            bodies=column["body"],
            ids=column["id"],
            op_types=column["op_type"],
            domains=column["domain"],
            inputs=column["inputs"],
            outputs=column["outputs"],
            modules=column["module"],
            contexts=[context and context[0] for context in column["context"]],
            calls=["" if call is None else call.text for call in column["call"]],
            reasons=_reasons(column["provenance"]),
        )


def _taken(table: Sequence[Kind], numbers: Ints) -> list[Kind]:
    """What numbers stand for in a table; -1 stands for its last entry."""
    return list(map(table.__getitem__, numbers.tolist()))


def _reasons(provenance: Sequence[Provenance]) -> list[Reason]:
    """What is known of each op; ops that share a provenance share that, too."""
    if isinstance(provenance, Provenances):
        fields = provenance.all_fields()
        numbers = list(map(id, fields))
        known = dict(zip(numbers, fields, strict=True))
        if len(known) > len(fields) // 2:
            return [one[1:] + _DEFAULTS[len(one) - 1 :] for one in fields]
        reasons = {at: one[1:] + _DEFAULTS[len(one) - 1 :] for at, one in known.items()}
        return list(map(reasons.__getitem__, numbers))
    apart = dict(zip(map(id, provenance), provenance, strict=True))
    told = {number: reason_of(one) for number, one in apart.items()}
    return [told[id(one)] for one in provenance]


_DEFAULTS = reason_of(Provenance("", "", ""))


def where_entries(
    modules: Iterable[str], names: Mapping[str, str], also: Sequence[OtherKey] = ()
) -> dict[str, bytes]:
    """The entries that say where an op belongs, by its module; ``names`` are tags by FQN.

    ``also`` are keys of other tools that are to say it as well.
    """
    found = {fqn: entry("module", fqn) + entry("tag", names[fqn]) for fqn in dict.fromkeys(modules)}
    for fqn in found if also else ():
        others = other_entries(fqn, names[fqn], names.get("", "/"), also)
        found[fqn] += b"".join(_entry_under(key, text) for key, text in others)
    return found


def _entry_under(key: str, text: str) -> bytes:
    """An entry under a key of another tool."""
    content = field(1, key.encode()) + field(2, text.encode())
    return field(_METADATA, content)


def how_entries(tags: OpTags) -> list[bytes]:
    """The entries of each op that say how that is known."""
    frames: dict[tuple[object, ...], tuple[bytes, bytes, bytes, bytes]] = {}
    known: dict[tuple[Reason, str | None], bytes] = {}
    found = []
    for reason, context in zip(tags.reasons, tags.contexts, strict=True):
        origin, rule, evidence, values, rejected, sure, witnesses, shared, kind, steps, rebuilt = (
            reason
        )
        # Most declared ops have neither evidence nor values: then many are known in the same way.
        own = evidence or values
        if not own:
            text = known.get((reason, context))
            if text is not None:
                found.append(text)
                continue
        same = (origin, rule, sure, context, witnesses, shared, kind, rebuilt, rejected)
        frame = frames.get(same)
        if frame is None:
            frame = frames[same] = _frame(*same)
        first, second, third, last = frame
        text = b"".join(
            (
                first,
                entry("evidence", _strings(evidence)) if evidence else _NO_EVIDENCE,
                second,
                entry("values", _strings(values)) if values else b"",
                third,
                entry("steps", _relations(steps)) if steps else b"",
                last,
            )
        )
        if not own:
            known[reason, context] = text
        found.append(text)
    return found


def _frame(
    origin: str,
    rule: str,
    sure: float,
    context: str | None,
    witnesses: tuple[str, ...],
    shared_by: tuple[str, ...],
    kind: str,
    rebuilt: bool,
    candidates: tuple[Candidate, ...],
) -> tuple[bytes, bytes, bytes, bytes]:
    """What stands before the evidence, between it and the values, before the steps, and last."""
    first, second = _beginning(origin, rule), _confidence(f"{sure:g}")
    third = last = b""
    if context is not None:
        second += entry("context", context)
    if witnesses:
        third += entry("witnesses", _strings(witnesses))
    if shared_by:
        third += entry("shared_by", _strings(shared_by))
    if kind != implied_kind(rule):
        third += entry("kind", kind)
    if rebuilt:
        last += entry("rebuilt", "true")
    if candidates:
        last += entry("candidates", f"[{', '.join(map(_candidate, candidates))}]")
    return first, second, third, last


@lru_cache(maxsize=64)
def _beginning(origin: str, rule: str) -> bytes:
    return entry("origin", origin) + entry("rule", rule)


@lru_cache(maxsize=64)
def _confidence(sure: str) -> bytes:
    return entry("confidence", sure)


def _candidate(one: Candidate) -> str:
    """A module, its score, and a reason as a JSON list."""
    module, reason = encode_basestring(one.module), encode_basestring(one.reason)
    return f"[{module}, {_score(one.score)}, {reason}]"


def _score(score: float) -> str:
    """A number as JSON; files may hold whole ones, and what is none."""
    return repr(score) if type(score) is float and math.isfinite(score) else _json(score)


def entry(name: str, text: str) -> bytes:
    """An entry of a node's metadata as a field of the node; ``name`` is the key after ``hexviz.``.

    Raises:
        UnicodeEncodeError: if the text holds what UTF-8 cannot.
    """
    value = text.encode()
    return _before_value(name, len(value)) + value


@lru_cache(maxsize=4096)
def _before_value(name: str, size: int) -> bytes:
    """An entry up to its value of so many bytes."""
    before = field(1, (PREFIX + name).encode()) + head(2, size)
    return head(_METADATA, len(before) + size) + before


_NO_EVIDENCE = entry("evidence", "[]")


def _strings(texts: Sequence[str]) -> str:
    """A JSON list of texts; what the json module writes, in a fifth of its time."""
    if len(texts) == 1:
        return f"[{encode_basestring(texts[0])}]"
    return f"[{', '.join(map(encode_basestring, texts))}]"


def _relations(steps: Iterable[Step]) -> str:
    """How each op of the evidence stands to this one, as JSON: its letter, and the values between.

    ``["b", ["u", "mul_3"]]`` says of the first that it ran before, of the second that it uses
    ``mul_3``.
    """
    return f"[{', '.join(map(_relation, steps))}]"


def _relation(step: Step) -> str:
    if step.values:
        return _strings((RELATIONS[step.relation], *step.values))
    return _ALONE[step.relation]


_ALONE = {relation: f'"{letter}"' for relation, letter in RELATIONS.items()}
