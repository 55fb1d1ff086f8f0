"""What browser and server say to each other: the page's state, events, answers, and their codec.

A click is one request for what the graph, the tree and the bars show, and, once that is
painted, at most one for what stands beside the graph or in its place::

    POST /event   EventRequest: an event, and where the page is    ─▶  EventAnswer: what changes
    POST /panel   PanelRequest: where the page is, what it holds   ─▶  PanelAnswer: what is missing

An event is ``{"type": …, "value": …}``; the value is left out where there is none. Answers
leave out what stays as it is. *Content* is what an element of the page holds: text, a list of
content, or a component ``{"type": tag, "props": {…}}``, which ``assets/dom.js`` builds.

The types of the browser are generated from this file. What does not fit them is a
:class:`~hexviz.errors.RequestError`, which a route answers with 400.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from hexviz.errors import RequestError
from hexviz.extraction.selection import NO_MODULES, ModuleSelection
from hexviz.extraction.subgraph import Policy
from hexviz.view.index import Placement
from hexviz.view.modes import Coloured, Mode, figure_of
from hexviz.view.palette import Theme
from hexviz.view.ramp import Gather
from hexviz.view.state import ViewState

# --- The page's state -----------------------------------------------------------------------

Tab = Literal["graph", "ops", "audit", "measure", "extract", "compare"]

TABS: tuple[Tab, ...] = get_args(Tab)
"""The page's tabs, by the names they have in an address."""

Selection = tuple[Literal["op", "ops", "module", "call", "value", "edge", ""], str]
"""What is selected: its kind, and its op id, FQN, key of a call's box, value id or element id; of
several ops, their ids as JSON."""

NOTHING: Selection = ("", "")

Way = Literal["up", "down", "between", "given"]

WAYS: tuple[Way, ...] = get_args(Way)

Path = Literal["", "module", "context"]
"""Which evidence of the selected op is on the canvas: why it is in its module, or what it
serves; "" for what is shown unless a person chooses."""

Step = Annotated[int, Meta(ge=0, le=99_999)]

MOST_OPS = 500
"""Ops that a selection or a cut may name one by one: more fit into no address."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What is traced: all an op depends on (``up``), all that depends on it (``down``), or
    all on the ways ``between`` it and the op ``to``; or, ``op`` being an FQN, all that a
    module gave its tag to (``given``)."""

    way: Way
    op: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class ExtractChoice:
    """What is to be cut out: a selection, by which policy more is carried along, and
    whether holes are filled."""

    selected: ModuleSelection = NO_MODULES
    policy: Policy = "include_context"
    fill: bool = False

    def __bool__(self) -> bool:
        return bool(self.selected.modules or self.selected.ops)


@dataclass(frozen=True, slots=True)
class OtherSide:
    """What a person sees of the other graph of the compare tab, beside what follows from this one.

    ``open`` are the boxes open there that this graph has not; ``selection`` is what is selected
    there, where it was chosen there.
    """

    open: frozenset[str] = frozenset()
    selection: Selection = NOTHING


MOST_SYMBOLS = 32
"""Open dimensions that a person may give a size."""

DimensionName = Annotated[str, Meta(min_length=1, max_length=200)]
DimensionSize = Annotated[int, Meta(ge=1, le=10**9)]
DocumentName = Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]


@dataclass(frozen=True, slots=True)
class Figures:
    """Which figures of the model the page shows.

    ``profile`` and ``parity`` name documents that the server keeps, by their digest, ``""`` for
    none. ``symbols`` are the sizes that a person gave to open dimensions, by name.
    """

    profile: DocumentName = ""
    parity: DocumentName = ""
    symbols: Annotated[
        tuple[tuple[DimensionName, DimensionSize], ...], Meta(max_length=MOST_SYMBOLS)
    ] = ()


