from hypothesis import given
from hypothesis import strategies as st

from hexviz.model.modules import ModuleInfo, build_tree

SEGMENTS = st.sampled_from(["a", "b", "query", "key", "0", "1", "x/y", "Linear"])
FQNS = st.lists(SEGMENTS, min_size=1, max_size=4).map(".".join)
CLASSES = st.sampled_from(["", "Linear", "Linear.a", "Block", "A/B"])


def tags(**classes: str) -> dict[str, str]:
    infos = {fqn.replace("_", "."): ModuleInfo(name) for fqn, name in classes.items()}
    return {module.fqn: module.tag for module in build_tree({"": ModuleInfo("Net"), **infos})}


def test_a_list_member_carries_its_index() -> None:
    found = tags(encoder="Encoder", encoder_layer_0="Layer", encoder_layer_1="Layer")
    assert found["encoder.layer.1"] == "/Net/Encoder/Layer.1"


def test_siblings_of_one_class_are_told_apart_by_attribute() -> None:
    found = tags(query="Linear", key="Linear", norm="LayerNorm")
    assert found == {
        "": "/Net",
        "query": "/Net/Linear.query",
        "key": "/Net/Linear.key",
        "norm": "/Net/LayerNorm",
    }


def test_members_of_two_lists_are_told_apart_by_the_whole_path() -> None:
    found = tags(up_0="Block", down_0="Block")
    assert found["up.0"] == "/Net/Block.up.0"
    assert found["down.0"] == "/Net/Block.down.0"


def test_without_class_names_the_attributes_speak() -> None:
    tree = build_tree({fqn: ModuleInfo() for fqn in ("enc", "enc.layer.0", "enc.layer.0.attn")})
    assert tree["enc.layer.0.attn"].tag == "/enc/layer.0/attn"
    assert tree[""].tag == "/"


@given(st.dictionaries(FQNS, CLASSES.map(ModuleInfo), max_size=12))
def test_tags_and_fqns_map_one_to_one(infos: dict[str, ModuleInfo]) -> None:
    tree = build_tree(infos)
    assert len(tree.by_tag) == len(tree) == len({"", *infos})
    for module in tree:
        assert tree.by_tag[module.tag] == module.fqn
        if module.parent is not None:
            above = tree[module.parent]
            assert module.tag.startswith(above.tag.rstrip("/") + "/")
            assert module.tag.count("/") == above.tag.rstrip("/").count("/") + 1
            assert module.fqn in above.children


def test_parents_come_before_children_and_iterating_yields_modules() -> None:
    tree = build_tree({fqn: ModuleInfo() for fqn in ("a.b.c", "a", "a.b")})
    assert [module.fqn for module in tree] == ["", "a", "a.b", "a.b.c"]
    assert tree.nearest("a.x.y") == "a"
    assert "a.b" in tree
    assert "a.x" not in tree
