"""Both ends speak one protocol: the browser's types are those that the server's file makes."""

from __future__ import annotations

from hexviz.app.protocol import AnyEvent
from tests.assets.protocol_types import WRITTEN, declarations


def test_the_browsers_types_are_up_to_date() -> None:
    assert WRITTEN.read_text() == declarations(), "run `make protocol-types`"


def test_every_event_is_declared_with_its_type() -> None:
    declared = declarations()
    for kind in AnyEvent.__args__:
        assert f'type: "{kind.__struct_config__.tag}";' in declared
        assert f"export interface {kind.__name__} {{" in declared


def test_answers_may_leave_out_what_is_unset_and_requests_what_has_a_default() -> None:
    declared = declarations()
    assert "  address?: string;" in declared  # UNSET in an answer
    assert "  parts: Record<string, any>;" in declared  # an answer has its defaults written out
    assert '  theme?: "dark" | "light";' in declared
    assert "  shown?: string | null;" in declared