@dataclass(frozen=True, slots=True)
class PageState:
    """All of the page that a link has to carry, and the keys of undone edits.

    ``lit`` are the entries of the legend that light up what has them. ``numbers`` names a
    person's numbers that the graph is coloured by; the server keeps them. ``redo`` are the keys
    of undone edits, the next one first, and ``tour`` is the stop of the guided tour, -1
    without one. ``path`` is the evidence on the canvas, and ``step`` which step of it is
    looked at, 0 for the op itself. ``choice`` is what is to be cut out, shown in the graph
    while its tab is open. ``compared`` names the other graph of the compare tab, as
    ``before:KEY`` or ``after:KEY``, ``difference`` is the number of the difference that is looked
    at, -1 for none, and ``other`` what is seen of the other graph. ``figures`` are those of the
    measure tab, ``figure`` is the one that it shows, ``""`` for the one that says most, and
    ``divergence`` the place of the call that is looked at among those of the parity document, -1
    for none.
    """

    view: ViewState = field(default_factory=ViewState)
    selection: Selection = NOTHING
    trace: Trace | None = None
    lit: frozenset[str] = frozenset()
    numbers: str = ""
    redo: tuple[str, ...] = ()
    tour: Annotated[int, Meta(ge=-1, le=99_999)] = -1
    path: Path = ""
    step: Step = 0
    choice: ExtractChoice = field(default_factory=ExtractChoice)
    compared: Annotated[str, Meta(pattern="^((before|after):[0-9a-f]{64}(-.*)?)?$")] = ""
    difference: Annotated[int, Meta(ge=-1, le=99_999)] = -1
    other: OtherSide = field(default_factory=OtherSide)
    figures: Figures = field(default_factory=Figures)
    figure: Coloured | Literal[""] = ""
    divergence: Annotated[int, Meta(ge=-1, le=9_999_999)] = -1
    tab: Tab = "graph"

    @property
    def extracting(self) -> bool:
        """Whether the graph shows what would be cut out."""
        return self.tab == "extract"

    @property
    def answers(self) -> str | Figures:
        """What the colours of the graph are asked of: the comparison, figures, or numbers."""
        if figure_of(self.view.colour) is not None:
            return self.figures
        return self.compared if self.view.colour == "compared" else self.numbers


class At(Struct, frozen=True):
    """Where the page is: the key of its model, and its state."""

    model: str
    state: PageState


# --- Events: what a person does -------------------------------------------------------------


class Event(Struct):
    """One thing that a person does; its ``type`` is in the tag of its class."""


# Address, versions and tabs.
class Follow(Event, tag="follow"):
    """Go to another version of the open model's file, by its key, and stay where the page is."""

    value: str


class Visit(Event, tag="visit"):
    """Go to an address; the value is its query."""

    value: str


class Redraw(Event, tag="redraw"):
    """Draw everything again, in another theme."""


class ChooseTab(Event, tag="tab"):
    """Open a tab."""

    value: Tab


# Selecting.
class SelectOp(Event, tag="op"):
    """Select an op of the graph in sight."""

    value: str


class SelectModule(Event, tag="module"):
    """Select a module, by its FQN."""

    value: str


class SelectCall(Event, tag="call"):
    """Select a call by the key of its box, with the boxes open that it needs to be seen."""

    value: str


class SelectValue(Event, tag="value"):
    """Select an input or output of the model."""

    value: str


class SelectEdge(Event, tag="edge"):
    """Select a line by the id of its element."""

    value: str


class SelectFrame(Event, tag="frame"):
    """Select all ops that the elements in a frame show."""

    value: list[str]


class FollowElement(Event, tag="element"):
    """Show and select what an element stands for, by its id: where a stub comes from."""

    value: str


class RevealOp(Event, tag="reveal"):
    """Select an op, with the boxes open that it needs to be seen."""

    value: str


class RevealModule(Event, tag="reveal-module"):
    """The same for a module."""

    value: str


