"""Opsets that the exporter has to convert to, which drops what it noted on the nodes."""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path

import pytest
import torch
from onnxscript import version_converter
from torch import Tensor, nn

import hexviz
from hexviz.errors import ExportError
from hexviz.exporters.export import export_model

X = (torch.arange(24.0).reshape(1, 3, 8),)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.fc1, self.act, self.fc2 = nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.fc2(self.act(self.fc1(self.norm(x))))
        return out


class Branches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = Block(), nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = torch.cond(
            x.sum() > 0, lambda y: self.a(y).relu(), lambda y: self.b(y).sigmoid(), (x,)
        )
        return out


def bare(model: nn.Module, opset: int, *, optimize: bool) -> bytes:
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            model.eval(), X, dynamo=True, opset_version=opset, optimize=optimize
        )
    assert program is not None
    content: bytes = program.model_proto.SerializeToString(deterministic=True)
    return content


@pytest.mark.parametrize(
    ("make", "optimize", "weights"),
    [
        (lambda: nn.Sequential(Block(), Block()), True, True),
        (lambda: nn.Sequential(Block(), Block()), False, False),
        (lambda: nn.Sequential(nn.Linear(8, 8), Branches()), True, True),
    ],
)
def test_a_lower_opset_keeps_every_module(make: type, optimize: bool, weights: bool) -> None:
    model = make()
    usual = hexviz.export(model, X, opset=18, optimize=optimize, weights=weights)
    lower = hexviz.export(model, X, opset=17, optimize=optimize, weights=weights)
    assert next(one.version for one in lower.proto.opset_import) == 17
    assert {op.id: op.module for op in lower.ops} == {op.id: op.module for op in usual.ops}
    assert {op.provenance.origin for op in lower.ops} >= {"transferred"}
    assert not [one for one in lower.audit() if one.severity != "info"]
    if weights:
        told = lower.proto.SerializeToString(deterministic=True)
        assert told == bare(model, 17, optimize=optimize)


def test_a_newer_opset_that_only_onnx_converts_to_keeps_every_module() -> None:
    graph = hexviz.export(nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8)), X, opset=26)
    assert [(op.module, op.provenance.rule) for op in graph.ops if not op.auxiliary] == [
        (op.module, "value") for op in graph.ops if not op.auxiliary
    ]
    assert {op.module for op in graph.ops} == {"0", "1"}


def test_what_was_noted_is_in_the_saved_file(tmp_path: Path) -> None:
    graph = hexviz.export(nn.Sequential(Block(), Block()), X, opset=17)
    graph.save(tmp_path / "tagged.onnx")
    again = hexviz.load(tmp_path / "tagged.onnx")
    assert [op.provenance for op in again.ops] == [op.provenance for op in graph.ops]
    first = next(op for op in again.ops if op.module == "0.fc1")
    assert first.provenance.values, "the value that kept its name"


@pytest.mark.parametrize(
    ("opset", "way_out"),
    [
        (11, "Ask for 18 or a newer one, or take the torchscript exporter"),
        (0, "Ask for 18 or a newer one"),
        (99, "Ask for an older one, from 18 up"),
    ],
)
def test_a_conversion_that_did_not_happen_is_an_error(opset: int, way_out: str) -> None:
    with pytest.raises(ExportError, match=f"to opset {opset} and left it at 18") as caught:
        export_model(nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8)), X, opset=opset)
    assert way_out in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_reason_is_told_and_the_converter_comes_back() -> None:
    before = version_converter.convert_version
    with pytest.raises(ExportError, match="No Previous Version of LayerNormalization exists"):
        export_model(nn.LayerNorm(8), X, opset=16)
    assert version_converter.convert_version is before
