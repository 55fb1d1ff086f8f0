"""The search language: which ops and modules a line of text finds.

::

    softmax                      anywhere in an op's names, type, tag, attributes or values
    type:MatMul tag:encoder.*    both must hold; a comma between words means either
    -origin:declared             what follows a minus must not hold
    /val_1[0-9]$/                a regular expression, also after a field: name:/^dense/

``tag:`` and ``context:`` name modules, as :mod:`hexviz.extraction.pattern` reads
them. Tags have slashes at their ends as well, so what stands between slashes is
a regular expression there only if it has a character that no such name needs::

    tag:/Model/Encoder/          the module of that tag and all below it
    tag:/layer\\.[02]$/           a regular expression, for one of ^ $ ( ) [ ] { } | \\ +
"""

from __future__ import annotations

import difflib
import fnmatch
import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import onnx
import regex

from hexviz.errors import QueryError
from hexviz.extraction.pattern import ModuleNames
from hexviz.model.attributes import plain_value
from hexviz.model.cached import cached_property
from hexviz.model.fqn import ancestors
from hexviz.model.graph import TaggedGraph, Value
from hexviz.model.modules import Module
from hexviz.model.op import Op
from hexviz.model.types import dtype_of

__all__ = ["FIELDS", "Budget", "Query", "SearchIndex", "parse_query"]

_LONGEST_QUERY = 5_000
_LONGEST_PATTERN = 200
_LONGEST_TEXT = 600
_LONGEST_VALUE = 60

_SIZE = regex.compile(r"\s·\s[0-9,]+ ops?\b")
_BESIDE_NAMES = regex.compile(r"[×+][0-9]+|[·…/]")

_TOO_SLOW = "The search takes too long on this model: use fewer or simpler terms."

Item = TypeVar("Item")


class Budget:
    """The time that all of one request may take: a search made to be slow ends, not the server.

    It counts this thread's processor time, so that other requests take nothing from it.
    """

    def __init__(self, seconds: float = 1.5) -> None:
        self._end = time.thread_time() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left.

        Raises:
            QueryError: if none are.
        """
        left = self._end - time.thread_time()
        if left <= 0:
            raise QueryError(_TOO_SLOW)
        return left

    def watch(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items, as long as there is time left.

        Raises:
            QueryError: once there is not.
        """
        for at, item in enumerate(items):
            if not at % 32:
                _ = self.left
            yield item

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Inside, no time is counted."""
        start = time.thread_time()
        try:
            yield
        finally:
            self._end += time.thread_time() - start


Fits = Callable[[str, Budget], bool]
"""Whether a text, in small letters, fits a word of the search."""

Test = Callable[[int], bool]
"""Whether the op at a position is found."""

Term = Callable[["SearchIndex", Budget], Test]
"""A term of a search, to be made ready for one graph."""


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed search: terms that all have to hold, and what to look for in modules' names.

    ``words`` are the tests of a module's text; ``None`` where the search asks
    about ops alone.
    """

    terms: tuple[Term, ...]
    words: tuple[Fits, ...] | None