class GoToOp(Event, tag="goto"):
    """Reveal an op in the graph's tab."""

    value: str


class GoToModule(Event, tag="show-module"):
    """Reveal a module in the graph's tab."""

    value: str


class FirstHit(Event, tag="search"):
    """Reveal the best hit of a search."""

    value: str


class NextMatch(Struct, frozen=True):
    """A search, and whether the op after or before the selected one is wanted."""

    query: str
    step: Literal[1, -1]


class Match(Event, tag="match"):
    """Reveal the found op after or before the selected one."""

    value: NextMatch


class Clear(Event, tag="clear"):
    """Select nothing."""


class Escape(Event, tag="escape"):
    """Leave what was entered last: a tour, a trace, the legend, the box around the selection."""


# Boxes.
class Toggle(Event, tag="toggle"):
    """Open or close a box, by its key."""

    value: str


class ToggleStack(Event, tag="stack"):
    """Show the members of a stack one by one, or one for all again."""

    value: str


class OpenLevel(Event, tag="open-level"):
    """Open every box in sight, the nearest to a point of the picture (x, y) first."""

    value: tuple[float, float] | None = None


class CloseAll(Event, tag="close-all"):
    """Close every box."""


class Hide(Event, tag="check"):
    """Hide a row of the tree, or show it again."""

    value: str


class ShowOnly(Event, tag="only"):
    """Hide all modules but one and what is in it; the value is its FQN or the key of its box."""

    value: str


class ShowAll(Event, tag="show-all"):
    """Hide nothing any more."""


# What the graph shows.
class Place(Event, tag="placement"):
    """Place auxiliary ops where they ran, or by what they serve."""

    value: Placement


class Colour(Event, tag="colour"):
    """Colour the graph."""

    value: Mode


class GatherNumbers(Event, tag="gather"):
    """Colour closed boxes by the mean of their ops' numbers, or by the sum."""

    value: Gather


class ColourByNumbers(Event, tag="numbers"):
    """Colour by a person's numbers, by their key."""

    value: str


class ColourCompared(Event, tag="colour-compared"):
    """Colour by what became of each op in the other graph, in the graph's tab."""


class Light(Event, tag="lit"):
    """Light up an entry of the legend, or no longer."""

    value: str


class Unlight(Event, tag="unlit"):
    """Light up no entry any more."""


class StartTrace(Event, tag="trace"):
    """Trace something."""

    value: Trace


class EndTrace(Event, tag="untrace"):
    """Trace nothing any more."""


class ShowPath(Event, tag="path"):
    """Show a path of evidence of the selected op, at a step: ``context:2``."""

    value: Annotated[str, Meta(pattern=r"^(module|context)(:[0-9]{1,3})?$")]


class TakeStep(Event, tag="step"):
    """Go along the path of evidence."""

    value: Literal[1, -1]


class Tour(Event, tag="tour"):
    """Take the guided tour, or end it."""

    value: Literal["start", "next", "back", "end"]


# Extract.
class Tick(Event, tag="tick"):
    """Select a module or a list of modules, by its FQN, or no longer."""

    value: str


class KeepNamed(Event, tag="keep"):
    """Select modules by name, tag or pattern; with a minus, no longer."""

    value: str


class KeepFound(Event, tag="keep-found"):
    """Select what a search finds."""

    value: str


class KeepSelected(Event, tag="keep-selection"):
    """Select what is selected in the graph."""


class KeepNothing(Event, tag="keep-nothing"):
    """Select nothing."""


class LeaveOut(Event, tag="leave"):
    """Take back a name: ``keep:FQN``, ``except:FQN``, or ``ops:``."""

    value: str


class ChoosePolicy(Event, tag="policy"):
    """Choose what else is carried along."""

    value: Policy


class FillHoles(Event, tag="fill"):
    """Fill holes of the selection, or leave them."""

    value: Literal["yes", "no"]


