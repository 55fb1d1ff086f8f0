"""Scripts and styles of a page that can load no files: ES modules joined into one script.

A module becomes a function that runs once, after those that it imports; what it exports are the
properties of what the function returns::

    import { b } from "./b.js";          const $b = (() => { … return { b }; })();
    export function a() { … b() … }  ⇒   const $a = (() => { const { b } = $b; … return { a }; })();

That is all that such a page needs, and what goes beyond is refused: default exports, exports
from another module, exports that change (``export let``), imports in a circle.
"""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files
from pathlib import Path

from hexviz.app.index_html import FIRST_STYLE

__all__ = ["content_policy", "join_modules", "join_styles"]

_CANVAS_STYLE = ".__________cytoscape_container { position: relative; }"
"""What Cytoscape writes into the page by itself."""

_IMPORT = re.compile(
    r"^import\s+(?:\{(?P<names>[^}]*)\}\s*from\s*|\*\s*as\s+(?P<all>[\w$]+)\s+from\s*)?"
    r'"(?P<path>\./[^"]+|\.\./[^"]+)";[ \t]*\n',
    re.MULTILINE,
)
_DECLARED = re.compile(
    r"^export\s+(?=(?:async\s+)?(?:function\s*\*?|const|class)\s+(?P<name>[\w$]+))", re.MULTILINE
)
_LISTED = re.compile(r"^export\s*\{(?P<names>[^}]*)\};[ \t]*\n", re.MULTILINE)
_DOCUMENTED = re.compile(r"^[ \t]*/\*\*(?:(?!\*/).)*\*/[ \t]*\n", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"^[ \t]*//.*\n", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def content_policy(style: str, *scripts: str) -> str:
    """A policy under which a page runs these scripts, has this style, and loads nothing."""
    return (
        f"default-src 'none'; script-src {' '.join(map(_digest, scripts))}; "
        f"style-src {_digest(style)} {_digest(_CANVAS_STYLE)}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(block: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()}'"


def join_styles(assets: Path) -> str:
    """The page's style sheets, in order, and that of what is plain HTML in place of Dash's parts.

    The style of the page before its scripts is left out.
    """
    texts = [
        path.read_text(encoding="utf-8")
        for path in sorted(assets.glob("*.css"))
        if path.name != FIRST_STYLE
    ]
    return "".join(texts) + (files(__package__) / "report.css").read_text(encoding="utf-8")


def join_modules(entry: Path) -> str:
    """One strict script that does what a module does, with all that it imports.

    Comments that document (``/** … */``), and those with a line of their own, are left out: no
    text of several lines may have a line that begins like one.

    Raises:
        ValueError: if a module imports or exports in a way that cannot be joined, or in a circle.
    """
    joined: dict[Path, str] = {}
    _join(entry.resolve(), joined, ())
    return "(() => {\n'use strict';\n" + "".join(joined.values()) + "})();\n"


def _join(path: Path, joined: dict[Path, str], importers: tuple[Path, ...]) -> None:
    if path in joined:
        return
    if path in importers:
        circle = " → ".join(one.name for one in (*importers[importers.index(path) :], path))
        raise ValueError(f"these modules import each other: {circle}")
    source = _COMMENT.sub("", _DOCUMENTED.sub("", path.read_text(encoding="utf-8")))
    for found in _IMPORT.finditer(source):
        _join((path.parent / found["path"]).resolve(), joined, (*importers, path))
    numbers = {other: f"$module{at}" for at, other in enumerate(joined)}
    bindings = [_binding(found, path, numbers) for found in _IMPORT.finditer(source)]
    exports = [found["name"] for found in _DECLARED.finditer(source)]
    for found in _LISTED.finditer(source):
        exports += [_pair(name, " as ", ": ", turned=True) for name in _names(found["names"])]
    body = _LISTED.sub("", _DECLARED.sub("", _IMPORT.sub("", source)))
    left = _LEFT.search(body)
    if left is not None:
        raise ValueError(f"{path.name} cannot be joined with others: {left[0]}")
    joined[path] = (
        f"const $module{len(joined)} = (() => {{\n{''.join(bindings)}{body.strip()}\n"
        f"return {{ {', '.join(exports)} }};\n}})();\n"
    )


def _binding(found: re.Match[str], path: Path, numbers: dict[Path, str]) -> str:
    module = numbers[(path.parent / found["path"]).resolve()]
    if found["all"]:
        return f"const {found['all']} = {module};\n"
    names = [_pair(name, " as ", ": ") for name in _names(found["names"] or "")]
    return f"const {{ {', '.join(names)} }} = {module};\n" if names else ""


def _names(listed: str) -> list[str]:
    return [" ".join(name.split()) for name in listed.split(",") if name.strip()]


def _pair(name: str, between: str, wanted: str, *, turned: bool = False) -> str:
    """``a as b`` as the entry of an object (``b: a``) or of a pattern that takes it apart."""
    first, _, second = name.partition(between)
    if not second:
        return first
    return f"{second}{wanted}{first}" if turned else f"{first}{wanted}{second}"
