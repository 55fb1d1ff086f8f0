"""What a run of a benchmark has worse than one that was kept: one line each.

*Ratios* (tagging beside parsing, bytes kept beside onnx-ir's) hold on any
machine. One is worse if its median is above the kept one's by more than noise:
15 %, or the range of either run's repeats as a share of its median, whichever
is largest. Of 39 ratios of two runs on two busy cores, three repeats each, 95 %
differed by less than 14 %; what repeats of one run differ by cannot be told
from a change. Absolute *seconds* are compared by the same rule, but only if
machine and packages are the same, else a slower processor would be a
regression; and where parsing, which is not hexviz's, took longer as well, by
that much less, else a machine that was slower for a minute would be one: in
those two runs stages took up to 30 % longer together with parsing.

*Growth* is worse if its 95 % interval lies wholly above the kept one's; over
other sizes it is another figure, and not compared.

*Tags* are the same on every machine, so what they may be worse by is small:
rates by 0.001, mean confidence by 0.01, which is how far a release of an
exporter that lists a few ops otherwise moves them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hexviz.errors import RunError
from hexviz.model.strict_json import read_json

__all__ = ["Figures", "Growth", "Span", "read_kept", "regressions", "speed_figures", "tags_figures"]

_NOISE = 0.15
_ONCE = ("build model", "export")  # stages that run once, so nothing tells their noise
_MAY_FALL = {
    "coverage": 0.001,
    "exact": 0.001,
    "on_branch": 0.001,
    "mean_confidence": 0.01,
    "confidence_p10": 0.01,
}
_MAY_RISE = {"fallback_rate": 0.001, "blanked_fallback_rate": 0.001, "context_fallback_rate": 0.001}


@dataclass(frozen=True, slots=True)
class Span:
    """A figure of several repeats; less is better."""

    median: float
    low: float
    high: float

    @property
    def range(self) -> float:
        """From the smallest to the largest, as a share of the median."""
        return (self.high - self.low) / self.median if self.median else 0.0

    def __str__(self) -> str:
        return f"{self.median:.3g} ({self.low:.3g} to {self.high:.3g})"


@dataclass(frozen=True, slots=True)
class Growth:
    """An exponent with its 95 % interval, and the sizes it was fitted over."""

    exponent: float
    low: float
    high: float
    sizes: tuple[float, ...]

    def __str__(self) -> str:
        return f"{self.exponent:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(slots=True)
class Figures:
    """All of a document that is compared; names of figures begin with their model's.

    ``models`` maps each record's name to the model it is of, ``rates`` a record
    and the name of a rate to its value, ``seconds`` a model and a stage to what
    it took, ``parsing`` a model to the seconds of the yardstick.
    """

    models: dict[str, str] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    ratios: dict[str, Span] = field(default_factory=dict)
    seconds: dict[tuple[str, str], Span] = field(default_factory=dict)
    parsing: dict[str, float] = field(default_factory=dict)
    growth: dict[str, Growth] = field(default_factory=dict)
    rates: dict[tuple[str, str], float] = field(default_factory=dict)

    def of(self, models: Collection[str] | None) -> Figures:
        """Those to hold a run of just these models against; ``None``: of all.

        Raises:
            RunError: if none of them is here, so that there is nothing to compare with.
        """
        kept = {
            name: model for name, model in self.models.items() if models is None or model in models
        }
        if not kept:
            raise RunError(
                "The run to compare with holds none of these models: measure one it has."
            )
        return replace(self, models=kept)


def read_kept(path: Path, kind: str, figures: Callable[[Mapping[str, Any]], Figures]) -> Figures:
    """The figures of a document that an earlier run wrote with ``-o``, or printed as JSON.

    Raises:
        RunError: if there is no such file, or it holds no such document.
    """
    try:
        document = read_json(path.read_bytes())
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise RunError(
            f"{path} is no JSON ({error}): name a file that `{kind} -o` wrote."
        ) from error
    if not isinstance(document, dict) or document.get("kind") != kind:
        raise RunError(f"{path} is no run of `{kind}`: name a file that its -o wrote.")
    try:
        return figures(document)
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise RunError(
            f"{path} is no whole run of `{kind}` ({type(error).__name__}: {error}): make it again."
        ) from error


def speed_figures(document: Mapping[str, Any]) -> Figures:
    """What is compared of the document of ``hexviz bench``."""
    found = Figures(machine=dict(document["machine"]))
    for model in document["models"]:
        name = str(model["name"])
        found.models[name] = name
        for ratio, record in model["ratios"].items():
            found.ratios[f"{name}: {ratio}"] = _span(record)
        kept, parsed = (
            _number(model["memory"][f"{one}_bytes_per_op"]) for one in ("kept", "parsed")
        )
        found.ratios[f"{name}: bytes kept/parsed"] = Span(*[kept / parsed] * 3)
        for stage, record in model["stages"].items():
            if stage not in _ONCE:
                found.seconds[name, stage] = _span(record)
        parsing = _number(model["parsing"]["median"])
        if parsing <= 0:
            raise ValueError("parsing took no time")
        found.parsing[name] = parsing
        _add_rates(found, name, model["quality"])
    for table, what in (("growth", "growth"), ("memory_growth", "growth of memory,")):
        for flavour, figures in document[table].items():
            for figure, record in figures.items():
                low, exponent, high = (_number(record[one]) for one in ("low", "exponent", "high"))
                name = f"{flavour}: {what} {figure}"
                sizes = tuple(_number(one) for one in record["sizes"])
                found.growth[name] = Growth(exponent, low, high, sizes)
    return found


def tags_figures(document: Mapping[str, Any]) -> Figures:
    """What is compared of the document of ``hexviz bench tags``."""
    found = Figures()
    for one in document["results"]:
        name = f"{one['model']}, {one['export']}"
        found.models[name] = str(one["model"])
        _add_rates(found, name, one)
        _add_rates(found, f"{name}, blanked", one["blanked"])
    return found


def regressions(now: Figures, kept: Figures) -> list[str]:
    """A line for each figure that is worse, and for each record that is missing."""
    missing = sorted(kept.models.keys() - now.models.keys())
    lines = [f"{name}: missing, was measured before" for name in missing]
    for name, was in kept.ratios.items():
        if name not in now.ratios and name.rpartition(": ")[0] in now.models:
            lines.append(f"{name}: missing, was measured before")
        lines += _slower(name, now.ratios.get(name), was)
    if now.machine == kept.machine:
        for (model, stage), was in kept.seconds.items():
            if model in now.parsing:
                drift = max(1.0, now.parsing[model] / kept.parsing[model])
                name = f"{model}: seconds of {stage}"
                lines += _slower(name, now.seconds.get((model, stage)), was, drift)
    for name, grew in kept.growth.items():
        grows = now.growth.get(name)
        if grows is not None and grows.sizes == grew.sizes and grows.low > grew.high:
            lines.append(f"{name}: exponent {grows}, was {grew}")
    for (model, figure), before in kept.rates.items():
        value = now.rates.get((model, figure))
        if value is None:
            if model in now.models:
                lines.append(f"{model}: {figure} is missing, was told before")
            continue
        worse = value - before if figure in _MAY_RISE else before - value
        allowed = (_MAY_RISE | _MAY_FALL)[figure]
        if worse > allowed + 1e-9:  # rates are rounded to four decimals, their differences are not
            lines.append(f"{model}: {figure} {value:.4f}, was {before:.4f}; {allowed:g} is allowed")
    return lines


def _slower(name: str, now: Span | None, was: Span, drift: float = 1.0) -> Iterator[str]:
    """A line if a figure is worse by more than noise, and than the machine as a whole."""
    if now is None or not was.median:
        return
    more = now.median / was.median / drift - 1
    noise = max(_NOISE, now.range, was.range)
    if more > noise:
        yield f"{name} {now}, was {was}: {more:.0%} more, noise makes {noise:.0%}"


def _add_rates(found: Figures, model: str, record: Mapping[str, Any]) -> None:
    for figure in (*_MAY_FALL, *_MAY_RISE):
        if record.get(figure) is not None:
            found.rates[model, figure] = _number(record[figure])


def _span(record: Mapping[str, Any]) -> Span:
    return Span(_number(record["median"]), _number(record["min"]), _number(record["max"]))


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"{value!r} is no number")
    return float(value)
