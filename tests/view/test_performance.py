"""The performance tab's rows and figures, and the reading of runs, without a page."""

import re
from types import MappingProxyType
from typing import Any

import pytest

from hexviz.errors import RunError
from hexviz.stages import Measured, Stage
from hexviz.view.assets import assets_folder
from hexviz.view.oklch import contrast
from hexviz.view.palette import Theme
from hexviz.view.performance.chart import INKS, hues, in_words
from hexviz.view.performance.comparing import compare
from hexviz.view.performance.costs import PRIMARY, cost_figure, costs, node_bytes
from hexviz.view.performance.modules import MOST, module_figure, traced
from hexviz.view.performance.runs import MAX_RUN, read_run
from hexviz.view.performance.scaling import own_point, scaling_figure
from hexviz.view.performance.stages import bars, stage_figure
from tests.build import parse, tagged
from tests.view import run_documents
from tests.view.graphs import Node, build

MARKUP = '<b>bold</b> & <a href="https://example.org">link</a>'
THEMES: tuple[Theme, ...] = ("light", "dark")


def took(name: str, start: float, seconds: float, depth: int = 0, cpu: float = 0.0) -> Stage:
    return Stage(name, start, seconds, cpu, depth, 0)


EXPORT = Measured(
    (
        took("build model", 0, 1),
        took("export", 1, 4, cpu=8.0),
        took("tracing", 1.5, 2, depth=1),
        took("serialise", 9, 0.5),  # what came between is not kept
    )
)
OPENED = Measured((took("read", 0, 0.2), took("inheritance", 0.2, 0.3)))
DRAWN = (took("layout", 0, 0.4), took("serialise", 0.4, 0.1))


def texts(figure: Any) -> str:
    """All that plotly might read as markup, templates of our own left out."""
    found = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            for name, one in part.items():
                if name != "hovertemplate":
                    walk(one)
        elif isinstance(part, list):
            for one in part:
                walk(one)
        elif isinstance(part, str):
            found.append(part)

    walk(figure)
    return "\n".join(found)


def test_stages_follow_each_other_without_the_pauses_between() -> None:
    found = bars(EXPORT, OPENED, DRAWN, [("transfer", 0.1), ("paint", 0.4)])
    assert [(one.name, one.part, one.depth) for one in found] == [
        ("build model", "export", 0),
        ("export", "export", 0),
        ("tracing", "export", 1),
        ("write the file", "export", 0),
        ("read", "opening", 0),
        ("inheritance", "opening", 0),
        ("layout", "drawing", 0),
        ("serialise", "drawing", 0),
        ("transfer", "browser", 0),
        ("paint", "browser", 0),
    ]
    starts = [one.start for one in found]
    assert starts == pytest.approx([0, 1, 1.5, 5, 5.5, 5.7, 6.0, 6.4, 6.5, 6.6])
    assert found[1].cpu == 2.0  # two threads
    assert found[-1].cpu is None
    assert sum(one.share for one in found if not one.depth) == pytest.approx(1)


def test_a_file_from_elsewhere_starts_with_its_opening() -> None:
    found = bars(None, OPENED)
    assert [one.name for one in found] == ["read", "inheritance"]
    assert found[0].start == 0
    assert bars(None, Measured()) == []


def test_an_export_has_a_scale_of_its_own() -> None:
    layout = stage_figure(bars(EXPORT, OPENED, DRAWN), "light")["layout"]
    assert layout["xaxis"]["range"][1] > 5
    assert layout["xaxis2"]["range"][1] < 2
    alone = stage_figure(bars(None, OPENED, DRAWN), "light")["layout"]
    assert "xaxis2" not in alone
    assert alone["xaxis"]["range"][1] < 2


def test_the_smallest_stage_is_drawn_and_named() -> None:
    found = bars(None, Measured((took("read", 0, 100), took("tiny", 100, 0.0001))))
    figure = stage_figure(found, "light")
    assert figure["data"][0]["marker"]["line"]["width"] == 2
    assert figure["data"][-1]["text"][-1].strip() == "0.10 ms"


def test_costs_count_ops_bytes_origins_and_links() -> None:
    net = parse("""g (float[2,3] x) => (float[n] w) {
        shape = Shape (x)
        one = Constant <value = int64[1] {-1}> ()
        flat = Concat <axis = 0> (one)
        y = Relu (x)
        z = Reshape (y, flat)
        w = Exp (z)
    }""")
    graph = tagged(net)
    rows = {one.category: one for one in costs(graph)}
    assert {name: row.ops for name, row in rows.items()} == {
        PRIMARY: 2,
        "infrastructure": 1,
        "constants": 1,
        "type conversion": 0,
        "tensor manipulation": 2,
        "preprocessing": 0,
    }
    assert sum(row.bytes for row in rows.values()) == sum(
        node.ByteSize() for node in net.graph.node
    )
    assert all(sum(row.origins.values()) == row.ops for row in rows.values())
    assert rows["constants"].links == sum(
        len(op.context.evidence) for op in graph.ops if op.op_type == "Constant" and op.context
    )
    assert rows["constants"].links > 0
    assert rows[PRIMARY].links == 0


