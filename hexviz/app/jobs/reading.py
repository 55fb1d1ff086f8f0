"""Large uploads are read by a job first: a file that is made to take all memory takes a job's.

A megabyte of empty messages becomes a hundred once protobuf has made objects of them, before
anything can be counted. The job leaves the tags on the shelf, so that reading twice costs little.
"""

from __future__ import annotations

import secrets

from hexviz.app.folders import jobs_folder
from hexviz.app.jobs.limits import LIMITS
from hexviz.app.jobs.supervise import supervise
from hexviz.errors import ReadError
from hexviz.model.files import LEFTOVER, write_atomically

__all__ = ["WORTH", "read_first"]

WORTH = 2 << 20
"""Bytes from which on a file is read by a job first: what is smaller takes below 0.5 GB."""


def read_first(content: bytes, name: str) -> None:
    """Open the bytes of a file in a process of its own.

    Raises:
        ReadError: if they are no readable ONNX model, or reading takes too much.
        WriteError: if they cannot be handed over.
    """
    # Named as what is swept away at the next start, should this process be killed.
    path = jobs_folder() / f"{LEFTOVER}{secrets.token_hex(16)}.onnx"
    try:
        write_atomically(path, [content], private=True)
        result = supervise(
            "read",
            {"path": str(path), "name": name},
            limits=LIMITS["read"],
            folder=jobs_folder(),
            report=lambda _: None,
            wanted=lambda: True,
        )
    finally:
        path.unlink(missing_ok=True)
    if "cancelled" in result:  # the supervisor's words, which do not say of what
        raise ReadError(f"{name} was not read. {result['error']}")
    if "error" in result:
        raise ReadError(result["error"])
