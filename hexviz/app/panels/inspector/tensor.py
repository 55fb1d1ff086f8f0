"""Tensors, as the inspector shows them: figures and a histogram, or why there are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
from dash import html

from hexviz.app.panels.inspector.parts import counted, section, table
from hexviz.extraction.wording import size
from hexviz.model.tensors import Histogram, Statistics, TensorSummary, tensor_summary

__all__ = ["shown_tensor", "tensor_section"]

_FEW = 16  # elements of an attribute up to which it is read


def tensor_section(name: str, tensor: onnx.TensorProto, base_dir: Path | None) -> html.Section:
    """What an initializer holds; ``base_dir`` is the folder of external data."""
    summary = tensor_summary(tensor, base_dir=base_dir)
    parts: list[Any] = [
        html.Div(name, className="mono breakable"),
        html.Div(_size(summary), className="quiet"),
    ]
    if summary.unreadable:
        parts.append(html.Div(f"Unreadable: {summary.unreadable}.", className="unreadable"))
    if summary.note:
        parts.append(html.Div(_sentence(summary.note), className="quiet"))
    if summary.elements:
        parts.append(html.Div(f"= {summary.elements}", className="mono breakable"))
    found = summary.statistics
    if found is not None and _all_equal(found):
        if not summary.elements:
            parts.append(html.Div(f"Every element is {_number(found.minimum)}."))
    elif found is not None:
        if summary.histogram is not None and len(summary.histogram.counts) > 1:
            parts.append(_bars(summary.histogram))
        parts.append(table(_figures(summary, found)))
    return section("Initializer", *parts)


def shown_tensor(tensor: onnx.TensorProto, base_dir: Path | None) -> str:
    """A tensor's type, and its elements if they are few."""
    summary = tensor_summary(tensor, base_dir=base_dir, most=_FEW)
    if summary.unreadable:
        return f"{_type(summary)}, unreadable ({summary.unreadable})"
    return f"{_type(summary)} = {summary.elements}" if summary.elements else _type(summary)


def _bars(histogram: Histogram) -> html.Div:
    """Bars as high as the bins are full; a screen reader says the range and the fullest bin."""
    top, total = max(histogram.counts), sum(histogram.counts)
    fullest = histogram.counts.index(top)
    low, high = _number(histogram.low), _number(histogram.high)
    spoken = (
        f"Histogram of {total:,} elements from {low} to {high} in {len(histogram.counts)} bins; "
        f"the fullest, {_bin(histogram, fullest)}, holds {top:,}."
    )
    bars = [
        html.Span(
            # A bin that holds anything can be seen.
            style={"height": f"{max(3, 100 * count / top) if count else 0:.0f}%"},
            title=f"{_bin(histogram, at)}: {count:,}",
        )
        for at, count in enumerate(histogram.counts)
    ]
    return html.Div(
        [
            html.Div(bars, className="histogram", role="img", **{"aria-label": spoken}),
            # The label above has said it.
            html.Div(
                [html.Span(low), html.Span(high)],
                className="range quiet",
                **{"aria-hidden": "true"},
            ),
        ]
    )


def _number(value: float | None) -> str:
    """A figure as it is shown: integers whole, others with four digits that count.

    >>> _number(1234567), _number(0.000012345), _number(None)
    ('1,234,567', '1.234e-05', 'none')
    """
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _bin(histogram: Histogram, at: int) -> str:
    if histogram.whole:
        return _number(histogram.low + at)
    width = histogram.high / len(histogram.counts) - histogram.low / len(histogram.counts)
    return f"{_number(histogram.low + at * width)} to {_number(histogram.low + (at + 1) * width)}"


def _figures(summary: TensorSummary, found: Statistics) -> list[tuple[str, str]]:
    rows = []
    if found.minimum is not None:
        rows += [
            ("minimum", _number(found.minimum)),
            ("maximum", _number(found.maximum)),
            ("mean", _number(found.mean)),
            ("std", _number(found.std)),
        ]
    rows.append(("zeros", _share(found.zeros, summary.size)))
    rows += [
        (f"all zero along axis {axis}", f"{empty:,} of {slices:,} slices")
        for axis, empty, slices in found.zero_slices
    ]
    rows.append(("NaN", _share(found.nans, summary.size)))
    rows.append(("infinite", _share(found.infinities, summary.size)))
    return rows


def _all_equal(found: Statistics) -> bool:
    finite = not (found.nans or found.infinities)
    return finite and found.minimum is not None and found.minimum == found.maximum


def _share(count: int, total: int) -> str:
    if not count:
        return "none"
    share = count / total
    return f"{count:,} ({'under 0.1%' if share < 0.001 else f'{share:.1%}'})"


def _type(summary: TensorSummary) -> str:
    return f"{summary.dtype}{list(summary.shape)}"


def _size(summary: TensorSummary) -> str:
    words = [_type(summary), counted(summary.size, "element")]
    if summary.nbytes is not None:
        words.append(size(summary.nbytes))
    if summary.outside:
        words.append("in a file beside the model")
    return " · ".join(words)


def _sentence(note: str) -> str:
    return f"{note[0].upper()}{note[1:]}."
