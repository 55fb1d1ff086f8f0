"""GraphML: what networkx reads, and the boxes in boxes that yEd lays out."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import networkx as nx
import pytest

from hexviz.api import TaggedGraph
from tests.convert.graphs import hostile, layers

NS = {
    "g": "http://graphml.graphdrawing.org/xmlns",
    "y": "http://www.yworks.com/xml/graphml",
}


@pytest.fixture(scope="module")
def graph() -> TaggedGraph:
    return layers()


def parsed(path: Path) -> ElementTree.Element:
    return ElementTree.parse(path).getroot()  # noqa: S314 - written by the test


def as_it_was(read: nx.DiGraph) -> nx.DiGraph:
    """A graph from GraphML as ``to_networkx`` gives it: with what is ``None``, and with tuples."""
    names = ("context", "auxiliary", "call", "call_target")
    for _, facts in read.nodes(data=True):
        for name in names:
            facts.setdefault(name, None)
    for *_, facts in read.edges(data=True):
        facts["values"] = tuple(json.loads(facts["values"]))
    return read


def plain(graph: nx.DiGraph) -> tuple[Any, Any]:
    nodes = {key: dict(facts) for key, facts in graph.nodes(data=True)}
    return nodes, {(one, other): dict(facts) for one, other, facts in graph.edges(data=True)}


def test_networkx_reads_the_graph_back(graph: TaggedGraph, tmp_path: Path) -> None:
    done = graph.convert(tmp_path / "graph.graphml")
    read = nx.read_graphml(tmp_path / "graph.graphml")
    assert read.is_directed()
    assert not read.is_multigraph()
    assert plain(as_it_was(read)) == plain(graph.to_networkx())
    assert list(read) == list(graph.to_networkx())  # in execution order
    assert (done.ops, done.edges) == (len(read), len(graph.edges))


def test_figures_are_numbers(graph: TaggedGraph, tmp_path: Path) -> None:
    graph.convert(tmp_path / "graph.graphml", costs=True)
    read = nx.read_graphml(tmp_path / "graph.graphml")
    assert {type(facts["macs"]) for _, facts in read.nodes(data=True)} == {float}


def test_what_xml_cannot_hold_stays_apart(tmp_path: Path) -> None:
    graph = hostile()
    graph.convert(tmp_path / "graph.graphml")
    read = nx.read_graphml(tmp_path / "graph.graphml")
    assert len(read) == len(graph.ops)
    first, second, *_ = read
    assert (first, second) == ("y␁", "y␂")
    assert read.edges[first, second]["values"] == '["y␁"]'
    named = read.nodes[first]["name"]
    assert named == graph.ops[0].name.replace("\x01", "␁").replace("\x00", "␀")


def test_yed_has_a_group_for_each_module_with_ops(graph: TaggedGraph, tmp_path: Path) -> None:
    graph.convert(tmp_path / "graph.graphml", dialect="yed")
    root = parsed(tmp_path / "graph.graphml")
    groups = {
        node.find("g:data[@key='module']", NS).text: node  # type: ignore[union-attr]
        for node in root.iterfind(".//g:node[@yfiles.foldertype='group']", NS)
    }
    assert set(groups) == {
        module.fqn for module in graph.modules if module.fqn and graph.subtree(module).ops
    }
    around = {child: node for node in root.iter() for child in node}
    for fqn, node in groups.items():
        inside = node.find("g:graph", NS)
        assert inside is not None
        held = inside.findall("g:node", NS)
        ops = [one for one in held if one.get("yfiles.foldertype") is None]
        assert len(ops) == len(graph.modules[fqn].ops)
        outer = around[around[node]]
        parent = graph.modules[fqn].parent
        assert (outer is groups[parent]) if parent else outer.tag.endswith("graphml")


def test_yed_gets_what_its_groups_are_made_of(graph: TaggedGraph, tmp_path: Path) -> None:
    """The elements that yWorks' schema asks for; yEd itself is no free program to test with."""
    graph.convert(tmp_path / "graph.graphml", dialect="yed", costs=True)
    root = parsed(tmp_path / "graph.graphml")
    drawn = {key.get("id"): key.get("yfiles.type") for key in root.iterfind("g:key", NS)}
    assert drawn["look"] == "nodegraphics"
    assert drawn["line"] == "edgegraphics"
    for node in root.iterfind(".//g:node[@yfiles.foldertype='group']", NS):
        realizers = node.find("g:data/y:ProxyAutoBoundsNode/y:Realizers", NS)
        assert realizers is not None
        closed = [one.get("closed") for one in realizers.iterfind("y:GroupNode/y:State", NS)]
        assert closed == ["false", "true"]
        assert realizers.get("active") in ("0", "1")
    keys = {key.get("id") for key in root.iterfind("g:key", NS)}
    assert {data.get("key") for data in root.iter(f"{{{NS['g']}}}data")} <= keys
    ids = [node.get("id") for node in root.iter(f"{{{NS['g']}}}node")]
    assert len(set(ids)) == len(ids)
    for edge in root.iter(f"{{{NS['g']}}}edge"):
        assert {edge.get("source"), edge.get("target")} <= set(ids)


@pytest.mark.parametrize("ops", [60, 400])
def test_groups_of_large_models_are_closed(ops: int, tmp_path: Path) -> None:
    layers(ops).convert(tmp_path / "graph.graphml", dialect="yed")
    text = (tmp_path / "graph.graphml").read_text()
    assert ('active="1"' in text) == (ops > 300)
    assert 'active="0"' in text


def test_networkx_reads_yeds_dialect_as_well(graph: TaggedGraph, tmp_path: Path) -> None:
    graph.convert(tmp_path / "graph.graphml", dialect="yed")
    read = nx.read_graphml(tmp_path / "graph.graphml")
    ops = [key for key in read if key.startswith("o")]
    assert len(ops) == len(graph.ops)
    assert read.nodes["o0"]["label"] == graph.ops[0].op_type


def test_the_worst_names_are_text_in_yeds_dialect(tmp_path: Path) -> None:
    hostile().convert(tmp_path / "graph.graphml", dialect="yed")
    root = parsed(tmp_path / "graph.graphml")
    labels = [label.text for label in root.iter(f"{{{NS['y']}}}NodeLabel")]
    assert 'a<b>&"\\N]]>␁␀\ud7ff{|}\n\r\t%=É∕/' in labels
