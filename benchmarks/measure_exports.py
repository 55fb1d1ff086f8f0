"""How many of the model classes in transformers and timm export, are tagged, cut and verified.

Each class is built from its default configuration, with fewer layers and
words where it says how many there are, and exported in a process of its own with a
time limit. Where hexviz fails, the bare exporter is asked as well. Every
result is one line of JSON; what is in the file already is not done again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

Record = dict[str, Any]

Exporter = Literal["dynamo", "torchscript"]
EXPORTERS: tuple[Exporter, ...] = ("dynamo", "torchscript")
_DEPTHS = (
    *("num_hidden_layers", "num_layers", "n_layer", "n_layers", "encoder_layers"),
    *("decoder_layers", "num_decoder_layers", "num_encoder_layers", "depth"),
)
_LAYERS = 2
_VOCABULARY = 1000
_LARGEST = 300_000_000  # parameters of a model that is built with weights


def main() -> None:
    """Measure, and print the table of what is in the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, help="a file of JSON lines, continued if it exists")
    parser.add_argument("--libraries", default="transformers,timm")
    parser.add_argument("--only", default="", help="names of classes, by commas")
    parser.add_argument("--seconds", type=float, default=90, help="for one class and exporter")
    parser.add_argument("--minutes", type=float, default=600, help="after which none is begun")
    arguments = parser.parse_args()
    done = {(one["library"], one["name"], one["exporter"]) for one in _read(arguments.results)}
    wanted = set(filter(None, arguments.only.split(",")))
    ends = time.monotonic() + 60 * arguments.minutes
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["hexviz.exporters.export", "transformers"])
    for library, name in _subjects(arguments.libraries.split(",")):
        for exporter in EXPORTERS:
            if (library, name, exporter) in done or (wanted and name not in wanted):
                continue
            if time.monotonic() > ends:
                break
            record = _in_a_process(context, library, name, exporter, arguments.seconds)
            with arguments.results.open("a") as file:
                file.write(json.dumps(record) + "\n")
    sys.stdout.write(table(_read(arguments.results)))


def _subjects(libraries: list[str]) -> Iterator[tuple[str, str]]:
    """All classes in an order that is the same every time and mixes families."""
    for library in libraries:
        names = sorted(_LIBRARIES[library][0]())
        random.Random(0).shuffle(names)  # noqa: S311 - nothing secret
        yield from ((library, name) for name in names)


def _in_a_process(
    context: Any, library: str, name: str, exporter: Exporter, seconds: float
) -> Record:
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(sending, library, name, exporter))
    began = time.monotonic()
    process.start()
    sending.close()
    record: Record = {"stage": "build", "error": "ended without a word"}
    while receiving.poll(max(0.0, began + seconds - time.monotonic())):
        try:
            record = receiving.recv()
        except EOFError:
            break
    else:
        record["error"] = f"more than {seconds:.0f} s"
    process.kill()
    process.join()
    known = {"library": library, "name": name, "exporter": exporter}
    return {**known, "seconds": round(time.monotonic() - began, 1), **record}


def _child(told: Connection, library: str, name: str, exporter: Exporter) -> None:
    record: Record = {"stage": "build", "error": "ended without a word"}

    def begin(stage: str) -> None:
        record["stage"] = stage
        told.send(record)

    try:
        model, args, kwargs = _LIBRARIES[library][1](name)
        record |= measure(model, args, kwargs, exporter, begin)
        if record["stage"] == "done":
            del record["error"]
    # other people's code, which raises anything at all
    except BaseException as error:  # noqa: BLE001
        record["error"] = f"{type(error).__name__}: {error}"[:400]
    told.send(record)


