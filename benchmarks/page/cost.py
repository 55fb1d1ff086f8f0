"""Bytes that a page is sent, and memory that it takes, for `make bench-view`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psutil
from playwright.sync_api import Browser, CDPSession

from tests.serving import Server

__all__ = ["Traffic", "memory"]


@dataclass
class Traffic:
    """Bytes of response bodies that reached a page, and of what was sent over the wire."""

    bodies: int = 0
    wire: int = 0

    def watch(self, session: CDPSession) -> None:
        session.send("Network.enable")
        session.on("Network.dataReceived", self._received)
        session.on("Network.loadingFinished", self._finished)

    def _received(self, event: dict[str, Any]) -> None:
        self.bodies += event["dataLength"]

    def _finished(self, event: dict[str, Any]) -> None:
        self.wire += int(event["encodedDataLength"])

    def taken(self) -> dict[str, int]:
        """The bytes since this was last asked."""
        taken = {"bodies": self.bodies, "wire": self.wire}
        self.bodies = self.wire = 0
        return taken


def memory(browser: Browser, session: CDPSession, server: Server) -> dict[str, float]:
    """Megabytes of the page's heap after a collection, of its process, and of the server."""
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    values = {metric["name"]: metric["value"] for metric in metrics}
    return {
        "heap_mb": values["JSHeapUsedSize"] / 1e6,
        "nodes": values["Nodes"],
        "renderer_mb": max(_renderers(browser)),
        "server_mb": psutil.Process(server.process.pid).memory_info().rss / 1e6,
    }


def _renderers(browser: Browser) -> list[float]:
    """Megabytes of resident memory of each process that draws a page."""
    session = browser.new_browser_cdp_session()
    listed = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    numbers = [process["id"] for process in listed if process["type"] == "renderer"]
    return [psutil.Process(number).memory_info().rss / 1e6 for number in numbers]
