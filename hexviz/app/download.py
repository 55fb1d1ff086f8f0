"""A file that leaves the server for the browser."""

from __future__ import annotations

import re

from flask import Response

__all__ = ["download", "file_stem"]


def download(content: bytes, name: str, kind: str) -> Response:
    """An answer that the browser saves under a name."""
    return Response(
        content, mimetype=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def file_stem(name: str) -> str:
    """A file name, without its ending, that any system takes, from a stranger's."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name.removesuffix(".onnx"))[:80] or "model"