def measure(
    model: Any,
    args: tuple[Any, ...],
    kwargs: Record,
    exporter: Exporter,
    begin: Callable[[str], None] = lambda _: None,
) -> Record:
    """What becomes of one model with one exporter; ``begin`` is told of each stage."""
    import hexviz

    light = any(parameter.is_meta for parameter in model.parameters())
    if light and exporter == "torchscript":
        return {"stage": "build", "error": "too large to be built with weights"}
    begin("export")
    try:
        graph = hexviz.export(model, args, kwargs, exporter=exporter, weights=not light)
    except hexviz.HexvizError as error:
        begin("bare")
        bare = not light and _bare_exports(model, args, kwargs, exporter)
        return {"stage": "export", "error": str(error), "bare": bare}
    findings = graph.audit()
    record: Record = {
        "stage": "done",
        "ops": len(graph.ops),
        "modules": len(graph.modules),
        "declared": sum(op.provenance.origin == "declared" for op in graph.ops),
    }
    for level in ("error", "warning"):
        accused = {op for one in findings if one.severity == level for op in one.ops}
        record[f"{level}s"] = len(accused)
    begin("cut")
    inside = sorted({op.module for op in graph.ops if op.module})
    if inside and not light:
        try:
            chosen = inside[len(inside) // 2]
            part = graph.extract([chosen])
            record["cut"] = chosen
            record["verified"] = part.verify().ok
        except hexviz.HexvizError as error:
            record["cut_error"] = str(error)
    return record


def _bare_exports(model: Any, args: tuple[Any, ...], kwargs: Record, exporter: Exporter) -> bool:
    import io

    import torch

    from hexviz.exporters.exporter_log import Log, captured

    try:
        with captured(Log()):
            model.eval()
            out: Any = io.BytesIO()  # which it takes, though its types do not say so
            torch.onnx.export(model, args, out, kwargs=kwargs or None, dynamo=exporter == "dynamo")
    # the exporter runs the model's own code
    except Exception:  # noqa: BLE001
        return False
    return True


def _transformers_names() -> list[str]:
    from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

    return list(MODEL_MAPPING_NAMES)


def _transformers_model(name: str) -> tuple[Any, tuple[Any, ...], Record]:
    from hexviz.exporters.exporter_log import Log, captured
    from hexviz.exporters.hub import choose_experts
    from hexviz.exporters.inputs import make_inputs

    with captured(Log()):
        model = _built(name)
        choose_experts(model)
        return model, *make_inputs(model)


def _built(name: str) -> Any:
    import torch
    import transformers
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    from hexviz.exporters.weightless import parameters_without_memory

    def build(config: Any) -> Any:
        config.use_cache = False
        options = {"attn_implementation": "eager"}
        with torch.device("meta"):
            size = sum(
                one.numel()
                for one in transformers.AutoModel.from_config(config, **options).parameters()
            )
        if size < _LARGEST:
            return transformers.AutoModel.from_config(config, **options)
        with parameters_without_memory():
            return transformers.AutoModel.from_config(config, **options)

    try:
        return build(_shallow(CONFIG_MAPPING[name]))
    # a configuration that cannot be made shallower so
    except Exception:  # noqa: BLE001
        return build(CONFIG_MAPPING[name]())


def _shallow(kind: Any) -> Any:
    """A default configuration with fewer layers and words, in its parts as well."""
    config = kind()
    changes: Record = {
        name: _LAYERS
        for name in _DEPTHS
        if isinstance(getattr(config, name, None), int) and getattr(config, name) > _LAYERS
    }
    words = getattr(config, "vocab_size", None)
    if isinstance(words, int):
        special = [id_ for name, id_ in vars(config).items() if name.endswith("_token_id")]
        least = max((id_ for id_ in special if isinstance(id_, int)), default=0) + 1
        changes["vocab_size"] = min(words, max(least, _VOCABULARY))
    kinds = getattr(config, "layer_types", None)
    if kinds:
        changes["layer_types"] = [kinds[0], kinds[-1]]
    for part in getattr(kind, "sub_configs", {}):
        below = getattr(config, part, None)
        if below is not None:
            changes[part] = _shallow(type(below)).to_dict()
    return kind(**changes)


def _timm_names() -> list[str]:
    import timm

    # one model of each family: its first, as it is listed
    first: dict[str, str] = {}
    for name in timm.list_models():
        first.setdefault(timm.models.model_entrypoint(name).__module__, name)
    return list(first.values())


def _timm_model(name: str) -> tuple[Any, tuple[Any, ...], Record]:
    import timm
    import torch

    model = timm.create_model(name, pretrained=False)
    return model, (torch.linspace(-1, 1, 3 * 224 * 224).reshape(1, 3, 224, 224),), {}


_LIBRARIES: dict[str, tuple[Callable[[], list[str]], Callable[[str], Any]]] = {
    "transformers": (_transformers_names, _transformers_model),
    "timm": (_timm_names, _timm_model),
}


def _read(path: Path) -> list[Record]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def table(records: list[Record]) -> str:
    """The results as a table in Markdown, then what is left, by reason."""
    titles = (
        "library",
        "exporter",
        "built",
        "exported",
        "only bare exports",
        "ops accused by an error",
        "by a warning",
        "cut",
        "verified",
    )
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    groups: dict[tuple[str, str], list[Record]] = {}
    for one in records:
        groups.setdefault((one["library"], one["exporter"]), []).append(one)
    for (library, exporter), group in sorted(groups.items()):
        built = [one for one in group if one["stage"] != "build"]
        done = [one for one in built if one["stage"] == "done"]
        ops = sum(one["ops"] for one in done) or 1
        cells = [
            f"{len(built)} of {len(group)}",
            len(done),
            sum(one.get("bare") is True for one in built),
            *(f"{sum(one[level] for one in done) / ops:.3%}" for level in ("errors", "warnings")),
            sum("cut" in one for one in done),
            sum(one.get("verified") is True for one in done),
        ]
        lines.append(" | ".join([f"| {library}", exporter, *map(str, cells)]) + " |")
    left = [one for one in records if one["stage"] != "done"]
    lines += ["", *(f"{one['name']}, {one['exporter']}: {one['error']}" for one in left)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
