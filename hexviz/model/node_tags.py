"""What a file keeps of each op: its module, and how that is known, as metadata of its node.

Texts are encoded as protobuf writes them, so that they only have to be appended to the bytes of a
node. Ops of one module that are there for one reason share them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from operator import attrgetter
from typing import NamedTuple, Self

import onnx

from hexviz.model.op import RELATIONS, Candidate, Op, Provenance, Step, implied_kind
from hexviz.model.wire import field, head

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
    def of(cls, ops: Iterable[Op]) -> Self:
        """The columns of some ops, whose positions are their places among them."""
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


def _reasons(provenance: Sequence[Provenance]) -> list[Reason]:
    """What is known of each op; ops that share a provenance share that, too."""
    numbers = list(map(id, provenance))
    apart = dict(zip(numbers, provenance, strict=True))
    if len(apart) > len(numbers) // 2:
        return list(map(reason_of, provenance))
    known = {number: reason_of(one) for number, one in apart.items()}
    return [known[number] for number in numbers]


def where_entries(modules: Iterable[str], names: Mapping[str, str]) -> dict[str, bytes]:
    """The entries that say where an op belongs, by its module; ``names`` are tags by FQN."""
    return {fqn: entry("module", fqn) + entry("tag", names[fqn]) for fqn in dict.fromkeys(modules)}


def how_entries(tags: OpTags) -> list[bytes]:
    """The entries of each op that say how that is known."""
    heads: dict[tuple[str, str, float, str | None], tuple[bytes, bytes]] = {}
    tails: dict[tuple[object, ...], tuple[bytes, bytes]] = {}
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
        head = heads.get((origin, rule, sure, context))
        if head is None:
            head = heads[origin, rule, sure, context] = _head(origin, rule, sure, context)
        rest = (rule, witnesses, shared, kind, rebuilt, rejected)
        tail = tails.get(rest)
        if tail is None:
            tail = tails[rest] = _tail(*rest)
        text = b"".join(
            (
                head[0],
                entry("evidence", _strings(evidence)) if evidence else _NO_EVIDENCE,
                head[1],
                entry("values", _strings(values)) if values else b"",
                tail[0],
                entry("steps", _relations(steps)) if steps else b"",
                tail[1],
            )
        )
        if not own:
            known[reason, context] = text
        found.append(text)
    return found


def _head(origin: str, rule: str, sure: float, context: str | None) -> tuple[bytes, bytes]:
    """What stands before the evidence, and right after it."""
    served = b"" if context is None else entry("context", context)
    return (
        entry("origin", origin) + entry("rule", rule),
        entry("confidence", f"{sure:g}") + served,
    )


def _tail(
    rule: str,
    witnesses: tuple[str, ...],
    shared_by: tuple[str, ...],
    kind: str,
    rebuilt: bool,
    candidates: tuple[Candidate, ...],
) -> tuple[bytes, bytes]:
    """What stands before the steps, and after them."""
    before = after = b""
    if witnesses:
        before += entry("witnesses", _strings(witnesses))
    if shared_by:
        before += entry("shared_by", _strings(shared_by))
    if kind != implied_kind(rule):
        before += entry("kind", kind)
    if rebuilt:
        after += entry("rebuilt", "true")
    if candidates:
        rejected = [[one.module, one.score, one.reason] for one in candidates]
        after += entry("candidates", _json(rejected))
    return before, after


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


def _strings(texts: Iterable[str]) -> str:
    """A JSON list of texts; what the json module writes, in a fifth of its time."""
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