def test_a_body_does_not_count_twice() -> None:
    net = parse("""g (bool c, float[2] x) => (float[2] y) {
        y = If (c) <
            then_branch = t () => (float[2] a) { a = Relu (x) },
            else_branch = e () => (float[2] b) { b0 = Neg (x) b = Identity (b0) }
        >
    }""")
    graph = tagged(net)
    sizes = node_bytes(graph)
    outer = net.graph.node[0]
    bodies = {one.name: one.g for one in outer.attribute}
    assert dict(zip([op.op_type for op in graph.ops], sizes, strict=True)) == {
        "Relu": bodies["then_branch"].node[0].ByteSize(),
        "Neg": bodies["else_branch"].node[0].ByteSize(),
        "Identity": bodies["else_branch"].node[1].ByteSize(),
        "If": outer.ByteSize() - sum(body.ByteSize() for body in bodies.values()),
    }


def test_nothing_costs_nothing() -> None:
    rows = costs(build([], outputs=[]))
    assert all(one.ops == one.bytes == one.links == 0 for one in rows)
    assert all(set(one["x"]) == {0} for one in cost_figure(rows, "light")["data"])


def test_modules_beyond_the_first_are_summed_up() -> None:
    graph = build([Node("a", ["x"], module="m.0")], outputs=["a"])
    seconds = {f"m.{at}": 1.0 + at for at in range(MOST + 5)}
    rows = traced(MappingProxyType(seconds), graph.modules)
    assert len(rows) == MOST + 1
    assert rows[0].fqn == f"m.{MOST + 4}"
    assert (rows[-1].tag, rows[-1].seconds, rows[-1].fqn) == ("5 others", 1 + 2 + 3 + 4 + 5, None)
    assert sum(one.share for one in rows) == pytest.approx(1)
    # What the graph does not have cannot be gone to.
    clicks = [one[0] for one in module_figure(rows, graph.modules, "dark")["data"][0]["customdata"]]
    assert set(clicks) == {None}
    few = traced({"m.0": 1.0}, graph.modules)
    assert module_figure(few, graph.modules, "dark")["data"][0]["customdata"][0][0] == "m.0"


def test_names_are_shown_as_text_in_every_chart() -> None:
    graph = build([Node("a", ["x"], module=MARKUP)], outputs=["a"], classes={MARKUP: MARKUP})
    modules = module_figure(traced({MARKUP: 1.0}, graph.modules), graph.modules, "light")
    for row in modules["data"][0]["customdata"]:
        row[0] = None  # the FQN, which is not shown
    model = run_documents.synthetic(100) | {"name": MARKUP}
    growth = {MARKUP: {"tagging": run_documents.fit("seconds", [1.0] * 4)}}
    run = read_run(run_documents.content(models=[model], growth=growth))
    stages = bars(None, Measured((took(MARKUP, 0, 1),)))
    figures = [
        modules,
        stage_figure(stages, "light"),
        scaling_figure([(MARKUP, run)] * 2, own_point(MARKUP, 3, OPENED), "light"),
    ]
    for figure in figures:
        assert "<" not in texts(figure).replace("<br>", "")
        assert "&lt;b&gt;" in texts(figure)
    assert in_words("a\nb") == "a b"


@pytest.mark.parametrize("theme", THEMES)
def test_charts_have_the_colours_of_the_page(theme: Theme) -> None:
    css = (assets_folder() / "hexviz.css").read_text()
    block = css.split(":root")[1 if theme == "light" else 2]
    found = dict(re.findall(r"--(\w+): (#\w+);", block))
    inks = INKS[theme]
    for name in ("ink", "quiet", "line", "accent", "surface"):
        assert found[name] == getattr(inks, name)
    assert all(contrast(one, inks.surface) >= 3 for one in hues(theme, 8))


