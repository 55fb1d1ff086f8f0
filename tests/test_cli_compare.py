"""``hexviz compare``: what it prints, and when it fails."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.build import parse, scoped
from tests.command import Run, run
from tests.matching.layered import WIDTH, layered

__all__ = ["run"]  # a fixture


@pytest.fixture
def before(tmp_path: Path) -> Path:
    path = tmp_path / "before.onnx"
    onnx.save(layered("abcd"), path)
    return path


@pytest.fixture
def after(tmp_path: Path) -> Path:
    path = tmp_path / "after.onnx"
    onnx.save(layered("abcde", activation="Gelu"), path)
    return path


def test_people_read_what_differs_and_where(run: Run, before: Path, after: Path) -> None:
    code, out, err = run("compare", before, after)
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == "20 ops before, 25 after: 16 the same, 5 added, 4 changed."
    assert "before before.onnx, 20 ops, opset 20" in lines
    assert "modules each graph's own" in lines
    assert "added 0 → 5 layer.4 (Block) is new, with 5 ops." in lines
    assert any(
        line.startswith("changed 4 → 4 Relu became Gelu, in each of the 4") for line in lines
    )
    assert "layer.* 20 25 16 4 5" in lines


def test_parts_of_the_model_without_a_difference_are_counted(run: Run, tmp_path: Path) -> None:
    files = []
    for name, last in (("one.onnx", "Relu"), ("two.onnx", "Tanh")):
        proto = parse(
            "g (float[2] x) => (float[2] y) { a = Neg (x)  b = Exp (a)  c = Sin (b)  "
            f"y = {last} (c) }}"
        )
        onnx.save(
            scoped(proto, {"a": "one", "b": "two", "c": "three", "y": "out"}), tmp_path / name
        )
        files.append(tmp_path / name)
    code, out, _ = run("compare", *files)
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "out 1 1 1" in lines
    assert lines[-1] == "3 other parts of the model without a difference"


def test_a_file_and_itself(run: Run, before: Path) -> None:
    code, out, err = run(
        "compare", before, before, "--fail-on", "removed,added,moved,changed,fused,retagged"
    )
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "No difference: 20 ops, all the same."


def test_json_is_one_document(run: Run, before: Path, after: Path) -> None:
    code, out, err = run("compare", before, after, "--json", "--fail-on", "removed")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["before"]["file"] == "before.onnx"
    assert [one["kind"] for one in document["differences"]] == ["added", "changed", "changed"]


def test_a_gate_says_what_made_it_fail(run: Run, before: Path, after: Path) -> None:
    code, out, err = run("compare", before, after, "--json", "--fail-on", "removed, added")
    assert code == 1
    assert json.loads(out)["counts"]["added"] == 5
    assert err.splitlines() == ["failed on added: layer.4 (Block) is new, with 5 ops."]
    assert run("compare", before, after, "--fail-on", "removed,moved,retagged,fused")[0] == 0


def test_different_models_fail_on_anything(run: Run, before: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    text = "g (float[2] x) => (float[2] y) { a = Sin (x) b = Cos (a) y = Tanh (b) }"
    onnx.save(parse(text), other)
    code, out, err = run("compare", before, other, "--fail-on", "moved")
    line = (
        "before.onnx and other.onnx are different models: 0% of the arithmetic of the smaller one "
        "is found in the other."
    )
    assert (code, err) == (1, f"failed: {line}\n")
    assert out.splitlines()[0] == line
    assert run("compare", before, other)[0] == 0


def test_both_can_be_run(run: Run, before: Path, after: Path, tmp_path: Path) -> None:
    inputs = tmp_path / "inputs.npz"
    np.savez(inputs, x=np.ones((2, WIDTH), np.float32))
    code, out, _ = run("compare", before, before, "--run", "--inputs", inputs)
    assert code == 0
    assert out.splitlines()[0] == "No difference: 20 ops, all the same."


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ("--fail-on", "removed,lost"),
            (
                "hexviz: --fail-on knows no kind 'lost': name some of removed, added, moved, "
                "changed, fused, retagged, with commas."
            ),
        ),
        (("--fail-on", ""), "hexviz: --fail-on knows no kind '': name some of"),
        (("--inputs", "x.npz"), "hexviz: --inputs are to run both files with: give --run too."),
        (("--run", "--inputs", "x.npz"), "hexviz: x.npz is no .npz file of arrays"),
    ],
)
def test_bad_usage_is_one_line(
    run: Run, before: Path, after: Path, arguments: tuple[str, ...], line: str
) -> None:
    code, out, err = run("compare", before, after, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(line)
    assert err.count("\n") == 1


def test_a_file_that_is_missing_or_no_model(run: Run, before: Path, tmp_path: Path) -> None:
    code, out, err = run("compare", before, tmp_path / "gone.onnx")
    assert (code, out) == (2, "")
    assert err == f"hexviz: {tmp_path}/gone.onnx does not exist: check the path.\n"
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a model")
    code, out, err = run("compare", broken, before)
    assert (code, out) == (2, "")
    assert "is not an ONNX model, or was cut short" in err