class ChoosePart(Event, tag="part"):
    """Take a whole choice, written as the query of an address."""

    value: str


# Compare.
class Compare(Event, tag="compare"):
    """Compare with another graph: ``before:KEY`` or ``after:KEY``."""

    value: Annotated[str, Meta(pattern="^(before|after):[0-9a-f]{64}(-.*)?$")]


class ShowDifference(Event, tag="difference"):
    """Show the ops of a difference, by its number, in both graphs."""

    value: Annotated[str, Meta(pattern="^[0-9]{1,5}$")]


class ToggleOther(Event, tag="toggle-other"):
    """Open or close a box of the other graph, by its key, and its counterpart in this one."""

    value: str


class SelectOther(Event, tag="select-other"):
    """Select something of the other graph, and its counterpart in this one."""

    value: tuple[Literal["op", "module", "value"], str]


# Measure.
class ShowFigure(Event, tag="figure"):
    """Show a figure in the measure tab."""

    value: Coloured


class TakeDocument(Event, tag="measured"):
    """Show a document that the server keeps, by its kind and digest, in the measure tab."""

    value: Annotated[str, Meta(pattern="^(profile|parity):[0-9a-f]{64}$")]


class ForgetDocument(Event, tag="forget-measured"):
    """Show times, or errors, no more."""

    value: Literal["profile", "parity"]


class SizeDimension(Event, tag="symbol"):
    """Give an open dimension a size, by its name."""

    value: tuple[DimensionName, DimensionSize]


class ShowDivergence(Event, tag="divergence"):
    """Show a call that the parity document tells of, by its place there, in the graph."""

    value: Annotated[str, Meta(pattern="^[0-9]{1,7}$")]


# Corrections.
class Move(Struct, frozen=True):
    """Which ops move: one, several (as a selection holds them), the own ones of a module,
    what a search finds; and the module they move to."""

    kind: Literal["op", "ops", "own", "found"]
    what: str
    to: str


class MoveOps(Event, tag="move-ops"):
    """Move ops to another module."""

    value: Move


class PutBack(Event, tag="put-back"):
    """Put an op back where it was before a person moved it."""

    value: str


class Accept(Event, tag="accept"):
    """Do what a finding of the audit suggests: ``MODEL:2``, or ``MODEL:all``."""

    value: str


class KeepWhatIf(Event, tag="keep-what-if"):
    """Move the ops as a policy would."""

    value: Literal["consumers", "producers", "ancestor", "inference"]


class Renaming(Struct, frozen=True):
    """A recovered module, by its FQN, and what it and its copies are to be called."""

    module: str
    to: Annotated[str, Meta(max_length=200)]


class Rename(Event, tag="rename"):
    """Rename a recovered module, and all its copies with it."""

    value: Renaming


class LeaveOutBlocks(Event, tag="leave-out-blocks"):
    """Show the model without the blocks that were recovered in it."""


class Undo(Event, tag="undo"):
    """Undo the last correction."""


class Redo(Event, tag="redo"):
    """Do the correction again that was undone last."""


ExtractEvent = (
    Tick
    | KeepNamed
    | KeepFound
    | KeepSelected
    | KeepNothing
    | LeaveOut
    | ChoosePolicy
    | FillHoles
    | ChoosePart
)
CompareEvent = ShowDifference | ToggleOther | SelectOther
"""Events that are about two graphs at once."""

MeasureEvent = ShowFigure | TakeDocument | ForgetDocument | SizeDimension | ShowDivergence

Edit = MoveOps | PutBack | Accept | KeepWhatIf | Rename | LeaveOutBlocks | Undo | Redo
"""Events that lead to another model: the same ops with other tags."""

FirstClick = SelectModule | SelectCall | SelectEdge
"""What the first click of a double click does."""

