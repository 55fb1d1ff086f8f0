"""The real command, serving the page in a process of its own."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from hexviz.app.models.model_key import label_of
from tests.waiting import finished

__all__ = ["SIGNALS", "Server", "ignoring"]

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""What ends a command."""


def ignoring(*ignored: signal.Signals) -> Callable[[], None]:
    """What a process begins with that ``nohup``, or a shell in the background, has started.

    The others have their usual meaning, however the tests themselves were started.
    """

    def before() -> None:
        for one in SIGNALS:
            signal.signal(one, signal.SIG_IGN if one in ignored else signal.SIG_DFL)

    return before


class Server:
    """A running ``hexviz view``; ``line`` is what it says first.

    ``printed`` is the address in it, ``url`` the same as the page writes it once the model is open.
    """

    def __init__(
        self,
        source: Path | None,
        cache: Path,
        *options: str,
        before: Callable[[], object] | None = None,
        **environment: str,
    ) -> None:
        command = [sys.executable, "-m", "hexviz", "view", *([str(source)] if source else [])]
        self.process = subprocess.Popen(
            [*command, "--no-browser", "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"XDG_CACHE_HOME": str(cache)} | environment,
            preexec_fn=before,  # noqa: PLW1509 - it says only which signals are ignored
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        found = re.search(r"http://\S+", self.line)
        if not found:
            raise RuntimeError(f"hexviz did not start: {finished(self.process)[1]}")
        self.printed = found.group()
        self._source = source

    @cached_property
    def url(self) -> str:
        """The address with the model's key; its digest is made when somebody asks."""
        if self._source is None or "model=" in self.printed:
            return self.printed
        with self._source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        page, _, more = self.printed.partition("?")
        key = f"{digest}-{quote(label_of(self._source.name))}"
        return f"{page}?model={key}" + (f"&{more}" if more else "")

    def stop(self, by: signal.Signals = signal.SIGTERM) -> str:
        """End it, as whoever started it would; returns what it wrote to stderr."""
        # Not by SIGINT, which a shell in the background lets nobody hear.
        self.process.send_signal(by)
        return finished(self.process)[1]

    def kill(self) -> None:
        """End it, and all that it has started and is in its session, without a warning."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()
