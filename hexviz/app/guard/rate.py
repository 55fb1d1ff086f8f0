"""How often who may do something: an allowance that is used up and grows again."""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["Allowance", "client"]

_MOST = 4096  # clients remembered; who is forgotten starts afresh


class Allowance:
    """``most`` at once and ``per_second`` from then on, for each client (a token bucket)."""

    def __init__(
        self, most: float, per_second: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._per_second = per_second
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, who: str, much: float = 1.0) -> int:
        """Take some of it; returns 0, or after how many whole seconds there is enough again.

        What is more than fits at all takes everything.
        """
        wanted = min(much, self._most)
        with self._lock:
            now = self._clock()
            left = self._now(who, now)
            if left < wanted:
                return math.ceil((wanted - left) / self._per_second)
            self._left[who] = (left - wanted, now)
            self._left.move_to_end(who)
            while len(self._left) > _MOST:
                self._left.popitem(last=False)
            return 0

    def left(self, who: str) -> bool:
        """Whether there is one left to take."""
        with self._lock:
            return self._now(who, self._clock()) >= 1

    def _now(self, who: str, now: float) -> float:
        left, at = self._left.get(who, (self._most, now))
        return min(self._most, left + (now - at) * self._per_second)


def client(address: str | None) -> str:
    """Whom an address counts as: in IPv6, a household has 2⁶⁴ of them."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))
    return str(found)
