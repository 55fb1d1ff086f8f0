"""What ``hexviz bench`` and ``hexviz bench tags`` print for people: tables of figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hexviz.cli.console import console, listing, say, text

__all__ = ["print_regressions", "print_speed", "print_tags"]

_EXPORTED = ("build model", "export")


def print_speed(document: Mapping[str, Any]) -> None:
    """The document of ``hexviz bench --json``; what failed goes to stderr."""
    out = console()
    machine = document["machine"]
    parts = (machine["processor"], f"{machine['cores']} cores", machine["system"])
    repeats = f"{document['repeats']} repeats: median (smallest to largest)"
    out.print(text(", ".join((*parts, machine["python"], repeats))), soft_wrap=True)
    models = document["models"]
    _print_ratios(models)
    _print_stages(models)
    _print_memory(models)
    _print_growth(document)
    _print_quality(models)
    for one in document["failed"]:
        say(f"Not measured: {one['model']}, {one['exporter']}: {one['error']}")


_RATIOS = 4  # in one table


def _print_ratios(models: Iterable[Mapping[str, Any]]) -> None:
    models = list(models)
    names = list(dict.fromkeys(name for one in models for name in one["ratios"]))
    for some in (names[:_RATIOS], names[_RATIOS:]):  # a narrow screen has no room for all
        rows = [
            (
                one["name"],
                f"{one['ops']:,}",
                _time(one["parsing"]["median"]),
                *(_span(one["ratios"][name]) for name in some),
            )
            for one in models
        ]
        # With room to break.
        figures = ("ops", "parsing", *(name.replace("/", " / ") for name in some))
        _print("model", figures, rows, "ratios, each within one run")


def _print_stages(models: Iterable[Mapping[str, Any]]) -> None:
    """Medians of the stages that fit on a screen; the document has all, with their ranges."""
    shown = ("read", "tagging", "audit", "save", "open tagged", "repeat", "index", "layout")
    rows = [
        (one["name"], *(_time(one["stages"][stage]["median"]) for stage in shown)) for one in models
    ]
    _print("model", shown, rows, "medians in milliseconds")
    made = [
        (
            one["name"],
            *(f"{one['stages'][stage]['median']:.1f}" for stage in _EXPORTED),
            f"{one['stages']['tagging']['median'] / one['stages']['export']['median']:.2%}",
        )
        for one in models
        if one["kind"] == "export"
    ]
    if made:
        _print("model", (*_EXPORTED, "tagging by export"), made, "exports, seconds of one run")


def _print_memory(models: Iterable[Mapping[str, Any]]) -> None:
    rows = [
        (
            one["name"],
            f"{one['memory']['parsed_bytes_per_op']:,}",
            f"{one['memory']['kept_bytes_per_op']:,}",
            "" if one["memory"]["peak_mb"] is None else f"{one['memory']['peak_mb']:,.0f}",
        )
        for one in models
    ]
    figures = ("onnx-ir, bytes per op", "hexviz, bytes per op", "process grows, MB")
    _print("model", figures, rows, "memory")


def _print_growth(document: Mapping[str, Any]) -> None:
    """Nothing where fewer sizes were measured than a fit needs."""
    rows = [
        (flavour, f"{kind}{figure}", f"{one['exponent']:.2f}", f"{one['low']:.2f}",
         f"{one['high']:.2f}")
        for table, kind in (("growth", ""), ("memory_growth", "bytes, "))
        for flavour, record in document[table].items()
        for figure, one in record.items()
    ]  # fmt: skip
    if rows:
        figures = ("exponent", "from", "to")
        title = "growth with the ops, 95 % interval"
        names = ("synthetic graphs", "figure", *figures)
        console().print(listing(names, rows, title=title, figures=figures))


def _print_quality(models: Iterable[Mapping[str, Any]]) -> None:
    """hexviz and the earlier rule on the same blanked ops; nothing if no export was measured."""
    rows = [
        (one["name"], who, f"{record['exact']:.3f}", f"{record['on_branch']:.3f}", fallback,
         _time(seconds["median"]))
        for one in models
        if one["earlier"] is not None and one["quality"]["exact"] is not None
        for who, record, seconds, fallback in (
            ("hexviz", one["quality"], one["quality"]["blanked_seconds"],
             f"{one['quality']['blanked_fallback_rate']:.3f}"),
            ("earlier rule", one["earlier"], one["earlier"]["seconds"], ""),
        )
    ]  # fmt: skip
    if rows:
        figures = ("exact", "on branch", "fallback", "ms")
        names = ("model", "inferred by", *figures)
        title = "auxiliary ops blanked"
        console().print(listing(names, rows, title=title, figures=figures))


def print_tags(document: Mapping[str, Any]) -> None:
    """The document of ``hexviz bench tags --json``; what failed goes to stderr."""
    rates = ("fallback_rate", "context_fallback_rate", "mean_confidence", "confidence_p10")
    stated = ("ops", "fallback", "of context", "confidence", "lowest tenth")
    for title, blanked in (("as exported", False), ("auxiliary ops blanked", True)):
        right = ("exact", "on_branch") if blanked else ()
        rules, rows = [], []
        for one in document["results"]:
            record = one["blanked"] if blanked else one
            who = (one["model"], one["export"])
            shares = (f"{rule} {share:.3f}" for rule, share in record["rules"].items())
            rules.append((*who, ", ".join(shares)))
            rows.append(
                (*who, str(record["ops"]), *(_share(record[rate]) for rate in (*rates, *right)))
            )
        figures = (*stated, "exact", "on branch") if blanked else stated
        names = ("model", "export")
        out = console()
        out.print(listing((*names, "rules"), rules, title=title))
        out.print(listing((*names, *figures), rows, title=title, figures=figures))
    for one in document["failed"]:
        say(f"Not measured: {one['model']}, {one['exporter']}: {one['error']}")


def print_regressions(lines: Iterable[str]) -> None:
    """One line on stderr for each figure that is worse than in the run it was compared with."""
    for line in lines:
        say(f"Worse: {line}")


def _print(what: str, figures: tuple[str, ...], rows: Iterable[Iterable[str]], title: str) -> None:
    console().print(listing((what, *figures), rows, title=title, figures=figures))


def _span(span: Mapping[str, float]) -> str:
    return f"{span['median']:.2f} ({span['min']:.2f}–{span['max']:.2f})"


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.3f}"
