"""The files that `make bench-view` opens, kept in ``build/bench-view`` once they are made."""

from __future__ import annotations

from pathlib import Path

from hexviz.bench.synthetic import synthetic

FOLDER = Path("build/bench-view")
SIZES = ("250", "1000", "5000", "20000", "100000", "bert-base")


def subject(size: str) -> Path:
    """The file of a size: a number of ops, or ``bert-base``."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if size == "bert-base":
        path = FOLDER / "bert-base.onnx"
        if not path.exists():
            _export_bert_base(path)
        return path.resolve()
    path = FOLDER / f"synthetic-{size}.onnx"
    content = synthetic(int(size), "metadata")
    # Written anew only if it differs, as what was converted from it is kept by its age.
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)
    return path.resolve()


def _export_bert_base(path: Path) -> None:
    """BERT in its published base size with random weights, unoptimised: 440 MB."""
    import torch
    from transformers import BertConfig, BertModel

    from hexviz.exporters.export import export_model
    from hexviz.exporters.inputs import make_inputs
    from hexviz.model.reader import from_proto
    from hexviz.tagging.tag import tag

    torch.manual_seed(0)
    config = BertConfig()  # its defaults are the base size
    config._attn_implementation = "eager"
    model = BertModel(config).eval()
    args, kwargs = make_inputs(model)
    exported = export_model(model, args, kwargs, name="bert-base", optimize=False)
    tag(from_proto(exported.proto, name="bert-base"), modules=exported.modules).save(path)
