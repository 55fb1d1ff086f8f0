"""What changed from one version of a file to the next, as the compare tab would find it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from hexviz.app.jobs.results import Results
from hexviz.app.jobs.supervise import LIMITS, supervise
from hexviz.app.models.comparison import pages_document
from hexviz.app.models.store import ModelStore
from hexviz.cache import Cache
from hexviz.errors import MatchingError

__all__ = ["compare_versions"]


def compare_versions(
    store: ModelStore, before: str, after: str, *, wanted: Callable[[], bool], here: bool
) -> Mapping[str, Any]:
    """The document of a comparison of two models, by their keys; it is kept for the compare tab.

    It is made in a process of its own, which whoever clicks does not feel, or, if it has to be
    ``here``, in this one: of a model whose weights lie in files of their own, only this one still
    has the version before.

    Raises:
        HexvizError: if one of them cannot be opened.
    """
    results = Results()
    known = results.comparison(before, after)
    if known is None and not here:
        found = supervise(
            "compare",
            {
                "before": store.source(before).to_json(),
                "after": store.source(after).to_json(),
                "keys": [before, after],
            },
            limits=LIMITS["compare"],
            folder=Cache().folder("jobs"),
            report=lambda _: None,
            wanted=wanted,
        )
        if "error" in found:
            raise MatchingError(str(found["error"]))
        known = results.comparison(before, after)
    if known is not None:
        document: Mapping[str, Any] = known["document"]
        return document
    from hexviz.matching.compare import compare

    whole = compare(store.get(before).graph, store.get(after).graph).to_dict()
    file = results.keep_file(json.dumps(whole).encode(), after[65:], "comparison.json")["file"]
    document = pages_document(whole)
    results.keep_comparison(before, after, document, file)
    return document
