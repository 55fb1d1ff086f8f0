from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from hexviz.errors import ExtraError, SourceError
from hexviz.exporters.inputs import make_inputs
from hexviz.exporters.model_source import open_source
from hexviz.extras import install_advice

FACTORIES = """
import torch
from torch import nn

class Declares(nn.Linear):
    example_input_array = torch.ones(3, 2)

model = nn.Linear(2, 2)
def silent(): return nn.Linear(2, 2)
def declares(): return Declares(2, 2)
def positional(): return nn.Linear(2, 2), (torch.ones(1, 2),)
def keywords(): return nn.Linear(2, 2), {"input": torch.ones(1, 2)}
def tensor(): return nn.Linear(2, 2), torch.ones(1, 2)
def wrong(): return 3
def wrong_inputs(): return nn.Linear(2, 2), 3
def raises(): raise ZeroDivisionError("first\\nsecond")
constant = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with modules in it, under names that no other test imports."""
    (tmp_path / "hexviz_factories.py").write_text(FACTORIES)
    (tmp_path / "hexviz_broken.py").write_text("import hexviz_not_there\n")
    (tmp_path / "hexviz_bad.py").write_text("1 / 0\n")
    monkeypatch.chdir(tmp_path)
    sys.modules.pop("hexviz_factories", None)
    return tmp_path


@pytest.mark.parametrize(
    ("factory", "args", "kwargs"),
    [
        ("positional", [(1, 2)], {}),
        ("tensor", [(1, 2)], {}),
        ("keywords", [], {"input": (1, 2)}),
        ("declares", [(3, 2)], {}),
    ],
)
def test_factories(
    factory: str, args: list[tuple[int, ...]], kwargs: dict[str, tuple[int, ...]]
) -> None:
    path = list(sys.path)
    source = open_source(f"hexviz_factories:{factory}")
    assert isinstance(source.model, torch.nn.Linear)
    assert [tuple(value.shape) for value in source.args] == args
    assert {name: tuple(value.shape) for name, value in source.kwargs.items()} == kwargs
    assert source.name == factory
    assert sys.path == path


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "bert-tny",
            (
                "There is no sample 'bert-tny'; near names: bert-tiny. See `hexviz samples`, "
                "or give package.module:factory, hf:MODEL_ID or a .pt2 file."
            ),
        ),
        (
            "zzz",
            (
                "There is no sample 'zzz'. See `hexviz samples`, "
                "or give package.module:factory, hf:MODEL_ID or a .pt2 file."
            ),
        ),
        (
            "nowhere.at_all:build",
            (
                "There is no module 'nowhere.at_all' to import 'build' from: "
                "check the name, and run from the folder that holds it."
            ),
        ),
        (
            ":build",
            (
                "There is no module '' to import 'build' from: "
                "check the name, and run from the folder that holds it."
            ),
        ),
        (
            "hexviz_broken:build",
            (
                "Importing hexviz_broken failed: ModuleNotFoundError: "
                "No module named 'hexviz_not_there'."
            ),
        ),
        (
            "hexviz_bad:build",
            "Importing hexviz_bad failed: ZeroDivisionError: division by zero.",
        ),
        (
            "hexviz_factories:silnt",
            "hexviz_factories has nothing callable named 'silnt'; near names: silent.",
        ),
        (
            "hexviz_factories:constant",
            "hexviz_factories has nothing callable named 'constant'.",
        ),
        (
            "hexviz_factories:raises",
            "The factory hexviz_factories:raises failed: ZeroDivisionError: first.",
        ),
        (
            "hexviz_factories:wrong",
            (
                "The factory hexviz_factories:wrong returned int, not a torch.nn.Module: "
                "let it return a model, or (model, example_inputs)."
            ),
        ),
        (
            "hexviz_factories:wrong_inputs",
            (
                "The factory hexviz_factories:wrong_inputs returned example inputs of type int: "
                "let it return a tuple, a dict or a tensor."
            ),
        ),
        (
            "hexviz_factories:silent",
            (
                "Linear does not say what inputs it takes: "
                "let the factory return (model, example_inputs)."
            ),
        ),
        (
            "hexviz_factories:model",
            (
                "Linear does not say what inputs it takes: "
                "let the factory return (model, example_inputs)."
            ),
        ),
        ("hf:", "hf: needs a model id or a folder with config.json: hf:MODEL_ID."),
    ],
)
def test_every_error_is_one_clear_line(source: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(source)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("source", "subject"),
    [("bert-tiny", "The sample bert-tiny"), ("hf:some/model", "hf:some/model")],
)
def test_without_transformers_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, source: str, subject: str
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.delitem(sys.modules, "sample_models.bert_tiny", raising=False)
    with pytest.raises(ExtraError) as caught:
        open_source(source)
    needs = f"{subject} needs transformers, which is not installed: "
    assert str(caught.value) == needs + install_advice("hf")


