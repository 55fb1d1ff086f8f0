"""How right matching is, over models and tools, from a folder that keeps all but the matching.

``python -m benchmarks.measure_matching --work DIR [MODEL ...]``; without models, the ones
that may be looked at. ``--wrong`` lists every wrong answer, of those models alone. For the
whole benchmark as tables see :mod:`benchmarks.matching_table`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.matching import ANSWERS, FORMS, measure, summarize
from benchmarks.matching_cases import EXPORTS, cases
from benchmarks.matching_exporters import against_each_other, summarize_pairs
from benchmarks.matching_models import MATCHING_MODELS
from benchmarks.matching_speed import measure_speed
from benchmarks.matching_tools import MATCHING_TOOLS, QDQ


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help="names of models of the benchmark")
    parser.add_argument("--work", type=Path, help="a folder for exports and truths")
    parser.add_argument("--pairs", action="store_true", help="both exporters against each other")
    parser.add_argument("--speed", metavar="OPS,OPS", help="seconds by size instead")
    parser.add_argument("--tool", action="append", choices=list(MATCHING_TOOLS))
    parser.add_argument("--exporter", action="append", choices=list(EXPORTS))
    parser.add_argument("--form", action="append", choices=list(FORMS))
    parser.add_argument("--by", choices=list(ANSWERS), default="matching", help="what is asked")
    parser.add_argument("--reported", action="store_true", help="the models never looked at")
    parser.add_argument("--wrong", action="store_true", help="list wrong answers")
    parser.add_argument("--prepare", action="store_true", help="only make what is missing")
    parser.add_argument("--files", action="store_true", help="a line for each file as well")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    if arguments.speed:
        measure_speed([int(one) for one in arguments.speed.split(",")], report=print)
        return
    if arguments.work is None:
        parser.error("--work DIR is missing")
    models = arguments.models or [
        name for name, model in MATCHING_MODELS.items() if model.reported == arguments.reported
    ]
    if arguments.pairs:
        show_pairs(list(against_each_other(models, arguments.work)), wrong=arguments.wrong)
        return
    results = []
    found = cases(
        models,
        arguments.exporter or list(EXPORTS)[:2],
        arguments.work,
        tools={tool: MATCHING_TOOLS[tool] for tool in arguments.tool or MATCHING_TOOLS},
    )
    for case in found:
        if arguments.prepare:
            truth = case.truth
            counts = (
                case.error
                if truth is None
                else (len(truth.strict), len(truth.resolved), dict(truth.left_out))
            )
            print(case.exporter, case.model, case.tool, counts, flush=True)
            continue
        for form in arguments.form or FORMS:
            record = measure(case, form, ANSWERS[arguments.by])
            record["reported"] = (
                case.model in MATCHING_MODELS and MATCHING_MODELS[case.model].reported
            )
            results.append(record)
    results.sort(key=lambda one: (one["reported"], FORMS.index(one["form"]), one["exporter"]))
    summary = summarize(results)
    if arguments.json:
        for record in results:
            if record["reported"]:
                record.pop("wrong", None)
        print(json.dumps({"summary": summary, "results": results}))
        return
    for record in results:
        show_file(record, wrong=arguments.wrong, line=arguments.files)
    show_summary(summary)
    for record in results:
        if "error" in record and record["form"] == FORMS[0]:
            about = " ".join(record[name] for name in ("exporter", "model", "tool"))
            print(f"failed: {about}: {record['error']}")


def show_file(record: dict[str, Any], *, wrong: bool, line: bool) -> None:
    if "error" in record:
        return
    title = f"{record['exporter']} {record['model']}, {record['tool']}, {record['form']}"
    if line or (wrong and record["wrong"]):
        print(
            f"{title}: exact {record['exact']} on branch {record['on_branch']} of {record['ops']};"
            f" all {record['all']['exact']} {record['all']['on_branch']} of {record['all']['ops']};"
            f" matched {record['matched']}, lies {record['lies']}, {record['seconds']} s"
        )
    if wrong and not record["reported"]:
        for one in record["wrong"]:
            sort = ("strict" if one["strict"] else "resolved") + (" APART" if one["apart"] else "")
            print(
                f"    {one['at']:5} {one['op_type']:20} {one['op'][:40]:40} got {one['got']!r}"
                f" right {one['right']!r} {one['how']} {one['confidence']:.2f} {sort}"
            )


def show_pairs(results: list[dict[str, Any]], *, wrong: bool) -> None:
    for record in results:
        model = record["model"]
        record["reported"] = model in MATCHING_MODELS and MATCHING_MODELS[model].reported
        if "error" in record:
            print(f"{model}: {record['error']}")
            continue
        print(
            f"{model}, {record['before']} → {record['after']}: paired {record['paired']} of"
            f" {record['ops']}, of these same module {record['same_module']}"
        )
        if wrong and not record["reported"]:
            for one in record["wrong"]:
                print("   ", one)
            print("    unpaired:", record["unpaired"])
    for row in summarize_pairs(results):
        print(row)


def show_summary(summary: list[dict[str, Any]]) -> None:
    columns = (
        "files",
        "ops",
        "exact",
        "on_branch",
        "ops_all",
        "exact_all",
        "on_branch_all",
        "matched",
        "lies",
        "worst",
    )
    title = ""
    for row in summary:
        split = "reported only" if row["reported"] else "tuned"
        if title != (title := f"\n{row['form']}, {row['exporter']}, {split}"):
            print(title)
            print(f"  {'':22}" + "".join(f"{one:>14}" for one in columns))
        print(f"  {row['tool']:22}" + "".join(f"{row[one]!s:>14}" for one in columns))
    for form in FORMS:
        rows = [one for one in summary if one["form"] == form and one["tool"] != QDQ]
        files = sum(one["files"] for one in rows)
        if files:
            means = [
                f"{name} {sum(one[name] * one['files'] for one in rows) / files:.4f}"
                for name in ("exact", "on_branch", "exact_all", "on_branch_all", "matched", "lies")
            ]
            print(f"\n{form}, without {QDQ}: {files} files, " + ", ".join(means))


if __name__ == "__main__":
    main()
