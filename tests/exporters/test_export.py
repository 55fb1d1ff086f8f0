from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from hexviz.errors import ExportError
from hexviz.exporters.export import EXPORTERS, export_model
from hexviz.exporters.interface import Exported
from hexviz.exporters.model_source import open_source
from tests.exporters.models import Dependent, Fixed, Keywords, Pair, Raises, Unsupported

X = torch.arange(8.0).reshape(2, 4)


def flags(model: nn.Module) -> list[bool]:
    return [module.training for module in model.modules()]


def serialised(proto: onnx.ModelProto) -> bytes:
    return proto.SerializeToString(deterministic=True)


def bare(tmp_path: Path, name: str, **options: Any) -> onnx.ModelProto:
    source = open_source(name)
    path = tmp_path / "bare.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(source.model, source.args, path, kwargs=source.kwargs or None, **options)
    return onnx.load(path)


@pytest.mark.parametrize("name", ["custom-auxiliary", "bert-tiny"])
@pytest.mark.parametrize("optimize", [True, False])
def test_dynamo_writes_the_bytes_of_the_bare_exporter(
    exported: Callable[..., Exported], tmp_path: Path, name: str, optimize: bool
) -> None:
    plain = bare(tmp_path, name, dynamo=True, optimize=optimize, external_data=False)
    result = exported(name, "dynamo", optimize)
    assert result.measured.modules, "the modules were measured, and that left no trace"
    assert serialised(result.proto) == serialised(plain)


@pytest.mark.parametrize("name", ["custom-auxiliary", "residual-cnn", "small-transformer"])
def test_torchscript_writes_the_bytes_of_the_bare_exporter(
    exported: Callable[..., Exported], tmp_path: Path, name: str
) -> None:
    plain = bare(tmp_path, name, dynamo=False)
    result = exported(name, "torchscript")
    assert result.measured.modules, "the modules were measured, and that left no trace"
    assert serialised(result.proto) == serialised(plain)


def test_torchscript_rebinds_keywords_and_names_inputs_and_outputs() -> None:
    model = Keywords()
    result = export_model(
        model, (), {"scale": torch.ones(4), "x": X, "negate": True}, exporter="torchscript"
    )
    graph = result.proto.graph
    assert sorted(value.name for value in graph.input) == ["scale", "x"]
    assert [value.name for value in graph.output] == ["x_2", "states_0", "states_1"]
    assert {"layer.weight", "layer.bias"} <= {value.name for value in graph.initializer}
    assert any(node.name.startswith("/layer/") for node in graph.node)
    session = onnxruntime.InferenceSession(serialised(result.proto))
    x, *states = session.run(None, {"x": X.numpy(), "scale": torch.ones(4).numpy()})
    expected: Any = model(X, torch.ones(4), negate=True)
    torch.testing.assert_close(torch.tensor(x), expected["x"])
    torch.testing.assert_close(torch.tensor(states[1]), expected["states"][1])


def test_torchscript_scopes_and_weights_are_the_models_own(
    exported: Callable[..., Exported],
) -> None:
    graph = exported("bert-tiny", "torchscript").proto.graph
    assert "embeddings.word_embeddings.weight" in {value.name for value in graph.initializer}
    assert "/encoder/layer.0/attention/self/MatMul" in {node.name for node in graph.node}
    assert [value.name for value in graph.input] == ["input_ids", "attention_mask"]
    assert [value.name for value in graph.output] == ["last_hidden_state", "pooler_output"]


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_dynamic_shapes(exporter: str) -> None:
    result = export_model(
        Pair(), (X,), exporter=exporter, dynamic_shapes={"x": {0: "batch"}}, name="mine"
    )
    assert result.proto.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert result.name == "mine"


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_opset_is_the_one_asked_for(exporter: str) -> None:
    result = export_model(Pair(), (X,), exporter=exporter, opset=18)
    assert {entry.domain: entry.version for entry in result.proto.opset_import}[""] == 18


def test_modules_leave_out_containers_and_count_shared_parameters_once() -> None:
    modules = export_model(Pair(), (X,), exporter="torchscript").modules
    assert {fqn: (info.class_name, info.parameters) for fqn, info in modules.items()} == {
        "": ("Pair", 40),
        "first": ("Linear", 20),
        "items.0": ("Linear", 20),
        "items.1": ("ReLU", 0),
        "again": ("Linear", 20),
    }


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_the_model_comes_back_as_it_was(exporter: str) -> None:
    model = Keywords().train()
    model.layer.eval()
    export_model(model, (), {"x": X}, exporter=exporter)
    assert flags(model) == [True, False]
    assert "forward" not in vars(model)


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_the_model_comes_back_as_it_was_after_a_failure(exporter: str) -> None:
    model = Raises().train()
    model.frozen.eval()
    with pytest.raises(ExportError):
        export_model(model, (), {"x": X}, exporter=exporter)
    assert flags(model) == [True, True, False]
    assert "forward" not in vars(model)


