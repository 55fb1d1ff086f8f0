"""A failure names the thing, and advises what was tried here and helps."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from hexviz.errors import ExportError
from hexviz.exporters.export import EXPORTERS, export_model
from hexviz.exporters.failure import translated_by
from tests.exporters.models import Unsupported

# TorchScript says of all that it does that it is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

X = torch.arange(8.0).reshape(2, 4)


class Branches(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if bool(x.sum() > 0):  # noqa: SIM108 - TorchScript keeps this one as a branch
            y = x * 2
        else:
            y = x + 1
        return y


class Holds(nn.Module):
    def __init__(self, child: Any) -> None:
        super().__init__()
        self.child = child
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.child(x))


def failure(model: Any, exporter: str, **options: Any) -> str:
    with pytest.raises(ExportError) as caught:
        export_model(model, (X,), exporter=exporter, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_a_scripted_child_is_named_with_what_helps(exporter: str) -> None:
    said = failure(Holds(torch.jit.script(Branches())), exporter)
    assert "its child child is scripted (torch.jit.script), which no exporter takes" in said
    assert "put the module that it was made from in its place" in said


def test_what_is_advised_against_a_scripted_child_helps() -> None:
    whole = torch.jit.trace(Holds(torch.jit.script(Branches())).eval(), (X,))
    ops = {
        node.op_type for node in export_model(whole, (X,), exporter="torchscript").proto.graph.node
    }
    assert "If" in ops


def test_kinds_that_one_exporter_takes_are_sent_there() -> None:
    encoder = nn.Linear(4, 4).eval()
    traced = torch.jit.trace(encoder, (X,))
    captured = torch.export.export(encoder, (X,)).module()
    assert failure(Holds(traced), "torchscript").endswith(
        "its child child is traced (torch.jit.trace): use the dynamo exporter."
    )
    assert failure(Holds(captured), "torchscript").endswith(
        "its child child is a graph that torch.export captured: use the dynamo exporter."
    )
    for model in (Holds(traced), Holds(captured)):
        assert export_model(model, (X,)).proto.graph.node
    assert failure(torch.jit.script(encoder), "dynamo").endswith(
        "it is scripted, which only the torchscript exporter takes: use that one."
    )


def test_the_module_that_failed_is_named() -> None:
    said = failure(nn.Sequential(nn.Identity(), Holds(Branches())), "dynamo")
    assert "failed on Sequential, in its 1.child: " in said
    assert "Use torch.cond, or try the torchscript exporter" in said


class Exponential(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.linalg.matrix_exp(x.T @ x)


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_an_op_that_nothing_translates(exporter: str) -> None:
    said = failure(Exponential(), exporter)
    assert "No exporter translates aten.linalg_matrix_exp: tell the dynamo exporter how" in said


def test_an_op_that_the_other_exporter_translates() -> None:
    assert "The dynamo exporter translates aten.diff" in failure(Unsupported(), "torchscript")
    assert export_model(Unsupported(), (X,)).proto.graph.node


@pytest.mark.parametrize(
    ("exporter", "op", "translated"),
    [
        ("dynamo", "aten.relu", True),
        ("dynamo", "aten.diff", True),
        ("dynamo", "aten.linalg_matrix_exp", False),
        ("dynamo", "nowhere.relu", False),
        ("torchscript", "aten.relu", True),
        ("torchscript", "aten.diff", False),
    ],
)
def test_translations_are_looked_up(exporter: str, op: str, translated: bool) -> None:
    assert translated_by(exporter, op) is translated


def test_a_compiled_function_is_told() -> None:
    double = torch.compile(lambda x: x * 2, backend="eager")

    class Calls(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return double(x)

    assert failure(Calls(), "torchscript").endswith(
        "use the dynamo exporter, or call the function that was compiled."
    )


def test_nothing_is_advised_where_nothing_is_known() -> None:
    class OnlyWithoutTracing(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            if torch.jit.is_tracing() or torch.compiler.is_exporting():
                raise ZeroDivisionError("no")
            return x

    for exporter in EXPORTERS:
        said = failure(OnlyWithoutTracing(), exporter)
        assert "Try" not in said
        assert said.endswith("The model itself runs; the log has all that the exporter said.")
