"""A graph beside its PyTorch model: what is named, what is not, and what is refused."""

from __future__ import annotations

import functools
import json
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

import hexviz
from hexviz.errors import ExtractionError, MeasureError, SourceError
from hexviz.measure.documents import read_document, to_dict
from hexviz.measure.parity.parity import Parity
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.wide, self.narrow = nn.Linear(8, 16), nn.Linear(16, 8)
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        shown = self.norm(x).masked_fill(mask[:, :, None] == 0, 0.0)
        return x + self.drop(self.narrow(torch.relu(self.wide(shown))))


class Small(nn.Module):
    """Two blocks with a mask, and one head that is called twice."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = nn.Embedding(20, 8)
        self.blocks = nn.ModuleList([Block(), Block()])
        self.head = nn.Linear(8, 8)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x, mask)
        return torch.tanh(self.head(torch.relu(self.head(x))))


INPUTS = {"ids": torch.arange(1, 7)[None], "mask": torch.ones(1, 6, dtype=torch.int64)}


class Folding(nn.Module):
    """A BatchNorm that the exporter folds into its convolution."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
        self.last = nn.Conv2d(4, 2, 1)
        self.first[1].running_mean = torch.randn(4)
        self.first[1].running_var = torch.rand(4) + 0.5

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.first(x))


@functools.cache
def small() -> TaggedGraph:
    return hexviz.export(Small().eval(), (), INPUTS, exporter="torchscript")


@functools.cache
def folded() -> TaggedGraph:
    return hexviz.export(Folding().eval(), (torch.randn(1, 2, 8, 8),), exporter="torchscript")


def changed(graph: TaggedGraph, **weights: float) -> TaggedGraph:
    """The graph with weights scaled, by their names with ``_`` for a dot."""
    proto = onnx.ModelProto()
    proto.ParseFromString(graph.to_bytes())
    for end, scale in weights.items():
        stored = {one.name: one for one in proto.graph.initializer}
        one = stored.get(end) or stored[end.replace("_", ".")]
        array = onnx.numpy_helper.to_array(one) * np.float32(scale)
        one.CopyFrom(onnx.numpy_helper.from_array(array, one.name))
    return tag(from_proto(proto, name=graph.name))


def compared(graph: TaggedGraph, **options: Any) -> Parity:
    return hexviz.parity(graph, (Small().eval(), INPUTS), **options)


def test_a_clean_export_diverges_nowhere_and_every_output_is_compared() -> None:
    found = compared(small())
    assert found.first_divergence is None
    assert found.message.startswith("no divergence: of ")
    document = found.to_document()
    assert document.unpaired == ()
    calls = [(one.module, one.call) for one in found.modules if not one.handed_to]
    assert calls.index(("head", 0)) < calls.index(("head", 1)) < calls.index(("", 0))
    assert {one.module for one in found.modules} >= {"embed", "blocks.0.norm", "blocks.1.drop"}
    assert all(one.own is not None for one in found.modules)
    assert document.inputs == "made"
    assert [note.partition(":")[0] for note in document.notes] == ["ids", "mask"]
    assert read_document(json.dumps(to_dict(document)).encode()) == document


def test_a_fault_is_named_in_one_line_although_all_behind_it_is_off() -> None:
    found = compared(changed(small(), blocks_0_wide_bias=1.5))
    assert found.message.startswith("first divergence: blocks.0.wide, own error ")
    assert found.message.endswith(", its inputs agree")
    assert [one.module for one in found.divergences] == ["blocks.0.wide"]
    last = found.modules[-1]
    assert (last.module, last.ok) == ("", True)
    assert (last.max_rel_error or 0) > 1e-3
    assert found.document.path == ("", "blocks", "blocks.0", "blocks.0.wide")


def test_two_faults_are_both_named_and_only_they() -> None:
    found = compared(changed(small(), blocks_0_norm_bias=1.0, blocks_0_wide_bias=1.5,
                             blocks_1_narrow_bias=1.5))  # fmt: skip
    assert [one.module for one in found.divergences] == ["blocks.0.wide", "blocks.1.narrow"]
    assert "; by itself also blocks.1.narrow" in found.message


def test_a_module_that_is_called_twice_is_wrong_in_both_calls() -> None:
    found = compared(changed(small(), head_bias=1.5))
    assert [(one.module, one.call) for one in found.divergences] == [("head", 0), ("head", 1)]
    assert found.message.startswith("first divergence: head, own error")
    assert "also" not in found.message


def test_a_tolerance_allows_what_a_person_allows() -> None:
    assert compared(changed(small(), blocks_0_wide_bias=1.5), rtol=0.5).first_divergence is None


