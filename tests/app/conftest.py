from __future__ import annotations

from pathlib import Path

import pytest

from hexviz.app.models.store import ModelStore, OpenModel
from hexviz.cache import Cache
from tests.build import parse, scoped, tagged

NET = """g (float[1,4] x) => (float[1,4] y) {
    a = Neg (x)
    s = Shape (a)
    q = Relu (a)
    k = Exp (a)
    r = Reshape (k, s)
    m = Mul (q, r)
    o = Abs (m)
    y = Identity (o)
}"""
SCOPES = {
    "a": "enc.emb",
    "s": "",
    "q": "enc.att.q",
    "k": "enc.att.k",
    "r": "enc.att",
    "m": "enc.att",
    "o": "head",
    "y": "",
}


@pytest.fixture
def net() -> bytes:
    """A small model with a tree three levels deep."""
    return scoped(parse(NET), SCOPES).SerializeToString()


@pytest.fixture
def model() -> OpenModel:
    return OpenModel("0" * 64, tagged(scoped(parse(NET), SCOPES)))


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(Cache(tmp_path), capacity=2)
