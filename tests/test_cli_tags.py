"""Commands about single tags: explain, audit, report, and tag with a person's overrides."""

import json
import os
from pathlib import Path

import onnx
import pytest

from hexviz.model.writer import without_tags
from hexviz.tagging.explain import explain, explanation_record
from hexviz.tagging.finding import Finding
from hexviz.tagging.override import overridden, override
from hexviz.tagging.overrides_file import overrides_document
from hexviz.tagging.tag import load
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped
from tests.command import Run, run
from tests.model.test_reader import external

__all__ = ["run"]  # a fixture


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """The small model; where s and r ran is not recorded."""
    path = tmp_path / "net.onnx"
    known = {value: fqn for value, fqn in SCOPES.items() if value not in ("s", "r")}
    path.write_bytes(scoped(parse(NET), known).SerializeToString())
    return path


def test_an_op_is_explained_to_people(run: Run, net: Path) -> None:
    code, out, err = run("explain", net, "s")
    assert (code, err) == (0, "")
    assert out.startswith("Shape s\nPlaced in /Module/Module.enc/Module.att, where its users meet")
    rows = [" ".join(line.split()) for line in out.splitlines()]
    for row in (
        "module enc.att",
        "rule consumers",
        "confidence 0.97 (all its users lie there, and the order allows it)",
        "1 Reshape r uses it: s /Module/Module.enc/Module.att",
        "enc 0.6 was open before and after it, but all its users lie deeper",
        "2 Mul m uses it: r /Module/Module.enc/Module.att",
    ):
        assert row in rows