def test_a_run_is_read_with_memory_in_bytes() -> None:
    run = read_run(run_documents.content())
    assert run.machine == "A processor, 2 cores, 8 GB, CPython 3.11.9"
    large = next(one for one in run.subjects if one.name == "synthetic-1000")
    assert large.memory["kept"] == 6_000_000
    assert large.memory["peak"] == 20_000_000
    assert large.stages["parsing"].median == pytest.approx(0.01)
    assert [(one.flavour, one.figure) for one in run.time_fits] == [
        ("layers", "tagging"),
        ("layers", "parsing"),
    ]
    assert [one.figure for one in run.memory_fits] == ["kept"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[1]",
        b'{"kind": "other"}',
        b"[" * 100_000,
        b'{"kind": "hexviz bench", "repeats": NaN}',
        b"x" * (MAX_RUN + 1),
        run_documents.content(models=None),
        run_documents.content(models=[1]),
        run_documents.content(models=[run_documents.synthetic(10)] * 2),
        run_documents.content(models=[run_documents.synthetic(10) | {"ops": True}]),
        run_documents.content(models=[run_documents.synthetic(10) | {"ops": 0}]),
        run_documents.content(models=[run_documents.synthetic(10) | {"name": "n" * 301}]),
        run_documents.content(models=[run_documents.synthetic(10) | {"name": ["n"]}]),
        run_documents.content(models=[run_documents.synthetic(10) | {"stages": [1]}]),
        run_documents.content(
            models=[run_documents.synthetic(10) | {"stages": {"a": {"median": -1}}}]
        ),
        run_documents.content(
            models=[
                run_documents.synthetic(10)
                | {"stages": {"a": {"median": 1, "min": 2, "max": 3}}}
            ]
        ),
        run_documents.content(models=[run_documents.synthetic(10) | {"memory": {"kept_mb": "1"}}]),
        run_documents.content(repeats=10**400),
        run_documents.content(machine=None),
        run_documents.content(growth=[1]),
        run_documents.content(growth={"a": {"b": {"exponent": 1}}}),
        run_documents.content(
            growth={
                "a": {
                    "b": {
                        "exponent": 10,
                        "low": 10,
                        "high": 10,
                        "sizes": [1e-300, 1e18],
                        "seconds": [1, 1],
                    }
                }
            }
        ),
        run_documents.content(
            growth={"a": {"b": run_documents.fit("seconds", [0.0] * 4)}}
        ),
    ],
)  # fmt: skip
def test_what_is_no_run_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(RunError, match=r"^[^\n]{20,250}\.$"):
        read_run(content)


def test_worse_is_said_only_where_no_repeat_overlaps() -> None:
    before = read_run(run_documents.content())
    words = {
        (one.figure, one.word) for one in compare(before, read_run(run_documents.content(1.3)))
    }
    assert ("inheritance", "slower") in words
    assert ("layout", "no clear change") in words  # as fast as it was
    assert ("kept", "larger") in words
    assert ("parsed", "the same") in words
    words = {
        (one.figure, one.word) for one in compare(before, read_run(run_documents.content(0.7)))
    }
    assert {("inheritance", "faster"), ("kept", "smaller")} <= words
    # By a twelfth, and every repeat within a tenth of its median.
    near = {
        one.word for one in compare(before, read_run(run_documents.content(1.08))) if one.is_time
    }
    assert near == {"no clear change"}
    found = compare(before, read_run(run_documents.content(1.3)))
    assert [one.ratio for one in found] == sorted((one.ratio for one in found), reverse=True)


def test_only_models_of_both_runs_are_compared() -> None:
    before = read_run(run_documents.content(models=[run_documents.synthetic(10)]))
    same_name = run_documents.synthetic(20) | {"name": "synthetic-10"}
    after = read_run(run_documents.content(models=[same_name, run_documents.synthetic(30)]))
    assert compare(before, after) == []


def test_the_open_model_stands_among_the_points() -> None:
    run = read_run(run_documents.content())
    own = own_point("mine", 500, EXPORT, OPENED)
    assert own.seconds == pytest.approx({"opening": 0.5, "tagging": 0.3, "export": 5.0})
    data = scaling_figure([("kept here", run)], own, "light")["data"]
    marked = [one for one in data if one["name"] == "the open model"]
    assert {one["y"][0] for one in marked} == {0.5, 0.3, 5.0}
    assert all(one["x"] == [500] for one in marked)
    opening = next(one for one in data if one["name"] == "opening")
    assert max(opening["error_y"]["array"]) > 0
    line = next(one for one in data if one.get("mode") == "lines")
    assert line["x"] == [1000, 100_000]


def test_a_second_run_is_told_apart_by_shape_and_not_by_colour() -> None:
    run = read_run(run_documents.content())
    data = scaling_figure([("kept here", run), ("yours", run)], None, "light")["data"]
    symbols = [one["marker"]["symbol"] for one in data if one["mode"] == "markers"]
    assert sum(one.endswith("-open") for one in symbols) == len(symbols) / 2
    dashes = {one["line"]["dash"] for one in data if one["mode"] == "lines"}
    assert dashes == {"solid", "dash"}