@pytest.mark.parametrize(
    ("weights", "remedy"),
    [
        (True, "or use --no-weights with a folder that holds its config.json, as hf:PATH."),
        (False, "or give a folder that holds its config.json, as hf:PATH."),
    ],
)
def test_without_network_there_is_a_line(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    weights: bool,
    remedy: str,
) -> None:
    from huggingface_hub import constants

    # a port that nothing listens on: the same on machines with and without network
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(SourceError) as caught:
        open_source("hf:no-one/hexviz-test-model", weights=weights)
    assert str(caught.value) == (
        f"The hub cannot be reached and no-one/hexviz-test-model is not cached: go online, {remedy}"
    )
    assert capfd.readouterr() == ("", "")


def tiny_bert(folder: Path, *, weights: bool) -> Path:
    from transformers import BertConfig, BertModel

    from hexviz.exporters.exporter_log import Log, captured

    config = BertConfig(
        hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, vocab_size=9
    )
    with captured(Log()):
        if weights:
            BertModel(config).save_pretrained(folder / "tiny")
        else:
            config.save_pretrained(folder / "tiny")
    return folder / "tiny"


@pytest.mark.parametrize("weights", [True, False])
def test_a_local_folder_needs_no_network(
    folder: Path, weights: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tiny_bert(folder, weights=weights)
    source = open_source(f"hf:{path}", weights=weights)
    assert type(source.model).__name__ == "BertModel"
    assert source.name == "tiny"
    assert {name: tuple(value.shape) for name, value in source.kwargs.items()} == {
        "input_ids": (1, 16),
        "attention_mask": (1, 16),
    }
    if weights:
        source.model(**source.kwargs)
    else:
        assert all(parameter.is_meta for parameter in source.model.parameters())
        assert not any(buffer.is_meta for buffer in source.model.buffers())
    assert capfd.readouterr() == ("", "")


def test_a_pickle_is_never_loaded(folder: Path) -> None:
    path = tiny_bert(folder, weights=False)
    (path / "pytorch_model.bin").write_bytes(b"not to be opened")
    with pytest.raises(SourceError, match=r"cannot be loaded as safetensors: .*Use --no-weights"):
        open_source(f"hf:{path}")


@pytest.mark.parametrize(
    ("config", "inputs"),
    [
        ("GPT2Config", {"input_ids", "attention_mask"}),
        ("ViTConfig", {"pixel_values"}),
        ("Wav2Vec2Config", {"input_values"}),
        ("T5Config", {"input_ids", "decoder_input_ids", "decoder_attention_mask"}),
        ("CLIPConfig", {"input_ids", "attention_mask", "pixel_values"}),
        ("WhisperConfig", {"input_features", "decoder_input_ids", "decoder_attention_mask"}),
    ],
)
def test_inputs_come_from_what_a_model_declares(config: str, inputs: set[str]) -> None:
    import transformers

    with torch.device("meta"):
        model = transformers.AutoModel.from_config(getattr(transformers, config)())
    args, kwargs = make_inputs(model)
    assert (args, set(kwargs)) == ((), inputs)


def test_the_rank_of_an_input_is_the_one_that_the_model_accepts() -> None:
    import transformers

    small = {"num_hidden_layers": 1, "hidden_size": 16, "num_attention_heads": 2}
    shapes = {}
    for name, sizes in (
        ("VideoMAE", {"image_size": 32, "num_frames": 2}),
        ("ViT", {"image_size": 32}),
        ("AST", {"max_length": 32, "num_mel_bins": 32}),
        ("Wav2Vec2", {}),
    ):
        config = getattr(transformers, f"{name}Config")(**small, **sizes)
        with torch.device("meta"):
            model = transformers.AutoModel.from_config(config)
        _, kwargs = make_inputs(model)
        shapes[name] = [tuple(value.shape) for value in kwargs.values()]
    assert shapes == {
        "VideoMAE": [(1, 2, 3, 32, 32)],
        "ViT": [(1, 3, 32, 32)],
        "AST": [(1, 32, 32)],
        "Wav2Vec2": [(1, 16_000)],
    }


@pytest.mark.parametrize("module", ["sample_models", "hexviz.exporters.model_source"])
def test_importing_does_not_import_torch(module: str) -> None:
    assert heavy_after(f"import {module}") == ""


def test_the_import_test_can_fail() -> None:
    assert heavy_after("import hexviz.exporters.export") == "torch"


def heavy_after(statement: str) -> str:
    code = f"{statement}; import sys; print(*{{'torch', 'transformers'}} & set(sys.modules))"
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()
