"""Every error a person can meet, as one tree.

::

    HexvizError
    ├── ReadError        a file cannot be read as an ONNX model
    ├── WriteError       a result cannot be written
    ├── SourceError      a SOURCE names nothing that can be opened
    ├── ExportError      an exporter failed on a model
    ├── SelectionError   a selection matches no module
    ├── ExtractionError  a part cannot be cut out of a graph, or not be run
    ├── UnknownOpError   an op id is not in the graph
    ├── QueryError       a search cannot be understood
    ├── NumbersError     a person's numbers do not fit the graph
    ├── RunError         a run of the benchmark cannot be made, or a file holds none
    ├── OverridesError   a file of overrides is none, or of another model
    ├── RenameError      a module cannot be called so
    ├── MatchingError    two graphs cannot be matched, or are not of one model
    ├── MeasureError     a model cannot be measured, or a file of figures be read
    ├── ViewLimitError   more would be on the page than can be read
    ├── RequestError     a request of the page does not fit its protocol
    ├── JobError         a job for the page cannot be done now
    ├── ServeError       the page cannot be served
    ├── ExtraError       a package that is not always installed is missing
    └── DesktopError     the desktop cannot be told of hexviz

A message is one line that says what is wrong and what to do about it.
"""

from __future__ import annotations

__all__ = [
    "DesktopError",
    "ExportError",
    "ExtraError",
    "ExtractionError",
    "HexvizError",
    "JobError",
    "MatchingError",
    "MeasureError",
    "NumbersError",
    "OverridesError",
    "QueryError",
    "ReadError",
    "RenameError",
    "RequestError",
    "RunError",
    "SelectionError",
    "ServeError",
    "SourceError",
    "UnknownOpError",
    "ViewLimitError",
    "WriteError",
]


_LONGEST = 500  # characters of a message; one that is longer lacks its middle
_BEGINNING = 320


class HexvizError(Exception):
    """The root of every error a person meets.

    Messages hold names from files, which may have any length and hold line
    ends, or what moves a terminal's cursor: a message is one line that can be
    printed, whatever is in it.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(_one_line(message))


def _one_line(message: str) -> str:
    if len(message) > _LONGEST:
        message = f"{message[:_BEGINNING]}…{message[_BEGINNING + 1 - _LONGEST :]}"
    if message.isprintable():
        return message
    return "".join(one if one.isprintable() else " " if one.isspace() else "�" for one in message)


class ReadError(HexvizError):
    """A file cannot be read as an ONNX model."""


class WriteError(HexvizError):
    """A result cannot be written."""


class SourceError(HexvizError):
    """A SOURCE (sample, file, factory, hub id) names nothing that can be opened."""


class ExportError(HexvizError):
    """An exporter failed on a model; ``log`` holds what it printed."""

    def __init__(self, message: str, *, log: str = "") -> None:
        super().__init__(message)
        self.log = log


class SelectionError(HexvizError):
    """A selection of modules matches nothing."""


class ExtractionError(HexvizError):
    """A part cannot be cut out of a graph, or not be run."""


class UnknownOpError(HexvizError):
    """An op id that is not in the graph."""


class QueryError(HexvizError):
    """A line of the search language that cannot be understood."""


class NumbersError(HexvizError):
    """Numbers to colour ops by that cannot be read, or are of another model."""


class RunError(HexvizError):
    """A run of ``hexviz bench`` that cannot be made, or a file that holds none."""


class OverridesError(HexvizError):
    """A file of overrides that cannot be read, or is of another model."""


class RenameError(HexvizError):
    """A module cannot be called what a person wants it to be called."""


class MatchingError(HexvizError):
    """Two graphs that cannot be matched: one has no tags, or they are of two models."""


class MeasureError(HexvizError):
    """A model that cannot be measured, or a file that holds no figures of one."""


class ViewLimitError(HexvizError):
    """Opening a module would put more on the page than can be read or drawn smoothly."""


class RequestError(HexvizError):
    """A request of the page that does not fit its protocol, or names what its model has not."""


class JobError(HexvizError):
    """A job for the page cannot be started, or nobody does it."""


class ServeError(HexvizError):
    """The page cannot be served."""


class ExtraError(HexvizError):
    """What was asked for needs a package of one of hexviz's extras; the message installs it.

    ``what`` is the message without the command, which holds a path, for who is on another machine.
    """

    def __init__(self, message: str, *, what: str) -> None:
        super().__init__(message)
        self.what = what


class DesktopError(HexvizError):
    """The desktop cannot be told of hexviz."""