AnyEvent = (
    Visit
    | Follow
    | Redraw
    | ChooseTab
    | SelectOp
    | SelectModule
    | SelectCall
    | SelectValue
    | SelectEdge
    | SelectFrame
    | FollowElement
    | RevealOp
    | RevealModule
    | GoToOp
    | GoToModule
    | FirstHit
    | Match
    | Clear
    | Escape
    | Toggle
    | ToggleStack
    | OpenLevel
    | CloseAll
    | Hide
    | ShowOnly
    | ShowAll
    | Place
    | Colour
    | GatherNumbers
    | ColourByNumbers
    | ColourCompared
    | Light
    | Unlight
    | StartTrace
    | EndTrace
    | ShowPath
    | TakeStep
    | Tour
    | Compare
    | ShowDifference
    | ToggleOther
    | SelectOther
    | ExtractEvent
    | MeasureEvent
    | Edit
)

# --- Requests and answers -------------------------------------------------------------------

Number = Annotated[int, Meta(ge=0, le=2**53)]

Content = Any
"""Text, a list of content, or a component."""


Pixels = Annotated[int, Meta(ge=0, lt=100_000)]


class EventRequest(Struct, frozen=True):
    """An event, and where the page was before it.

    ``n`` comes back in the answer. ``shown`` is the key of the model whose name is on the
    page. ``at`` is missing until the page shows a model. ``canvas`` is the width and height
    of the canvas in pixels: a visit says it, for the first picture to fit. ``earlier`` comes
    before the event: the page did not wait for its answer.
    """

    n: Number
    event: AnyEvent
    theme: Theme = "light"
    shown: str | None = None
    at: At | None = None
    canvas: tuple[Pixels, Pixels] | None = None
    earlier: FirstClick | None = None


class Badge(Struct, frozen=True):
    """The numbers of the steps that an element of the canvas shows."""

    id: str
    numbers: str
    current: bool


class Steps(Struct, frozen=True):
    """The path of evidence on the canvas: what the strip says of it, and the numbers.

    ``op`` is the op that it explains, ``at`` the step that is looked at, ``of``
    how many there are, and ``look`` the element that shows it.
    """

    op: str
    path: str
    at: int
    of: int
    note: str
    look: str | None
    badges: list[Badge]


class Highlight(Struct):
    """What the canvas marks, by ids of its elements; ``row`` is the key of a row of the tree.

    ``traced`` and ``lit`` are ``None`` where nothing is traced or lit. ``note``
    says what is traced. ``steps`` is ``None`` for what has no evidence. ``said`` is what a
    screen reader says of the selection. ``place`` is what stands around the place of something
    that only the other graph has. ``look`` is to be seen where nothing is selected.
    """

    selected: str | None = None
    row: str | None = None
    evidence: list[str] = []
    traced: list[str] | None = None
    lit: list[str] | None = None
    note: str = ""
    steps: Steps | None = None
    said: str = ""
    place: list[str] = []
    look: str | None = None


class ModelFacts(Struct, frozen=True):
    """A model that is new on the page: its key, and the modules that fields offer (FQN, tag).

    ``moved`` counts the auxiliary ops that stand elsewhere by what they serve.
    """

    key: str
    modules: list[tuple[str, str]]
    moved: int = 0


class OtherGraph(Struct, kw_only=True):
    """The other graph of the compare tab, beside the open model's; what is left out stays.

    ``links`` are pairs of elements, of this graph and of the other one, that stand for each
    other. It is drawn first if it ``is_before``. ``error`` says in one line why there is nothing
    to draw.
    """

    is_before: bool = False
    graph: list[dict[str, Any]] | UnsetType = UNSET
    links: list[tuple[str, str]] | UnsetType = UNSET
    highlight: Highlight | UnsetType = UNSET
    error: str | UnsetType = UNSET


