"""What a person may send to the page, at most."""

__all__ = ["MAX_NUMBERS", "MAX_UPLOAD"]

MAX_UPLOAD = 256 * 1024 * 1024
"""Largest upload in bytes; larger files are opened with ``hexviz view FILE``."""

MAX_NUMBERS = 16 * 1024 * 1024
"""Largest file of numbers in bytes."""
