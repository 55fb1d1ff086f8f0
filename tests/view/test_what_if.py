"""Colours that say what another policy would do with each op."""

import pytest

from hexviz.tagging.policies import POLICIES, changes, what_if
from hexviz.view.colouring import colour_by
from hexviz.view.index import build_index
from hexviz.view.modes import COLOURINGS, policy_of
from hexviz.view.scales import plain_swatch
from hexviz.view.what_if import ANSWERS, NAMES, WhatIf, ask
from tests.build import parse, scoped, tagged

GRAPH = tagged(
    scoped(
        parse("""g (float[2] x) => (float[2] y) {
            a = Neg (x)
            s = Shape (a)
            t = Shape (x)
            q = Reshape (a, s)
            r = Reshape (q, t)
            y = Relu (r)
        }"""),
        {"a": "enc.a", "s": "enc.b", "t": "enc", "q": "enc.b", "r": "head", "y": "enc.b"},
    )
)


def test_every_policy_has_a_name_and_a_mode() -> None:
    assert tuple(NAMES) == POLICIES
    assert [policy for mode in COLOURINGS if (policy := policy_of(mode))] == list(POLICIES)
    with pytest.raises(ValueError, match="No policy is named 'loud'"):
        ask(GRAPH, "loud")


@pytest.mark.parametrize("policy", POLICIES)
def test_every_op_is_told_what_becomes_of_it(policy: str) -> None:
    index = build_index(GRAPH)
    mode = next(mode for mode in COLOURINGS if policy_of(mode) == policy)
    colouring = colour_by(index, mode)
    told = {
        op.id: colouring.names[colouring.codes[index.slot_of[at]]]
        for at, op in enumerate(GRAPH.ops)
    }
    moved = changes(GRAPH, what_if(GRAPH, policy))
    wanted = dict.fromkeys(told, "stays") | {
        GRAPH.ops[at].id: f"moves {where}" for where, found in moved.items() for at in found
    }
    assert told == wanted
    assert len(set(told.values())) > 1
    assert colour_by(index, mode, None, ask(GRAPH, policy)).codes.tolist() == (
        colouring.codes.tolist()
    )


def test_a_name_keeps_its_colour_whatever_the_policy_moves() -> None:
    index = build_index(GRAPH)
    for theme in ("light", "dark"):
        swatches = [
            colour_by(index, mode).swatches(theme) for mode in COLOURINGS if policy_of(mode)
        ]
        assert all(one == swatches[0] for one in swatches)
        assert swatches[0][0] == plain_swatch(theme)
        assert len({swatch.solid for swatch in swatches[0]}) == len(ANSWERS)


def test_a_box_stays_only_where_all_of_its_ops_do() -> None:
    index = build_index(GRAPH)
    box = index.containers["enc"]
    positions = index.op_at[box.low : box.high].tolist()
    assert len(positions) > 3
    answers = {at: op.module for at, op in enumerate(GRAPH.ops)}
    still = WhatIf("consumers", answers, {"deeper": [], "higher": [], "elsewhere": []})
    one = WhatIf("consumers", answers, {"deeper": [positions[0]], "higher": [], "elsewhere": []})
    for asked, wanted in ((still, "stays"), (one, "moves deeper")):
        colouring = colour_by(index, "what-if consumers", None, asked)
        assert colouring.names[colouring.answer(box.low, box.high)] == wanted
