"""What jobs do, in a process of their own: plain JSON in, plain JSON out, files by their digest."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hexviz.app.jobs.results import Results
from hexviz.app.samples import in_terminal
from hexviz.cache import Cache
from hexviz.errors import ExtraError, JobError, MatchingError, SourceError
from sample_models import SAMPLES

if TYPE_CHECKING:
    from hexviz.app.models.extracted import Extracted
    from hexviz.model.graph import TaggedGraph

__all__ = ["TASKS", "Task", "exported_path"]

Task = Callable[[Mapping[str, Any], Callable[[str, float], None]], dict[str, Any]]
"""Gets its arguments as plain JSON, and reports a stage and how far it is, in percent."""


def exported_path(sample: str, *, optimize: bool) -> Path:
    """Where the export of a sample is kept."""
    return Cache().folder("exports") / f"{sample}{'-optimized' if optimize else ''}.onnx"


def export(arguments: Mapping[str, Any], report: Callable[[str, float], None]) -> dict[str, Any]:
    """Export a ``sample``, with ``optimize`` or not; gives both back, and seconds by ``stages``.

    Raises:
        HexvizError: with the reason, if that fails.
    """
    sample, optimize = str(arguments["sample"]), bool(arguments["optimize"])
    if sample not in SAMPLES:  # a factory would be run
        raise SourceError("There is no such sample.")
    report(f"Loading PyTorch and {sample}", 3.0)
    from hexviz.exporters.export_times import save_and_keep
    from hexviz.exporters.produce import produce

    try:
        graph = produce(
            sample,
            optimize=optimize,
            progress=lambda stage, done: report(f"{sample}: {stage}", 5 + 85 * done),
        )
    except ExtraError as error:  # the command that installs it holds a path of this machine
        raise JobError(f"{error.what}. {in_terminal(sample)}") from error
    report(f"{sample}: writing {len(graph.ops):,} ops", 95.0)
    measured = save_and_keep(graph, exported_path(sample, optimize=optimize))
    return {"sample": sample, "optimize": optimize, "stages": dict(measured.timings)}


def verify(arguments: Mapping[str, Any], report: Callable[[str, float], None]) -> dict[str, Any]:
    """Verify a part, and remember that for whoever takes it away; gives the verification's record.

    And what ONNX's checker could not judge, since it refuses it in the whole file too.

    Raises:
        HexvizError: if the whole or the part cannot be opened, built or run.
    """
    from hexviz.extraction.verify import verification_record

    kept = _kept(arguments, report)
    report("Running the whole model and the part", 40.0)
    found = kept.verify()
    Results().keep_proof(arguments, found)
    unjudged = list(kept.part().checks.unjudged)
    return {"verification": verification_record(found), "unjudged": unjudged}


def part(arguments: Mapping[str, Any], report: Callable[[str, float], None]) -> dict[str, Any]:
    """Build a part as a file, checked; gives that ``file`` and the ``name`` to save it under.

    Raises:
        HexvizError: if it cannot be opened or built, or is not valid.
    """
    from hexviz.app.panels.extract.part import part_file

    kept = _kept(arguments, report)
    report("Building and checking the part", 40.0)
    content = part_file(kept)
    report("Writing the part", 90.0)
    return Results().keep_file(content, kept.graph.name, "part.onnx")


def report_of(arguments: Mapping[str, Any], report: Callable[[str, float], None]) -> dict[str, Any]:
    """The report of a part as a file; gives that ``file`` and the ``name`` to save it under.

    Raises:
        HexvizError: if the part cannot be opened or built.
    """
    from hexviz.app.panels.extract.part import part_report

    kept = _kept(arguments, report)
    report("Building and checking the part", 40.0)
    content = json.dumps(part_report(kept), indent=2).encode()
    return Results().keep_file(content, kept.graph.name, "part.json")


def read(arguments: Mapping[str, Any], report: Callable[[str, float], None]) -> dict[str, Any]:
    """Open the file at ``path``, called ``name``, and keep its tags; gives the number of ``ops``.

    Raises:
        ReadError: if it is no readable ONNX model.
    """
    from hexviz.tagging.opened import keep, kept_tags, open_bytes

    report("Reading the file", 5.0)
    kept = kept_tags(Cache())
    opened = open_bytes(Path(arguments["path"]).read_bytes(), kept, name=arguments["name"])
    graph = opened.graph()
    if opened.known is None:
        keep(kept, opened.key, graph)
    return {"ops": len(graph.ops)}


def transfer(arguments: Mapping[str, Any], report: Callable[[str, float], None]) -> dict[str, Any]:
    """Give the source ``after`` the tags of the source ``before``; both as
    :meth:`~hexviz.app.models.known_files.ModelSource.to_json` gives them.

    Gives a ``file`` with the tags, as :func:`hexviz.tagging.tags_document.put_tags` takes
    them, the ``name`` of the graph they are from, and a ``line`` that sums it up.

    Raises:
        HexvizError: if one of them cannot be opened, or nothing be transferred.
    """
    from hexviz.matching.transfer import transfer as transferred
    from hexviz.matching.transfer import transfer_line
    from hexviz.tagging.tags_document import tags_document

    report("Opening both graphs", 5.0)
    before, after = _graph(arguments["before"]), _graph(arguments["after"])
    report(f"Matching {len(after.ops):,} ops with {len(before.ops):,}", 30.0)
    graph = transferred(before, after)
    report("Writing the tags", 95.0)
    content = json.dumps(tags_document(graph), ensure_ascii=False).encode()
    kept = Results().keep_file(content, graph.name, "tags.json")
    return {"file": kept["file"], "name": before.name, "line": transfer_line(graph)}


def compare(arguments: Mapping[str, Any], report: Callable[[str, float], None]) -> dict[str, Any]:
    """Compare the sources ``before`` and ``after``, and keep what is found by their ``keys``.

    Gives the ``file`` with all of it, as ``hexviz compare --json`` prints it, and ``tags``: where
    the graph after says little of its modules, the file of tags that it gets of the one before;
    the other way round, the same.

    Raises:
        HexvizError: if one of them cannot be opened.
    """
    from hexviz.app.models.comparison import pages_document
    from hexviz.matching.compare import compare as compared

    report("Opening both graphs", 5.0)
    before, after = _graph(arguments["before"]), _graph(arguments["after"])
    report(f"Matching {len(after.ops):,} ops with {len(before.ops):,}", 30.0)
    found = compared(before, after)
    document = found.to_dict()
    results = Results()
    tags = {}
    if found.is_related and {found.before.tags, found.after.tags} == {"own", "other"}:
        report("Carrying tags over", 70.0)
        is_before = found.before.tags == "other"
        with suppress(MatchingError):  # it is drawn with what it says itself then
            content = _tags_from(after if is_before else before, before if is_before else after)
            file = results.keep_file(content, "model", "tags.json")["file"]
            tags["before" if is_before else "after"] = file
    report("Writing the comparison", 95.0)
    kept = results.keep_file(json.dumps(document).encode(), after.name, "comparison.json")
    one, other = arguments["keys"]
    results.keep_comparison(one, other, pages_document(document), kept["file"])
    return {"file": kept["file"], "tags": tags}


def _tags_from(before: TaggedGraph, after: TaggedGraph) -> bytes:
    """The document of the tags that a graph takes from another one.

    Raises:
        MatchingError: if nothing can be transferred.
    """
    from hexviz.matching.transfer import transfer as transferred
    from hexviz.tagging.tags_document import tags_document

    return json.dumps(tags_document(transferred(before, after)), ensure_ascii=False).encode()


def costs(arguments: Mapping[str, Any], report: Callable[[str, float], None]) -> dict[str, Any]:
    """Work out what each op of the source ``model`` costs for ``sizes`` of its open dimensions.

    They are kept for the page, by the model's ``key``.

    Raises:
        HexvizError: if it cannot be opened, or its costs be told.
    """
    from hexviz.measure.costs.costs import costs as work_out

    report("Opening the model", 5.0)
    graph = _graph(arguments["model"])
    report(f"Working out what {len(graph.ops):,} ops cost", 30.0)
    sizes = tuple((str(name), int(size)) for name, size in arguments["sizes"])
    Results().keep_costs(arguments["key"], sizes, work_out(graph, symbols=dict(sizes)))
    return {}


def profile(arguments: Mapping[str, Any], report: Callable[[str, float], None]) -> dict[str, Any]:
    """Run the source ``model`` and lay its time on its modules; gives the ``document`` kept of it.

    ``runs`` and ``optimization`` are as :func:`hexviz.profile` takes them.

    Raises:
        HexvizError: if it cannot be opened or run.
    """
    from hexviz.app.models.measures import keep_document
    from hexviz.measure.profile.profile import profile as profiled

    report("Opening the model", 5.0)
    graph = _graph(arguments["model"])
    found = profiled(
        graph,
        runs=arguments["runs"],
        optimization=arguments["optimization"],
        symbols=dict(arguments["sizes"]),
        progress=lambda stage, done: report(stage, 5 + 90 * done),
    )
    report("Writing the times", 95.0)
    return {"document": keep_document(found.to_document(), graph.name)}


def trace(arguments: Mapping[str, Any], report: Callable[[str, float], None]) -> dict[str, Any]:
    """Lay the times of a trace, the kept ``file``, on the modules of the source ``model``.

    Raises:
        HexvizError: if one of them cannot be read, or they are not of one model.
    """
    from hexviz.app.models.measures import keep_document
    from hexviz.measure.profile.traces import read_trace

    report("Opening the model", 5.0)
    graph = _graph(arguments["model"])
    path = Results().path(arguments["file"])
    if path is None:
        raise SourceError("The trace was given up before it was read: drop it again.")
    report("Reading the trace", 40.0)
    return {"document": keep_document(read_trace(path.read_bytes(), graph), graph.name)}


def parity(arguments: Mapping[str, Any], report: Callable[[str, float], None]) -> dict[str, Any]:
    """Compare the numbers of the source ``model`` with those of the source ``reference``.

    Gives the ``document`` kept of it.

    Raises:
        HexvizError: if one of them cannot be opened or run, or they are not of one model.
    """
    from hexviz.app.models.measures import keep_document
    from hexviz.measure.parity.parity import parity as compared

    report("Opening both models", 5.0)
    graph, reference = _graph(arguments["model"]), _graph(arguments["reference"])
    report("Running both and comparing what their modules give", 25.0)
    found = compared(graph, reference)
    report("Writing the comparison", 95.0)
    return {"document": keep_document(found.to_document(), graph.name)}


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        "export": export,
        "verify": verify,
        "part": part,
        "report": report_of,
        "read": read,
        "transfer": transfer,
        "compare": compare,
        "costs": costs,
        "profile": profile,
        "trace": trace,
        "parity": parity,
    }
)
"""By kind of job, as :data:`hexviz.app.jobs.supervise.LIMITS` has them."""


def _kept(arguments: Mapping[str, Any], report: Callable[[str, float], None]) -> Extracted:
    """The ``part`` of a ``source``, as an address says it.

    Raises:
        SourceError: if the file is another one by now.
        SelectionError: if nothing is selected.
    """
    from hexviz.app.models.open_model import OpenModel
    from hexviz.app.panels.extract.part import asked_part

    source = arguments["source"]
    report("Opening the model", 5.0)
    kept = asked_part(OpenModel(source["digest"], _graph(source)), arguments["part"])
    proof = Results().proof(arguments)
    if proof is not None:
        kept.proven(proof)
    return kept


def _graph(source: Mapping[str, Any]) -> TaggedGraph:
    """The graph of a ``source``, with all that a person changed.

    Raises:
        SourceError: if the file is another one by now.
    """
    from hexviz.app.models.edits import corrected, read_tags
    from hexviz.tagging.opened import kept_tags, open_path

    opened = open_path(Path(source["path"]), kept_tags(Cache()), name=source["name"])
    if opened.key != source["digest"]:
        raise SourceError(f"{source['name']} has changed since it was opened: open it again.")
    graph = opened.graph()
    tags = read_tags(Path(source["tags"])) if source.get("tags") else None
    renames, bare = source.get("renames", ()), source.get("bare", False)
    if tags is None and not (source["overrides"] or renames or bare):
        return graph
    return corrected(graph, source["overrides"], renames, tags, bare=bare)
