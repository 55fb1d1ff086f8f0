"""What ``hexviz bench`` prints for people: tables of figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.suggestions import TABLES
from hexviz.cli.console import console, listing, say

__all__ = [
    "print_audit",
    "print_borders",
    "print_costs",
    "print_extraction",
    "print_inheritance",
    "print_matching",
    "print_rewritten",
]


def print_audit(document: Mapping[str, Any]) -> None:
    """The document of ``python -m benchmarks audit --json``; what failed goes to stderr."""
    rows: dict[str, list[tuple[str, ...]]] = {}
    for row in document["summary"]:
        split = "reported only" if row["reported"] else "tuned on"
        known = "with the module tree" if row["known"] == "tree" else "as a stranger's file"
        title = f"{row['export']}, {known}, {row['models']} models {split}"
        untouched = "accused" in row
        figures = (
            ("", "", "", f"{row['accused']:.4f}")
            if untouched
            else (str(row["planted"]), f"{row['found']:.3f}", _share(row["right"]), "")
        )
        worst = f"{row['worst']} {row['worst_figure']:.3f}"
        rows.setdefault(title, []).append((row["way"], *figures, worst))
    names = ("planted", "found", "right", "accused")
    for title, lines in rows.items():
        table = listing(("mistakes", *names, "worst"), lines, title=title, figures=names)
        console().print(table)
    for by, lines in document["suggestions"].items():
        _print_suggestions(by, lines)
    if document["idioms"]:
        ops = sum(one["ops"] for one in document["idioms"])
        accused = sum(one["accused_ops"] for one in document["idioms"])
        say(f"Idioms that are right: {accused} of {ops} ops accused.")
    _say_failed(document)


def _print_suggestions(by: str, lines: Sequence[Mapping[str, Any]]) -> None:
    """What the audit suggests for ops that it accuses, told apart by what a table is named for."""
    figures = ("ops", "tag wrong", "suggested", "exact", "around", "wrong", "exact, by model")
    shares = ("tag_wrong", "suggested", "exact", "around", "wrong", "right")
    rows = [
        (
            "reported only" if row["reported"] else "tuned on",
            ", ".join(str(row[key]) for key in TABLES[by]),
            str(row["ops"]),
            *(_share(row[key]) for key in shares),
        )
        for row in lines
    ]
    title = f"suggestions, by {by.replace('_', ' ')}"
    console().print(listing(("models", "", *figures), rows, title=title, figures=figures))


def print_costs(document: Mapping[str, Any]) -> None:
    """The document of ``python -m benchmarks costs --json``, a row for each export."""
    figures = ("MACs", "of torch's", "modules", "apart", "parameters")
    for reported in (False, True):
        rows = [
            (
                row["model"],
                row["export"],
                f"{row['known_macs']:,}" if row["macs"] is None else f"{row['macs']:,}",
                "" if row["ratio"] is None else f"{row['ratio']:.4f}",
                str(row["modules"]),
                str(len(row["modules_apart"])),
                "equal" if _is_exact(row) else f"{row['parameters']} ≠ {row['torch_parameters']}",
            )
            for row in document["rows"]
            if row["reported"] == reported
        ]
        title = "reported only" if reported else "tuned on"
        console().print(listing(("model", "export", *figures), rows, title=title, figures=figures))
    _say_failed(document)


def _is_exact(row: Mapping[str, Any]) -> bool:
    return bool(row["parameters"] == row["own_parameters"] == row["torch_parameters"])


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.3f}"


def _say_failed(document: Mapping[str, Any]) -> None:
    for one in document["failed"]:
        say(f"Not measured: {one['model']}, {one['exporter']}: {one['error']}")


def print_extraction(document: Mapping[str, Any]) -> None:
    """The document of ``python -m benchmarks extraction --json``.

    What is not equal goes to stderr too.
    """
    tables: dict[str, list[tuple[str, ...]]] = {}
    for row in document["summary"]:
        for who, counts in row["outcomes"].items():
            ratio = row["slower"].get(who)
            figures = (*map(str, counts.values()), "" if ratio is None else f"{ratio:.2f}")
            title = f"{row['export']}, {row['models']} models"
            tables.setdefault(title, []).append((row["policy"], who, str(row["cuts"]), *figures))
    figures = ("cuts", "equal", "different", "invalid", "refused", "hexviz's time to its")
    for title, lines in tables.items():
        table = listing(("policy", "cut by", *figures), lines, title=title, figures=figures)
        console().print(table)
    splits = [(one, one["split"]) for one in document["results"] if one["split"]]
    equal = sum(done["equal"] for _, done in splits)
    say(f"Split by top modules and run part by part: {equal} of {len(splits)} equal the whole.")
    for one in document["results"]:
        for cut in one["cuts"]:
            if cut["outcomes"]["hexviz"] != "equal":
                name = f"{one['model']}, {one['export']}, {cut['module']!r}, {cut['policy']}"
                say(f"{cut['outcomes']['hexviz']}: {name}: {cut['notes'].get('hexviz', '')}")
    for one, done in splits:
        if not done["equal"]:
            say(f"Split of {one['model']}, {one['export']}: {done['note']}")
    _say_failed(document)


def print_inheritance(document: Mapping[str, Any]) -> None:
    """The document of ``python -m benchmarks inheritance --json``; what failed goes to stderr."""
    _print_accuracy(document["summary"])
    _print_models(document["results"])
    for exporter, types in document["op_types"].items():
        _print_totals(f"{exporter}, auxiliary blanked, models reported only", "op type", types)
    _print_calibration(document["confidences"])
    _say_failed(document)


def print_matching(document: Mapping[str, Any]) -> None:
    """The document of ``python -m benchmarks matching --json``; what failed goes to stderr."""
    figures = ("files", "ops", "exact", "on branch", "sure and wrong")
    tables: dict[str, list[tuple[str, ...]]] = {}
    for row in document["summary"]:
        split = "reported only" if row["reported"] else "tuned on"
        title = f"{row['exporter']}, {row['form']}, models {split}"
        shares = (f"{row[key]:.4f}" for key in ("exact", "on_branch", "lies"))
        counts = (str(row["files"]), str(row["ops"]))
        tables.setdefault(title, []).append((row["tool"], *counts, *shares, row["worst"]))
    for title, lines in tables.items():
        console().print(
            listing(("tool", *figures, "least exact"), lines, title=title, figures=figures)
        )
    for row in document["pair_summary"]:
        split = "reported only" if row["reported"] else "tuned on"
        say(
            f"{row['before']} to {row['after']}, {row['models']} models {split}: "
            f"{row['paired']:.4f} of {row['ops']} ops paired, of these "
            f"{row['same_module']:.4f} in the same module."
        )
    for one in document["results"]:
        if "error" in one:
            about = ", ".join(one[key] for key in ("model", "exporter", "tool", "form"))
            say(f"Not measured: {about}: {one['error']}")


def print_borders(document: Mapping[str, Any]) -> None:
    """The document of ``python -m benchmarks borders``: each family with weights of the others."""
    figures = ("choices", "right")
    rows = [
        (name, str(one["choices"]), f"{one['right']:.3f}")
        for name, one in document["held_out"].items()
    ]
    title = "ops at borders, by family, with the weights of all other families"
    console().print(listing(("family", *figures), rows, title=title, figures=figures))
    _say_failed(document)


def print_rewritten(document: Mapping[str, Any]) -> None:
    """The document of ``python -m benchmarks rewritten --json``; what failed goes to stderr."""
    figures = ("models", "ops", "exact", "on branch", "sure and wrong")
    tables: dict[str, list[tuple[str, ...]]] = {}
    for row in document["summary"]:
        split = "reported only" if row["reported"] else "tuned on"
        title = f"{row['export']}, {row['weights']} weights, models {split}"
        shares = (f"{row[key]:.4f}" for key in ("exact", "on_branch", "sure_and_wrong"))
        worst = f"{row['worst']} {row['worst_on_branch']:.3f}"
        counts = (str(row["models"]), str(row["ops"]))
        tables.setdefault(title, []).append((row["tool"], *counts, *shares, worst))
    for title, lines in tables.items():
        console().print(
            listing(("tool", *figures, "worst on branch"), lines, title=title, figures=figures)
        )
    for one in document["results"]:
        if "error" in one:
            say(f"Not rewritten: {one['model']}, {one['export']}, {one['tool']}: {one['error']}")
    _say_failed(document)


def _print_accuracy(summary: Sequence[Mapping[str, Any]]) -> None:
    """A table per split and exporter: exact / on branch of each rule under each condition."""
    tables: dict[str, dict[str, dict[str, Mapping[str, Any]]]] = {}
    for row in summary:
        split = "reported only" if row["reported"] else "tuned on"
        title = f"{row['exporter']}, {row['models']} models {split}: exact / on branch"
        tables.setdefault(title, {}).setdefault(row["condition"], {})[row["rule"]] = row
    for title, conditions in tables.items():
        rules = list(next(iter(conditions.values())))
        figures = ("ops", *rules)
        rows = (
            (
                condition,
                str(by_rule[rules[0]]["ops"]),
                *(f"{one['exact']:.3f} / {one['on_branch']:.3f}" for one in by_rule.values()),
            )
            for condition, by_rule in conditions.items()
        )
        console().print(listing(("blanked", *figures), rows, title=title, figures=figures))


def _print_models(results: Sequence[Mapping[str, Any]]) -> None:
    """Per model and exporter what hexviz made of auxiliary ops, or of what was asked first."""
    first = results[0]["condition"] if results else ""
    figures = ("ops", "exact", "on branch", "wrong branch", "fallback")
    rows = (
        (
            one["model"],
            one["exporter"],
            str(one["ops"]),
            *(f"{one[key]:.3f}" for key in ("exact", "on_branch", "wrong_branch", "fallback")),
        )
        for one in results
        if one["rule"] == "hexviz" and one["condition"] == first and one["ops"]
    )
    title = f"by model, {first} blanked"
    console().print(listing(("model", "exporter", *figures), rows, title=title, figures=figures))


def _print_calibration(rows: Sequence[Mapping[str, Any]]) -> None:
    """A table per split and condition: what is stated by kind of reason, and what is exact."""
    tables: dict[str, list[tuple[str, ...]]] = {}
    for row in rows:
        split = "reported only" if row["reported"] else "tuned on"
        blanked = f"{row['condition']} blanked" if row["condition"] != "others" else "otherwise"
        stated = "all" if row["stated"] is None else f"{row['stated']:.2f}"
        exact, wrong = (f"{row[key] / row['ops']:.3f}" for key in ("exact", "wrong_branch"))
        tables.setdefault(f"models {split}, {blanked}", []).append(
            (row["kind"], stated, str(row["ops"]), exact, f"{row['off']:+.3f}", wrong)
        )
    figures = ("stated", "ops", "exact", "off", "wrong branch")
    for title, lines in tables.items():
        console().print(listing(("kind", *figures), lines, title=title, figures=figures))


def _print_totals(title: str, what: str, totals: Mapping[str, Mapping[str, int]]) -> None:
    """How many were asked, exact and wrong; nothing if nobody was."""
    if not totals:
        return
    figures = ("ops", "exact", "wrong branch")
    rows = (
        (kind, *(str(counts[key]) for key in ("ops", "exact", "wrong_branch")))
        for kind, counts in totals.items()
    )
    console().print(listing((what, *figures), rows, title=title, figures=figures))
