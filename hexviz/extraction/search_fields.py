"""The fields of the search language: from the value after the colon to a test of ops."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hexviz.errors import QueryError
from hexviz.extraction.search_budget import Budget
from hexviz.extraction.search_index import SearchIndex, Term, Test, call_names, spelled
from hexviz.extraction.search_words import fits_regex, fits_word
from hexviz.model.fqn import ancestors
from hexviz.model.graph import TaggedGraph
from hexviz.model.op import Op
from hexviz.model.types import dtype_of

__all__ = ["EXAMPLES", "FIELDS"]


def _by(read: Callable[[TaggedGraph, Op], list[str]]) -> Callable[[str], Term]:
    """A field whose value must fit one of an op's texts as a whole; commas mean either."""

    def field(value: str) -> Term:
        words = [value] if value.startswith("/") else value.split(",")
        either = [fits_word(word, anywhere=False) for word in words if word]

        def term(index: SearchIndex, budget: Budget) -> Test:
            graph = index.graph
            return lambda at: any(
                fits(text.lower(), budget) for text in read(graph, graph.ops[at]) for fits in either
            )

        return term

    return field


_IN_NO_PATH = "^$()[]{}|\\+"


def _modules(name: str, read: Callable[[Op], tuple[str, str] | None]) -> Callable[[str], Term]:
    """A field whose value names modules, each with all below it; ``read`` gives FQN and tag."""

    def field(value: str) -> Term:
        if (
            value.startswith("/")
            and value.endswith("/")
            and any(sign in value for sign in _IN_NO_PATH)
        ):
            fits = fits_regex(value[1:-1])

            def by_text(index: SearchIndex, budget: Budget) -> Test:
                def test(at: int) -> bool:
                    found = read(index.graph.ops[at])
                    return found is not None and any(fits(one.lower(), budget) for one in found)

                return test

            return by_text

        def by_name(index: SearchIndex, budget: Budget) -> Test:
            named = _named(index, name, value, budget)
            inside: dict[str, bool] = {}

            def test(at: int) -> bool:
                found = read(index.graph.ops[at])
                if found is None:
                    return False
                fqn = found[0]
                if fqn not in inside:
                    inside[fqn] = not named.isdisjoint(ancestors(fqn))
                return inside[fqn]

            return test

        return by_name

    return field


def _named(index: SearchIndex, field: str, value: str, budget: Budget) -> frozenset[str]:
    """The FQNs that one of the names, between commas, means.

    Raises:
        QueryError: if none of them means any.
    """
    with budget.paused():
        names = index.names
    wanted = [one for one in value.split(",") if one]
    found = frozenset(fqn for one in wanted for fqn in names.matching(one, budget.watch))
    if not found:
        line = f"{field}: {names.no_match(wanted[0] if wanted else value)}"
        if value.startswith("/") and value.endswith("/"):
            line += f" A regular expression has one of {' '.join(_IN_NO_PATH)} between the slashes."
        raise QueryError(line)
    return found


def _yes_no(name: str, read: Callable[[Op], bool]) -> Callable[[str], Term]:
    def field(value: str) -> Term:
        if value.lower() not in ("yes", "no"):
            raise QueryError(f"{name}: is yes or no, not {value!r}.")
        wanted = value.lower() == "yes"
        return lambda index, _: lambda at: read(index.graph.ops[at]) is wanted

    return field


def _auxiliary(value: str) -> Term:
    if value.lower() in ("yes", "no"):
        return _yes_no("aux", lambda op: op.auxiliary is not None)(value)
    return _by(lambda _, op: [op.auxiliary or ""])(value)


_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
    "=": lambda one, other: one == other,
}


def _confidence(value: str) -> Term:
    sign = next((sign for sign in _SIGNS if value.startswith(sign)), "")
    try:
        bound = float(value[len(sign) :])
    except ValueError as error:
        raise QueryError(
            f"confidence: is a number from 0 to 1 after <, <=, =, >= or >, not {value!r}."
        ) from error
    holds = _SIGNS[sign or "="]
    return lambda index, _: lambda at: holds(index.graph.ops[at].provenance.confidence, bound)


def _attribute(value: str) -> Term:
    name, equals, wanted = value.partition("=")
    fits_name = fits_word(name, anywhere=False)
    fits = fits_word(wanted, anywhere=False) if equals else None

    def term(index: SearchIndex, budget: Budget) -> Test:
        return lambda at: any(
            fits_name(one.name.lower(), budget)
            and (fits is None or fits(spelled(one).lower(), budget))
            for one in index.graph.flat.ops[at].node.attribute
        )

    return term


def _types(graph: TaggedGraph, op: Op) -> list[str]:
    types = (dtype_of(graph.types.get(one)) for one in op.outputs if one)
    return [one for one in types if one is not None]


FIELDS: Mapping[str, Callable[[str], Term]] = {
    "type": _by(lambda _, op: [op.op_type]),
    "tag": _modules("tag", lambda op: (op.module, op.tag)),
    "origin": _by(lambda _, op: [op.provenance.origin]),
    "rule": _by(lambda _, op: [op.provenance.rule]),
    "shared": _yes_no("shared", lambda op: bool(op.shared_by)),
    "aux": _auxiliary,
    "confidence": _confidence,
    "context": _modules(
        "context", lambda op: (op.context.module, op.context.tag) if op.context else None
    ),
    "call": _by(lambda _, op: call_names(op)),
    "name": _by(lambda _, op: [op.name, op.id]),
    "op": _by(lambda _, op: [op.id]),
    "attr": _attribute,
    "value": _by(lambda _, op: [*op.inputs, *op.outputs]),
    "dtype": _by(_types),
    "weight": _by(lambda graph, op: [graph.flat.weights.get(one, "") for one in op.inputs]),
}
"""Field → from its value to a term."""

EXAMPLES: Mapping[str, str] = {
    "type": "type:MatMul,Gemm",
    "tag": "tag:encoder.*",
    "origin": "origin:inherited",
    "rule": "rule:trace",
    "shared": "shared:yes",
    "aux": "aux:constants",
    "confidence": "confidence:<0.8",
    "context": "context:encoder.*",
    "call": "call:view",
    "name": "name:/MatMul_1",
    "op": "op:val_*",
    "attr": "attr:axis=-1",
    "value": "value:input_ids",
    "dtype": "dtype:float16",
    "weight": "weight:*.bias",
}
