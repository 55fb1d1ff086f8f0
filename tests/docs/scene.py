"""The folder that blocks run in, and what runs them.

All files are of one model, BERT-tiny with random weights::

    model.onnx, exported.onnx, tagged.onnx
                          as `hexviz export bert-tiny --no-optimize` writes it
    float.onnx, released.onnx, new.onnx
                          as `hexviz export bert-tiny` does
    dynamic.onnx          the same with open sizes batch and seq
    nameless.onnx         exported.onnx without a name or metadata
    optimised.onnx        what ONNX Runtime's optimiser makes of exported.onnx, without tags
    quantised.onnx, new-int8.onnx
                          what ONNX Runtime makes of float.onnx in 8 bits
    broken.onnx           exported.onnx with one weight changed, in encoder.layer.1
    profile.json, ran.onnx
                          a profile that ONNX Runtime wrote of model.onnx, and the graph that ran
    torch.json            a trace that torch.profiler wrote of the PyTorch model
    inputs.npz            inputs by name
    overrides.json        a correction of one op, as the page saves it
    mypackage/models.py   build(), which returns the model and its example inputs

Python blocks find ``model`` and ``example_inputs`` as well.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import onnx
import onnx.numpy_helper

from benchmarks.nameless import nameless
from benchmarks.rewriters import REWRITERS
from hexviz.cli import main
from hexviz.exporters.export import export_model
from hexviz.exporters.interface import Exported
from hexviz.model.reader import from_proto
from hexviz.tagging.override import override
from hexviz.tagging.overrides_file import overrides_document
from hexviz.tagging.tag import load, tag
from tests.exports import export_once, kept_export
from tests.waiting import finished

__all__ = ["Scene", "make_files", "python_names"]

ROOT = Path(__file__).resolve().parents[2]
FOR_A_SHELL = re.compile(r"[|&;<>`]|\$|^\w+=")
BROKEN = "encoder.layer.1.attention.output.dense.weight"
SERVES = re.compile(r"hexviz( view\b.*)?$")
FACTORY = '''"""What the docs call mypackage.models."""

from sample_models.bert_tiny import build as bert, example_inputs


def build():
    return bert(), example_inputs()
'''
WIDTH = "100"


def make_files(folder: Path) -> None:
    """Write all files of the scene."""
    made = export_once("bert-tiny", "dynamo")
    graph = tag(from_proto(made.proto, name="bert-tiny"), modules=made.modules, calls=made.calls)
    graph.save(folder / "exported.onnx")
    for name in ("model", "tagged"):
        shutil.copy(folder / "exported.onnx", folder / f"{name}.onnx")
    onnx.save(
        REWRITERS["ORT extended"](onnx.load(folder / "exported.onnx")), folder / "optimised.onnx"
    )
    onnx.save(nameless(onnx.load(folder / "exported.onnx")), folder / "nameless.onnx")
    made = export_once("bert-tiny", "dynamo", optimize=True)
    tag(from_proto(made.proto, name="bert-tiny"), modules=made.modules).save(folder / "float.onnx")
    made = kept_export("bert-tiny-batch-seq", _open_sizes)
    tag(from_proto(made.proto, name="bert-tiny"), modules=made.modules).save(
        folder / "dynamic.onnx"
    )
    shutil.copy(folder / "float.onnx", folder / "released.onnx")
    _quantise(folder / "float.onnx", folder / "quantised.onnx")
    shutil.copy(folder / "quantised.onnx", folder / "new-int8.onnx")
    _break(folder / "exported.onnx", folder / "broken.onnx")
    _profile(folder / "model.onnx", folder)
    graph = load(folder / "tagged.onnx")
    corrected = override(graph, {"val_82": "encoder.layer.0.attention"})
    (folder / "overrides.json").write_text(json.dumps(overrides_document(corrected)))
    (folder / "mypackage").mkdir()
    (folder / "mypackage" / "models.py").write_text(FACTORY)


def _open_sizes() -> Exported:
    model, inputs = _model()
    sizes = {0: "batch", 1: "seq"}
    return export_model(model, (), inputs, dynamic_shapes=dict.fromkeys(inputs, sizes))


def _quantise(source: Path, target: Path) -> None:
    from onnxruntime.quantization import quantize_dynamic

    logging.disable(logging.WARNING)  # that a model should be prepared first
    quantize_dynamic(source, target)
    logging.disable(logging.NOTSET)


def _break(source: Path, target: Path) -> None:
    proto = onnx.load(source)
    weight = next(one for one in proto.graph.initializer if one.name == BROKEN)
    values = onnx.numpy_helper.to_array(weight) * np.float32(1.1)
    weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    onnx.save(proto, target)


def _profile(source: Path, folder: Path) -> None:
    import onnxruntime as ort
    import torch

    model, inputs = _model()
    feed = {name: value.numpy() for name, value in inputs.items()}
    np.savez(folder / "inputs.npz", **feed)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "ort")
    options.optimized_model_filepath = str(folder / "ran.onnx")
    session = ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    for _ in range(3):
        session.run(None, feed)
    Path(session.end_profiling()).rename(folder / "profile.json")
    with torch.no_grad(), torch.profiler.profile(with_modules=True, with_stack=True) as taken:
        for _ in range(3):
            model(**inputs)
    taken.export_chrome_trace(str(folder / "torch.json"))


@functools.cache
def _model() -> tuple[Any, dict[str, Any]]:
    from sample_models.bert_tiny import build, example_inputs

    return build(), example_inputs()


def python_names() -> dict[str, Any]:
    """What a page's Python blocks find."""
    model, inputs = _model()
    return {"__name__": "__main__", "model": model, "example_inputs": tuple(inputs.values())}


