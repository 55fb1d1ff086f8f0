"""What the inspector says of a value, and of the values that run along an edge."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import onnx

from hexviz.app import html
from hexviz.app.panels.parts import breaking, copy_button, heading, op_link, section, steps, table
from hexviz.extraction.report import size
from hexviz.model.graph import TaggedGraph
from hexviz.model.tensors import (
    LEFT_OUT,
    MOST_SAVED,
    SPARSE,
    Histogram,
    Statistics,
    TensorSummary,
    tensor_summary,
)
from hexviz.model.wording import counted

__all__ = [
    "inspect_edge",
    "inspect_value",
    "output_line",
    "reader_lines",
    "shown_tensor",
    "source_line",
    "tensor_file",
    "tensor_section",
    "value_item",
]

_MOST_READERS = 40
_MOST_VALUES = 40  # of an edge
_FEW_READERS = 3  # of a value among others


def inspect_value(graph: TaggedGraph, value_id: str, key: str | None = None) -> list[Any]:
    """A value, mostly a model input or output: its type, where it comes from and who reads it.

    With the ``key`` of a model that a server holds, its elements can be saved.
    """
    value = graph.value(value_id)
    source = graph.flat.makers.get(value_id)
    readers = [graph.ops[at].id for at in graph.flat.readers(value_id)]
    kind = "nothing makes it" if value.kind == "missing" else value.kind
    if value_id in graph.flat.inputs:
        kind = "model input"
    elif value_id in graph.flat.outputs:
        kind = f"model output, {kind}" if value.kind == "missing" else "model output"
    parts: list[Any] = [
        heading([value.name, copy_button(value.name, "name")], kind),
        html.Div(str(value), className="mono breakable"),
    ]
    if source is not None:
        parts.append(steps(graph, [graph.ops[source].id], "Comes from"))
    if readers:
        parts.append(steps(graph, readers[:_MOST_READERS], f"Read by {len(readers)}"))
    tensor = graph.flat.tensors.get(value_id)
    if tensor is not None:
        saved = tensor_file(key, value_id)
        parts.append(tensor_section(value.name, tensor, graph.base_dir, saved=saved))
    return parts


def inspect_edge(
    graph: TaggedGraph, values: Sequence[str], source_label: str, target_label: str
) -> list[Any]:
    """The values that run along a drawn edge: type, origin and readers of each.

    ``values`` are value ids; doubles, and ids that the graph does not have,
    are passed over. The labels are what the ends of the edge are called.
    """
    known = [value for value in dict.fromkeys(values) if value in graph.flat.values]
    items = [
        value_item(
            graph,
            value,
            source_line(graph, value),
            *reader_lines(graph, graph.flat.readers(value)),
            output_line(graph, value),
        )
        for value in known[:_MOST_VALUES]
    ]
    if len(known) > _MOST_VALUES:
        items.append(html.Li(f"and {len(known) - _MOST_VALUES:,} more", className="quiet"))
    ends = section(
        "From and to",
        html.Div(breaking(source_label), className="breakable"),
        html.Div(["→ ", *breaking(target_label)], className="breakable"),
    )
    listed = section("Values", html.Ul(items, className="values")) if items else None
    return [heading(counted(len(known), "value"), "edge"), ends, listed]


def value_item(graph: TaggedGraph, value_id: str, *lines: Any) -> html.Li:
    """A value with its type, and lines that tell more of it; a line may be ``None``."""
    value = graph.value(value_id)
    return html.Li(
        [
            html.Div(value.name, className="mono breakable"),
            html.Div(str(value), className="quiet"),
            *(html.Div(line) for line in lines if line is not None),
        ]
    )


def source_line(graph: TaggedGraph, value_id: str) -> list[Any] | str:
    """Where a value comes from: a link to the op that makes it, if one does."""
    source = graph.flat.makers.get(value_id)
    if source is None:
        source = graph.flat.body_owners.get(value_id)
    if source is not None:
        return ["from ", op_link(graph, graph.ops[source].id)]
    if value_id in graph.flat.weights:
        return "an initializer"
    if value_id in graph.flat.inputs:
        return "a model input"
    return "given by the caller of the function"


def reader_lines(graph: TaggedGraph, readers: Sequence[int]) -> list[Any]:
    """Who reads a value: how many ops, and links to the first of them."""
    if not readers:
        return []
    links = [["to ", op_link(graph, graph.ops[at].id)] for at in readers[:_FEW_READERS]]
    rest = len(readers) - len(links)
    more = [html.Span(f"and {counted(rest, 'op')} more", className="quiet")] if rest else []
    return [*([f"read by {len(readers):,} ops"] if len(readers) > 1 else []), *links, *more]


def output_line(graph: TaggedGraph, value_id: str) -> str | None:
    """That a value is what the model puts out, if it is."""
    return "a model output" if value_id in graph.flat.outputs else None


_FEW = 16  # elements of an attribute up to which it is read


def tensor_section(
    name: str, tensor: onnx.TensorProto, base_dir: Path | None, *, saved: str = ""
) -> html.Section:
    """What an initializer holds; ``base_dir`` is the folder of external data.

    ``saved`` is the address of its ``.npy`` file, where a server holds the model.
    """
    summary = tensor_summary(tensor, base_dir=base_dir)
    parts: list[Any] = [
        html.Div([name, copy_button(name, "name")], className="mono breakable"),
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
    if saved and _can_be_saved(summary):
        link = html.A(
            "Save as .npy",
            href=saved,
            className="tool",
            title="Save the elements for numpy",
            download="",
        )
        parts.append(html.Div(link, className="tool-row"))
    return section("Initializer", *parts)


def tensor_file(key: str | None, value_id: str) -> str:
    """The address of a tensor's ``.npy`` file; none without the ``key`` of a model."""
    return "" if key is None else f"tensor/{quote(key)}.npy?{urlencode({'value': value_id})}"


def _can_be_saved(summary: TensorSummary) -> bool:
    """Whether the tensor has elements that numpy keeps, and not too many."""
    has_elements = not summary.unreadable and summary.note not in (LEFT_OUT, SPARSE)
    return has_elements and summary.dtype != "string" and 8 * summary.size <= MOST_SAVED


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
