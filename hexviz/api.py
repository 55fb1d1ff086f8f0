"""The functions of the public contract that cross floors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import onnx

from hexviz.errors import SourceError
from hexviz.extraction.part import Part, extract
from hexviz.extraction.split import Split, split
from hexviz.extras import require
from hexviz.matching import transfer as transferring
from hexviz.matching.openable import Openable, opened
from hexviz.model import graph as model
from hexviz.model.reader import from_proto
from hexviz.tagging import tag as tagging
from hexviz.tagging.audit import audit
from hexviz.tagging.finding import Finding
from hexviz.tagging.override import override
from hexviz.tagging.recovery.rename import rename

if TYPE_CHECKING:
    import numpy as np

    from hexviz.convert.options import Conversion, Dialect, Options
    from hexviz.exporters.inspection import InspectedModule
    from hexviz.exporters.interface import TranslationTable
    from hexviz.exporters.subject import Exportable
    from hexviz.measure.documents import ParityDocument, ProfileDocument
    from hexviz.measure.parity.parity import Parity
    from hexviz.measure.profile.result import Profile
    from hexviz.notebook.still import Still
    from hexviz.notebook.widget import View

__all__ = ["TaggedGraph", "export", "inspect", "load", "show", "transfer"]


class TaggedGraph(model.TaggedGraph):
    """A tagged graph with what the floors above it can do with one."""

    def audit(self) -> list[Finding]:
        """Tags that are wrong or doubtful, worst first."""
        return audit(self)

    def override(self, changes: Mapping[str, str]) -> TaggedGraph:
        """A new graph where each op (id) has the module (FQN) given; the rest inherits anew.

        Raises:
            UnknownOpError: if there is no such op; the message names near ids.
            SelectionError: if there is no such module; the message names near ones.
        """
        return TaggedGraph.of(override(self, changes))

    def rename(self, names: Mapping[str, str]) -> TaggedGraph:
        """A new graph where recovered blocks have the class names given, all copies alike.

        A block is told by its FQN, with its indices or without: ``Block.3.FeedForward`` and
        ``Block.FeedForward`` are one. FQNs and tags follow, and :meth:`save` keeps the names.

        Raises:
            SelectionError: if there is no such block; the message names near ones.
            RenameError: if the file names that module itself, or a name is none or taken.
        """
        return TaggedGraph.of(rename(self, names))

    def extract(
        self,
        modules: Iterable[str] = (),
        exclude: Iterable[str] = (),
        policy: str = "include_context",
        *,
        ops: Iterable[str] = (),
        fill_holes: bool = False,
    ) -> Part:
        """Cut modules out as a model of their own, which runs.

        Modules are named by FQN, by tag, or by a pattern of either
        (``encoder.layer.*.attention``); ``exclude`` takes some out again, and
        ``ops`` (ids) come in besides. The policy is ``exclude_safe``,
        ``include_context`` or ``include_all``. Where dataflow leaves what is
        selected and enters it again, the report says so; ``fill_holes`` takes
        in what it goes through.

        Raises:
            SelectionError: if a name means nothing, nothing is left, or there
                is no such policy; the message names near ones.
            UnknownOpError: if there is no such op.
            ExtractionError: if nothing tells the type of a value at the border.
        """
        return extract(self, modules, exclude, policy, ops=ops, fill_holes=fill_holes)

    def split(self, modules: Iterable[str] = ()) -> Split:
        """Split the model by modules, or by its top ones, into parts that stitch.

        Raises:
            SelectionError: if a name means nothing, or there are no modules.
            ExtractionError: if nothing tells the type of a value at a border.
        """
        return split(self, modules)

    @staticmethod
    def formats() -> tuple[str, ...]:
        """The suffixes of the files that :meth:`convert` writes."""
        from hexviz.convert.formats import WRITERS

        return (*WRITERS, ".html")

    def convert(
        self,
        path: str | Path,
        *,
        costs: bool = False,
        symbols: Mapping[str, int] | None = None,
        profile: Profile | ProfileDocument | None = None,
        parity: Parity | ParityDocument | None = None,
        dialect: Dialect = "plain",
        node_data: bool = False,
        max_ops: int | None = None,
    ) -> Conversion:
        """Write the graph as a file of another tool; the suffix of ``path`` says of which.

        ``.json`` is Model Explorer's graph (``node_data`` writes its files to
        colour by as well, beside it), ``.graphml`` is GraphML (``dialect="yed"``
        with groups for yEd), ``.dot`` Graphviz's (up to ``max_ops`` ops), ``.csv``
        and ``.parquet`` are a table of ops, ``.html`` is the report. ``costs``
        (for sizes of open dimensions in ``symbols``), times of a ``profile`` and
        errors of a ``parity`` go in where they are given; a report has costs anyway.

        Raises:
            WriteError: if there is no such format, or it cannot be written.
            ViewLimitError: if the graph is too large for the format.
            MeasureError: if a size is none, or figures are of another model.
            ExtraError: if the format needs what is not installed.
        """
        from hexviz.convert.formats import WRITERS, File, convert
        from hexviz.convert.options import MOST_DRAWN, Options, measured_of
        from hexviz.measure.parity.parity import Parity
        from hexviz.measure.profile.result import Profile

        times = profile.document if isinstance(profile, Profile) else profile
        errors = parity.document if isinstance(parity, Parity) else parity

        def report(graph: model.TaggedGraph, target: Path, _: Options) -> Iterator[File]:
            from hexviz.app.report import to_report

            page = to_report(graph, symbols=symbols, profile=times, parity=errors)
            yield target, [page.encode()]

        options = Options(
            measured_of(self, costs=costs, symbols=symbols, profile=times, parity=errors),
            dialect=dialect,
            node_data=node_data,
            max_ops=MOST_DRAWN if max_ops is None else max_ops,
        )
        return convert(self, Path(path), options, {**WRITERS, ".html": ("HTML", report)})


def load(path: str | Path, *, recover: bool = True) -> TaggedGraph:
    """Open an ONNX file; its ops are tagged if it carries no tags yet.

    In what names no module, blocks are recovered from what the graph repeats; not so with
    ``recover=False``.

    Raises:
        ReadError: if it is missing or no readable ONNX model.
    """
    return TaggedGraph.of(tagging.load(path, recover=recover))


def inspect(source: str | Exportable) -> InspectedModule:
    """The modules of a PyTorch model before any export: classes, parameters, buffers, bytes.

    ``source`` is a model, what ``torch.export.export`` returned, or a SOURCE: a sample's name,
    ``package.module:factory``, ``hf:MODEL_ID`` or a ``.pt2`` file. What is built from a SOURCE
    takes no memory for its parameters.

    Raises:
        SourceError: if there is no such thing, or it cannot be built.
        ExportError: if it is no model.
        ExtraError: if a package is not installed that it needs.
    """
    from hexviz.exporters.inspection import inspect_model
    from hexviz.exporters.model_source import open_model

    if isinstance(source, str):
        return inspect_model(open_model(source)[0])
    require("export", "Looking at a PyTorch model", "torch")
    return inspect_model(source)


def transfer(
    before: Openable,
    after: Openable,
    *,
    run: bool = False,
    inputs: Mapping[str, np.ndarray] | None = None,
) -> TaggedGraph:
    """The graph ``after`` with the tags that its ops have in ``before``, a graph of the same model.

    Both are graphs, paths or ``onnx.ModelProto``. Made for files that a tool
    optimised, quantised or converted: each op has the module of the op whose
    value it gives, and says in its provenance which ones it was there. What
    nothing matches inherits. With ``run`` both are run on the same ``inputs``
    (input name → array; generated where left out), and equal values are one.

    Raises:
        ReadError: if one of them is a file that cannot be read.
        MatchingError: if ``before`` has no tags, or is another model's graph.
        ExtractionError: if a graph cannot be run, or not on these inputs.
    """
    return TaggedGraph.of(transferring.transfer(before, after, run=run, inputs=inputs))


def export(
    model: Exportable,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    exporter: Literal["dynamo", "torchscript"] = "dynamo",
    opset: int | None = None,
    dynamic_shapes: Any = None,
    weights: bool = True,
    optimize: bool = True,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    custom_translation_table: TranslationTable | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> TaggedGraph:
    """Export a PyTorch model to ONNX and tag every op with its module.

    ``model`` is a module, scripted or not, or what ``torch.export.export``
    returned. Wrappers of training (``torch.compile``, ``DataParallel``) are
    left out, so modules have the names that the model's own code gives them.
    ``args`` and ``kwargs`` are example inputs of ``model.forward``.
    ``dynamic_shapes`` goes to the exporter as it is. With ``weights=False``
    shapes and types are exported but no weight is stored. ``optimize=False``
    keeps every op the exporter first wrote (dynamo only). ``input_names``,
    ``output_names`` and ``custom_translation_table`` (dynamo only) go to
    ``torch.onnx.export``. ``progress`` is
    called with a stage and how far the export is, in 0..1.

    Raises:
        ExportError: if the exporter fails; its message says what may help.
        ExtraError: if torch or onnxscript is not installed.
    """
    require("export", "An export", "torch", "onnxscript")
    from hexviz.exporters.export import export_model

    exported = export_model(
        model,
        args,
        kwargs,
        exporter=exporter,
        opset=opset,
        dynamic_shapes=dynamic_shapes,
        weights=weights,
        optimize=optimize,
        input_names=input_names,
        output_names=output_names,
        custom_translation_table=custom_translation_table,
        progress=progress,
    )
    file = from_proto(exported.proto, name=exported.name)
    tagged = tagging.tag(
        file,
        modules=exported.modules,
        calls=exported.calls,
        notes=exported.notes,
        before=exported.measured,
    )
    return TaggedGraph.of(tagged)


def show(
    what: Openable | Exportable,
    args: tuple[Any, ...] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    height: int = 560,
) -> View | Still | None:
    """Show a graph: in a notebook as a view in the cell, elsewhere as the page in a browser.

    ``what`` is a graph, a path, an ``onnx.ModelProto``, or a PyTorch model, which is exported first
    with the example inputs ``args`` and ``kwargs``. The view is ``height`` pixels high. End the
    cell with it to see it, and keep it to go on in code: see :class:`~hexviz.notebook.widget.View`.
    In a notebook without anywidget it is a still picture. Elsewhere this serves the page, as
    ``hexviz view`` does, until it is interrupted, and returns ``None``.

    Raises:
        SourceError: if ``what`` is nothing that can be shown.
        ReadError: if it is a file that is missing or no readable ONNX model.
        ExportError: if the exporter fails on the model.
    """
    from hexviz.notebook.place import in_notebook

    if in_notebook():
        from hexviz.notebook.show import show_in_notebook

        graph = _graph_of(what, args, kwargs)
        return show_in_notebook(graph, height=height)
    from hexviz.app.serve import serve

    if isinstance(what, str | Path):
        path = Path(what)
    else:
        from hexviz.app.jobs.results import file_stem
        from hexviz.cache import Cache

        graph = _graph_of(what, args, kwargs)
        path = Cache().folder("exports") / f"{file_stem(graph.name)}.onnx"
        graph.save(path)
    serve(path, host="127.0.0.1", port=0, open_browser=True)
    return None


def _graph_of(
    what: Openable | Exportable, args: tuple[Any, ...], kwargs: Mapping[str, Any] | None
) -> TaggedGraph:
    """What can be shown as a graph.

    Raises:
        SourceError: if it is no such thing.
    """
    if isinstance(what, model.TaggedGraph | str | Path | onnx.ModelProto):
        graph = opened(what)
        return graph if isinstance(graph, TaggedGraph) else TaggedGraph.of(graph)
    # A model of PyTorch, without importing that to find out.
    if not hasattr(what, "named_parameters") and not hasattr(what, "graph_module"):
        raise SourceError(
            f"A {type(what).__name__} cannot be shown: give a graph, the path of an .onnx file, an "
            "onnx.ModelProto, or a PyTorch model with example inputs, as in show(model, (x,))."
        )
    return export(what, args, kwargs)
