"""The tree of a model's modules before any export is the one that torch itself has."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import nn

import hexviz
from hexviz.errors import ExportError, ExtraError, SourceError
from hexviz.exporters.inspection import InspectedModule, folded
from hexviz.exporters.model_source import open_model, open_source
from tests.command import Run, run

__all__ = ["run"]

LLAMA_7B = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "vocab_size": 32000,
    "torch_dtype": "float16",
}


class Block(nn.Module):
    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.out = nn.Linear(width, width)
        self.scale = nn.Parameter(torch.ones(2, dtype=torch.float64))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 4)
        self.blocks = nn.ModuleList([Block(), Block(), Block(), Block(8)])
        self.again = self.blocks[0]
        self.head = nn.Linear(4, 10, bias=False)
        self.head.weight = self.embed.weight
        self.late = nn.LazyLinear(3)


@pytest.fixture
def net() -> InspectedModule:
    return hexviz.inspect(Net())


def by_fqn(root: InspectedModule) -> dict[str, InspectedModule]:
    return {one.fqn: one for one in root}


def test_parameters_buffers_and_bytes(net: InspectedModule) -> None:
    block = by_fqn(net)["blocks.1"]
    assert (block.class_name, block.parameters, block.buffers) == ("Block", 2, 0)
    assert block.total_parameters == 2 + 4 + 4 + 16 + 4
    assert block.total_buffers == 4 + 4 + 1
    assert block.total_bytes == 2 * 8 + 28 * 4 + 8 * 4 + 8
    assert by_fqn(net)["blocks.1.norm"].dtypes == ("float32", "int64")


def test_what_is_shared_counts_once(net: InspectedModule) -> None:
    known = by_fqn(net)
    assert known["again"].same_as == "blocks.0"
    assert known["again"].children == ()
    assert (known["embed"].shared, known["head"].shared) == (("weight",), ("weight",))
    assert known["head"].total_parameters == 40
    whole = [one for one in Net().parameters() if not isinstance(one, nn.UninitializedParameter)]
    assert net.total_parameters == sum(one.numel() for one in whole)


def test_a_lazy_module_says_that_its_sizes_are_not_known(net: InspectedModule) -> None:
    assert by_fqn(net)["late"].lazy
    assert not by_fqn(net)["head"].lazy


def test_members_of_a_list_fold_where_they_are_built_alike(net: InspectedModule) -> None:
    blocks = by_fqn(net)["blocks"]
    assert [(one.name, count) for one, count in folded(blocks.children)] == [("0", 3), ("3", 1)]
    assert [count for _, count in folded(net.children)] == [1] * len(net.children)


@pytest.mark.parametrize("name", ["small-transformer", "custom-auxiliary", "bert-tiny"])
def test_a_sample_is_looked_at_without_its_weights(name: str) -> None:
    model, called = open_model(name)
    assert called == name
    assert {one.device.type for one in model.parameters()} == {"meta"}  # type: ignore[union-attr]
    found = hexviz.inspect(name)
    real = open_source(name).model
    assert found.total_parameters == sum(one.numel() for one in real.parameters())
    assert [one.fqn for one in found] == [fqn for fqn, _ in real.named_modules()]


def test_a_factory_that_computes_with_values_gets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "counts.py").write_text(
        "import torch\n"
        "def build():\n"
        "    return torch.nn.Linear(int(torch.tensor([3, 4]).sum().item()), 2)\n"
    )
    monkeypatch.chdir(tmp_path)
    assert hexviz.inspect("counts:build").parameters == 16


def test_seven_billion_parameters_take_a_second(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(LLAMA_7B))
    hexviz.inspect("bert-tiny")  # which imports what both need
    begun = time.process_time()
    found = hexviz.inspect(f"hf:{tmp_path}")
    assert found.total_parameters == 6_607_343_616
    assert found.total_bytes > 2 * found.total_parameters
    assert time.process_time() - begun < 10  # a second, on a machine that is not shared


def test_the_command_folds_and_stops_at_a_depth(run: Run) -> None:
    code, out, err = run("inspect", "bert-tiny", "--depth", "3")
    assert (code, err) == (0, "")
    assert "0 … 1" in out
    assert "BertLayer ×2" in out
    assert "4.39 M" in out
    assert "BertSelfAttention" not in out
    _, out, _ = run("inspect", "bert-tiny", "--depth", "0")
    assert "encoder" not in out


def test_the_document_of_the_command(run: Run) -> None:
    code, out, _ = run("inspect", "small-transformer", "--json")
    assert code == 0
    document = json.loads(out)
    assert document == hexviz.inspect("small-transformer").to_dict()
    assert document["children"][0]["module"] == "tokens"
    _, out, _ = run("inspect", "small-transformer", "--json", "--depth", "1")
    assert all(one["children"] == [] for one in json.loads(out)["children"])


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("model.onnx", "model.onnx is an ONNX file and no PyTorch model: `hexviz view`, `tag`"),
        ("bert-tny", "There is no sample 'bert-tny'; near names: bert-tiny."),
        ("json:dumps", "The factory json:dumps failed: TypeError"),
        ("hf:", "hf: needs a model id"),
    ],
)
def test_what_cannot_be_inspected_is_one_line(run: Run, source: str, said: str) -> None:
    code, _, err = run("inspect", source)
    assert code == 2
    assert said in err
    assert err.count("\n") == 1


def test_what_is_no_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExportError, match="int has no modules"):
        hexviz.inspect(3)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "torch", None)
    for source in ("small-transformer", 3):
        with pytest.raises(ExtraError, match="needs torch, which is not installed"):
            hexviz.inspect(source)  # type: ignore[arg-type]
    with pytest.raises(SourceError):
        hexviz.inspect("nothing")