class SearchIndex:
    """A graph made ready for searching; texts are put together when first asked for."""

    def __init__(self, graph: TaggedGraph) -> None:
        self.graph = graph

    @cached_property
    def texts(self) -> list[str]:
        """Per op all that a plain word is looked for in, in lower case."""
        return [_text(self.graph, at).lower() for at in range(len(self.graph.ops))]

    @cached_property
    def names(self) -> ModuleNames:
        """What modules can be called."""
        return ModuleNames(self.graph.modules, fold_case=True)

    def ops(self, query: Query, budget: Budget | None = None) -> list[int]:
        """The positions of the ops that are found, in order of execution.

        Raises:
            QueryError: if it takes longer than the budget, or a name means no module.
        """
        if not query.terms:
            return []
        budget = budget or Budget()
        tests = [term(self, budget) for term in query.terms]
        return [
            at for at in budget.watch(range(len(self.graph.ops))) if all(test(at) for test in tests)
        ]

    def modules(self, query: Query, budget: Budget | None = None) -> list[Module]:
        """The modules whose label is found, or whose path is by its last step, outermost first.

        Raises:
            QueryError: if it takes longer than the budget.
        """
        if not query.words:
            return []
        budget, words = budget or Budget(), query.words
        paths = {one.fqn: f"{one.tag} {one.fqn}".lower() for one in self.graph.modules}

        def is_meant(module: Module, fits: Fits) -> bool:
            if fits(f"{module.label} {_last(module.fqn)}".lower(), budget):
                return True
            above = "" if module.parent is None else paths[module.parent]
            return fits(paths[module.fqn], budget) and not fits(above, budget)

        return [
            module
            for module in budget.watch(self.graph.modules)
            if all(fits(paths[module.fqn], budget) for fits in words)
            and any(is_meant(module, fits) for fits in words)
        ]

    def values(self, query: Query, budget: Budget | None = None) -> list[Value]:
        """The inputs and outputs of the model whose name is found.

        Raises:
            QueryError: if it takes longer than the budget.
        """
        if not query.words:
            return []
        budget = budget or Budget()
        ends = [*self.graph.inputs, *self.graph.outputs]
        return [
            value
            for value in budget.watch(ends)
            if all(fits(value.name.lower(), budget) for fits in query.words)
        ]


def parse_query(text: str) -> Query:
    """Parse a search.

    Raises:
        QueryError: if it is too long, a field is unknown, or its value cannot be read.
    """
    if len(text) > _LONGEST_QUERY:
        raise QueryError(f"A search may have {_LONGEST_QUERY:,} characters at most.")
    terms: list[Term] = []
    words: list[Fits] | None = []
    for raw in _split(text):
        negated = raw.startswith("-") and len(raw) > 1
        word = raw[1:] if negated else raw
        name, colon, value = word.partition(":")
        if colon and name.lower() in FIELDS:
            term = _field(name.lower(), value)
            words = None
        elif colon and name.isalpha():
            term = _no_field(name.lower(), word)
            words = None
        else:
            fits = _fits(word, anywhere=True)
            term = _in_text(fits)
            if negated:
                words = None
            elif words is not None:
                words.append(fits)
        terms.append(_not(term) if negated else term)
    return Query(tuple(terms), tuple(words) if words is not None else None)


