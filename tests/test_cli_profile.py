"""``hexviz profile``: what it prints, its JSON, its gate, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest

from hexviz.measure.documents import read_document
from tests.command import Run, run
from tests.measure.profile.test_profile import net

__all__ = ["run"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    net().save(path)
    return path


def test_people_get_a_line_a_tree_and_the_slowest_nodes(run: Run, file: Path) -> None:
    code, out, err = run("profile", file, "--runs", 2, "--optimization", "basic")
    assert (code, err) == (0, "")  # no bar, and no empty line for it, where nobody looks
    assert "of the time" in out.splitlines()[0]
    assert "onnxruntime" in out
    assert "fc" in out
    assert "the slowest nodes" in out
    assert "MatMulAddFusion" in out.replace("\n", "")


def test_json_is_one_document(run: Run, file: Path) -> None:
    code, out, _ = run("profile", file, "--runs", 2, "--json", "--symbol", "b=5", "--threads", 1)
    assert code == 0
    document = read_document(out.encode())
    found = json.loads(out)
    assert found["model"] == "net.onnx"
    assert found["runs"] == 2
    assert found["provider"] == "CPUExecutionProvider"
    assert len(found["digest"]) == 64
    assert found["notes"][0] == "Inputs were made up: x [5, 8]."
    assert {one["module"] for one in found["modules"]} >= {"", "head"}
    assert document.model == "net.onnx"


def test_inputs_of_a_person(run: Run, file: Path, tmp_path: Path) -> None:
    inputs = tmp_path / "x.npz"
    np.savez(inputs, x=np.zeros((3, 8), np.float32))
    code, out, _ = run("profile", file, "--runs", 1, "--json", "--inputs", inputs)
    assert code == 0
    assert json.loads(out)["notes"][0] == "Inputs were given: x [3, 8]."


def test_a_gate_for_ci(run: Run, file: Path) -> None:
    code, _, err = run("profile", file, "--runs", 1, "--fail-above", "head=0.001%")
    assert code == 1
    assert "failed: head takes " in err
    code, _, err = run("profile", file, "--runs", 1, "--fail-above", "0.00001")
    assert code == 1
    assert "failed: the root takes " in err
    limits = ("--fail-above", "*=100%", "--fail-above", "head.act=100000ms")
    assert run("profile", file, "--runs", 1, *limits)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--runs", "0"], "A profile is of 1 to 1000 runs"),
        (["--provider", "TPU"], "no execution provider 'TPU' here: there are"),
        (["--symbol", "b"], "'b' sets no size: write --symbol NAME=N"),
        (["--fail-above", "head"], "--fail-above cannot read 'head': write MODULE=LIMIT"),
        (["--fail-above", "tail=1%"], "No module is called 'tail'"),
        (["--trace", "nowhere.json"], "nowhere.json does not exist: check the path."),
        (["--trace", "net.onnx"], "That is no trace of ONNX Runtime or torch.profiler"),
        (["--symbol", "b=100000000"], "'x' would be [100000000, 8], and of one input at most 134,"),
        (["--optimized", "net.onnx"], "The optimised graph goes with a trace"),
        (["--optimization", "most"], "Invalid value for '--optimization'"),
    ],
)
def test_what_is_refused_is_one_line(
    run: Run, file: Path, arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    code, _, err = run("profile", file, *arguments)
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1
