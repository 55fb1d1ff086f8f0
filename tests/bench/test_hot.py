"""The functions that opening a file and drawing its first view spend their time in.

Not run by the tests: `make bench-hot` does, by pytest-benchmark. It asserts nothing about time.
"""

from typing import Any

import numpy as np
import pytest

from hexviz.bench.synthetic import synthetic
from hexviz.model.columns import PRIMARY
from hexviz.model.flatten import flatten
from hexviz.model.graph import TaggedGraph
from hexviz.model.reader import parse
from hexviz.tagging.context import find_contexts
from hexviz.tagging.declare import declare
from hexviz.tagging.inherit import inherit
from hexviz.tagging.tag import tag
from hexviz.view.first_view import first_view
from hexviz.view.index import build_index
from hexviz.view.render import Layouts, render

pytestmark = pytest.mark.benchmark(min_rounds=5, disable_gc=True, warmup=True, warmup_iterations=1)

OPS = 10_000


@pytest.fixture(scope="module")
def graph() -> TaggedGraph:
    """Most of its ops have to be inferred."""
    return tag(parse(synthetic(OPS, "names, 60 % blanked"), name="synthetic"))


def test_flatten(benchmark: Any, graph: TaggedGraph) -> None:
    flat = benchmark(flatten, graph.proto)
    assert len(flat.ops) == len(graph.ops)


def test_declare(benchmark: Any, graph: TaggedGraph) -> None:
    declared = benchmark(declare, graph.flat, {}).provenance
    assert 0 < len(declared) < len(graph.ops)


def test_inherit(benchmark: Any, graph: TaggedGraph) -> None:
    declared = declare(graph.flat, {})
    inherited = benchmark(inherit, graph.flat, declared.provenance, declared.modules)
    assert len(inherited.provenance) == len(graph.ops)


def test_find_contexts(benchmark: Any, graph: TaggedGraph) -> None:
    columns, tree = graph.columns, graph.modules.columns
    auxiliary = np.flatnonzero(columns.categories != PRIMARY).tolist()
    told = graph.ids, columns.modules.tolist(), auxiliary, tree.fqns, tree.tags
    contexts = benchmark(find_contexts, graph.flat, *told)
    assert (contexts.served >= 0).sum() == len(auxiliary)


def test_build_index(benchmark: Any, graph: TaggedGraph) -> None:
    assert len(benchmark(build_index, graph, "module").home) == len(graph.ops)


def test_render_of_the_first_view(benchmark: Any, graph: TaggedGraph) -> None:
    """With nothing laid out before, as when a file was just opened."""
    index = build_index(graph, "module")

    def drawn() -> int:
        layouts: Layouts = Layouts()
        return render(index, first_view(index, layouts), "light", layouts).n_visible

    assert benchmark(drawn) > 1


def test_to_networkx(benchmark: Any, graph: TaggedGraph) -> None:
    assert len(benchmark(graph.to_networkx)) == len(graph.ops)