class Scene:
    """Runs commands in a folder: hexviz in this process where no shell is needed, for speed.

    ``exports`` is a folder for what pages export, so that the same is exported once.
    """

    def __init__(self, folder: Path, exports: Path) -> None:
        self.folder = folder
        self._exports = exports
        programs = folder / ".bin"
        programs.mkdir(exist_ok=True)
        command = programs / "hexviz"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hexviz "$@"\n')
        command.chmod(0o755)
        self._environment = os.environ | {
            "PATH": os.pathsep.join(
                [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
            ),
            "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
            "COLUMNS": WIDTH,
            "BROWSER": "true",  # which opens nothing
        }

    def run(self, command: str) -> tuple[int, str]:
        """Exit code and what was printed."""
        words = shlex.split(command, comments=True)
        if words[0] == "make":  # what a target does is CI's; here, that there is one
            return self._process(["make", "--dry-run", *words[1:]], ROOT)
        if words[0] != "hexviz":
            return self.script(command)
        if len(words) > 2 and words[-2] == ">":
            code, printed = self._in_this_process(words[1:-2])
            (self.folder / words[-1]).write_text(printed)
            return code, ""
        if FOR_A_SHELL.search(re.sub(r"'[^']*'|\s#.*", "", command)):
            return self.script(command)
        if SERVES.match(shlex.join(words)):
            return self._served(words[1:])
        if words[1] == "export":
            return self._exported(words[1:])
        return self._in_this_process(words[1:])

    def script(self, lines: str) -> tuple[int, str]:
        """What a shell does with some lines."""
        return self._process(["bash", "-euo", "pipefail", "-c", lines], self.folder)

    def _process(self, command: list[str], folder: Path) -> tuple[int, str]:
        ended = subprocess.run(
            command,
            cwd=folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        return ended.returncode, ended.stdout

    def _in_this_process(self, arguments: list[str]) -> tuple[int, str]:
        printed = io.StringIO()
        with (
            mock.patch.object(sys, "argv", ["hexviz", *arguments]),
            mock.patch.object(sys, "path", [str(self.folder), *sys.path]),
            mock.patch.dict(os.environ, {"COLUMNS": WIDTH}),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            try:
                main()
                code = 0
            except SystemExit as left:
                code = int(left.code or 0)
        return code, printed.getvalue()

    def _exported(self, arguments: list[str]) -> tuple[int, str]:
        """Export, or copy what was exported with these arguments before."""
        at = arguments.index("-o") + 1
        target = self.folder / arguments[at]
        rest = " ".join(arguments[1 : at - 1] + arguments[at + 1 :])
        kept = self._exports / f"{rest.replace('/', ' ')}.onnx"
        if kept.exists():
            shutil.copy(kept, target)
            return 0, ""
        code, printed = self._in_this_process(arguments)
        if code == 0:
            shutil.copy(target, kept)
        return code, printed

    def _served(self, arguments: list[str]) -> tuple[int, str]:
        """Start a server, ask for its page, and stop it."""
        command = [sys.executable, "-m", "hexviz", *(arguments or ["view"]), "--port", "0"]
        with _running(command, self.folder, self._environment) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            address = re.search(r"http://\S+", line)
            if address is None:
                return 1, line + finished(process)[0]
            with urllib.request.urlopen(address.group()) as answer:  # noqa: S310 - our own server
                return (0 if answer.status == 200 else 1), line


@contextlib.contextmanager
def _running(
    command: list[str], folder: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        finished(process)
