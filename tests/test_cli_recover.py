"""``--no-recover`` of the commands that open files, and ``hexviz tag --rename``."""

import json
from pathlib import Path

import onnx
import pytest

from hexviz.tagging.tag import load
from tests.command import Run, run
from tests.planted_blocks import blocks, finding

__all__ = ["run"]  # a fixture


@pytest.fixture
def nameless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEXVIZ_CACHE_DIR", str(tmp_path / "cache"))
    onnx.save(blocks(), tmp_path / "nameless.onnx")
    return tmp_path / "nameless.onnx"


def test_analyze_counts_what_was_recovered(run: Run, nameless: Path) -> None:
    with finding():
        document = json.loads(run("analyze", nameless, "--json", "--ops")[1])
        told = run("analyze", nameless)[1]
        assert "recovered  95.2% of ops, in blocks that the graph repeats and nothing names" in told
        assert "origins    recovered 20, fallback 1" in told
        plain = json.loads(run("analyze", nameless, "--json", "--no-recover")[1])
    assert document["origins"] == {"recovered": 20, "fallback": 1}
    assert document["rules"] == {"pattern": 20, "root": 1}
    assert document["auxiliary"]["recovered"] == 4
    assert document["modules"][1] == {
        "module": "Block.0", "tag": "/Block.0", "class_name": "Block", "ops": 2, "same_as": None,
        "copies": 4,
    }  # fmt: skip
    assert document["nodes"][4]["evidence"] == ["e1", "e2", "e3"]
    assert "recovery" in document["stages"]
    assert plain["origins"] == {"fallback": 21}
    assert "recovery" not in plain["stages"]


def test_explain_and_audit_leave_blocks_out_if_asked_to(run: Run, nameless: Path) -> None:
    with finding():
        code, out, _ = run("explain", nameless, "d1")
        assert code == 0
        assert "is the same op of a copy" in out
        assert json.loads(run("explain", nameless, "d1", "--json")[1])["module"] == "Block.1"
        plain = json.loads(run("explain", nameless, "d1", "--json", "--no-recover")[1])
        assert (plain["module"], plain["origin"]) == ("", "fallback")
        found = json.loads(run("audit", nameless, "--json")[1])["findings"]
        plain = json.loads(run("audit", nameless, "--json", "--no-recover")[1])["findings"]
    assert [(one["kind"], one["severity"], len(one["ops"])) for one in found] == [
        ("fallback", "warning", 1), ("recovered", "info", 20),
    ]  # fmt: skip
    assert found[1]["message"] == (
        "20 ops of 21 lie in blocks that the graph repeats and nothing names: Block ×4."
    )
    assert [(one["kind"], len(one["ops"])) for one in plain] == [("fallback", 21)]


def test_a_block_is_cut_out_unless_blocks_are_left_out(
    run: Run, nameless: Path, tmp_path: Path
) -> None:
    options = ("--module", "Block.1", "-o", tmp_path / "part.onnx")
    with finding():
        code, _, err = run("extract", nameless, *options, "--no-recover")
        assert code == 2
        assert "Block.1" in err
        assert run("extract", nameless, *options)[0] == 0
    assert len(onnx.load(tmp_path / "part.onnx").graph.node) == 5


def test_tag_renames_blocks_and_writes_that(run: Run, nameless: Path, tmp_path: Path) -> None:
    out = tmp_path / "named.onnx"
    names = ("--rename", "Block=EncoderLayer", "--rename", "Block.Gate=Act")
    with finding():
        assert run("tag", nameless, "-o", out, *names)[0] == 0
    assert load(out).op("b2").tag == "/EncoderLayer.2/Act"
    for given, said in (
        ("Block", "'Block' renames nothing: write --rename Block=EncoderLayer."),
        ("Block=a.b", "A block cannot be called 'a.b'"),
        ("Head=Tail", "No recovered block is named 'Head'"),
    ):
        with finding():
            code, stdout, err = run("tag", nameless, "-o", tmp_path / "no.onnx", "--rename", given)
        assert (code, stdout) == (2, "")
        assert said in err
        assert err.count("\n") == 1
    twice = ("--rename", "Block=A", "--rename", "Block=B")
    assert "gives 'Block' two names, A and B." in run("tag", nameless, "-o", out, *twice)[2]
    assert run("tag", nameless, "-o", out, "--no-recover")[0] == 0
    assert {op.provenance.origin for op in load(out, recover=False).ops} == {"fallback"}
