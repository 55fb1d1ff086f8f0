"""Suggestions for misspelt names, in models of any size."""

import difflib

import pytest

from hexviz.model.near_names import near_names


def test_the_nearest_comes_first() -> None:
    assert near_names("lin.weigth", ["bias", "lin.weight", "lin.weights"])[0] == "lin.weight"
    assert near_names("zzz", ["lin.weight"]) == []


def test_a_large_model_is_not_compared_name_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [f"encoder.layer.{at}/attention/self/value_{at}" for at in range(30_000)]
    known += ["decoder.head.weight"]
    compared = []
    matches = difflib.get_close_matches

    def count(name: str, names: list[str], n: int) -> list[str]:
        compared.append(len(names))
        return matches(name, names, n)

    monkeypatch.setattr(difflib, "get_close_matches", count)
    assert near_names("decoder.haed.weight", known)[0] == "decoder.head.weight"
    assert known[29_999] in near_names("encoder.layer.29999/atention/self/value_29999", known)
    assert compared == [2000, 2000]
