# ruff: noqa: D101 - a class for each element, and nothing else to say of it
"""Elements of HTML as content that ``assets/dom.js`` builds: ``{"type": tag, "props": {…}}``.

They are called as ``dash.html`` is. Dash's own classes hold every property against a list, which
is right for a layout and took two thirds of the time of an inspector's page.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "H2",
    "H3",
    "H4",
    "A",
    "B",
    "Button",
    "Code",
    "Datalist",
    "Dd",
    "Details",
    "Div",
    "Dl",
    "Dt",
    "Element",
    "Fieldset",
    "Input",
    "Label",
    "Legend",
    "Li",
    "Ol",
    "Option",
    "P",
    "Pre",
    "Section",
    "Select",
    "Span",
    "Summary",
    "Table",
    "Tbody",
    "Td",
    "Th",
    "Thead",
    "Tr",
    "Ul",
    "Wbr",
]


class Element(dict[str, Any]):
    """One element; ``children`` are text, elements, lists of such, or ``None``."""

    tag: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        cls.tag = cls.__name__.lower()

    def __init__(self, children: Any = None, **props: Any) -> None:
        super().__init__(type=self.tag, props={"children": children, **props})


class A(Element): ...


class B(Element): ...


class Button(Element): ...


class Code(Element): ...


class Datalist(Element): ...


class Dd(Element): ...


class Details(Element): ...


class Dl(Element): ...


class Dt(Element): ...


class Div(Element): ...


class Fieldset(Element): ...


class H2(Element): ...


class H3(Element): ...


class H4(Element): ...


class Input(Element): ...


class Label(Element): ...


class Legend(Element): ...


class Li(Element): ...


class Ol(Element): ...


class Option(Element): ...


class P(Element): ...


class Pre(Element): ...


class Section(Element): ...


class Select(Element): ...


class Span(Element): ...


class Summary(Element): ...


class Table(Element): ...


class Tbody(Element): ...


class Td(Element): ...


class Th(Element): ...


class Thead(Element): ...


class Tr(Element): ...


class Ul(Element): ...


class Wbr(Element): ...
