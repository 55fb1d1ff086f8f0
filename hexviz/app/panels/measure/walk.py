"""The parity line as a path that one can walk: divergence after divergence, and what is around it.

::

    first divergence: encoder.layer.1.attention.output.dense, own error 3·10⁻², its inputs agree
    1 of 3  ‹ ›        the model › encoder › layer.1 › attention › output › dense
    ran before   …attention.self          own 2·10⁻⁷   ran 4·10⁻⁷
    here         …attention.output.dense  own 3·10⁻²   ran 3·10⁻²
    ran after    …attention.output        own 1·10⁻⁷   ran 2·10⁻²
"""

from __future__ import annotations

from typing import Any

from hexviz.app import html
from hexviz.app.models.open_model import OpenModel
from hexviz.app.protocol import PageState
from hexviz.measure.documents import CallError, ParityDocument, Unpaired, WeightError
from hexviz.measure.parity.judgement import said_tolerance
from hexviz.measure.parity.message import which
from hexviz.measure.table import natural_error, own_error
from hexviz.model.fqn import parent
from hexviz.model.modules import ModuleTree
from hexviz.model.units import in_error
from hexviz.model.wording import counted

__all__ = ["parity_part"]

_AROUND = 2  # calls before and after the one that is looked at
_MOST = 12  # weights and unpaired outputs that are listed


def parity_part(model: OpenModel, state: PageState) -> list[Any]:
    """What a comparison of numbers says; without one, how to get it."""
    parity = model.measures.parity(state.figures)
    if parity is None:
        return [
            html.P(
                "Where does this model stop giving its original's numbers? Compare with an ONNX "
                "model here, or with PyTorch in your terminal.",
                className="quiet",
            )
        ]
    tree, count = model.graph.modules, len(parity.modules)
    within = said_tolerance(parity.rtol, (one.noise for one in parity.modules))
    return [
        html.P(
            breaking_dots(parity.message[:1].upper() + parity.message[1:]),
            className="parity-message",
            role="status",
        ),
        *_steps(parity, state, tree),
        html.P(
            f"Against {parity.reference}; {counted(count, 'output')} of calls compared"
            f"{_inputs(parity)}. Counts from {within} on.",
            className="quiet breakable",
        ),
        *_weights(parity.weights, tree),
        *_unpaired(parity.unpaired, tree),
        *(html.P(note, className="quiet") for note in parity.notes[:3]),
        html.Button(
            "Show no errors",
            className="link",
            **{"data-event": "forget-measured", "data-value": "parity"},
        ),
    ]


def breaking_dots(sentence: str) -> list[Any]:
    """A sentence with module names that breaks at their dots."""
    first, *rest = sentence.split(".")
    return [first, *(part for step in rest for part in (".", html.Wbr(), step))]


def _inputs(parity: ParityDocument) -> str:
    words = {
        "given": ", on given inputs",
        "example": ", on its example inputs",
        "made": ", on made-up inputs",
    }
    return words.get(parity.inputs, "")


def _steps(parity: ParityDocument, state: PageState, tree: ModuleTree) -> list[Any]:
    """From divergence to divergence, and what ran before and after the one that is looked at."""
    count = len(parity.modules)
    found = [at for at in parity.divergences if at < count]
    if not found:
        return [html.P("No module adds an error of its own.", className="quiet")]
    at = state.divergence if 0 <= state.divergence < count else found[0]
    number = found.index(at) + 1 if at in found else 0
    earlier = max((one for one in found if one < at), default=None)
    later = min((one for one in found if one > at), default=None)
    where = f"{number} of {len(found)}" if number else f"between {len(found)}"
    return [
        html.Div(
            [
                html.Span("Divergences", className="differences-title"),
                html.Span(where, className="quiet", role="status"),
                _arrow("‹", "Previous divergence (N)", "previous-divergence", earlier),
                _arrow("›", "Next divergence (n)", "next-divergence", later),
            ],
            className="differences-head",
        ),
        _way(parity.modules[at].module, tree),
        html.Ol(
            [
                _call(parity.modules[one], one, at, tree)
                for one in range(max(0, at - _AROUND), min(count, at + _AROUND + 1))
            ],
            className="plain calls-around",
        ),
        *_also(parity.modules[at], tree),
    ]


