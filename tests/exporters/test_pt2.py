"""A .pt2 file is a source, with its modules and inputs and a warning; what would run is refused."""

from __future__ import annotations

import contextlib
import io
import pickle
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

import hexviz
from hexviz.app.models.roots import Roots
from hexviz.errors import ExportError, HexvizError, SourceError
from hexviz.exporters.exporter_log import Log, captured
from hexviz.exporters.model_source import PT2_WARNING, open_source
from hexviz.exporters.produce import produce
from tests.command import Run, run

__all__ = ["run"]


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.register_buffer("shift", torch.ones(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x).relu()
        return x + self.shift


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """torch's own warnings about itself, and its log, are not of interest."""
    with warnings.catch_warnings(), captured(Log()):
        warnings.simplefilter("ignore")
        yield


@pytest.fixture(scope="module")
def pt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pt2") / "net.pt2"
    with _quiet():
        torch.export.save(torch.export.export(Net().eval(), (torch.randn(2, 4),)), path)
    return path


def test_modules_are_declared(pt2: Path) -> None:
    graph = produce(str(pt2))
    assert graph.name == "net"
    assert {op.provenance.origin for op in graph.ops} == {"declared"}
    assert [(one.fqn, one.class_name) for one in graph.modules] == [
        *(("", "Net"), ("layers.0", "Linear"), ("layers.1", "Linear"))
    ]
    assert {op.module for op in graph.ops if op.op_type in ("Gemm", "MatMul")} == {
        *("layers.0", "layers.1")
    }


def test_its_modules_can_be_listed(pt2: Path) -> None:
    found = hexviz.inspect(str(pt2))
    assert [one.fqn for one in found] == ["", "layers", "layers.0", "layers.1"]
    assert (found.class_name, found.total_parameters, found.buffers) == ("Net", 40, 4)


def test_paths_deeper_than_any_model_are_left_out() -> None:
    with _quiet():
        program = torch.export.export(Net().eval(), (torch.randn(2, 4),))
    for node in program.graph.nodes:
        for at, (_, kind) in node.meta.get("nn_module_stack", {}).items():
            node.meta["nn_module_stack"][at] = ("a." * 2000 + "a", kind)
    assert [one.fqn for one in hexviz.inspect(program)] == [""]


def test_numbers_are_compared_with_it(pt2: Path, tmp_path: Path) -> None:
    produce(str(pt2)).save(tmp_path / "net.onnx")
    found = hexviz.parity(tmp_path / "net.onnx", str(pt2))
    assert found.message.startswith("no divergence")
    assert {one.module for one in found.modules} >= {"layers.0", "layers.1"}


def test_commands_warn_in_one_line(run: Run, pt2: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.onnx"
    for command in (("export", pt2, "-o", out), ("inspect", pt2), ("parity", out, pt2)):
        code, _, err = run(*command)
        assert code == 0, err
        assert err.split("\n")[0] == PT2_WARNING


def test_what_a_program_cannot_do_is_one_line(pt2: Path) -> None:
    with pytest.raises(SourceError, match="leave --dynamic out"):
        produce(str(pt2), dynamic=True)
    with pytest.raises(ExportError, match="use the dynamo exporter"):
        produce(str(pt2), exporter="torchscript")
    assert produce(str(pt2), weights=False).weights_left_out


def other_version(content: bytes) -> bytes:
    def changed(name: str, data: bytes) -> bytes:
        return b"99" if name.endswith("archive_version") else data

    return rewritten(content, changed)


def older_version(_: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("version", "1.0")
    return made.getvalue()


def rewritten(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as whole, zipfile.ZipFile(made, "w") as archive:
        for name in whole.namelist():
            archive.writestr(name, change(name, whole.read(name)))
    return made.getvalue()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda _: b"", "is no whole archive"),
        (lambda _: b"not a zip at all", "is no whole archive"),
        (lambda content: content[: len(content) // 2], "is no whole archive"),
        (other_version, "cannot be opened by PyTorch"),
        (older_version, "cannot be opened by PyTorch"),
        (lambda content: rewritten(content, lambda *_: b""), "cannot be opened by PyTorch"),
    ],
)
def test_what_is_no_program_is_one_line(
    pt2: Path, tmp_path: Path, spoil: Callable[[bytes], bytes], said: str
) -> None:
    path = tmp_path / "bad.pt2"
    path.write_bytes(spoil(pt2.read_bytes()))
    with pytest.raises(SourceError, match=said):
        open_source(str(path))
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        open_source(str(tmp_path / "gone.pt2"))


class Runs:
    """What makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        import os

        return os.mkdir, (str(self.folder),)


def test_a_pickle_in_a_file_is_not_run(pt2: Path, tmp_path: Path) -> None:
    """Which ``torch.export.load`` by itself does."""
    trap, path = tmp_path / "trapped", tmp_path / "trap.pt2"
    inputs = io.BytesIO()
    torch.save(((Runs(trap),), {}), inputs)
    path.write_bytes(
        rewritten(
            pt2.read_bytes(),
            lambda name, data: inputs.getvalue() if "/sample_inputs/" in name else data,
        )
    )
    with pytest.raises(SourceError, match="cannot be opened"):
        open_source(str(path))
    assert not trap.exists()
    with _quiet(), contextlib.suppress(Exception):  # what it says of inputs that are none
        torch.export.load(path)
    assert trap.exists(), "the guard guards against nothing"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("data/constants/opaque_obj_0", "a pickled object"),
        ("data/constants/custom_obj_0", "a pickled object"),
        ("data/aotinductor/model/model.so", "compiled code"),
    ],
)
def test_archives_with_what_runs_are_refused(
    pt2: Path, tmp_path: Path, name: str, what: str
) -> None:
    trap, path = tmp_path / "trapped", tmp_path / "trap.pt2"
    path.write_bytes(pt2.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"net/{name}", pickle.dumps(Runs(trap)))
    with pytest.raises(SourceError, match=f"holds {what}, which hexviz does not load"):
        open_source(str(path))
    assert not trap.exists()


def test_the_page_opens_none(pt2: Path) -> None:
    with pytest.raises(HexvizError):
        Roots((pt2.parent,)).find("0/net.pt2")
    assert Roots((pt2.parent,)).files() == []
