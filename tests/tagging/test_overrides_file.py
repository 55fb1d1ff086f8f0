"""A person's modules in a file: saved, read, and refused where they do not fit, with the reason."""

import json
from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexviz.errors import OverridesError
from hexviz.model.graph import TaggedGraph
from hexviz.tagging.override import overridden, override
from hexviz.tagging.overrides_file import (
    load_overrides,
    overrides_document,
    read_overrides,
    structure_digest,
)
from hexviz.tagging.tag import load
from tests.app.conftest import NET, SCOPES
from tests.build import parse, scoped, tagged
from tests.tagging.random_graphs import models


def net(old: str = "", new: str = "") -> TaggedGraph:
    """The small model, or one in which a piece of its text is another."""
    return tagged(scoped(parse(NET.replace(old, new) if old else NET), SCOPES))


def saved(**changes: Any) -> str:
    """The file of two overrides, with other values at the top or in ``model``."""
    document = overrides_document(override(net(), {"s": "enc.att", "y": "head"}))
    for key, value in changes.items():
        (document["model"] if key in document["model"] else document)[key] = value
    return json.dumps(document)


def refusal(text: str, graph: TaggedGraph | None = None) -> str:
    with pytest.raises(OverridesError) as error:
        read_overrides(text, graph or net())
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_the_file_holds_what_a_person_set_and_of_which_model() -> None:
    graph = override(net(), {"s": "enc.att"})
    assert overrides_document(graph) == {
        "hexviz": "overrides",
        "version": 1,
        "model": {"name": "test.onnx", "ops": 8, "digest": structure_digest(graph)},
        "overrides": [{"op": "s", "op_type": "Shape", "module": "enc.att"}],
    }
    assert overrides_document(net())["overrides"] == []
    assert read_overrides(saved(), net()) == {"s": "enc.att", "y": "head"}
    assert read_overrides("\ufeff" + saved(), net()) == {"s": "enc.att", "y": "head"}


@given(models(), st.data())
def test_what_is_saved_is_read_back_for_the_bare_model(
    proto: onnx.ModelProto, data: st.DataObject
) -> None:
    graph = tagged(proto)
    chosen = data.draw(
        st.dictionaries(
            st.sampled_from([op.id for op in graph.ops]),
            st.sampled_from([module.fqn for module in graph.modules]),
        )
    )
    changed = override(graph, chosen)
    again = read_overrides(json.dumps(overrides_document(changed)), tagged(proto))
    assert again == chosen
    assert [op.module for op in override(tagged(proto), again).ops] == [
        op.module for op in changed.ops
    ]


def test_the_digest_is_of_the_structure_alone(tmp_path: Path) -> None:
    text = "g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { y = Add (x, w) }"
    digest = structure_digest(tagged(parse(text)))
    assert len(digest) == 64
    assert structure_digest(tagged(parse(text.replace("1, 2", "3, 4")))) == digest
    override(tagged(parse(text)), {"y": ""}).save(tmp_path / "tagged.onnx")
    kept = load(tmp_path / "tagged.onnx")
    assert overridden(kept) == {"y": ""}
    assert structure_digest(kept) == digest
    for old, new in (("Add", "Mul"), ("x, w", "w, x"), ("y =", "v ="), ("w)", "x)")):
        other = text.replace("=> (float[2] y)", "=> (float[2] v)") if "v" in new else text
        assert structure_digest(tagged(parse(other.replace(old, new)))) != digest
    foreign = parse(text)
    foreign.graph.node[0].domain = "other"
    assert structure_digest(tagged(foreign)) != digest


@pytest.mark.parametrize("text", ["", "op,module", "{", "[" * 100_000, "1" * 5_000 + "x"])
def test_no_json(text: str) -> None:
    assert refusal(text) == (
        "That is not JSON that can be read: give a file of overrides that hexviz saved."
    )


@pytest.mark.parametrize(
    "text", ["[]", "3", "null", "{}", '{"s": 1.5}', '{"hexviz": ["overrides"]}']
)
def test_another_json(text: str) -> None:
    assert 'does not begin with "hexviz": "overrides": give a file of overrides' in refusal(text)


def test_a_version_of_another_time() -> None:
    assert refusal(saved(version=2)) == (
        "That file of overrides has version 2, and this hexviz reads version 1: save it again "
        "with this hexviz, or install the one that wrote it."
    )


def entry(**changes: object) -> list[object]:
    return [{"op": "s", "op_type": "Shape", "module": "enc"} | changes]