def _split(text: str) -> list[str]:
    """Split at blanks, but not inside of quotes or of a regular expression.

    What the graph writes beside names is left out: ``×12``, ``+1``, ``· 14 ops``, and an ellipsis
    stands for what was cut.
    """
    lexer = shlex.shlex(_SIZE.sub("", text), posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    lexer.escape = ""
    lexer.quotes = '"'
    try:
        words = [term for term in lexer if term]
    except ValueError as error:
        raise QueryError('A quotation mark has no second one: close it with ".') from error
    named = [word for word in words if not _BESIDE_NAMES.fullmatch(word)]
    return [word.replace("…", "*") for word in named or words]


def _field(name: str, value: str) -> Term:
    if not value:
        raise QueryError(f"{name}: needs a value, such as {_EXAMPLES[name]}.")
    return FIELDS[name](value)


def _no_field(name: str, word: str) -> Term:
    """A word with a colon that is no field: part of a name, such as ``onnx::MatMul_267``."""
    near = difflib.get_close_matches(name, FIELDS, n=1)
    hint = f" Did you mean {near[0]}:?" if near else ""
    fits = _fits(word, anywhere=True)

    def term(index: SearchIndex, budget: Budget) -> Test:
        with budget.paused():
            texts = index.texts
        if not any(fits(text, budget) for text in budget.watch(texts)):
            raise QueryError(
                f"There is no field {name}:{hint} Known are "
                f"{', '.join(f'{one}:' for one in FIELDS)}; and no name has {word} in it."
            )
        return lambda at: fits(texts[at], budget)

    return term


def _fits(word: str, *, anywhere: bool) -> Fits:
    """Whether a text fits ``/regex/``, or a word: ``*`` and ``?`` stand for any characters.

    ``anywhere`` finds the word also in the midst of a text.
    """
    if len(word) > 1 and word.startswith("/") and word.endswith("/"):
        return _regex(word[1:-1])
    wanted = word.lower()
    if any(sign in wanted for sign in "*?"):
        # fnmatch also knows sets of characters: "[[]" is a set of one, the bracket.
        wildcards = (f"*{wanted}*" if anywhere else wanted).replace("[", "[[]")
        compiled = regex.compile(fnmatch.translate(wildcards))
        return lambda text, budget: _timed(compiled.match, text, budget)
    if anywhere:
        return lambda text, _: wanted in text
    return lambda text, _: wanted == text


def _regex(pattern: str) -> Fits:
    if len(pattern) > _LONGEST_PATTERN:
        raise QueryError(f"A regular expression may have {_LONGEST_PATTERN} characters at most.")
    try:
        compiled = regex.compile(pattern, regex.IGNORECASE)
    except (regex.error, RecursionError, OverflowError) as error:
        raise QueryError(f"/{pattern}/ is no regular expression: {error}.") from error
    return lambda text, budget: _timed(compiled.search, text, budget)


def _timed(search: Callable[..., Any], text: str, budget: Budget) -> bool:
    try:
        return search(text[:_LONGEST_TEXT], timeout=budget.left) is not None
    except TimeoutError as error:
        raise QueryError(_TOO_SLOW) from error


def _not(term: Term) -> Term:
    def opposite(index: SearchIndex, budget: Budget) -> Test:
        test = term(index, budget)
        return lambda at: not test(at)

    return opposite


def _in_text(fits: Fits) -> Term:
    def term(index: SearchIndex, budget: Budget) -> Test:
        with budget.paused():
            texts = index.texts
        return lambda at: fits(texts[at], budget)

    return term


def _by(read: Callable[[TaggedGraph, Op], list[str]]) -> Callable[[str], Term]:
    """A field whose value must fit one of an op's texts as a whole; commas mean either."""

    def field(value: str) -> Term:
        words = [value] if value.startswith("/") else value.split(",")
        either = [_fits(word, anywhere=False) for word in words if word]

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
            fits = _regex(value[1:-1])

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
    fits_name = _fits(name, anywhere=False)
    fits = _fits(wanted, anywhere=False) if equals else None

    def term(index: SearchIndex, budget: Budget) -> Test:
        return lambda at: any(
            fits_name(one.name.lower(), budget)
            and (fits is None or fits(_spelled(one).lower(), budget))
            for one in index.graph.flat.ops[at].node.attribute
        )

    return term


def _call(op: Op) -> list[str]:
    """What a call is known by: its name, its function, and that function's short name."""
    return [] if op.call is None else [*op.call, op.call.function]


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
    "call": _by(lambda _, op: _call(op)),
    "name": _by(lambda _, op: [op.name, op.id]),
    "op": _by(lambda _, op: [op.id]),
    "attr": _attribute,
    "value": _by(lambda _, op: [*op.inputs, *op.outputs]),
    "dtype": _by(_types),
    "weight": _by(lambda graph, op: [graph.flat.weights.get(one, "") for one in op.inputs]),
}
"""Field → from its value to a term."""

_EXAMPLES: Mapping[str, str] = {
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


def _text(graph: TaggedGraph, at: int) -> str:
    op = graph.ops[at]
    attributes = (f"{one.name}={_spelled(one)}" for one in graph.flat.ops[at].node.attribute)
    parts = (
        *(op.op_type, op.id, op.name, op.tag, op.module),
        *(*op.inputs, *op.outputs, *_call(op), *attributes),
    )
    return "\n".join(parts)


def _spelled(attribute: onnx.AttributeProto) -> str:
    """A short spelling of an attribute; of tensors and bodies nothing."""
    value = plain_value(attribute)
    return "" if value is None else str(value)[:_LONGEST_VALUE]


def _last(fqn: str) -> str:
    return fqn.rpartition(".")[2]
