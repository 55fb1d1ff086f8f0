"""The command that cuts modules out."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from hexviz.tagging.tag import load
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped
from tests.command import Run, run

__all__ = ["run"]  # a fixture


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    path.write_bytes(scoped(parse(NET), SCOPES).SerializeToString())
    return path


def test_a_module_is_cut_out_and_proved(run: Run, net: Path, tmp_path: Path) -> None:
    target = tmp_path / "att.onnx"
    code, out, err = run("extract", net, "--module", "enc.att", "-o", target, "--verify")
    assert (code, err) == (0, "")
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert f"{target}: 5 ops of net.onnx." in out
    for row in (
        "policy include_context",
        "kept 4 selected, 1 carried along",
        "checker passed",
        "runtime passed",
        "input a float[1, 4] 16 B Neg in enc.emb",
        "output m float[1, 4] 16 B head",
        "Shape s the root serves what is kept",
        "equal m 0",
    ):
        assert row in rows
    opened = load(target)
    assert {op.module for op in opened.ops} == {"", "enc.att", "enc.att.k", "enc.att.q"}
    session = onnxruntime.InferenceSession(target, providers=["CPUExecutionProvider"])
    assert session.run(None, {"a": np.ones((1, 4), np.float32)})[0].shape == (1, 4)


def test_the_same_as_json(run: Run, net: Path, tmp_path: Path) -> None:
    target = tmp_path / "part.onnx"
    code, out, err = run(
        *("extract", net, "--module", "enc.*", "--exclude", "enc.att.k", "--exclude", "enc.emb"),
        *("--policy", "exclude_safe", "--op", "y", "-o", target, "--json"),
    )
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["policy"] == "exclude_safe"
    assert told["selection"]["ops"] == ["y"]
    assert told["kept"]["selected"] == 4
    assert told["output"] == str(target)
    assert told["verification"] is None
    assert [one["name"] for one in told["inputs"]] == ["a", "s", "k", "o"]


def test_several_modules_may_follow_one_option(run: Run, net: Path, tmp_path: Path) -> None:
    wanted = ("--module", "enc.att.q", "head", "--exclude", "enc.att.k")
    code, out, _ = run("extract", net, *wanted, "-o", tmp_path / "part.onnx", "--json")
    assert code == 0
    assert json.loads(out)["selection"]["modules"] == ["enc.att.q", "head"]
    code, _, err = run("extract", "--module", "head", net, "-o", tmp_path / "other.onnx")
    assert (code, err) == (0, "")


def test_a_hole_is_told_and_filled(run: Run, net: Path, tmp_path: Path) -> None:
    chosen = ("extract", net, "--module", "enc.emb", "--op", "m", "--policy", "exclude_safe")
    code, out, _ = run(*chosen, "-o", tmp_path / "one.onnx")
    assert code == 0
    assert "comes back as q, through 1 op of enc.att.q: --fill-holes takes them in" in out
    assert "comes back as r, through 3 ops of the root, enc.att.k, enc.att: --fill" in out
    code, out, _ = run(*chosen, "-o", tmp_path / "two.onnx", "--fill-holes")
    assert code == 0
    assert "comes back" not in out
    assert "kept     2 selected, 4 in filled holes" in out
    assert len(onnx.load(tmp_path / "two.onnx").graph.node) == 6


def test_what_a_search_finds_is_cut_out(run: Run, net: Path, tmp_path: Path) -> None:
    target = tmp_path / "part.onnx"
    assert run("extract", net, "--search", "type:Exp", "-o", target)[0] == 0
    assert [one.op_type for one in onnx.load(target).graph.node] == ["Exp"]
    code, _, err = run("extract", net, "--search", "type:Conv", "-o", target)
    assert (code, err) == (2, "hexviz: The search 'type:Conv' finds no op.\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--module", "enc.at"], "No module is called 'enc.at'; near ones: enc.att"),
        (["--module", "enc.*.w"], "No module matches 'enc.*.w'; near ones: enc.att.q"),
        (["--module", "enc", "--exclude", "enc"], "The selection holds no op: select more"),
        (["--op", "qq"], "No op has the id 'qq'; near ones: q"),
        ([], "Nothing is selected: give --module, --op or --search."),
        (["--split", "--op", "y"], "--split divides the whole model: give it modules only."),
    ],
)
def test_what_cannot_be_cut_writes_no_file(
    run: Run, net: Path, tmp_path: Path, arguments: list[str], told: str
) -> None:
    code, out, err = run("extract", net, *arguments, "-o", tmp_path / "out.onnx")
    assert (code, out) == (2, "")
    assert err.startswith(f"hexviz: {told}")
    assert err.count("\n") == 1
    assert [one.name for one in tmp_path.iterdir()] == ["net.onnx"]


def test_a_name_that_no_file_can_have_is_one_line(run: Run, net: Path, tmp_path: Path) -> None:
    for more in (["--module", "enc"], ["--split"]):
        code, out, err = run("extract", net, *more, "-o", tmp_path / ("x" * 300))
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "File name too long" in err


def test_the_file_that_is_read_is_never_written(run: Run, net: Path) -> None:
    code, _, err = run("extract", net, "--module", "enc", "-o", net)
    assert code == 2
    assert "is the file that is read" in err


def test_inputs_of_the_whole_can_be_given(run: Run, net: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "given.npz", x=np.zeros((1, 4), np.float32))
    chosen = ("extract", net, "--module", "enc", "-o", tmp_path / "part.onnx", "--verify")
    code, out, _ = run(*chosen, "--inputs", tmp_path / "given.npz", "--json")
    assert code == 0
    assert json.loads(out)["verification"]["inputs"] == "given"
    np.savez(tmp_path / "wrong.npz", x=np.zeros((2, 4), np.float32))
    code, _, err = run(*chosen, "--inputs", tmp_path / "wrong.npz")
    assert code == 2
    assert "must have [1, 4]" in err
    code, _, err = run(*chosen, "--inputs", net)
    assert code == 2
    assert "is no .npz file of arrays" in err


def test_a_failed_proof_ends_with_1_and_no_file(
    run: Run, net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hexviz.extraction import part as parts
    from hexviz.extraction.cut import cut

    def wrong(*arguments: object) -> onnx.ModelProto:
        made = cut(*arguments)  # type: ignore[arg-type]
        next(one for one in made.graph.node if one.op_type == "Mul").op_type = "Add"
        return made

    monkeypatch.setattr(parts, "cut", wrong)
    target = tmp_path / "part.onnx"
    code, out, _ = run("extract", net, "--module", "enc.att", "-o", target, "--verify")
    assert code == 1
    assert "No file was written" in out
    assert "1 of 1 output not as in the whole model" in out
    assert not target.exists()


def test_a_model_is_split(run: Run, net: Path, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    code, out, err = run("extract", net, "--split", "-o", folder, "--verify")
    assert (code, err) == (0, "")
    assert f"{folder}: net.onnx in 5 parts." in out
    assert sorted(one.name for one in folder.iterdir()) == [
        "01-enc.onnx",
        "02-model.onnx",
        "03-enc.onnx",
        "04-head.onnx",
        "05-model.onnx",
        "manifest.json",
    ]
    code, out, _ = run("extract", net, "--split", "--module", "head", "-o", folder, "--json")
    assert code == 2


def test_what_is_no_file_is_not_replaced(run: Run, net: Path, tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("pipe", "link"):
        code, _, err = run("extract", net, "--module", "enc", "-o", tmp_path / name)
        assert code == 2
        assert "is no file: give the name of one" in err
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"\x93NUMPY\x01\x00"])
def test_damaged_inputs_are_one_line(run: Run, net: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "given.npz").write_bytes(content)
    chosen = ("extract", net, "--module", "enc", "-o", tmp_path / "part.onnx")
    code, out, err = run(*chosen, "--verify", "--inputs", tmp_path / "given.npz")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "is no .npz file of arrays" in err


def test_options_that_would_do_nothing_are_refused(run: Run, net: Path, tmp_path: Path) -> None:
    code, _, err = run("extract", net, "--module", "enc", "-o", tmp_path / "p", "--inputs", "x.npz")
    assert (code, err) == (2, "hexviz: --inputs are to verify with: give --verify too.\n")
    code, _, err = run("extract", net, "--split", "--policy", "include_all", "-o", tmp_path / "p")
    assert code == 2
    assert "--split divides the whole model" in err


def test_a_split_with_a_part_that_is_not_valid_writes_nothing(
    run: Run, net: Path, tmp_path: Path
) -> None:
    proto = onnx.load(net)
    proto.graph.node[0].attribute.add(name="nonsense", type=onnx.AttributeProto.INT, i=1)
    net.write_bytes(proto.SerializeToString())
    code, out, _ = run("extract", net, "--split", "-o", tmp_path / "parts")
    assert code == 1
    assert out.startswith("No file was written: ")
    assert "01-enc.onnx: Unrecognized attribute: nonsense" in out
    assert not (tmp_path / "parts").exists()


def test_what_the_checker_refuses_in_the_whole_too_is_said(
    run: Run, net: Path, tmp_path: Path
) -> None:
    proto = onnx.load(net)
    node = next(one for one in proto.graph.node if one.op_type == "Neg")
    node.domain = "ai.onnx"
    onnx.save(proto, net)
    asked = ("extract", net, "--module", "enc.emb", "-o", tmp_path / "part.onnx")
    code, out, _ = run(*asked)
    assert code == 0
    assert "of the whole file too, so it was not judged here: No opset import for dom" in out
    code, out, _ = run(*asked[:-1], tmp_path / "again.onnx", "--json")
    [told] = json.loads(out)["checks"]["unjudged"]
    assert "ai.onnx" in told
    code, out, _ = run("extract", net, "--split", "-o", tmp_path / "parts")
    assert code == 0
    assert "so it was not judged here" in out


def test_an_if_that_comes_whole_is_named(run: Run, tmp_path: Path) -> None:
    proto = parse("""g (float[2] x, bool c) => (float[2] y) {
        h = If (c) <then_branch = t () => (float[2] o) { u = Neg (x)  o = Exp (u) },
                    else_branch = e () => (float[2] p) { p = Abs (x) }>
        y = Relu (h)
    }""")
    path = tmp_path / "branches.onnx"
    onnx.save(scoped(proto, {"h": "m", "y": "head"}), path)
    asked = ("--op", "h/then_branch/u", "-o", tmp_path / "part.onnx")
    code, out, _ = run("extract", path, *asked)
    assert code == 0
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert "kept 1 around selected ones (If h), 3 in their bodies" in rows
    assert any(line.startswith("If h comes whole") for line in rows)
