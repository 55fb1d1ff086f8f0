"""Numbers that no float holds, in every JSON that may be a stranger's: one line, or no harm."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest

from hexviz.bench.regressions import read_kept, regressions, speed_figures, tags_figures
from hexviz.cache import Cache
from hexviz.errors import HexvizError, NumbersError, RunError
from hexviz.exporters.export_times import kept_measured
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.model.source_graph import SourceGraph
from hexviz.model.strict_json import read_json
from hexviz.tagging.explain import explain, explanation_record
from hexviz.tagging.override import override
from hexviz.tagging.overrides_file import overrides_document, read_overrides
from hexviz.tagging.summary import summarize
from hexviz.tagging.tag import tag
from hexviz.view.numbers import read_numbers
from hexviz.view.performance.runs import read_run
from tests.app.conftest import NET, SCOPES
from tests.bench.test_regressions import document, tags_document
from tests.build import parse, scoped, tagged
from tests.view import run_documents

HUGE = "1" + "0" * 400
NUMBERS = [
    HUGE,
    f"-{HUGE}",
    "9" * 5000,
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e-999",
]
MARK = "a number comes here"


def spoilt(value: Any) -> Iterator[str]:
    """The text of a document with every single leaf taken by every one of these numbers."""
    for path in list(_leaves(value)):
        text = json.dumps(_with(value, path))
        for number in NUMBERS:
            yield text.replace(json.dumps(MARK), number)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from _leaves(inner, (*path, key))
    else:
        yield path


def _with(value: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return MARK
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _with(value[path[0]], path[1:])
    return copy


def net() -> TaggedGraph:
    return tagged(scoped(parse(NET), SCOPES))


def read_as(kind: str, figures: Callable[[Any], Any], path: Path) -> Callable[[str], object]:
    def read(text: str) -> object:
        path.write_text(text)
        kept = read_kept(path, kind, figures)
        return regressions(kept, kept)

    return read


def refused_or_read(read: Callable[[str], object], documents: Iterator[str]) -> tuple[int, int]:
    """How many were read, and how many refused in one line."""
    fine, lines = 0, []
    for text in documents:
        try:
            read(text)
            fine += 1
        except HexvizError as error:
            lines.append(str(error))
    assert not any("\n" in line or len(line) > 1000 for line in lines)
    return fine, len(lines)


def test_a_run_to_compare_with(tmp_path: Path) -> None:
    for kind, figures, whole in (
        ("hexviz bench", speed_figures, document()),
        ("hexviz bench tags", tags_figures, tags_document()),
    ):
        read = read_as(kind, figures, tmp_path / "kept.json")
        read(json.dumps(whole))
        fine, refused = refused_or_read(read, spoilt(whole))
        assert refused > fine
    path = tmp_path / "kept.json"
    path.write_text(json.dumps(document()).replace("1.0", HUGE, 1))
    with pytest.raises(RunError, match=r"kept\.json is no JSON \(a number of 401 digits"):
        read_kept(path, "hexviz bench", speed_figures)


def test_a_run_that_is_dropped_on_the_page() -> None:
    whole = json.loads(run_documents.content())
    fine, refused = refused_or_read(lambda text: read_run(text.encode()), spoilt(whole))
    assert refused > fine


def test_a_dropped_file_of_numbers() -> None:
    graph = net()
    whole = {op.id: 1.5 for op in graph.ops}
    fine, refused = refused_or_read(lambda text: read_numbers(text, graph), spoilt(whole))
    assert min(fine, refused) > 0  # what is not finite is left out
    with pytest.raises(NumbersError, match="The number of 'h' is too large to be shown"):
        read_numbers(f'{{"h": {HUGE}}}', graph)
    with pytest.raises(NumbersError, match="Line 2 of that CSV holds no number"):
        read_numbers(f"op,ms\nh,{HUGE}\n", graph)


def test_a_file_of_overrides() -> None:
    graph = net()
    whole = overrides_document(override(graph, {"s": "enc.att"}))
    _, refused = refused_or_read(lambda text: read_overrides(text, graph), spoilt(whole))
    assert refused


def test_what_a_file_says_of_its_tags() -> None:
    """Every number in hexviz's own metadata, and in the fields that are no JSON."""
    proto = onnx.load_from_string(net().to_bytes())
    for entries in (proto.metadata_props, *(node.metadata_props for node in proto.graph.node)):
        for entry in entries:
            value = entry.value
            try:
                texts = list(spoilt(json.loads(value)))
            except ValueError:
                texts = list(NUMBERS)
            for text in texts[: 3 * len(NUMBERS)]:
                entry.value = text
                graph = tag(from_proto(proto, name="net"))
                json.dumps(summarize(graph, ops=True), allow_nan=False)
                explanation_record(explain(graph, graph.ops[0].id))
            entry.value = value


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_kept_on_this_machine(
    number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = f'{{"file": "a.onnx", "digest": "d", "ops": {number}}}'
    found = SourceGraph.from_json(source)
    assert found is None or isinstance(found.ops, int)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    record = f'{{"stages": [], "modules": {{"a": {number}}}}}'.encode()
    Cache().records("results", "export times").put("a" * 64, record)
    assert (kept_measured("a" * 64) is None) == (number != "1e-999")


@pytest.mark.parametrize("number", NUMBERS)
def test_strict_json_has_no_number_that_is_none(number: str) -> None:
    if number == "1e-999":
        assert read_json(number.encode()) == 0
        return
    with pytest.raises(ValueError, match=r"too large|is no number"):
        read_json(f"[{number}]".encode())


def test_a_reader_that_fails_otherwise_is_seen() -> None:
    with pytest.raises(OverflowError):
        refused_or_read(lambda text: float(json.loads(text)["a"]), spoilt({"a": 1}))
