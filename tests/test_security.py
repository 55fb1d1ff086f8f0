"""SECURITY.md names tests, and these are there."""

import ast
import re
from pathlib import Path

from hexviz.app.guard import limits
from hexviz.app.guard.access import SHORTEST

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "SECURITY.md").read_text()


def named_in(text: str) -> set[str]:
    return set(re.findall(r"`(test_\w+)`", text))


def known_tests() -> set[str]:
    return {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def rows() -> list[str]:
    return [line for line in TEXT.splitlines() if line.startswith("| ")][1:]


def test_every_test_that_security_names_is_there() -> None:
    assert len(named_in(TEXT)) > 30
    assert named_in(TEXT) <= known_tests()


def test_every_threat_names_a_test() -> None:
    assert all(named_in(row) for row in rows())


def test_a_test_that_is_not_there_is_found() -> None:
    assert not named_in("`test_of_a_thing_that_nobody_wrote`") <= known_tests()


def test_its_figures_are_those_of_the_code() -> None:
    for figure in (
        f"{limits.MAX_UPLOAD >> 20} MB",
        f"{limits.MAX_MESSAGE >> 20} MB",
        f"{limits.MAX_STRANGERS_BODY >> 10} kB without the token",
        f"heads of {limits.MAX_HEADERS >> 10} kB",
        f"{limits.UPLOADS_AT_ONCE} at once and {limits.UPLOADS_PER_MINUTE} a minute",
        f"{limits.UPLOAD_BYTES_PER_SECOND >> 20} MB/s",
        f"{SHORTEST} characters",
    ):
        assert figure in TEXT