class EventAnswer(Struct, kw_only=True):
    """What an event changes on the page; what is left out stays.

    ``address`` is the query of the address of ``at``. ``parts`` is content by the id of the
    element that holds it: ``tree``, ``legend``, ``empty``, ``filter-note``, ``what-if``,
    ``tour``, ``edits``, ``model-title``, ``model-figures``, ``own-head``, ``other-head``.
    ``other`` is the other graph of the compare tab, ``None`` where there is none to show.
    ``edited`` says that ``model`` is the one before with other tags, or its file's next version.
    ``error`` is one line for a person, as is ``note``, of what was done otherwise than asked for.
    """

    n: int
    at: At | UnsetType = UNSET
    address: str | UnsetType = UNSET
    graph: list[dict[str, Any]] | UnsetType = UNSET
    highlight: Highlight | UnsetType = UNSET
    parts: dict[str, Content] | UnsetType = UNSET
    other: OtherGraph | UnsetType | None = UNSET
    model: ModelFacts | UnsetType = UNSET
    edited: bool | UnsetType = UNSET
    error: str | UnsetType = UNSET
    note: str | UnsetType = UNSET


Milliseconds = Annotated[float, Meta(ge=0, lt=3_600_000)]


class BrowserTimes(Struct, frozen=True):
    """What the browser measured of a model's first picture, in milliseconds."""

    transfer: Milliseconds | None = None
    page: Milliseconds | None = None
    paint: Milliseconds | None = None


class TimingsRequest(Struct, frozen=True):
    """The dialog of hexviz's own timings is open; ``run`` is the text of a run to compare with."""

    browser: BrowserTimes | None = None
    run: str | None = None


class PanelRequest(Struct, frozen=True):
    """Where the page is, for what stands beside the graph or in its place.

    ``holds`` says which parts the page has already: it hands back what earlier answers said,
    the later ones over the earlier. ``query`` is the text in the search field, and ``turned`` are
    the FQNs that a person folded or unfolded in the Extract tab. ``audit`` says that the page
    waits for the marks of the audit and has nothing else to show.
    """

    n: Number
    at: At
    theme: Theme = "light"
    holds: dict[str, str] = {}
    query: str = ""
    turned: list[str] = []
    timings: TimingsRequest | None = None
    audit: bool = False


Doing = Literal["", "writing", "exporting"]
"""What is going on with a watched file, where it takes a while."""


class Watched(Struct, kw_only=True):
    """What became of the file that a server watches, for a page; see ``hexviz view --watch``.

    ``n`` counts what happened, for the page to ask what came after. ``key`` is the newest version,
    which was read ``at`` this second since 1970; ``base`` is the one that the page's model is of,
    "" if that is another file. ``rewritten`` counts how often the file was written without a
    change of the graph; if ``weights`` is true, weights in files of their own were, the last time.
    ``problem`` says in one line why there is no newer
    version, with ``details`` of several, ``since`` a second since 1970. ``changes`` are what
    differs from the version that the page showed before, in a few words each, none if nothing does;
    they are left out until they are known.
    """

    n: Number
    name: str
    key: str
    at: float
    base: str = ""
    rewritten: int = 0
    weights: bool = False
    doing: Doing = ""
    problem: str = ""
    details: str = ""
    since: float = 0.0
    changes: list[str] | UnsetType = UNSET


class Table(Struct, kw_only=True):
    """Properties of the table of ops to set; rows that the page holds are left out."""

    rowData: list[dict[str, Any]] | UnsetType = UNSET  # noqa: N815 - the table's own names
    selectedRows: Any = []  # noqa: N815
    scrollTo: dict[str, str] | UnsetType = UNSET  # noqa: N815


class ExtractPart(Struct, frozen=True):
    """The part that the Extract panel tells of: its model, and the choice as a query."""

    model: str
    query: str


class Comparison(Struct, frozen=True):
    """What the compare tab shows.

    ``other`` names the other graph, ``compares`` says that the graph can be coloured by the
    comparison, and ``is_wanted`` that no job has made it yet.
    """

    other: str
    compares: bool
    is_wanted: bool


