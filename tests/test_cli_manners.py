"""Terminals, pipes, colours, --quiet, completion: what people expect of every command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hexviz.cli.command import app, run
from hexviz.cli.console import silenced
from hexviz.cli.print_export import export_document, print_export, top_modules
from hexviz.tagging.finding import Finding
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped, tagged
from tests.terminals import at_terminal, in_pipe

COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]")
WORK = """
import contextlib, io, time
from hexviz.cli.console import note, progress, say, silenced
with silenced({quiet}), progress("Comparing") as report:
    time.sleep(1.1)
    with contextlib.redirect_stderr(io.StringIO()):  # as exporters do
        report("Halfway", 0.5)
        time.sleep(0.4)
    note("written")
    say("failed: why")
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("manners") / "net.onnx"
    deep = {name: f"{fqn}.{'a_long_name_of_a_module_' * 3}" for name, fqn in SCOPES.items() if fqn}
    path.write_bytes(scoped(parse(NET), SCOPES | deep).SerializeToString())
    return path


def test_in_a_pipe_each_row_is_one_line_without_padding_or_colours(file: Path) -> None:
    code, out, err = in_pipe("-m", "hexviz", "analyze", str(file), "--ops")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert next(line for line in lines if line.startswith("o ")).split()[1] == "Abs"
    assert max(map(len, lines)) > 200
    assert "\x1b" not in out
    assert not set(out) & set("│─┃━╭╮")
    assert all(line == line.rstrip() for line in lines)


def test_at_a_terminal_tables_fold_and_nothing_is_cut(file: Path) -> None:
    out = at_terminal("-m", "hexviz", "analyze", str(file))
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out)
    assert max(map(len, plain.splitlines())) <= 80
    assert "…" not in plain
    # Whole in a column of its own, if put together again.
    column = "".join(line[:30].strip() for line in plain.splitlines())
    assert "a_long_name_of_a_module_" in column


def test_colours_follow_what_the_environment_asks(file: Path) -> None:
    audit = ("-m", "hexviz", "audit", str(file))
    explain = ("-m", "hexviz", "explain", str(file), "s")
    assert "\x1b[" in at_terminal(*explain)
    assert not COLOUR.search(at_terminal(*audit, NO_COLOR="1"))
    assert "\x1b" not in at_terminal(*explain, TERM="dumb")
    forced = in_pipe(*explain, FORCE_COLOR="1")[1]
    assert "\x1b[" in forced
    assert max(map(len, forced.splitlines())) > 80, "a pipe that wants colours is still a pipe"


def test_progress_is_shown_at_a_terminal_alone_and_goes_again() -> None:
    shown = at_terminal("-c", WORK.format(quiet=False))
    assert "Comparing" in shown
    assert "Halfway" in shown
    assert shown.count("written") == 1
    last = shown.rpartition("\x1b[2K")[2]
    assert "Halfway" not in last


@pytest.mark.parametrize(
    ("quiet", "environment", "said"),
    [
        (True, {}, "failed: why\n"),
        (False, {"TERM": "dumb"}, "written\nfailed: why\n"),
    ],
)
def test_quiet_and_dumb_terminals_have_none(
    quiet: bool, environment: dict[str, str], said: str
) -> None:
    assert at_terminal("-c", WORK.format(quiet=quiet), **environment) == said


def test_a_pipe_has_no_progress_even_if_it_wants_colours() -> None:
    assert in_pipe("-c", WORK.format(quiet=False), FORCE_COLOR="1")[2] == "written\nfailed: why\n"


@pytest.mark.parametrize("where", ["before", "behind"])
def test_quiet_may_stand_anywhere(
    where: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["tag", str(file), "-o", str(tmp_path / "out.onnx")]
    run(["-q", *command] if where == "before" else [*command, "--quiet"])
    assert capsys.readouterr() == ("", "")
    run(command)
    assert "8 ops in" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run([*command, "--quiet", "--no-such-option"])
    assert "No such option" in capsys.readouterr().err


def test_an_export_ends_with_its_modules_coverage_and_audit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    graph = tagged(scoped(parse(NET), SCOPES))
    finding = Finding("misplaced", "warning", ("a",), "It is elsewhere.")
    document = export_document(graph, [finding], Path("out.onnx"))
    json.dumps(document)
    assert [(one["module"], one["ops"]) for one in top_modules(graph)] == [
        *(("", 8), ("enc", 5), ("enc.emb", 1), ("enc.att", 4), ("head", 1))
    ]
    print_export(document, {"export": 1.25})
    out, err = capsys.readouterr()
    assert out == "", "what is piped is the document alone"
    lines = err.splitlines()
    assert lines[:2] == ["out.onnx: 8 ops in 7 modules.", "export 1.2 s"]
    assert any(line.split()[:1] == ["enc.att"] and line.endswith(" 4") for line in lines)
    assert lines[-2].startswith("coverage   100.0% of ops have a module: 8 declared;")
    assert lines[-1] == (
        "audit      1 op may be in a wrong module (1 warning: see hexviz audit out.onnx)"
    )
    with silenced(True):
        print_export({**document, "top_modules": []}, {})
    assert "audit" not in capsys.readouterr().err


def test_a_model_in_a_wrapper_is_told_from_where_it_branches() -> None:
    scopes = {name: f"wrapped.{fqn}".rstrip(".") for name, fqn in SCOPES.items()}
    graph = tagged(scoped(parse(NET), scopes))
    assert [one["module"] for one in top_modules(graph)][:2] == ["wrapped", "wrapped.enc"]


@pytest.mark.parametrize(
    ("line", "offered", "missing"),
    [
        ("hexviz ", {"view", "export", "gpt2"}, {"--help"}),
        ("hexviz view be", {"bert-tiny"}, {"gpt2"}),
        ("hexviz audit n", {"net.onnx"}, {"notes.txt"}),
        ("hexviz extract net.onnx --module enc.a", {"enc.att", "enc.att.q"}, {"enc.emb"}),
        ("hexviz extract net.onnx --policy ", {"include_all"}, {"net.onnx"}),
        ("hexviz explain net.onnx ", {"a", "s"}, {"enc"}),
        ("hexviz explain broken.onnx ", set(), set()),
    ],
)
def test_shells_are_offered(
    line: str, offered: set[str], missing: set[str], tmp_path: Path
) -> None:
    (tmp_path / "net.onnx").write_bytes(scoped(parse(NET), SCOPES).SerializeToString())
    (tmp_path / "notes.txt").touch()
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    words = line.split()
    at = len(words) - (not line.endswith(" "))
    code, out, err = in_pipe(
        *("-m", "hexviz"),
        cwd=tmp_path,
        COMP_WORDS=line,
        COMP_CWORD=str(at),
        _HEXVIZ_COMPLETE="complete_bash",
    )
    assert err == ""
    assert code == 0
    assert offered <= set(out.split())
    assert not missing & set(out.split())


def test_the_help_lists_every_command_in_a_group_within_80_columns() -> None:
    shown = in_pipe("-m", "hexviz", "--help", COLUMNS="80")[1]
    assert max(map(len, shown.splitlines())) <= 80
    assert "─ Commands ─" not in shown
    for command in app.registered_commands:
        assert command.rich_help_panel, command.callback
