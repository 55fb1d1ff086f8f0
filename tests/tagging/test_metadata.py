from functools import partial

import pytest
from onnx import helper

from hexviz.model.reader import from_proto
from hexviz.tagging.metadata import Scope, as_written, scope_of_tag, scopes_of
from hexviz.tagging.tag import tag


def scope_of(metadata: dict[str, str]) -> Scope | None:
    """The only scope that is declared, if any is."""
    found = scopes_of(metadata)
    assert len(found) <= 1
    return found[0] if found else None


def pytorch(scopes: list[str], classes: list[str]) -> Scope | None:
    return scope_of(
        {
            "pkg.torch.onnx.name_scopes": repr(scopes),
            "pkg.torch.onnx.class_hierarchy": repr(classes),
        }
    )


def test_the_last_entry_is_the_fx_node_and_the_one_before_it_the_owner() -> None:
    scope = pytorch(["", "enc", "enc.0", "add_1"], ["my.Net", "my.Enc", "my.Layer", "aten.add"])
    assert scope == Scope(("", "enc", "enc.0"), ("Net", "Enc", "Layer"))
    assert scope.module == "enc.0"


def test_bookkeeping_scopes_are_no_modules() -> None:
    pseudo = "_empty_nn_module_stack_from_metadata_hook"
    assert pytorch([pseudo, "add"], ["x", "aten.add"]) is None
    scope = pytorch(["", pseudo, "add"], ["Net", "x", "aten.add"])
    assert scope is not None
    assert (scope.fqns, scope.class_names) == (("",), ("Net",))
    named = as_written(scope, {pseudo})
    assert (named.fqns, named.class_names) == (("", pseudo), ("Net", "x"))


def test_an_op_with_an_fx_node_alone_is_not_declared() -> None:
    assert pytorch(["add"], ["aten.add"]) is None


def test_the_count_of_a_repeated_call_is_no_part_of_the_name() -> None:
    scope = pytorch(["", "act@1", "relu"], ["Net", "ReLU", "aten.relu"])
    assert scope is not None
    assert scope.module == "act"


def test_entries_with_quotes_and_commas_are_parsed_whole() -> None:
    scope = pytorch(["", "a, 'b'", "x, y"], ["Net", "B", "op"])
    assert scope == Scope(("", "a, 'b'"), ("Net", "B"))


def test_metadata_is_never_run() -> None:
    assert scope_of({"pkg.torch.onnx.name_scopes": "__import__('os').getcwd()"}) is None
    assert scope_of({"pkg.torch.onnx.name_scopes": "[" * 5000}) is None
    assert scope_of({"pkg.torch.onnx.name_scopes": "{'a': 1}"}) is None


def test_namespace_is_read_where_there_are_no_scopes() -> None:
    text = ": my.Net/enc: my.Enc/add_1: aten.add"
    assert scope_of({"namespace": text}) == Scope(("", "enc"), ("Net", "Enc"))


def test_a_path_of_class_names_makes_a_tree_too() -> None:
    tag = "/BertModel/BertEncoder/BertLayer.0"
    assert scope_of({"winml.hierarchy.tag": tag}) == scope_of_tag(tag)
    assert scope_of_tag(tag) == Scope(
        ("", "BertEncoder", "BertEncoder.BertLayer.0"),
        ("BertModel", "BertEncoder", "BertLayer"),
        tag,
    )
    assert scope_of_tag("/") is None


def test_keys_that_agree_are_one_source_and_keys_that_do_not_are_two() -> None:
    scopes = {
        "pkg.torch.onnx.name_scopes": "['', 'enc', 'add_1']",
        "pkg.torch.onnx.class_hierarchy": "['my.Net', 'my.Enc', 'aten.add']",
    }
    enc = Scope(("", "enc"), ("Net", "Enc"))
    assert scopes_of({**scopes, "namespace": ": my.Net/enc: my.Enc/add_1: aten.add"}) == (enc,)
    assert scopes_of({**scopes, "namespace": ": my.Net/dec: my.Dec/add_1: aten.add"}) == (
        enc,
        Scope(("", "dec"), ("Net", "Dec")),
    )


def test_what_torch_export_wraps_a_model_in_is_no_module() -> None:
    scope = pytorch(
        ["", "_export_root", "_export_root.enc", "add"], ["Wrapper", "my.Net", "my.Enc", "aten.add"]
    )
    assert scope is not None
    assert (scope.fqns, scope.class_names) == (("", "enc"), ("Net", "Enc"))


@pytest.mark.parametrize("weight", ["w", "enc.weight"])
def test_ops_whose_record_names_no_module_are_tagged_by_what_else_is_known(weight: str) -> None:
    hook = "_empty_nn_module_stack_from_metadata_hook"  # torch.export's own, of open sizes
    nodes = [
        helper.make_node("Add", ["x", weight], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Relu", ["b"], ["y"]),
    ]
    for node, scope in zip(nodes, (hook, hook, "enc"), strict=True):
        records = {"name_scopes": ["", scope, "n"], "class_hierarchy": ["Net", scope, "aten.n"]}
        records = records if scope == "enc" else {key: two[1:] for key, two in records.items()}
        props = {f"pkg.torch.onnx.{key}": repr(record) for key, record in records.items()}
        steps = map(": ".join, zip(*records.values(), strict=True))
        helper.set_model_props(node, {**props, "namespace": "/".join(steps)})
    value = partial(helper.make_tensor_value_info, elem_type=1, shape=[2])
    stored = helper.make_tensor(weight, 1, [2], [0.0, 1.0])
    graph = helper.make_graph(nodes, "g", [value("x")], [value("y")], [stored])
    ops = tag(from_proto(helper.make_model(graph), name="m")).ops
    assert [op.module for op in ops][-1] == "enc"
    assert ops[0].provenance.rule == ("trace" if weight == "w" else "weight")
