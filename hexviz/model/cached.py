"""What is computed once for an object, also if several threads ask for it."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

__all__ = ["cached_property", "kept_with_argument"]

Owner = TypeVar("Owner")
Made = TypeVar("Made")


class cached_property(Generic[Owner, Made]):  # noqa: N801 - a decorator
    """As :func:`functools.cached_property`, with a lock for each object.

    Python 3.11 has one for all objects of a class, so that one slow model keeps
    all others waiting; later versions have none, and make the thing twice.
    """

    def __init__(self, make: Callable[[Owner], Made]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, one: None, owner: type) -> cached_property[Owner, Made]: ...
    @overload
    def __get__(self, one: Owner, owner: type) -> Made: ...
    def __get__(self, one: Owner | None, owner: type) -> cached_property[Owner, Made] | Made:
        """What was made; not called any more once it is among the attributes of the object."""
        if one is None:
            return self
        return _kept(one, self._name, self._make)

    if TYPE_CHECKING:  # at run time there is none, so what is set among the attributes goes first

        def __set__(self, one: Owner, made: Made) -> None: ...


def kept_with_argument(make: Callable[[Owner], Made]) -> Callable[[Owner], Made]:
    """As :class:`cached_property`, for a function of one object that a floor above its class has.

    What it returns lives as long as the object.
    """
    name = f"{make.__module__}.{make.__qualname__}"

    @functools.wraps(make)
    def kept(one: Owner) -> Made:
        return _kept(one, name, make)

    return kept


def _kept(one: Owner, name: str, make: Callable[[Owner], Made]) -> Made:
    known: dict[str, Any] = vars(one)
    guard = f"{name} is being made"
    with known.setdefault(guard, threading.RLock()):
        if name not in known:
            known[name] = make(one)
            known.pop(guard, None)
    made: Made = known[name]
    return made
