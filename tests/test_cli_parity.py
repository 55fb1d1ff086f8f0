"""``hexviz parity``: what it prints, and when it fails."""

import functools
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from hexviz.cli.print_parity import print_parity
from hexviz.measure.documents import ParityDocument, Unpaired, WeightError, read_document
from tests.command import Run, run
from tests.measure.parity.test_parity import Small, changed, small
from tests.measured import parity_of

__all__ = ["factory", "run"]

HERE = "tests.test_cli_parity"


def factory() -> object:
    """What the command is pointed at."""
    from tests.measure.parity.test_parity import INPUTS

    return Small(), INPUTS


def failing() -> object:
    raise RuntimeError("no weights here")


@functools.cache
def _broken() -> bytes:
    return changed(small(), blocks_1_wide_bias=1.5).to_bytes()


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.onnx"
    path.write_bytes(_broken())
    return path


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    path = tmp_path / "clean.onnx"
    small().save(path)
    return path


def test_people_read_the_module_in_the_first_line_and_the_tree_below(
    run: Run, broken: Path
) -> None:
    code, out, err = run("parity", broken, f"{HERE}:factory")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("first divergence: blocks.1.wide, own error ")
    assert any(line.split()[:2] == ["✗", "wide"] for line in lines)
    assert "note: mask: the last 1 of a row are 0" in out
    assert "blocks.0" in out


def test_calls_and_outputs_are_numbered_and_only_used_signs_are_explained(
    capsys: pytest.CaptureFixture[str],
) -> None:
    alone = parity_of(small(), ())
    print_parity(alone)
    plain = capsys.readouterr().out
    assert "(output" not in plain
    assert "→ x:" not in plain
    assert "dim:" not in plain
    first = alone.modules[0]
    lost = Unpaired(module="head", call=1, output=2, reason="nobody reads it")
    second = msgspec.structs.replace(first, output=1)
    handed = msgspec.structs.replace(first, output=2, handed_to="blocks.1")
    print_parity(msgspec.structs.replace(alone, modules=(first, second, handed), unpaired=(lost,)))
    out = capsys.readouterr().out
    assert "head (call 2, output 3)" in out
    assert f"{first.module} (output 2)" in out
    assert f"{first.module} → blocks.1" in out
    assert "→ x: what it makes for x to read" in out


def test_what_is_no_number_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    weight = WeightError(
        name="head.bias", module="head", max_abs_error=None, max_rel_error=None, has_effect=True
    )
    print_parity(msgspec.structs.replace(parity_of(small(), ()), weights=(weight,)))
    assert "head.bias  no number" in capsys.readouterr().out


def test_the_tolerance_that_applied_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    exact = parity_of(small(), ())
    print_parity(exact)
    assert "relative 0.001; absolute 1e-06" in capsys.readouterr().out
    half = msgspec.structs.replace(exact.modules[0], noise=7e-4)
    print_parity(msgspec.structs.replace(exact, modules=(half, *exact.modules[1:])))
    out = " ".join(capsys.readouterr().out.split())
    assert "relative 0.001, or 8 times the rounding where that is more; absolute" in out


def test_json_is_the_document(run: Run, broken: Path) -> None:
    code, out, _ = run("parity", broken, f"{HERE}:factory", "--json")
    found = read_document(out.encode())
    assert isinstance(found, ParityDocument)
    assert code == 0
    assert json.loads(out)["first_divergence"]["path"] == [
        *("", "blocks", "blocks.1", "blocks.1.wide"),
    ]


def test_fail_ends_with_one_if_a_module_adds_more_than_it_may(
    run: Run, broken: Path, clean: Path
) -> None:
    code, _, err = run("parity", broken, f"{HERE}:factory", "--fail", "--rtol", "1e-3")
    assert code == 1
    assert err.startswith("failed: first divergence: blocks.1.wide")
    assert run("parity", broken, f"{HERE}:factory", "--fail", "--rtol", "0.9")[0] == 0
    assert run("parity", clean, f"{HERE}:factory", "--fail")[0] == 0


def test_inputs_come_from_a_file(run: Run, clean: Path, tmp_path: Path) -> None:
    path = tmp_path / "inputs.npz"
    np.savez(path, ids=np.zeros((1, 6), np.int64))
    code, out, _ = run("parity", clean, f"{HERE}:factory", "--inputs", path, "--json")
    assert (code, json.loads(out)["inputs"]) == (0, "given")


def test_a_factory_that_fails_is_one_line(run: Run, clean: Path) -> None:
    code, _, err = run("parity", clean, f"{HERE}:failing")
    assert code == 2
    assert err.startswith(f"hexviz: The factory {HERE}:failing failed: RuntimeError: no weights")
