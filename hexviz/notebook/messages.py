"""What the page of a view says to Python, and what it is told: the kinds of messages.

::

    page ─▶ Python    hello, left, page      a page is there, is gone, needs its HTML
                      event, panel           a request of hexviz/app/protocol.py, as text
    Python ─▶ page    page, answer           HTML or an answer, in bytes beside the message
                      refused, say, end      one line: no answer; a notice; nothing more comes
                      hello, moved           the kernel is there; the view is elsewhere now

A page says anything: what does not fit these types is a :class:`~hexviz.errors.RequestError`.
``view`` tells the pages of one view apart, which all hear all messages.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from hexviz.errors import RequestError

__all__ = ["Event", "FromPage", "Hello", "Left", "Page", "Panel", "read"]

PageName = Annotated[str, Meta(pattern="^[0-9a-z-]{1,64}$")]
Number = Annotated[int, Meta(ge=0, le=2**53)]


class Hello(Struct, tag_field="kind", tag="hello"):
    """A page is there, or asks whether the kernel is."""

    view: PageName


class Left(Struct, tag_field="kind", tag="left"):
    """A page is gone."""

    view: PageName


class Page(Struct, tag_field="kind", tag="page"):
    """A document has no page of hexviz yet and needs its HTML."""

    view: PageName


class Event(Struct, tag_field="kind", tag="event"):
    """An :class:`~hexviz.app.protocol.EventRequest`; ``id`` comes back with the answer."""

    view: PageName
    id: Number
    body: str


class Panel(Struct, tag_field="kind", tag="panel"):
    """A :class:`~hexviz.app.protocol.PanelRequest`; ``id`` comes back with the answer."""

    view: PageName
    id: Number
    body: str


FromPage = Hello | Left | Page | Event | Panel


def read(content: Any) -> FromPage:
    """A message from what a page sent.

    Raises:
        RequestError: if it does not fit.
    """
    try:
        message: FromPage = msgspec.convert(content, FromPage)
    except msgspec.ValidationError as error:
        raise RequestError(f"That message cannot be understood: {error}"[:300]) from error
    return message