def test_an_explanation_as_json(run: Run, net: Path) -> None:
    code, out, err = run("explain", net, "s", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == json.loads(json.dumps(explanation_record(explain(load(net), "s"))))


def test_an_op_that_is_not_there_has_near_ones(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "long.onnx"
    path.write_bytes(
        parse("g (float[2] x) => (float[2] y) { value_10 = Neg (x) y = Abs (value_10) }")
        .SerializeToString()
    )  # fmt: skip
    code, out, err = run("explain", path, "value_1")
    assert (code, out) == (2, "")
    assert err == "hexviz: No op has the id 'value_1'; near ones: value_10.\n"


FINDINGS = [
    Finding("fallback", "info", ("a",), "Nothing is known."),
    Finding("low-confidence", "warning", ("s", "r"), "A guess.", "Look at [them]."),
    Finding("sibling", "warning", ("s", "q", "k", "m"), "Its doubles differ.", module="enc"),
]
WRONG = Finding(
    *("misplaced", "error", ("o",), "All contradicts it.", "Move it.", "enc", 0.9),
    details=("Its neighbours do.",),
    suggestion_sureness=0.97,
)


def found(monkeypatch: pytest.MonkeyPatch, findings: list[Finding]) -> None:
    monkeypatch.setattr("hexviz.tagging.audit.audit", lambda _: findings)


def test_an_audit_for_people_is_worst_first(
    run: Run, net: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(monkeypatch, [*FINDINGS, WRONG])
    code, out, err = run("audit", net)
    assert (code, err) == (0, "")
    rows = [" ".join(line.split()) for line in out.splitlines()]
    assert rows == [
        "severity kind sure ops what, and what to do",
        "error misplaced 90% 1: o All contradicts it. Its neighbours do. → Move it. (97% sure)",
        "warning low-confidence 100% 2: s, r A guess. → Look at [them].",
        "warning sibling 100% 4: s, q, k, … Its doubles differ.",
        "info fallback 100% 1: a Nothing is known.",
        "",
        "net.onnx: 1 error, 2 warnings, 1 info. Warnings and errors accuse 6 of 8 ops.",
    ]


def test_an_audit_as_json(run: Run, net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, FINDINGS)
    code, out, err = run("audit", net, "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert {key: document[key] for key in document if key != "findings"} == {
        "model": "net.onnx",
        "ops": 8,
        "counts": {"info": 1, "warning": 2, "error": 0},
        "accused": 5,
    }
    assert [one["kind"] for one in document["findings"]] == [one.kind for one in FINDINGS]
    assert document["findings"][1] == {
        "kind": "low-confidence",
        "severity": "warning",
        "ops": ["s", "r"],
        "message": "A guess.",
        "suggestion": "Look at [them].",
        "module": None,
        "sureness": 1.0,
        "suggestion_sureness": None,
        "details": [],
    }


@pytest.mark.parametrize(
    ("findings", "fail_on", "code"),
    [
        ([], "warning", 0),
        (FINDINGS[:1], "warning", 0),
        (FINDINGS, None, 0),
        (FINDINGS, "warning", 1),
        (FINDINGS, "error", 0),
        ([WRONG], "error", 1),
        ([WRONG], "warning", 1),
    ],
)
def test_an_audit_fails_on_what_was_asked_for(
    run: Run,
    net: Path,
    monkeypatch: pytest.MonkeyPatch,
    findings: list[Finding],
    fail_on: str | None,
    code: int,
) -> None:
    found(monkeypatch, findings)
    asked = ["--fail-on", fail_on] if fail_on else []
    assert run("audit", net, *asked)[0] == code
    left, out, _ = run("audit", net, "--json", *asked)
    assert left == code
    assert len(json.loads(out)["findings"]) == len(findings)


def test_an_audit_without_findings_says_so(
    run: Run, net: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(monkeypatch, [])
    assert run("audit", net) == (0, "net.onnx: no findings on 8 ops.\n", "")


def test_overrides_are_applied_and_kept(run: Run, net: Path, tmp_path: Path) -> None:
    graph = override(load(net), {"s": "head"})
    overrides = tmp_path / "overrides.json"
    overrides.write_text(json.dumps(overrides_document(graph)))
    before, out = net.read_bytes(), tmp_path / "out.onnx"
    assert run("tag", net, "-o", out, "--overrides", overrides)[0] == 0
    tagged = load(out)
    assert overridden(tagged) == {"s": "head"}
    assert [op.module for op in tagged.ops] == [op.module for op in graph.ops]
    assert without_tags(onnx.load(out)).SerializeToString() == before == net.read_bytes()


def test_overrides_that_do_not_fit_write_nothing(run: Run, net: Path, tmp_path: Path) -> None:
    overrides, out = tmp_path / "overrides.json", tmp_path / "out.onnx"
    overrides.write_text("{}")
    code, told, err = run("tag", net, "-o", out, "--overrides", overrides)
    assert (code, told) == (2, "")
    assert err.startswith('hexviz: That JSON does not begin with "hexviz": "overrides"')
    assert run("tag", net, "-o", out, "--overrides", tmp_path / "no.json")[0] == 2
    assert not out.exists()
    overrides.write_text(json.dumps(overrides_document(load(net))))
    before = overrides.read_bytes()
    assert run("tag", net, "-o", overrides, "--overrides", overrides)[2] == (
        f"hexviz: {overrides} is the file that is read: give another one.\n"
    )
    assert overrides.read_bytes() == before


@pytest.mark.parametrize("way", ["itself", "relative", "link", "hard link"])
def test_a_file_is_not_changed_in_place_unasked(
    run: Run, net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    other, before = tmp_path / "other.onnx", net.read_bytes()
    match way:
        case "itself":
            other = net
        case "relative":
            (tmp_path / "folder").mkdir()
            monkeypatch.chdir(tmp_path / "folder")
            other = Path("..") / "net.onnx"
        case "link":
            other.symlink_to(net)
        case "hard link":
            os.link(net, other)
    told = f"hexviz: {other} is the file that is read: give another one"
    assert run("tag", net, "-o", other) == (2, "", f"{told}, or --in-place to change it.\n")
    assert run("report", net, "-o", other) == (2, "", f"{told}.\n")
    assert net.read_bytes() == before
    assert run("tag", net, "-o", other, "--in-place")[0] == 0
    assert without_tags(onnx.load(net)).SerializeToString() == before != net.read_bytes()


def test_in_place_needs_no_other_name_and_contradicts_one(
    run: Run, net: Path, tmp_path: Path
) -> None:
    before, out = net.read_bytes(), tmp_path / "out.onnx"
    assert run("tag", net)[2] == (
        "hexviz: Nowhere to write to: give -o OUT.onnx, or --in-place for the same file.\n"
    )
    assert run("tag", net, "--in-place", "-o", out)[2] == (
        f"hexviz: --in-place writes to {net}, and -o names {out}: leave one of them out.\n"
    )
    assert net.read_bytes() == before
    assert not out.exists()
    code, _, err = run("tag", net, "--in-place")
    assert (code, err) == (0, f"{net}: 8 ops in 7 modules.\n")
    assert load(net).op("s").module == "enc.att"
    assert b"hexviz.module" in net.read_bytes()


def test_a_link_changed_in_place_stays_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "model.onnx", tmp_path / "link.onnx"
    real.write_bytes(external("weights.bin").SerializeToString())
    weights = real.with_name("weights.bin")
    weights.write_bytes(bytes(64))
    # Beside the link, because external data is looked for where a model is opened.
    (tmp_path / "weights.bin").write_bytes(bytes(64))
    link.symlink_to(real)
    assert run("tag", link, "--in-place")[0] == 0
    assert link.is_symlink()
    assert b"hexviz.module" in real.read_bytes()
    assert weights.read_bytes() == bytes(64)


def test_a_report_is_written_whole_and_counted(
    run: Run, net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(monkeypatch, [WRONG])
    monkeypatch.setattr(
        "hexviz.app.report.to_report",
        lambda graph, findings, **_: f"{graph.name} ✓ {findings[0].kind} {' ' * 2_000_000}",
    )
    out = tmp_path / "out.html"
    assert run("report", net, "-o", out) == (0, "", f"{out}: 2.0 MB, 1 finding.\n")
    assert out.read_text(encoding="utf-8").strip() == "net.onnx ✓ misplaced"
    found(monkeypatch, [WRONG, *FINDINGS])
    assert run("report", net, "-o", out)[2].endswith(" MB, 4 findings.\n")


def test_a_report_is_a_page(run: Run, net: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.html"
    assert run("report", net, "-o", out)[0] == 0
    assert out.read_text(encoding="utf-8").lower().startswith("<!doctype html>")
