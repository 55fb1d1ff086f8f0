"""``hexviz tag AFTER --from BEFORE``: what it writes and says, and every way that fails."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from hexviz.model.reader import WEIGHTS_LEFT_OUT
from hexviz.tagging.override import override
from hexviz.tagging.overrides_file import overrides_document
from hexviz.tagging.tag import load
from tests.build import parse, scoped
from tests.command import Run, run

__all__ = ["run"]  # a fixture

NET = """g (float[2, 4] x) => (float[2, 4] y) <float[4, 4] w> {
    m = MatMul (x, w)
    n = Exp (m)
    o = Sigmoid (n)
    y = Relu (o)
}"""
SCOPES = {"m": "enc.fc", "n": "enc.fc", "o": "enc.act", "y": "head"}
BARE = """g (float[2, 4] x) => (float[2, 4] y) <float[4, 4] w> {
    v0 = MatMul (x, w)
    v1 = Exp (v0)
    o = Sigmoid (v1)
    y = Relu (o)
}"""


def weighted(text: str, seed: int = 0) -> onnx.ModelProto:
    proto = parse(text)
    numbers = np.random.default_rng(seed).normal(size=(4, 4)).astype(np.float32)
    weight = onnx.numpy_helper.from_array(numbers, "w")
    del proto.graph.initializer[:]
    proto.graph.initializer.append(weight)
    return proto


@pytest.fixture
def before(tmp_path: Path) -> Path:
    path = tmp_path / "exported.onnx"
    path.write_bytes(scoped(weighted(NET), SCOPES).SerializeToString())
    return path


@pytest.fixture
def after(tmp_path: Path) -> Path:
    path = tmp_path / "optimised.onnx"
    path.write_bytes(weighted(BARE).SerializeToString())
    return path


def test_the_tags_are_carried_over(run: Run, before: Path, after: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.onnx"
    code, printed, told = run("tag", after, "--from", before, "-o", out)
    assert (code, printed) == (0, "")
    first, second = told.splitlines()
    assert first == f"{out}: 4 ops in 5 modules."
    assert second == "Tags of 4 ops are from exported.onnx: 2 renamed, 2 same."
    graph = load(out)
    assert [op.module for op in graph.ops] == ["enc.fc", "enc.fc", "enc.act", "head"]


def test_it_is_explained_with_the_other_file(
    run: Run, before: Path, after: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.onnx"
    run("tag", after, "--from", before, "-o", out)
    code, printed, _ = run("explain", out, "v1")
    assert code == 0
    rows = [" ".join(line.split()) for line in printed.splitlines()]
    assert "in exported.onnx" in rows
    assert "Exp n makes the same value" in rows
    document = json.loads(run("explain", out, "v1", "--json")[1])
    assert document["origin"] == "transferred"
    assert document["evidence"] == ["n"]
    assert document["steps"] == []
    assert document["counterparts"] == [
        {"op": "n", "op_type": "Exp", "relation": "makes the same value"}
    ]
    summary = json.loads(run("analyze", out, "--json")[1])
    assert summary["origins"] == {"transferred": 4}
    assert run("audit", out, "--fail-on", "warning")[0] == 0


def test_a_run_of_both_is_asked_for_by_an_option(
    run: Run, before: Path, after: Path, tmp_path: Path
) -> None:
    inputs = tmp_path / "inputs.npz"
    np.savez(inputs, x=np.ones((2, 4), np.float32))
    for more in ([], ["--inputs", inputs]):
        out = tmp_path / f"out{len(more)}.onnx"
        code, _, told = run("tag", after, "--from", before, "-o", out, "--run", *more)
        assert code == 0, told
        assert load(out).op("v1").module == "enc.fc"


def test_overrides_come_last(run: Run, before: Path, after: Path, tmp_path: Path) -> None:
    out, changes = tmp_path / "out.onnx", tmp_path / "changes.json"
    run("tag", after, "--from", before, "-o", out)
    changes.write_text(
        json.dumps(overrides_document(override(load(out), {"v1": "head"}))).replace(
            '"out.onnx"', '"optimised.onnx"'
        )
    )
    again = tmp_path / "again.onnx"
    code, _, told = run("tag", after, "--from", before, "--overrides", changes, "-o", again)
    assert code == 0, told
    assert [op.module for op in load(again).ops] == ["enc.fc", "head", "enc.act", "head"]
    assert "; 1 were set by a person." in told


def test_the_file_itself_can_take_them(run: Run, before: Path, after: Path) -> None:
    assert run("tag", after, "--from", before, "--in-place")[0] == 0
    assert load(after).op("v1").module == "enc.fc"


def refused(run: Run, out: Path, *arguments: object) -> str:
    """The one line that a command ends with, which has written nothing."""
    files = {path: path.read_bytes() for path in out.parent.iterdir() if path.is_file()}
    code, printed, told = run("tag", *arguments)
    assert (code, printed, told.count("\n")) == (2, "", 1)
    assert {path: path.read_bytes() for path in out.parent.iterdir() if path.is_file()} == files
    return told.removeprefix("hexviz: ").strip()


def test_a_file_without_tags(run: Run, after: Path, tmp_path: Path) -> None:
    out, bare = tmp_path / "out.onnx", tmp_path / "bare.onnx"
    bare.write_bytes(weighted(NET).SerializeToString())
    assert refused(run, out, after, "--from", bare, "-o", out) == (
        "bare.onnx has no tags to transfer: nothing in it tells of modules. Give the file that "
        "hexviz export or hexviz tag wrote, or an export that still has its names."
    )


def test_a_file_that_is_missing_or_no_model(
    run: Run, before: Path, after: Path, tmp_path: Path
) -> None:
    out, missing, text = (tmp_path / name for name in ("out.onnx", "missing.onnx", "text.onnx"))
    text.write_text("hello")
    assert "missing.onnx" in refused(run, out, after, "--from", missing, "-o", out)
    assert "text.onnx is not an ONNX model" in refused(run, out, after, "--from", text, "-o", out)
    assert "text.onnx is not an ONNX model" in refused(run, out, text, "--from", before, "-o", out)


def test_nothing_that_is_read_is_written(run: Run, before: Path, after: Path) -> None:
    told = refused(run, before, after, "--from", before, "-o", before)
    assert told == f"{before} is the file that is read: give another one."
    told = refused(run, before, after, "--from", before, "-o", after)
    assert told.startswith(f"{after} is the file that is read: give another one")


def test_a_file_is_not_tagged_from_itself(run: Run, before: Path, tmp_path: Path) -> None:
    out, link = tmp_path / "out.onnx", tmp_path / "link.onnx"
    assert refused(run, out, before, "--from", before, "-o", out) == (
        f"{before} is the file that is tagged: --from takes the one that it was made from."
    )
    link.symlink_to(before)
    assert "is the file that is tagged" in refused(run, out, before, "--from", link, "-o", out)
    assert "is the file that is tagged" in refused(run, out, before, "--from", before, "--in-place")


def test_options_that_need_another_one(run: Run, before: Path, after: Path) -> None:
    out, inputs = before.parent / "out.onnx", before.parent / "inputs.npz"
    np.savez(inputs, x=np.ones((2, 4), np.float32))
    alone = "--run and --inputs go with --from: name the file to match with."
    assert refused(run, out, after, "-o", out, "--run") == alone
    assert refused(run, out, after, "-o", out, "--inputs", inputs) == alone
    assert refused(run, out, after, "--from", before, "-o", out, "--inputs", inputs) == (
        "--inputs are to run both files with: give --run too."
    )


def test_inputs_that_do_not_fit(run: Run, before: Path, after: Path) -> None:
    out, inputs = before.parent / "out.onnx", before.parent / "inputs.npz"
    ask = (after, "--from", before, "-o", out, "--run", "--inputs", inputs)
    np.savez(inputs, z=np.ones((2, 4), np.float32))
    assert "z" in refused(run, out, *ask)
    np.savez(inputs, x=np.ones((3, 5), np.float32))
    assert "x" in refused(run, out, *ask)
    inputs.write_text("no archive")
    assert "inputs.npz is no .npz file of arrays" in refused(run, out, *ask)
    assert "no .npz file" in refused(run, out, *ask[:-1], before.parent / "missing.npz")


def test_weights_are_needed_only_to_run(run: Run, before: Path, after: Path) -> None:
    out = before.parent / "out.onnx"
    proto = onnx.load(before)
    weight = proto.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=WEIGHTS_LEFT_OUT)
    before.write_bytes(proto.SerializeToString())
    assert refused(run, out, after, "--from", before, "-o", out, "--run") == (
        "exported.onnx was exported without its weights and cannot be run: leave --run out, or "
        "give the files with their weights."
    )
    code, _, told = run("tag", after, "--from", before, "-o", out)
    assert code == 0, told
    assert [op.module for op in load(out).ops] == ["enc.fc", "enc.fc", "enc.act", "head"]


def test_a_file_that_cannot_be_run(run: Run, before: Path, after: Path) -> None:
    out = before.parent / "out.onnx"
    proto = onnx.load(after)
    proto.opset_import[0].version = 999
    after.write_bytes(proto.SerializeToString())
    told = refused(run, out, after, "--from", before, "-o", out, "--run")
    assert "cannot be run" in told
    assert "999" in told
    code, _, told = run("tag", after, "--from", before, "-o", out)
    assert code == 0, told
