"""Paths are cut in the middle; tests/assets/paths.test.js holds the browser's half to the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from hexviz.app.panels.parts import label_cut, middle_cut

CASES = json.loads((Path(__file__).parents[1] / "assets" / "paths.json").read_text())


@pytest.mark.parametrize(("path", "longest", "start"), CASES)
def test_the_end_of_a_path_stays_and_all_of_it_is_there(
    path: str, longest: int, start: str
) -> None:
    cut: Any = middle_cut(path, longest)
    if not start:
        assert cut == path
        return
    parts = [one["props"]["children"] for one in cut["props"]["children"]]
    assert parts == [start, path[len(start) :]]
    assert cut["props"]["className"] == "cut"


@pytest.mark.parametrize(
    ("label", "end"),
    [
        ("ResNetStage.0 / Sequential", ".0 / Sequential"),
        ("ResNetEncoder / ResNetStage.0", ".0"),
        ("Embedding.token_type_embeddings", ".token_type_embeddings"),
        ("BertIntermediate", "mediate"),
        ("TransformerLayer ×12", " ×12"),
        ("GELU", None),
        ("fc.0", None),
    ],
)
def test_a_label_keeps_what_tells_it_from_its_siblings(label: str, end: str | None) -> None:
    cut: Any = label_cut(label)
    if end is None:
        assert cut == label
    else:
        parts = [one["props"]["children"] for one in cut["props"]["children"]]
        assert parts == [label.removesuffix(end), end]
