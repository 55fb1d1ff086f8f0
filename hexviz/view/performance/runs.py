"""A run of ``hexviz bench``, read from the file that ``-o`` wrote.

The file may be a stranger's: it is held against the format to the last number,
and its texts are names to be shown, nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from hexviz.errors import RunError
from hexviz.model.strict_json import read_json

__all__ = ["MAX_RUN", "Fit", "Run", "Span", "Subject", "read_run"]

MAX_RUN = 2 * 1024 * 1024
"""Largest file of a run in bytes."""

_KIND = "hexviz bench"
_MOST = 500  # models, or sizes of a fit
_NAMES = 60  # stages or figures of a model, or fits
_LONGEST = 300  # characters of a text
_LEAST = 1e-12  # seconds or bytes: what is less is no measurement, and lines must stay finite
_STEEPEST = 10  # exponent


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds of several repeats."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Subject:
    """A model of a run: its size, seconds by stage, and bytes by what they are of."""

    name: str
    kind: str
    ops: int
    stages: Mapping[str, Span]
    memory: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Fit:
    """How a figure grows with the number of ops: as its power ``exponent``, within low and high.

    ``figure`` is a stage, or what of the memory; ``flavour`` is the kind of
    graphs. ``amounts`` are the seconds or bytes at ``sizes`` that it was
    fitted to.
    """

    flavour: str
    figure: str
    exponent: float
    low: float
    high: float
    sizes: tuple[float, ...]
    amounts: tuple[float, ...]

    @property
    def line(self) -> tuple[list[float], list[float]]:
        """The ends of the fitted line: sizes, amounts."""
        at = sum(map(math.log, self.sizes)) / len(self.sizes)
        height = sum(map(math.log, self.amounts)) / len(self.amounts)
        ends = [min(self.sizes), max(self.sizes)]
        return ends, [math.exp(height + self.exponent * (math.log(one) - at)) for one in ends]


@dataclass(frozen=True, slots=True)
class Run:
    """All of a run that is shown; ``machine`` is one line."""

    version: str
    machine: str
    repeats: int
    subjects: tuple[Subject, ...]
    time_fits: tuple[Fit, ...]
    memory_fits: tuple[Fit, ...]


def read_run(content: bytes) -> Run:
    """A run from the bytes of its file.

    Raises:
        RunError: if it is too large, no JSON, or no such run; the line says what is wrong.
    """
    if len(content) > MAX_RUN:
        raise RunError(f"That file is over {MAX_RUN // 1024**2} MB: no run of hexviz bench is.")
    try:
        told = read_json(content)
    except (ValueError, RecursionError) as error:
        raise RunError("That is no JSON file: choose one that `hexviz bench -o` wrote.") from error
    if not isinstance(told, dict) or told.get("kind") != _KIND:
        raise RunError("That is no run: choose a file that `hexviz bench -o` wrote.")
    names: set[str] = set()
    subjects = tuple(_subject(one, names) for one in _list(told, "models"))
    return Run(
        version=_text(told, "version"),
        machine=_machine(told.get("machine")),
        repeats=int(_number(told, "repeats")),
        subjects=subjects,
        time_fits=tuple(_fits(told, "growth", "seconds")),
        memory_fits=tuple(_fits(told, "memory_growth", "bytes")),
    )


def _subject(told: Any, names: set[str]) -> Subject:
    if not isinstance(told, dict):
        _refuse("models")
    name = _text(told, "name")
    if not name or name in names:
        _refuse("the name of a model")
    names.add(name)
    ops = _number(told, "ops")
    if ops < 1 or ops != int(ops):
        _refuse(f"the ops of {name}")
    stages = told.get("stages", {})
    memory = told.get("memory") or {}
    for one in (stages, memory):
        if not isinstance(one, dict) or len(one) > _NAMES:
            _refuse(f"the figures of {name}")
    # By onnx-ir, to have something to measure by: beside hexviz's own stages.
    parsing = {"parsing": _span(told["parsing"])} if told.get("parsing") is not None else {}
    return Subject(
        name=name,
        kind=_text(told, "kind"),
        ops=int(ops),
        stages={_checked(stage): _span(one) for stage, one in stages.items()} | parsing,
        memory=_memory(memory, ops),
    )


def _memory(told: dict[str, Any], ops: float) -> dict[str, float]:
    """What is told by op or in megabytes, in bytes; what was not measured is left out."""
    found = {}
    for name, value in told.items():
        if value is None:
            continue
        size = _number(told, name)
        if name.endswith("_bytes_per_op"):
            found[_checked(name.removesuffix("_bytes_per_op"))] = size * ops
        elif name.endswith("_mb"):
            found[_checked(name.removesuffix("_mb"))] = size * 1e6
    return found


def _span(told: Any) -> Span:
    if not isinstance(told, dict):
        _refuse("a stage")
    span = Span(_number(told, "median"), _number(told, "min"), _number(told, "max"))
    if not span.low <= span.median <= span.high:
        _refuse("a stage")
    return span


def _fits(run: dict[str, Any], table: str, unit: str) -> Iterator[Fit]:
    """The fits of a table: flavour → figure → fit."""
    flavours = run.get(table) or {}
    if not isinstance(flavours, dict) or len(flavours) > _NAMES:
        _refuse(table)
    for flavour, figures in flavours.items():
        if not isinstance(figures, dict) or len(figures) > _NAMES:
            _refuse(table)
        for figure, told in figures.items():
            if not isinstance(told, dict):
                _refuse(table)
            low, exponent, high = (
                _number(told, one, signed=True) for one in ("low", "exponent", "high")
            )
            sizes, amounts = _numbers(told, "sizes"), _numbers(told, unit)
            if len(sizes) != len(amounts) or not sizes or min(sizes) < 1 or min(amounts) < _LEAST:
                _refuse(table)
            if not low <= exponent <= high or abs(exponent) > _STEEPEST:
                _refuse(table)
            yield Fit(_checked(flavour), _checked(figure), exponent, low, high, sizes, amounts)


def _machine(told: Any) -> str:
    if not isinstance(told, dict):
        _refuse("machine")
    parts = [_text(told, "processor")]
    if told.get("cores") is not None:
        parts.append(f"{_number(told, 'cores'):.0f} cores")
    if told.get("memory_gb") is not None:
        parts.append(f"{_number(told, 'memory_gb'):.0f} GB")
    parts.append(_text(told, "python"))
    return ", ".join(one for one in parts if one)


def _list(told: dict[str, Any], name: str) -> list[Any]:
    found = told.get(name)
    if not isinstance(found, list) or len(found) > _MOST:
        _refuse(name)
    return found


def _text(told: dict[str, Any], name: str) -> str:
    found = told.get(name, "")
    if not isinstance(found, str):
        _refuse(name)
    return _checked(found)


def _checked(text: str) -> str:
    if len(text) > _LONGEST:
        _refuse("a name")
    return " ".join(text.split())


def _number(told: dict[str, Any], name: str, *, signed: bool = False) -> float:
    return _finite(told.get(name), name, signed=signed)


def _numbers(told: dict[str, Any], name: str) -> tuple[float, ...]:
    return tuple(_finite(one, name) for one in _list(told, name))


def _finite(value: Any, name: str, *, signed: bool = False) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e18:
        _refuse(_checked(name))
    if not math.isfinite(value) or (value < 0 and not signed):
        _refuse(_checked(name))
    return float(value)


def _refuse(what: str) -> NoReturn:
    raise RunError(f"That run cannot be read: {what} is not as `hexviz bench -o` writes it.")
