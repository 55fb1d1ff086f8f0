"""The tree of errors, as its module draws it, is the tree there is."""

import re

from hexviz import errors


def test_the_tree_in_the_docstring_is_complete() -> None:
    assert sorted(errors.__all__) == errors.__all__
    defined = {name for name, one in vars(errors).items() if isinstance(one, type)}
    assert defined == set(errors.__all__)
    drawn = re.findall(r"[├└]── (\w+) {2,}\S", errors.__doc__ or "")
    assert {"HexvizError", *drawn} == defined
    assert all(getattr(errors, name).__base__ is errors.HexvizError for name in drawn)
