"""A handful of the classes that ``measure_exports`` runs over, each of another kind, and small."""

from __future__ import annotations

from typing import Any

import pytest
import transformers

from benchmarks.measure_exports import measure, table
from hexviz.exporters.exporter_log import Log, captured
from hexviz.exporters.hub import choose_experts
from hexviz.exporters.inputs import make_inputs

TINY: dict[str, dict[str, Any]] = {
    # experts that the data chooses
    "Mixtral": {
        "vocab_size": 60,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "num_local_experts": 4,
    },
    # a clip for an image
    "VideoMAE": {
        "image_size": 16,
        "patch_size": 8,
        "num_frames": 2,
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    },
    # a spectrogram for a waveform
    "AST": {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "max_length": 32,
        "num_mel_bins": 32,
    },
}


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
@pytest.mark.parametrize("name", TINY)
def test_classes_export_tag_cut_and_verify(name: str, exporter: str) -> None:
    with captured(Log()):
        config = getattr(transformers, f"{name}Config")(**TINY[name])
        config.use_cache = False
        model = transformers.AutoModel.from_config(config, attn_implementation="eager")
        choose_experts(model)
        args, kwargs = make_inputs(model)
    record = measure(model, args, kwargs, exporter)
    assert record["stage"] == "done", record
    assert (record["errors"], record["verified"]) == (0, True)
    assert record["declared"] > 0.7 * record["ops"]


def test_the_table_says_what_is_left_and_why() -> None:
    of = {"library": "transformers", "exporter": "dynamo"}
    done = {"stage": "done", "ops": 200, "errors": 1, "warnings": 0, "cut": "a", "verified": True}
    text = table(
        [
            {**of, "name": "one", **done},
            {**of, "name": "two", "stage": "export", "error": "no op", "bare": False},
            {**of, "name": "three", "stage": "build", "error": "no inputs"},
        ]
    )
    assert "| transformers | dynamo | 2 of 3 | 1 | 0 | 0.500% | 0.000% | 1 | 1 |" in text
    assert "two, dynamo: no op\nthree, dynamo: no inputs" in text