class ModuleFigures(Struct, kw_only=True):
    """The icicle and the table of the measure tab; what the page holds is left out.

    ``chart`` is a figure for plotly, ``None`` where there is nothing to draw. ``columns`` and
    ``rows`` are the table's. ``selected`` is the module that is marked in both. ``is_wanted`` says
    that a job has to work out the costs first, for ``sizes`` of the open dimensions.
    """

    chart: dict[str, Any] | UnsetType | None = UNSET
    sizes: list[tuple[str, int]] = []
    columns: list[dict[str, Any]] | UnsetType = UNSET
    rows: list[dict[str, Any]] | UnsetType = UNSET
    selected: str | None = None
    is_wanted: bool = False


class Marks(Struct, frozen=True):
    """What the audit found, as marks on the canvas, in the tree and at the tab.

    ``counts`` are findings by severity. ``ops`` is op id → its worst severity (0 is the least)
    and the number of its sentence; ``boxes`` is the key of a box → the worst severity in it and
    how many ops are accused.
    """

    counts: dict[str, int]
    sentences: list[str]
    ops: dict[str, tuple[int, int]]
    boxes: dict[str, tuple[int, int]]


class Matches(Struct, frozen=True):
    """Where the search's hits are in the graph in sight.

    ``elements`` says how many ops are found in what an element shows, by its id; ``named`` are
    the keys of the boxes whose own module is found.
    """

    elements: dict[str, int]
    named: list[str]


class PanelAnswer(Struct, kw_only=True):
    """What the panel and the tab in sight show; what is left out stays.

    ``parts`` is content by the id of the element that holds it: ``inspector``, ``hits``,
    ``audit-pane``, ``extract-tree``, ``extract-field``, ``extract-now``, ``extract-border``,
    ``extract-hints``, ``compare-content``, ``compare-known``, ``compare-selected``,
    ``measure-choice``, ``measure-costs``, ``measure-time``, ``measure-parity``,
    ``measure-selected``, and those of the timings. ``figures`` are the timings' charts, by name,
    ``None`` where there is none.
    ``files`` are the server's files that the tabs Compare and Measure offer.
    """

    n: int
    parts: dict[str, Content] = {}
    holds: dict[str, str] = {}
    table: Table | UnsetType = UNSET
    extract: ExtractPart | UnsetType = UNSET
    comparison: Comparison | UnsetType = UNSET
    measure: ModuleFigures | UnsetType = UNSET
    matches: Matches | UnsetType = UNSET
    figures: dict[str, Any] | UnsetType = UNSET
    files: list[dict[str, str]] | UnsetType = UNSET
    marks: Marks | UnsetType = UNSET
    unaudited: bool | UnsetType = UNSET
    error: str | UnsetType = UNSET


# --- The codec ------------------------------------------------------------------------------

Request = TypeVar("Request", EventRequest, PanelRequest)

_LONGEST = 300  # characters of a line that says what is wrong


def decode(body: bytes, kind: type[Request]) -> Request:
    """A request from what a browser sent.

    Raises:
        RequestError: if it does not fit, with one line that says where.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        line = f"That request cannot be understood: {error}"
        raise RequestError(line[:_LONGEST]) from error


def encode(answer: EventAnswer | PanelAnswer | Watched) -> bytes:
    """An answer as JSON; the same answer has the same bytes."""
    try:
        return msgspec.json.encode(answer, enc_hook=_plain, order="deterministic")
    except UnicodeEncodeError:
        # A file's name need be no text; JSON escapes what UTF-8 cannot say.
        return json.dumps(msgspec.to_builtins(answer, enc_hook=_plain), sort_keys=True).encode()


def _plain(component: Any) -> Any:
    # Dash's components say it themselves; workers that know this file need no Dash.
    try:
        return component.to_plotly_json()
    except AttributeError:
        raise TypeError(f"{type(component).__name__} cannot be sent to a browser") from None
