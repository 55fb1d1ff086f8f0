"""Tags of the samples, written down from their source code, not from what hexviz says.

Each list names a model's own arithmetic in the order its ``forward`` runs it,
with the module whose ``forward`` the line stands in.
"""

from collections import Counter
from collections.abc import Callable

import pytest

from hexviz.exporters.interface import Exported
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from tests.sample_models.test_samples import EXPORTS

Export = Callable[..., Exported]
Golden = list[tuple[str, str]]


def tagged(exported: Export, name: str, exporter: str = "dynamo") -> TaggedGraph:
    # No rule reads what is in these weights, which come to gigabytes; TorchScript needs them.
    weights = exporter != "dynamo" or name not in ("gpt2", "sam-vit", "resnet-50")
    result = exported(name, exporter, weights=weights)
    return tag(from_proto(result.proto, name=name), modules=result.modules)


def arithmetic(graph: TaggedGraph, kinds: set[str]) -> Golden:
    """The ops of these types, in order, with their tags."""
    return [(op.op_type, op.tag) for op in graph.ops if op.op_type in kinds]


def bert_tiny() -> Golden:
    # transformers/models/bert/modeling_bert.py
    embeddings = "/BertModel/BertEmbeddings"
    golden = [
        ("Gather", f"{embeddings}/Embedding.word_embeddings"),
        ("Gather", f"{embeddings}/Embedding.token_type_embeddings"),
        ("Gather", f"{embeddings}/Embedding.position_embeddings"),
        ("LayerNormalization", f"{embeddings}/LayerNorm"),
    ]
    for at in range(2):
        layer = f"/BertModel/BertEncoder/BertLayer.{at}"
        attention = f"{layer}/BertAttention/BertSelfAttention"
        output = f"{layer}/BertAttention/BertSelfOutput"
        golden += [("MatMul", f"{attention}/Linear.{part}") for part in ("query", "key", "value")]
        golden += [
            ("MatMul", attention),  # query · key
            ("Softmax", attention),
            ("MatMul", attention),  # · value
            ("MatMul", f"{output}/Linear"),
            ("LayerNormalization", f"{output}/LayerNorm"),
            ("MatMul", f"{layer}/BertIntermediate/Linear"),
            ("Gelu", f"{layer}/BertIntermediate/GELUActivation"),
            ("MatMul", f"{layer}/BertOutput/Linear"),
            ("LayerNormalization", f"{layer}/BertOutput/LayerNorm"),
        ]
    return [
        *golden,
        ("Gemm", "/BertModel/BertPooler/Linear"),
        ("Tanh", "/BertModel/BertPooler/Tanh"),
    ]


def custom_auxiliary() -> Golden:
    # sample_models/custom_auxiliary.py
    golden = [
        ("Gather", "/TagRanker/TokenEmbedding/Embedding.tokens"),
        ("Gather", "/TagRanker/TokenEmbedding/Embedding.positions"),
    ]
    for at in range(2):
        block = f"/TagRanker/Block.{at}"
        golden += [
            ("MatMul", f"{block}/MaskedAttention/Linear.project"),
            ("MatMul", f"{block}/MaskedAttention"),
            ("Softmax", f"{block}/MaskedAttention"),
            ("MatMul", f"{block}/MaskedAttention"),
            ("MatMul", f"{block}/MaskedAttention/Linear.output"),
            ("LayerNormalization", f"{block}/LayerNorm.attention_norm"),
            ("MatMul", f"{block}/Linear.grow"),
            ("Relu", block),
            ("MatMul", f"{block}/Linear.shrink"),
            ("LayerNormalization", f"{block}/LayerNorm.output_norm"),
        ]
    return [
        *golden,
        ("ReduceMean", "/TagRanker/MaskedMean"),
        ("Gemm", "/TagRanker/Linear"),
    ]


def gpt2() -> Golden:
    # transformers/models/gpt2/modeling_gpt2.py
    model = "/GPT2LMHeadModel/GPT2Model"
    golden = [("Gather", f"{model}/Embedding.wte"), ("Gather", f"{model}/Embedding.wpe")]
    for at in range(12):
        block = f"{model}/GPT2Block.{at}"
        golden += [
            ("LayerNormalization", f"{block}/LayerNorm.ln_1"),
            ("Gemm", f"{block}/GPT2Attention/Conv1D.c_attn"),
            ("MatMul", f"{block}/GPT2Attention"),
            ("Softmax", f"{block}/GPT2Attention"),
            ("MatMul", f"{block}/GPT2Attention"),
            ("Gemm", f"{block}/GPT2Attention/Conv1D.c_proj"),
            ("LayerNormalization", f"{block}/LayerNorm.ln_2"),
            ("Gemm", f"{block}/GPT2MLP/Conv1D.c_fc"),
            ("Tanh", f"{block}/GPT2MLP/NewGELUActivation"),
            ("Gemm", f"{block}/GPT2MLP/Conv1D.c_proj"),
        ]
    return [
        *golden,
        ("LayerNormalization", f"{model}/LayerNorm"),
        ("MatMul", "/GPT2LMHeadModel/Linear"),  # the weight is wte's, the op is lm_head's
    ]