@pytest.mark.parametrize(
    ("changes", "place", "what"),
    [
        ({"version": True}, "version", "a whole number"),
        ({"version": "1"}, "version", "a whole number"),
        ({"model": None}, "model", "an object"),
        ({"name": 3}, "model.name", "a text"),
        ({"ops": 8.0}, "model.ops", "a whole number"),
        ({"ops": False}, "model.ops", "a whole number"),
        ({"digest": []}, "model.digest", "a text"),
        ({"overrides": {}}, "overrides", "a list"),
        ({"overrides": ["s"]}, "overrides[0]", "an object"),
        ({"overrides": entry(op=["s"])}, "overrides[0].op", "a text"),
        ({"overrides": entry(op_type=None)}, "overrides[0].op_type", "a text"),
        ({"overrides": entry(module=0)}, "overrides[0].module", "a text"),
        ({"overrides": [*entry(), {}]}, "overrides[1].op", "a text"),
    ],
)
def test_wrong_types(changes: dict[str, Any], place: str, what: str) -> None:
    assert refusal(saved(**changes)) == (
        f"That file of overrides is damaged: {place} has to be {what}. Correct it, or save it "
        "again."
    )


def test_an_op_is_named_once() -> None:
    text = saved(overrides=[*entry(), *entry(module="head")])
    assert refusal(text) == "That file of overrides names the op 's' twice: keep one of them."


def test_another_model_is_refused_with_what_differs() -> None:
    other = tagged(
        scoped(
            parse(
                "g (float[1,4] x) => (float[1,4] y2) {"
                " s = Neg (x) y1 = Abs (s) y2 = Identity (y1) }"
            ),
            {"s": "enc.att", "y1": "heads", "y2": ""},
        )
    )
    assert refusal(saved(name="net.onnx"), other) == (
        "These overrides are of another model: its name is 'net.onnx', not 'test.onnx'; it has 8 "
        "ops, not 3; not here: op 'y' (near ones: 'y2'); of another type: 's' is a Neg, not a "
        "'Shape'; not here: module 'head' (near ones: 'heads'). Open the model they were saved "
        "from, or set them again on this one."
    )


def test_a_few_of_many_are_named() -> None:
    many = [{"op": f"op{at}?", "op_type": "Nope", "module": "enc"} for at in range(5)]
    told = refusal(saved(overrides=many, digest="0"))
    assert "not here: op 'op0?', 'op1?', 'op2?' and 2 more. Open the model" in told


def test_the_same_ops_in_another_structure() -> None:
    other = net("Mul (q, r)", "Mul (r, q)")
    told = refusal(saved(), other)
    assert told == (
        "These overrides are of another model: all they name is here, but the graph around it is "
        "another. Set them again on this one; or, if they are sure to hold, write its digest into "
        f"the file: {structure_digest(other)}."
    )
    advised = saved(digest=structure_digest(other))
    assert read_overrides(advised, other) == {"s": "enc.att", "y": "head"}


def test_a_file_edited_by_hand_and_a_tree_without_the_module() -> None:
    told = refusal(saved(overrides=entry(module="enc.at")))
    assert told == (
        "These overrides were saved from a model of this structure, but do not fit it: not here: "
        "module 'enc.at' (near ones: 'enc.att', 'enc.att.q'). Correct the file, or open the tagged "
        "model it was saved from."
    )
    assert "not here: op 'sh'" in refusal(saved(overrides=entry(op="sh")))
    assert "'s' is a Shape, not a 'Size'" in refusal(saved(overrides=entry(op_type="Size")))


def test_a_strangers_text_is_cut_and_cannot_steer_the_terminal() -> None:
    told = refusal(saved(overrides=entry(module="\x1b[31m\n" + "m" * 10_000)))
    assert len(told) < 400
    assert "\x1b" not in told
    assert "…" in told


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(OverridesError, match=r"no\.json does not exist: check the path\."):
        load_overrides(tmp_path / "no.json", net())
    with pytest.raises(OverridesError, match=r" cannot be read: Is a directory\."):
        load_overrides(tmp_path, net())
    (tmp_path / "model.onnx").write_bytes(b"\x08\xff\xfe")
    with pytest.raises(OverridesError, match=r"model\.onnx is no text: give a file of overrides"):
        load_overrides(tmp_path / "model.onnx", net())
    (tmp_path / "good.json").write_text(saved())
    assert load_overrides(tmp_path / "good.json", net()) == {"s": "enc.att", "y": "head"}
