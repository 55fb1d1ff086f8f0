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
import shlex

import regex

from hexviz.errors import QueryError
from hexviz.extraction.search_budget import Budget
from hexviz.extraction.search_fields import EXAMPLES, FIELDS
from hexviz.extraction.search_index import Query, SearchIndex, Term, Test
from hexviz.extraction.search_words import Fits, fits_word

__all__ = ["parse_query"]

_LONGEST_QUERY = 5_000

_SIZE = regex.compile(r"\s·\s[0-9,]+ ops?\b")
_BESIDE_NAMES = regex.compile(r"[×+][0-9]+|[·…/]")


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
            fits = fits_word(word, anywhere=True)
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
        raise QueryError(f"{name}: needs a value, such as {EXAMPLES[name]}.")
    return FIELDS[name](value)


def _no_field(name: str, word: str) -> Term:
    """A word with a colon that is no field: part of a name, such as ``onnx::MatMul_267``."""
    near = difflib.get_close_matches(name, FIELDS, n=1)
    hint = f" Did you mean {near[0]}:?" if near else ""
    fits = fits_word(word, anywhere=True)

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
