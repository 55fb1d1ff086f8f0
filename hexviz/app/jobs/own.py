"""What every manager of ours does otherwise than Dash's: it keeps to its own app."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from dash.background_callback.managers import BaseBackgroundCallbackManager

__all__ = ["OwnManager"]


class OwnManager(BaseBackgroundCallbackManager):  # type: ignore[misc] # Dash has no types
    """A manager of one app; Dash offers each manager the callbacks of all apps in the process.

    Dash also gives two people who ask for the same the same answer, once; here
    each gets their own.
    """

    _open = False

    def register(self, key: str, fn: Callable[..., Any], progress: Any) -> None:
        """Take on a callback, if it is of the app that is being made."""
        if self._open:
            super().register(key, fn, progress)

    def begin(self) -> None:
        """Take on the callbacks that come now."""
        self._open = True

    def seal(self) -> None:
        """Take on no more: what comes now is another app's, with the same names."""
        self._open = False

    def build_cache_key(self, *_: Any) -> str:
        """A new name for each answer: it is for who asked."""
        return secrets.token_hex(32)

    def job_running(self, job: str) -> bool:
        """Always: Dash asks right after :meth:`get_result`, which has told if it is over.

        A job that ends between the two questions would be taken for one that
        was cancelled, and its answer never be asked for.
        """
        return bool(job)

    def terminate_unhealthy_job(self, *_: Any) -> bool:
        """Nothing to do: what became of a job is told with its answer."""
        return False
