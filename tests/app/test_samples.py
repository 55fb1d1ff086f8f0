"""The page says which samples it cannot export here, instead of failing at them."""

import sys
from pathlib import Path

import pytest

from hexviz.app.jobs.tasks import TASKS
from hexviz.app.layout import page
from hexviz.app.samples import lacking, note
from hexviz.errors import JobError, SourceError
from hexviz.exporters.produce import produce
from sample_models import SAMPLES


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)


def disabled(lacking: dict[str, tuple[str, ...]]) -> set[str]:
    """The samples whose buttons are out of use on a page."""
    text = page({name: sample.description for name, sample in SAMPLES.items()}, lacking)
    found = text._traverse_ids()
    return {
        one.id["sample"]
        for one in found
        if isinstance(one.id, dict) and "sample" in one.id and one.disabled
    }


def test_with_everything_installed_nothing_is_said() -> None:
    assert lacking(SAMPLES) == {}
    assert disabled({}) == set()


@pytest.mark.usefixtures("no_torch")
def test_without_torch_all_samples_are_out_of_use_and_a_line_says_why() -> None:
    found = lacking(["small-transformer", "bert-tiny"])
    assert found == {"small-transformer": ("torch",), "bert-tiny": ("torch",)}
    assert note(found) == (
        "Samples that cannot be chosen need torch, which is not installed. "
        "In a terminal, hexviz export small-transformer -o out.onnx says how to install it."
    )
    assert disabled(lacking(SAMPLES)) == {*SAMPLES}


def test_without_transformers_some_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert disabled(lacking(SAMPLES)) == {
        name for name, sample in SAMPLES.items() if sample.needs_transformers
    }


@pytest.mark.usefixtures("no_torch")
def test_a_job_that_comes_all_the_same_names_no_path(tmp_path: Path) -> None:
    with pytest.raises(JobError) as caught:
        TASKS["export"]({"sample": "bert-tiny", "optimize": False}, lambda *_: None)
    assert str(caught.value) == (
        "The sample bert-tiny needs torch, which is not installed. "
        "In a terminal, hexviz export bert-tiny -o out.onnx says how to install it."
    )


@pytest.mark.usefixtures("no_torch")
def test_a_name_that_is_no_sample_is_told_first() -> None:
    with pytest.raises(SourceError, match="There is no sample 'bert-tny'; near names: bert-tiny"):
        produce("bert-tny")