def test_weights_that_differ_are_told_with_and_without_effect() -> None:
    proto = onnx.ModelProto()
    proto.ParseFromString(small().to_bytes())
    [one] = [tensor for tensor in proto.graph.initializer if tensor.name == "embed.weight"]
    array = onnx.numpy_helper.to_array(one).copy()
    array[3] += 1
    one.CopyFrom(onnx.numpy_helper.from_array(array, one.name))
    graph = tag(from_proto(proto, name="test"))
    mask = np.ones((1, 6), np.int64)
    [weight] = compared(
        graph, inputs={"ids": np.zeros((1, 6), np.int64), "mask": mask}
    ).document.weights
    assert (weight.name, weight.module, weight.has_effect) == ("embed.weight", "embed", False)
    [weight] = compared(graph, inputs={"ids": np.full((1, 6), 3), "mask": mask}).document.weights
    assert weight.has_effect


def test_a_folded_batchnorm_is_one_row_that_names_the_convolution_and_lists_both() -> None:
    source = (Folding(), (torch.randn(1, 2, 8, 8),))
    clean = hexviz.parity(folded(), source)
    assert clean.first_divergence is None
    [row] = [one for one in clean.modules if one.how == "repaired"]
    assert (row.module, row.modules) == ("first.0", ("first.1",))
    assert clean.document.unpaired == ()
    [name] = [
        one.name for one in folded().proto.graph.initializer if list(one.dims) == [4, 2, 3, 3]
    ]
    broken = hexviz.parity(changed(folded(), **{name: 1.05}), source)
    assert [one.module for one in broken.divergences] == ["first.0"]
    assert broken.message.startswith("first divergence: first.0 (or first.1), own error ")


def test_the_model_alone_is_enough_with_inputs_by_name() -> None:
    inputs = {"ids": np.arange(6)[None], "mask": np.ones((1, 6), np.int64)}
    found = hexviz.parity(small(), Small().eval(), inputs=inputs)
    assert (found.document.inputs, found.first_divergence) == ("given", None)


def test_a_graph_of_another_model_is_refused() -> None:
    class Other(nn.Module):
        def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
            return ids[:, :3] + mask[:, :3] + 0.5

    with pytest.raises(MeasureError, match=r"No value of .* are they of the same model\?"):
        hexviz.parity(small(), (Other(), INPUTS))


def test_inputs_that_do_not_fit_are_refused() -> None:
    wide = {"ids": torch.zeros(1, 7, dtype=torch.int64), "mask": INPUTS["mask"]}
    with pytest.raises(ExtractionError, match=r"'ids' has the shape \[1, 7\], but must have"):
        hexviz.parity(small(), (Small(), wide))
    with pytest.raises(MeasureError, match=r"has 'wrong', which is no input .* takes ids, mask"):
        compared(small(), inputs={"wrong": np.zeros(1)})
    with pytest.raises(MeasureError, match=r"'ids' is none of the reference, which takes input"):
        hexviz.parity(small(), (nn.Identity(), (torch.zeros(1, 6),)))


def test_what_is_no_reference_is_refused() -> None:
    with pytest.raises(SourceError, match=r"reference is of type int: give a torch.nn.Module"):
        hexviz.parity(small(), 3)
    with pytest.raises(SourceError, match="does not say what inputs it takes"):
        hexviz.parity(small(), Small())


def test_a_graph_without_weights_is_refused() -> None:
    bare = hexviz.export(nn.Linear(4, 4), (torch.ones(1, 4),), weights=False)
    with pytest.raises(MeasureError, match="exported without its weights, so it has no numbers"):
        hexviz.parity(bare, (nn.Linear(4, 4), (torch.ones(1, 4),)))


def test_an_op_that_the_runtime_lacks_is_one_line() -> None:
    proto = onnx.ModelProto()
    proto.ParseFromString(small().to_bytes())
    proto.graph.node[-1].op_type = "Tansh"
    with pytest.raises(MeasureError, match=r"has an op that onnxruntime .* does not have"):
        compared(tag(from_proto(proto, name="test")))


class Pair(nn.Module):
    """Gives two tensors of one shape, of which nobody reads the second."""

    def __init__(self) -> None:
        super().__init__()
        self.two = Two()

    def forward(self, x: Tensor) -> Tensor:
        first, _ = self.two(x)
        return torch.tanh(first)


class Two(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return torch.exp(x), torch.sin(x)


def test_an_output_that_the_graph_left_out_is_said_to_be_none_of_its_values() -> None:
    inputs = (torch.randn(1, 3, 7),)
    graph = hexviz.export(Pair().eval(), inputs, exporter="torchscript")
    found = hexviz.parity(graph, (Pair().eval(), inputs)).to_document()
    (lost,) = found.unpaired
    assert (lost.module, lost.output) == ("two", 1)
    assert lost.reason == (
        "the only value of the shape [1, 3, 7] that leaves the module is another output of it"
    )
