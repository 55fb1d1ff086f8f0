"""The search language: which ops and modules a line of text finds.

::

    softmax                      anywhere in an op's names, type, tag, attributes or values
    type:MatMul tag:encoder.*    both must hold; a comma between words means either
    -origin:declared             what follows a minus must not hold
    /val_1[0-9]$/                a regular expression, also after a field: name:/^dense/
"""

from __future__ import annotations

import difflib
import fnmatch
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import onnx
import regex

from hexviz.errors import QueryError
from hexviz.model.attributes import plain_value
from hexviz.model.fqn import is_within
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import Module
from hexviz.model.once import once
from hexviz.model.op import Op
from hexviz.model.types import dtype_of

__all__ = ["FIELDS", "Query", "SearchIndex", "parse_query"]

_LONGEST_PATTERN = 200
_LONGEST_TEXT = 600
_SECONDS = 0.02  # for one text: a pattern made to be slow ends the search, not the server
_LONGEST_VALUE = 60

Test = Callable[["SearchIndex", int], bool]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed search: tests that all have to hold, and what to look for in modules' names.

    ``words`` are the tests of a module's text; ``None`` where the search asks
    about ops alone.
    """

    tests: tuple[Test, ...]
    words: tuple[Callable[[str], bool], ...] | None


class SearchIndex:
    """A graph made ready for searching; texts are put together when first asked for."""

    def __init__(self, graph: TaggedGraph) -> None:
        self.graph = graph

    @once
    def texts(self) -> list[str]:
        """Per op all that a plain word is looked for in, in lower case."""
        return [_text(self.graph, at).lower() for at in range(len(self.graph.ops))]

    def ops(self, query: Query) -> list[int]:
        """The positions of the ops that are found, in order of execution.

        Raises:
            QueryError: if a regular expression takes too long.
        """
        if not query.tests:
            return []
        tests = query.tests
        return [at for at in range(len(self.graph.ops)) if all(test(self, at) for test in tests)]

    def modules(self, query: Query) -> list[Module]:
        """The modules whose label or path is found, outermost first.

        Raises:
            QueryError: if a regular expression takes too long.
        """
        if not query.words:
            return []
        return [
            module
            for module in self.graph.modules
            if all(word(f"{module.tag} {module.fqn}".lower()) for word in query.words)
            and any(word(f"{module.label} {_last(module.fqn)}".lower()) for word in query.words)
        ]


def parse_query(text: str) -> Query:
    """Parse a search.

    Raises:
        QueryError: if a field is unknown, or its value cannot be read.
    """
    tests: list[Test] = []
    words: list[Callable[[str], bool]] | None = []
    for raw in _terms(text):
        negated = raw.startswith("-") and len(raw) > 1
        term = raw[1:] if negated else raw
        name, colon, value = term.partition(":")
        if colon and name.isalpha() and not term.startswith("/"):
            test = _field(name.lower(), value)
            words = None
        else:
            holds = _matcher(term, anywhere=True)
            test = _in_text(holds)
            if negated:
                words = None
            elif words is not None:
                words.append(holds)
        tests.append(_not(test) if negated else test)
    return Query(tuple(tests), tuple(words) if words is not None else None)


def _terms(text: str) -> list[str]:
    """Split at blanks, but not inside of quotes or of a regular expression."""
    lexer = shlex.shlex(text, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    lexer.escape = ""
    lexer.quotes = '"'
    try:
        return [term for term in lexer if term]
    except ValueError as error:
        raise QueryError('A quotation mark has no second one: close it with ".') from error


def _field(name: str, value: str) -> Test:
    known = FIELDS.get(name)
    if known is None:
        near = difflib.get_close_matches(name, FIELDS, n=1)
        hint = f" Did you mean {near[0]}:?" if near else ""
        raise QueryError(
            f"There is no field {name}:{hint} Known are {', '.join(f'{one}:' for one in FIELDS)}; "
            'quote a word that contains a colon, such as "a:b", as "/a:b/".'
        )
    if not value:
        raise QueryError(f"{name}: needs a value, such as {_EXAMPLES[name]}.")
    return known(value)


def _matcher(pattern: str, *, anywhere: bool) -> Callable[[str], bool]:
    """Whether a text (in lower case) fits: ``/regex/``, or words with ``*`` and ``?``."""
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        return _regex(pattern[1:-1])
    wanted = pattern.lower()
    if any(sign in wanted for sign in "*?"):
        compiled = regex.compile(fnmatch.translate(f"*{wanted}*" if anywhere else wanted))
        return lambda text: _timed(compiled.match, text, pattern)
    if anywhere:
        return lambda text: wanted in text
    return lambda text: wanted == text


def _regex(pattern: str) -> Callable[[str], bool]:
    if len(pattern) > _LONGEST_PATTERN:
        raise QueryError(f"A regular expression may have {_LONGEST_PATTERN} characters at most.")
    try:
        compiled = regex.compile(pattern, regex.IGNORECASE)
    except (regex.error, RecursionError, OverflowError) as error:
        raise QueryError(f"/{pattern}/ is no regular expression: {error}.") from error
    return lambda text: _timed(compiled.search, text, pattern)


def _timed(search: Callable[..., Any], text: str, pattern: str) -> bool:
    try:
        return search(text[:_LONGEST_TEXT], timeout=_SECONDS) is not None
    except TimeoutError as error:
        raise QueryError(f"/{pattern}/ takes too long on this model: make it simpler.") from error


def _not(test: Test) -> Test:
    return lambda index, at: not test(index, at)


def _in_text(holds: Callable[[str], bool]) -> Test:
    return lambda index, at: holds(index.texts[at])


def _any_of(value: str) -> list[Callable[[str], bool]]:
    parts = [value] if value.startswith("/") else value.split(",")
    return [_matcher(part, anywhere=False) for part in parts if part]


def _by(read: Callable[[TaggedGraph, Op], list[str]]) -> Callable[[str], Test]:
    """A field whose value must fit one of an op's texts as a whole; commas mean either."""

    def field(value: str) -> Test:
        fits = _any_of(value)
        return lambda index, at: any(
            fit(text.lower()) for text in read(index.graph, index.graph.ops[at]) for fit in fits
        )

    return field


