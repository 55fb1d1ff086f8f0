"""A word of a search as a test of a text: plain, with wildcards, or a regular expression."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import Any

import regex

from hexviz.errors import QueryError
from hexviz.extraction.search_budget import TOO_SLOW, Budget

__all__ = ["Fits", "fits_regex", "fits_word"]

_LONGEST_PATTERN = 200
_LONGEST_TEXT = 600

Fits = Callable[[str, Budget], bool]
"""Whether a text, in small letters, fits a word of the search."""


def fits_word(word: str, *, anywhere: bool) -> Fits:
    """Whether a text fits ``/regex/``, or a word: ``*`` and ``?`` stand for any characters.

    ``anywhere`` finds the word also in the midst of a text.
    """
    if len(word) > 1 and word.startswith("/") and word.endswith("/"):
        return fits_regex(word[1:-1])
    wanted = word.lower()
    if any(sign in wanted for sign in "*?"):
        # fnmatch also knows sets of characters: "[[]" is a set of one, the bracket.
        wildcards = (f"*{wanted}*" if anywhere else wanted).replace("[", "[[]")
        compiled = regex.compile(fnmatch.translate(wildcards))
        return lambda text, budget: _timed(compiled.match, text, budget)
    if anywhere:
        return lambda text, _: wanted in text
    return lambda text, _: wanted == text


def fits_regex(pattern: str) -> Fits:
    """Whether a regular expression is found in a text.

    Raises:
        QueryError: if it is too long, or none.
    """
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
        raise QueryError(TOO_SLOW) from error
