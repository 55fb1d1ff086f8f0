import pytest

from hexviz.view.palette import Theme
from hexviz.view.stylesheet import stylesheet
from hexviz.view.svg.cascade import Cascade

RULES = [
    {"selector": "node", "style": {"shape": "round-rectangle", "width": "data(width)"}},
    {"selector": 'node[kind = "op"], node[kind = "input"]', "style": {"shape": "ellipse"}},
    {"selector": "node[fill]", "style": {"background-color": "data(fill)"}},
    {"selector": "edge[?label]", "style": {"label": "data(label)"}},
    {"selector": "edge[bends > 0]", "style": {"curve-style": "unbundled-bezier"}},
    {"selector": "node.hover", "style": {"width": 1}},
    {"selector": ".dimmed", "style": {"opacity": 0.3}},
]


def test_later_rules_win_and_data_is_filled_in() -> None:
    cascade = Cascade(RULES)
    assert cascade.style({"kind": "op", "width": 12}) == {"shape": "ellipse", "width": 12}
    assert cascade.style({"kind": "stub", "width": 3, "fill": "#fff"}) == {
        "shape": "round-rectangle",
        "width": 3,
        "background-color": "#fff",
    }


def test_conditions_on_edges() -> None:
    cascade = Cascade(RULES)
    assert cascade.style({"source": "a", "label": "", "bends": 0}) == {}
    assert cascade.style({"source": "a", "label": "x"}) == {"label": "x"}
    assert cascade.style({"source": "a", "bends": 2}) == {"curve-style": "unbundled-bezier"}


@pytest.mark.parametrize(
    "selector", ["node > node", "node[a != 1]", "#id", "node:selected", "node[a ^= 'b']"]
)
def test_a_selector_that_is_not_known_is_an_error(selector: str) -> None:
    with pytest.raises(ValueError, match="Unknown"):
        Cascade([{"selector": selector, "style": {}}])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_whole_stylesheet_is_known(theme: Theme) -> None:
    rules = stylesheet(theme)
    Cascade(rules)
    style = Cascade(rules).style({"source": "a", "width": 2, "fan": 1, "bends": 0})
    assert style["display"] == "none"
    assert style["width"] == 2