def _within(read: Callable[[Op], tuple[str, str] | None]) -> Callable[[str], Test]:
    """A field whose value names a module (and all within), by FQN or tag, by whole segments."""

    def field(value: str) -> Test:
        if value.startswith("/"):
            holds = _matcher(value, anywhere=False)

            def by_pattern(index: SearchIndex, at: int) -> bool:
                found = read(index.graph.ops[at])
                return found is not None and any(holds(text.lower()) for text in found)

            return by_pattern
        wanted = [part.lower().rstrip("/") for part in value.split(",") if part]
        cache: dict[tuple[str, str], bool] = {}

        def by_path(index: SearchIndex, at: int) -> bool:
            found = read(index.graph.ops[at])
            if found is None:
                return False
            if found not in cache:
                cache[found] = any(_path_fits(found, one) for one in wanted)
            return cache[found]

        return by_path

    return field


def _path_fits(found: tuple[str, str], wanted: str) -> bool:
    fqn, tag = (text.lower() for text in found)
    steps = [wanted, wanted.removesuffix(".*")]
    if any(sign in wanted for sign in "*?"):
        # Every beginning of the path, so that what matches a module matches all within.
        parts, classes = fqn.split("."), tag.split("/")
        paths = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
        tags = ["/".join(classes[:end]) for end in range(2, len(classes) + 1)]
        return any(fnmatch.fnmatchcase(path, one) for path in (*paths, *tags) for one in steps)
    as_path = tag.removeprefix("/").replace("/", ".")
    asked = wanted.removeprefix("/").replace("/", ".")
    return is_within(fqn, wanted) or is_within(as_path, asked)


def _yes_no(name: str, read: Callable[[Op], bool]) -> Callable[[str], Test]:
    def field(value: str) -> Test:
        if value.lower() not in ("yes", "no"):
            raise QueryError(f"{name}: is yes or no, not {value!r}.")
        wanted = value.lower() == "yes"
        return lambda index, at: read(index.graph.ops[at]) is wanted

    return field


def _auxiliary(value: str) -> Test:
    if value.lower() in ("yes", "no"):
        wanted = value.lower() == "yes"
        return lambda index, at: (index.graph.ops[at].auxiliary is not None) is wanted
    return _by(lambda _, op: [op.auxiliary or ""])(value)


_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
    "=": lambda one, other: one == other,
}


def _confidence(value: str) -> Test:
    sign = next((sign for sign in _SIGNS if value.startswith(sign)), "")
    try:
        bound = float(value[len(sign) :])
    except ValueError as error:
        raise QueryError(
            f"confidence: is a number from 0 to 1 after <, <=, =, >= or >, not {value!r}."
        ) from error
    holds = _SIGNS[sign or "="]
    return lambda index, at: holds(index.graph.ops[at].provenance.confidence, bound)


def _attribute(value: str) -> Test:
    name, equals, wanted = value.partition("=")
    fits_name = _matcher(name, anywhere=False)
    fits = _matcher(wanted, anywhere=False) if equals else None

    def test(index: SearchIndex, at: int) -> bool:
        return any(
            fits_name(one.name.lower()) and (fits is None or fits(_spelled(one).lower()))
            for one in index.graph.flat.ops[at].node.attribute
        )

    return test


def _types(graph: TaggedGraph, op: Op) -> list[str]:
    types = (dtype_of(graph.types.get(one)) for one in op.outputs if one)
    return [one for one in types if one is not None]


FIELDS: Mapping[str, Callable[[str], Test]] = {
    "type": _by(lambda _, op: [op.op_type]),
    "tag": _within(lambda op: (op.module, op.tag)),
    "origin": _by(lambda _, op: [op.provenance.origin]),
    "rule": _by(lambda _, op: [op.provenance.rule]),
    "shared": _yes_no("shared", lambda op: bool(op.shared_by)),
    "aux": _auxiliary,
    "confidence": _confidence,
    "context": _within(lambda op: (op.context.module, op.context.tag) if op.context else None),
    "name": _by(lambda _, op: [op.name]),
    "op": _by(lambda _, op: [op.id]),
    "attr": _attribute,
    "value": _by(lambda _, op: [*op.inputs, *op.outputs]),
    "dtype": _by(_types),
    "weight": _by(lambda graph, op: [graph.flat.weights.get(one, "") for one in op.inputs]),
}
"""Field → from its value to a test of one op."""

_EXAMPLES: Mapping[str, str] = {
    "type": "type:MatMul,Gemm",
    "tag": "tag:encoder.*",
    "origin": "origin:inherited",
    "rule": "rule:trace",
    "shared": "shared:yes",
    "aux": "aux:constants",
    "confidence": "confidence:<0.8",
    "context": "context:encoder.layer.0",
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
    parts = (op.op_type, op.id, op.name, op.tag, op.module, *op.inputs, *op.outputs, *attributes)
    return "\n".join(parts)


def _spelled(attribute: onnx.AttributeProto) -> str:
    """A short spelling of an attribute; of tensors and bodies nothing."""
    value = plain_value(attribute)
    return "" if value is None else str(value)[:_LONGEST_VALUE]


def _last(fqn: str) -> str:
    return fqn.rpartition(".")[2]
