"""What a browser may do with an answer: the headers of every one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["headers_for", "page_policy"]

_KEPT = ("/assets/", "/_dash-component-suites/", "/_favicon.ico")
"""Code and styles: the same for everybody, and the browser may keep them."""

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def page_policy(script_hashes: Iterable[str]) -> str:
    """The Content-Security-Policy; ``script_hashes`` are of the scripts inside the page's HTML.

    Styles may stand in elements: Mantine, ag-grid and Cytoscape write them. Without
    that, an attribute ``style`` of a stranger's would be stopped; there is no way for
    one onto the page, as texts are never read as markup.
    """
    return "; ".join([
        "default-src 'self'",
        " ".join(["script-src 'self'", *script_hashes]),
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ])  # fmt: skip


def headers_for(path: str, policy: str) -> Mapping[str, str]:
    """The headers of an answer. Models and what is told of them are kept by no browser."""
    kept = {} if path.startswith(_KEPT) else {"Cache-Control": "no-store"}
    return {**_ALWAYS, "Content-Security-Policy": policy, **kept}