def residual_cnn() -> Golden:
    # sample_models/residual_cnn.py
    golden = [
        ("Conv", "/ResidualCNN/ConvNorm/Conv2d"),
        ("BatchNormalization", "/ResidualCNN/ConvNorm/BatchNorm2d"),
        ("Relu", "/ResidualCNN"),
    ]
    for stage in range(3):
        for at in range(2):
            block = f"/ResidualCNN/Sequential/Sequential.{stage}/ResidualBlock.{at}"
            golden += [
                ("Conv", f"{block}/ConvNorm.first/Conv2d"),
                ("BatchNormalization", f"{block}/ConvNorm.first/BatchNorm2d"),
                ("Relu", block),
                ("Conv", f"{block}/ConvNorm.second/Conv2d"),
                ("BatchNormalization", f"{block}/ConvNorm.second/BatchNorm2d"),
                *[("Conv", f"{block}/Conv2d")] * (stage > 0 and at == 0),
                ("Relu", block),
            ]
    return [*golden, ("Gemm", "/ResidualCNN/Linear")]


def strip_index(tag: str) -> str:
    """Members of a Sequential carry their index, which the lists above leave out."""
    return tag.replace("Conv2d.0", "Conv2d").replace("BatchNorm2d.1", "BatchNorm2d")


@pytest.mark.parametrize("golden", [bert_tiny, custom_auxiliary, gpt2, residual_cnn])
def test_tags_are_those_of_the_source(exported: Export, golden: Callable[[], Golden]) -> None:
    wanted = golden()
    graph = tagged(exported, golden.__name__.replace("_", "-"))
    kinds = {kind for kind, _ in wanted} - {"Gather"}
    looked_up = [op for op in graph.ops if op.op_type == "Gather" and op.auxiliary is None]
    found = [("Gather", op.tag) for op in looked_up]
    found += [(kind, strip_index(tag)) for kind, tag in arithmetic(graph, kinds)]
    assert sorted(found) == sorted(wanted)
    in_order = [entry for entry in wanted if entry[0] != "Gather"]
    assert [entry for entry in found if entry[0] != "Gather"] == in_order


def test_both_exporters_agree_on_bert(exported: Export) -> None:
    kinds = {"Softmax", "Gelu", "LayerNormalization", "Gemm", "Tanh"}
    by_names = tagged(exported, "bert-tiny", "torchscript")
    assert arithmetic(by_names, kinds) == [one for one in bert_tiny() if one[0] in kinds]


def test_resnet_50_has_its_convolutions_where_the_paper_has_them(exported: Export) -> None:
    # Table 1 of arXiv:1512.03385: 3, 4, 6 and 3 bottlenecks of three convolutions,
    # and a projection in the first of each stage; one convolution before them.
    convolutions = Counter(
        op.module.split(".layers.")[0]
        for op in tagged(exported, "resnet-50").ops
        if op.op_type == "Conv"
    )
    assert convolutions == {
        "resnet.embedder.embedder.convolution": 1,
        **{f"resnet.encoder.stages.{at}": 3 * n + 1 for at, n in enumerate((3, 4, 6, 3))},
    }


def test_sam_s_layers_are_told_apart(exported: Export) -> None:
    # transformers/models/sam/modeling_sam.py: 12 layers, each with one softmax in its attention.
    softmax = [op for op in tagged(exported, "sam-vit").ops if op.op_type == "Softmax"]
    encoder = [op.tag for op in softmax if op.module.startswith("vision_encoder")]
    assert encoder == [
        f"/SamModel/SamVisionEncoder/SamVisionLayer.{at}/SamVisionAttention" for at in range(12)
    ]
    decoder = [op.module.rpartition(".")[2] for op in softmax[12:]]
    per_layer = ["self_attn", "cross_attn_token_to_image", "cross_attn_image_to_token"]
    assert decoder == [*per_layer * 2, "final_attn_token_to_image"]


@pytest.mark.parametrize(("name", "exporter"), EXPORTS)
def test_every_op_of_every_sample_is_tagged_below_the_root_or_known_to_be_there(
    exported: Export, name: str, exporter: str
) -> None:
    graph = tagged(exported, name, exporter)
    assert all(op.module in graph.modules for op in graph.ops)
    assert not [op.id for op in graph.ops if op.provenance.origin == "fallback"]
    auxiliary = [op for op in graph.ops if op.auxiliary]
    assert all(op.context is not None for op in auxiliary)
    # The earlier generation reached 23 % (BERT-tiny) and 50 % (custom model).
    in_context = sum(bool(op.context and op.context.module) for op in auxiliary)
    assert in_context / len(auxiliary) > 0.7