def _arrow(sign: str, title: str, name: str, to: int | None) -> html.Button:
    return html.Button(
        sign,
        id=name,
        className="tool",
        title=title,
        disabled=to is None,
        **{"data-event": "divergence", "data-value": str(to or 0), "aria-label": title},
    )


def _way(fqn: str, tree: ModuleTree) -> html.Div:
    """The modules around one, the model first, each to be selected."""
    around = [tree.nearest(fqn)]
    while around[0]:
        around.insert(0, tree[around[0]].parent or "")
    steps: list[Any] = []
    for one in around:
        name = tree[one].label if one else "the model"
        steps += [" › "] * bool(steps)
        steps.append(
            html.Button(
                name,
                className="link",
                title=one or "the model itself",
                **{"data-event": "reveal-module", "data-value": one},
            )
        )
    return html.Div(steps, className="way", role="group", **{"aria-label": "Modules around it"})


def _call(call: CallError, at: int, here: int, tree: ModuleTree) -> html.Li:
    own, natural = own_error(call), natural_error(call)
    said_of = which(call.call, 0 if call.handed_to else call.output)
    if call.handed_to:
        said_of += f" for {call.handed_to}"
    name = call.module or "the model itself"
    outer = parent(call.module) if call.module in tree else ""
    said = [
        html.Span("own ", className="quiet"),
        html.B(_error(own), className="" if call.ok else "bad"),
        html.Span(f"  as it ran {_error(natural)}", className="quiet"),
    ]
    return html.Li(
        html.Button(
            [
                html.Span(
                    [html.Span(breaking_dots(name)), html.Span(said_of, className="quiet")],
                    className="call-head",
                ),
                html.Span(said, className="call-errors"),
            ],
            className="call-error" + ("" if call.ok else " diverges"),
            title=f"{call.tag or name}: show it in the graph" + (f", in {outer}" if outer else ""),
            **{
                "data-event": "divergence",
                "data-value": str(at),
                **({"aria-current": "true"} if at == here else {}),
            },
        )
    )


def _error(number: float | None) -> str:
    return "unknown" if number is None else in_error(number)


def _also(call: CallError, tree: ModuleTree) -> list[Any]:
    if not call.modules:
        return []
    links = [_link(fqn, tree) for fqn in call.modules]
    return [html.P(["The fault may be in ", *_joined(links), " as well."], className="quiet")]


def _link(fqn: str, tree: ModuleTree) -> Any:
    name = fqn or "the model itself"
    if fqn not in tree:
        return html.Span(name, className="breakable")
    return html.Button(
        name, className="link breakable", **{"data-event": "reveal-module", "data-value": fqn}
    )


def _joined(links: list[Any]) -> list[Any]:
    return [part for at, link in enumerate(links) for part in ([", "] * bool(at) + [link])]


def _weights(weights: tuple[WeightError, ...], tree: ModuleTree) -> list[Any]:
    if not weights:
        return []
    items = [
        html.Li(
            [
                _link(one.module, tree),
                f" {one.name.rpartition('.')[2]}: ",
                "no number" if one.max_rel_error is None else in_error(one.max_rel_error),
                "" if one.has_effect else ", without effect on these inputs",
            ]
        )
        for one in weights[:_MOST]
    ]
    more = len(weights) - _MOST
    if more > 0:
        items.append(html.Li(f"and {more:,} more", className="quiet"))
    return [
        html.Details(
            [
                html.Summary(f"{counted(len(weights), 'weight')} differ"),
                html.Ul(items, className="plain"),
            ],
            className="folded",
            **{"data-fold": "parity-weights"},
        )
    ]


def _unpaired(unpaired: tuple[Unpaired, ...], tree: ModuleTree) -> list[Any]:
    if not unpaired:
        return []
    items = [
        html.Li([_link(one.module, tree), f"{which(one.call, one.output)}: {one.reason}"])
        for one in unpaired[:_MOST]
    ]
    more = len(unpaired) - _MOST
    if more > 0:
        items.append(html.Li(f"and {more:,} more", className="quiet"))
    title = f"{counted(len(unpaired), 'output')} of modules not found in the graph"
    return [
        html.Details(
            [html.Summary(title), html.Ul(items, className="plain")],
            className="folded",
            **{"data-fold": "parity-unpaired"},
        )
    ]
