"""The report as one HTML file, with its script, its styles and its data inside.

It is opened from a disk, so nothing else can be loaded, and the content
security policy says so: only the blocks whose digests it names may run. Names
from a model are in the data alone, which is escaped so that no parser of HTML
finds an end of it, and reach the page as text.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from hexviz.model.graph import TaggedGraph
from hexviz.tagging.audit import audit
from hexviz.tagging.finding import Finding
from hexviz.view.report.data import report_data

__all__ = ["to_report"]

_SCRIPTS = ("model", "place", "camera", "draw", "words", "inspect", "panels", "page", "hands")
"""In the order they run; each is a file beside this one."""

_SLOT = re.compile(r"\{\{(\w+)\}\}")
_HALF = re.compile("[\ud800-\udfff]")
_UNSAFE = {ord(one): f"\\u{ord(one):04x}" for one in "<>&\u2028\u2029"}


def to_report(graph: TaggedGraph, findings: Sequence[Finding] | None = None) -> str:
    """The whole report as the text of an HTML file; write it as UTF-8.

    ``findings`` are those of the audit, which is run if they are not given.
    """
    data = report_data(graph, audit(graph) if findings is None else findings)
    script = "(() => {\n'use strict';\n" + "".join(map(_part, _script_names())) + "})();\n"
    style = _part("report.css")
    policy = (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    slots = {
        "policy": policy,
        "title": html.escape(_HALF.sub("\ufffd", f"{graph.name or 'model'} · hexviz report")),
        "style": style,
        "script": script,
        "data": _escaped(data),
    }
    return _SLOT.sub(lambda slot: slots[slot[1]], _part("report.html"))


def _script_names() -> list[str]:
    return [f"{name}.js" for name in _SCRIPTS]


def _part(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _digest(block: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()}'"


def _escaped(data: dict[str, Any]) -> str:
    """JSON that holds none of the letters HTML or JavaScript gives a meaning to.

    A file may name things with halves of surrogate pairs, which UTF-8 cannot hold.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = text.translate(_UNSAFE)
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