def test_a_forward_of_the_instances_own_survives() -> None:
    model = Keywords()
    model.forward = own = lambda x: {"y": x + 1}  # type: ignore[assignment,misc]
    export_model(model, (), {"x": X}, exporter="torchscript")
    assert vars(model)["forward"] is own


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_what_the_model_raises_itself_is_one_line(exporter: str) -> None:
    with pytest.raises(ExportError) as caught:
        export_model(Raises(), (X,), exporter=exporter)
    text = str(caught.value)
    assert text.startswith("Raises itself fails when called with these inputs: KeyError: ")
    assert text.endswith("Check the example inputs; no exporter can help.")
    assert "\n" not in text
    assert "a print of the model, of 2" in caught.value.log
    assert "Traceback" in caught.value.log
    assert caught.value.__cause__ is not None


def test_an_untranslatable_op_is_named() -> None:
    with pytest.raises(ExportError, match="'aten::diff'") as caught:
        export_model(Unsupported(), (X,), exporter="torchscript")
    assert "Torch IR graph at exception" in caught.value.log


@pytest.mark.parametrize(
    ("model", "options", "advice"),
    [
        (Dependent(), {}, "try the torchscript exporter, which keeps the branch"),
        (
            Fixed(),
            {"dynamic_shapes": ({0: torch.export.Dim("a"), 1: torch.export.Dim("b")},)},
            "Try static shapes.",
        ),
        (
            Unsupported(),
            {"exporter": "torchscript", "opset": 18},
            "The dynamo exporter translates aten.diff: use that one.",
        ),
    ],
)
def test_advice_fits_the_failure(model: nn.Module, options: dict[str, Any], advice: str) -> None:
    with pytest.raises(ExportError) as caught:
        export_model(model, (X,), **options)
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("model", "exporter"),
    [
        (Raises(), "dynamo"),
        (Raises(), "torchscript"),
        (Dependent(), "dynamo"),
        (Unsupported(), "torchscript"),
    ],
)
def test_a_failing_export_prints_nothing(
    capfd: pytest.CaptureFixture[str], model: nn.Module, exporter: str
) -> None:
    with pytest.raises(ExportError):
        export_model(model, (X,), exporter=exporter)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_logging_and_filters_are_put_back(exporter: str) -> None:
    logger = logging.getLogger("torch.onnx")
    # the bare exporter, which other tests here run, leaves it on
    torch._C._jit_set_onnx_log_enabled(False)
    before = (list(logger.handlers), logger.propagate, list(warnings.filters))
    export_model(Pair(), (X,), exporter=exporter)
    assert (list(logger.handlers), logger.propagate, list(warnings.filters)) == before
    assert not torch._C._jit_is_onnx_log_enabled()


def test_unknown_exporter() -> None:
    with pytest.raises(
        ExportError, match=r"^There is no exporter 'jit': use dynamo or torchscript\.$"
    ):
        export_model(Pair(), (X,), exporter="jit")


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_a_model_without_inputs(exporter: str) -> None:
    class Constant(nn.Module):
        def forward(self, scale: float = 2.0) -> Tensor:
            return torch.ones(3) * scale

    graph = export_model(Constant(), exporter=exporter).proto.graph
    assert (len(graph.input), len(graph.output)) == (0, 1)


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_progress_rises_through_the_stages_and_may_print(
    exporter: str, capsys: pytest.CaptureFixture[str]
) -> None:
    heard: list[tuple[str, float]] = []

    def progress(stage: str, fraction: float) -> None:
        sys.stdout.write(f"{stage}\n")
        sys.stderr.write(f"{fraction}\n")
        heard.append((stage, fraction))

    result = export_model(Pair(), (X,), exporter=exporter, progress=progress)
    stages = [stage for stage, _ in heard]
    fractions = [fraction for _, fraction in heard]
    assert stages == [*EXPORTERS[exporter], "done"]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert [(one.name, one.depth) for one in result.measured.stages] == [
        ("export", 0),
        *((stage, 1) for stage in stages[:-1]),
    ]
    whole, *parts = result.measured.stages
    assert sum(one.seconds for one in parts) <= whole.seconds
    assert capsys.readouterr().out.split() == stages


def test_two_gigabytes_are_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hexviz.exporters.dynamo.PROTOBUF_LIMIT", 100)
    with pytest.raises(ExportError, match=r"at most 2 GB: .*--no-weights"):
        export_model(Pair(), (X,))


def test_positional_names_of_a_variadic_forward() -> None:
    class Variadic(nn.Module):
        def forward(self, *parts: Tensor) -> dict[str, Tensor]:
            return {"sum": torch.stack(parts).sum(0)}

    graph = export_model(Variadic(), (X, X + 1), exporter="torchscript").proto.graph
    assert [value.name for value in graph.input] == ["parts_0", "parts_1"]
    assert [value.name for value in graph.output] == ["sum"]
