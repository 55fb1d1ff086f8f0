"""What stated confidences are worth: by kind of reason, what share of the modules is exact.

A confidence is calibrated if that share is the same, whatever the models. Auxiliary ops that are
blanked alone, with all others recorded, are what hexviz meets in exports; the other conditions
blank arithmetic as well, or shuffle the nodes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["calibrate"]


def calibrate(results: Iterable[Mapping[str, Any]], first: str) -> list[dict[str, Any]]:
    """A row for each split, condition (``first`` or ``others``), kind and stated confidence.

    ``results`` are records of :func:`benchmarks.inheritance.compare` with ``reported`` added.
    ``off`` is the exact share less what is stated. A kind that states several confidences has a
    row for all of them as well, without ``stated``: there ``off`` compares with their mean.
    """
    counts: dict[tuple[bool, str, str, float | None], Counter[str]] = {}
    sums: Counter[tuple[bool, str, str, float | None]] = Counter()
    for one in results:
        condition = first if one["condition"] == first else "others"
        for label, record in one.get("confidences", {}).items():
            kind, _, stated = label.rpartition(" ")
            for row in (float(stated), None):
                key = (one["reported"], condition, kind, row)
                found = counts.setdefault(key, Counter())
                found["ops"] += record["ops"]
                found["exact"] += round(record["exact"] * record["ops"])
                found["wrong_branch"] += round(record["wrong_branch"] * record["ops"])
                sums[key] += float(stated) * record["ops"]
    classes = Counter(key[:3] for key in counts if key[3] is not None)
    return [
        {
            "reported": key[0],
            "condition": key[1],
            "kind": key[2],
            "stated": key[3],
            **found,
            "off": round((found["exact"] - sums[key]) / found["ops"], 4),
        }
        for key, found in sorted(counts.items(), key=lambda one: (*one[0][:3], one[0][3] or 1.1))
        if key[3] is not None or classes[key[:3]] > 1
    ]
